"""Exact words: BM25 over the tokens of titles, in memory-mapped postings.

Each posting holds the finished BM25 score of one token in one title, so a search only adds.
The rarest tokens of a question are read first and common ones only while a budget lasts:
a question full of common words costs no more at a million titles than any other.

    LexicalIndex.build(titles, folder)
    rows, scores = LexicalIndex.load(folder).search(["sony", "wh1000xm4"], 64)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoder import Floats, Hashes, word_hashes
from index.words import tokens

# Robertson & Zaragoza 2009; b is small because a long title is seldom padding.
K1 = 1.2
B = 0.4
MAX_POSTINGS = 200_000
FILES = {
    "hashes": "tokens.npy",
    "starts": "token_starts.npy",
    "rows": "posting_rows.npy",
    "scores": "posting_scores.npy",
    "mean_length": "mean_title_length.npy",
}

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class LexicalIndex:
    """Postings by token: those of `hashes[i]` (uint64, sorted) lie at `starts[i]:starts[i + 1]`.

    `rows` uint32 ascend within a token; `scores` float32 are BM25 (Lucene's idf); higher is nearer.
    `mean_length` (1,) float64 is that of a title in tokens.
    """

    hashes: Hashes
    starts: NDArray[np.int64]
    rows: NDArray[np.uint32]
    scores: Floats
    mean_length: NDArray[np.float64]
    titles: int

    @classmethod
    def fit(cls, titles: Sequence[str], *, like: "LexicalIndex | None" = None) -> "LexicalIndex":
        """Count the tokens of titles, in row order; `like` another index, scores are as if they stood in that one."""
        vocabulary: dict[str, int] = {}
        ids: list[int] = []
        lengths = np.zeros(len(titles), dtype=np.int64)
        for row, title in enumerate(titles):
            found = tokens(title)
            lengths[row] = len(found)
            ids.extend([vocabulary.setdefault(token, len(vocabulary)) for token in found])
        hashes = word_hashes(list(vocabulary))
        order = np.argsort(hashes)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        key = place[np.asarray(ids, dtype=np.int64)] * max(1, len(titles)) + np.repeat(np.arange(len(titles)), lengths)
        pairs, count = np.unique(key, return_counts=True)
        token, rows = np.divmod(pairs, max(1, len(titles)))
        starts = np.searchsorted(token, np.arange(len(order) + 1))
        mean_length = np.array([max(1.0, float(lengths.mean()) if len(titles) else 1.0)])
        weight = idf(np.diff(starts), len(titles))
        if like is not None:
            mean_length = like.mean_length
            weight = idf(np.diff(like._spans_of(hashes[order]), axis=1)[:, 0], like.titles)
        norm = K1 * (1 - B + B * lengths / mean_length)
        scores = weight[token] * count / (count + norm[rows])
        return cls(hashes[order], starts, rows.astype(np.uint32), scores.astype(np.float32), mean_length, len(titles))

    def save(self, folder: Path) -> None:
        """Write the arrays as .npy files."""
        for field, name in FILES.items():
            np.save(folder / name, getattr(self, field), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, titles: int) -> "LexicalIndex":
        """Map the arrays of an index of so many titles into memory."""
        hashes, starts, rows, scores, length = (np.load(folder / name, mmap_mode="r") for name in FILES.values())
        return cls(hashes, starts, rows, scores, length, titles)

    def document_frequency(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Give in how many titles each word is a token, (n,) int64; 0 for a word never seen."""
        spans = self._spans(words)
        return spans[:, 1] - spans[:, 0]

    def idf(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Give how rare each word is, (n,) float64; a word never seen is the rarest."""
        return idf(self.document_frequency(words), self.titles)

    def search(self, question: Sequence[str], limit: int, here: NDArray[np.bool_] | None = None) -> tuple[Rows, Floats]:
        """Give the rows of the best titles for tokens of a question, and their scores, best first.

        Equal scores come in row order. Tokens are weighed once, however often they are repeated.
        `here` (titles,) marks the rows that may be found, all of them unless told.
        """
        spans = self._spans(sorted(set(question)))
        spans = spans[np.argsort(spans[:, 1] - spans[:, 0], kind="stable")]
        total = np.zeros(self.titles, dtype=np.float32)
        seen: list[NDArray[np.uint32]] = []
        budget = MAX_POSTINGS
        for start, stop in spans:
            budget -= int(stop - start)
            if budget < 0 and seen:
                break
            rows = self.rows[start:stop]
            total[rows] += self.scores[start:stop]
            seen.append(rows)
        found = np.unique(np.concatenate(seen)).astype(np.int64) if seen else np.zeros(0, dtype=np.int64)
        if here is not None:
            found = found[here[found]]
        if len(found) > limit:
            least = np.partition(total[found], len(found) - limit)[len(found) - limit]
            found = found[total[found] >= least]
        best = found[np.argsort(-total[found], kind="stable")][:limit]
        return best, total[best]

    def score(self, question: Sequence[str], rows: Rows) -> Floats:
        """Give the BM25 score of each given row for tokens of a question, (n,) float32."""
        total = np.zeros(len(rows), dtype=np.float32)
        for start, stop in self._spans(sorted(set(question))):
            postings = self.rows[start:stop]
            if len(postings) == 0:
                continue
            place = np.minimum(np.searchsorted(postings, rows), len(postings) - 1)
            total += np.where(postings[place] == rows, self.scores[start:stop][place], np.float32(0))
        return total

    def _spans(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Give where the postings of each word start and stop, (n, 2) int64."""
        return self._spans_of(word_hashes(words))

    def _spans_of(self, wanted: Hashes) -> NDArray[np.int64]:
        if len(self.hashes) == 0 or len(wanted) == 0:
            return np.zeros((len(wanted), 2), dtype=np.int64)
        place = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        known = self.hashes[place] == wanted
        return np.stack([self.starts[place] * known, self.starts[place + 1] * known], axis=1)


def idf(document_frequency: NDArray[np.int64], titles: int) -> NDArray[np.float64]:
    """Give Lucene's inverse document frequency, never negative."""
    weight: NDArray[np.float64] = np.log1p((titles - document_frequency + 0.5) / (document_frequency + 0.5))
    return weight

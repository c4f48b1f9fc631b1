"""Exact words: BM25 over the tokens of titles, in memory-mapped postings.

Each posting holds the finished BM25 score of one token in one title, so a search only adds.
The rarest tokens of a question say which titles are looked at, as many as a budget allows; common ones
then only add to the scores of those (Moffat & Zobel 1996, "continue"): a question full of common words
costs little more at a million titles than any other.

    BM25Index.fit(titles).save(folder)
    rows, scores = BM25Index.load(folder, len(titles)).search(["sony", "wh1000xm4"], 64)
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.catalogue.arrays import check, check_below, check_starts, read_array
from index.hashing import Hashes, word_hashes
from index.settings import IndexSettings
from index.text import tokens
from index.titles.encoder import Floats

ROUNDING = 1e-4  # of scores that were added in another order
FILES = {
    "hashes": "tokens.npy",
    "starts": "token_starts.npy",
    "rows": "posting_rows.npy",
    "scores": "posting_scores.npy",
    "mean_length": "mean_title_length.npy",
}
DTYPES = ("uint64", "int64", "uint32", "float32", "float64")  # in the order of the files

Rows = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class BM25Index:
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
    settings: IndexSettings = IndexSettings()

    @classmethod
    def fit(
        cls, titles: Sequence[str], settings: IndexSettings = IndexSettings(), *, like: "IndexedWords | None" = None
    ) -> "BM25Index":
        """Count the tokens of titles, in row order; `like` another index, scores are as if they stood in that one."""
        return cls.count(map(tokens, titles), len(titles), settings, like=like)

    @classmethod
    def count(
        cls,
        texts: Iterable[Sequence[str]],
        size: int,
        settings: IndexSettings = IndexSettings(),
        *,
        like: "IndexedWords | None" = None,
    ) -> "BM25Index":
        """Count the tokens of `size` texts that are cut already, in row order; `like` is that of `fit`."""
        vocabulary: dict[str, int] = {}
        ids = array("I")
        lengths = np.zeros(size, dtype=np.int64)
        for row, found in enumerate(texts):
            lengths[row] = len(found)
            ids.extend([vocabulary.setdefault(token, len(vocabulary)) for token in found])
        hashes = word_hashes(list(vocabulary))
        order = np.argsort(hashes)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        key = place[np.asarray(ids, dtype=np.int64)] * max(1, size) + np.repeat(np.arange(size), lengths)
        pairs, count = np.unique(key, return_counts=True)
        token, rows = np.divmod(pairs, max(1, size))
        starts = np.searchsorted(token, np.arange(len(order) + 1))
        mean_length = np.array([max(1.0, float(lengths.mean()) if size else 1.0)])
        weight = idf(np.diff(starts), size)
        if like is not None:
            mean_length = like.mean_length
            weight = idf(like.frequency_of(hashes[order]), like.titles)
        norm = settings.k1 * (1 - settings.b + settings.b * lengths / mean_length)
        scores = (weight[token] * count / (count + norm[rows])).astype(np.float32)
        return cls(hashes[order], starts, rows.astype(np.uint32), scores, mean_length, size, settings)

    def save(self, folder: Path) -> None:
        """Write the arrays as .npy files."""
        for field, name in FILES.items():
            np.save(folder / name, getattr(self, field), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, titles: int, settings: IndexSettings = IndexSettings()) -> "BM25Index":
        """Map the arrays of an index of so many titles into memory."""
        hashes, starts, rows, scores, length = (
            read_array(folder / name, dtype) for name, dtype in zip(FILES.values(), DTYPES, strict=True)
        )
        check(len(starts) == len(hashes) + 1 and len(scores) == len(rows), "postings of each token")
        check(len(length) == 1 and bool(length[0] >= 1), "a mean length of titles")
        check_starts(starts, len(rows), FILES["starts"])
        check_below(rows, titles, FILES["rows"])
        return cls(hashes, starts, rows, scores, length, titles, settings)

    def document_frequency(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return in how many titles each word is a token, (n,) int64; 0 for a word never seen."""
        return self.frequency_of(word_hashes(words))

    def frequency_of(self, hashes: Hashes) -> NDArray[np.int64]:
        """Return the document frequency of words by their hashes, both (n,)."""
        spans = self._spans_of(hashes)
        return spans[:, 1] - spans[:, 0]

    def idf(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return how rare each word is, (n,) float64; a word never seen is the rarest."""
        return idf(self.document_frequency(words), self.titles)

    def rarity(self, frequency: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how rare words of a document frequency are, (n,) float64 in [0, 1]: on one scale in any catalogue."""
        return rarity(frequency, self.titles)

    def search(self, query: Sequence[str], limit: int, rows: NDArray[np.int32] | None = None) -> tuple[Rows, Floats]:
        """Return the rows of the best titles for the tokens of a query, (k,) int64, and their scores, (k,) float32.

        The best comes first, k ≤ `limit`; equal scores come in row order. Tokens are weighed once, however often they
        are repeated. `rows` (titles,) holds where each title stands in the catalogue, below 0 where it does no more;
        without it a title's row is its place.
        """
        spans = self._spans(sorted(set(query)))
        sizes = spans[:, 1] - spans[:, 0]
        order = np.argsort(sizes, kind="stable")
        order = order[sizes[order] > 0]
        if len(order) == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        affordable = max(1, int((np.cumsum(sizes[order]) <= self.settings.max_postings).sum()))
        postings = [slice(*spans[token]) for token in order]
        found = distinct(np.concatenate([self.rows[each] for each in postings[:affordable]]))
        if rows is not None:
            found = found[rows[found] >= 0]
        total = np.zeros(len(found), dtype=np.float32)
        for each in postings[:affordable]:
            self._add(each, found, total)
        to_come = [float(self.scores[each].max()) for each in postings[affordable:]]
        for number, each in enumerate(postings[affordable:]):
            found, total = _likely(found, total, limit, within=sum(to_come[number:]))
            self._add(each, found, total)
        found, total = _likely(found, total, limit)
        standing = (found if rows is None else rows[found]).astype(np.int64)
        best = np.lexsort((standing, -total))[:limit]
        return standing[best], total[best]

    def _add(self, postings: slice, found: NDArray[np.uint32], total: Floats) -> None:
        """Add what some postings of one token score to the totals of the rows found, both ascending."""
        rows, scores = self.rows[postings], self.scores[postings]
        if len(found) == 0:
            return
        if len(rows) < len(found):  # the shorter list is looked up in the longer
            place = np.minimum(np.searchsorted(found, rows), len(found) - 1)
            same = found[place] == rows
            total[place[same]] += scores[same]
        else:
            place = np.minimum(np.searchsorted(rows, found), len(rows) - 1)
            same = rows[place] == found
            total[same] += scores[place[same]]

    def _spans(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return where the postings of each word start and stop, (n, 2) int64."""
        return self._spans_of(word_hashes(words))

    def _spans_of(self, wanted: Hashes) -> NDArray[np.int64]:
        if len(self.hashes) == 0 or len(wanted) == 0:
            return np.zeros((len(wanted), 2), dtype=np.int64)
        place = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        known = self.hashes[place] == wanted
        return np.stack([self.starts[place] * known, self.starts[place + 1] * known], axis=1)


class TitleWords(Protocol):
    """How common words are in the titles of a catalogue: `BM25Index` knows it of its own, `ChangedWords` of others."""

    @property
    def titles(self) -> int: ...  # noqa: D102
    @property
    def settings(self) -> IndexSettings: ...  # noqa: D102
    def document_frequency(self, words: Sequence[str]) -> NDArray[np.int64]: ...  # noqa: D102
    def idf(self, words: Sequence[str]) -> NDArray[np.float64]: ...  # noqa: D102
    def rarity(self, frequency: NDArray[np.int64]) -> NDArray[np.float64]: ...  # noqa: D102


class IndexedWords(TitleWords, Protocol):
    """How common words were in the titles of the last full build, by which titles that come later are scored."""

    @property
    def mean_length(self) -> NDArray[np.float64]: ...  # noqa: D102
    def frequency_of(self, hashes: Hashes) -> NDArray[np.int64]: ...  # noqa: D102


@dataclass(frozen=True)
class ChangedWords:
    """How common words are in titles of which some came and some went since they were indexed."""

    base: TitleWords
    came: BM25Index
    went: BM25Index

    @property
    def titles(self) -> int:
        """Return how many titles there are now."""
        return self.base.titles + self.came.titles - self.went.titles

    @property
    def settings(self) -> IndexSettings:
        """Return the settings of the index."""
        return self.base.settings

    def document_frequency(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return in how many titles each word is a token; see `BM25Index`."""
        base, came, went = (each.document_frequency(words) for each in (self.base, self.came, self.went))
        return base + came - went

    def idf(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return how rare each word is; see `BM25Index`."""
        return idf(self.document_frequency(words), self.titles)

    def rarity(self, frequency: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how rare words of a document frequency are; see `BM25Index`."""
        return rarity(frequency, self.titles)


def distinct(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return the distinct values, ascending; several times faster than `np.unique`."""
    ordered: NDArray[Scalar] = np.sort(values)
    first: NDArray[np.bool_] = np.append(True, ordered[1:] != ordered[:-1])
    return ordered[first[: len(ordered)]]


def _likely(
    found: NDArray[np.uint32], total: Floats, limit: int, *, within: float = 0.0
) -> tuple[NDArray[np.uint32], Floats]:
    """Keep the rows that may still be among the best `limit` if each can gain up to `within`; ties stay."""
    if len(found) <= limit:
        return found, total
    within += ROUNDING
    likely = total + np.float32(within) >= np.partition(total, len(found) - limit)[len(found) - limit]
    return found[likely], total[likely]


def rarity(frequency: NDArray[np.int64], titles: int) -> NDArray[np.float64]:
    """Return how rare words of a document frequency are, in [0, 1], 1 where no title has one."""
    rarest = idf(np.zeros(1, dtype=np.int64), titles)
    share: NDArray[np.float64] = idf(frequency, titles) / rarest
    return share


def idf(document_frequency: NDArray[np.int64], titles: int) -> NDArray[np.float64]:
    """Return Lucene's inverse document frequency, never negative."""
    weight: NDArray[np.float64] = np.log1p((titles - document_frequency + 0.5) / (document_frequency + 0.5))
    return weight

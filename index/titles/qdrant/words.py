"""BM25 as sparse vectors: a title's hold how much each token counts in it, a query's how rare the token is.

Their product is the BM25 score (Robertson & Zaragoza 2009). How rare tokens are is what the last full build counted,
and stays with who asks: a collection scores alike on one node and on a hundred.

    words = WordCounts.of(BM25Index.fit(titles))
    rare, every = words.query_vectors(["sony", "wh1000xm4"])
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.catalogue.arrays import check, read_array
from index.hashing import Hashes, word_hashes
from index.settings import IndexSettings
from index.text import tokens
from index.titles.bm25 import BM25Index, idf, rarity
from index.titles.encoder import Floats

HASHES_FILE, COUNTS_FILE, LENGTH_FILE = "tokens.npy", "token_titles.npy", "mean_title_length.npy"


@dataclass(frozen=True)
class SparseVector:
    """The dimensions of a vector that are not zero, each once, and their values."""

    indices: list[int]  # below 2 ** 32: the upper half of a token's hash
    values: list[float]


@dataclass(frozen=True)
class WordCounts:
    """In how many titles each token is: `counts` (n,) int64 beside `hashes` (n,) uint64, which ascend.

    `mean_length` (1,) float64 is that of a title in tokens.
    """

    hashes: Hashes
    counts: NDArray[np.int64]
    mean_length: NDArray[np.float64]
    titles: int
    settings: IndexSettings = IndexSettings()

    @classmethod
    def of(cls, index: BM25Index) -> "WordCounts":
        """Return what an index of the titles counted, without its postings."""
        return cls(index.hashes, np.diff(index.starts), index.mean_length, index.titles, index.settings)

    def save(self, folder: Path) -> None:
        """Write the arrays as .npy files."""
        arrays = {HASHES_FILE: self.hashes, COUNTS_FILE: self.counts, LENGTH_FILE: self.mean_length}
        for name, array in arrays.items():
            np.save(folder / name, array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, titles: int, settings: IndexSettings) -> "WordCounts":
        """Map the counts of so many titles into memory."""
        names = {HASHES_FILE: "uint64", COUNTS_FILE: "int64", LENGTH_FILE: "float64"}
        hashes, counts, length = (read_array(folder / name, dtype) for name, dtype in names.items())
        check(len(hashes) == len(counts) and len(length) == 1 and bool(length[0] >= 1), "a count of each token")
        return cls(hashes, counts, length, titles, settings)

    def frequency_of(self, hashes: Hashes) -> NDArray[np.int64]:
        """Return in how many titles tokens are, by their hashes, both (n,); 0 for one never seen."""
        if len(self.hashes) == 0:
            return np.zeros(len(hashes), dtype=np.int64)
        place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[place] == hashes, self.counts[place], 0)

    def document_frequency(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return in how many titles each word is a token; see `BM25Index`."""
        return self.frequency_of(word_hashes(words))

    def idf(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return how rare each word is; see `BM25Index`."""
        return idf(self.document_frequency(words), self.titles)

    def rarity(self, frequency: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how rare words of a document frequency are; see `BM25Index`."""
        return rarity(frequency, self.titles)

    def title_vectors(self, titles: Sequence[str]) -> list[SparseVector]:
        """Return how much each token counts in each of n titles: BM25 without the rarity of tokens."""
        cut = [tokens(title) for title in titles]
        lengths = np.fromiter(map(len, cut), dtype=np.int64, count=len(cut))
        ids = _dimensions([token for found in cut for token in found])
        rows = np.repeat(np.arange(len(cut), dtype=np.uint64), lengths)
        pairs, count = np.unique((rows << np.uint64(32)) | ids, return_counts=True)
        place = (pairs >> np.uint64(32)).astype(np.int64)
        settings = self.settings
        norm = settings.k1 * (1 - settings.b + settings.b * lengths / self.mean_length)
        indices, values = (pairs & np.uint64(2**32 - 1)).tolist(), (count / (count + norm[place])).tolist()
        bounds = np.searchsorted(place, np.arange(len(cut) + 1)).tolist()
        return [SparseVector(indices[start:stop], values[start:stop]) for start, stop in pairwise(bounds)]

    def query_vectors(self, query: Sequence[str]) -> tuple[SparseVector, SparseVector]:
        """Return the rarest distinct tokens of a query, which say what titles are looked at, and all of them.

        They are the same where no more than `max_sparse_postings` are to be read for all. A token that no title had is
        kept: titles came since.
        """
        words = sorted(set(query))
        frequency = self.document_frequency(words)
        order = np.argsort(frequency, kind="stable")
        known = np.cumsum(frequency[order])
        affordable = max(int((frequency == 0).sum()) + 1, int((known <= self.settings.max_sparse_postings).sum()))
        values = self.idf(words)[order]
        ids = _dimensions([words[place] for place in order.tolist()])
        return _distinct(ids[:affordable], values[:affordable]), _distinct(ids, values)


def _dimensions(words: Sequence[str]) -> Hashes:
    """Return the dimension of each token, (n,) uint64 below 2 ** 32; of a million tokens, one in 4,000 shares it."""
    return word_hashes(words) >> np.uint64(32)


def _distinct(ids: Hashes, values: Floats | NDArray[np.float64]) -> SparseVector:
    """Return a vector of the first value of each dimension."""
    indices, first = np.unique(ids, return_index=True)
    return SparseVector(indices.tolist(), values[first].tolist())

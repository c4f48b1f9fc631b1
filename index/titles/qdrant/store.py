"""What is asked of Qdrant, be it the engine in this process or a server: collections of titles, and their aliases.

A point is a title. Its id is what its product says, as a hash; it has a dense vector, held in 4 bits in memory and in 8
on the disk, and a sparse one of its words.

    store.create("titlewise-1", 256, QdrantSettings())
    store.upsert("titlewise-1", Points(ids, vectors, words.title_vectors(titles)))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.hashing import Hashes
from index.settings import QdrantSettings
from index.titles.encoder import Floats
from index.titles.qdrant.words import SparseVector

TITLE, WORDS = "title", "words"  # the vectors of a point
INDEXING_THRESHOLD_KB = 10_000  # of vectors, about 40,000 titles; a smaller segment is compared whole
OVERSAMPLING = 2.0  # times as many titles are compared in 4 bits as are wanted, and ranked again in 8
MEND = "titlewise index --store qdrant --qdrant"

Scored = list[tuple[int, float]]  # ids with scores, best first


@dataclass(frozen=True)
class Points:
    """Titles: ids (n,) uint64, vectors (n, d) float32, and n sparse vectors."""

    ids: Hashes
    vectors: Floats
    words: Sequence[SparseVector]


@dataclass(frozen=True)
class CandidateQuery:
    """What is wanted: up to `limit` titles nearest to `vector` (d,) float32, and as many by their words.

    Of these, titles that hold `rare` tokens are looked at, `looked_at` at most, and scored by `every` token.
    """

    vector: Floats
    rare: SparseVector
    every: SparseVector
    limit: int
    looked_at: int
    neighbours: int  # that are kept as the graph is searched


class Store(Protocol):
    """Collections in one place; each method raises `StoreError` where the place fails."""

    @property
    def place(self) -> str:
        """The URL, or the folder, by which it is opened."""
        ...

    def create(self, name: str, dims: int, settings: QdrantSettings) -> None:
        """Make an empty collection for vectors of a length."""
        ...

    def upsert(self, name: str, points: Points) -> None:
        """Have these points, each new or in place of the one of its id."""
        ...

    def delete(self, name: str, ids: Hashes) -> None:
        """Have these ids no more; those that there are not change nothing."""
        ...

    def finish(self, name: str) -> None:
        """Wait until all points are indexed and on the disk."""
        ...

    def count(self, name: str) -> int:
        """Return how many points a collection has."""
        ...

    def search(self, name: str, query: CandidateQuery) -> tuple[Scored, Scored]:
        """Return what is nearest, and what holds the words, by one request."""
        ...

    def editable(self, name: str, copy: str) -> str:
        """Return the name of the collection to change in place of one in use: itself where that is safe, or a copy."""
        ...

    def drop(self, name: str) -> None:
        """Remove a collection, if there is one."""
        ...

    def target(self, alias: str) -> str:
        """Return the name of the collection that an alias stands for, "" for none."""
        ...

    def switch(self, aliases: Mapping[str, str]) -> None:
        """Let aliases stand for other collections, in one step; "" removes one."""
        ...

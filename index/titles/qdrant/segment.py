"""A segment whose titles are searched in a collection of Qdrant's: vectors and words there, what measures them here.

Here stay what was learnt from the titles (how rare words are), the folded titles that candidates are measured by, and
which point is which product. A point is named by what its product says; one that the catalogue of today has not is
passed over. So the collection may be edited while it is read, and who opened the index before sees it as it was.

    segment = QdrantSegment.build(titles, folded, keys, encoder, settings, Progress)
    nearest, holding = segment.search(encoder.encode(["red kettle"]), ["red", "kettle"], 64)
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from index.artefacts import read_json
from index.catalogue.arrays import check, check_starts, read_array
from index.catalogue.joining import GONE
from index.errors import StoreError
from index.hashing import Hashes
from index.progress import Progress
from index.settings import IndexSettings
from index.text import fold
from index.titles.bm25 import BM25Index, IndexedWords, Rows
from index.titles.encoder import Encoder, Floats
from index.titles.qdrant.open import open_store
from index.titles.qdrant.store import MEND, CandidateQuery, Points, Scored, Store
from index.titles.qdrant.words import WordCounts
from index.titles.segments import ROWS_FILE, TITLE_STARTS_FILE, TITLES_FILE, Edit, FoldedTitles, Found, Segment
from index.titles.vectors import title_vectors

COLLECTION_FILE = "collection.json"
KEYS_FILE, STALE_FILE = "point_ids.npy", "stale_point_ids.npy"
TITLES_A_BATCH = 1_000  # are sent at once
BEFORE = "before"  # the alias of the collection before the newest ends in it


@dataclass(frozen=True)
class CollectionName:
    """Where a collection is: a URL or a folder, its name there; `titles` are those of the last full build."""

    place: str
    name: str
    alias: str
    dims: int
    titles: int


@dataclass(frozen=True)
class QdrantSegment:
    """Titles by id: the place of a point among `keys` (n,) uint64, which ascend.

    `rows` (n,) int32 are their products' rows. `stale` are points of products that went by the last edit: the next one
    removes them, when nobody asks for them any more.
    """

    store: Store
    collection: CollectionName
    keys: Hashes
    stale: Hashes
    counts: WordCounts
    titles: FoldedTitles
    rows: NDArray[np.int32]

    @classmethod
    def build(
        cls,
        titles: Sequence[str],
        folded: Sequence[str],
        keys: Hashes,
        encoder: Encoder,
        settings: IndexSettings,
        progress: type[Progress],
    ) -> "QdrantSegment":
        """Make a collection of all titles of a catalogue, in row order, under a name of its own.

        Raises `StoreError` where Qdrant cannot be reached or refuses; nothing is left of it then.
        """
        place, alias = settings.qdrant.place, settings.qdrant.alias
        store = open_store(place)
        collection = CollectionName(store.place, _new_name(alias), alias, encoder.dims, len(titles))
        order = np.argsort(keys)
        store.create(collection.name, encoder.dims, settings.qdrant)
        packed = FoldedTitles.of([folded[row] for row in order.tolist()])
        none = np.zeros(0, dtype=np.uint64)
        with _dropped_on_error(store, collection.name):
            counts = WordCounts.of(BM25Index.fit(titles, settings))
            made = cls(store, collection, keys[order], none, counts, packed, order.astype(np.int32))
            made._upsert(keys, titles, encoder, progress)
        return made

    def changed(self, edit: Edit, encoder: Encoder, progress: type[Progress]) -> "tuple[QdrantSegment, ...]":
        """Upsert the titles that came, and return the segment of the edited catalogue; see `Store.editable`."""
        order = np.argsort(edit.keys)
        keys, rows = edit.keys[order], order.astype(np.int32)
        old = _places(self.keys, keys)
        came = np.flatnonzero(old == GONE)
        folded = [""] * len(keys)
        stayed = np.flatnonzero(old != GONE)
        for place, title in zip(stayed.tolist(), self.titles.take(old[stayed]), strict=True):
            folded[place] = title
        new = [edit.titles[row] for row in rows[came].tolist()]
        for place, title in zip(came.tolist(), new, strict=True):
            folded[place] = fold(title)
        name = self.store.editable(self.collection.name, _new_name(self.collection.alias))
        made = replace(
            self,
            collection=replace(self.collection, name=name),
            keys=keys,
            stale=self.keys[_places(keys, self.keys) == GONE],
            titles=FoldedTitles.of(folded),
            rows=rows,
        )
        with _dropped_on_error(self.store, "" if name == self.collection.name else name):
            for start in range(0, len(self.stale), TITLES_A_BATCH):
                self.store.delete(name, self.stale[start : start + TITLES_A_BATCH])
            made._upsert(keys[came], new, encoder, progress)
        return (made,)

    def beside(
        self, titles: Sequence[str], folded: Sequence[str], rows: Rows, encoder: Encoder, progress: type[Progress]
    ) -> Segment:
        """Index further titles, of some rows, in files; how rare words are stays this segment's."""
        settings = self.counts.settings
        made = Segment.build(titles, folded, encoder, settings, progress, self.counts)
        return made.placed(rows.astype(np.int32))

    def placed(self, rows: NDArray[np.int32]) -> "QdrantSegment":
        """Return the same titles where their products stand in other rows."""
        return replace(self, rows=rows)

    @property
    def words(self) -> IndexedWords:
        """How common words are in the titles of the last full build."""
        return self.counts

    @property
    def dims(self) -> int:
        """The length of a vector."""
        return self.collection.dims

    @property
    def place(self) -> str:
        """The URL or the folder of the collection."""
        return self.collection.place

    @property
    def renewed(self) -> frozenset[str]:
        """The files that an edit changes."""
        return frozenset({COLLECTION_FILE, KEYS_FILE, STALE_FILE, TITLES_FILE, TITLE_STARTS_FILE, ROWS_FILE})

    def __len__(self) -> int:
        return len(self.keys)

    @contextlib.contextmanager
    def publishing(self, last: Path) -> Iterator[None]:
        """At a clean end let the alias stand for this collection; on an error drop it, unless it is in use.

        `last` is the folder of the segment that is replaced. Its collection stays until the one after this is
        published: somebody may be asking it. What another index names is never the one before of this.
        """
        alias, name = self.collection.alias, self.collection.name
        in_use = ""
        with contextlib.suppress(ValueError, TypeError):  # a damaged one is what this replaces
            own = _collection_in(last)
            in_use = own.name if own and own.place == self.collection.place else ""
        with _dropped_on_error(self.store, "" if name == in_use else name):
            yield
            if name == in_use:
                return
            outdated = self.store.target(f"{alias}-{BEFORE}")
            if outdated not in ("", in_use):
                self.store.drop(outdated)
            self.store.switch({alias: name, f"{alias}-{BEFORE}": in_use})

    def save(self, folder: Path) -> None:
        """Write all that is not in the collection into a folder of its own."""
        folder.mkdir()
        self.counts.save(folder)
        self.save_renewed(folder)

    def save_renewed(self, folder: Path) -> None:
        """Write what an edit changed, all but the counts."""
        (folder / COLLECTION_FILE).write_text(json.dumps(asdict(self.collection), indent=1), encoding="utf-8")
        arrays: tuple[NDArray[Any], ...] = (self.keys, self.stale, self.titles.block, self.titles.starts, self.rows)
        names = (KEYS_FILE, STALE_FILE, TITLES_FILE, TITLE_STARTS_FILE, ROWS_FILE)
        for name, array in zip(names, arrays, strict=True):
            np.save(folder / name, array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, settings: IndexSettings = IndexSettings()) -> "QdrantSegment":
        """Open what `save` wrote, and the collection that it names.

        Raises `StoreError` where this cannot be reached, is gone, or has lost points.
        """
        collection = _collection_in(folder)
        check(collection is not None, "the name of a collection")
        assert collection
        keys, stale = read_array(folder / KEYS_FILE, "uint64"), read_array(folder / STALE_FILE, "uint64")
        block, starts = read_array(folder / TITLES_FILE, "uint8"), read_array(folder / TITLE_STARTS_FILE, "int64")
        rows = read_array(folder / ROWS_FILE, "int32")
        check(len(keys) == len(rows) and len(starts) == len(rows) + 1, "a point and a title for each row")
        check(bool((keys[1:] >= keys[:-1]).all()), f"{KEYS_FILE} that ascend")
        check_starts(starts, len(block), TITLE_STARTS_FILE)
        counts = WordCounts.load(folder, collection.titles, settings)
        store = open_store(collection.place)
        if (found := store.count(collection.name)) < len(np.unique(keys)):
            raise StoreError(
                f"the collection {collection.name} in {collection.place} has {found:,} titles",
                f"the {len(keys):,} of this index",
                f"{MEND} {collection.place}",
            )
        return cls(store, collection, keys, stale, counts, FoldedTitles(block, starts), rows)

    def search(self, vector: Floats, tokens: Sequence[str], limit: int) -> tuple[Found, Found]:
        """Return the rows nearest to a vector (1, d) float32, and those that hold tokens of a query, `limit` at most.

        One request fetches both; points whose product went make room for the next, by further ones.
        """
        settings = self.counts.settings
        rare, every = self.counts.query_vectors(tokens)
        fetched = limit + (limit // 4 if len(self.stale) or (self.rows == GONE).any() else 0)
        while True:
            looked_at, neighbours = settings.rescored_per_candidate * fetched, settings.searched_neighbours
            query = CandidateQuery(vector[0], rare, every, fetched, looked_at, max(neighbours, fetched))
            scored = self.store.search(self.collection.name, query)
            found = [self._standing(each) for each in scored]
            short = [len(rows) < limit and len(each) == fetched for (rows, _), each in zip(found, scored, strict=True)]
            if not any(short):
                near, holding = [_best(rows, scores, limit) for rows, scores in found]
                return near, holding
            fetched *= 2

    def _standing(self, scored: Scored) -> Found:
        """Return the rows of points whose products are in the catalogue of today, and their scores."""
        ids = np.fromiter((number for number, _ in scored), dtype=np.uint64, count=len(scored))
        scores = np.fromiter((score for _, score in scored), dtype=np.float32, count=len(scored))
        place = _places(self.keys, ids)
        rows = np.where(place == GONE, np.int32(GONE), self.rows[place])
        here = rows != GONE
        return rows[here].astype(np.int64), scores[here]

    def _upsert(self, keys: Hashes, titles: Sequence[str], encoder: Encoder, progress: type[Progress]) -> None:
        """Send titles to the collection, and wait until it has indexed them."""
        with progress("sending titles", len(titles), unit="titles") as bar:
            encoded = title_vectors(titles, TITLES_A_BATCH, encoder, self.counts.settings)
            for start, vectors in zip(range(0, len(titles), TITLES_A_BATCH), encoded, strict=True):
                batch = titles[start : start + TITLES_A_BATCH]
                words = self.counts.title_vectors(batch)
                self.store.upsert(self.collection.name, Points(keys[start : start + len(batch)], vectors, words))
                bar.update(len(batch))
        with progress("indexing titles", 1, unit="collection") as bar:
            self.store.finish(self.collection.name)
            bar.update()


def _new_name(alias: str) -> str:
    return f"{alias}-{uuid4().hex}"


def _collection_in(folder: Path) -> CollectionName | None:
    """Read where the collection of a segment is; None where there is no such segment."""
    path = folder / COLLECTION_FILE
    return CollectionName(**read_json(path)) if path.is_file() else None


def _places(keys: Hashes, wanted: Hashes) -> Rows:
    """Return where each of `wanted` (k,) uint64 is among `keys` (n,), which ascend, `GONE` where it is not."""
    if len(keys) == 0:
        return np.full(len(wanted), GONE, dtype=np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, GONE)


def _best(rows: Rows, scores: Floats, limit: int) -> Found:
    best = np.lexsort((rows, -scores))[:limit]
    return rows[best], scores[best]


@contextlib.contextmanager
def _dropped_on_error(store: Store, name: str) -> Iterator[None]:
    """Remove a collection that was begun, "" for none, where it comes to nothing."""
    try:
        yield
    except BaseException:
        if name:
            with contextlib.suppress(StoreError):  # what went wrong first is to be told
                store.drop(name)
        raise

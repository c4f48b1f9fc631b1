"""A segment: titles that were indexed together, searched by meaning and by exact words.

`TitleSegment` is what a retriever asks of one, wherever it is searched; `Segment` has FAISS and BM25 in its own files.

An index has one, or two once it was updated: the titles of the last full build, and those added since.
A segment's own ids never change; `rows` says where its products stand in the catalogue of today.

    segment = Segment.build(titles, folded, encoder, IndexSettings(), Progress)
    nearest, holding = segment.search(encoder.encode(["red kettle"]), ["red", "kettle"], 64)
"""

import contextlib
import errno
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.catalogue.arrays import check, check_starts, read_array
from index.catalogue.joining import GONE
from index.hashing import Hashes
from index.progress import Progress
from index.settings import IndexSettings
from index.text import fold
from index.titles.bm25 import BM25Index, IndexedWords, Rows
from index.titles.encoder import Encoder, Floats
from index.titles.vectors import title_vectors

TITLES_A_BATCH = 16_384  # are encoded: for memory's sake
VECTORS_FILE = "vectors.faiss"
TITLES_FILE, TITLE_STARTS_FILE = "folded_titles.npy", "folded_title_starts.npy"
ROWS_FILE = "rows.npy"

Found = tuple[Rows, Floats]  # rows, (k,) int64, and their scores, (k,) float32, best first


@dataclass(frozen=True)
class FoldedTitles:
    """n folded titles as one block of UTF-8, (bytes,) uint8: title i is `block[starts[i]:starts[i + 1]]`.

    `starts` is (n + 1,) int64. Loaded, both are memory-mapped.
    """

    block: NDArray[np.uint8]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, folded: Sequence[str]) -> "FoldedTitles":
        """Pack folded titles."""
        coded = [title.encode() for title in folded]
        starts = np.zeros(len(coded) + 1, dtype=np.int64)
        np.cumsum([len(title) for title in coded], out=starts[1:])
        return cls(np.frombuffer(b"".join(coded), dtype=np.uint8), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def take(self, ids: Rows) -> list[str]:
        """Return the folded titles of some ids, (k,) int64."""
        spans = zip(self.starts[ids].tolist(), self.starts[ids + 1].tolist(), strict=True)
        return [self.block[start:stop].tobytes().decode(errors="replace") for start, stop in spans]


@dataclass(frozen=True)
class Edit:
    """How a catalogue of n products differs from that of the last full build.

    `standing` (products then,) int64 is where each of those stands now, `GONE` where it does no more; `came` (k,) int64
    are the rows of those that came since. `titles` are all n of today, `keys` (n,) uint64 say what each product is.
    """

    standing: Rows
    came: Rows
    titles: Sequence[str]
    keys: Hashes


class TitleSegment(Protocol):
    """Titles by id, wherever they are searched: `rows` (n,) int32 are their products' rows in the catalogue.

    `GONE` is the row of an id whose product is there no more. `place` is that of `QdrantSettings`; `renewed` are the
    files that `save_renewed` writes.
    """

    @property
    def rows(self) -> NDArray[np.int32]: ...  # noqa: D102
    @property
    def titles(self) -> FoldedTitles: ...  # noqa: D102
    @property
    def words(self) -> IndexedWords: ...  # noqa: D102
    @property
    def dims(self) -> int: ...  # noqa: D102
    @property
    def place(self) -> str: ...  # noqa: D102
    @property
    def renewed(self) -> frozenset[str]: ...  # noqa: D102

    def search(self, vector: Floats, tokens: Sequence[str], limit: int) -> tuple[Found, Found]:
        """Return what is nearest to a vector (1, d) float32, and what holds tokens of a query, up to `limit` each."""
        ...

    def placed(self, rows: NDArray[np.int32]) -> "TitleSegment":
        """Return the same titles where their products stand in other rows."""
        ...

    def beside(
        self, titles: Sequence[str], folded: Sequence[str], rows: Rows, encoder: Encoder, progress: type[Progress]
    ) -> "Segment":
        """Index further titles, of some rows, by what this segment knows of words."""
        ...

    def changed(self, edit: Edit, encoder: Encoder, progress: type[Progress]) -> "tuple[TitleSegment, ...]":
        """Return the segments of an edited catalogue; the first is this one as it then is."""
        ...

    def publishing(self, last: Path) -> contextlib.AbstractContextManager[None]:
        """Make public, at a clean end, what the index in the folder `last` is replaced by; else discard it."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything into a folder of its own."""
        ...

    def save_renewed(self, folder: Path) -> None:
        """Write what an edit changed beside the files that it left as they were."""
        ...


def _searching_threads() -> ThreadPoolExecutor:
    """Return threads for FAISS, none of which has started yet, each of which searches alone."""

    def alone() -> None:
        import faiss

        # A single query gains nothing from more threads, and would spin beside those of the model. OpenMP keeps the
        # number for each thread that calls it: nobody else's is changed.
        faiss.omp_set_num_threads(1)

    return ThreadPoolExecutor(thread_name_prefix="nearest", initializer=alone)


@dataclass(frozen=True)
class Segment:
    """Titles by id: `rows` (n,) int32 are their products' rows in the catalogue, `GONE` where there is none.

    `vectors` is a faiss.Index by inner product.
    """

    vectors: Any
    bm25: BM25Index
    titles: FoldedTitles
    rows: NDArray[np.int32]
    _threads: ThreadPoolExecutor = field(init=False, repr=False, compare=False, default_factory=_searching_threads)

    @classmethod
    def build(
        cls,
        titles: Sequence[str],
        folded: Sequence[str],
        encoder: Encoder,
        settings: IndexSettings,
        progress: type[Progress],
        like: IndexedWords | None = None,
    ) -> "Segment":
        """Index all titles of a catalogue, in row order; `like` another index, words are as rare as in that one."""
        vectors = _with_titles(_empty(titles, encoder, settings), titles, encoder, settings, progress)
        rows = np.arange(len(titles), dtype=np.int32)
        return cls(vectors, BM25Index.fit(titles, settings, like=like), FoldedTitles.of(folded), rows)

    def beside(
        self, titles: Sequence[str], folded: Sequence[str], rows: Rows, encoder: Encoder, progress: type[Progress]
    ) -> "Segment":
        """Index further titles, of some rows; how rare words are and how vectors are rounded stays this segment's."""
        vectors = _empty_like(self.vectors, exact=len(titles) <= self.bm25.settings.exact_up_to)
        vectors = _with_titles(vectors, titles, encoder, self.bm25.settings, progress)
        bm25 = BM25Index.fit(titles, self.bm25.settings, like=self.bm25)
        return Segment(vectors, bm25, FoldedTitles.of(folded), rows.astype(np.int32))

    def changed(self, edit: Edit, encoder: Encoder, progress: type[Progress]) -> "tuple[Segment, ...]":
        """Return this segment where its products stand now, and one with the titles that came."""
        base = self.placed(edit.standing.astype(np.int32))
        if not len(edit.came):
            return (base,)
        titles = [edit.titles[row] for row in edit.came.tolist()]
        return base, base.beside(titles, list(map(fold, titles)), edit.came, encoder, progress)

    def placed(self, rows: NDArray[np.int32]) -> "Segment":
        """Return the same titles where their products stand in other rows."""
        return replace(self, rows=rows)

    def publishing(self, last: Path) -> contextlib.AbstractContextManager[None]:
        """Do nothing: whoever swaps the files in has made it public."""
        return contextlib.nullcontext()

    @property
    def words(self) -> IndexedWords:
        """How common words are in these titles."""
        return self.bm25

    @property
    def dims(self) -> int:
        """The length of a vector."""
        return int(self.vectors.d)

    @property
    def place(self) -> str:
        """Say that nothing is elsewhere."""
        return ""

    @property
    def renewed(self) -> frozenset[str]:
        """The files that an edit changes."""
        return frozenset({ROWS_FILE})

    def __len__(self) -> int:
        return len(self.rows)

    def save(self, folder: Path) -> None:
        """Write everything into a folder of its own."""
        import faiss

        folder.mkdir()
        self.bm25.save(folder)
        np.save(folder / TITLES_FILE, self.titles.block, allow_pickle=False)
        np.save(folder / TITLE_STARTS_FILE, self.titles.starts, allow_pickle=False)
        np.save(folder / ROWS_FILE, self.rows, allow_pickle=False)
        try:
            faiss.write_index(self.vectors, str(folder / VECTORS_FILE))
        except RuntimeError as exc:  # it counts what was written, and says no more
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / VECTORS_FILE)) from exc

    def save_renewed(self, folder: Path) -> None:
        """Write where the products stand."""
        np.save(folder / ROWS_FILE, self.rows, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, settings: IndexSettings = IndexSettings()) -> "Segment":
        """Open what `save` wrote; the files must have been verified, as FAISS reads damaged ones silently."""
        import faiss

        vectors = faiss.read_index(str(folder / VECTORS_FILE))
        block, starts = read_array(folder / TITLES_FILE, "uint8"), read_array(folder / TITLE_STARTS_FILE, "int64")
        rows = read_array(folder / ROWS_FILE, "int32")
        check(_sizes_of(vectors) == {len(rows)} and len(starts) == len(rows) + 1, "a vector and a title for each row")
        check_starts(starts, len(block), TITLE_STARTS_FILE)
        return cls(vectors, BM25Index.load(folder, len(rows), settings), FoldedTitles(block, starts), rows)

    def search(self, vector: Floats, tokens: Sequence[str], limit: int) -> tuple[Found, Found]:
        """Return what `nearest` and `holding` do, which look at the same time."""
        near = self._threads.submit(self.nearest, vector, limit)  # FAISS lets other threads run meanwhile
        exact = self.holding(tokens, limit)
        return near.result(), exact

    def nearest(self, vector: Floats, limit: int) -> Found:
        """Return the rows whose titles' vectors are nearest to one (1, d) float32, and the inner products, best first.

        Both are (k,), int64 and float32, k ≤ `limit`.
        """
        fetched = min(limit, len(self))
        while True:
            scores, ids = self.vectors.search(vector, fetched)
            found = ids[0] >= 0
            rows = self.rows[ids[0][found]].astype(np.int64)
            here = rows != GONE
            if here.sum() >= limit or fetched == len(self):
                return rows[here][:limit], scores[0][found][here][:limit]
            fetched = min(2 * fetched, len(self))

    def holding(self, tokens: Sequence[str], limit: int) -> Found:
        """Return the rows of the titles that hold tokens of a query, and their BM25 scores, as `nearest` does."""
        return self.bm25.search(tokens, limit, self.rows)


def _with_titles(
    vectors: Any, titles: Sequence[str], encoder: Encoder, settings: IndexSettings, progress: type[Progress]
) -> Any:
    """Add the vectors of titles to an index of vectors, and return it."""
    with progress("encoding titles", len(titles), unit="titles") as bar:
        for batch in title_vectors(titles, TITLES_A_BATCH, encoder, settings):
            vectors.add(batch)
            bar.update(len(batch))
    return vectors


def _empty(titles: Sequence[str], encoder: Encoder, settings: IndexSettings) -> Any:
    """Return an index without vectors, its quantiser trained on some of the titles."""
    import faiss

    if len(titles) <= settings.exact_up_to:
        index: Any = faiss.IndexScalarQuantizer(encoder.dims, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
        index.train(_vectors_of(titles, encoder, settings))
        return index
    kind = f"PQ{encoder.dims // settings.dims_per_code}x4fs,Refine(SQ8)"
    index = faiss.index_factory(encoder.dims, kind, faiss.METRIC_INNER_PRODUCT)
    index.k_factor = settings.refine_factor
    step = -(-len(titles) // settings.quantiser_titles)
    index.train(_vectors_of(titles[::step], encoder, settings))
    return index


def _vectors_of(titles: Sequence[str], encoder: Encoder, settings: IndexSettings) -> Floats:
    none = np.zeros((0, encoder.dims), dtype=np.float32)
    return np.concatenate([none, *title_vectors(titles, TITLES_A_BATCH, encoder, settings)])


def _sizes_of(vectors: Any) -> set[int]:
    """Return how many vectors the parts of an index hold by their own word and by their codes: all the same number.

    FAISS searches by the former in the latter. Raises `ValueError` for an index of another kind than ours.
    """
    import faiss

    if isinstance(vectors, faiss.IndexRefine):
        coarse: Any = faiss.downcast_index(vectors.base_index)
        check(isinstance(coarse, faiss.IndexPQFastScan) and coarse.d == vectors.d, "codes of products")
        room = coarse.codes.size() // (coarse.M2 // 2)  # in whole blocks
        check(coarse.bbs > 0 and room == -(-coarse.ntotal // coarse.bbs) * coarse.bbs, "whole blocks of codes")
        check(coarse.pq.centroids.size() == coarse.d * coarse.pq.ksub, "centroids of codes")
        return {vectors.ntotal, coarse.ntotal} | _sizes_of(faiss.downcast_index(vectors.refine_index))
    check(isinstance(vectors, faiss.IndexScalarQuantizer), "vectors in 8 bits")
    check(vectors.code_size == vectors.d == vectors.sq.d and vectors.sq.trained.size() == 2 * vectors.d, "8 bits each")
    return {vectors.ntotal, vectors.codes.size() // max(1, vectors.d)}


def _empty_like(vectors: Any, *, exact: bool) -> Any:
    """Return an index without vectors that rounds as another does; an `exact` one compares all in 8 bits."""
    import faiss

    if exact:
        refined = isinstance(vectors, faiss.IndexRefine)
        old: Any = faiss.downcast_index(vectors.refine_index) if refined else vectors
        quantiser: Any = faiss.IndexScalarQuantizer(old.d, old.sq.qtype, old.metric_type)
        faiss.copy_array_to_vector(faiss.vector_to_array(old.sq.trained), quantiser.sq.trained)
        quantiser.is_trained = True
        return quantiser
    empty = faiss.deserialize_index(faiss.serialize_index(vectors))
    empty.reset()
    return empty


def moved(rows: NDArray[np.int32], standing: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return where products stand after a change, (n,): `standing` (rows before,) is where each row of before does."""
    return np.where(rows == GONE, np.int32(GONE), standing[rows])

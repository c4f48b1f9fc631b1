"""A segment: titles that were indexed together, searched by meaning and by exact words.

An index has one, or two once it was updated: the titles of the last full build, and those added since.
A segment's own ids never change; `rows` says where its products stand in the catalogue of today.

    segment = Segment.build(titles, folded, rows, encoder, like=None, progress=Progress)
    rows, scores = segment.nearest(vector, 64)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.titles.bm25 import LexicalIndex, Rows, mapped
from index.titles.encoder import Encoder, Floats, batches

GONE = -1  # the row of a product that the catalogue has no more
EXACT_UP_TO = 50_000  # titles; above, 4-bit product quantisation with 8-bit refinement
DIMS_A_QUANTISER = 4
REFINED = 8  # times as many vectors are fetched in 4 bits as are wanted, and ranked again in 8
TRAINED_ON = 65_536
TITLES_A_BATCH = 16_384
VECTORS_FILE = "vectors.faiss"
TITLES_FILE, TITLE_STARTS_FILE = "folded_titles.npy", "folded_title_starts.npy"
ROWS_FILE = "rows.npy"


@dataclass(frozen=True)
class FoldedTitles:
    """Folded titles as one block of UTF-8, memory-mapped: title i is `block[starts[i]:starts[i + 1]]`."""

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
        """Give the folded titles of some ids."""
        spans = zip(self.starts[ids].tolist(), self.starts[ids + 1].tolist(), strict=True)
        return [self.block[start:stop].tobytes().decode() for start, stop in spans]


@dataclass(frozen=True)
class Segment:
    """Titles by id: `rows` (n,) int32 are their products' rows in the catalogue, `GONE` where there is none.

    `vectors` is a faiss.Index by inner product.
    """

    vectors: Any
    lexical: LexicalIndex
    titles: FoldedTitles
    rows: NDArray[np.int32]

    @classmethod
    def build(
        cls,
        titles: Sequence[str],
        folded: Sequence[str],
        rows: Rows,
        encoder: Encoder,
        *,
        like: "Segment | None",
        progress: Any,
    ) -> "Segment":
        """Index titles; `like` another segment, how rare words are and how vectors are rounded is that one's."""
        vectors = _empty(titles, encoder) if like is None else _empty_like(like.vectors)
        with progress("encoding titles", len(titles), unit="titles") as bar:
            for batch in batches(titles, TITLES_A_BATCH):
                vectors.add(encoder.encode(batch))
                bar.update(len(batch))
        lexical = LexicalIndex.fit(titles, like=like.lexical if like else None)
        return cls(vectors, lexical, FoldedTitles.of(folded), rows.astype(np.int32))

    def __len__(self) -> int:
        return len(self.rows)

    def save(self, folder: Path) -> None:
        """Write everything into a folder of its own."""
        import faiss

        folder.mkdir()
        self.lexical.save(folder)
        np.save(folder / TITLES_FILE, self.titles.block, allow_pickle=False)
        np.save(folder / TITLE_STARTS_FILE, self.titles.starts, allow_pickle=False)
        np.save(folder / ROWS_FILE, self.rows, allow_pickle=False)
        faiss.write_index(self.vectors, str(folder / VECTORS_FILE))

    @classmethod
    def load(cls, folder: Path) -> "Segment":
        """Open what `save` wrote; the files must have been verified, as FAISS reads damaged ones silently."""
        import faiss

        vectors = faiss.read_index(str(folder / VECTORS_FILE))
        block, starts = (mapped(folder / name) for name in (TITLES_FILE, TITLE_STARTS_FILE))
        rows = np.load(folder / ROWS_FILE)
        return cls(vectors, LexicalIndex.load(folder, len(rows)), FoldedTitles(block, starts), rows)

    def nearest(self, vector: Floats, wanted: int) -> tuple[Rows, Floats]:
        """Give the rows whose titles' vectors are nearest to one (1, d), and the inner products, best first."""
        import faiss

        # A single query gains nothing from more threads, and would spin beside those of the model.
        faiss.omp_set_num_threads(1)
        asked = min(wanted, len(self))
        while True:
            scores, ids = self.vectors.search(vector, asked)
            found = ids[0] >= 0
            rows = self.rows[ids[0][found]].astype(np.int64)
            here = rows != GONE
            if here.sum() >= wanted or asked == len(self):
                return rows[here][:wanted], scores[0][found][here][:wanted]
            asked = min(2 * asked, len(self))

    def holding(self, tokens: Sequence[str], wanted: int) -> tuple[Rows, Floats]:
        """Give the rows of the titles that hold tokens of a question, and their BM25 scores, best first."""
        return self.lexical.search(tokens, wanted, self.rows)

    def vectors_of(self, ids: Rows) -> Floats:
        """Give the vectors of some ids as the index holds them, (n, d)."""
        stored: Floats = self.vectors.reconstruct_batch(ids)
        return stored


def _empty(titles: Sequence[str], encoder: Encoder) -> Any:
    """Give an index without vectors, its quantiser trained on some of the titles."""
    import faiss

    if len(titles) <= EXACT_UP_TO:
        return faiss.IndexFlatIP(encoder.dims)
    kind = f"PQ{encoder.dims // DIMS_A_QUANTISER}x4fs,Refine(SQ8)"
    index: Any = faiss.index_factory(encoder.dims, kind, faiss.METRIC_INNER_PRODUCT)
    index.k_factor = REFINED
    step = -(-len(titles) // TRAINED_ON)
    index.train(encoder.encode(titles[::step]))
    return index


def _empty_like(vectors: Any) -> Any:
    """Give an index without vectors that rounds as another does."""
    import faiss

    empty = faiss.deserialize_index(faiss.serialize_index(vectors))
    empty.reset()
    return empty

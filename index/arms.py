"""The two arms that fetch candidates: FAISS over title vectors and BM25 over words.

Their files make up the index folder, with the folded titles and how rare hashed signs are.
What is fetched is compared with the question; deciding is done elsewhere.

    Arms.build(titles, contents, "", progress).save(folder)
    question, rows, comparison = Arms.load(folder, "").candidates("is the Harrow kettle loud?")
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encoder import Encoder, Floats, SentenceEncoder, StaticEncoder, hashed_idf
from index.errors import ArtefactError
from index.features import Comparison, compare
from index.lexical import LexicalIndex, Rows
from index.question import Question, word_rates
from index.words import fold

CANDIDATES_AN_ARM = 64
EXACT_UP_TO = 50_000  # titles; above, 4-bit product quantisation with 8-bit refinement
DIMS_A_QUANTISER = 4
REFINED = 8  # times as many vectors are fetched in 4 bits as are wanted, and ranked again in 8
TRAINED_ON = 65_536
TITLES_A_BATCH = 16_384
VECTORS_FILE = "vectors.faiss"
IDF_FILE = "hashed_idf.npy"
DESCRIBED_FILE = "description_word_rates.npy"
TITLES_FILE, TITLE_STARTS_FILE = "folded_titles.npy", "folded_title_starts.npy"


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

    def take(self, rows: Rows) -> list[str]:
        """Give the folded titles of rows."""
        spans = zip(self.starts[rows].tolist(), self.starts[rows + 1].tolist(), strict=True)
        return [self.block[start:stop].tobytes().decode() for start, stop in spans]


@dataclass(frozen=True)
class Arms:
    """Everything that turns a question into candidates; safe to share between threads."""

    encoder: Encoder
    vectors: Any  # a faiss.Index by inner product
    lexical: LexicalIndex
    idf: Floats
    described: Floats  # how common words are in descriptions
    titles: FoldedTitles

    @classmethod
    def build(cls, titles: Sequence[str], contents: Sequence[str], encoder: str, progress: Any) -> "Arms":
        """Encode and index titles, with a sentence-transformers model or, by "", the built-in encoder.

        `contents` are some descriptions, to know the words that questions ask with.
        """
        folded = [fold(title) for title in titles]
        idf = hashed_idf(folded)
        model: Encoder = SentenceEncoder.open(encoder) if encoder else StaticEncoder.of(idf)
        vectors = _vectors(titles, model, progress)
        return cls(model, vectors, LexicalIndex.fit(titles), idf, word_rates(contents), FoldedTitles.of(folded))

    def save(self, folder: Path) -> None:
        """Write all but the name of the encoder."""
        import faiss

        self.encoder.save(folder)
        self.lexical.save(folder)
        np.save(folder / IDF_FILE, self.idf, allow_pickle=False)
        np.save(folder / DESCRIBED_FILE, self.described, allow_pickle=False)
        np.save(folder / TITLES_FILE, self.titles.block, allow_pickle=False)
        np.save(folder / TITLE_STARTS_FILE, self.titles.starts, allow_pickle=False)
        faiss.write_index(self.vectors, str(folder / VECTORS_FILE))

    @classmethod
    def load(cls, folder: Path, encoder: str) -> "Arms":
        """Open what `save` wrote; the files must have been verified, as FAISS reads damaged ones silently.

        Raises `UserError` where the encoder cannot be had, `ArtefactError` where it has changed.
        """
        import faiss

        idf, described = np.load(folder / IDF_FILE), np.load(folder / DESCRIBED_FILE)
        model: Encoder = SentenceEncoder.open(encoder) if encoder else StaticEncoder.load(folder, idf)
        vectors = faiss.read_index(str(folder / VECTORS_FILE))
        if vectors.d != model.dims:
            raise ArtefactError(
                f"the encoder {encoder!r} gives {model.dims} dimensions",
                f"the {vectors.d} that {folder / VECTORS_FILE} was made with",
                "titlewise index",
            )
        block, starts = (np.load(folder / name, mmap_mode="r") for name in (TITLES_FILE, TITLE_STARTS_FILE))
        titles = FoldedTitles(block, starts)
        return cls(model, vectors, LexicalIndex.load(folder, len(titles)), idf, described, titles)

    def candidates(self, text: str) -> tuple[Question, Rows, Comparison]:
        """Give the union of what both arms fetch for a question, rows ascending, and how each compares."""
        question = Question.read(text, self.lexical, self.described)
        vector = self.encoder.encode([question.core])
        wanted = min(CANDIDATES_AN_ARM, len(self.titles))
        near = self._nearest(vector, wanted)
        exact, _ = self.lexical.search(question.tokens, wanted)
        rows = np.union1d(near, exact)
        dense = self._cosines(vector[0], rows)
        titles = self.titles.take(rows)
        return question, rows, compare(question, titles, dense, self.lexical, self.idf)

    def _nearest(self, vector: Floats, wanted: int) -> Rows:
        import faiss

        # A single query gains nothing from more threads, and would spin beside those of the model.
        faiss.omp_set_num_threads(1)
        _, found = self.vectors.search(vector, wanted)
        rows: Rows = found[0][found[0] >= 0]
        return rows

    def _cosines(self, vector: Floats, rows: Rows) -> Floats:
        """Give the inner product with each row's vector as the index holds it."""
        stored = self.vectors.reconstruct_batch(rows)
        cosines: Floats = stored @ vector
        return cosines


def _vectors(titles: Sequence[str], encoder: Encoder, progress: Any) -> Any:
    import faiss

    index: Any
    if len(titles) <= EXACT_UP_TO:
        index = faiss.IndexFlatIP(encoder.dims)
    else:
        kind = f"PQ{encoder.dims // DIMS_A_QUANTISER}x4fs,Refine(SQ8)"
        index = faiss.index_factory(encoder.dims, kind, faiss.METRIC_INNER_PRODUCT)
        index.k_factor = REFINED
        step = -(-len(titles) // TRAINED_ON)
        index.train(encoder.encode(titles[::step]))
    with progress("encoding titles", len(titles), unit="titles") as bar:
        for batch in _batches(titles):
            index.add(encoder.encode(batch))
            bar.update(len(batch))
    return index


def _batches(titles: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(titles), TITLES_A_BATCH):
        yield titles[start : start + TITLES_A_BATCH]

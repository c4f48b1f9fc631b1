"""The hybrid retriever: candidates from FAISS over title vectors and from BM25 over words, measured.

What was learnt from the titles of the last full build (how rare words and hashed signs are, how vectors are
rounded) stays as it is when products come and go; their segments change.
What is fetched is compared with the question; deciding is done elsewhere.

    HybridRetriever.build(titles, contents, "", IndexSettings(), Progress).save(folder)
    query, rows, matrix = HybridRetriever.load(folder, "").candidates("is the Harrow kettle loud?")
"""

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.artefacts import MANIFEST, link
from index.catalogue.arrays import check, read_array
from index.catalogue.joining import GONE
from index.errors import ArtefactError
from index.progress import Progress
from index.settings import IndexSettings
from index.text import fold
from index.titles.bm25 import BM25Index, ChangedWords, Rows, TitleWords
from index.titles.described import RATE_BUCKETS, word_rates
from index.titles.encoder import Encoder, Floats, HashedTfidfEncoder, SentenceEncoder, hashed_idf
from index.titles.features import FeatureMatrix, measure
from index.titles.query import Query
from index.titles.segments import ROWS_FILE, Segment, moved

IDF_FILE = "hashed_idf.npy"
DESCRIBED_FILE = "description_word_rates.npy"
BASE, ADDED = "base", "added"  # folders of the segments


def _searching_threads() -> ThreadPoolExecutor:
    """Return threads for FAISS, none of which has started yet, each of which searches alone."""

    def alone() -> None:
        import faiss

        # A single query gains nothing from more threads, and would spin beside those of the model. OpenMP keeps the
        # number for each thread that calls it: nobody else's is changed.
        faiss.omp_set_num_threads(1)

    return ThreadPoolExecutor(thread_name_prefix="nearest", initializer=alone)


@dataclass(frozen=True)
class HybridRetriever:
    """Everything that turns a question into candidates; safe to share between threads.

    The first of the `segments` is that of the last full build; all that was learnt is learnt from it.
    """

    encoder: Encoder
    idf: Floats  # (buckets,): how rare hashed words and trigrams are
    described: Floats  # (RATE_BUCKETS,): how common words are in descriptions
    segments: tuple[Segment, ...]
    settings: IndexSettings = IndexSettings()
    words: ChangedWords | None = None  # of titles, where some came or went since; None: as in the first segment
    _threads: ThreadPoolExecutor = field(init=False, repr=False, compare=False, default_factory=_searching_threads)

    @classmethod
    def build(
        cls,
        titles: Sequence[str],
        contents: Sequence[str],
        encoder: str,
        settings: IndexSettings,
        progress: type[Progress],
    ) -> "HybridRetriever":
        """Encode and index titles, with a sentence-transformers model or, by "", the built-in encoder.

        `contents` are some descriptions, to know the words that questions ask with.
        """
        folded = [fold(title) for title in titles]
        idf = hashed_idf(folded)
        model: Encoder = SentenceEncoder.open(encoder) if encoder else HashedTfidfEncoder.of(idf)
        base = Segment.build(titles, folded, model, settings, progress)
        return cls(model, idf, word_rates(contents), (base,), settings)

    def changed(
        self, base_rows: Rows, titles: Sequence[str], rows: Rows, progress: type[Progress]
    ) -> "HybridRetriever":
        """Return the retriever of a changed catalogue: where the base's products stand now, and what was added.

        `base_rows` (titles of the base,) are rows or `GONE`; `rows` are those of the added `titles`.
        """
        base = replace(self.segments[0], rows=base_rows.astype(np.int32))
        if not titles:
            return replace(self, segments=(base,))
        folded = [fold(title) for title in titles]
        return replace(self, segments=(base, base.beside(titles, folded, rows, self.encoder, progress)))

    def joined(self, standing: NDArray[np.int32], *came: Segment, went: Sequence[str]) -> "HybridRetriever":
        """Return the retriever where products stand elsewhere, as `moved` takes it, others came, and some titles went.

        How common words are in titles follows; the scores of those that were indexed stay.
        """
        segments = [replace(segment, rows=moved(segment.rows, standing)) for segment in self.segments]
        came_words = came[0].bm25 if came else BM25Index.fit([], self.settings)
        words = ChangedWords(self.segments[0].bm25, came_words, BM25Index.fit(went, self.settings))
        return replace(self, segments=(*segments, *came), words=words)

    def save(self, folder: Path) -> None:
        """Write all but the encoder: its name is enough."""
        np.save(folder / IDF_FILE, self.idf, allow_pickle=False)
        np.save(folder / DESCRIBED_FILE, self.described, allow_pickle=False)
        self.segments[0].save(folder / BASE)

    def save_changes(self, folder: Path, last: Path, renewed: Collection[str] = ()) -> None:
        """Write what `changed` made; the files of the last full build, in `last`, are linked and not copied.

        Those that are `renewed` by others are left out.
        """
        for path in last.rglob("*"):
            inside = path.relative_to(last)
            if path.is_file() and ADDED not in inside.parts and inside.name not in (ROWS_FILE, MANIFEST, *renewed):
                (folder / inside).parent.mkdir(parents=True, exist_ok=True)
                link(path, folder / inside)
        base, *added = self.segments
        np.save(folder / BASE / ROWS_FILE, base.rows, allow_pickle=False)
        for segment in added:
            segment.save(folder / ADDED)

    @classmethod
    def load(cls, folder: Path, encoder: str, settings: IndexSettings = IndexSettings()) -> "HybridRetriever":
        """Open what `save` wrote; the files must have been verified, as FAISS reads damaged ones silently.

        The encoder must be on this machine: no index has anything fetched by being opened.

        Raises `UserError` where the encoder cannot be had, `ArtefactError` where it has changed.
        """
        check(isinstance(encoder, str), "the name of an encoder")
        idf, described = read_array(folder / IDF_FILE, "float32"), read_array(folder / DESCRIBED_FILE, "float32")
        check(len(idf).bit_count() == 1 and len(described) == RATE_BUCKETS, "how rare words are")
        model: Encoder = SentenceEncoder.open(encoder, fetch=False) if encoder else HashedTfidfEncoder.of(idf)
        segments = tuple(Segment.load(folder / name, settings) for name in (BASE, ADDED) if (folder / name).is_dir())
        if segments[0].vectors.d != model.dims:
            raise ArtefactError(
                f"the encoder {encoder!r} gives {model.dims} dimensions",
                f"the {segments[0].vectors.d} that the index in {folder} was made with",
                "titlewise index",
            )
        return cls(model, idf, described, segments, settings)

    @property
    def title_words(self) -> TitleWords:
        """How common words are in titles."""
        return self.words or self.segments[0].bm25

    def candidates(self, text: str) -> tuple[Query, Rows, FeatureMatrix]:
        """Return a question read, the union of what FAISS and BM25 fetch for it, and how each compares.

        The rows of the catalogue, (n,) int64, ascend.
        """
        query = Query.read(text, self.title_words, self.described, self.settings)
        vector = self.encoder.encode([query.core])
        near = self._threads.submit(self.nearest, vector)  # FAISS lets other threads run meanwhile
        exact = self.holding(query.tokens)
        rows = np.union1d(near.result(), exact)
        return query, rows, measure(query, self._titles_of(rows), self.title_words, self.idf)

    def nearest(self, vector: Floats) -> Rows:
        """Return the rows whose titles' vectors are nearest to one (1, d) float32, best first."""
        limit = self.settings.candidates_per_retriever
        return _best((segment.nearest(vector, limit) for segment in self.segments), limit)

    def holding(self, tokens: Sequence[str]) -> Rows:
        """Return the rows of the titles that hold the rarest tokens of a query, best first."""
        limit = self.settings.candidates_per_retriever
        return _best((segment.holding(tokens, limit) for segment in self.segments), limit)

    def _titles_of(self, rows: Rows) -> list[str]:
        """Return the folded title of each row."""
        titles = [""] * len(rows)
        for segment, ids in zip(self.segments, self._ids, strict=True):
            own = np.flatnonzero(ids[rows] != GONE)
            for place, title in zip(own.tolist(), segment.titles.take(ids[rows[own]].astype(np.int64)), strict=True):
                titles[place] = title
        return titles

    @cached_property
    def _ids(self) -> list[NDArray[np.int32]]:
        """For each segment, the id of every row of the catalogue, `GONE` where the row is another segment's."""
        size = 1 + max(int(segment.rows.max(initial=GONE)) for segment in self.segments)
        found = []
        for segment in self.segments:
            ids = np.full(size, GONE, dtype=np.int32)
            here = np.flatnonzero(segment.rows != GONE)
            ids[segment.rows[here]] = here
            found.append(ids)
        return found


def _best(found: Iterable[tuple[Rows, Floats]], limit: int) -> Rows:
    """Return the best rows of what the segments found; equal scores come in row order."""
    parts = list(found)
    rows, scores = (np.concatenate(each) for each in zip(*parts, strict=True))
    return rows[np.lexsort((rows, -scores))][:limit]

"""The hybrid retriever: candidates by title vectors and by BM25 over words, measured.

Its segments fetch them, from files (FAISS, postings) or from Qdrant: which, is not known here. What was learnt from the
titles of the last full build (how rare words and hashed signs are, how vectors are rounded) stays as it is when
products come and go; their segments change. What is fetched is compared with the question; deciding is done elsewhere.

    HybridRetriever.build(titles, contents, "", IndexSettings(), Progress).save(folder)
    query, rows, matrix = HybridRetriever.load(folder, "").candidates("is the Harrow kettle loud?")
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.artefacts import MANIFEST, link
from index.catalogue.arrays import check, read_array
from index.catalogue.joining import GONE
from index.errors import ArtefactError
from index.hashing import Hashes
from index.progress import Progress
from index.settings import IndexSettings
from index.text import fold
from index.titles.bm25 import BM25Index, ChangedWords, Rows, TitleWords
from index.titles.described import DescribedWords
from index.titles.encoder import Encoder, Floats, HashedTfidfEncoder, SentenceEncoder, hashed_idf
from index.titles.features import FeatureMatrix, measure
from index.titles.qdrant.segment import COLLECTION_FILE, QdrantSegment
from index.titles.query import Query
from index.titles.segments import ROWS_FILE, Edit, Found, Segment, TitleSegment, moved

IDF_FILE = "hashed_idf.npy"
BASE, ADDED = "base", "added"  # folders of the segments


@dataclass(frozen=True)
class HybridRetriever:
    """Everything that turns a question into candidates; safe to share between threads.

    The first of the `segments` is that of the last full build; all that was learnt is learnt from it.
    """

    encoder: Encoder
    idf: Floats  # (buckets,): how rare hashed words and trigrams are
    described: DescribedWords
    segments: tuple[TitleSegment, ...]
    settings: IndexSettings = IndexSettings()
    words: ChangedWords | None = None  # of titles, where some came or went since; None: as in the first segment

    @classmethod
    def build(
        cls,
        titles: Sequence[str],
        contents: Sequence[str],
        encoder: str,
        settings: IndexSettings,
        progress: type[Progress],
        keys: Hashes | None = None,
    ) -> "HybridRetriever":
        """Encode and index titles, with a sentence-transformers model or, by "", the built-in encoder.

        `contents` are some descriptions, to know the words that questions ask with; `keys` say what each product is,
        and are needed where the settings name a place for Qdrant.

        Raises `UserError` where the encoder cannot be loaded, `StoreError` where Qdrant fails.
        """
        folded = [fold(title) for title in titles]
        idf = hashed_idf(folded)
        model: Encoder = SentenceEncoder.open(encoder) if encoder else HashedTfidfEncoder.of(idf)
        base: TitleSegment
        if settings.qdrant.place:
            assert keys is not None
            base = QdrantSegment.build(titles, folded, keys, model, settings, progress)
        else:
            base = Segment.build(titles, folded, model, settings, progress)
        return cls(model, idf, DescribedWords.of(contents), (base,), settings)

    def changed(self, edit: Edit, progress: type[Progress]) -> "HybridRetriever":
        """Return the retriever of an edited catalogue."""
        return replace(self, segments=self.segments[0].changed(edit, self.encoder, progress))

    def publishing(self, last: Path) -> AbstractContextManager[None]:
        """Make public, at a clean end, what the index in the folder `last` is replaced by; else discard it."""
        return self.segments[0].publishing(last / BASE)

    def joined(self, standing: NDArray[np.int32], *came: Segment, went: Sequence[str]) -> "HybridRetriever":
        """Return the retriever where products stand elsewhere, as `moved` takes it, others came, and some titles went.

        How common words are in titles follows; the scores of those that were indexed stay.
        """
        segments = [segment.placed(moved(segment.rows, standing)) for segment in self.segments]
        came_words = came[0].bm25 if came else BM25Index.fit([], self.settings)
        words = ChangedWords(self.segments[0].words, came_words, BM25Index.fit(went, self.settings))
        return replace(self, segments=(*segments, *came), words=words)

    def save(self, folder: Path) -> None:
        """Write all but the encoder: its name is enough."""
        np.save(folder / IDF_FILE, self.idf, allow_pickle=False)
        self.described.save(folder)
        self.segments[0].save(folder / BASE)

    def save_changes(self, folder: Path, last: Path, renewed: Collection[str] = ()) -> None:
        """Write what `changed` made; the files of the last full build, in `last`, are linked and not copied.

        Those that are `renewed` by others are left out.
        """
        base, *added = self.segments
        left_out = {ROWS_FILE, MANIFEST, *renewed, *base.renewed}
        for path in last.rglob("*"):
            inside = path.relative_to(last)
            if path.is_file() and ADDED not in inside.parts and inside.name not in left_out:
                (folder / inside).parent.mkdir(parents=True, exist_ok=True)
                link(path, folder / inside)
        base.save_renewed(folder / BASE)
        for segment in added:
            segment.save(folder / ADDED)

    @classmethod
    def load(cls, folder: Path, encoder: str, settings: IndexSettings = IndexSettings()) -> "HybridRetriever":
        """Open what `save` wrote; the files must have been verified, as FAISS reads damaged ones silently.

        The encoder must be on this machine: no index has anything fetched by being opened.

        Raises `UserError` where the encoder cannot be had, `ArtefactError` where it has changed.
        """
        check(isinstance(encoder, str), "the name of an encoder")
        idf, described = read_array(folder / IDF_FILE, "float32"), DescribedWords.load(folder)
        check(len(idf).bit_count() == 1, "how rare words are")
        model: Encoder = SentenceEncoder.open(encoder, fetch=False) if encoder else HashedTfidfEncoder.of(idf)
        segments = tuple(_loaded(folder / name, settings) for name in (BASE, ADDED) if (folder / name).is_dir())
        if segments[0].dims != model.dims:
            raise ArtefactError(
                f"the encoder {encoder!r} gives {model.dims} dimensions",
                f"the {segments[0].dims} that the index in {folder} was made with",
                "titlewise index",
            )
        return cls(model, idf, described, segments, settings)

    @property
    def place(self) -> str:
        """Where titles are searched, as `QdrantSettings` has it; "": in the index's own files."""
        return self.segments[0].place

    @property
    def title_words(self) -> TitleWords:
        """How common words are in titles."""
        return self.words or self.segments[0].words

    def candidates(self, text: str) -> tuple[Query, Rows, FeatureMatrix]:
        """Return a question read, the union of what FAISS and BM25 fetch for it, and how each compares.

        The rows of the catalogue, (n,) int64, ascend.
        """
        query = Query.read(text, self.title_words, self.described, self.settings)
        vector = self.encoder.encode([query.core])
        rows = np.union1d(*self.fetch(vector, query.tokens))
        return query, rows, measure(query, self._titles_of(rows), self.title_words, self.idf)

    def fetch(self, vector: Floats, tokens: Sequence[str]) -> tuple[Rows, Rows]:
        """Return the rows of the titles nearest to a vector (1, d) float32, and of those that hold the rarest tokens.

        The best come first.
        """
        limit = self.settings.candidates_per_retriever
        near, exact = zip(*(segment.search(vector, tokens, limit) for segment in self.segments), strict=True)
        return _best(near, limit), _best(exact, limit)

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


def _loaded(folder: Path, settings: IndexSettings) -> TitleSegment:
    elsewhere = (folder / COLLECTION_FILE).is_file()
    return QdrantSegment.load(folder, settings) if elsewhere else Segment.load(folder, settings)


def _best(found: Iterable[Found], limit: int) -> Rows:
    """Return the best rows of what the segments found; equal scores come in row order."""
    parts = list(found)
    rows, scores = (np.concatenate(each) for each in zip(*parts, strict=True))
    return rows[np.lexsort((rows, -scores))][:limit]

"""The two arms that fetch candidates: FAISS over title vectors and BM25 over words.

What was learnt from the titles of the last full build (how rare words and hashed signs are, how vectors are
rounded) stays as it is when products come and go; their segments change.
What is fetched is compared with the question; deciding is done elsewhere.

    Arms.build(titles, contents, "", progress).save(folder)
    question, rows, comparison = Arms.load(folder, "").candidates("is the Harrow kettle loud?")
"""

import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from index.artefacts import MANIFEST
from index.errors import ArtefactError
from index.text import fold
from index.titles.bm25 import LexicalIndex, Rows
from index.titles.encoder import Encoder, Floats, SentenceEncoder, StaticEncoder, hashed_idf
from index.titles.features import Comparison, compare
from index.titles.query import Question, word_rates
from index.titles.segments import GONE, ROWS_FILE, Segment

CANDIDATES_AN_ARM = 64
IDF_FILE = "hashed_idf.npy"
DESCRIBED_FILE = "description_word_rates.npy"
BASE, ADDED = "base", "added"  # folders of the segments
_BESIDE = ThreadPoolExecutor(thread_name_prefix="nearest")


@dataclass(frozen=True)
class Arms:
    """Everything that turns a question into candidates; safe to share between threads.

    The first of the `segments` is that of the last full build; all that was learnt is learnt from it.
    """

    encoder: Encoder
    idf: Floats
    described: Floats  # how common words are in descriptions
    segments: tuple[Segment, ...]

    @classmethod
    def build(cls, titles: Sequence[str], contents: Sequence[str], encoder: str, progress: Any) -> "Arms":
        """Encode and index titles, with a sentence-transformers model or, by "", the built-in encoder.

        `contents` are some descriptions, to know the words that questions ask with.
        """
        folded = [fold(title) for title in titles]
        idf = hashed_idf(folded)
        model: Encoder = SentenceEncoder.open(encoder) if encoder else StaticEncoder.of(idf)
        base = Segment.build(titles, folded, np.arange(len(titles)), model, like=None, progress=progress)
        return cls(model, idf, word_rates(contents), (base,))

    def changed(self, base_rows: Rows, titles: Sequence[str], rows: Rows, progress: Any) -> "Arms":
        """Give the arms of a changed catalogue: where the base's products stand now, and the titles added to them."""
        base = replace(self.segments[0], rows=base_rows.astype(np.int32))
        if not titles:
            return replace(self, segments=(base,))
        folded = [fold(title) for title in titles]
        added = Segment.build(titles, folded, rows, self.encoder, like=base, progress=progress)
        return replace(self, segments=(base, added))

    def save(self, folder: Path) -> None:
        """Write all but the encoder: its name is enough."""
        np.save(folder / IDF_FILE, self.idf, allow_pickle=False)
        np.save(folder / DESCRIBED_FILE, self.described, allow_pickle=False)
        self.segments[0].save(folder / BASE)

    def save_changes(self, folder: Path, last: Path) -> None:
        """Write what `changed` made; the files of the last full build, in `last`, are linked and not copied."""
        for path in last.rglob("*"):
            inside = path.relative_to(last)
            if path.is_file() and inside.parts[0] != ADDED and inside.name not in (ROWS_FILE, MANIFEST):
                (folder / inside).parent.mkdir(exist_ok=True)
                _link(path, folder / inside)
        base, *added = self.segments
        np.save(folder / BASE / ROWS_FILE, base.rows, allow_pickle=False)
        for segment in added:
            segment.save(folder / ADDED)

    @classmethod
    def load(cls, folder: Path, encoder: str) -> "Arms":
        """Open what `save` wrote; the files must have been verified, as FAISS reads damaged ones silently.

        Raises `UserError` where the encoder cannot be had, `ArtefactError` where it has changed.
        """
        idf, described = np.load(folder / IDF_FILE), np.load(folder / DESCRIBED_FILE)
        model: Encoder = SentenceEncoder.open(encoder) if encoder else StaticEncoder.of(idf)
        segments = tuple(Segment.load(folder / name) for name in (BASE, ADDED) if (folder / name).is_dir())
        if segments[0].vectors.d != model.dims:
            raise ArtefactError(
                f"the encoder {encoder!r} gives {model.dims} dimensions",
                f"the {segments[0].vectors.d} that the index in {folder} was made with",
                "titlewise index",
            )
        return cls(model, idf, described, segments)

    @property
    def lexical(self) -> LexicalIndex:
        """Give the postings of the last full build: how rare words are is told by them."""
        return self.segments[0].lexical

    def candidates(self, text: str) -> tuple[Question, Rows, Comparison]:
        """Give the union of what both arms fetch for a question, rows ascending, and how each compares."""
        question = Question.read(text, self.lexical, self.described)
        vector = self.encoder.encode([question.core])
        near = _BESIDE.submit(self.nearest, vector)  # FAISS lets other threads run meanwhile
        exact = self.holding(question.tokens)
        rows = np.union1d(near.result(), exact)
        titles, dense = self._known_of(rows, vector[0])
        return question, rows, compare(question, titles, dense, self.lexical, self.idf)

    def nearest(self, vector: Floats) -> Rows:
        """Give the rows whose titles' vectors are nearest to one (1, d), best first."""
        return _best(segment.nearest(vector, CANDIDATES_AN_ARM) for segment in self.segments)

    def holding(self, tokens: Sequence[str]) -> Rows:
        """Give the rows of the titles that hold the rarest tokens of a question, best first."""
        return _best(segment.holding(tokens, CANDIDATES_AN_ARM) for segment in self.segments)

    def _known_of(self, rows: Rows, vector: Floats) -> tuple[list[str], Floats]:
        """Give the folded title of each row, and the inner product with its vector as the index holds it."""
        titles, dense = [""] * len(rows), np.zeros(len(rows), dtype=np.float32)
        for segment, ids in zip(self.segments, self._ids, strict=True):
            own = np.flatnonzero(ids[rows] != GONE)
            mine = ids[rows[own]].astype(np.int64)
            if len(own):
                dense[own] = segment.vectors_of(mine) @ vector
            for place, title in zip(own.tolist(), segment.titles.take(mine), strict=True):
                titles[place] = title
        return titles, dense

    @cached_property
    def _ids(self) -> list[Any]:
        """Give for each segment the id of every row of the catalogue, `GONE` where the row is another segment's."""
        size = 1 + max(int(segment.rows.max(initial=GONE)) for segment in self.segments)
        found = []
        for segment in self.segments:
            ids = np.full(size, GONE, dtype=np.int32)
            here = np.flatnonzero(segment.rows != GONE)
            ids[segment.rows[here]] = here
            found.append(ids)
        return found


def _link(source: Path, place: Path) -> None:
    """Give a file a second name, or a copy where the disk knows no links."""
    try:
        place.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, place)


def _best(found: Iterable[tuple[Rows, Floats]]) -> Rows:
    """Give the best rows of what the segments found; equal scores come in row order."""
    parts = list(found)
    rows, scores = (np.concatenate(each) for each in zip(*parts, strict=True))
    return rows[np.lexsort((rows, -scores))][:CANDIDATES_AN_ARM]

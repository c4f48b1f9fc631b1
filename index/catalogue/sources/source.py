"""Opening sources: what a path names, what each file there is, and its blocks of rows.

What is recognised is known before anything long starts.

    with Source(Path("shop.csv"), CatalogueSettings()) as source:
        for block in source.blocks(progress_bar.update):
            …
"""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

from index.catalogue.sources.blocks import Block
from index.catalogue.sources.columns import choose, identity_names
from index.catalogue.sources.delimited import Delimited
from index.catalogue.sources.encodings import Text, declared_in
from index.catalogue.sources.formats import DELIMITED, JSON, JSON_LINES, XML, Format, binary_format, text_format
from index.catalogue.sources.json_documents import ListPlace, element_blocks, list_in
from index.catalogue.sources.json_lines import line_blocks
from index.catalogue.sources.streams import STANDARD_INPUT, Ending, PieceReader, Stream
from index.catalogue.sources.tables import Table, open_hub_table, open_table
from index.catalogue.sources.xml_feed import feed_blocks
from index.errors import SourceError
from index.remote.paths import AnyPath, RemotePath
from index.settings import CatalogueSettings

_NAMES = re.compile(
    r"\.(?:json|jsonl|ndjson|jsonld|csv|tsv|tab|txt|parquet|arrow|feather|xml|rss|atom)(?:\.gz|\.zst)?$", re.I
)
_HUB = "Hugging Face data set"
_MOST_NAMES = 1000  # of columns, in rows that may have any
_SHOWN_NAMES = 20
_COPY = "copy the file anew"
_LIST = "titlewise prepare SOURCE, with the URLs of the files"
_HUB_NAME = re.compile(r"^[\w-][\w.-]*/[\w-][\w.-]*(?::[\w.-]+)?")


@dataclass(frozen=True)
class Recognised:
    """What a source was recognised as, and which of its columns are read as what."""

    name: str
    format: str
    packing: str  # "gzip", "zstd" or ""
    encoding: str  # "" where it is no text
    profile: str  # "" where no profile knows it
    uid: str
    title: str
    content: list[str]
    ids: list[str]
    unused: list[str]  # columns that were met and are not read

    @property
    def kind(self) -> str:
        """Format, packing, encoding and profile, as far as there are any."""
        return ", ".join(part for part in (self.format, self.packing, self.encoding, self.profile) if part)

    def __str__(self) -> str:
        fields = [("uid", [self.uid]), ("title", [self.title]), ("content", self.content), ("further ids", self.ids)]
        columns = "; ".join(f"{field}: {', '.join(names)}" for field, names in fields if names)
        more = f" and {len(self.unused) - _SHOWN_NAMES} more" if len(self.unused) > _SHOWN_NAMES else ""
        unused = f"; not used: {', '.join(self.unused[:_SHOWN_NAMES])}{more}" if self.unused else ""
        return f"{self.name} ({self.kind}): {columns}{unused}"


@dataclass(frozen=True)
class ReadOutcome:
    """How the reading of a source went, which is known at its end."""

    ending: Ending
    encoding: str
    sha256: str


class Source:
    """One source, recognised and ready to be read once; a file is open only while it is looked into or read."""

    def __init__(self, path: AnyPath, settings: CatalogueSettings) -> None:
        """Recognise a file here or elsewhere, standard input ("-"), or a data set of the hub.

        Raises `SourceError` where it is not there, or holds no products that can be read.
        """
        self._path = path
        self._settings = settings
        self._declared = ""
        self._table: Table | None = None
        self._opened: IO[bytes] | None = None  # a table that is elsewhere, or was copied here
        self._stream: Stream | None = None  # standard input or a pipe, which cannot be opened again
        self._head = b""
        self._list = ListPlace(0, False)
        self.size_bytes: int | None = None
        self.is_read_once = False  # as standard input and pipes are
        self.sha256 = ""  # of its bytes as they lie there, once they are read; "" of a data set of the hub
        self.packing = self.encoding = ""
        self.ending = Ending()
        if isinstance(path, Path) and not path.exists() and path != STANDARD_INPUT and is_hub_name(path):
            self.name = str(path)
            self.form = Format(_HUB)
            self._table = open_hub_table(self.name)
            self.names = self._table.columns
        else:
            self._look_into(path)
        self.met = set(self.names)  # names of columns, as far as rows were read
        self.chosen = choose(settings.columns, self.names)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for opened in (self._stream, self._opened):
            if opened is not None:
                opened.close()

    @property
    def path(self) -> AnyPath:
        """Where another process finds it, unless it `is_read_once`: a path, a URL, or owner/name at the hub."""
        return self._path if isinstance(self._path, RemotePath) or self.form.name == _HUB else self._path.absolute()

    @property
    def is_open_ended(self) -> bool:
        """Whether rows may have columns that the beginning of the source does not show."""
        return self.form.name in (JSON_LINES, JSON, XML)

    @property
    def recognised(self) -> Recognised:
        """What it is, as far as it is known by now."""
        chosen = self.chosen
        met = sorted(name.encode("utf-8", "replace").decode() for name in self.met)
        read = chosen.read_of(met)
        return Recognised(
            self.name,
            str(self.form),
            self.packing,
            self.encoding,
            chosen.profile,
            chosen.uid,
            chosen.title,
            [column.name for column in chosen.content],
            list(chosen.ids),
            [name for name in met if name not in read],
        )

    def meet(self, names: frozenset[str]) -> None:
        """Take note of names of columns that rows have; of very many, only of those that are read."""
        self.met.update(names if len(self.met) < _MOST_NAMES else self.chosen.read_of(tuple(names)))

    @property
    def outcome(self) -> ReadOutcome:
        """How its reading went, once it is over."""
        return ReadOutcome(self.ending, self.encoding, self.sha256)

    def was_read(self, outcome: ReadOutcome) -> None:
        """Take note of how its reading went, which may have been done elsewhere."""
        self.ending, self.encoding, self.sha256 = outcome.ending, outcome.encoding, outcome.sha256

    def blocks(self, on_bytes: Callable[[int], None]) -> Iterator[Block]:
        """Yield the rows in blocks; `on_bytes` hears how much was read, in bytes of the source as it lies there.

        Afterwards `ending` says whether that was all; `encoding` and `sha256` are known.
        """
        if self._table is not None:
            if not self.sha256 and self.size_bytes is not None:
                self.sha256 = self._sha256_there()
            share = (self.size_bytes or 0) / max(self._table.num_rows, 1)
            yield from self._table.blocks(self.chosen, self.ending, lambda rows: on_bytes(round(rows * share)))
            return
        with self._stream or Stream(self._path, self._settings) as stream:
            self.ending = stream.ending
            text = Text(stream.pieces(on_bytes), self._least_foreign, self._declared)
            yield from self._text_blocks(text.pieces())
            self.encoding, self.sha256 = text.encoding, stream.sha256

    @property
    def _least_foreign(self) -> int:
        """How many lines must be no UTF-8: JSON Lines are, by their standard, and one that is not is damaged."""
        return 2 if self.form.name == JSON_LINES else 1

    def _look_into(self, path: AnyPath) -> None:
        with Stream(path, self._settings) as stream:
            self.name, self.size_bytes = stream.name, stream.size_bytes
            head, is_whole = stream.head()
            self.packing, self.is_read_once = stream.packing, not stream.is_file
            if self.size_bytes is None and is_whole:
                self.size_bytes = len(head)
            if binary := binary_format(head, self.name):
                self.form = binary
                self._table = self._open_table(stream)
                self.names = self._table.columns
                return
            self._declared = declared_in(head)
            text = Text(iter([head]), 1, self._declared)
            self._head = b"".join(text.pieces())
            self.encoding = text.encoding
            self.form = text_format(self._head, self.name, is_whole=is_whole)
            if self.form.name == JSON:
                self._list = list_in(self._head, identity_names())
            self._stream = None if stream.is_file else stream
        self.names = self._names_in_head()

    def _open_table(self, stream: Stream) -> Table:
        """Open a file of batches where it lies, or copied into a temporary one: they are read from the end."""
        place: Path | BinaryIO
        if stream.packing or not stream.is_file or not (isinstance(self._path, Path) or self._path.is_seekable):
            self._opened = tempfile.NamedTemporaryFile(prefix="titlewise-")  # noqa: SIM115 (closed with the source)
            shutil.copyfileobj(PieceReader(stream.pieces(lambda read: None)), self._opened)
            self._opened.flush()
            place = Path(self._opened.name)
            self.sha256 = stream.sha256
        elif isinstance(self._path, RemotePath):
            self._opened = place = self._path.open()
        else:
            place = self._path
        if stream.ending.broken:
            raise SourceError(f"{self.name} ends in mid-stream ({stream.ending.broken})", "a whole file", _COPY)
        return open_table(place, self.form.name, self.name)

    def _sha256_there(self) -> str:
        with Stream(self._path, self._settings) as stream:
            for _ in stream.pieces(lambda read: None):
                pass
            return stream.sha256

    def _names_in_head(self) -> tuple[str, ...]:
        if self.form.name == DELIMITED:
            return Delimited([self._head], self.form, self._settings.max_line_bytes).columns
        rows = (row for block in self._row_blocks(iter([self._head]), Ending()) for _, row, _ in block.rows())
        return tuple(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))

    def _text_blocks(self, pieces: Iterator[bytes]) -> Iterator[Block]:
        if self.form.name == DELIMITED:
            return Delimited(pieces, self.form, self._settings.max_line_bytes).blocks(self.chosen, self.ending)
        return self._row_blocks(pieces, self.ending)

    def _row_blocks(self, pieces: Iterator[bytes], ending: Ending) -> Iterator[Block]:
        if self.form.name == JSON:
            return element_blocks(pieces, self._list, self._settings, ending)
        return feed_blocks(pieces, ending) if self.form.name == XML else line_blocks(pieces, self._settings, ending)


def is_hub_name(path: Path) -> bool:
    """Return whether a path that leads nowhere may be the name of a data set: "owner/name"."""
    return _HUB_NAME.fullmatch(str(path)) is not None and not _NAMES.search(path.name) and not path.parent.exists()


def files_of(paths: Sequence[AnyPath]) -> tuple[list[AnyPath], list[AnyPath]]:
    """Return the sources that paths name, those in a folder by their names' order; and what is passed over there.

    Raises `SourceError` for a folder in which there is none.
    """
    found: list[AnyPath] = []
    passed_over: list[AnyPath] = []
    for path in paths:
        inside = _inside(path)
        if inside is None:
            found.append(path)
            continue
        sources = [
            each for each in inside if _NAMES.search(each.name) and (isinstance(each, RemotePath) or each.is_file())
        ]
        if not sources:
            raise SourceError(
                f"{path} is a folder without a source",
                "files of JSON Lines, JSON, CSV, TSV, Parquet, Arrow or XML in it",
                "titlewise prepare SOURCE, with the path of a file or folder",
            )
        found += sources
        passed_over += [each for each in inside if each not in sources]
    return found, passed_over


def _inside(path: AnyPath) -> Sequence[AnyPath] | None:
    """Return what is in a folder, but for what is hidden, by their names' order; None where it is no folder."""
    if isinstance(path, Path):
        return sorted(each for each in path.iterdir() if not each.name.startswith(".")) if path.is_dir() else None
    if not path.is_folder:
        return None
    try:
        return [each for each in path.files() if not each.name.startswith(".")]
    except OSError as exc:
        raise SourceError(f"{path} cannot be listed ({exc.strerror})", "a folder that may be read", _LIST) from exc

"""The bytes of a source: a file here or elsewhere, or standard input, unpacked, in bounded memory.

gzip and zstd are told by their first bytes, not by a name. What the bytes mean is not known here.

    with Stream(Path("trn.json.gz"), CatalogueSettings()) as stream:
        for piece in stream.pieces(progress_bar.update):
            …
"""

import hashlib
import io
import itertools
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from index.errors import SourceError
from index.remote.paths import AnyPath, RemotePath
from index.settings import CatalogueSettings

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

STANDARD_INPUT = Path("-")
HEAD_BYTES = 1 << 20  # of a source, from which it is told what it is
_SLICE_BYTES = 1 << 16
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_WINDOW_BITS = 31


@dataclass
class Ending:
    """How the reading of a source ended, as far as it is known."""

    broken: str = ""  # what ended it early: the rest is lost
    loose_end: str = ""  # what follows the end, and is no part of it


class Stream:
    """The bytes of one source, opened for one reading."""

    def __init__(self, path: AnyPath, settings: CatalogueSettings) -> None:
        """Open a file, or standard input for "-".

        Raises `SourceError` where it is missing, no file, or may not be read.
        """
        self.path = path
        is_pipe = path == STANDARD_INPUT or (isinstance(path, Path) and path.is_fifo())
        self.is_file = not is_pipe  # which may be opened again
        self.name = "standard input" if path == STANDARD_INPUT else path.name
        self.size_bytes = _size_of(path) if self.is_file else None
        self.packing = ""  # "gzip" or "zstd", once something was read
        self.ending = Ending()
        self._file: BinaryIO = sys.stdin.buffer if path == STANDARD_INPUT else _opened(path)
        self._settings = settings
        self._hash = hashlib.sha256()
        self._on_bytes: Callable[[int], None] = lambda read: None
        self._unpacked = self._unpack()
        self._head: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_file:
            self.close()

    def close(self) -> None:
        """Close what was opened; standard input is not ours to close."""
        if self.path != STANDARD_INPUT:
            self._file.close()

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the bytes read so far, as they lie there, in hexadecimal."""
        return self._hash.hexdigest()

    def head(self) -> tuple[bytes, bool]:
        """Return the first megabyte, unpacked, and whether that is all; `pieces` will begin with it nevertheless."""
        while sum(map(len, self._head)) < HEAD_BYTES:
            piece = next(self._unpacked, None)
            if piece is None:
                return b"".join(self._head), True
            self._head.append(piece)
        return b"".join(self._head), False

    def pieces(self, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
        """Yield the bytes, unpacked, in pieces of a megabyte or two; `on_bytes` hears of every read.

        What is damaged or truncated ends the reading, and `ending` says so; what came before is kept.
        """
        self._on_bytes = on_bytes
        held: list[bytes] = []
        held_bytes = 0
        for piece in itertools.chain(self._head, self._unpacked):
            held.append(piece)
            held_bytes += len(piece)
            if held_bytes >= self._settings.read_bytes:
                yield b"".join(held)
                held, held_bytes = [], 0
        yield b"".join(held)

    def _unpack(self) -> Iterator[bytes]:
        raw = self._raw_pieces()
        first = next(raw, b"")
        whole = itertools.chain([first], raw)
        if first.startswith(_GZIP_MAGIC):
            self.packing = "gzip"
            yield from self._unzip(whole)
        elif first.startswith(_ZSTD_MAGIC):
            self.packing = "zstd"
            yield from self._unpack_zstd(whole)
        else:
            yield from whole

    def _raw_pieces(self) -> Iterator[bytes]:
        while True:
            try:
                piece = self._file.read(self._settings.read_bytes)
            except OSError as exc:
                raise SourceError(
                    f"{self.path} cannot be read ({exc.strerror})", "a readable file", "copy the file anew"
                ) from exc
            if not piece:
                return
            self._hash.update(piece)
            self._on_bytes(len(piece))
            yield piece

    def _unzip(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        """Unzip all members, at most `read_bytes` of text at a time."""
        unzip = zlib.decompressobj(_GZIP_WINDOW_BITS)
        started = False  # whether the present member has begun
        members = written = 0
        for waiting in _slices(raw):
            full = False  # whether more text may wait inside `unzip`
            while waiting or full:
                if not started:
                    waiting = waiting.lstrip(b"\0")  # padding between members is allowed
                    started = bool(waiting)
                    continue
                try:
                    text = unzip.decompress(waiting, self._settings.read_bytes)
                except zlib.error:
                    if members and not written:
                        self.ending.loose_end = "damaged gzip"
                    else:
                        self.ending.broken = "damaged gzip"
                    _drain(raw)
                    return
                written += len(text)
                if text:
                    yield text
                full = len(text) == self._settings.read_bytes and not unzip.eof
                waiting = unzip.unconsumed_tail
                if unzip.eof:
                    waiting = unzip.unused_data
                    unzip = zlib.decompressobj(_GZIP_WINDOW_BITS)
                    started, members, written = False, members + 1, 0
        if started:
            self.ending.broken = "truncated gzip"

    def _unpack_zstd(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        import pyarrow as pa

        unpacked = pa.CompressedInputStream(pa.PythonFile(PieceReader(raw), mode="r"), "zstd")
        try:
            while text := unpacked.read(_SLICE_BYTES):
                yield text
        except OSError as exc:
            self.ending.broken = "truncated zstd" if "Truncated" in str(exc) else "damaged zstd"
            _drain(raw)


class PieceReader(io.RawIOBase):
    """Pieces of bytes as a file, for libraries that read from one."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Read from `pieces`, each when it is needed."""
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill as much of a buffer as the present piece does; 0 is the end."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        place = memoryview(buffer).cast("B")
        count = min(len(place), len(self._left))
        place[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _opened(path: AnyPath) -> BinaryIO:
    try:
        return path.open("rb") if isinstance(path, Path) else path.open()
    except OSError as exc:
        raise SourceError(f"{path} cannot be opened ({exc.strerror})", "a file that may be read", _MEND) from exc


def _size_of(path: AnyPath) -> int | None:
    try:
        if isinstance(path, RemotePath):
            return path.size_bytes()
        if path.is_file():
            return path.stat().st_size
        happened = f"{path} is a folder" if path.is_dir() else f"there is no file {path}"
        raise SourceError(happened, _SOURCES, _MEND)
    except FileNotFoundError as exc:
        raise SourceError(f"there is no file {path}", _SOURCES, _MEND_URL) from exc
    except IsADirectoryError as exc:
        raise SourceError(f"{path} is a folder", 'a URL that ends in "/"', f"titlewise prepare {path}/") from exc
    except OSError as exc:
        raise SourceError(f"{path} cannot be opened ({exc.strerror})", "a file that may be read", _MEND) from exc


_SOURCES = "JSON Lines, JSON, CSV, TSV, Parquet, Arrow or XML"
_MEND = "titlewise prepare SOURCE, with the path of a file or folder"
_MEND_URL = "titlewise prepare SOURCE, with the URL of a file, or that of a folder and a / behind it"


def _drain(raw: Iterator[bytes]) -> None:
    """Read what is left: the SHA-256 is of the whole file."""
    for _ in raw:
        pass


def _slices(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Cut pieces small: zlib copies what it leaves over, once for every gzip member."""
    for piece in pieces:
        for start in range(0, len(piece), _SLICE_BYTES):
            yield piece[start : start + _SLICE_BYTES]

"""Reading a catalogue source: blocks of whole lines, in bounded memory, whatever the file holds.

A source is JSON Lines, plain or gzipped (told by its first bytes, not by its name).
What cannot be read is handed on as a `Rejection`, never as an exception. What a line
means is not known here.

    with Source(Path("trn.json.gz"), CatalogueSettings()) as source:
        for block in source.blocks(progress_bar.update):
            …
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from index.errors import SourceError
from index.settings import CatalogueSettings

SAMPLE_CHARACTERS = 200
_SLICE_BYTES = 1 << 16
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW_BITS = 31
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Rejection:
    """A line that gave no product: its number (from 1), why, and how it begins."""

    line: int
    reason: str
    sample: str


@dataclass(frozen=True)
class Block:
    """Whole lines, the first of which has the number `first_line`; and lines lost before them."""

    first_line: int
    text: bytes
    rejections: tuple[Rejection, ...]


class Source:
    """A source opened for one reading; after `blocks` has ended, `sha256` is that of the file."""

    def __init__(self, path: Path, settings: CatalogueSettings) -> None:
        """Open the file.

        Raises `SourceError` where it is missing, no file, or may not be read.
        """
        mend = "titlewise prepare SOURCE, with the path of a JSON Lines file"
        try:
            if not path.is_file():
                happened = f"{path} is a folder" if path.is_dir() else f"there is no file {path}"
                raise SourceError(happened, "a file of JSON Lines, plain or gzipped", mend)
            self._file = path.open("rb")
        except OSError as exc:
            raise SourceError(f"{path} cannot be opened ({exc.strerror})", "a file that may be read", mend) from exc
        self._path = path
        self._settings = settings
        self._hash = hashlib.sha256()
        self._broken: str | None = None  # what ended the reading early
        self.size_bytes = path.stat().st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the bytes read so far, in hexadecimal."""
        return self._hash.hexdigest()

    def blocks(self, on_bytes: Callable[[int], None]) -> Iterator[Block]:
        """Yield the lines in order, about a megabyte at a time; `on_bytes` hears of every read.

        A line over `max_line_bytes` is passed over without ever being held whole. A
        damaged or truncated gzip ends the reading; what came before it is kept.
        """
        line = 1
        carry = b""  # the beginning of a line whose end is still to be read
        too_long: Rejection | None = None  # the line being passed over
        for piece in self._pieces(on_bytes):
            lost: list[Rejection] = []
            if too_long:
                end = piece.find(b"\n")
                if end < 0:
                    continue
                lost.append(too_long)
                piece, line, too_long = piece[end + 1 :], line + 1, None
            first_end = piece.find(b"\n")
            if len(carry) + (first_end if first_end >= 0 else len(piece)) > self._settings.max_line_bytes:
                too_long = Rejection(line, "line too long", sample_of(carry + piece[: 4 * SAMPLE_CHARACTERS]))
                carry = b""
                if first_end < 0:
                    continue
                lost.append(too_long)
                piece, line, too_long = piece[first_end + 1 :], line + 1, None
            cut = piece.rfind(b"\n") + 1
            if cut or lost:
                text = carry + piece[:cut] if cut else b""
                carry = piece[cut:]  # where lines were lost and none ended, there was no carry
                yield Block(line, text, tuple(lost))
                line += text.count(b"\n")
            else:
                carry += piece
        if self._broken and not _is_json(carry):
            yield Block(line, b"", (too_long or Rejection(line, self._broken, sample_of(carry)),))
        elif self._broken:
            yield Block(line, carry + b"\n", ())
            yield Block(line + 1, b"", (Rejection(line + 1, self._broken, ""),))
        elif carry or too_long:
            yield Block(line, carry, (too_long,) if too_long else ())

    def _pieces(self, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
        """Yield the text without its byte order mark, in pieces of a megabyte or two."""
        raw = self._raw_pieces(on_bytes)
        first = next(raw, b"")
        held: list[bytes] = []
        held_bytes = 0
        is_start = True
        for piece in self._unzip(_chain(first, raw)) if first.startswith(_GZIP_MAGIC) else _chain(first, raw):
            held.append(piece)
            held_bytes += len(piece)
            if held_bytes >= self._settings.read_bytes:
                joined = b"".join(held)
                yield joined.removeprefix(_BYTE_ORDER_MARK) if is_start else joined
                held, held_bytes, is_start = [], 0, False
        joined = b"".join(held)
        yield joined.removeprefix(_BYTE_ORDER_MARK) if is_start else joined

    def _raw_pieces(self, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
        while True:
            try:
                piece = self._file.read(self._settings.read_bytes)
            except OSError as exc:
                raise SourceError(
                    f"{self._path} cannot be read ({exc.strerror})", "a readable file", "copy the file anew"
                ) from exc
            if not piece:
                return
            self._hash.update(piece)
            on_bytes(len(piece))
            yield piece

    def _unzip(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        """Unzip all members, at most `read_bytes` of text at a time."""
        unzip = zlib.decompressobj(_GZIP_WINDOW_BITS)
        started = False  # whether the present member has begun
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
                    self._broken = "damaged gzip"
                    for _ in raw:  # the SHA-256 is of the whole file
                        pass
                    return
                if text:
                    yield text
                full = len(text) == self._settings.read_bytes and not unzip.eof
                waiting = unzip.unconsumed_tail
                if unzip.eof:
                    waiting = unzip.unused_data
                    unzip = zlib.decompressobj(_GZIP_WINDOW_BITS)
                    started = False
        if started:
            self._broken = "truncated gzip"


def sample_of(line: bytes) -> str:
    """Return the first characters of a line, legible whatever it holds."""
    return line[: 4 * SAMPLE_CHARACTERS].decode("utf-8", "replace")[:SAMPLE_CHARACTERS].rstrip("\r\n")


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _slices(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Cut pieces small: zlib copies what it leaves over, once for every gzip member."""
    for piece in pieces:
        for start in range(0, len(piece), _SLICE_BYTES):
            yield piece[start : start + _SLICE_BYTES]


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True

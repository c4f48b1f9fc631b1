"""JSON Lines: a JSON object a line.

Lines are cut out of the bytes here, and read where the block is read. Dictionaries written as Python does are read too.

    for block in line_blocks(text.pieces(), CatalogueSettings(), stream.ending):
        …
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from index.catalogue.sources.blocks import NOT_UTF8, SAMPLE_CHARACTERS, Read, Rejection, Row, sample_of
from index.catalogue.sources.encodings import BYTE_ORDER_MARK
from index.catalogue.sources.literals import structure_in
from index.catalogue.sources.streams import Ending
from index.settings import CatalogueSettings

_PYTHON = ("{'", "{u'")  # how a dictionary of Python's begins


@dataclass(frozen=True)
class LineBlock:
    """Whole lines, the first of which has the number `first_line`; and lines lost before them."""

    first_line: int
    text: bytes
    rejections: tuple[Rejection, ...]
    joined: int = 0

    def rows(self) -> Iterator[Read]:
        """Read the lines."""
        for number, line in enumerate(self.text.split(b"\n"), self.first_line):
            if line.strip():
                yield number, read_object(line), line


@dataclass(frozen=True)
class ElementBlock:
    """JSON objects that may be of several lines, each with the number of its first."""

    numbered: tuple[tuple[int, bytes], ...]
    rejections: tuple[Rejection, ...]
    joined: int = 0

    def rows(self) -> Iterator[Read]:
        """Read the objects."""
        return ((number, read_object(text), text) for number, text in self.numbered)


def read_object(text: bytes) -> Row | str:
    """Return the JSON object that a text is, taken out of a wrapping such as `{"node": …}`; or why it is none."""
    if b"\0" in text:
        return "NUL byte"
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        return NOT_UTF8
    try:
        row = json.loads(decoded.lstrip(BYTE_ORDER_MARK))
    except (ValueError, RecursionError):
        row = structure_in(decoded) if decoded.lstrip().startswith(_PYTHON) else None
        if row is None:
            return "not JSON"
    if not isinstance(row, dict) or not all(isinstance(name, str) for name in row):
        return "not an object"
    return _unwrapped(row)


def line_blocks(pieces: Iterator[bytes], settings: CatalogueSettings, ending: Ending) -> Iterator[LineBlock]:
    """Yield the lines in order, about a megabyte at a time.

    A line over `max_line_bytes` is passed over without ever being held whole. Where `ending` turns out broken, what
    came before is kept.
    """
    line = 1
    carry = b""  # the beginning of a line whose end is still to be read
    too_long: Rejection | None = None  # the line being passed over
    for piece in pieces:
        lost: list[Rejection] = []
        if too_long:
            end = piece.find(b"\n")
            if end < 0:
                continue
            lost.append(too_long)
            piece, line, too_long = piece[end + 1 :], line + 1, None
        first_end = piece.find(b"\n")
        if len(carry) + (first_end if first_end >= 0 else len(piece)) > settings.max_line_bytes:
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
            yield LineBlock(line, text, tuple(lost))
            line += text.count(b"\n")
        else:
            carry += piece
    broken = ending.broken or ending.loose_end
    if broken and not isinstance(read_object(carry), dict):
        yield LineBlock(line, b"", (too_long or Rejection(line, broken, sample_of(carry)),))
    elif broken:
        yield LineBlock(line, carry + b"\n", ())
        yield LineBlock(line + 1, b"", (Rejection(line + 1, broken, ""),))
    elif carry or too_long:
        yield LineBlock(line, carry, (too_long,) if too_long else ())


def _unwrapped(row: Row) -> Row:
    """Return the product inside an element of a list: `{"node": …}` of GraphQL, `{"item": …}` of schema.org."""
    for name in ("node", "item"):
        inner = row.get(name)
        if isinstance(inner, dict) and (row.get("@type") == "ListItem" or row.keys() <= {name, "cursor"}):
            return inner
    return row

"""The text of a source as UTF-8, whatever it is encoded in: UTF-8, UTF-16 or Windows-1252, with or without a mark.

UTF-16 is told by its mark or by its zeros. What is neither is told by the first piece that is not plain ASCII: where
most of that is no UTF-8, it is Windows-1252. Single places that are no UTF-8 stay as they are, for who reads them.

    text = Text(pieces, least_foreign=1)
    for piece in text.pieces():
        …
    text.encoding      # "UTF-8"
"""

import codecs
import itertools
import re
from collections.abc import Iterator

BYTE_ORDER_MARK = "\ufeff"
_UTF8_MARK = codecs.BOM_UTF8
_UTF16 = {codecs.BOM_UTF16_LE: "UTF-16LE", codecs.BOM_UTF16_BE: "UTF-16BE"}
_WINDOWS = "Windows-1252"
_FOREIGN = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")
_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\sencoding=[\"']([\w.-]+)[\"']")
_MOST_ZEROS = 0.4  # of the bytes at even or odd places, in UTF-16 of a language with an alphabet
_TOLD_BY = 2048  # bytes


class Text:
    """The text of a source, read once; `encoding` is certain when what is not ASCII was met."""

    def __init__(self, pieces: Iterator[bytes], least_foreign: int, declared: str = "") -> None:
        """Decode `pieces`; Windows-1252 needs at least so many lines that are no UTF-8.

        `declared` is an encoding that the source itself names, "" where it names none.
        """
        self._pieces = pieces
        self._least_foreign = least_foreign
        self._declared = declared
        self.encoding = "UTF-8"

    def pieces(self) -> Iterator[bytes]:
        """Yield the text in UTF-8, without the mark it begins with."""
        first = next(self._pieces, b"")
        if utf16 := _utf16_of(first):
            self.encoding = utf16
            yield from self._decoded(first[2:] if first[:2] in _UTF16 else first, utf16)
            return
        if self._declared:
            self.encoding = self._declared
            yield from self._decoded(first, self._declared)
            return
        yield from self._known_by_content(first.removeprefix(_UTF8_MARK))

    def _known_by_content(self, first: bytes) -> Iterator[bytes]:
        is_known = False
        for piece in itertools.chain([first], self._pieces):
            if not is_known and not piece.isascii():
                encoding = encoding_of(piece, self._least_foreign)
                if encoding == _WINDOWS:
                    self.encoding = encoding
                    yield from self._decoded(piece, "cp1252")
                    return
                is_known = bool(encoding)
            yield piece

    def _decoded(self, first: bytes, codec: str) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(codec)("replace")
        yield decoder.decode(first).encode("utf-8", "replace")
        for piece in self._pieces:
            yield decoder.decode(piece).encode("utf-8", "replace")
        yield decoder.decode(b"", True).encode("utf-8", "replace")


def encoding_of(piece: bytes, least_foreign: int) -> str:
    """Return how a piece that is not ASCII is encoded: "UTF-8", "Windows-1252" where little of it is; "" is untold."""
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(piece)  # its end may be half a sign
    foreign = len(_FOREIGN.findall(text))
    if foreign <= len(_BEYOND_ASCII.findall(text)):
        return "UTF-8"
    lines = sum(_FOREIGN.search(line) is not None for line in text.split("\n"))
    return _WINDOWS if lines >= least_foreign else ""


def mended(cell: str) -> str:
    """Return a cell whose bytes that are no UTF-8 were kept as surrogates: it is Windows-1252."""
    if cell.isascii() or not _FOREIGN.search(cell):
        return cell
    return cell.encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _utf16_of(first: bytes) -> str:
    if first[:2] in _UTF16:
        return _UTF16[first[:2]]
    start = first[:_TOLD_BY]
    zeros = [start[place::2].count(0) / max(len(start) // 2, 1) for place in (0, 1)]
    if min(zeros) < _MOST_ZEROS / 4 and max(zeros) > _MOST_ZEROS:
        return "UTF-16BE" if zeros[0] > zeros[1] else "UTF-16LE"
    return ""


def declared_in(head: bytes) -> str:
    """Return the encoding that an XML declaration names, "" where it names none that is worth believing."""
    found = _DECLARATION.match(head)
    if not found:
        return ""
    name = found[1].decode("ascii")
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return ""
    return "" if codec.startswith(("utf", "ascii")) else name

"""JSON documents: an array of products, a list of them somewhere inside an object, or objects one after another.

The objects are cut out of the bytes as they come, by their brackets and quotes alone, and read where the block is read.
An object that is damaged loses itself: the next one is looked for where a line begins as it did.

    place = list_in(head)
    for block in element_blocks(text.pieces(), place, CatalogueSettings(), stream.ending):
        …
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.catalogue.sources.blocks import SAMPLE_CHARACTERS, Rejection, sample_of
from index.catalogue.sources.columns import plain_name
from index.catalogue.sources.json_lines import ElementBlock
from index.catalogue.sources.streams import Ending
from index.settings import CatalogueSettings

LISTS = frozenset(
    "@graph articles catalog catalogue data docs documents edges entries hits itemlistelement items nodes "
    "products records results rows".split()
)
_STRING = rb'"(?:[^"\\\n]|\\.)*"'
_TOKEN = re.compile(_STRING + rb'|[\[\]{}"]')
_MEMBER = re.compile(rb'(?P<text>%s)(?P<key>\s*:)?|[\[\]{}"]' % _STRING)
_SCALAR = re.compile(_STRING + rb'|[^\s,:\[\]{}"]+')
_OBJECT_AHEAD = re.compile(rb"(?<!\s)\s*\{")
_BETWEEN = re.compile(rb"[\s,\xef\xbb\xbf]*")  # what may stand between two objects
_AFTER_ANOTHER = re.compile(rb"[,\]}]\s*(?=\{)")
_OPENING = {b"]": b"[", b"}": b"{"}
_KEPT_BYTES = 256  # of what is passed over, for the beginning of the next object may be among them
_DAMAGED = -1
_Cutting = tuple[int, bytes] | Rejection


@dataclass(frozen=True)
class ListPlace:
    """Where the objects begin, in bytes, and whether they are in a list, or stand at the top by themselves."""

    start: int
    in_list: bool
    inside: str = ""  # the name of that list, where it has one


def list_in(head: bytes, is_product: frozenset[str] = frozenset()) -> ListPlace:
    """Return where the objects of a document are, from how it begins.

    `is_product` are names in plain form of which an object at the top has two where it is a product itself: then the
    lists inside it are no lists of products.
    """
    start = len(head) - len(head.lstrip())
    if head[start : start + 1] == b"[":
        return ListPlace(start + 1, True)
    lists, own_names = _lists(head)
    named = [each for each in lists if each.inside.casefold() in LISTS]
    if len(is_product & own_names) > 1 and not named:
        return ListPlace(start, False)
    return next(iter(named or lists), ListPlace(start, False))


def _lists(head: bytes) -> tuple[list[ListPlace], set[str]]:
    """Return the lists of objects in the object that a document begins with, the outermost first; and its names."""
    found: list[tuple[int, ListPlace]] = []
    own_names: set[str] = set()
    keys: list[str] = []  # of what is open, outermost first
    key = ""
    for token in _MEMBER.finditer(head):
        sign = token[0]
        if token["key"]:
            key = token["text"][1:-1].decode("utf-8", "replace")
            if len(keys) == 1:
                own_names.add(plain_name(key))
        elif sign in (b"[", b"{"):
            if sign == b"[" and _OBJECT_AHEAD.match(head, token.end()):
                found.append((len(keys), ListPlace(token.end(), True, key)))
            keys.append(key)
            key = ""
        elif sign in _OPENING and keys:
            keys.pop()
            if not keys:
                break
    return [place for _, place in sorted(found, key=lambda each: each[0])], own_names


def element_blocks(
    pieces: Iterator[bytes], place: ListPlace, settings: CatalogueSettings, ending: Ending
) -> Iterator[ElementBlock]:
    """Yield the objects in order, about a megabyte at a time; one over `max_line_bytes` is passed over."""
    cutter = _Cutter(place, settings.max_line_bytes)
    for piece in pieces:
        yield _block_of(cutter.cut(piece, is_last=False))
    yield _block_of(cutter.cut(b"", is_last=True))
    if not cutter.is_complete:
        ending.broken = ending.broken or "truncated JSON"
    if broken := ending.broken or ending.loose_end:
        yield ElementBlock((), (Rejection(cutter.line, broken, sample_of(cutter.left)),))


def _block_of(cuttings: Iterator[_Cutting]) -> ElementBlock:
    found = list(cuttings)
    lost = tuple(each for each in found if isinstance(each, Rejection))
    return ElementBlock(tuple(each for each in found if not isinstance(each, Rejection)), lost)


@dataclass
class _Cutter:
    """Cuts objects out of pieces of a document; `left` is what is not cut yet, and begins in `line`."""

    place: ListPlace
    max_bytes: int  # of an object
    left: bytes = b""
    line: int = 1
    is_complete: bool = False  # the list has ended; outside a list, every object that was begun has
    _skipped: int = 0  # bytes before the objects
    _is_lost: bool = False  # what comes belongs to a damaged object
    _resume: re.Pattern[bytes] = _AFTER_ANOTHER  # where the next object begins, after damage

    def cut(self, piece: bytes, *, is_last: bool) -> Iterator[_Cutting]:
        """Yield the objects that end in the next piece, with their lines, and what is lost."""
        if self.is_complete and self.place.in_list:
            return
        text = self.left + piece
        place = min(self.place.start - self._skipped, len(text))
        self._skipped += place
        self.line += text.count(b"\n", 0, place)
        while (start := self._next(text, place)) is not None:
            self.line += text.count(b"\n", place, start)
            place = start
            if self.place.in_list and text.startswith(b"]", start):
                self.is_complete, self.left = True, b""
                return
            end = self._end(text, start, is_last)
            if end is None:
                break  # it goes on in the next piece, or the document was cut off
            if end == _DAMAGED:
                long = len(text) - start > self.max_bytes
                sample = sample_of(text[start : start + 4 * SAMPLE_CHARACTERS])
                yield Rejection(self.line, "object too long" if long else "not JSON", sample)
                self._is_lost = True
                place = start + 1
                continue
            yield self.line, text[start:end]
            self.line += text.count(b"\n", start, end)
            place = end
        self._keep(text, place, is_last)

    def _next(self, text: bytes, place: int) -> int | None:
        """Return where the next object begins, or the list ends; None where neither is in the text."""
        if self._is_lost:
            found = self._resume.search(text, place)
            self._is_lost = found is None
            return found.end() if found else None
        between = _BETWEEN.match(text, place)
        start = between.end() if between else place
        before = text[max(start - _KEPT_BYTES, 0) : start].rpartition(b"\n")
        if self._resume is _AFTER_ANOTHER and before[1] and not before[2].strip():
            self._resume = re.compile(rb"\n%s(?=\{)" % before[2])
        return start if start < len(text) else None

    def _end(self, text: bytes, start: int, is_last: bool) -> int | None:
        """Return where what begins at `start` ends, `_DAMAGED`, or None where the text ends before it does."""
        end = _end_of_element(text, start)
        if end is not None:
            return None if end == len(text) and not is_last and text[start] not in b"{[" else end
        if len(text) - start > self.max_bytes:
            return _DAMAGED
        return _DAMAGED if is_last and self._resume.search(text, start + 1) else None

    def _keep(self, text: bytes, place: int, is_last: bool) -> None:
        if self._is_lost and not is_last:
            passed = max(len(text) - _KEPT_BYTES, place)
            self.line += text.count(b"\n", place, passed)
            self.left = text[passed:]
            return
        self.left = text[place:].strip() if is_last else text[place:]
        if self._is_lost:  # the last object was damaged: how the document ends tells whether it is whole
            self.is_complete = text.rstrip().endswith(b"}" if self.place.inside else b"]")
        else:
            self.is_complete = not self.place.in_list and not _BETWEEN.sub(b"", self.left, count=1)


def _end_of_element(text: bytes, start: int) -> int | None:
    """Return where an object, array or scalar ends, `_DAMAGED`, or None where the text ends before it does."""
    if text[start] not in b"{[":
        scalar = _SCALAR.match(text, start)
        return scalar.end() if scalar else _DAMAGED
    opened: list[bytes] = []
    for token in _TOKEN.finditer(text, start):
        sign = token[0]
        if sign == b'"':  # a quote that is not closed in its line: damage, unless the text ends before the line does
            return _DAMAGED if text.find(b"\n", token.start()) >= 0 else None
        if sign in (b"[", b"{"):
            opened.append(sign)
        elif sign in _OPENING:
            if opened.pop() != _OPENING[sign]:
                return _DAMAGED
            if not opened:
                return token.end()
    return None

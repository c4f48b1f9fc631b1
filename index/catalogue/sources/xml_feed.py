"""XML feeds: the items of RSS, the entries of Atom, the products of other feeds.

An item becomes a row by the names of its elements, without their namespaces: what is repeated becomes a list, what has
elements inside a dictionary. lxml reads on behind most damage; it is told how to do no more than read.

    for block in feed_blocks(text.pieces(), stream.ending):
        …
"""

import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from index.catalogue.sources.blocks import Rejection, Row, RowBlock, sample_of
from index.catalogue.sources.streams import Ending, PieceReader

if TYPE_CHECKING:
    from lxml.etree import _Element

_ITEMS = "item entry product offer shopitem article row record"
_TAGS = [f"{{*}}{written}" for name in _ITEMS.split() for written in (name, name.title(), name.upper())]
_ITEM_ENDS = re.compile(rf"</(?:\w+:)?(?:{_ITEMS.replace(' ', '|')})>\s*$".encode(), re.I)
_GOOGLE = "base.google.com/ns"
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_LONGEST_ENTITY = 12  # bytes
_TAIL_BYTES = 256
_ROWS_PER_BLOCK = 500
_TRUNCATED = "truncated XML"


def feed_blocks(pieces: Iterator[bytes], ending: Ending) -> Iterator[RowBlock]:
    """Yield the items in order, some hundred at a time, each with the line in which it begins.

    Where the feed is cut off, `ending` will say so, and the item that was begun is lost.
    """
    from lxml import etree

    tail = bytearray()
    events = etree.iterparse(
        PieceReader(_escaped(pieces, tail)),
        events=("start", "end"),
        tag=_TAGS,
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    items = _items(events)
    rows = list(itertools.islice(items, _ROWS_PER_BLOCK))
    while len(rows) == _ROWS_PER_BLOCK and (following := list(itertools.islice(items, _ROWS_PER_BLOCK))):
        yield RowBlock(tuple(rows))
        rows = following
    if not bytes(tail).rstrip().endswith(_closing_tag(events.root)):
        ending.broken = ending.broken or _TRUNCATED
    yield from _last_blocks(rows, ending, events.error_log, bytes(tail))


def _last_blocks(rows: list[tuple[int, Row]], ending: Ending, errors: Any, tail: bytes) -> Iterator[RowBlock]:
    """Yield the last rows, and what was damaged: one that was cut off is no row."""
    places = {error.line: error.message for error in reversed(errors) if "Premature" not in error.message}
    lost = [Rejection(line, "damaged XML", message) for line, message in sorted(places.items())]
    if ending.broken:
        is_cut = bool(rows) and not _ITEM_ENDS.search(tail)
        line, row = rows.pop() if is_cut else (rows[-1][0] if rows else 1, "")
        lost = [Rejection(line, ending.broken, sample_of(row))]
    yield RowBlock(tuple(rows), tuple(lost))


def _closing_tag(root: "_Element | None") -> bytes:
    if root is None:
        return b">"
    name = root.tag.rpartition("}")[2]
    return f"</{root.prefix}:{name}>".encode() if root.prefix else f"</{name}>".encode()


def _escaped(pieces: Iterator[bytes], tail: bytearray) -> Iterator[bytes]:
    """Yield the text with every "&" that begins no entity of XML's written as one; `tail` is its end."""
    left = b""
    for piece in pieces:
        text = left + piece
        cut = text.rfind(b"&", max(len(text) - _LONGEST_ENTITY, 0))
        left = text[cut:] if cut >= 0 else b""
        yield _BARE_AMPERSAND.sub(b"&amp;", text[:cut] if cut >= 0 else text)
        tail[:] = (bytes(tail) + piece)[-_TAIL_BYTES:]
    yield _BARE_AMPERSAND.sub(b"&amp;", left)


def _items(events: Any) -> Iterator[tuple[int, Row]]:
    """Yield the outermost items, and those that are right inside one because its end is missing; let go of each."""
    depth = 0
    for event, item in events:
        depth += 1 if event == "start" else -1
        parent = item.getparent()
        is_inside = depth > 0 and parent is not None and parent.tag == item.tag
        if event == "end" and (depth == 0 or is_inside):
            yield item.sourceline or 1, _row_of(item)
            item.clear()
            if is_inside:
                parent.remove(item)
            while depth == 0 and item.getprevious() is not None:
                del parent[0]


def _row_of(item: "_Element") -> Row:
    row: Row = {name.rpartition("}")[2]: value for name, value in item.attrib.items()}
    from_google: set[str] = set()
    own: set[str] = set()
    for child in item:
        space, _, name = child.tag.rpartition("}")
        is_google = _GOOGLE in space
        if name in from_google and not is_google:
            continue
        if name not in own or (is_google and name not in from_google):
            row[name] = _value(child)
        else:
            before = row[name]
            row[name] = [*(before if isinstance(before, list) else [before]), _value(child)]
        own.add(name)
        if is_google:
            from_google.add(name)
    return row


def _value(element: "_Element") -> Any:
    direct = [element.text, *(child.tail for child in element)]
    if len(element) and not any(map(str.strip, filter(None, direct))):
        return _row_of(element)
    text = "".join(element.itertext()).strip()
    if label := element.get("name"):
        return {"name": label, "value": text}
    return text or element.get("href") or element.get("value")

"""CSV and TSV: a header, then records; cells in quotes may hold delimiters and line ends.

Python's own `csv` reads them strictly. Where quotes do not match, the line by which the record began is read by itself,
and the next line begins a new record: one stray quote loses one row, not the rest of the file. Arrow's reader gives up
there.

    table = Delimited(text.pieces(), Format("CSV", ";"), max_bytes=4 << 20)
    for block in table.blocks(chosen, stream.ending):
        …
"""

import csv
import io
import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from index.catalogue.sources.blocks import SAMPLE_CHARACTERS, Read, Rejection, Row, sample_of
from index.catalogue.sources.columns import Chosen
from index.catalogue.sources.encodings import BYTE_ORDER_MARK, mended
from index.catalogue.sources.formats import Format
from index.catalogue.sources.streams import Ending, PieceReader

_MISSING = frozenset({"", "null", "nan", "none", "\\n", "#n/a", "<na>", "nil"})
_WHOLE_NUMBER = re.compile(r"(?<!\d)([1-9]\d*+)\.0")  # as pandas writes a number where another one is missing
_BUFFER_BYTES = 1 << 18
_ROWS_PER_BLOCK = 1000
_Cell = str | list[str]
_Record = tuple[int, list[str] | str, str]  # its line; its cells, or why there are none; how it begins


@dataclass(frozen=True)
class CellBlock:
    """Records, each with its line and the cells of `names`; `identifiers` are the columns of uids and the like."""

    names: tuple[str, ...]
    identifiers: frozenset[str]
    numbered: tuple[tuple[int, Sequence[_Cell]], ...]
    rejections: tuple[Rejection, ...]
    joined: int

    def rows(self) -> Iterator[Read]:
        """Yield the rows, with None for cells that are empty or say so."""
        for number, cells in self.numbered:
            row: Row = {name: _value(cell) for name, cell in zip(self.names, cells, strict=True)}
            for name in self.identifiers:
                if isinstance(row[name], str) and (whole := _WHOLE_NUMBER.fullmatch(row[name])):
                    row[name] = whole[1]
            yield number, row, row


class Delimited:
    """A source of delimited text, read once; `columns` is its header, with no name twice."""

    def __init__(self, pieces: Iterable[bytes], form: Format, max_bytes: int) -> None:
        """Read the header; `max_bytes` a record may have."""
        csv.field_size_limit(max_bytes)  # of the whole process: 128 kB are less than some descriptions
        raw = io.BufferedReader(PieceReader(iter(pieces)), _BUFFER_BYTES)
        text = io.TextIOWrapper(raw, "utf-8", "surrogateescape")
        for _ in range(form.lines_before):
            text.readline()
        self._lines = _Lines(text, form.lines_before + 1, max_bytes)
        self._records = _records(self._lines, form)
        _, header, _ = next(self._records, (1, [], ""))
        self._header = header if isinstance(header, list) else []
        self.columns = _distinct(self._header)

    def blocks(self, chosen: Chosen, ending: Ending) -> Iterator[CellBlock]:
        """Yield the chosen columns of all records, some thousand at a time."""
        names = chosen.read_of(self.columns)
        identifiers = frozenset({chosen.uid, *chosen.ids} & {*names})
        places = [self.columns.index(name) for name in names]
        lost: list[Rejection] = []
        cells = ((line, [record[place] for place in places]) for line, record in self._checked(lost, ending))
        for grouped in _batched(_joined(cells) if chosen.joins_rows else ((1, *each) for each in cells)):
            joined = sum(count for count, _, _ in grouped) - len(grouped)
            yield CellBlock(names, identifiers, tuple((at, row) for _, at, row in grouped), tuple(lost), joined)
            lost.clear()
        yield CellBlock(names, identifiers, (), tuple(lost), 0)

    def _checked(self, lost: list[Rejection], ending: Ending) -> Iterator[tuple[int, list[str]]]:
        """Yield the records that have no more cells than the header; add the others to `lost`.

        A record in which the source breaks off is one of the others.
        """
        width = len(self.columns)
        for line, cells, begins in self._whole_records(lost, ending):
            if isinstance(cells, str):
                lost.append(Rejection(line, cells, sample_of(begins)))
            elif any(cells[width:]):
                lost.append(Rejection(line, "more cells than the header", sample_of(begins)))
            elif cells == self._header:
                lost.append(Rejection(line, "the header again", sample_of(begins)))
            elif any(cells):
                yield line, cells[:width] + [""] * (width - len(cells))

    def _whole_records(self, lost: list[Rejection], ending: Ending) -> Iterator[_Record]:
        held: _Record | None = None
        for record in self._records:
            if held is not None:
                yield held
            held = record
        broken = ending.broken or ending.loose_end
        is_cut = bool(ending.broken) and not self._lines.last.endswith("\n")
        if held is not None and not is_cut:
            yield held
        if broken:
            cut = held if held is not None and is_cut else (self._lines.line, [], "")
            lost.append(Rejection(cut[0], broken, sample_of(cut[2])))


class _TooLong(str):
    """The beginning of a line that was too long to be held."""


class _Lines:
    """Lines of a text, those of the present record held so that it can be read again."""

    def __init__(self, text: io.TextIOWrapper, first_line: int, max_characters: int) -> None:
        self._text = text
        self._max_characters = max_characters
        self._again: deque[str] = deque()
        self.held: list[str] = []
        self.line = first_line  # of the present record
        self.last = ""  # line that was read

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._next_line()
        if not line:
            raise StopIteration
        if line[0] == BYTE_ORDER_MARK:
            line = line.lstrip(BYTE_ORDER_MARK)
        self.held.append(line)
        self.last = line
        if isinstance(line, _TooLong):
            raise csv.Error
        return line

    def _next_line(self) -> str:
        line = self._text.readline(self._max_characters)
        if len(line) < self._max_characters or line.endswith("\n"):
            return line
        while (more := self._text.readline(self._max_characters)) and not more.endswith("\n"):
            pass
        return _TooLong(line[:SAMPLE_CHARACTERS])

    def next_record(self) -> None:
        """Let go of the present record."""
        self.line += len(self.held)
        self.held.clear()

    def only_the_first(self) -> str:
        """Keep the first line of the present record, and give the others again."""
        first, *others = self.held
        self._again.extendleft(reversed(others))
        self.held = [first]
        return first


def _records(lines: _Lines, form: Format) -> Iterator[_Record]:
    width = 0
    while True:
        try:
            for cells in form.reader(lines):
                width = width or len(cells)
                yield lines.line, cells, lines.held[0]
                lines.next_record()
            return
        except csv.Error:
            first = lines.only_the_first()
            yield lines.line, _loosely(first, form.delimiter, width), first
            lines.next_record()


def _loosely(line: str, delimiter: str, width: int) -> list[str] | str:
    """Return the cells of a line in which quotes do not match, where they are `width`; or why there are none.

    Only a quote before a delimiter ends a cell in quotes: in "so "called" it", the others are part of it.
    """
    if isinstance(line, _TooLong):
        return "line too long"
    cut = re.escape(delimiter)
    cell = re.compile(rf'(?:"(?P<quoted>.*?)"|(?P<bare>[^{cut}]*)){cut}')
    found = cell.finditer(line.rstrip("\r\n") + delimiter)
    cells = [(each["bare"] if each["quoted"] is None else each["quoted"]).replace('""', '"') for each in found]
    return cells if len(cells) == width else "a quote that is not closed"


def _joined(cells: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, int, list[_Cell]]]:
    """Join records that stand together, have the same first cell, and no second cell of their own.

    Yields how many records a row is of, the line of the first, and cells that are lists where the records differ.
    """
    group: list[list[str]] = []
    first_line = 0
    for line, record in cells:
        if group and record[0] and record[0] == group[0][0] and record[1] in ("", group[0][1]):
            group.append(record)
            continue
        if group:
            yield len(group), first_line, _row_of(group)
        group, first_line = [record], line
    if group:
        yield len(group), first_line, _row_of(group)


def _row_of(group: Sequence[Sequence[str]]) -> list[_Cell]:
    columns = ([cell for cell in dict.fromkeys(column) if cell] for column in zip(*group, strict=True))
    return [cells if len(cells) > 1 else "".join(cells) for cells in columns]


def _batched(rows: Iterable[tuple[int, int, Any]]) -> Iterator[list[tuple[int, int, Any]]]:
    waiting = iter(rows)
    while batch := list(itertools.islice(waiting, _ROWS_PER_BLOCK)):
        yield batch


def _value(cell: _Cell) -> Any:
    if isinstance(cell, list):
        return [mended(each) for each in cell]
    return None if cell.strip().lower() in _MISSING else mended(cell)


def _distinct(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a header, stripped; one without a name, or with that of another, gets a number."""
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = " ".join(mended(cell).strip(BYTE_ORDER_MARK).split()) or f"column {number}"
        names.append(name if name not in names else f"{name} {number}")
    return tuple(names)

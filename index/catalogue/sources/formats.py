"""Which format a source has, from how it begins; its name decides only where the beginning leaves it open.

text_format(b"id;title", "shop.csv", is_whole=True)      # Format("CSV", delimiter=";")
"""

import contextlib
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from index.catalogue.sources.columns import identity_names, plain_name
from index.catalogue.sources.encodings import BYTE_ORDER_MARK
from index.catalogue.sources.literals import structure_in
from index.errors import SourceError

JSON_LINES, JSON, DELIMITED, XML, PARQUET, ARROW = "JSON Lines", "JSON", "CSV", "XML", "Parquet", "Arrow"
_BINARY = {b"PAR1": PARQUET, b"ARROW1": ARROW, b"\xff\xff\xff\xff": ARROW}
_STRANGERS = {
    b"PK\x03\x04": ("a ZIP file or an Excel workbook", "unpack it, or save the sheet as CSV UTF-8"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "save the sheet as CSV UTF-8"),
    b"%PDF": ("a PDF", "export the products as CSV"),
    b"SQLite format 3": ("an SQLite database", "export the table as CSV"),
}
_PAGE = re.compile(r"^\s*<(?:!doctype html|html)\b", re.I)
_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.I)  # Excel's own hint
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")
_MOST_CONTROL = 0.05  # of the characters
_LOOKED_AT = 100  # records
_HEADER_WITHIN = 10  # lines
_TOLD_BY = 20  # lines
_QUOTES_FAIL = 0.1
_MOST_QUOTED = 0.05  # of the cells stand in quotes where quotes mean nothing
_LEAST_ALIKE = 0.5  # of the records have as many cells as the header
_DELIMITED_NAMES = (".csv", ".tsv", ".tab")
_JSON_NAMES = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Format:
    """A format; of delimited text its delimiter, how cells are quoted, and how many lines stand before the header."""

    name: str
    delimiter: str = ""
    is_quoted: bool = True
    escapes_quotes: bool = False  # by a backslash, not by doubling
    lines_before: int = 0

    def __str__(self) -> str:
        if not self.delimiter:
            return self.name
        return "TSV" if self.delimiter == "\t" else f'{self.name} with "{self.delimiter}"'

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Read delimited text strictly: quotes that do not match raise `csv.Error`."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.is_quoted else csv.QUOTE_NONE,
            escapechar="\\" if self.escapes_quotes else None,
            doublequote=not self.escapes_quotes,
            skipinitialspace=True,
            strict=True,
        )


def binary_format(head: bytes, name: str) -> Format | None:
    """Return the format of a source that is no text, None where it is text.

    Raises `SourceError` for what is known and holds no products as such.
    """
    for magic, (kind, mend) in _STRANGERS.items():
        if head.startswith(magic):
            raise _stranger(name, kind, mend)
    return next((Format(kind) for magic, kind in _BINARY.items() if head.startswith(magic)), None)


def text_format(head: bytes, name: str, *, is_whole: bool) -> Format:
    """Return the format of a source of text, UTF-8, from how it begins; `is_whole` where that is all of it.

    Raises `SourceError` for a web page.
    """
    text = head.decode("utf-8", "replace").lstrip(BYTE_ORDER_MARK)
    begins = text.lstrip()[:1]
    if begins == "<":
        if _PAGE.match(text):
            raise _stranger(name, "a web page", "download the feed or export itself")
        return Format(XML)
    bare_name = name.lower().removesuffix(".gz").removesuffix(".zst")
    lines = [line.strip(BYTE_ORDER_MARK + " \t\r") for line in text.split("\n", _TOLD_BY)[:_TOLD_BY]]
    lines = [line for line in lines if line]
    if begins in ("{", "["):
        return Format(JSON if _is_document(lines) else JSON_LINES)
    if bare_name.endswith(_JSON_NAMES) or any(isinstance(structure_in(line), dict) for line in lines):
        return Format(JSON_LINES)
    by_name = Format(DELIMITED, ",") if bare_name.endswith(_DELIMITED_NAMES) else Format(JSON_LINES)
    return _delimited(text, is_whole=is_whole) or by_name


def _stranger(name: str, kind: str, mend: str) -> SourceError:
    expected = "JSON Lines, JSON, CSV, TSV, Parquet, Arrow or XML"
    return SourceError(f"{name} is {kind}", expected, f"{mend}; then titlewise prepare SOURCE")


def _delimited(text: str, *, is_whole: bool) -> Format | None:
    """Return how a text is delimited: as most records have as many cells as the header; None where it is not at all."""
    if len(_CONTROL.findall(text)) > _MOST_CONTROL * len(text):
        return None  # noise has commas too
    hint = _SEPARATOR_LINE.match(text)
    if hint:
        return Format(DELIMITED, hint[1], lines_before=1)
    lines = list(io.StringIO(text, newline=None))[: None if is_whole else -1]
    ways = [(True, False), (True, True), (False, False)] if '\\"' in text else [(True, False), (False, False)]
    best: tuple[float, int] = (_LEAST_ALIKE, 1)
    found = None
    for form in (Format(DELIMITED, delimiter, *way) for delimiter in _DELIMITERS for way in ways):
        scored = _score(lines, form)
        if scored[1] > 1 and scored > best:
            best, found = scored, form
    return found and replace(found, lines_before=_lines_before_header(lines, found))


def _score(lines: Sequence[str], form: Format) -> tuple[float, int]:
    """Return the share of records that have as many cells as most, less where quotes fail, and how many those are."""
    records, penalty = _first_records(lines, form)
    if not records:
        return 0.0, 0
    cells = list(itertools.chain.from_iterable(records))
    quoted = sum(cell.startswith('"') and cell.endswith('"') for cell in cells)
    if not form.is_quoted and quoted > _MOST_QUOTED * len(cells):
        return 0.0, 0
    width, count = Counter(map(len, records)).most_common(1)[0]
    return round(count / len(records) - penalty, 1), width


def _first_records(lines: Sequence[str], form: Format) -> tuple[list[list[str]], float]:
    """Return the first records that are not empty, and a penalty where quotes do not match in the one behind them."""
    records: list[list[str]] = []
    try:
        for cells in form.reader(lines):
            if any(cells):
                records.append(cells)
            if len(records) == _LOOKED_AT:
                break
    except csv.Error:
        return records, _QUOTES_FAIL
    return records, 0.0


def _lines_before_header(lines: Sequence[str], form: Format) -> int:
    """Return how many lines stand before a header that names a uid and a title; 0 where the first ones have none."""
    names = identity_names()
    for before in range(min(len(lines), _HEADER_WITHIN)):
        with contextlib.suppress(csv.Error, StopIteration):
            if len(names & {*map(plain_name, next(form.reader(lines[before:])))}) > 1:
                return before
    return 0


def _is_document(lines: Sequence[str]) -> bool:
    """Return whether text that begins as JSON is one document, not a line for every row."""
    first, *rest = lines
    row = structure_in(first)
    if row is None:
        return first.startswith("[") or not any(isinstance(structure_in(line), dict) for line in rest[:1])
    if rest:
        return False
    return isinstance(row, list) or any(isinstance(value, list | dict) for value in row.values())

"""Which format a source has, from how it begins; its name decides only where the beginning leaves it open.

text_format(b"id;title", "shop.csv", is_whole=True)      # Format("CSV", delimiter=";")
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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
_PAGE = re.compile(r"\s*<(?:!doctype html|html)\b", re.I)
_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.I)  # Excel's own hint
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")
_MOST_CONTROL = 0.05  # of the characters
_LOOKED_AT = 100  # records
_TOLD_BY = 20  # lines
_QUOTES_FAIL = 0.1
_MOST_QUOTED = 0.05  # of the cells stand in quotes where quotes mean nothing
_LEAST_ALIKE = 0.5  # of the records have as many cells as the header
_DELIMITED_NAMES = (".csv", ".tsv", ".tab")
_JSON_NAMES = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Format:
    """A format; of delimited text its delimiter, whether cells may be quoted, and lines before the header."""

    name: str
    delimiter: str = ""
    is_quoted: bool = True
    lines_before: int = 0

    def __str__(self) -> str:
        if not self.delimiter:
            return self.name
        return "TSV" if self.delimiter == "\t" else f'{self.name} with "{self.delimiter}"'


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
    lines = text.splitlines(keepends=True)
    if not is_whole:
        lines = lines[:-1]
    best: tuple[float, int] = (_LEAST_ALIKE, 1)
    found = None
    for delimiter in _DELIMITERS:
        for is_quoted in (True, False):
            scored = _score(lines, delimiter, is_quoted)
            if scored[1] > 1 and scored > best:
                best, found = scored, Format(DELIMITED, delimiter, is_quoted)
    return found


def _score(lines: Sequence[str], delimiter: str, is_quoted: bool) -> tuple[float, int]:
    """Return the share of records that have as many cells as the header, less where quotes fail, and that width."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE
    widths: list[int] = []
    quoted = penalty = 0.0
    try:
        for cells in csv.reader(lines, delimiter=delimiter, strict=True, quoting=quoting):
            if any(cells) and len(widths) < _LOOKED_AT:
                widths.append(len(cells))
                quoted += sum(cell.startswith('"') and cell.endswith('"') for cell in cells) / len(cells)
    except csv.Error:
        penalty = _QUOTES_FAIL
    if not widths or (quoted > _MOST_QUOTED * len(widths) and not is_quoted):
        return 0.0, 0
    return round(sum(width == widths[0] for width in widths) / len(widths) - penalty, 1), widths[0]


def _is_document(lines: Sequence[str]) -> bool:
    """Return whether text that begins as JSON is one document, not a line for every row."""
    first, *rest = lines
    row = structure_in(first)
    if row is None:
        return first.startswith("[") or not any(isinstance(structure_in(line), dict) for line in rest[:1])
    if rest:
        return False
    return isinstance(row, list) or any(isinstance(value, list | dict) for value in row.values())

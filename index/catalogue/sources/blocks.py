"""What every reader of a source gives: blocks of rows, small enough to be handed to another process.

What a row means is not known here; a row is a dictionary by the source's own names of columns, or the reason why it
cannot be read.

    for line, row, raw in block.rows():
        …
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

SAMPLE_CHARACTERS = 200
NOT_UTF8 = "not UTF-8"
Row = dict[str, Any]
Read = tuple[int, Row | str, object]  # line (from 1), row or the reason why there is none, and what it was read from


@dataclass(frozen=True)
class Rejection:
    """A line or row that gave no product: its number (from 1), why, and how it begins.

    `source` is the file that it is in, where there are several.
    """

    line: int
    reason: str
    sample: str
    source: str = ""


class Block(Protocol):
    """Some rows in a row, as they were cut out of a source; reading them is left to `rows`."""

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """What was lost before these rows."""

    @property
    def joined(self) -> int:
        """How many rows of the source are part of others here."""

    def rows(self) -> Iterator[Read]:
        """Yield the rows that are not blank."""


@dataclass(frozen=True)
class RowBlock:
    """Rows that are read already, each with its number."""

    numbered: tuple[tuple[int, Row], ...]
    rejections: tuple[Rejection, ...] = ()
    joined: int = 0

    def rows(self) -> Iterator[Read]:
        """Yield the rows."""
        return ((number, row, row) for number, row in self.numbered)


def sample_of(raw: object) -> str:
    """Return the first characters of what a row was read from, legible whatever it holds."""
    if isinstance(raw, bytes):
        text = raw[: 4 * SAMPLE_CHARACTERS].decode("utf-8", "replace")
    else:
        text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False, default=str)
        text = text[:SAMPLE_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
    return text[:SAMPLE_CHARACTERS].rstrip("\r\n")

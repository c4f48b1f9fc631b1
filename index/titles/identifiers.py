"""Identifiers in questions: uid, SKU, ISBN, EAN, however they are written.

Case, dashes, dots, spaces and leading zeros do not matter, and an ISBN-10 is its ISBN-13. A short number alone is
never taken for one: "I bought it 7 days ago" names no product 7.

    identifiers = Identifiers.of(["AB-0012", "0140449132"], [0, 1])
    identifiers.row_in("is ab 0012 still made?")            # 0
    identifiers.row_in("isbn 978-0-14-044913-6")            # 1
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from index.hashing import Hashes, word_hashes
from index.normal_form import normal_form

NAMES_AT_ONCE = 16_384  # are hashed: their characters take eight bytes each meanwhile
SHORTEST = 4  # signs of one that mixes letters and digits
SHORTEST_NUMBER = 7  # digits of one that nothing announces
SHORTEST_ITEM = 5  # signs of a number after "product" or "item"
MOST_PARTS = 5  # as an ISBN has
MOST_MIXED_PARTS = 4  # of one with letters
SEVERAL = -1  # the row of an identifier that several products have once it is written plainly

_ANNOUNCED = re.compile(
    r"\b(?:uid|sku|asin|isbn(?:-?1[03])?|ean|gtin|upc|mpn"
    r"|(?:part|item|article|model|product) ?(?:no\b\.?|number|code|id|#))"
    r"(?: is|:|\W){0,3}?\s*([^\W_][\w./-]*)",
    re.I,
)
_ITEM = re.compile(r"\b(?:product|item|id|ref)\W{1,3}([^\W_][\w./-]*)", re.I)
_PART = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[-‐‑–./_ ]{1,3}")


@dataclass(frozen=True)
class Identifiers:
    """The plain forms of n identifiers: `hashes` (n,) uint64 ascend, `rows` (n,) int32, `SEVERAL` if shared."""

    FILES: ClassVar = ("identifier_hashes.npy", "identifier_rows.npy")
    hashes: Hashes
    rows: NDArray[np.int32]

    @classmethod
    def of(cls, written: Sequence[str], rows: Sequence[int]) -> "Identifiers":
        """Read n identifiers and the rows of their products."""
        if not written:
            return cls(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int32))
        names = [plain_form(each) for each in written]
        parts = [word_hashes(names[at : at + NAMES_AT_ONCE]) for at in range(0, len(names), NAMES_AT_ONCE)]
        hashes = np.concatenate(parts)
        order = np.argsort(hashes, kind="stable")
        known, starts = np.unique(hashes[order], return_index=True)
        own = np.asarray(rows, dtype=np.int32)[order]
        least, greatest = np.minimum.reduceat(own, starts), np.maximum.reduceat(own, starts)
        return cls(known, np.where(least == greatest, least, SEVERAL).astype(np.int32))

    def joined(self, standing: NDArray[np.int32], came: "Identifiers") -> "Identifiers":
        """Return identifiers where products stand elsewhere, below 0 for nowhere, and others came.

        `standing` (rows before,) int32. What several products shared stays shared, though some of them have gone.
        """
        rows = np.where(self.rows == SEVERAL, np.int32(SEVERAL), standing[self.rows])
        here = (rows >= 0) | (self.rows == SEVERAL)
        hashes, rows = self.hashes[here], rows[here]
        places = np.searchsorted(hashes, came.hashes)
        known = hashes[np.minimum(places, max(0, len(hashes) - 1))] == came.hashes if len(hashes) else places < 0
        rows[places[known]] = SEVERAL
        new = ~known
        return Identifiers(
            np.insert(hashes, places[new], came.hashes[new]), np.insert(rows, places[new], came.rows[new])
        )

    def save(self, folder: Path) -> None:
        """Write both arrays."""
        hashes, rows = self.FILES
        np.save(folder / hashes, self.hashes, allow_pickle=False)
        np.save(folder / rows, self.rows, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "Identifiers":
        """Open what `save` wrote, memory-mapped."""
        hashes, rows = (np.load(folder / name, mmap_mode="r") for name in cls.FILES)
        return cls(hashes, rows)

    def row_in(self, question: str) -> int | None:
        """Return the row of the product that a question names by an identifier, the first; None where it names none."""
        forms = list(dict.fromkeys(identifiers_in(question)))
        if not forms:
            return None
        wanted = word_hashes(forms)
        places = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        named = self.rows[places][self.hashes[places] == wanted]
        known = named[named != SEVERAL]
        return int(known[0]) if len(known) else None


def plain_form(identifier: str) -> str:
    """Return an identifier without case, dashes and leading zeros, an ISBN-10 as its ISBN-13; never empty."""
    signs = "".join(_PART.findall(normal_form(identifier, "NFKC").casefold()))
    if re.fullmatch(r"\d{9}[\dx]", signs) and _check_sum(signs) == 0:
        body = f"978{signs[:9]}"
        check = -sum(int(sign) * (3 if place % 2 else 1) for place, sign in enumerate(body)) % 10
        return f"{body}{check}"
    return (signs.lstrip("0") if signs.isdigit() else signs) or identifier or "-"


def identifiers_in(question: str) -> Iterator[str]:
    """Yield the plain forms of what may be an identifier in a question, the surest first."""
    if (whole := plain_form(question)).isalnum() and not whole.isdigit():
        yield whole
    for found in _ANNOUNCED.finditer(question):
        yield plain_form(found[1].rstrip("./-"))
    for found in _ITEM.finditer(question):
        if len(found[1]) >= SHORTEST_ITEM or not found[1].isdigit():
            yield plain_form(found[1].rstrip("./-"))
    parts = list(_PART.finditer(question))
    for size in range(MOST_PARTS, 0, -1):
        for start in range(len(parts) - size + 1):
            window = parts[start : start + size]
            if all(_BETWEEN.fullmatch(question, one.end(), two.start()) for one, two in itertools.pairwise(window)):
                signs = "".join(part.group() for part in window)
                written = question[window[0].start() : window[-1].end()]
                if _may_be_one(signs, size) or _is_code(written, size):
                    yield plain_form(signs)


def _may_be_one(signs: str, parts: int) -> bool:
    """Return whether signs that stood in so many parts may be an identifier: they mix, or are a long number."""
    if signs.isdigit():
        return len(signs) >= SHORTEST_NUMBER
    return any(map(str.isdigit, signs)) and len(signs) >= SHORTEST and parts <= MOST_MIXED_PARTS


def _is_code(written: str, parts: int) -> bool:
    """Return whether capitals are joined as in WX-J-MO: words are seldom written so."""
    return written.isupper() and " " not in written and parts > 1 and len(written) - parts + 1 >= SHORTEST


def _check_sum(isbn10: str) -> int:
    return sum((10 - place) * (10 if sign == "x" else int(sign)) for place, sign in enumerate(isbn10)) % 11

"""Facets: in what the many products differ that a bare need ("a puzzle") could mean, to ask back with.

facets = facets_of(titles)
facets[0].values        # ("500 pieces", "1000 pieces")
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from index.quantities import quantities_in
from index.text import VARIANT_WORDS, fold, unaccented

FEWEST_PRODUCTS = 8  # from which a need is narrowed down
MOST_FACETS, MOST_VALUES = 3, 4
FEWEST_OF_A_VALUE = 2  # products that have it
_AMOUNT = re.compile(r"\b\d[\d,.]*[ -]?[A-Za-z]{2,}\b")
_BRAND = re.compile(r"[A-Z][\w'’&-]{2,}")

FacetName = Literal["amount", "colour", "brand"]


@dataclass(frozen=True)
class Facet:
    """One thing in which products differ, and its commonest values as their titles put them."""

    name: FacetName
    values: tuple[str, ...]


def facets_of(titles: Sequence[str]) -> tuple[Facet, ...]:
    """Return in what the products of these titles differ, the facet that most titles tell first; () of a few titles.

    A title tells amounts ("500 pieces"), a colour or size, and a brand, which is what it begins with.
    """
    if len(titles) < FEWEST_PRODUCTS:
        return ()
    amounts: dict[str, list[str]] = defaultdict(list)
    for title in titles:
        for kind, written in dict(_amounts(title)).items():
            amounts[kind].append(written)
    stated: list[tuple[FacetName, list[str]]] = [("amount", written) for written in amounts.values()]
    stated.append(("colour", [word for title in titles for word in dict.fromkeys(fold(title).split()) if _varies(word)]))
    stated.append(("brand", [found.group() for title in titles if (found := _BRAND.match(title))]))
    facets: list[Facet] = []
    for name, values in sorted(stated, key=lambda pair: -len(pair[1])):
        counts = Counter(values)
        common = [value for value, count in counts.most_common(MOST_VALUES) if count >= FEWEST_OF_A_VALUE]
        if len(common) > 1 and name not in {facet.name for facet in facets}:
            facets.append(Facet(name, tuple(common)))
    return tuple(facets[:MOST_FACETS])


def _amounts(title: str) -> Iterable[tuple[str, str]]:
    """Yield what amounts of a title are of, a dimension or what is counted, and how it writes them."""
    for found in _AMOUNT.finditer(unaccented(title)):
        for quantity in quantities_in(found.group())[:1]:
            if kind := quantity.dimension or quantity.counted:
                yield kind, re.sub(r"(?<=\d)-", " ", found.group())


def _varies(word: str) -> bool:
    return word in VARIANT_WORDS and len(word) > 2

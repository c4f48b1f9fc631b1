"""Facets: in what the many products differ that a bare need ("a puzzle") could mean, to ask back with.

facets = facets_of(titles)
facets[0].values        # ("500 pieces", "1000 pieces")
"""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal

from index.catalogue.near_duplicates import COLOUR_WORDS
from index.quantities import quantities_in
from index.text import GRAMMAR_WORDS, VARIANT_WORDS, fold, stem, unaccented

FEWEST_PRODUCTS = 6  # from which a need is narrowed down
MOST_FACETS, MOST_VALUES = 3, 4
FEWEST_OF_A_VALUE = 2  # products that have it
_AMOUNT = re.compile(r"\b(\d[\d,.]{0,15})[ -]?([A-Za-z]{2,})\b")
_BRAND = re.compile(r"[A-Z][\w'’&-]{2,}")

_COLOURS = frozenset(word for word in COLOUR_WORDS if "color" not in word and "colour" not in word)
_NO_BRANDS = _COLOURS | VARIANT_WORDS | GRAMMAR_WORDS

FacetName = Literal["amount", "colour", "brand"]


@dataclass(frozen=True)
class Facet:
    """One thing in which products differ, and its commonest values as their titles put them."""

    name: FacetName
    values: tuple[str, ...]


def facets_of(titles: Sequence[str], thing: Container[str] = ()) -> tuple[Facet, ...]:
    """Return in what the products of these titles differ, the facet that most titles tell first; () of a few titles.

    A title tells amounts ("500 pieces"), a colour, and a brand, which is what it begins with if that is no stem of the
    `thing` itself.
    """
    if len(titles) < FEWEST_PRODUCTS:
        return ()
    amounts: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for title in titles:
        for kind, amount in _amounts(title).items():
            amounts[kind].append(amount)
    stated: list[tuple[FacetName, list[str]]] = [("amount", _alike(each)) for each in amounts.values()]
    stated.append(("colour", [word for title in titles for word in fold(title).split() if word in _COLOURS]))
    brands = [found.group() for title in titles if (found := _BRAND.match(title))]
    stated.append(
        ("brand", [brand for brand in brands if fold(brand) not in _NO_BRANDS and stem(fold(brand)) not in thing])
    )
    facets: list[Facet] = []
    for name, values in sorted(stated, key=lambda pair: -len(pair[1])):
        common = [value for value, count in Counter(values).most_common(MOST_VALUES) if count >= FEWEST_OF_A_VALUE]
        if len(common) > 1 and name not in {facet.name for facet in facets}:
            facets.append(Facet(name, tuple(common)))
    return tuple(facets[:MOST_FACETS])


def _amounts(title: str) -> dict[str, tuple[float, str]]:
    """Return the amounts of a title by what they are of, a dimension or what is counted: value, and as written."""
    amounts: dict[str, tuple[float, str]] = {}
    for number, unit in _AMOUNT.findall(unaccented(title)):
        quantity = quantities_in(f"{number} {unit}")[0]
        kind = quantity.dimension or quantity.counted
        if kind and kind not in _COLOURS:
            amounts.setdefault(kind, (round(quantity.low, 4), f"{number.strip('.,')} {unit}"))
    return amounts


def _alike(amounts: Sequence[tuple[float, str]]) -> list[str]:
    """Return amounts in words, equal ones in the words that most titles have: "500 pieces" for "500 piece"."""
    written: dict[float, Counter[str]] = defaultdict(Counter)
    for value, words in amounts:
        written[value][words] += 1
    return [written[value].most_common(1)[0][0] for value, _ in amounts]

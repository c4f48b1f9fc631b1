"""Quantities: the amounts that a text states, in common units, and how an asked amount stands to a stated one.

Ranges ("ages 2-8"), limits ("up to 50 lbs", "3+"), fractions, number words, and what is counted: "ok for my 2 year
old?" over "ages 3 and up" is settled by arithmetic instead of by a model. Words and units are in quantities.toml.

    quantities_in("holds up to 50 lbs")     # [Quantity(-inf, 22679.6…, "mass")]
    compare("will it take 60 pounds?", "holds up to 50 lbs")      # "outside"
"""

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from index.measures import FRACTION_SIGNS, TABLE
from index.text import stem, unaccented

# How an asked amount stands to a stated one: in or out of a stated (or asked) range, or beside a stated value.
Relation = Literal["within", "outside", "equal", "above", "below"]
NEAREST_FIRST: tuple[Relation, ...] = ("equal", "within", "below", "above", "outside")

LARGEST = 1e15  # amount: what is written as more is none of a product
MOST_ASKED = 16  # amounts of a question that are read
SAME = 0.02  # of an amount: 1 inch and 25 mm are the same to a shopper
_LOOKS_BACK, _LOOKS_ON = 60, 60  # characters before and behind an amount, for what makes it a limit


def _values(text: str) -> dict[str, float]:
    return {word: float(value) for word, value in (pair.split("=") for pair in text.split())}


def _any_of(name: str) -> str:
    return "|".join(TABLE["limits"][name].split("\n")[:-1])


@dataclass(frozen=True)
class _Unit:
    dimension: str
    size: float  # in the dimension's first unit
    zero: float = 0.0  # what this unit calls the first one's zero

    def convert(self, value: float) -> float:
        return (value - self.zero) * self.size


_SPELLED = _values(TABLE["numbers"]["values"])
_UNCOUNTED = frozenset(TABLE["numbers"]["uncounted"].split())
_UNITS = {
    word: _Unit(dimension, unit["size"], unit.get("zero", 0.0))
    for dimension, units in TABLE["units"].items()
    for unit in units.values()
    for word in unit["words"].split()
}
_YEAR, _FLUID_OUNCE = _UNITS["year"], _UNITS["floz"]

_DECIMAL = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:[.,]\d+)?"
_NUMBER = rf"\d+(?:\s*-\s*|\s+)\d+/\d+|\d+/\d+|{_DECIMAL}|\b(?:{'|'.join(_SPELLED)})\b"
_UNIT = (
    r"(?:°\s?[cf]\b|''|[\"”″'’′°%]|fl\.?\s?oz\b|fluid ounces?\b|(?:km|mi|m)\s?/\s?[hs]\b"
    rf"|x(?=[ -]?(?:{'|'.join(TABLE['numbers']['magnified'].split())})\b)"
    rf"|(?!(?:{'|'.join(TABLE['numbers']['joints'].split())})\b)[a-z]+\b)"
)
_AMOUNT = re.compile(
    rf"(?<![\w.])(?P<minus>-(?=\d))?(?P<first>{_NUMBER})(?:\s*(?:-\s*)?(?P<first_unit>{_UNIT}))?"
    r"(?:\s*(?:to|through|and(?=\s*\d)|until|-|–|—|~|a(?=\s*\d)|ate)\s*(?P<minus_last>-(?=\d))?\+?"
    rf"(?P<last>{_NUMBER})(?:\s*(?:-\s*)?(?P<last_unit>{_UNIT}))?)?(?P<plus>\s*\+)?"
)
_AT_MOST = re.compile(rf"(?:{_any_of('at_most')})\W*(?:of |a |an |about |approx\w*\.? )?$")
_AT_LEAST = re.compile(rf"(?:{_any_of('at_least')})\W*(?:of |a |an |about )?$")
_AS_FAR_AS = re.compile(rf"\b(?:{_any_of('as_far_as')})\W*(?:a |an |about )?$")
# "Not suitable for children under 3" starts at 3.
_NOT_UNDER = re.compile(rf"\b(?:not|nao|unsuitable|never)\b[^.;]{{0,45}}\b(?:{_any_of('under')})\W*(?:the age of )?$")
_NOT_OVER = re.compile(rf"\b(?:not|nao|never)\b[^.;]{{0,45}}\b(?:{_any_of('over')})\W*$")
_AND_UP = re.compile(
    r"\W{0,3}(?:years? |yrs? |months? )?(?:old |of age |of age,? )?(?:\(?and|&|or|e|ou|plus|years plus)?\s{0,9}"
    r"(?:up(?:wards)?|over|older|above|higher|later|more|plus|onwards?|acima|mais)\b|\s?\+"
    r"|\W{0,3}(?:or|and|ou|e) (?:longer|larger|bigger|heavier|wider|taller|greater|deeper|maior)\b"
)
_AND_UNDER = re.compile(
    r"\W{0,3}(?:years? )?(?:and|or|&|e|ou)\s+"
    r"(?:under|below|less|fewer|younger|smaller|lower|shorter|lighter|menos|menor)\b"
    r"|\W{0,3}(?:max(?:imum)?|maximo|limit|or less|capacity)\b"
)
_BY = re.compile(r"(?<!\s)\s*[x×]\s*")
_UNSPACED_BY = re.compile(r"(?<=\d)[x×](?=\d)")
_AGE_BEFORE = re.compile(r"\b(?:ages?|aged|idades?|older than)\W*$")


@dataclass(frozen=True)
class Quantity:
    """An amount, `low` to `high` in the first unit of its `dimension`; infinite where only one limit is stated.

    `dimension` is one of quantities.toml, "" for a bare number; `counted` is the stem of what else is counted.
    """

    low: float
    high: float
    dimension: str
    counted: str = ""

    @property
    def is_exact(self) -> bool:
        """Return whether it is a value and no range."""
        return self.low == self.high

    @property
    def is_limit(self) -> bool:
        """Return whether only one end is stated: "up to 30 lb"."""
        return math.isinf(self.low) or math.isinf(self.high)


def quantities_in(text: str, *, asked: bool = False) -> list[Quantity]:
    """Return the amounts that a text states, in its order; part numbers are none.

    `asked` is for a question, where "does it go up to 20?" asks about 20 itself.
    """
    plain = text.casefold().translate(FRACTION_SIGNS)
    plain = _UNSPACED_BY.sub(" x ", plain if plain.isascii() else unaccented(plain))  # "36x34 inches"
    amounts = [*itertools.islice(_AMOUNT.finditer(plain), MOST_ASKED if asked else None)]
    lengths = _lengths_behind(amounts, plain)
    return [_quantity(found, plain, length, asked=asked) for found, length in zip(amounts, lengths, strict=True)]


def _lengths_behind(amounts: Sequence[re.Match[str]], text: str) -> list[_Unit | None]:
    """Return for each amount without a unit the unit of length that closes its row: that of "49 x 36 cm" for 49."""
    found: list[_Unit | None] = []
    for place in reversed(range(len(amounts))):
        one = amounts[place]
        own = _unit_of(one, "last") or _unit_of(one, "first")
        if one["first_unit"] is None and one["last_unit"] is None and found:
            joined = _BY.fullmatch(text, one.end(), amounts[place + 1].start())
            own = found[-1] if joined else None
        found.append(own if own and own.dimension == "length" else None)
    return found[::-1]


def only_limits(text: str, dimension: str) -> bool:
    """Return whether a text states amounts of a dimension, and all are limits: "holds up to 30 lb" is no weight."""
    amounts = [each for each in quantities_in(text) if each.dimension == dimension]
    return bool(amounts) and all(each.is_limit for each in amounts)


def compare(asked: str, stated: str) -> Relation | None:
    """Return how the amount in a question stands to those that a passage states.

    Of all pairs of like amounts the first of `NEAREST_FIRST`; None where nothing is alike.
    """
    return relation_of(quantities_in(asked, asked=True), quantities_in(stated))


def relation_of(wanted: Sequence[Quantity], known: Sequence[Quantity]) -> Relation | None:
    """Return how asked amounts stand to stated ones, as `compare` does of texts."""
    alone, dimensions = len(known) == 1, len({each.dimension for each in known})
    relations = [
        _relation(one, other)
        for one in wanted
        for other in known
        if _are_alike(one, other, alone=alone, same_kind=dimensions == 1)
    ]
    return min(relations, key=NEAREST_FIRST.index, default=None)


def _quantity(found: re.Match[str], text: str, length: _Unit | None, *, asked: bool) -> Quantity:
    before, after = (
        text[max(0, found.start() - _LOOKS_BACK) : found.start()],
        text[found.end() : found.end() + _LOOKS_ON],
    )
    if asked and _AS_FAR_AS.search(before):
        before = after = ""
    low_unit, high_unit = _unit_of(found, "first"), _unit_of(found, "last")
    is_range = found["last"] is not None and (
        low_unit is None or high_unit is None or low_unit.dimension == high_unit.dimension
    )
    unit = (high_unit if is_range else None) or low_unit or (_YEAR if _AGE_BEFORE.search(before) else length)
    low = _value(found["first"], minus=found["minus"])
    high = _value(found["last"], minus=found["minus_last"]) if is_range else low
    counted = ""
    if unit is None:
        counted = _counted(found["last_unit"] if is_range else found["first_unit"])
    else:
        low, high = (low_unit or unit).convert(low), unit.convert(high) if is_range else unit.convert(low)
    low, high = min(low, high), max(low, high)
    if not is_range:
        low, high = _limited(low, before, after, has_plus=found["plus"] is not None)
    return Quantity(low, high, unit.dimension if unit else "", counted)


def _limited(value: float, before: str, after: str, *, has_plus: bool) -> tuple[float, float]:
    """Return the range of which a value is a limit, or the value itself twice."""
    if has_plus or _AND_UP.match(after) or _AT_LEAST.search(before) or _NOT_UNDER.search(before):
        return value, math.inf
    if _NOT_OVER.search(before) or _AT_MOST.search(before) or _AND_UNDER.match(after):
        return -math.inf, value
    return value, value


def _unit_of(found: re.Match[str], which: str) -> _Unit | None:
    written = found[f"{which}_unit"]
    if written is None:
        return None
    if written.startswith(("fl", "fluid")) and written not in _UNITS:
        return _FLUID_OUNCE
    if found[which] in _SPELLED and len(written) == 1:  # "two a day"
        return None
    return _UNITS.get(written.replace(" ", ""))


def _counted(word: str | None) -> str:
    return stem(word) if word and word not in _UNCOUNTED else ""


def _value(number: str, *, minus: str | None) -> float:
    sign = -1.0 if minus else 1.0
    if number in _SPELLED:
        return sign * _SPELLED[number]
    if "/" in number:
        *wholes, fraction = re.split(r"[\s-]+", number)
        over, under = map(_figure, fraction.split("/"))
        return sign * (sum(map(_figure, wholes)) + (over / under if under else 0.0))
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        number = number.replace(",", "")
    return sign * _figure(number.replace(",", "."))


def _figure(digits: str) -> float:
    return min(float(digits), LARGEST)


def _are_alike(asked: Quantity, stated: Quantity, *, alone: bool, same_kind: bool) -> bool:
    """Return whether two amounts can be compared; the stated one is the only one, or all are of its dimension."""
    if asked.dimension and stated.dimension:
        return asked.dimension == stated.dimension
    if asked.dimension or stated.dimension:
        # "She is 5" over "ages 4-6": a bare number takes the unit of the only amounts there are.
        bare = stated if asked.dimension else asked
        return not bare.counted and same_kind
    if asked.counted and stated.counted:
        return asked.counted == stated.counted
    return alone


def _relation(asked: Quantity, stated: Quantity) -> Relation:
    if asked.is_exact and stated.is_exact:
        if math.isclose(asked.low, stated.low, rel_tol=SAME):
            return "equal"
        return "above" if asked.low > stated.low else "below"
    outer, inner = (stated, asked) if asked.is_exact else (asked, stated)
    return "within" if outer.low <= inner.low and inner.high <= outer.high else "outside"

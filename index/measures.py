"""Measures in titles and questions, written one way: "28cm", "28-cm" and "28 centimetres" are all "28 cm".

Decimal commas, fractions, inch marks, "8x10" and packs too, so that titles and questions meet word by word.
Amounts are not converted here: what "4.7 l" is in millilitres, `index.quantities` knows.

    in_one_form('1/2" hose, pack of 12')      # "0.5 inch hose, 12 pack"
"""

import itertools
import math
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TABLE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("quantities.toml").read_text(encoding="utf-8"))
FRACTION_SIGNS = str.maketrans(
    {sign: f" {parts}" for sign, parts in (pair.split("=") for pair in TABLE["numbers"]["fractions"].split())}
)
_SPELLED = dict(pair.split("=") for pair in TABLE["numbers"]["values"].split())
UNITS = frozenset(TABLE["titles"]["units"])  # as they stand in folded text, after a number
_PACKS = TABLE["titles"]["packs"].split()
_UNITS = {word: name for name, words in TABLE["titles"]["units"].items() for word in words.split()}

# What each form amounts to: its dimension, and how much of the dimension's first unit it is.
_AMOUNTS = {
    name: (dimension, unit["size"])
    for name in TABLE["titles"]["units"]
    for dimension, units in TABLE["units"].items()
    for unit in units.values()
    if name in unit["words"].split()
}
STEP = 0.01  # amounts are alike that differ by no more than about so much
_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?")

_NUMBER = rf"\d+(?:\.\d+)?|\b(?:{'|'.join(_SPELLED)})\b"
_START = r"(?<![\w.])(?<![a-z][-'])"  # a part number's digits are no amount: "wh-1000v"
_ENDING = r"(?!\w|-?['’]?\w)"
MAY_MEASURE = re.compile(rf"\d|\b(?:{'|'.join(_SPELLED)})\b")
_DECIMAL_COMMA = re.compile(r"(?<![\w.,/])(\d+),(\d{1,2})(?![\w,])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_BARE_POINT = re.compile(r"(?<![\w.])\.(?=\d)")
_QUOTED = re.compile(r"(?<![\w\"'″”.])[\"“”]([^\"“”]{3,})[\"“”](?!\w)")
_INCH_MARK = re.compile(r"(?<=\d)\s?(?:[\"″“”]|''|’’)")
_FOOT_MARK = re.compile(r"(?<=\d)\s?['’′](?![\w'’])")
_BY = re.compile(r"(?<![a-wyz_\d.])(\d+(?:\.\d+)?)\s*[x×*]\s*(?=\d)")
_FRACTION = re.compile(rf"{_START}(?:(\d+)(?:\s+|\s*-\s*))?(\d+)/(\d+)(?=\s*(?:-\s*)?(?:{'|'.join(_UNITS)}){_ENDING})")
_PACK_OF = re.compile(rf"\b(?:{'|'.join(_PACKS)})\s+(?:of|de|com|with)\s+({_NUMBER})(?![\w.])")
_MEASURE = re.compile(rf"{_START}({_NUMBER})\s*(?:-\s*)?({'|'.join(sorted(_UNITS, key=len, reverse=True))}){_ENDING}")
_NOT_INCHES = re.compile(r"\s{0,9}(?:-\s{0,9})?(?:\d|one\b|um\b)")  # "2 in 1"


def in_one_form(plain: str) -> str:
    """Write the measures of a text without case and accents in one form; what is none stays as it is.

    A text in which `MAY_MEASURE` finds nothing has none.
    """
    text = _THOUSANDS.sub("", _DECIMAL_COMMA.sub(r"\1.\2", plain))
    text = _BARE_POINT.sub("0.", text)
    if '"' in text or "”" in text:
        text = _QUOTED.sub(r" \1 ", text)
    text = _FOOT_MARK.sub(" foot ", _INCH_MARK.sub(" inch ", text))
    text = _BY.sub(r"\1 x ", text)
    text = _FRACTION.sub(_decimal, text)
    text = _PACK_OF.sub(lambda found: f"{_figure(found[1])} {_PACKS[0]}", text)
    return _MEASURE.sub(_measure, text)


Measure = tuple[str, int]  # what is measured, and how much, in steps of a hundredth


def measures_of(words: Sequence[str]) -> list[tuple[tuple[str, str], Measure]]:
    """Return the measures among folded words: number and unit as they are written, and what they amount to."""
    found = []
    for number, unit in itertools.pairwise(words):
        if unit in _AMOUNTS and number[0].isdigit() and _PLAIN_NUMBER.fullmatch(number) and float(number):
            dimension, size = _AMOUNTS[unit]
            found.append(((number, unit), (dimension, round(math.log(float(number) * size) / STEP))))
    return found


def _measure(found: re.Match[str]) -> str:
    number, unit = found.groups()
    joined = found.end(1) == found.start(2)
    if unit == "in" and _NOT_INCHES.match(found.string, found.end()):
        return found.group()
    if len(unit) == 1 and joined and (len(number) > len("1000") or found.group() in TABLE["titles"]["names"]):
        return found.group()
    return f"{_figure(number)} {_UNITS[unit]}"


def _decimal(found: re.Match[str]) -> str:
    whole, over, under = found.groups()
    value = float(whole or 0) + float(over) / (float(under) or 1)
    return f"{value:.4g}"


def _figure(number: str) -> str:
    """Return a number in digits, without zeros at its end."""
    number = _SPELLED.get(number, number)
    return number.rstrip("0").rstrip(".") if "." in number else number

"""Reading texts the way the metrics do: numbers, yes and no.

numbers_in("1,000 pages in two boxes")  # ("1000", "2")
polarity("No, it has no lid.")          # "no"
"""

import re
from typing import Literal

from assistant.grounding.citations import NUMBER

Polarity = Literal["yes", "no", ""]

_POLARITY = re.compile(r"(?<!\W)\W*(?:(?P<yes>yes|sim)|(?P<no>no|não|nao))\b", re.I)
_SPELLED = {
    word: str(number)
    for words in (
        "two three four five six seven eight nine ten eleven twelve",
        "dois três quatro cinco seis sete oito nove dez onze doze",
    )
    for number, word in enumerate(words.split(), 2)
} | {"duas": "2"}
_NUMBER = re.compile(rf"{NUMBER.pattern}|\b(?:{'|'.join(_SPELLED)})\b", re.I)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def polarity(text: str) -> Polarity:
    """Return the "yes" or "no" that a text begins with, in either language; "" for neither."""
    found = _POLARITY.match(text)
    if not found:
        return ""
    return "yes" if found["yes"] else "no"


def numbers_in(text: str) -> tuple[str, ...]:
    """Return the numbers of a text, each once, in one spelling: "1,000" as "1000", "8.0" as "8", "two" as "2".

    "One" is mostly no number, and left out. A mark of citation has to be taken off before.
    """
    return tuple(dict.fromkeys(_in_one_spelling(found.casefold()) for found in _NUMBER.findall(text)))


def _in_one_spelling(number: str) -> str:
    if number in _SPELLED:
        return _SPELLED[number]
    plain = number.replace(",", "") if _THOUSANDS.fullmatch(number) else number.replace(",", ".")
    if plain.count(".") > 1:
        return plain  # a version or a date, not a quantity
    whole, _, fraction = plain.partition(".")
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")

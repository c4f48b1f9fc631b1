"""What shoppers ask about, in the words of questions and in the words of descriptions.

A question says "how heavy", the description "1.2 kg": no word is shared. Each
attribute here pairs the patterns of its question, in English and Portuguese,
with the patterns of text that can answer it. A passage that carries an asked
attribute bears on the question even where their words differ.

    asked_about("how heavy is it?")            # {"weight": "heavy"}
    carries("Weighs just 1.2 kg.", "weight")   # True
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from index.normal_form import normal_form

_PIECE = re.compile(r"{([A-Z_]+)}")  # of a pattern, which stands in others


@dataclass(frozen=True)
class Attribute:
    """An attribute of products: how it is asked about and how it is stated."""

    name: str
    asked: re.Pattern[str]
    stated: re.Pattern[str]


@dataclass(frozen=True)
class Matter(Attribute):
    """What a shop knows and a description seldom says; `named` is what it is called in each language."""

    named: Mapping[str, str]


def _plain(text: str) -> str:
    """Take the accents off, in patterns as in texts: shoppers leave them out."""
    return "".join(sign for sign in normal_form(text, "NFD") if not unicodedata.combining(sign))


_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _asked(row: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_pattern(row['asked'])})", re.I)


def _stated(row: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_pattern(row['stated'])})", re.I)


def _pattern(text: str) -> str:
    return _plain(_PIECE.sub(lambda piece: _TABLE["pieces"][piece[1]], text))


ATTRIBUTES = tuple(Attribute(name, _asked(row), _stated(row)) for name, row in _TABLE["attributes"].items())
MATTERS = tuple(
    Matter(name, _asked(row), _stated(row), {"en": row["en"], "pt": row["pt"]})
    for name, row in _TABLE["matters"].items()
)
_BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}
_BORNE = re.compile(rf"\b(?:{_pattern(_TABLE['attributes']['weight']['of_others'])})", re.I)


def asked_about(question: str) -> dict[str, str]:
    """Return the attributes that the question asks about, each with the words that ask: {"weight": "how heavy"}."""
    plain = _plain(question)
    found = ((attribute.name, attribute.asked.search(plain)) for attribute in ATTRIBUTES)
    return {name: match.group() for name, match in found if match}


def asks_own_weight(question: str) -> bool:
    """Return whether a question asks how heavy its product is, and not how much that bears."""
    plain = _plain(question)
    return _BY_NAME["weight"].asked.search(plain) is not None and _BORNE.search(plain) is None


def carries(text: str, name: str) -> bool:
    """Return whether a text states something about the attribute called `name`."""
    return _BY_NAME[name].stated.search(_plain(text)) is not None


def matter_of(question: str) -> Matter | None:
    """Return what a question asks that a shop knows and a description seldom says: price, stock, delivery, returns."""
    plain = _plain(question)
    return next((matter for matter in MATTERS if matter.asked.search(plain)), None)


def speaks_of(text: str, matter: Matter) -> bool:
    """Return whether a text speaks of such a matter at all."""
    return matter.stated.search(_plain(text)) is not None

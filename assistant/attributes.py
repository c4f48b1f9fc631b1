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
from dataclasses import dataclass
from pathlib import Path

_PIECE = re.compile(r"{([A-Z_]+)}")  # of a pattern, which stands in others


@dataclass(frozen=True)
class Attribute:
    """An attribute of products: how it is asked about and how it is stated."""

    name: str
    asked: re.Pattern[str]
    stated: re.Pattern[str]


def _plain(text: str) -> str:
    """Take the accents off, in patterns as in texts: shoppers leave them out."""
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


def _read() -> tuple[Attribute, ...]:
    """Read the table of patterns beside this module."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

    def pattern(text: str) -> str:
        return _plain(_PIECE.sub(lambda piece: table["pieces"][piece[1]], text))

    return tuple(
        Attribute(
            name,
            re.compile(rf"\b(?:{pattern(row['asked'])})", re.I),
            re.compile(rf"(?<!\w)(?:{pattern(row['stated'])})", re.I),
        )
        for name, row in table["attributes"].items()
    )


ATTRIBUTES = _read()
_BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}


def asked_about(question: str) -> dict[str, str]:
    """Return the attributes that the question asks about, each with the words that ask: {"weight": "how heavy"}."""
    plain = _plain(question)
    found = ((attribute.name, attribute.asked.search(plain)) for attribute in ATTRIBUTES)
    return {name: match.group() for name, match in found if match}


def carries(text: str, name: str) -> bool:
    """Return whether a text states something about the attribute called `name`."""
    return _BY_NAME[name].stated.search(_plain(text)) is not None

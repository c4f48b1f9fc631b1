"""A need: what a shopper asks for instead of a title, cut into the thing and the conditions on it.

need = read_need("looking for a stapler that does at least 100 sheets, not plastic")
need.thing, need.conditions     # "stapler", ("that does at least 100 sheets", "not plastic")
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from assistant.attributes import Matter, matter_of
from assistant.phrases import Language, language_of
from index.descriptions import stems_of_need
from index.text import content_words

_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
MOST_CONDITIONS = 6  # that are judged


def _any_of(name: str) -> str:
    return "|".join(_TABLE[name].strip().splitlines())


_LEAD = re.compile(rf"^\W*(?:(?:{_any_of('leads')})(?:[ ,:.!]+|$))+", re.I)
_SIGNS = re.compile(r" ?(?:[;!?()\[\]—]|[,.:–](?!\d)| -+(?= )) ?")
_JOINTS = re.compile(rf" (?=(?:{_any_of('joints')}) )| (?:{_any_of('dropped_joints')}) ", re.I)
_TOLD = re.compile(rf"^(?:{_any_of('told')})\b", re.I)  # what is told of the shopper is no condition
_ARTICLE = re.compile(rf"^(?:(?:{_any_of('articles')})\s+)+", re.I)


@dataclass(frozen=True)
class Need:
    """A need as it was worded: the `thing` asked for, and `conditions` that it shall meet, in the shopper's words.

    `unknowable` are the parts that no description tells, such as a price, with what they ask.
    """

    text: str
    language: Language
    thing: str
    conditions: tuple[str, ...]
    unknowable: tuple[tuple[str, Matter], ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the thing and the conditions: all that a product is judged by."""
        return (self.thing, *self.conditions) if self.thing else self.conditions

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """Return the stems that it is searched by, those of its parts, with what the glossary has for them."""
        return tuple(stems_of_need(" ".join(self.parts)))


def read_need(text: str) -> Need:
    """Cut a need into its thing and its conditions; the thing is "" where nothing is left."""
    plain = " ".join(text.split())
    pieces = [piece for sentence in _SIGNS.split(_LEAD.sub("", plain)) for piece in _JOINTS.split(sentence)]
    parts: list[str] = []
    unknowable = []
    for piece in pieces:
        part = _ARTICLE.sub("", _LEAD.sub("", piece)).strip(" ,.'\"")
        if matter := matter_of(part):
            unknowable.append((part, matter))
        elif (content_words(part) or any(sign.isdigit() for sign in part)) and not (parts and _TOLD.search(part)):
            parts.append(part)
    thing, *conditions = parts or [""]
    return Need(text, language_of(text), thing, tuple(dict.fromkeys(conditions))[:MOST_CONDITIONS], tuple(unknowable))

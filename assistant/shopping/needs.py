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
from index.descriptions import meanings_of
from index.text import content_words

_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
MOST_CONDITIONS = 6  # that are judged
MOST_JOINTS = 32  # at which a sentence is cut
FEWEST_TELLING = 2  # words of a condition without a number, for it to stand alone


def _any_of(name: str) -> str:
    return "|".join(_TABLE[name].strip().splitlines())


_LEAD = re.compile(rf"^\W*(?:(?:{_any_of('leads')})(?:[ ,:.!]+|$))+", re.I)
_SIGNS = re.compile(r" ?(?:[;!?()\[\]—]|[,.:–](?!\d)| -+(?= )) ?")
_JOINTS = re.compile(rf" (?=(?:{_any_of('joints')}) )| (?:{_any_of('dropped_joints')}) ", re.I)
_OWN = re.compile(rf"(?:{_any_of('own_joints')})\b", re.I)
_DIGIT = re.compile(r"\d")
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
        return (self.thing, *self.conditions) if self.thing else ()

    @cached_property
    def meanings(self) -> list[tuple[str, ...]]:
        """Return the stems of the words of its parts, each with those of what the glossary has for it."""
        return meanings_of(" ".join(self.parts))

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """Return the stems that it is searched by, those of its parts, with what the glossary has for them."""
        return tuple(dict.fromkeys(stem for stems in self.meanings for stem in stems))


def read_need(text: str) -> Need:
    """Cut a need into its thing and its conditions; the thing is "" where nothing is left."""
    plain = " ".join(text.split())
    sentences = [sentence for sentence in _SIGNS.split(_LEAD.sub("", plain)) if sentence]
    pieces = [piece for place, sentence in enumerate(sentences) for piece in _cut(sentence, is_first=place == 0)]
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


def _cut(sentence: str, *, is_first: bool) -> list[str]:
    """Cut a sentence where conditions begin; what says too little alone stays with the next: "that holds over 2 kg".

    A need begins with its thing, of which one word says enough.
    """
    first, *rest = _JOINTS.split(sentence, maxsplit=MOST_JOINTS)
    pieces = [first]
    for piece in rest:
        telling = len(content_words(pieces[-1]))
        says_enough = telling >= FEWEST_TELLING or _DIGIT.search(pieces[-1]) or (is_first and len(pieces) == 1)
        if telling and (says_enough or _OWN.match(piece)):
            pieces.append(piece)
        else:
            pieces[-1] = f"{pieces[-1]} {piece}".strip()
    return pieces

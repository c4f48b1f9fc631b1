"""Choosing: which of several products an answer to "which one?" means, and what it asks in the same breath.

chosen("the red one, and does it whistle?", candidates)     # Choice(place=1, question="does it whistle?")
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.question import is_closed
from index.catalogue.store import Product
from index.text import FRAME_WORDS, POINTING_WORDS, content_words, fold

LONGEST_CHOICE_WORDS = 12  # of an answer to "which one?"
SHORTEST_PIECE = 3  # letters of a word inside another

_ORDINALS = {
    word: place
    for place, words in enumerate(
        (
            "first 1st primeiro primeira 1o 1a",
            "second 2nd two segundo segunda 2o 2a dois",
            "third 3rd three terceiro terceira 3o 3a tres",
            "fourth 4th four quarto quarta 4o 4a quatro",
            "fifth 5th five quinto quinta 5o 5a cinco",
        )
    )
    for word in words.split()
}
_LAST = frozenset({"last", "ultimo", "ultima"})
_CHOOSING_WORDS = (
    FRAME_WORDS
    | POINTING_WORDS
    | frozenset(
        """
    number option mean meant yes no sorry numero opcao sim nao desculpa version versao other outro outra want quero
    """.split()
    )
)
_BREATH = re.compile(r" ?[,.;:–—-] (?:and |e |so |but |mas )?| (?:and|e) (?=\w+ \w+)", re.I)
_QUESTION_WORD = re.compile(r"(?:what|how|which|where|when|why|who|qual|quais|quant[oa]s?|como|onde|quando)\b", re.I)
NEGATED = re.compile(r"\b(?:not|no|nao|não) (?:(?:the|that|a|o|os|as) )?([^,.;]{1,60}?)(?=[,.;]| but\b| mas\b|$)", re.I)


@dataclass(frozen=True)
class Choice:
    """Which candidate is chosen, by its place, and the question that goes with it, "" where none does."""

    place: int
    question: str = ""


def chosen(text: str, candidates: Sequence[Product]) -> Choice | None:
    """Return what an answer chooses: by number, ordinal, or words that only one candidate has.

    Returns None where it chooses none of them, or more than one.
    """
    text = " ".join(text.split())
    head, tail = _parted(text)
    if tail and (place := _place_of(head, candidates)) is not None:
        return Choice(place, tail)
    place = _place_of(text, candidates)
    return None if place is None else Choice(place)


def denies(text: str) -> bool:
    """Return whether a turn says which product is not meant: "not the red one"."""
    return NEGATED.search(" ".join(text.split())) is not None


def _parted(text: str) -> tuple[str, str]:
    """Return the first part of a turn, and the rest where that asks something: "the red one", "does it whistle?"."""
    head, *tail = _BREATH.split(text, maxsplit=1)
    if not tail or len(tail[0].split()) < 2 or not content_words(tail[0]):
        return text, ""
    if "?" not in tail[0] and not asks_something(tail[0]):
        return text, ""
    return head, tail[0]


def asks_behind_a_name(text: str) -> bool:
    """Return whether a text names something, and then asks in the same breath: "the stanley, how many hp"."""
    return _parted(text)[1] != ""


def asks_something(text: str) -> bool:
    """Return whether a text asks something by its words, and does not only go on naming."""
    return is_closed(text) or _QUESTION_WORD.match(text) is not None


def _place_of(text: str, candidates: Sequence[Product]) -> int | None:
    denied = set(fold(" ".join(NEGATED.findall(text))).split())
    words = [word for word in fold(text).split() if word not in denied]
    if not words or len(words) > LONGEST_CHOICE_WORDS:
        return None
    telling = [word for word in words if word not in _CHOOSING_WORDS]
    places = [_place(word, len(candidates)) for word in telling]
    if len(places) == 1 and places[0] is not None:
        return places[0]
    titles = [frozenset(fold(candidate.title).split()) for candidate in candidates]
    contents = [frozenset(fold(candidate.beginning).split()) for candidate in candidates]
    for texts in (titles, [title | content for title, content in zip(titles, contents, strict=True)]):
        shared = frozenset.intersection(*texts)
        asked = frozenset(telling) - shared
        named = asked & frozenset.union(*texts)
        fitting = [place for place, own in enumerate(texts) if own >= named]
        if any(sign.isdigit() for word in asked - named for sign in word):  # a number of none of them
            continue
        if named and len(named) * 2 >= len(asked) and len(fitting) == 1:
            return fitting[0]
    return _by_pieces(telling, titles)


def _by_pieces(words: Sequence[str], titles: Sequence[frozenset[str]]) -> int | None:
    """Return which title alone has all of the words inside its own: "red" in "dreamred"."""
    whole = [" ".join(title) for title in titles]
    own = [word for word in words if len(word) >= SHORTEST_PIECE]
    fitting = [place for place, title in enumerate(whole) if own and all(word in title for word in own)]
    return fitting[0] if len(fitting) == 1 else None


def _place(word: str, count: int) -> int | None:
    if word.isdecimal() and 1 <= int(word) <= count:
        return int(word) - 1
    if word in _LAST:
        return count - 1
    place = _ORDINALS.get(word)
    return place if place is not None and place < count else None

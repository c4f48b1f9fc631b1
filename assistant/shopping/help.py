"""What is said to a turn that is about no product: a greeting, thanks, an order, the weather.

help_text("thanks a lot!", "help")      # "You are welcome!"
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from assistant.phrases import language_of
from index.text import content_words, unaccented

_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_ASKED = {name: re.compile(pattern, re.I) for name, pattern in _TABLE["asked"].items()}
_OF_ITSELF = re.compile(_TABLE["asks_of_itself"]["pattern"], re.I)
_PORTUGUESE = re.compile(_TABLE["languages"]["portuguese"], re.I)
_FOREIGN = frozenset(unaccented(_TABLE["languages"]["words"]).split())
_FILLERS = content_words(_TABLE["fillers"]["words"])
SENTENCES = tuple(_TABLE["en"])  # the names of what is said
NONE_OF_ITS_OWN: Mapping[str, str] = MappingProxyType({})
MOST_WORDS = 6  # of a courtesy
FEWEST_FOREIGN = 2  # words of another language that tell it, or half of a short turn


def is_courtesy(text: str) -> bool:
    """Return whether a turn of a few words greets, thanks, scolds or takes its leave, and asks nothing besides."""
    rest = text
    for name in ("annoyed", "greeting", "thanks", "goodbye"):
        rest = _ASKED[name].sub(" ", rest)
    return rest != text and len(text.split()) <= MOST_WORDS and content_words(rest) <= _FILLERS


def is_of_itself(text: str) -> bool:
    """Return whether a turn asks what it is that answers, or is in a language that it does not understand."""
    return _OF_ITSELF.search(text) is not None or _is_foreign(text)


def _is_foreign(text: str) -> bool:
    words = re.findall(r"[^\W\d]+", unaccented(text))
    others = [word for word in words if word not in _FOREIGN]
    foreign = len(words) - len(others)
    is_portuguese = language_of(text) == "pt" and language_of(" ".join(others)) == "pt"  # "das" is German too
    return (not is_portuguese and foreign >= FEWEST_FOREIGN) or (bool(words) and not others)


def help_text(question: str, wants: Literal["help", "order", "other"], own: Mapping[str, str] = NONE_OF_ITS_OWN) -> str:
    """Return the sentence that a turn about no product gets, in its own language if that is English or Portuguese.

    `own` are a shop's sentences, by name, in place of ours.
    """
    language = "pt" if _PORTUGUESE.search(question) else language_of(question)
    if _is_foreign(question):
        return own.get("language") or str(_TABLE[language]["language"])
    name: str = wants
    if wants == "help" or _ASKED["annoyed"].search(question):
        name = next((asked for asked, pattern in _ASKED.items() if pattern.search(question)), "help")
    return own.get(name) or str(_TABLE[language][name])

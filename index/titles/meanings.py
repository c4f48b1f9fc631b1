"""What words mean, for comparing questions with titles: "hinges" is "hinge", "rosa" is "pink", "third" is "3rd".

Two words mean the same where they share a stem or a line of `glossary.toml`.

    alike("fragmentadora")                  # ("shredder", "triturador")
    same_meaning(["rosa"], ["pink", "red"]) # array([[True, False]])
"""

import tomllib
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.text import stem

SHORTEST_STEMMED = 4  # letters
SHORTEST_STEM = 3  # letters: words with other beginnings have other stems

_LINES = [
    tuple(line.split())
    for words in tomllib.loads(Path(__file__).with_name("glossary.toml").read_text(encoding="utf-8")).values()
    for line in words.strip().splitlines()
]
_LINES_OF: dict[str, list[int]] = defaultdict(list)
for _number, _line in enumerate(_LINES):
    for _word in _line:
        _LINES_OF[_word].append(_number)


def alike(word: str) -> tuple[str, ...]:
    """Return the other words that the glossary has for a folded word; none where it does not know it."""
    return tuple(dict.fromkeys(other for line in _LINES_OF.get(word, ()) for other in _LINES[line] if other != word))


def in_english(word: str) -> str:
    """Return what the glossary calls a folded Portuguese word in English; itself where it does not know it."""
    lines = _LINES_OF.get(word)
    return _LINES[lines[0]][0] if lines else word


def same_meaning(words: Sequence[str], others: Sequence[str]) -> NDArray[np.bool_]:
    """Return which of n folded words mean the same as which of m others, (n, m) bool."""
    holders: dict[str | int, list[int]] = defaultdict(list)
    heads = {word[:SHORTEST_STEM] for word in words}
    for place, other in enumerate(others):
        for meaning in _meanings(other) if other[:SHORTEST_STEM] in heads or other in _LINES_OF else ():
            holders[meaning].append(place)
    same = np.zeros((len(words), len(others)), dtype=bool)
    for place, word in enumerate(words):
        for meaning in _meanings(word):
            same[place, holders.get(meaning, [])] = True
    return same


@lru_cache(1 << 16)
def _meanings(word: str) -> tuple[str | int, ...]:
    stemmed = stem(word) if len(word) >= SHORTEST_STEMMED and word.isalpha() else word
    return (stemmed, *_LINES_OF.get(word, ()))

"""Portuguese in English, word by word, as far as the words are known: the judge reads English best.

in_english("dá pra lavar na máquina?")      # "can i wash in the washing machine?"
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from index.text import WORD, unaccented
from index.titles.meanings import in_english as of_a_title

_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _entries(name: str) -> Iterator[tuple[str, str]]:
    """Yield each Portuguese word or phrase of a table, and what it is in English."""
    between = ", " if name == "phrases" else None
    for line in _TABLE[name].strip().splitlines():
        english, _, portuguese = line.partition(": ")
        for each in portuguese.split(between):
            yield each, english


def _first_of_each(name: str) -> dict[str, str]:
    """Return a table whose first line for a word or phrase counts."""
    entries: dict[str, str] = {}
    for portuguese, english in _entries(name):
        entries.setdefault(portuguese, english)
    return entries


_PHRASES, _ACCENTED, _WORDS = (_first_of_each(name) for name in ("phrases", "accented", "words"))
_PHRASE = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _PHRASES), key=len, reverse=True))})\b")
_ASKING_WHETHER = re.compile(r"^\W{0,9}é\b", re.I)
_COMPOUND = re.compile(rf"{WORD.pattern}(?:-{WORD.pattern}){{0,3}}")
_MARK = "\x00"  # stands around what is English already


def in_english(text: str) -> str:
    """Return a Portuguese text word by word in English; words that are not known stay as they are."""
    whole = WORD.sub(_of_its_accent, _ASKING_WHETHER.sub(_marked("is it"), text.replace(_MARK, " ")))
    plain = _PHRASE.sub(lambda found: _marked(_PHRASES[found.group()]), unaccented(whole))
    pieces = plain.split(_MARK)
    pieces[::2] = [_COMPOUND.sub(lambda found: _of_its_letters(found.group()), piece) for piece in pieces[::2]]
    return "".join(pieces)


def _marked(english: str) -> str:
    return f"{_MARK}{english}{_MARK}"


def _of_its_accent(found: re.Match[str]) -> str:
    english = _ACCENTED.get(found.group().casefold())
    return _marked(english) if english else found.group()


def _of_its_letters(word: str) -> str:
    """Return a word in English, or a compound: as a whole ("quebra-cabeca"), else each of its parts."""
    joined = word.replace("-", "")
    english = _WORDS.get(joined) or of_a_title(joined)
    if english != joined or "-" not in word:
        return english
    return "-".join(_of_its_letters(part) for part in word.split("-"))

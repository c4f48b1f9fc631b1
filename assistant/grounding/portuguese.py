"""Portuguese in English, word by word, as far as the words are known: the judge reads English best.

in_english("dá pra lavar na máquina?")      # "can i wash in the washing machine?"
"""

import re
import tomllib
from pathlib import Path

from index.text import WORD, unaccented
from index.titles.meanings import in_english as of_a_title

_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_WITH_ACCENTS = {"a": "aáàâã", "c": "cç", "e": "eéê", "i": "ií", "o": "oóôõ", "u": "uúü"}


def _entries(name: str) -> dict[str, str]:
    """Return what each Portuguese word or phrase of a table is in English."""
    between = ", " if name == "phrases" else None
    lines = [line.partition(": ") for line in _TABLE[name].strip().splitlines()]
    return {each: english for english, _, portuguese in lines for each in portuguese.split(between)}


def _whatever_its_accents(phrase: str) -> str:
    return "".join(f"[{_WITH_ACCENTS[sign]}]" if sign in _WITH_ACCENTS else re.escape(sign) for sign in phrase)


_PHRASES, _ACCENTED, _WORDS = (_entries(name) for name in ("phrases", "accented", "words"))
_PHRASE = re.compile(rf"\b(?:{'|'.join(map(_whatever_its_accents, sorted(_PHRASES, key=len, reverse=True)))})\b")
_ASKING_WHETHER = re.compile(r"^(\W{0,9})é\b")
_COMPOUND = re.compile(rf"{WORD.pattern}(?:-{WORD.pattern}){{0,3}}")
_MARK = "\x00"  # stands around what is English already


def in_english(text: str) -> str:
    """Return a Portuguese text word by word in English, in lower case; words that are not known stay, unaccented."""
    plain = text.replace(_MARK, " ").replace("’", "'").casefold()
    marked = _PHRASE.sub(lambda found: _marked(_PHRASES[unaccented(found.group())]), plain)
    marked = _ASKING_WHETHER.sub(lambda found: found.group(1) + _marked("is it"), marked)
    pieces = marked.split(_MARK)
    pieces[::2] = [_COMPOUND.sub(lambda found: _word(found.group()), piece) for piece in pieces[::2]]
    return "".join(pieces)


def _marked(english: str) -> str:
    return f"{_MARK}{english}{_MARK}"


def _word(word: str) -> str:
    """Return a word in English, or a compound: as a whole ("quebra-cabeça"), else each of its parts."""
    if word in _ACCENTED:
        return _ACCENTED[word]
    plain = unaccented(word)
    joined = plain.replace("-", "")
    english = _WORDS.get(joined) or of_a_title(joined)
    if english != joined or "-" not in word:
        return english
    parts = [_WORDS.get(part) or of_a_title(part) for part in plain.split("-")]
    return "-".join(parts) if all(map(str.__ne__, parts, plain.split("-"))) else plain

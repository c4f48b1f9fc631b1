"""The assistant's own sentences, in English and Portuguese, and which of the two a question is in.

phrase("not_stated", "en", title="Oak stool")   # 'The description of "Oak stool" does not say.'
"""

import re
import tomllib
from pathlib import Path
from typing import Literal

Language = Literal["en", "pt"]

_TABLES: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_PORTUGUESE, _ENGLISH = (frozenset(_TABLES["words"][language].split()) for language in ("pt", "en"))
# "E002" and "e-bike" hold no Portuguese "e".
_WORD = re.compile(r"(?<![\w-])[a-zà-ÿ]+(?![\w-])")
_ACCENTED = re.compile(r"[áâãàéêíóôõúç]")  # an English question has such a word once at most: café


def language_of(text: str) -> Language:
    """Return which of the two languages a question is in; English where nothing tells."""
    words = _WORD.findall(text.casefold())
    portuguese = sum(word in _PORTUGUESE or _ACCENTED.search(word) is not None for word in words)
    english = sum(word in _ENGLISH for word in words)
    return "pt" if portuguese > english else "en"


def phrase(name: str, language: Language, **values: str) -> str:
    """Return one of the assistant's sentences, its places filled in."""
    return _TABLES[language][name].format(**values)

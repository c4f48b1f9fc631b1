"""Words of titles and questions: folded, cut, joined, and parted from the frame around a title.

The lists of words are in `words.toml`.

    fold("Sony WH-1000XM4, Café")       # "sony wh1000xm4 cafe"
    tokens("Sony WH-1000XM4")           # ["sony", "wh1000xm4", "wh", "1000xm4"]
    title_part(fold("does the Harrow kettle come with a lid?"))    # "harrow kettle lid"
"""

import itertools
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from index.measures import FRACTION_SIGNS, MAY_MEASURE, in_one_form
from index.normal_form import normal_form

LONGEST_WORD = 64  # signs; an unbroken text is read as several words, so that none takes more than its share
# Hyphens and apostrophes inside a word; "2-8" stays two numbers, "WH-1000" becomes one word.
_COMPOUND = re.compile(r"(?<![^\W_])[^\W_]++(?:[-‐‑–'’´`][^\W_]+)+")
_INNER = re.compile(r"[-‐‑–'’´`]")
# Vowel signs of Indian and South-East Asian scripts are no letters to `re`, and belong to their words.
_SIGNS = "\u0900-\u0dff\u0e31-\u0e4e\u0eb1-\u0ece\u1000-\u109f"
_WORD = re.compile(rf"\d+\.\d+|(?:[^\W_]|[{_SIGNS}])+")
# Thai, Lao, Burmese, Khmer, kana and Chinese are written without spaces.
_SPACELESS = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)"
)
_DIGIT = re.compile(r"\d")
_MEASURE = re.compile(r"\d{1,3}[a-z]{1,5}")
_QUOTED = re.compile(r"(?<![\w\"])[\"“”«»„]([^\"“”«»„]{3,})[\"“”«»„](?!\w)")  # 2" by 4" are inches
LETTERS_BESIDE_A_NUMBER = 4

_WORDS = {
    kind: frozenset(words.split())
    for kind, words in tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8")).items()
}
FRAME_WORDS = _WORDS["frame"] | _WORDS["frame_portuguese"]  # what people put around a title
PORTUGUESE_WORDS = _WORDS["frame_portuguese"] - _WORDS["frame"]  # those of them that tell the language
ATTRIBUTE_WORDS = _WORDS["attribute"]  # what is often asked about
VARIANT_WORDS = _WORDS["variant"]  # what twins differ by, where it is not a number
ASKING_VERBS = _WORDS["asking"]  # behind one, and behind a name, stands what is asked of that
QUESTION_WORDS = _WORDS["question"]  # begin what is asked, behind a name
CLOSED_BY = _WORDS["closed"]  # begin a closed question
POINTING_WORDS = _WORDS["pointing"]  # what stands for a product that was named before

# What no answer is about, in a question or in a description.
GRAMMAR_WORDS = FRAME_WORDS | frozenset("book got having he her his item our then too".split())
WORD = re.compile(rf"\w{{1,{LONGEST_WORD}}}(?:[.,'’]\w{{1,{LONGEST_WORD}}}){{0,9}}")


def fold(text: str) -> str:
    """Return the words of a text in lower case without accents, measures in one form, joined by single spaces.

    What is written without spaces becomes pairs of signs: each sign with its neighbour.
    """
    return " ".join(_folded(_plain(text)))


def _plain(text: str) -> str:
    plain = unaccented(text if text.isascii() else text.translate(FRACTION_SIGNS))
    return in_one_form(plain) if MAY_MEASURE.search(plain) else plain


def _folded(plain: str) -> list[str]:
    words = _WORD.findall(_COMPOUND.sub(_join, plain))
    return _cut(words if plain.isascii() else [pair for word in words for pair in _pairs(word)])


def _cut(words: list[str]) -> list[str]:
    """Return words, each that is too long as several."""
    if max(map(len, words), default=0) <= LONGEST_WORD:
        return words
    return [word[at : at + LONGEST_WORD] for word in words for at in range(0, len(word), LONGEST_WORD)]


def _pairs(word: str) -> list[str]:
    """Return a word of a script without spaces as its pairs of signs, any other as it is."""
    pairs: list[str] = []
    for part in filter(None, _SPACELESS.split(word)):
        spaceless = len(part) > 1 and _SPACELESS.fullmatch(part)
        pairs += [part[at : at + 2] for at in range(len(part) - 1)] if spaceless else [part]
    return pairs


def unaccented(text: str) -> str:
    """Return a text in lower case without accents."""
    plain = normal_form(text, "NFKD").casefold()
    return plain if plain.isascii() else "".join(sign for sign in plain if not unicodedata.combining(sign))


def tokens(text: str) -> list[str]:
    """Cut a text into the tokens of the BM25 index.

    A compound gives its joined form and its parts; a short word beside a number is also
    joined to it, so that "WH 1000XM4", "WH-1000XM4" and "wh1000xm4" (or "12 oz" and "12oz") meet.
    """
    plain = _plain(text)
    found = _folded(plain)
    parts = [part for compound in _COMPOUND.findall(plain) if _join_of(compound) for part in _INNER.split(compound)]
    return found + _cut(parts) + joins(found)


def joins(found: list[str]) -> list[str]:
    """Return neighbours written as one word, where one is a number-like word and the other is short."""
    return [one + other for one, other in itertools.pairwise(found) if _belong_together(one, other)]


def title_part(folded_question: str) -> str:
    """Return a folded question without its frame words; the whole question where nothing else is left."""
    kept = [word for word in folded_question.split() if word not in FRAME_WORDS]
    return " ".join(kept) or folded_question


def quoted_part(question: str) -> str:
    """Return the longest part between double quotes that holds two words or more, else ""."""
    parts = [part for part in _QUOTED.findall(question) if len(part.split()) > 1]
    return max(parts, key=len, default="")


@lru_cache(1 << 16)
def is_model_number(word: str) -> bool:
    """Return whether a folded word looks like a part number: four characters or more, a digit among them.

    A year ("1999") and a measure ("64gb", "18inch") are none.
    """
    if len(word) < 4 or not _DIGIT.search(word):
        return False
    return not (word.isdigit() and len(word) == 4) and not _MEASURE.fullmatch(word) and "." not in word


def _join(match: re.Match[str]) -> str:
    compound = match.group()
    return _join_of(compound) or " ".join(_INNER.split(compound))


def _join_of(compound: str) -> str:
    """Return a compound as one word, or "" where all its parts are numbers ("2-8")."""
    parts = _INNER.split(compound)
    return "" if all(part.isdigit() for part in parts) else "".join(parts)


def _belong_together(one: str, other: str) -> bool:
    letters, number = (one, other) if other[0].isdigit() else (other, one)
    return letters.isalpha() and len(letters) <= LETTERS_BESIDE_A_NUMBER and number[0].isdigit()


@dataclass(frozen=True)
class TextWords:
    """A text cut into words: `plain` without case and accents, `folded` as titles are compared, `content` as stems."""

    plain: str
    folded: tuple[str, ...]
    content: frozenset[str]


def words_of(text: str) -> TextWords:
    """Return the words of a text, read in the ways that questions and titles are compared in."""
    plain = unaccented(text)
    return TextWords(plain, tuple(_folded(plain)), _content_words(plain))


def content_words(text: str) -> frozenset[str]:
    """Return the stems of the words that carry meaning; those of questions and grammar are left out."""
    return _content_words(unaccented(text))


def _content_words(plain: str) -> frozenset[str]:
    return frozenset(map(stem, {word for word in WORD.findall(plain) if word not in GRAMMAR_WORDS}))


@lru_cache(1 << 16)
def stem(word: str) -> str:
    """Fold the commonest English endings, so that "batteries" meets "battery" and "charging" meets "charge"."""
    for ending, instead in (("ies", "y"), ("ing", ""), ("ers", "er"), ("es", ""), ("ed", ""), ("s", ""), ("e", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + instead
    return word

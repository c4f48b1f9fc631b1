"""Citations: what a model's text rests on, checked by code.

Reads the passage numbers that the text cites, finds the passage it rests on where
it cites none, and says whether its numbers and words stand in the passages at all.

    checked = check("It weighs 2 kg. [1]", passages, title=title, question=question)
    checked.text, checked.cited, checked.supported
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.grounding.evidence import WORD, content_words, is_closed, stem
from assistant.passages import Passage
from assistant.reply import Quote

# A reply is taken for invented if less than this share of its own words, those not asked with, stand in the passages.
LEAST_SUPPORT = 0.5
MAX_SENTENCES = 2
LEAST_SHARE_OF_NEW = 0.8  # of the runs of three words in a reply
NEAR_WORDS = 3  # after a number, or the one before it

_ANSWERING = frozenset({"yes", "no", "sim", "não"})
_CLOSED_ANSWER = re.compile(r"(?:(yes|sim)|no|não)\b[\s,.;:!–—-]*", re.I)
_CLAUSE_END = re.compile(r"(?<=[.!?;•])\s+|,\s+(?=not\b|no\b|but\b|não\b|mas\b)|\s+(?:but|mas)\s+|\s*\((?=not\b)|\)\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_CITATION = re.compile(r"\s*\[\s*(\d+(?:\s*,\s*\d+)*)\s*\]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NUMBER_WORDS = {
    word: str(number)
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "zero um dois três quatro cinco seis",
    )
    for number, word in enumerate(words.split())
    if word not in ("one", "um")  # mostly pronoun and article
}
NEGATION = re.compile(r"\b(?:not?|never|none|without|cannot|neither|nor|não|nunca|sem|nem)\b|n['’]t\b", re.I)
_REFUSAL = re.compile(
    r"\bnot (?:stated|mentioned|specified|provided|given|say|tell|state|mention|specify|provide)"
    r"|\bno (?:information|mention)\b|n['’]t (?:say|tell|state|mention|specify|provide)"
    r"|\bnão (?:diz|informa|menciona|especifica|consta)",
    re.I,
)


@dataclass(frozen=True)
class Checked:
    """A model's text after checking.

    `text` cites the passages it rests on, `cited` their numbers, ascending: the model's own where they fit, else
    the nearest. `supported` says whether its numbers, its words and its yes or no agree with them; `refuses`
    whether it says that the passages do not tell.
    """

    text: str
    cited: tuple[int, ...]
    supported: bool
    refuses: bool


def check(text: str, passages: Sequence[Passage], *, title: str, question: str) -> Checked:
    """Check a model's text against the passages that it was shown; one at least."""
    plain = " ".join(_CITATION.sub("", text).split())
    if not plain or _REFUSAL.search(plain):
        return Checked(plain, (), False, bool(plain))
    numbers = {int(number) for group in _CITATION.findall(text) for number in group.split(",") if len(number) < 4}
    sentences = _SENTENCE_END.split(plain)
    # A small model that has answered well often goes on to invent: the longest beginning that stands is kept.
    for length in range(min(len(sentences), MAX_SENTENCES), 0, -1):
        checked = _check_plain(" ".join(sentences[:length]), numbers, passages, title, question)
        if checked.supported:
            break
    return checked


def resting_on(text: str, passages: Sequence[Passage]) -> Passage:
    """Give the passage that shares most words with a text; the first of equals."""
    return max(passages, key=lambda passage: (_shared(text, passage), -passage.number))


def opened(text: str) -> tuple[str, str]:
    """Part a text from the "yes" or "no" that it begins with, in either language; "" where it begins with neither."""
    opening = _CLOSED_ANSWER.match(text)
    if opening is None:
        return "", text
    return "yes" if opening.group(1) else "no", text[opening.end() :]


def quotes_of(cited: Sequence[int], passages: Sequence[Passage]) -> tuple[Quote, ...]:
    """Give the cited passages as verbatim quotes with their offsets in the content."""
    return tuple(Quote(passage.text, passage.start, passage.end) for passage in passages if passage.number in cited)


def _check_plain(
    plain: str, numbers: Container[int], passages: Sequence[Passage], title: str, question: str
) -> Checked:
    source = resting_on(plain, passages)
    fitting = _shared(plain, source)
    cited = [passage for passage in passages if passage.number in numbers and _shared(plain, passage) >= fitting]
    cited = cited or [source]
    marks = "".join(f" [{passage.number}]" for passage in cited)
    supported = _is_supported(plain, cited, title, question)
    return Checked(plain + marks, tuple(passage.number for passage in cited), supported, refuses=False)


def _shared(text: str, passage: Passage) -> int:
    """Count the words and numbers that a text shares with a passage."""
    return len(content_words(text) & content_words(passage.text)) + len(_numbers(text) & _numbers(passage.text))


def _is_supported(text: str, cited: Sequence[Passage], title: str, question: str) -> bool:
    """Say whether numbers, words and the yes or no of a text agree with the passages that it cites."""
    evidence = " ".join(passage.text for passage in cited)
    if _goes_round(text) or not _numbers(text) <= _numbers(f"{evidence} {title}") or not _numbers_fit(text, evidence):
        return False
    opening, rest = opened(text)
    told = content_words(question)
    if _offers_choice(question):  # "porcelain or plastic?" is answered by a word of its own
        told -= content_words(evidence)
    restates = bool(_own_words(rest) & content_words(evidence) - told)
    clause = bearing_clause(f"{text} {question}", evidence)
    # "No. It is made of glass." denies nothing of its passage; "No, it is not." has to be denied there.
    if bool(NEGATION.search(rest if restates else text)) != bool(NEGATION.search(clause)):
        return False
    if not restates:
        asked = content_words(question) - content_words(title)
        if not (opening and is_closed(question)) or 2 * len(asked & content_words(clause)) < len(asked):
            return False
    said = _own_words(text) - content_words(title) - told
    return len(said & content_words(evidence)) >= LEAST_SUPPORT * len(said)


def _offers_choice(question: str) -> bool:
    return any(word in ("or", "ou") for word in WORD.findall(question.casefold()))


def _own_words(text: str) -> frozenset[str]:
    return frozenset(word for word in content_words(text) - _ANSWERING if not NEGATION.search(word))


def bearing_clause(wanted: str, evidence: str) -> str:
    """Give the clause that shares most words with what is wanted: "not" in another one denies nothing here."""
    words = content_words(wanted) - _ANSWERING
    clauses = [clause for clause in _CLAUSE_END.split(evidence) if clause.strip()] or [evidence]
    return max(clauses, key=lambda clause: len(words & content_words(clause)))


def _goes_round(text: str) -> bool:
    """Say whether a text says the same three words over and over, as small models do when they are lost."""
    words = text.casefold().split()
    threes = list(zip(words, words[1:], words[2:], strict=False))
    return len(set(threes)) < LEAST_SHARE_OF_NEW * len(threes)


def _numbers_fit(text: str, evidence: str) -> bool:
    """Say whether each number stands near the word it counts: "96 pages" is not in "336 pages, 96 photographs"."""
    there = [stem(word) for word in WORD.findall(evidence.casefold())]
    said = [stem(word) for word in WORD.findall(text.casefold())]
    for number, counted in pairwise(said):
        if number[0].isdigit() and counted.isalpha() and number in there and counted in there:
            places = [place for place, word in enumerate(there) if word == number]
            near = [[*there[max(0, place - 1) : place], *there[place + 1 : place + 1 + NEAR_WORDS]] for place in places]
            if not any(counted in words for words in near):
                return False
    return True


def _numbers(text: str) -> frozenset[str]:
    spelled = (_NUMBER_WORDS.get(word) for word in re.findall(r"[a-zê]+", text.casefold()))
    return frozenset(_NUMBER.findall(text)) | frozenset(number for number in spelled if number)

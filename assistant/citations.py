"""Citations: what a model's text rests on, checked by code.

Reads the passage numbers that the text cites, finds the passage it rests on where
it cites none, and says whether its numbers and words stand in the passages at all.

    checked = check("It weighs 2 kg. [1]", passages, title=title, question=question)
    checked.text, checked.cited, checked.supported
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evidence import Passage, content_words
from assistant.reply import Quote

# A reply is taken for invented if less than this share of its own words, those not asked with, stand in the passages.
LEAST_SUPPORT = 0.5

_ANSWERING = frozenset({"yes", "no", "sim", "não"})
_CLOSED_ANSWER = re.compile(r"(?:yes|no|sim|não)\b", re.I)
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
_NEGATION = re.compile(r"\b(?:not?|never|none|without|cannot|neither|nor|não|nunca|sem|nem)\b|n['’]t\b", re.I)
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
    source = resting_on(plain, passages)
    cited = [
        passage
        for passage in passages
        if passage.number in numbers and _shared(plain, passage) >= _shared(plain, source)
    ]
    cited = cited or [source]
    supported = _is_supported(plain, cited, title, question)
    marks = "".join(f" [{passage.number}]" for passage in cited)
    return Checked(plain + marks, tuple(passage.number for passage in cited), supported, False)


def resting_on(text: str, passages: Sequence[Passage]) -> Passage:
    """Give the passage that shares most words with a text; the first of equals."""
    return max(passages, key=lambda passage: (_shared(text, passage), -passage.number))


def quotes_of(cited: Sequence[int], passages: Sequence[Passage]) -> tuple[Quote, ...]:
    """Give the cited passages as verbatim quotes with their offsets in the content."""
    return tuple(Quote(passage.text, passage.start, passage.end) for passage in passages if passage.number in cited)


def _shared(text: str, passage: Passage) -> int:
    """Count the words and numbers that a text shares with a passage."""
    return len(content_words(text) & content_words(passage.text)) + len(_numbers(text) & _numbers(passage.text))


def _is_supported(text: str, cited: Sequence[Passage], title: str, question: str) -> bool:
    """Say whether numbers, words and the yes or no of a text agree with the passages that it cites."""
    evidence = " ".join(passage.text for passage in cited)
    if not _numbers(text) <= _numbers(f"{evidence} {title} {question}"):
        return False
    if bool(_NEGATION.search(text)) != bool(_NEGATION.search(evidence)):
        return False
    words = content_words(text) - _ANSWERING
    said = words - content_words(f"{title} {question}")
    borne = said & content_words(evidence)
    says_something = bool(_CLOSED_ANSWER.match(text)) or bool(words & content_words(evidence) - content_words(question))
    return says_something and len(borne) >= LEAST_SUPPORT * len(said)


def _numbers(text: str) -> frozenset[str]:
    spelled = (_NUMBER_WORDS.get(word) for word in re.findall(r"[a-zê]+", text.casefold()))
    return frozenset(_NUMBER.findall(text)) | frozenset(number for number in spelled if number)

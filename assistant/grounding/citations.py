"""Citations: what a model's text rests on, checked by code.

Reads the passage numbers that the text cites, finds the passage it rests on where
it cites none, and tells whether its numbers and words stand in the passages at all.

    checked = check("It weighs 2 kg. [1]", passages, read_question("how heavy is it?", title))
    checked.text, checked.cited, checked.supported
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.passages import Passage
from assistant.question import ReadQuestion
from assistant.reply import Quote
from index.text import WORD, content_words, stem

# A reply is taken for invented if less than this share of its own words, those not asked with, stand in the passages.
LEAST_SUPPORT = 0.5
MAX_SENTENCES = 2
LEAST_SHARE_OF_NEW = 0.8  # of the runs of three words in a reply
NEAR_WORDS = 3  # after a number, or the one before it

_ANSWERING = frozenset({"yes", "no", "sim", "não"})
_VERDICT = re.compile(r"(?:(yes|sim)|no|não)\b[\s,.;:!–—-]*", re.I)
_CLAUSE_END = re.compile(
    r"(?<=[.!?;•])\s+|,\s+(?=not\b|no\b|but\b|não\b|mas\b)|\s{1,9}(?:but|mas)\s+|\s{0,9}\((?=not\b)|\)\s*"
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_CITATION = re.compile(r"(?<!\s)\s*\[\s*(\d+(?:\s*,\s*\d+)*)\s*\]")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
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


def check(text: str, passages: Sequence[Passage], question: ReadQuestion) -> Checked:
    """Check a model's text against the passages that it was shown; one at least."""
    plain = without_marks(text)
    if not plain or _REFUSAL.search(plain):
        return Checked(plain, (), False, bool(plain))
    numbers = cited_numbers(text)
    sentences = _SENTENCE_END.split(plain)
    # A small model that has answered well often goes on to invent: the longest beginning that stands is kept.
    for length in range(min(len(sentences), MAX_SENTENCES), 0, -1):
        checked = _check_plain(" ".join(sentences[:length]), numbers, passages, question)
        if checked.supported:
            break
    return checked


def without_marks(text: str) -> str:
    """Return a text without its citation marks, white space folded."""
    return " ".join(_CITATION.sub("", text).split())


def cited_numbers(text: str) -> tuple[int, ...]:
    """Return the passage numbers that a text cites, each once, ascending."""
    found = {number.strip() for group in _CITATION.findall(text) for number in group.split(",")}
    return tuple(sorted(int(number) for number in found if len(number) < 6))


def leading_verdict(text: str) -> tuple[str, str]:
    """Return the "yes" or "no" that a text begins with, in either language, "" for neither; and the rest of it."""
    verdict = _VERDICT.match(text)
    if verdict is None:
        return "", text
    return "yes" if verdict.group(1) else "no", text[verdict.end() :]


def quotes_of(cited: Sequence[int], passages: Sequence[Passage]) -> tuple[Quote, ...]:
    """Return the cited passages as verbatim quotes with their offsets."""
    return tuple(Quote.of(passage) for passage in passages if passage.number in cited)


def _check_plain(plain: str, numbers: Container[int], passages: Sequence[Passage], question: ReadQuestion) -> Checked:
    shared = {passage.number: count for passage, count in zip(passages, _shared(plain, passages), strict=True)}
    source = max(passages, key=lambda passage: (shared[passage.number], -passage.number))
    fits = [each for each in passages if each.number in numbers and shared[each.number] >= shared[source.number]]
    cited = fits or [source]
    marks = "".join(f" [{passage.number}]" for passage in cited)
    supported = _is_supported(plain, cited, question)
    return Checked(plain + marks, tuple(passage.number for passage in cited), supported, refuses=False)


def _shared(text: str, passages: Sequence[Passage]) -> list[int]:
    """Count the words and numbers that a text shares with each passage."""
    words, numbers = content_words(text), numbers_in(text)
    return [len(words & passage.words) + len(numbers & numbers_in(passage.text)) for passage in passages]


def _is_supported(text: str, cited: Sequence[Passage], question: ReadQuestion) -> bool:
    """Return whether numbers, words and the yes or no of a text agree with the passages that it cites."""
    evidence = " ".join(passage.text for passage in cited)
    numbers_there = numbers_in(f"{evidence} {question.title}")
    if _goes_round(text) or not numbers_in(text) <= numbers_there or not _numbers_fit(text, evidence):
        return False
    there = frozenset[str]().union(*(passage.words for passage in cited))
    words = content_words(text)
    verdict, rest = leading_verdict(text)
    known = question.words
    if question.offers_choice:  # "porcelain or plastic?" is answered by a word of its own
        known -= there
    restates = bool(_own(content_words(rest) if verdict else words) & there - known)
    clause = bearing_clause(words | question.words, evidence)
    # "No. It is made of glass." denies nothing of its passage; "No, it is not." has to be denied there.
    if bool(NEGATION.search(rest if restates else text)) != bool(NEGATION.search(clause)):
        return False
    if not restates:
        asked = question.words - question.title_words
        if not (verdict and question.closed) or 2 * len(asked & content_words(clause)) < len(asked):
            return False
    claimed = _own(words) - question.title_words - known
    return len(claimed & there) >= LEAST_SUPPORT * len(claimed)


def _own(words: frozenset[str]) -> frozenset[str]:
    """Return words without yes, no and other denials."""
    return frozenset(word for word in words - _ANSWERING if not NEGATION.search(word))


def bearing_clause(wanted: frozenset[str], evidence: str) -> str:
    """Return the clause that has most of the words wanted: "not" in another one denies nothing here."""
    words = wanted - _ANSWERING
    clauses = [clause for clause in _CLAUSE_END.split(evidence) if clause.strip()] or [evidence]
    return max(clauses, key=lambda clause: len(words & content_words(clause)))


def _goes_round(text: str) -> bool:
    """Return whether a text says the same three words over and over, as small models do when they are lost."""
    words = text.casefold().split()
    threes = list(zip(words, words[1:], words[2:], strict=False))
    return len(set(threes)) < LEAST_SHARE_OF_NEW * len(threes)


def _numbers_fit(text: str, evidence: str) -> bool:
    """Return whether each number stands near the word it counts: "96 pages" is not in "336 pages, 96 photographs"."""
    pairs = pairwise(WORD.findall(text.casefold()))
    counted = [(stem(one), stem(other)) for one, other in pairs if one[0].isdigit() and other.isalpha()]
    there = [stem(word) for word in WORD.findall(evidence.casefold())] if counted else []
    for number, thing in counted:
        if number in there and thing in there:
            places = [place for place, word in enumerate(there) if word == number]
            near = [[*there[max(0, place - 1) : place], *there[place + 1 : place + 1 + NEAR_WORDS]] for place in places]
            if not any(thing in words for words in near):
                return False
    return True


def numbers_in(text: str) -> frozenset[str]:
    """Return the numbers of a text, those in words too, as they are written in digits."""
    spelled = (_NUMBER_WORDS.get(word) for word in re.findall(r"[a-zê]+", text.casefold()))
    return frozenset(NUMBER.findall(text)) | frozenset(number for number in spelled if number)

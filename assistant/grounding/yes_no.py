"""Yes or no: what a passage says to a closed question.

A small linear model over named features of question and passage: a denial on one side
only, the asked words that the passage holds, numbers that differ, "only". It does not
find passages and does not tell whether one answers at all.

    yes_logit(read_question("is it dishwasher safe?", "Harrow Kettle"), passage)   # below 0 means no
"""

import re

from assistant.grounding.citations import NEGATION, NUMBER, bearing_clause
from assistant.passages import Passage
from assistant.question import ReadQuestion
from index.linear_model import LinearModel
from index.text import WORD, content_words, stem

# The weights that make a logit of `yes_no_features`: a logistic regression on yes/no answers to real questions
# (ePQA, hetPQA) and to generated ones. `python benchmarks/yes_no.py --fit` measures and prints them.
YES_NO = LinearModel(
    {
        "the clause that bears on it denies, or the question does, not both": -1.79,
        "both deny": -0.32,
        "the clause denies, and the passage has half of the asked words or more": -1.07,
        "an attribute: yes": 2.36,
        "an attribute: no": 1.0,
        "an attribute whose value has none of the asked words": -2.79,
        "share of the asked words": -0.18,
        "all of the asked words": 1.27,
        "share of the asked words in an attribute's value": 0.46,
        "the numbers asked about are there": 0.81,
        "other numbers are there": -2.28,
        "the passage says only": -0.98,
        "the question says only": 0.47,
        "the last word asked is there": 0.46,
        "the passage begins with yes": 1.35,
        "the passage begins with no": -1.55,
        "the passage praises or offers: easily, designed for, fits, includes": -0.33,
        "asks for all, both, each, another": 0.31,
        "asks for one or the other": 0.81,
        "number of words asked, tens": 0.87,
        "number of words in the clause, tens": 1.17,
    },
    bias=0.66,
)

_ATTRIBUTE = re.compile(r"^([A-Za-z][A-Za-z ]{2,40}): ")
_DENIES = re.compile(r"\b(?:sold separately|except|unable|instead)\b", re.I)
_YES = re.compile(r": (?:yes|true)\b|^(?:yes|sure|yep|correct|absolutely|sim)\b", re.I)
_NO = re.compile(r": (?:no|false)\b", re.I)
_OFFERS = re.compile(
    r"\b(?:easy|easily|perfect|great|ideal|designed for|compatible|works? with|fits?|comes? with|includes?"
    r"|compatível|funciona com|inclui|acompanha)\b",
    re.I,
)
_ONLY, _JUST_OR_ONLY = re.compile(r"\bonly\b", re.I), re.compile(r"\b(?:just|only)\b", re.I)
_BEGINS_WITH_NO = re.compile(r"(?:no|nope|não)\b", re.I)
_EITHER = re.compile(r"\b(?:or|ou)\b", re.I)
_EVERY = re.compile(r"\b(?:all|both|any|each|every|other|another|more|todos|todas|outro|outra)\b", re.I)


def yes_logit(question: ReadQuestion, passage: Passage) -> float:
    """Return the logit that the answer is yes, where the passage answers the question at all."""
    return YES_NO.logit(yes_no_features(question, passage))


def yes_no_features(question: ReadQuestion, passage: Passage) -> dict[str, float]:
    """Return the features of question and passage, by the names of `YES_NO`."""
    text, words, asked = passage.text, passage.words, question.beyond_title
    clause = bearing_clause(question.words, text)
    attribute = _ATTRIBUTE.match(text)
    value = text[attribute.end() :] if attribute else text
    beyond = asked - (content_words(attribute.group(1)) if attribute else frozenset())
    shared = len(asked & words) / max(1, len(asked))
    in_value = len(beyond & content_words(value)) / max(1, len(beyond)) if attribute else 0.0
    clause_denies = bool(NEGATION.search(clause) or _NO.search(text) or _DENIES.search(clause))
    question_denies = NEGATION.search(question.text) is not None
    asked_numbers, numbers = set(NUMBER.findall(question.text)), set(NUMBER.findall(text))
    last = WORD.findall(question.text.casefold())[-1:]
    features = {
        "the clause that bears on it denies, or the question does, not both": clause_denies != question_denies,
        "both deny": clause_denies and question_denies,
        "the clause denies, and the passage has half of the asked words or more": clause_denies and shared >= 0.5,
        "an attribute: yes": _YES.search(text) is not None and attribute is not None,
        "an attribute: no": _NO.search(text) is not None,
        "an attribute whose value has none of the asked words": attribute is not None and in_value == 0,
        "share of the asked words": shared,
        "all of the asked words": shared == 1,
        "share of the asked words in an attribute's value": in_value,
        "the numbers asked about are there": bool(asked_numbers) and asked_numbers <= numbers,
        "other numbers are there": bool(asked_numbers - numbers) and bool(numbers),
        "the passage says only": _ONLY.search(text) is not None,
        "the question says only": _JUST_OR_ONLY.search(question.text) is not None,
        "the last word asked is there": bool(last) and stem(last[0]) in words,
        "the passage begins with yes": attribute is None and _YES.match(text) is not None,
        "the passage begins with no": _BEGINS_WITH_NO.match(text) is not None,
        "the passage praises or offers: easily, designed for, fits, includes": _OFFERS.search(text) is not None,
        "asks for all, both, each, another": _EVERY.search(question.text) is not None,
        "asks for one or the other": _EITHER.search(question.text) is not None,
        "number of words asked, tens": len(asked) / 10,
        "number of words in the clause, tens": len(content_words(clause)) / 10,
    }
    return {name: float(value) for name, value in features.items()}

"""Polarity: whether a passage says yes or no to a closed question.

A small linear model over named features of question and passage: a denial on one side
only, the asked words that the passage holds, numbers that differ, "only". It does not
find passages and does not tell whether one answers at all.

    affirms("is it dishwasher safe?", "Harrow Kettle", "Hand wash only.")   # a logit; below 0 means no
"""

import re

from assistant.grounding.citations import NEGATION, bearing_clause
from assistant.grounding.evidence import WORD, content_words, stem, without_mention
from assistant.grounding.linear_model import linear

# What `polarity_features` gives, and the weights that make a logit of it: a logistic regression on yes/no answers to
# real questions (ePQA, hetPQA) and to generated ones. `python benchmarks/yes_no.py --fit` measures and prints them.
FEATURES = (
    "the clause that bears on it denies, or the question does, not both",
    "both deny",
    "the clause denies, and the passage has half of the asked words or more",
    "an attribute: yes",
    "an attribute: no",
    "an attribute whose value has none of the asked words",
    "share of the asked words",
    "all of the asked words",
    "share of the asked words in an attribute's value",
    "the numbers asked about are there",
    "other numbers are there",
    "the passage says only",
    "the question says only",
    "the last word asked is there",
    "the passage begins with yes",
    "the passage begins with no",
    "the passage praises or offers: easily, designed for, fits, includes",
    "asks for all, both, each, another",
    "asks for one or the other",
    "number of words asked, tens",
    "number of words in the clause, tens",
)
WEIGHTS = (
    -1.79, -0.32, -1.07, 2.36, 1.0, -2.79, -0.18, 1.27, 0.46, 0.81, -2.28, -0.98, 0.47, 0.46, 1.35, -1.55, -0.33,
    0.31, 0.81, 0.87, 1.17,
)  # fmt: skip
BIAS = 0.66

_ATTRIBUTE = re.compile(r"^([A-Za-z][A-Za-z ]{2,40}): ")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_DENIES = re.compile(r"\b(?:sold separately|except|unable|instead)\b", re.I)
_YES = re.compile(r": (?:yes|true)\b|^(?:yes|sure|yep|correct|absolutely|sim)\b", re.I)
_NO = re.compile(r": (?:no|false)\b", re.I)
_OFFERS = re.compile(
    r"\b(?:easy|easily|perfect|great|ideal|designed for|compatible|works? with|fits?|comes? with|includes?"
    r"|compatível|funciona com|inclui|acompanha)\b",
    re.I,
)
_EVERY = re.compile(r"\b(?:all|both|any|each|every|other|another|more|todos|todas|outro|outra)\b", re.I)


def affirms(question: str, title: str, passage: str) -> float:
    """Give the logit that the answer is yes, where the passage answers the question at all."""
    return linear(BIAS, WEIGHTS, polarity_features(question, title, passage))


def polarity_features(question: str, title: str, passage: str) -> tuple[float, ...]:
    """Give one row of `FEATURES`."""
    clause = bearing_clause(question, passage)
    attribute = _ATTRIBUTE.match(passage)
    value = passage[attribute.end() :] if attribute else passage
    named = content_words(attribute.group(1)) if attribute else frozenset()
    asked = content_words(without_mention(question, title)) or content_words(question)
    asked = asked - content_words(title) or asked
    words = content_words(passage)
    shared = len(asked & words) / max(1, len(asked))
    beyond = asked - named
    in_value = len(beyond & content_words(value)) / max(1, len(beyond))
    clause_denies = bool(NEGATION.search(clause) or _NO.search(passage) or _DENIES.search(clause))
    question_denies = NEGATION.search(question) is not None
    asked_numbers, numbers = set(_NUMBER.findall(question)), set(_NUMBER.findall(passage))
    last = WORD.findall(question.casefold())[-1:]
    return tuple(
        float(value)
        for value in (
            clause_denies != question_denies,
            clause_denies and question_denies,
            clause_denies and shared >= 0.5,
            _YES.search(passage) is not None and attribute is not None,
            _NO.search(passage) is not None,
            attribute is not None and in_value == 0,
            shared,
            shared == 1,
            in_value if attribute else 0,
            bool(asked_numbers) and asked_numbers <= numbers,
            bool(asked_numbers - numbers) and bool(numbers),
            re.search(r"\bonly\b", passage, re.I) is not None,
            re.search(r"\b(?:just|only)\b", question, re.I) is not None,
            bool(last) and stem(last[0]) in words,
            attribute is None and _YES.match(passage) is not None,
            re.match(r"(?:no|nope|não)\b", passage, re.I) is not None,
            _OFFERS.search(passage) is not None,
            _EVERY.search(question) is not None,
            re.search(r"\b(?:or|ou)\b", question, re.I) is not None,
            len(asked) / 10,
            len(content_words(clause)) / 10,
        )
    )

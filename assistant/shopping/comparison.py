"""Comparing: by what products are set side by side, the question put to each, and which of them wins.

comparison = read_comparison("A or B, which is lighter?", titles)
comparison.questions[0]         # "How much does it weigh?"
comparison.winner(["Weighs 1.2 kg.", "2 lb"], verdicts=["", ""])      # 1
"""

import math
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.phrases import Language, language_of
from assistant.question import read_question
from index.quantities import Quantity, quantities_in
from index.text import WORD, content_words, stem, unaccented

Verdict = Literal["", "yes", "no"]
SAME = 0.02  # of an amount: closer ones are the same to a shopper

_COUNTED = re.compile(
    r"\b(?:more|most|fewer|less|fewest|mais|menos|maior numero de)\s+(?!than\b|do\b|que\b)([a-z]{3,})"
    r"|\bhow many (\w+)",
    re.I,
)
_BETWEEN_PRODUCTS = re.compile(
    r"\s+(?:or|vs\.?|versus|ou|and|e|against|than|do que|compared (?:to|with))\s+(?:the |a |o |os |as )?|[,;:?]\s+",
    re.I,
)
_QUESTION_WORDS = re.compile(
    r"\b(?:which|what'?s?|who|is|are|do|does|both|the|a|an|between|compare|difference|in|of|has|have|more|bigger|lighter"
    r"|heavier|longer|larger|smaller|better|weight|qual|quais|entre|diferença|comparar?|one)\b",
    re.I,
)
_FEWER = re.compile(r"\b(?:fewer|less|fewest|menos)\b", re.I)
_BETWEEN = frozenset(
    """
    or and vs versus both which who compare compared comparing comparison difference different between than better best
    one ones two three other do does is are has have the a an of to ou e qual quais dos das os as dois duas entre
    diferença diferenca comparar compare melhor que do da tem é sao são eles elas they them these those either same too
    """.split()
)
_NOT_A_COUNT = frozenset(
    """
    expensive suitable compact powerful comfortable durable portable recent modern leves leve pesado pesada rapido
    """.split()
)


@dataclass(frozen=True)
class _Measure:
    asked: re.Pattern[str]
    questions: dict[Language, str]
    dimension: str
    wins: Literal["more", "less"]


@dataclass(frozen=True)
class ComparisonQuery:
    """What is asked of each product, in one wording or more, and how a winner is told: by an amount, or by yes.

    The amount is of a dimension, or of what is counted; no wording at all asks what each product is.
    """

    questions: tuple[str, ...]
    dimension: str = ""
    counted: str = ""
    wins: Literal["more", "less"] = "more"

    @property
    def measures(self) -> bool:
        """Return whether amounts decide."""
        return bool(self.dimension or self.counted)

    def winner(self, stated: Sequence[str], verdicts: Sequence[Verdict]) -> int | None:
        """Return the place of the product that the comparison favours, by what is quoted of each and its verdict.

        `stated` is "" where a description does not tell. None where it favours none, or cannot be told.
        """
        if self.measures:
            amounts = [self._amount(text) for text in stated]
            known = [amount for amount in amounts if amount is not None]
            if len(known) < len(amounts):
                return None
            best = (max if self.wins == "more" else min)(known)
            alike = [math.isclose(best, amount, rel_tol=SAME) for amount in known]
            return alike.index(True) if sum(alike) == 1 else None
        favoured = [place for place, verdict in enumerate(verdicts) if verdict == "yes"]
        return favoured[0] if len(favoured) == 1 else None

    def _amount(self, text: str) -> float | None:
        """Return the largest amount that a text states of what is compared, in the dimension's first unit."""
        found = [each for each in quantities_in(text) if self._is_meant(each)]
        values = [each.high if math.isfinite(each.high) else each.low for each in found]
        return max(values, default=None)

    def _is_meant(self, quantity: Quantity) -> bool:
        if self.counted:
            return self.counted in (quantity.counted, stem(quantity.dimension))
        return quantity.dimension == self.dimension


_MEASURES = [
    _Measure(re.compile(rf"\b(?:{row['words']})", re.I), row["questions"], row["measures"], row["wins"])
    for row in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["by"]
]


def compared_parts(text: str) -> list[str]:
    """Cut a comparison where one product ends and the next begins; what is left of a part may be no product."""
    parts = [_QUESTION_WORDS.sub(" ", part).strip(" ?.,:;-") for part in _BETWEEN_PRODUCTS.split(text)]
    return [part for part in parts if content_words(part)]


def read_comparison(text: str, titles: Sequence[str]) -> ComparisonQuery:
    """Return by what the products of these titles are compared, and the question that is put to each."""
    language = language_of(text)
    rest = _asked_of_each(text, titles, language)
    counted = next((one or other for one, other in _COUNTED.findall(unaccented(text))), "")
    if counted and counted not in _NOT_A_COUNT:
        question = f"Quantas {counted} tem?" if language == "pt" else f"How many {counted} does it have?"
        wins: Literal["more", "less"] = "less" if _FEWER.search(text) else "more"
        return ComparisonQuery(_distinct(question, rest), counted=stem(counted), wins=wins)
    for measure in _MEASURES:
        if measure.asked.search(text):
            questions = _distinct(measure.questions[language], rest)
            return ComparisonQuery(questions, dimension=measure.dimension, wins=measure.wins)
    return ComparisonQuery(_distinct(rest))


def _distinct(*questions: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, questions)))


def _asked_of_each(text: str, titles: Sequence[str], language: Language) -> str:
    """Return what is left of a question without the products and the words that compare; "" where it asks nothing."""
    words = WORD.findall(text)
    for title in titles:
        start, stop = _mention(words, content_words(title))
        words[start:stop] = []
    rest = " ".join(word for word in words if unaccented(word) not in _BETWEEN)
    if not content_words(rest):
        return ""
    if language == "pt":
        return f"{rest[:1].upper()}{rest[1:]}?"
    closed = read_question(f"does it {rest}?").closed
    begins = "Is it" if re.match(r"(?:for|good|ok|safe|suitable|made|in|on)\b", rest) else "Does it"
    return f"{begins} {rest}?" if closed else f"{rest}?"


def _mention(words: Sequence[str], title: frozenset[str]) -> tuple[int, int]:
    """Return where the longest run of a title's words stands among some words, the first of equals."""
    best = (0, 0)
    start = 0
    for place, word in enumerate([*words, ""]):
        if stem(unaccented(word)) not in title:
            best = max(best, (start, place), key=lambda run: run[1] - run[0])
            start = place + 1
    return best

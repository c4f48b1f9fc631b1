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
from index.quantities import Quantity, quantities_in
from index.text import WORD, content_words, stem, unaccented

SAME = 0.02  # of an amount: closer ones are the same to a shopper

_COUNTED = re.compile(
    r"\b(?:more|most|fewer|less|fewest|mais|menos|maior numero de) ([a-z]{2,}s)\b|\b(?:how many|quant[oa]s) (\w+)", re.I
)
_BETWEEN_PRODUCTS = re.compile(
    r" (?:or|vs\.?|versus|ou|and|e|n|against|than|do que|que|next to|as well as|(?:em relação|comparad[oa]) [ao]o?"
    r"|compared (?:to|with)) (?:the |a |that |with the |with |os? |as )?| [+/] |[.,;:?!]+ ",
    re.I,
)
_COMPARING = re.compile(
    r"\b(?:vs\.?|versus|compared?|comparing|comparison|differen(?:ce|t)|diff|both|each|than (?!\d)|against"
    r"|between|entre|compar\w+|diferença|os dois|as duas|do que|maior que|menor que|mais .{1,30} que)\b",
    re.I,
)
_OF_BOTH = re.compile(
    r"\b(?:(?:do|are|can|will|have|did) (?:they )?both|both of|of both|either of|which (?:one|of)|the difference"
    r"|which (?:is|has|\w+s) [^?]{0,60}\b(?:\w{3,}er|more|less|most|best|\w{3,}est)|(?:the|those|these) (?:two|three)"
    r"|compare (?:them|the two|both)|d?[oa]s (?:dois|duas|três)|qual (?:d[aeo]s?|del[ae]s)|compar[ae]-?[oa]s"
    r"|qual (?:é|tem) (?:o |a )?(?:mais|menos|melhor|menor|maior))\b",
    re.I,
)
_THAN = re.compile(r"\b(?:than|do que|que [oa])\b", re.I)
_ASKS = re.compile(
    r"\W*(?:which|who|whose|whats?|what's|qual|quais|quem|do they|does (?:it|each|either)|is (?:it|one)|can i|where)\b",
    re.I,
)
_QUESTION_WORDS = re.compile(
    r"\b(?:which|what'?s?|who|is|are|do|does|both|the|a|an|between|compare|difference|in|of|has|have|more|bigger|lighter"
    r"|heavier|longer|larger|smaller|better|weight|qual|quais|entre|diferença|comparar?|one)\b",
    re.I,
)
_OPEN = re.compile(r"(?:what|how|where|when|why)\b", re.I)
_ADJECTIVE = re.compile(r"(?:for|good|ok|safe|suitable|made|in|on|\w{2,}(?:er|able|proof|free|less|resistant))\b", re.I)
_FEWER = re.compile(r"\b(?:fewer|less|fewest|menos)\b", re.I)
_BETWEEN = frozenset(
    """
    or and vs versus both which who compare compared comparing comparison difference different between than better best
    one ones two three other do does is are has have the a an of to ou e qual quais dos das os as dois duas entre
    diferenca comparar compare melhor que do da tem sao eles elas they them these those either same too
    """.split()
)


@dataclass(frozen=True)
class _Measure:
    asked: re.Pattern[str]
    questions: dict[Language, str]
    dimension: str
    wins: Literal["more", "less"]
    largest: bool


@dataclass(frozen=True)
class ComparisonQuery:
    """What is asked of each product, in one wording or more, and how a winner is told: by an amount, or by yes.

    The amount is of a dimension, or of what is counted; no wording at all asks what each product is.
    """

    questions: tuple[str, ...]
    dimension: str = ""
    counted: str = ""
    wins: Literal["more", "less"] = "more"
    largest: bool = False  # of several amounts of one text; else it is not known which is meant

    @property
    def measures(self) -> bool:
        """Return whether amounts decide."""
        return bool(self.dimension or self.counted)

    def winner(self, stated: Sequence[str], verdicts: Sequence[str]) -> int | None:
        """Return the place of the product that the comparison favours, by what is quoted of each and its verdict.

        A verdict is yes, no or ""; `stated` is "" where a description does not tell. None where it favours none, or
        cannot be told.
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

    def states(self, text: str) -> bool:
        """Return whether a text states an amount of what is compared."""
        return self._amount(text) is not None

    def _amount(self, text: str) -> float | None:
        """Return the amount that a text states of what is compared, in the dimension's first unit.

        None where it states none, or several of which it is not known which is meant.
        """
        found = [each for each in quantities_in(text) if self._is_meant(each)]
        values = [each.high if math.isfinite(each.high) else each.low for each in found]
        if not values or not (self.largest or math.isclose(min(values), max(values), rel_tol=SAME)):
            return None
        return max(values)

    def _is_meant(self, quantity: Quantity) -> bool:
        if self.counted:
            return self.counted in (quantity.counted, stem(quantity.dimension))
        return bool(self.dimension) and quantity.dimension == self.dimension


_MEASURES = [
    _Measure(
        re.compile(rf"\b(?:{row['words']})", re.I), row["questions"], row["measures"], row["wins"], "largest" in row
    )
    for row in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["by"]
]


def sets_side_by_side(text: str) -> bool:
    """Return whether a turn has words that compare; what they stand between may be no products."""
    return _COMPARING.search(text) is not None


def points_at_both(text: str) -> bool:
    """Return whether a turn compares without naming: "which of the two is lighter?"."""
    return _OF_BOTH.search(text) is not None


def measures_against(text: str) -> bool:
    """Return whether a turn measures one thing against another that it names: "is it lighter than the red one?"."""
    return _THAN.search(text) is not None


def compared_parts(text: str) -> list[str]:
    """Cut a comparison where one product ends and the next begins; what is left of a part may be no product.

    Parts that ask ("which is lighter") are left out where two others are left.
    """
    pieces = _BETWEEN_PRODUCTS.split(" ".join(text.split()))
    naming = [piece for piece in pieces if not _ASKS.match(piece)]
    parts = [_QUESTION_WORDS.sub(" ", piece).strip(" ?.,:;-") for piece in (naming if len(naming) > 1 else pieces)]
    return [part for part in parts if content_words(part)]


def read_comparison(text: str, titles: Sequence[str]) -> ComparisonQuery:
    """Return by what the products of these titles are compared, and the question that is put to each."""
    language = language_of(text)
    rest = _asked_of_each(text, titles, language)
    for measure in _MEASURES:
        if measure.asked.search(text):
            questions = _distinct(measure.questions[language], rest)
            return ComparisonQuery(questions, measure.dimension, wins=measure.wins, largest=measure.largest)
    if counted := next((one or other for one, other in _COUNTED.findall(unaccented(text))), ""):
        question = f"Quantas {counted} tem?" if language == "pt" else f"How many {counted} does it have?"
        wins: Literal["more", "less"] = "less" if _FEWER.search(text) else "more"
        return ComparisonQuery(_distinct(question, rest), counted=stem(counted), wins=wins)
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
    if _OPEN.match(rest):
        return f"{rest}?"
    return f"{'Is' if _ADJECTIVE.match(rest) else 'Does'} it {rest}?"


def _mention(words: Sequence[str], title: frozenset[str]) -> tuple[int, int]:
    """Return where the longest run of a title's words stands among some words, the first of equals."""
    best = (0, 0)
    start = 0
    for place, word in enumerate([*words, ""]):
        if stem(unaccented(word)) not in title:
            best = max(best, (start, place), key=lambda run: run[1] - run[0])
            start = place + 1
    return best

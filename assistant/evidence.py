"""Evidence: a description cut into passages, and the few that bear on a question.

Cuts by sentence with exact offsets, scores by shared words, by the attribute
asked about and by the title encoder's cosine, and says how strong the best
evidence is. It does not read: whether a passage answers is the model's part.

    passages = split(product.content)
    evidence = choose(question, product.title, passages, encode, max_tokens=110)
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.attributes import asked_about, share_carried

if TYPE_CHECKING:
    import numpy as np

Encode = Callable[[list[str]], "np.ndarray"]  # texts → (n, d) float32, unit rows

LONGEST_PASSAGE = 240  # characters; run-on specifications are cut at the last soft break before it
SHORTEST_PASSAGE = 12  # characters; a shorter piece joins its neighbour
# Measured with the SmolLM2 tokenizer on 2,000 Amazon descriptions: 4.3 characters a token at the median, 3.2 at the 5th percentile.
CHARACTERS_PER_TOKEN = 3.5

_ENDS = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-ZÀ-Ý0-9•])|\s*•\s*")
_SOFT_BREAK = re.compile(r"[;,:/–—-]\s+|\s/\s")
_ABBREVIATION = re.compile(
    r"(?:\b(?:approx|dr|mr|mrs|ms|st|vs|etc|inc|no|vol|ed|oz|lb|lbs|ft|in|dia|max|min|e\.g|i\.e|fl|pág|ex|sr|sra|jr|[A-Z])\.)$",
    re.I,
)
_CLOSED = re.compile(
    r"(?:and |so |but |hi,? |hello,? )*(?:is|are|does|do|did|can|could|will|would|has|have|was|were|é|tem|vem|serve|funciona|posso|dá)\b",
    re.I,
)
_WORD = re.compile(r"\w+(?:[.,'’]\w+)*")
_FRAME = frozenset(
    """a about all also am an and any are as at be been but by can come comes could did do does for from get got had has have
    having he hello her hi his how i if in into is it its just know like me much many my need of on one or our please so some tell than
    that the their them then there these they thing this those to too us use used was we were what what's whats when where
    which who why will with would you your product item book
    a ao aos as com como da das de do dos e ela ele em essa esse esta este eu é foi há isso isto já me muito na nas no nos o os
    ou para pela pelo por qual quais quando quanto quantos quantas que quem se sem ser seu sua são tem ter um uma você olá produto""".split()
)


# What `score_features` gives for a passage, and the weights that make a probability of it: a logistic regression on
# the labelled candidates of ePQA, hetPQA and semiPQA. `python benchmarks/evidence.py --fit` measures and prints them.
FEATURES = (
    "share of the asked words, the title's left out",
    "share of the asked words",
    "share of the asked attributes that it states",
    "an attribute is asked and none is stated",
    "no attribute is recognised in the question",
    "cosine of the title encoder",
    "log of its number of words",
    "the question asks yes or no",
)
WEIGHTS = (1.398, 1.416, 0.978, -0.781, -0.362, 5.157, 0.265, -0.024)
BIAS = -3.028


@dataclass(frozen=True)
class Passage:
    """A numbered piece of a content: `content[start:end] == text`, in characters; numbers count from 1."""

    number: int
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Evidence:
    """The passages chosen for a question, in the order of the text, numbered as the prompt shows them.

    `strength` is the probability, in [0, 1], that the best of them answers the question.
    """

    passages: tuple[Passage, ...]
    strength: float


def split(content: str) -> list[Passage]:
    """Cut a content into sentences and list items, with exact offsets."""
    spans = _join_short(_cut_long(content, _sentences(content)))
    return [Passage(number, content[start:end], start, end) for number, (start, end) in enumerate(spans, 1)]


def choose(
    question: str,
    title: str,
    passages: Sequence[Passage],
    encode: Encode,
    *,
    max_passages: int = 3,
    max_tokens: int = 110,
) -> Evidence:
    """Choose the passages that bear on the question, the best first until the budget is full.

    Gives them in the order of the text, numbered anew from 1; at least one where there is any.
    """
    if not passages:
        return Evidence((), 0.0)
    features = score_features(question, title, [passage.text for passage in passages], encode)
    scores = [_logit(row) for row in features]
    ranked = sorted(range(len(passages)), key=lambda place: -scores[place])
    chosen: list[int] = []
    tokens = 0
    for place in ranked[:max_passages]:
        cost = estimate_tokens(passages[place].text)
        if not chosen or tokens + cost <= max_tokens:
            chosen.append(place)
            tokens += cost
    kept = [passages[place] for place in sorted(chosen)]
    renumbered = tuple(Passage(number, kept_.text, kept_.start, kept_.end) for number, kept_ in enumerate(kept, 1))
    return Evidence(renumbered, 1 / (1 + math.exp(-max(scores))))


def estimate_tokens(text: str) -> int:
    """Estimate, on the high side, how many tokens a text takes."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


def score_features(question: str, title: str, texts: Sequence[str], encode: Encode) -> list[tuple[float, ...]]:
    """Give one row of `FEATURES` for each text: how it bears on the question about the product of that title."""
    asked = content_words(question)
    beyond_title = asked - content_words(title) or asked
    words = [content_words(text) for text in texts]
    attributes = asked_about(question)
    vectors = encode([question, *texts])
    cosines = vectors[1:] @ vectors[0]
    closed = float(_CLOSED.match(question.strip()) is not None)
    rows = []
    for text, its_words, cosine in zip(texts, words, cosines, strict=True):
        carried = share_carried(text, attributes)
        rows.append(
            (
                _share(beyond_title, its_words, words),
                _share(asked, its_words, words),
                carried,
                float(bool(attributes) and carried == 0),
                float(not attributes),
                float(cosine),
                math.log(1 + len(its_words)),
                closed,
            )
        )
    return rows


def content_words(text: str) -> frozenset[str]:
    """Give the stems of the words that carry meaning; those of questions and grammar are left out."""
    return frozenset(_stem(word) for word in _WORD.findall(text.casefold()) if word not in _FRAME)


def _logit(row: tuple[float, ...]) -> float:
    return BIAS + sum(weight * value for weight, value in zip(WEIGHTS, row, strict=True))


def _stem(word: str) -> str:
    """Fold the commonest English endings, so that "batteries" meets "battery" and "charging" meets "charge"."""
    for ending, instead in (("ies", "y"), ("ing", ""), ("ers", "er"), ("es", ""), ("ed", ""), ("s", ""), ("e", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + instead
    return word


def _share(asked: frozenset[str], own: frozenset[str], every: Sequence[frozenset[str]]) -> float:
    """Give the share of the asked words that a passage has, rarer ones (among the passages) counting more."""
    rarity = {word: math.log((len(every) + 1) / (sum(word in other for other in every) + 0.5)) for word in asked}
    total = sum(rarity.values())
    return sum(value for word, value in rarity.items() if word in own) / total if total else 0.0


def _sentences(content: str) -> list[tuple[int, int]]:
    spans = []
    start = 0
    for end in _ENDS.finditer(content):
        if not _ABBREVIATION.search(content, start, end.start()):
            spans.append((start, end.start()))
            start = end.end()
    spans.append((start, len(content)))
    return [_stripped(content, span) for span in spans if content[span[0] : span[1]].strip()]


def _stripped(content: str, span: tuple[int, int]) -> tuple[int, int]:
    start, end = span
    text = content[start:end]
    return start + len(text) - len(text.lstrip()), end - (len(text) - len(text.rstrip()))


def _cut_long(content: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    pieces = []
    for start, end in spans:
        while end - start > LONGEST_PASSAGE:
            breaks = [found.end() for found in _SOFT_BREAK.finditer(content, start, start + LONGEST_PASSAGE)]
            space = content.rfind(" ", start, start + LONGEST_PASSAGE)
            cut = (
                breaks[-1]
                if breaks and breaks[-1] > start + LONGEST_PASSAGE // 3
                else space + 1
                if space > start
                else start + LONGEST_PASSAGE
            )
            pieces.append(_stripped(content, (start, cut)))
            start = cut
        pieces.append(_stripped(content, (start, end)))
    return [piece for piece in pieces if piece[0] < piece[1]]


def _join_short(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if (
            joined
            and min(end - start, joined[-1][1] - joined[-1][0]) < SHORTEST_PASSAGE
            and end - joined[-1][0] <= LONGEST_PASSAGE
        ):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined

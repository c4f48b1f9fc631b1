"""What a turn of a shopper wants: a product's fact, products for a need, a comparison, or nothing of a product.

A multinomial logistic regression over the words of the turn and what the title index makes of it. Its weights
(`intents.json`) are made by `python benchmarks/intents.py` from questions that people wrote.

    intents = Intents.shipped().probabilities("do you have a kettle under 1 kg", resolution)
    max(intents, key=intents.get)       # "need"
"""

import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from index.resolver import Resolution
from index.text import GRAMMAR_WORDS, WORD, stem, unaccented

# Of a turn that is about a product spoken of before: a follow-up, or a choice from what was offered.
Intent = Literal["product", "need", "compare", "help", "order", "other", "follow", "choose"]
INTENTS: tuple[Intent, ...] = get_args(Intent)
WEIGHTS = Path(__file__).with_name("intents.json")
FEWEST_LIKELY = 0.02  # probability that a resolution is taken to have at least, and to lack
MOST_WORDS = 12
MOST_NAMED, MOST_BESIDE = 5, 8  # words
_DEFINITE = frozenset("the my this that o os as meu minha".split())
_INDEFINITE = frozenset("a an some any um uma".split())

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[?!]")


@dataclass(frozen=True)
class Intents:
    """Weights of each feature for each intent, in the order of `INTENTS`."""

    weights: Mapping[str, Sequence[float]]
    biases: Sequence[float]

    @classmethod
    @cache
    def shipped(cls) -> "Intents":
        """Return the weights that are shipped."""
        return cls(**json.loads(WEIGHTS.read_text(encoding="utf-8")))

    def probabilities(self, text: str, resolution: Resolution) -> dict[Intent, float]:
        """Return how probable each intent is, in [0, 1], of a turn that the title index took for `resolution`."""
        logits = list(self.biases)
        for name, value in features_of(text, resolution).items():
            for place, weight in enumerate(self.weights.get(name, ())):
                logits[place] += weight * value
        largest = max(logits)
        raised = [math.exp(logit - largest) for logit in logits]
        return {intent: each / sum(raised) for intent, each in zip(INTENTS, raised, strict=True)}


def features_of(text: str, resolution: Resolution) -> dict[str, float]:
    """Return the features of a turn: its words and pairs of words, weighed to one length, and the resolution's."""
    best = resolution.hits[0].title if resolution.hits else ""
    plain, _, title = unaccented(f"{text}\n{best}").rpartition("\n")  # a title has no line end
    words = ["^", *("0" if word.isdigit() else word for word in _WORD.findall(plain)), "$"]
    terms = {*words, *(f"{one} {other}" for one, other in itertools.pairwise(words))}
    probability = min(max(resolution.probability, FEWEST_LIKELY), 1 - FEWEST_LIKELY)
    return {
        **{term: 1 / math.sqrt(len(terms)) for term in terms},
        "= logit of the best title": math.log(probability / (1 - probability)) / 3,
        "= found": float(resolution.decision == "found"),
        "= ambiguous": float(resolution.decision == "ambiguous"),
        "= compares": float(resolution.compares),
        "= words": min(len(words) - 2, MOST_WORDS) / MOST_WORDS,
        **(_naming(plain, title) if title else {}),
    }


def _naming(plain: str, title: str) -> dict[str, float]:
    """Return how a turn names the title that it is likeliest about: by how many words, led up to by which article.

    Both are without accents.
    """
    words, in_title = WORD.findall(plain), WORD.findall(title)
    known = {stem(word) for word in in_title if word not in GRAMMAR_WORDS}
    places = [place for place, word in enumerate(words) if stem(word) in known]
    start, stop = _longest_run(places)
    before = words[start - 1] if start else ""
    return {
        "= named words": min(stop - start, MOST_NAMED) / MOST_NAMED,
        "= named share": min(len(places) / max(sum(word not in GRAMMAR_WORDS for word in words), 1), 1.0),
        "= named by number": float(any(char.isdigit() for word in words[start:stop] for char in word)),
        "= named by brand": float(in_title[:1] != [] and in_title[0] in words),
        "= the one named": float(before in _DEFINITE),
        "= one such as is named": float(before in _INDEFINITE),
        "= named first": float(start == 0 and stop > 0),
        "= words beside the name": min((len(words) - stop + start) / MOST_BESIDE, 1.0),
    }


def _longest_run(places: Sequence[int]) -> tuple[int, int]:
    """Return start and stop of the longest run of neighbours among places in order; (0, 0) where there is none."""
    best, start = (0, 0), 0
    for at, place in enumerate(places):
        if at and place != places[at - 1] + 1:
            start = at
        best = max(best, (places[start], place + 1), key=lambda run: run[1] - run[0])
    return best

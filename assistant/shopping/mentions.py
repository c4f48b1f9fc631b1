"""Which products a question names together: the two or three of a comparison, or no more than one.

Every two or three of the best hits are one way to read a question, that it names one at most is another; a conditional
logit tells which is likeliest. Its weights (`mentions.json`) are learnt on people's comparisons, and on questions about
one product that hold a second name, by `python benchmarks/mentions.py`.

    named_together("which is lighter, the Harrow or the Tarn kettle?", resolution, rarity, compares=0.9)   # two uids
"""

import itertools
import json
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from index.descriptions import Rarity
from index.linear_model import logit_of
from index.resolver import Hit, Resolution
from index.text import GRAMMAR_WORDS, WORD, stem, unaccented

WEIGHTS = Path(__file__).with_name("mentions.json")
MOST_TOGETHER = 3
LEAST_TOGETHER = 0.5  # probability that two or more are named, from which they are set side by side
SHORTEST_NUMBER = 4  # signs of a part number that is sought inside a joined one: "1054z" in "DS1054Z"
LEAST_LIKELY = 1e-4  # of a hit, in logarithms
FAR = 8  # words between two names, or more
_SURE = (0.01, 0.99)  # how sure a probability is taken to be at most, in logits
_WORDS = {
    kind: frozenset(words.split())
    for kind, words in tomllib.loads(Path(__file__).with_name("comparison.toml").read_text(encoding="utf-8"))[
        "together"
    ].items()
}
_TOKEN = re.compile(r"\w+(?:['’]\w+)*|[.,;:?!/+&]")
_COMPARES = re.compile(r"\b(?:\w{3,}er|\w{3,}est|diff\w*|compar\w*)$")


@dataclass(frozen=True)
class Mentions:
    """One way to read a question: the products that it names together, none where it names one at most."""

    uids: tuple[str, ...]
    features: dict[str, float]


@dataclass(frozen=True)
class _Asked:
    """A question as tokens, how rare each is (0 for those of grammar), and the places that each hit's title covers."""

    tokens: tuple[str, ...]
    rarity: tuple[float, ...]
    covered: tuple[frozenset[int], ...]

    def weight(self, places: frozenset[int]) -> float:
        return sum(self.rarity[place] for place in places)


def named_together(question: str, resolution: Resolution, rarity: Rarity, *, compares: float) -> tuple[str, ...]:
    """Return the uids of two or three products that a question names, in its order; () where it names one at most.

    `compares` is how probably the question compares, in [0, 1].
    """
    options = mentions_of(question, resolution, rarity, compares=compares)
    logits = [_logit_of(option) for option in options]
    largest = max(logits)
    raised = [math.exp(logit - largest) for logit in logits]
    if 1 - raised[0] / sum(raised) < LEAST_TOGETHER:
        return ()
    return max(zip(raised[1:], options[1:], strict=True), key=lambda pair: pair[0])[1].uids


def mentions_of(question: str, resolution: Resolution, rarity: Rarity, *, compares: float) -> list[Mentions]:
    """Return all ways to read a question, the first that it names one product at most."""
    asked = _asked(question, resolution.hits, rarity)
    total = asked.weight(frozenset[int]().union(*asked.covered)) or 1.0
    together = list(_together(asked, resolution.hits, total))
    alone = {
        "alone": 1.0,
        "alone: comparing": _logit(compares) / 3,
        "alone: probability": _logit(resolution.probability) / 3,
        "alone: most gained": max((option.features["gain"] for option in together), default=0.0),
    }
    return [Mentions((), alone), *together]


@cache
def shipped() -> dict[str, float]:
    """Return the weights that are shipped, by the features' names."""
    weights: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return weights


def _logit_of(option: Mentions) -> float:
    return sum(shipped()[name] * value for name, value in option.features.items())


def _asked(question: str, hits: Sequence[Hit], rarity: Rarity) -> _Asked:
    tokens = tuple(filter(None, map(unaccented, _TOKEN.findall(question))))
    stems = {place: stem(token) for place, token in enumerate(tokens) if token[0].isalnum()}
    telling = {place: word for place, word in stems.items() if tokens[place] not in GRAMMAR_WORDS}
    weights = [0.0] * len(tokens)
    if telling:
        for place, weight in zip(telling, rarity(list(telling.values())), strict=True):
            weights[place] = float(weight)
    covered = []
    for hit in hits:
        title = unaccented(hit.title)
        own = {stem(part) for word in WORD.findall(title) for part in (word, *re.split("[.,]", word))}
        joined = re.sub(r"[^a-z0-9]", "", title)
        covered.append(frozenset(place for place, word in telling.items() if word in own or _is_within(word, joined)))
    return _Asked(tokens, tuple(weights), tuple(covered))


def _is_within(word: str, joined: str) -> bool:
    return len(word) >= SHORTEST_NUMBER and _has_digit(word) and word in joined


def _together(asked: _Asked, hits: Sequence[Hit], total: float) -> Iterator[Mentions]:
    """Yield the options that name two or three hits, each by some words of its own."""
    compares = any(_COMPARES.match(token) or token in _WORDS["comparing"] for token in asked.tokens)
    for count in range(2, MOST_TOGETHER + 1):
        for places in itertools.combinations(range(len(hits)), count):
            own = {place: asked.covered[place] - _others(asked, places, place) for place in places}
            gain = min(asked.weight(words) for words in own.values())
            if gain <= 0:
                continue
            ordered = sorted(places, key=lambda place: sum(own[place]) / len(own[place]))
            covered = frozenset[int]().union(*(asked.covered[place] for place in places))
            likely = [math.log(max(hits[place].score, LEAST_LIKELY)) for place in places]
            features = {
                "three": float(count > 2),
                "covered": asked.weight(covered) / total,
                "gain": gain,
                "gain of three": gain * (count > 2),
                "numbers": float(all(any(_has_digit(asked.tokens[at]) for at in words) for words in own.values())),
                "likelihood": sum(likely) / count / 5,
                "worst rank": max(places) / 10,
                "mean rank": sum(places) / count / 10,
                "compares": float(compares),
                **_between(asked.tokens, [own[place] for place in ordered]),
            }
            yield Mentions(tuple(hits[place].uid for place in ordered), features)


def _others(asked: _Asked, places: Sequence[int], one: int) -> frozenset[int]:
    return frozenset[int]().union(*(asked.covered[place] for place in places if place != one))


def _between(tokens: Sequence[str], own: Sequence[frozenset[int]]) -> dict[str, float]:
    """Return what stands between the names, each by its own words, averaged over the gaps."""
    apart, joined, strongly, host, far = True, 0, 0, 0, 0
    for one, other in itertools.pairwise(own):
        apart = apart and max(one) < min(other)
        low, high = sorted((max(one), min(other)))
        gap = tokens[low + 1 : high]
        joined += any(token in _WORDS["joints"] | _WORDS["strong_joints"] for token in gap)
        strongly += any(token in _WORDS["strong_joints"] for token in gap)
        host += any(token in _WORDS["hosts"] for token in gap[-3:])
        far += min(FAR, sum(token[0].isalnum() and token not in _WORDS["joints"] for token in gap))
    gaps = len(own) - 1
    return {
        "apart": float(apart),
        "joined": joined / gaps,
        "strongly joined": strongly / gaps,
        "host": host / gaps,  # "a cartridge for the printer"
        "far": far / gaps / FAR,
    }


def _has_digit(token: str) -> bool:
    return any(sign.isdigit() for sign in token)


def _logit(probability: float) -> float:
    return logit_of(min(max(probability, _SURE[0]), _SURE[1]))

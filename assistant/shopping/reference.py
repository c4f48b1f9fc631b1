"""Which product a turn of a talk means: that of the talk, one spoken of before or offered, or another that it names.

Each of them is one way to read the turn, that it means none of them is another; a conditional logit tells which is
likeliest. Its weights (`reference.json`) are learnt on talks that people wrote, by `python benchmarks/reference.py`.

    utterance = asked_in("is the gooseneck heavier?", index)   # of assistant.conversation
    meant(referents(utterance, antecedents, find, rarity))         # a uid, "" for none of them
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from assistant.choice import NEGATED
from assistant.shopping.intents import Intent
from index.catalogue.store import Product
from index.descriptions import Rarity
from index.linear_model import logit_of
from index.resolver import Hit, Resolution
from index.text import GRAMMAR_WORDS, POINTING_WORDS, fold, stem, tokens

WEIGHTS = Path(__file__).with_name("reference.json")
# Probability from which a turn is about a product: one of the talk, and one that it names anew.
LEAST_IN_TALK, LEAST_NEW = 0.4, 0.5
LIKELY = 0.4  # score of a title, from which a number that it alone has counts
LEAST_AHEAD = 1.3  # times as probable as the next
MOST_NAMED = 4  # titles that a turn may name anew
MOST_WORDS = 12
IT = frozenset("it its ele ela dele dela".split())
SHORTEST_PIECE = 3  # letters of a word inside another
_SURE = (0.01, 0.99)
_OTHER = re.compile(r"\b(?:other|previous|earlier|outr[oa]|anterior|back|voltando)\b", re.I)
_THE_ONE = re.compile(r"\b(?:the|that|a|o) (?:[\w-]+ ){1,5}(?:one|ones)\b|\b[oa] d[aeo]s? \w+|\bthe \w+'?s\b", re.I)
_FIRST = re.compile(r"\b(?:first|primeir[oa])\b", re.I)


@dataclass(frozen=True)
class Utterance:
    """A turn: its text, what the title index takes it for, what it wants, and whether it leads over to another product.

    `words` are its folded words, `alone` the hits of what follows such a lead ("and the 24 cm?").
    """

    text: str
    words: frozenset[str]
    resolution: Resolution
    intents: Mapping[Intent, float]
    leads: bool = False
    alone: tuple[Hit, ...] = ()


@dataclass(frozen=True)
class Antecedents:
    """The products of a talk, by uid: its own, "" for none, those spoken of before, newest first, and those offered."""

    current: str
    earlier: Sequence[str]
    offered: Sequence[Hit]


@dataclass(frozen=True)
class Referent:
    """One product that a turn may mean, "" for none of them."""

    uid: str
    features: dict[str, float]


@dataclass(frozen=True)
class _Words:
    """The stems of a turn that may name, and how rare each is."""

    weights: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.weights.values()) or 1.0

    def weight(self, stems: frozenset[str]) -> float:
        return sum(weight for word, weight in self.weights.items() if word in stems)

    def inside(self, title: str, kin: frozenset[str]) -> float:
        """Return the weight of the words that are pieces of a title's words: "gold" in "DreamGold"."""
        whole = fold(title)
        pieces = {word for word in self.weights if len(word) >= SHORTEST_PIECE and word in whole}
        return self.weight(frozenset(pieces) - _stems(title) - kin)

    def numbers(self, stems: frozenset[str]) -> int:
        return sum(word in stems for word in self.weights if any(sign.isdigit() for sign in word))


def meant(options: Sequence[Referent]) -> str:
    """Return the uid of the product that a turn means, "" where that is none of the options for sure."""
    weights = shipped()
    logits = [sum(weights[name] * value for name, value in option.features.items()) for option in options]
    return options[likeliest(options, logits)].uid


def likeliest(options: Sequence[Referent], logits: Sequence[float]) -> int:
    """Return the place of the option that a turn is taken for; 0, which is none of the products, where none is sure.

    After the HP 62XL "the hp 901" is not the 62XL, where a title of a 901 may be meant.
    """
    raised = [math.exp(logit - max(logits)) for logit in logits]
    if any(option.features.get("score", 0.0) >= LIKELY and _brings_number(option) for option in options):
        raised = [0.0 if _lacks_numbers(option) else each for option, each in zip(options, raised, strict=True)]
    best = raised.index(max(raised))
    least = LEAST_NEW if "new" in options[best].features else LEAST_IN_TALK
    second = max(raised[:best] + raised[best + 1 :], default=0.0)
    return best if raised[best] >= max(least * sum(raised), LEAST_AHEAD * second) else 0


def _brings_number(option: Referent) -> bool:
    return "new" in option.features and option.features["numbers met"] > 0


def _lacks_numbers(option: Referent) -> bool:
    """Return whether a product of the talk has none of a turn's numbers, and is not pointed at."""
    in_talk = option.uid != "" and "new" not in option.features
    return in_talk and not (option.features["numbers met"] or option.features.get("current: points"))


@cache
def shipped() -> dict[str, float]:
    """Return the weights that are shipped, by the features' names."""
    weights: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return weights


def names_beyond(text: str, current: Product) -> frozenset[str]:
    """Return the words of a turn that look like names and are none of the product's."""
    return frozenset(map(stem, names_in(text))) - _own(current)


def points_before_it_names(text: str, current: Product) -> bool:
    """Return whether "it" stands before any word foreign to the product of the talk: "does it fit the X200?"."""
    own = _own(current)
    for word in fold(text).split():
        if word in IT:
            return True
        if word not in GRAMMAR_WORDS and stem(word) not in own:
            return False
    return False


def referents(
    utterance: Utterance, antecedents: Antecedents, find: Callable[[str], Product], rarity: Rarity
) -> list[Referent]:
    """Return all products that a turn may mean, the first that it means none of them."""
    denied = _stems(" ".join(NEGATED.findall(utterance.text)))
    words, names = _words(utterance.text, rarity, denied), frozenset(map(stem, names_in(utterance.text)))
    named = [*utterance.resolution.hits[:MOST_NAMED], *utterance.alone[:MOST_NAMED]]
    spoken = list(filter(None, (antecedents.current, *antecedents.earlier)))
    uids = dict.fromkeys([*spoken, *(hit.uid for hit in (*antecedents.offered, *named))])
    products = {uid: find(uid) for uid in uids}
    titles = {uid: _stems(product.title) for uid, product in products.items()}
    current = _own(products[antecedents.current]) if antecedents.current else frozenset[str]()
    in_talk = {*spoken, *(hit.uid for hit in antecedents.offered)}
    options = []
    for uid, product in products.items():
        own = _own(product)
        others = frozenset[str]().union(*(title for other, title in titles.items() if other != uid)) - own
        kin = frozenset[str]().union(*(titles[other] for other in in_talk if other != uid))
        alone = words.weight(titles[uid] - kin) + words.inside(product.title, kin)
        features = {
            "title": words.weight(titles[uid]) / words.total,
            "named": min(words.weight(titles[uid]), 3.0) / 3,
            "text": words.weight(own) / words.total,
            "foreign": min(words.weight(others), 3.0) / 3,
            "numbers met": min(words.numbers(titles[uid]), 2) / 2,
            "names missed": min(len(names - own), 3) / 3,
            "numbers of others": min(words.numbers(others), 2) / 2,
            "apart": words.weight(titles[uid] - current) / words.total if uid != antecedents.current else 0.0,
        }
        if uid in in_talk:
            features["in talk: alone"] = min(alone, 1.0)
            features["in talk: any alone"] = float(alone > 0)
            features["denied"] = float(bool(denied & titles[uid]))
        if uid == antecedents.current:
            features["current: alone"] = min(alone, 1.0)
        features |= dict(_place(uid, utterance, antecedents)) | dict(_likelihood(uid, utterance))
        options.append(Referent(uid, features))
    owns = [_own(product) for product in products.values()]
    covered = max((words.weight(own) / words.total for own in owns), default=0.0)
    unknown = names.difference(*owns)
    return [
        Referent("", dict(_none(utterance, antecedents, covered)) | {"none: names": min(len(unknown), 2) / 2}),
        *options,
    ]


def _place(uid: str, utterance: Utterance, antecedents: Antecedents) -> Iterator[tuple[str, float]]:
    """Yield what place a product has in the talk, and what of the turn speaks for that place."""
    folded = fold(utterance.text).split()
    points = bool(POINTING_WORDS.intersection(folded))
    offered = [hit.uid for hit in antecedents.offered]
    if uid == antecedents.current:
        yield "current", 1.0
        yield "current: points", float(points)
        yield "current: follows", utterance.intents["follow"]
        yield "current: product", utterance.intents["product"]
        yield "current: chooses", utterance.intents["choose"]
        yield "current: leads", float(utterance.leads)
        yield (
            "current: other",
            float(_OTHER.search(utterance.text) is not None or _FIRST.search(utterance.text) is not None),
        )
        yield "current: the one", float(_THE_ONE.search(utterance.text) is not None)
        yield "current: words", min(len(folded), MOST_WORDS) / MOST_WORDS
    elif uid in antecedents.earlier:
        yield "earlier", 1.0
        yield "earlier: newest", float(uid == antecedents.earlier[0])
        yield "earlier: other", float(_OTHER.search(utterance.text) is not None and uid == antecedents.earlier[0])
        yield "earlier: first", float(_FIRST.search(utterance.text) is not None and uid == antecedents.earlier[-1])
        yield "earlier: leads", float(utterance.leads)
    if uid in offered and uid != antecedents.current:
        waits = not antecedents.current
        yield "offered", 1.0
        yield "offered: waits", float(waits)
        yield "offered: points", float(points and waits)
        yield "offered: follows", utterance.intents["follow"] * waits
        yield "offered: likelier", _gap(uid, antecedents.offered) * waits
        yield "offered: other", float(_OTHER.search(utterance.text) is not None and not waits) / len(offered)
        yield "offered: leads", float(utterance.leads)
    elif uid != antecedents.current and uid not in antecedents.earlier:
        yield "new", 1.0
        yield "new: points", float(points)
        yield "new: follows", utterance.intents["follow"]
        yield "new: product", utterance.intents["product"]
        yield "new: leads", float(utterance.leads)


def _likelihood(uid: str, utterance: Utterance) -> Iterator[tuple[str, float]]:
    """Yield how likely the title index takes the turn to name a product."""
    resolution = utterance.resolution
    first = bool(resolution.hits) and resolution.hits[0].uid == uid
    yield "score", next((hit.score for hit in resolution.hits if hit.uid == uid), 0.0)
    yield "score alone", next((hit.score for hit in utterance.alone if hit.uid == uid), 0.0)
    yield "first", _logit(resolution.probability) / 3 if first else 0.0
    yield "found", float(first and resolution.decision == "found")
    yield "ambiguous", float(uid in {hit.uid for hit in resolution.candidates})


def _none(utterance: Utterance, antecedents: Antecedents, covered: float) -> Iterator[tuple[str, float]]:
    """Yield what speaks for none of the products."""
    yield "none", 1.0
    yield "none: waits", float(not antecedents.current)
    yield "none: need", utterance.intents["need"]
    yield "none: follows", utterance.intents["follow"]
    yield "none: uncovered", 1 - covered
    yield "none: probability", _logit(utterance.resolution.probability) / 3
    yield "none: ambiguous", float(utterance.resolution.decision == "ambiguous")
    yield "none: points", float(bool(POINTING_WORDS.intersection(fold(utterance.text).split())))


def names_in(text: str) -> frozenset[str]:
    """Return the folded words of a turn that look like names: numbers, and capitals behind the first word."""
    words = text.split()
    capitals = [word for word in words[1:] if word[:1].isupper()]
    numbers = [word for word in words if any(sign.isdigit() for sign in word)]
    return frozenset(fold(" ".join(capitals + numbers)).split()) - GRAMMAR_WORDS


def _gap(uid: str, offered: Sequence[Hit]) -> float:
    """Return by how much a product was likelier than the best other that was offered, in logarithms, in [-1, 1]."""
    own = next(hit.score for hit in offered if hit.uid == uid)
    best = max((hit.score for hit in offered if hit.uid != uid), default=0.0)
    return max(-1.0, min(1.0, math.log((own + 1e-3) / (best + 1e-3)) / 2))


def _words(text: str, rarity: Rarity, denied: frozenset[str]) -> _Words:
    naming = [word for word in tokens(text) if word not in GRAMMAR_WORDS | POINTING_WORDS]
    found = [word for word in dict.fromkeys(map(stem, naming)) if word not in denied]
    return _Words(dict(zip(found, map(float, rarity(found)), strict=True)) if found else {})


@lru_cache(256)
def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in tokens(text))


def _own(product: Product) -> frozenset[str]:
    return _stems(f"{product.uid} {product.title} {product.beginning}")


def _logit(probability: float) -> float:
    return logit_of(min(max(probability, _SURE[0]), _SURE[1]))

"""Whether a product fits a need: each part of the need is judged by what the product says of itself.

Joins how much of the need title and text cover with what the judge reads in them, part by part, and what arithmetic
says of amounts. The weights (`fit.json`) are learnt on people's needs, by `python benchmarks/needs.py`.

    fit = Fitter(judge.read, descriptions.rarity).fit(read_need("stapler, 100 sheets, not plastic"), product)
    fit.probability, fit.shown, fit.untold
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from assistant.attributes import asked_about, carries
from assistant.grounding.evidence import described
from assistant.grounding.judge import Entailment, Read
from assistant.grounding.portuguese import in_english
from assistant.passages import Passage, title_passage
from assistant.shopping.needs import MOST_CONDITIONS, Need
from index.catalogue.store import Product
from index.descriptions import Rarity, meanings_of, stems_of, stems_of_need
from index.linear_model import LinearModel
from index.quantities import Quantity, Relation, quantities_in, relation_of

WEIGHTS = Path(__file__).with_name("fit.json")
MOST_PASSAGES = 3  # of the description, that the judge reads for a part of a need, beside the title
SHOWS = 0.5  # probability from which a passage shows that a part is met
LEAST_THING = 0.3  # probability from which a product is the thing asked for, where its title shares no word with that
LEAST = 1e-4  # probability, in logarithms
AMOUNT_MEETS = 0.8  # probability that a part is met at least, whose amount fits
FITTING: tuple[Relation | None, ...] = ("equal", "within")


@dataclass(frozen=True)
class Part:
    """What a product says to one part of a need: the passage that says most, and how probably it meets or denies it.

    `amount` is how an amount of the part stands to those that the product states, None where either has none.
    """

    text: str
    passage: Passage
    meets: float
    denies: float
    amount: Relation | None = None


@dataclass(frozen=True)
class Fit:
    """How probably a product fits a need, in [0, 1], what it says to each of its parts, and whether it is the thing."""

    product: Product
    probability: float
    parts: tuple[Part, ...]
    is_the_thing: bool = True

    @property
    def shown(self) -> tuple[Passage, ...]:
        """Return the passages that show it, each once: those that meet a part, or else the title."""
        met = [part.passage for part in self.parts if part.meets >= SHOWS]
        return tuple(dict.fromkeys(met)) or (title_passage(self.product.title),)

    @property
    def untold(self) -> tuple[str, ...]:
        """Return the conditions that it neither meets nor denies, nor holds in as many words."""
        words = set(stems_of(f"{self.product.title} {self.product.beginning}"))
        unclear = (part.text for part in self.parts[1:] if max(part.meets, part.denies) < SHOWS)
        return tuple(text for text in unclear if not words.issuperset(stems_of(text)))


class Fitter:
    """Judges how products fit needs; one instance serves many threads."""

    def __init__(self, read: Read, rarity: Rarity) -> None:
        """`read` is the judge's, `rarity` that of a catalogue's stems."""
        self._read = read
        self._rarity = rarity
        self._model = shipped()

    def fit(self, need: Need, product: Product) -> Fit:
        """Return how a product fits a need of one part or more."""
        parts = self.parts(need, product)
        named = self._covered(meanings_of(need.thing), set(stems_of(product.title))) > 0
        probability = self._model.probability(self.features(need, product, parts))
        return Fit(product, probability, parts, named or parts[0].meets >= LEAST_THING)

    def parts(self, need: Need, product: Product) -> tuple[Part, ...]:
        """Return what the product says to each part of the need."""
        stating = _Stating([title_passage(product.title), *described(product)])
        asked = [in_english(text) if need.language == "pt" else text for text in need.parts]
        return tuple(self._part(text, words, stating) for text, words in zip(need.parts, asked, strict=True))

    def features(self, need: Need, product: Product, parts: Sequence[Part]) -> dict[str, float]:
        """Return what speaks for and against a fit: shares in [0, 1], logarithms of probabilities, and counts."""
        words = set(stems_of(f"{product.title} {product.beginning}"))
        meets = [math.log(max(part.meets, LEAST)) for part in parts]
        amounts = [part.amount in FITTING for part in parts if part.amount]
        return {
            "covered": self._covered(need.meanings, words),
            "least met": min(meets),
            "met": sum(meets) / len(meets),
            "most denied": max(math.log(max(part.denies, LEAST)) for part in parts),
            "amounts fit": float(sum(amounts)),
            "amounts do not fit": float(len(amounts) - sum(amounts)),
            "parts": len(parts) / MOST_CONDITIONS,
        }

    def _part(self, text: str, asked: str, stating: "_Stating") -> Part:
        title, *passages = stating.passages
        words, attributes = set(stems_of_need(text)), asked_about(text)

        def bears(passage: Passage) -> int:
            return len(words & passage.words) + sum(carries(passage.text, name) for name in attributes)

        near = sorted(passages, key=bears, reverse=True)[:MOST_PASSAGES]
        read = [title, *near]
        entailments = self._read(asked_of(asked), [passage.text for passage in read])
        best = max(range(len(read)), key=lambda place: _meets(entailments[place]))
        meets, denies = _meets(entailments[best]), max(one.no for one in entailments)
        amount, passage = stating.amount(asked)
        if amount in FITTING:  # arithmetic is surer than what is read
            return Part(text, passage, max(meets, AMOUNT_MEETS), min(denies, 1 - AMOUNT_MEETS), amount)
        return Part(text, read[best], meets, denies, amount)

    def _covered(self, words: Sequence[Sequence[str]], text: set[str]) -> float:
        """Return which share of the words' rarity a text holds, each word in one of its meanings."""
        if not words:
            return 0.0
        weights = np.array([self._rarity(each).min() for each in words])
        held = np.array([not text.isdisjoint(each) for each in words])
        return float(weights[held].sum() / weights.sum()) if weights.sum() else 0.0


@dataclass(frozen=True)
class _Stating:
    """The passages of a product, its title the first, and the amounts that they state: read once for all parts."""

    passages: Sequence[Passage]

    def amount(self, asked: str) -> tuple[Relation | None, Passage]:
        """Return how an asked amount stands to the one that it fits best, and the passage that states that."""
        wanted = quantities_in(asked, asked=True)
        if not wanted:
            return None, self.passages[0]
        amount = relation_of(wanted, self._together)
        of_each = zip(self.passages, self._by_passage, strict=True)
        return amount, next((one for one, own in of_each if relation_of(wanted, own) == amount), self.passages[0])

    @cached_property
    def _together(self) -> list[Quantity]:
        """Read all passages together: a bare number means something only where a text states a single one."""
        return quantities_in(". ".join(passage.text for passage in self.passages))

    @cached_property
    def _by_passage(self) -> list[list[Quantity]]:
        return [quantities_in(passage.text) for passage in self.passages]


def asked_of(part: str) -> str:
    """Return what the judge is asked about a part of a need; it was taught with the very same words."""
    return f"is it {part}?"


@cache
def shipped() -> LinearModel:
    """Return the weights that are shipped."""
    return LinearModel(**json.loads(WEIGHTS.read_text(encoding="utf-8")))


def _meets(entailment: Entailment) -> float:
    return entailment.yes + entailment.answer

"""The products of one side of the split: drawn, read, and each with the titles nearest to it.

Passages are cut and chosen as the assistant does it. Products of the other side are not in the pool,
not even as neighbours.

    pool = ProductPool.of(catalogue, "train", most=5000, draw=random.Random(7))
    pool.neighbours(0)[0].product.title
"""

import random
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assistant.grounding.evidence import Budget, Evidence, choose
from assistant.grounding.judge import Judge, open_judge
from assistant.passages import Passage, split
from assistant.phrases import Language, language_of
from assistant.prompt import Shows, gives_orders
from assistant.question import read_question
from finetune.data.example import Side
from finetune.data.facts import Fact, facts_of
from index.catalogue.store import Catalogue, Product
from index.progress import Progress
from index.text import fold
from index.titles.encoder import HashedTfidfEncoder, hashed_idf

NEIGHBOURS = 8
MOST_TITLES_WEIGHED = 200_000  # rare words are known from as many
CHARACTERS_A_TOKEN = 4  # of English in SmolLM2's and Llama's tokens; the budget is no finer than that
MOST_PASSAGES = 60  # of a description; a book's reviews go on for pages


@dataclass(frozen=True)
class PassageSelector:
    """Chooses passages as the assistant does, by what a judge reads; `shows` is how much of a product is shown."""

    judge: Judge = field(default_factory=open_judge)
    shows: Shows = "best"

    def __call__(self, question: str, title: str, passages: Sequence[Passage]) -> Evidence:
        """Choose passages of the product of this title for a question."""
        return choose(read_question(question, title), passages, self.judge.read, self.budget)

    @cached_property
    def budget(self) -> Budget:
        """Return how much is shown."""
        return Budget(lambda text: -(-len(text.encode()) // CHARACTERS_A_TOKEN)).showing(self.shows)


@dataclass(frozen=True)
class PooledProduct:
    """A product as it is used here: its passages and its facts."""

    row: int
    product: Product
    passages: tuple[Passage, ...]
    facts: tuple[Fact, ...]

    @cached_property
    def known(self) -> str:
        """Return the title and the whole description."""
        return f"{self.product.title} {self.product.content}"

    @cached_property
    def language(self) -> Language:
        """Return the language of the description."""
        return language_of(self.product.content)


@dataclass(frozen=True)
class ProductPool:
    """Products of one side, in drawn order."""

    products: list[PooledProduct]
    vectors: NDArray[np.float32]  # (n, d), unit rows: the products' titles
    clusters: NDArray[np.uint64]  # (n,)
    select: PassageSelector = field(default_factory=PassageSelector)

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        side: Side,
        *,
        most: int,
        draw: random.Random,
        foreign: Set[str] = frozenset(),
        progress: type[Progress] = Progress,
    ) -> "ProductPool":
        """Draw up to `most` described products of a side and read their facts.

        `foreign` are titles and uids in lower case whose clusters are left out: the other side asks about them.
        """
        own = catalogue.column("described") & (catalogue.column("train") == (side == "train"))
        own &= ~np.isin(catalogue.column("cluster"), _clusters_of(foreign, catalogue))
        rows = [int(row) for row in np.flatnonzero(own)]
        rows = draw.sample(rows, min(most, len(rows)))
        titles = catalogue.titles()
        weighed = titles if len(titles) <= MOST_TITLES_WEIGHED else titles[:: len(titles) // MOST_TITLES_WEIGHED + 1]
        encode = HashedTfidfEncoder.of(hashed_idf([fold(title) for title in weighed])).encode
        products = []
        with progress("reading facts", len(rows), unit="products") as bar:
            for row in rows:
                product = catalogue.product(row)
                passages = tuple(passage for passage in split(product.content) if not gives_orders(passage.text))
                passages = passages[:MOST_PASSAGES]
                products.append(PooledProduct(row, product, passages, tuple(_facts(passages))))
                bar.update()
        clusters = catalogue.column("cluster")[rows] if rows else np.zeros(0, dtype=np.uint64)
        return cls(products, encode([titles[row] for row in rows]), clusters)

    def neighbours(self, place: int) -> list[PooledProduct]:
        """Return the products whose titles are nearest to that at `place`, other clusters only, nearest first."""
        near = self.vectors @ self.vectors[place]
        near[self.clusters == self.clusters[place]] = -np.inf
        count = min(NEIGHBOURS, len(near))
        places = [int(each) for each in np.argpartition(-near, count - 1)[:count]] if count else []
        ordered = sorted(places, key=lambda each: (-near[each], each))
        return [self.products[each] for each in ordered if near[each] > -np.inf]


def _clusters_of(names: Set[str], catalogue: Catalogue) -> NDArray[np.uint64]:
    """Return the clusters of the products of these titles or uids, in lower case."""
    titles, uids = catalogue.titles(), catalogue.uids()
    pairs = enumerate(zip(titles, uids, strict=True))
    rows = [row for row, pair in pairs if names and {*map(str.casefold, pair)} & names]
    clusters: NDArray[np.uint64] = catalogue.column("cluster")[rows]
    return clusters


def with_gold(evidence: Evidence, gold: Passage, most: int) -> tuple[list[Passage], int]:
    """Return the chosen passages in the order of the text, the gold one among them, and the number it is shown by."""
    shown = list(evidence.passages)
    if not any(passage.start == gold.start for passage in shown):
        # The last in rank gives way; rank is not kept, so it is the one farthest from the gold one.
        while shown and len(shown) >= most:
            shown.remove(max(shown, key=lambda passage: abs(passage.start - gold.start)))
        shown.append(gold)
    return renumbered(sorted(shown, key=lambda passage: passage.start), gold)


def renumbered(shown: Sequence[Passage], gold: Passage) -> tuple[list[Passage], int]:
    """Return passages numbered from 1 as they stand, and the number of the gold one; it has to be among them."""
    place = next(place for place, passage in enumerate(shown) if passage.text == gold.text)
    return [replace(passage, number=number) for number, passage in enumerate(shown, 1)], place + 1


def _facts(passages: Sequence[Passage]) -> list[Fact]:
    """Return the facts of the passages, but not of opinions: those of reviews and quotations are about anything."""
    return [fact for passage in passages if not _REVIEW.search(passage.text) for fact in facts_of(passage)]


_REVIEW = re.compile(
    r"\b(?:novel|bestsell|Publishers Weekly|Booklist|Kirkus|praise for|reviewer|journal|New York Times"
    r"|author of .{0,400} and|Amazon\.com|--)\b|['’]\s?[A-Z][\w ]+(?:Times|Post|Mail|Telegraph|Guardian)|\b(?:I|we|my"
    r"|our)\b.{0,400}\b(?:was|were|had|loved)\b",
)

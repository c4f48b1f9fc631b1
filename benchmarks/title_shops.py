"""Two real catalogues, and questions about their titles: what the benchmarks of the title index share.

Abt-Buy: another shop's title for each product, and the same as a noisy question. The 9,576 Amazon titles:
their own titles in the ways of `assistant.evaluation.resolver.queries`. Equal titles count as equal.
"""

import argparse
import gzip
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.evaluation.resolver.metrics import SearchResult
from assistant.evaluation.resolver.queries import TitleQuery, noisy, slices_of
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue, Product
from index.progress import Progress
from index.resolver import TitleIndex

DEFAULT_DATA = Path(__file__).parents[2] / "shared" / "data"
ABT, MIXED = "Abt-Buy", "9,576 Amazon titles"


@dataclass(frozen=True)
class ShopCatalogue:
    """A catalogue with its index, and the slices of questions about it."""

    name: str
    home: Path
    catalogue: Catalogue
    built_s: float
    slices: dict[str, list[TitleQuery]]

    def index(self) -> TitleIndex:
        """Open the index."""
        return TitleIndex.load(self.home / "index", self.catalogue)

    def titles(self) -> list[str]:
        """Return the titles, by row."""
        return self.catalogue.titles()


def arguments_of(parser: argparse.ArgumentParser) -> None:
    """Add what every one of these benchmarks asks for."""
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--questions", type=int, default=400, help="of each slice of the Amazon titles")
    parser.add_argument("--seed", type=int, default=11)


def abt_buy(data: Path, scratch: Path, seed: int) -> ShopCatalogue:
    """Open Abt-Buy with the other shop's titles as questions, as they are and noisy."""
    catalogue, built_s = indexed(data / "abt_buy.catalog.trn.json.gz", scratch / "abt")
    draw = random.Random(seed)
    asked = [(row["question"], catalogue.find(row["gold"][0]).title) for row in read(data / "abt_buy.queries.jsonl.gz")]
    slices = {
        "other shop's title": [TitleQuery(question, title) for question, title in asked],
        "noisy question": [TitleQuery(noisy(question, draw), title) for question, title in asked],
    }
    return ShopCatalogue(ABT, scratch / "abt", catalogue, built_s, slices)


def amazon(data: Path, scratch: Path, questions: int, seed: int) -> ShopCatalogue:
    """Open the Amazon titles with so many questions a slice."""
    catalogue, built_s = indexed(data / "amazon_mixed_9k.trn.json.gz", scratch / "mixed")
    return ShopCatalogue(MIXED, scratch / "mixed", catalogue, built_s, slices_of(catalogue.titles(), questions, seed))


def indexed(source: Path, home: Path) -> tuple[Catalogue, float]:
    """Prepare and index a file of products; tell the seconds that indexing took."""
    prepare(source, home / "catalogue", progress=Progress)
    catalogue = Catalogue.load(home / "catalogue")
    start = time.perf_counter()
    TitleIndex.build(catalogue, home / "index", progress=Progress)
    return catalogue, time.perf_counter() - start


def written(products: Sequence[Product], path: Path) -> Path:
    """Write products as a source that `prepare` reads."""
    path.write_text("".join(json.dumps(vars(product)) + "\n" for product in products), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    """Read gzipped JSON Lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def first(queries: Sequence[TitleQuery], answered: Sequence[SearchResult]) -> float:
    """Return the share whose title comes first."""
    return float(np.mean([one.place(asked.title) == 0 for asked, one in zip(queries, answered, strict=True)]))


def head(*cells: str) -> None:
    """Print the head of a Markdown table."""
    print(f"| {' | '.join(cells)} |\n|---|" + "---:|" * (len(cells) - 1))

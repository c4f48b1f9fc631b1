"""Train the ranker that is shipped on real questions about two shops, and measure it on what it never saw.

    python benchmarks/title_ranker.py [--data ../shared/data] [--out index/titles/ranker.json]

Beside what people asked, each shop's own titles are drawn from: asked for in full, with another number, and short ones
with further names behind them, which are absent.

Abt-Buy: another shop's title for each product, as it is and noisy. The 9,576 Amazon titles: half-remembered titles,
absent products whose neighbours are there, and words that fit several, in people's words; a third of them, by
product, is kept from training and from every choice. Each shop is also measured by a ranker of the other one alone.
"""

import argparse
import hashlib
import random
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from title_shops import DEFAULT_DATA, abt_buy, head, indexed, read

from assistant.evaluation.resolver.metrics import auroc, calibration_error
from index.catalogue.store import Catalogue
from index.descriptions import DescriptionIndex
from index.resolver import Resolution, TitleIndex
from index.text import FRAME_WORDS, fold
from index.titles.hybrid_retriever import HybridRetriever
from index.titles.identifiers import Identifiers
from index.titles.ranker import SHIPPED, Ranker
from index.titles.ranker_training import LabelledQuery, fit_ranker

SEED = 11
KEPT_OF = 3  # every third product
# Abt-Buy has two questions a product and no absent one: each counts half, and again with its title taken away.
ABT_WEIGHT, ABT_ABSENT_WEIGHT = 0.5, 0.05
DRAWN, DRAWN_WEIGHT = 600, 0.05  # questions about what is there, and as many about what is not
NAMED = 300  # questions that name what is there by a single word
COLUMNS = (
    "questions", "ranker from", "right first", "among 4", "unknown", "found", "wrong when found", "absent found",
    "AUROC", "ECE", "twins asked",
)  # fmt: skip
NAMELESS_WEIGHT = 0.25  # of a question that points back and names nothing
SHORT = 2  # words of a short title at most
FRAMES = (
    "{0}", "is the {0} loud?", "what is {0} made of", "how many are in the {0}", "{0} - is it any good?", "tem {0}?",
    "is the {0} {tail}?", "does the {0} {tail}", "the {0}, {tail}?", "{0} {tail}?", "o {0} {tail}?",
)  # fmt: skip
NAMELESS = (
    "does it have a {0}?", "is the {0} included?", "how heavy is it", "and the {0} one?", "the {0} one", "is it {0}",
    "how long is the {0}?", "ele vem com {0}?", "e o {0}?", "what is the best {0} today", "do you sell {0}", "{0}?",
)  # fmt: skip
BY_A_NAME = (
    "is the {0} {tail}?", "does the {0} {tail}", "how heavy is the {0}", "can the {0} go outside",
    "what is the {0} made of?", "{0} {tail}?",
    "do the {0} need batteries", "o {0} {tail}?", "a {0} vem com {tail}?", "how long does the {0} last",
)  # fmt: skip
NAME = re.compile(r"[A-Z][a-z]{3,}|[A-Z]{4,}")
MOST_NAMED = 3  # titles that hold a word that is taken for a name
NUMBER = re.compile(r"(?<![\w.])\d{1,4}(?![\w.])|(?<=[A-Za-z])\d{2,4}\b")


@dataclass(frozen=True)
class AskedTitle:
    """A question, the titles that it fits, none where the product is absent, and how it came about."""

    question: str
    titles: tuple[str, ...]
    kind: str  # present, absent or twins
    kept: bool  # from training


@dataclass(frozen=True)
class AskedShop:
    """A catalogue with its retriever, and what was asked about it."""

    name: str
    catalogue: Catalogue
    retriever: HybridRetriever
    asked: Sequence[AskedTitle]
    weight: float = 1.0  # of a question, in training
    absent_weight: float = 0.0  # of the same with its title taken away

    def labelled(self) -> list[LabelledQuery]:
        """Return the questions that serve for training, with their candidates."""
        found = []
        for one in self.asked:
            if not one.kept:
                query, _, matrix = self.retriever.candidates(one.question)
                meant = set(map(fold, one.titles))
                relevant = np.array([title in meant for title in matrix.titles])
                found.append(LabelledQuery(query, matrix, relevant, self.weight, self.absent_weight))
        return found

    def drawn(self) -> list[LabelledQuery]:
        """Return questions drawn from the shop's own titles and descriptions, half of them about what is there."""
        draw = random.Random(SEED)
        products = [self.catalogue.product(row) for row in draw.sample(range(len(self.catalogue)), DRAWN)]
        titles, known = self.catalogue.titles(), set(map(fold, self.catalogue.titles()))
        words = [word for title in titles for word in fold(title).split() if word not in FRAME_WORDS]
        described = [word for one in products for word in fold(one.content).split() if word not in FRAME_WORDS] or words
        short = [title for title in titles if len(fold(title).split()) <= SHORT] or titles
        numbered = [title for title in titles if NUMBER.search(title)]
        asked: list[tuple[str, str]] = []
        for product in products:
            tail = " ".join(draw.sample(described, draw.randint(1, 2)))
            asked += [(draw.choice(FRAMES).format(product.title, tail=tail), product.title)]
            absent = (
                draw.choice(NAMELESS).format(draw.choice(described)),
                draw.choice(FRAMES).format(f"{draw.choice(short)} {' '.join(draw.sample(words, 3))}", tail=tail),
                draw.choice(FRAMES).format(_renumbered(draw.choice(numbered), draw), tail=tail),
            )
            asked.append((draw.choice(absent), ""))
        found = []
        for question, title in asked:
            query, _, matrix = self.retriever.candidates(question)
            relevant = np.array([bool(title) and other == fold(title) for other in matrix.titles])
            if title or query.folded not in known:
                weight = NAMELESS_WEIGHT if query.pointing and not title else DRAWN_WEIGHT
                found.append(LabelledQuery(query, matrix, relevant, weight))
        return found + [self._by_a_name(draw, described) for _ in range(NAMED)]

    def _by_a_name(self, draw: random.Random, described: Sequence[str]) -> LabelledQuery:
        """Return a question that names what it means by one word that few titles hold, as a brand is."""
        while True:
            title = self.catalogue.product(draw.randrange(len(self.catalogue))).title
            first = title.split()[0]
            name = fold(first)
            if NAME.fullmatch(first) and self.retriever.title_words.document_frequency([name])[0] <= MOST_NAMED:
                tail = " ".join(draw.sample(described, draw.randint(1, 2)))
                query, _, matrix = self.retriever.candidates(draw.choice(BY_A_NAME).format(name, tail=tail))
                relevant = np.array([name in other.split() for other in matrix.titles])
                return LabelledQuery(query, matrix, relevant, DRAWN_WEIGHT)


def _renumbered(title: str, draw: random.Random) -> str:
    """Return a title with one of its numbers changed: another part, edition or model."""
    place = draw.choice(list(NUMBER.finditer(title)))
    number = int(place[0])
    other = draw.choice([near for near in (number - 2, number - 1, number + 1, number + 2, number + 10) if near > 0])
    return f"{title[: place.start()]}{other}{title[place.end() :]}"


def main() -> None:
    """Train, measure, and write the ranker."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        amazon, abt = shops(arguments.data, Path(scratch))
        written = [*amazon.labelled(), *amazon.drawn()]
        titles = [*abt.labelled(), *abt.drawn()]
        both = fit_ranker([*written, *titles])
        both.save(arguments.out)
        head(*COLUMNS)
        report("9,576, kept", "both", amazon, both, lambda one: one.kept)
        report("9,576, all", "Abt-Buy", amazon, fit_ranker(titles), lambda one: True)
        report("Abt-Buy, title", "9,576", abt, fit_ranker(written), lambda one: one.kind == "title")
        report("Abt-Buy, noisy", "9,576", abt, fit_ranker(written), lambda one: one.kind == "noisy")


def shops(data: Path, scratch: Path) -> tuple[AskedShop, AskedShop]:
    """Prepare and index both shops, and read what is asked about them."""
    catalogue, _ = indexed(data / "amazon_mixed_9k.trn.json.gz", scratch / "mixed")
    asked = [
        AskedTitle(
            row["question"],
            tuple(catalogue.find(uid).title for uid in row["uids"]),
            row["kind"],
            is_kept((row["uids"] or row.get("near") or [row["question"]])[0]),
        )
        for row in read(data / "written" / "titles.jsonl.gz")
    ]
    amazon = AskedShop("9,576 Amazon titles", catalogue, HybridRetriever.load(scratch / "mixed" / "index", ""), asked)
    other = abt_buy(data, scratch, SEED)
    kinds = {"other shop's title": "title", "noisy question": "noisy"}
    asked = [
        AskedTitle(one.question, (one.title,), kinds[slice_], kept=False)
        for slice_, queries in other.slices.items()
        for one in queries
    ]
    retriever = HybridRetriever.load(other.home / "index", "")
    return amazon, AskedShop(other.name, other.catalogue, retriever, asked, ABT_WEIGHT, ABT_ABSENT_WEIGHT)


def is_kept(key: str) -> bool:
    """Return whether what is asked about a product is kept from training."""
    return hashlib.sha256(f"own{key}".encode()).digest()[0] % KEPT_OF == 0


def report(name: str, of: str, shop: AskedShop, ranker: Ranker, chosen: Callable[[AskedTitle], bool]) -> None:
    """Print one row: how some questions about a shop are taken with a ranker."""
    index = TitleIndex(
        shop.retriever,
        DescriptionIndex(()),
        ranker,
        Identifiers.of(*shop.catalogue.identifiers()),
        shop.catalogue,
    )
    asked = [(one, index.resolve(one.question)) for one in shop.asked if chosen(one)]
    present = [(_place(one, found), found) for one, found in asked if one.kind not in ("absent", "twins")]
    absent = [found for one, found in asked if one.kind == "absent"]
    twins = [found for one, found in asked if one.kind == "twins"]
    first = [place == 0 for place, _ in present]
    certain = [place == 0 for place, found in present if found.decision == "found"]
    cells: list[float] = [
        float(np.mean(first)),
        float(np.mean([place < 4 for place, _ in present])),
        _decided("unknown", [found for _, found in present]),
        _decided("found", [found for _, found in present]),
        1 - float(np.mean(certain)),
        _decided("found", absent),
        auroc([found.probability for _, found in present], [found.probability for found in absent]),
        calibration_error([found.probability for _, found in present], first),
        _decided("ambiguous", twins),
    ]
    print(f"| {name} | {of} | {' | '.join('–' if np.isnan(cell) else f'{cell:.3f}' for cell in cells)} |", flush=True)


def _place(one: AskedTitle, found: Resolution) -> int:
    meant = set(map(fold, one.titles))
    return next((place for place, hit in enumerate(found.hits) if fold(hit.title) in meant), len(found.hits) + 4)


def _decided(decision: str, found: Sequence[Resolution]) -> float:
    return float(np.mean([one.decision == decision for one in found])) if found else float("nan")


if __name__ == "__main__":
    main()

"""Measure what each retriever and each family of features brings to the title index.

    python benchmarks/ablation.py [--data ../shared/data] [--questions 400]

Each is taken away alone; the ranker is then trained anew on the same queries without it. Questions are those of
`title_shops`.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from title_shops import ShopCatalogue, abt_buy, amazon, arguments_of, first, head

from assistant.evaluation.resolver.metrics import search_of
from index.progress import Progress
from index.resolver import TitleIndex
from index.titles.bm25 import Rows
from index.titles.encoder import Floats
from index.titles.features import FeatureMatrix
from index.titles.hybrid_retriever import HybridRetriever
from index.titles.query import Query
from index.titles.ranker_training import some_contents, train_ranker

ANY: Rows = np.zeros(1, dtype=np.int64)  # some product: a question always has a candidate
FAISS, BM25 = "FAISS", "BM25"
FAMILIES = {
    "trigrams": ("trigram_cosine", "title_trigrams_covered", "question_trigrams_covered"),
    "dense cosine": ("dense_cosine",),
    "words covered, by rarity": (
        "question_words_covered",
        "best_run_of_question_covered",
        "title_words_covered",
        "rarest_word_covered",
        "first_word_covered",
    ),
    "words nearly covered": ("question_words_nearly_covered", "title_words_nearly_covered"),
    "part numbers": (
        "model_number_in_question",
        "model_number_nearly",
        "model_number_conflict",
        "model_digits_conflict",
    ),
    "contradictions": ("number_conflict", "variant_conflict"),
    "the whole title": ("title_in_question", "token_set_ratio", "length_ratio"),
}


@dataclass(frozen=True)
class Ablated(HybridRetriever):
    """A hybrid retriever without some features, and without FAISS or BM25 where one is named."""

    features: tuple[str, ...] = ()
    without: str = ""

    def candidates(self, text: str) -> tuple[Query, Rows, FeatureMatrix]:
        """Compare by the features that are left."""
        query, rows, matrix = super().candidates(text)
        for name in self.features:
            matrix.column(name)[:] = 0
        return query, rows, matrix

    def nearest(self, vector: Floats) -> Rows:
        """Fetch by vectors, unless FAISS is gone."""
        return ANY if self.without == FAISS else super().nearest(vector)

    def holding(self, tokens: Sequence[str]) -> Rows:
        """Fetch by words, unless BM25 is gone."""
        return ANY if self.without == BM25 else super().holding(tokens)


def main() -> None:
    """Print one table a catalogue."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments_of(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        ablate(abt_buy(arguments.data, Path(scratch), arguments.seed))
        ablate(amazon(arguments.data, Path(scratch), arguments.questions, arguments.seed))


def ablate(shop: ShopCatalogue) -> None:
    """Print the share whose title comes first, and how often the decision misleads, without each part."""
    whole = HybridRetriever.load(shop.home / "index", "")
    parts = {field.name: getattr(whole, field.name) for field in fields(whole) if field.init}
    ways = {
        "all": Ablated(**parts),
        f"without the {FAISS} index": Ablated(**parts, without=FAISS, features=("dense_cosine",)),
        f"without the {BM25} index": Ablated(**parts, without=BM25),
    }
    ways |= {f"without {name}": Ablated(**parts, features=family) for name, family in FAMILIES.items()}
    print(f"\n### {shop.name}: without each part\n")
    head("first", *shop.slices, "wrong when found", "found")
    titles, contents = shop.titles(), some_contents(shop.catalogue, 0)
    for name, retriever in ways.items():
        index = TitleIndex(retriever, train_ranker(retriever, titles, contents, "", 0, Progress), shop.catalogue)
        search = search_of(index.resolve)
        answered = {slice_: [search(one.question) for one in queries] for slice_, queries in shop.slices.items()}
        cells = [f"{first(queries, answered[slice_]):.3f}" for slice_, queries in shop.slices.items()]
        pairs = [pair for key, queries in shop.slices.items() for pair in zip(queries, answered[key], strict=True)]
        found = [one.place(asked.title) == 0 for asked, one in pairs if one.decision == "found"]
        cells += [f"{1 - sum(found) / max(1, len(found)):.3f}", f"{len(found) / len(pairs):.2f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

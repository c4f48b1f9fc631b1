"""Measure what each retriever and each family of features brings to the title index.

    python benchmarks/ablation.py [--data ../shared/data]

Each is taken away alone; a ranker is then trained on the one shop without it, and measured on the other. Questions are
those of `title_ranker`.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from title_ranker import COLUMNS, AskedShop, report, shops
from title_shops import DEFAULT_DATA, head

from index.titles.bm25 import Rows
from index.titles.encoder import Floats
from index.titles.features import FeatureMatrix
from index.titles.hybrid_retriever import HybridRetriever
from index.titles.query import Query
from index.titles.ranker_training import fit_ranker

ANY: Rows = np.zeros(1, dtype=np.int64)  # some product: a question always has a candidate
FAISS, BM25 = "FAISS", "BM25"
FAMILIES = {
    "trigrams": ("trigram_cosine", "title_trigrams_covered", "question_trigrams_covered"),
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
    "contradictions": ("number_conflict", "number_swapped", "variant_conflict"),
    "the whole title": ("title_in_question", "token_set_ratio", "length_ratio"),
}

WAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "all": ("", ()),
    "without the FAISS index": (FAISS, ()),
    "without the BM25 index": (BM25, ()),
    **{f"without {name}": ("", family) for name, family in FAMILIES.items()},
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

    def fetch(self, vector: Floats, tokens: Sequence[str]) -> tuple[Rows, Rows]:
        """Fetch by vectors and by words, unless one of them is gone."""
        near, holding = super().fetch(vector, tokens)
        return (ANY if self.without == FAISS else near), (ANY if self.without == BM25 else holding)


def main() -> None:
    """Print one table a catalogue."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        both = shops(arguments.data, Path(scratch))
        for shop, other in (both, both[::-1]):
            print(f"\n### {shop.name}, the ranker from {other.name}\n")
            head(*COLUMNS)
            for way, (without, features) in WAYS.items():
                ranker = fit_ranker(ablated(other, without, features).labelled())
                report(way, other.name, ablated(shop, without, features), ranker, lambda one: True)


def ablated(shop: AskedShop, without: str, features: tuple[str, ...]) -> AskedShop:
    """Return a shop whose retriever does without some part."""
    parts = {field.name: getattr(shop.retriever, field.name) for field in fields(shop.retriever) if field.init}
    return replace(shop, retriever=Ablated(**parts, without=without, features=features))


if __name__ == "__main__":
    main()

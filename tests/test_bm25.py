import math
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.settings import IndexSettings
from index.text import tokens
from index.titles.bm25 import BM25Index

TITLES = [
    "Harrow Kettle, Red",
    "Harrow Kettle, Black, with Kettle Stand",
    "Sony WH-1000XM4 Headphones",
    "",
    "Moby-Dick",
    "The Kettle Book: a History of the Kettle",
]


def plain_bm25(question: list[str], titles: list[str]) -> list[float]:
    """BM25 with Lucene's idf, written as in Robertson & Zaragoza 2009."""
    k1, b, cut = IndexSettings().k1, IndexSettings().b, [tokens(title) for title in titles]
    mean = sum(map(len, cut)) / len(cut)
    scores = []
    for words in cut:
        count, score = Counter(words), 0.0
        for term in set(question):
            holding = sum(term in other for other in cut)
            idf = math.log(1 + (len(cut) - holding + 0.5) / (holding + 0.5))
            score += idf * count[term] / (count[term] + k1 * (1 - b + b * len(words) / mean))
        scores.append(score)
    return scores


@pytest.mark.parametrize("question", ["red kettle", "the wh1000xm4", "kettle kettle book stand", "nothing known"])
def test_scores_equal_the_plain_formula(question: str) -> None:
    index = BM25Index.fit(TITLES)
    asked = tokens(question)
    plain = plain_bm25(asked, TITLES)
    rows, scores = index.search(asked, 10)
    assert rows.tolist() == [row for row in np.argsort(-np.array(plain), kind="stable").tolist() if plain[row] > 0]
    assert scores == pytest.approx([plain[row] for row in rows], abs=1e-5)


def test_random_titles_are_searched_as_by_the_plain_formula() -> None:
    draw = random.Random(3)
    words = [f"word{number}" for number in range(60)]
    titles = [" ".join(draw.choices(words, k=draw.randint(1, 12))) for _ in range(300)]
    index = BM25Index.fit(titles)
    for _ in range(20):
        asked = draw.choices(words, k=4)
        plain = np.array(plain_bm25(asked, titles))
        rows, scores = index.search(asked, 20)
        assert scores == pytest.approx(np.sort(plain)[::-1][:20], abs=1e-5)
        assert scores == pytest.approx(plain[rows], abs=1e-5)


def test_every_way_to_write_a_part_number_finds_it() -> None:
    index = BM25Index.fit(TITLES)
    for question in ("WH-1000XM4", "wh1000xm4", "WH 1000XM4", "1000xm4"):
        assert index.search(tokens(question), 1)[0].tolist() == [2]


def test_unknown_words_find_nothing_and_are_the_rarest() -> None:
    index = BM25Index.fit(TITLES)
    assert index.search(["zzz"], 5)[0].tolist() == []
    assert index.idf(["zzz"])[0] > index.idf(["kettle"])[0]
    assert index.document_frequency(["zzz", "kettle", "harrow"]).tolist() == [0, 3, 2]


def test_common_words_beyond_the_budget_find_nothing_new_but_still_count() -> None:
    titles = ["the red cup"] * 40 + ["the wide mug", "the red mug"] + ["the red pot"] * 40
    index = BM25Index.fit(titles, IndexSettings(max_postings=50))
    rows, scores = index.search(["the", "red", "mug"], 5)
    assert rows.tolist() == [41, 40]
    plain = plain_bm25(["the", "red", "mug"], titles)
    assert scores == pytest.approx([plain[41], plain[40]], abs=1e-5)


@pytest.mark.slow
def test_leaving_hopeless_titles_out_early_changes_nothing() -> None:
    draw = random.Random(4)
    words = [f"word{number}" for number in range(40)]
    titles = [" ".join(draw.choices(words, weights=range(1, 41), k=draw.randint(1, 12))) for _ in range(400)]
    index = BM25Index.fit(titles)
    for _ in range(40):
        asked = draw.choices(words, k=5)
        spent = sorted(index.document_frequency(sorted(set(asked))).tolist())
        settings = IndexSettings(max_postings=sum(spent[:2]))  # the two rarest say what is looked at
        _, scores = replace(index, settings=settings).search(asked, 10)
        rare = {word for word in set(asked) if index.document_frequency([word])[0] <= spent[1]}
        plain = plain_bm25(asked, titles)
        looked_at = [row for row, title in enumerate(titles) if rare & set(title.split())]
        best = sorted(looked_at, key=lambda row: -plain[row])[:10]
        assert scores == pytest.approx([plain[row] for row in best], abs=1e-5)


def test_saved_and_loaded_it_finds_the_same(tmp_path: Path) -> None:
    index = BM25Index.fit(TITLES)
    index.save(tmp_path)
    loaded = BM25Index.load(tmp_path, len(TITLES))
    assert isinstance(loaded.scores.base, np.memmap)
    for question in ("red kettle", "the", "moby dick"):
        for one, other in zip(index.search(tokens(question), 5), loaded.search(tokens(question), 5), strict=True):
            assert np.array_equal(one, other)


def test_an_index_of_empty_titles_can_be_searched() -> None:
    assert BM25Index.fit(["", "😀"]).search(["kettle"], 3)[0].tolist() == []

"""A segment's FAISS index against brute force over the same vectors."""

import random
from pathlib import Path

import numpy as np
import pytest

from index.progress import Progress
from index.settings import IndexSettings
from index.text import fold
from index.titles.encoder import HashedTfidfEncoder, hashed_idf
from index.titles.segments import GONE, Segment

pytestmark = pytest.mark.slow

TITLES = 3_000
WORDS = [f"{one}{two}" for one in ("kar", "lom", "sit", "pur", "vel", "dan") for two in ("on", "ex", "il", "ug", "at")]


@pytest.fixture(scope="module")
def titles() -> list[str]:
    draw = random.Random(5)
    return [f"{' '.join(draw.choices(WORDS, k=draw.randint(2, 6)))} {draw.randrange(10_000)}" for _ in range(TITLES)]


def built(titles: list[str], encoder: HashedTfidfEncoder, exact_up_to: int = 50_000) -> Segment:
    folded = [fold(title) for title in titles]
    return Segment.build(titles, folded, encoder, IndexSettings(exact_up_to=exact_up_to), Progress)


def brute_force(encoder: HashedTfidfEncoder, titles: list[str], questions: list[str]) -> np.ndarray:
    """Return the scalar products of every question with every title, (questions, titles)."""
    products: np.ndarray = encoder.encode(questions) @ encoder.encode(titles).T
    return products


def test_up_to_a_size_the_nearest_are_those_of_brute_force(titles: list[str], tmp_path: Path) -> None:
    encoder = HashedTfidfEncoder.of(hashed_idf([fold(title) for title in titles]))
    built(titles, encoder).save(tmp_path / "segment")
    segment = Segment.load(tmp_path / "segment")
    questions = titles[:20]
    for question, products in zip(questions, brute_force(encoder, titles, questions), strict=True):
        rows, scores = segment.nearest(encoder.encode([question]), 10)
        assert scores == pytest.approx(np.sort(products)[::-1][:10], abs=0.01)  # held in 8 bits
        assert products[rows] == pytest.approx(scores, abs=0.01)


def test_rounded_vectors_find_nearly_the_same(titles: list[str]) -> None:
    encoder = HashedTfidfEncoder.of(hashed_idf([fold(title) for title in titles]))
    segment = built(titles, encoder, exact_up_to=100)
    kept = []
    questions = titles[:50]
    for question, products in zip(questions, brute_force(encoder, titles, questions), strict=True):
        rows, scores = segment.nearest(encoder.encode([question]), 10)
        assert products[rows] == pytest.approx(scores, abs=0.02)
        kept.append(np.isin(rows, np.argsort(-products)[:10]).mean())
    assert np.mean(kept) > 0.9


def test_products_that_are_gone_make_room_for_the_next_nearest(titles: list[str]) -> None:
    encoder = HashedTfidfEncoder.of(hashed_idf([fold(title) for title in titles]))
    segment = built(titles, encoder)
    question = titles[0]
    best = segment.nearest(encoder.encode([question]), len(titles))[0]
    rows = segment.rows.copy()
    rows[best[:200]] = GONE
    left = Segment(segment.vectors, segment.bm25, segment.titles, rows)
    assert left.nearest(encoder.encode([question]), 5)[0].tolist() == best[200:205].tolist()

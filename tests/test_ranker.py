import random
from pathlib import Path

import numpy as np
import pytest

from assistant.evaluation.resolver.queries import noisy
from index.progress import Progress
from index.settings import IndexSettings
from index.text import fold
from index.titles.decision import decide
from index.titles.hybrid_retriever import HybridRetriever
from index.titles.ranker import Ranker
from index.titles.ranker_training import LabelledQuery, fit_ranker

pytestmark = pytest.mark.slow

BRANDS = ("Harrow", "Lumen", "Ostra", "Quill", "Tarn", "Vesper")
THINGS = ("Kettle", "Desk Lamp", "Notebook", "Kitchen Scale", "Backpack", "Wool Blanket", "Chess Set")
KINDS = ("Compact", "Classic", "Travel", "Large", "Folding")


def made_titles(number: int) -> list[str]:
    draw = random.Random(1)
    return [
        f"{draw.choice(BRANDS)} {draw.choice(KINDS)} {draw.choice(THINGS)} {draw.choice('KLM')}X-{100 + row}"
        for row in range(number)
    ]


@pytest.fixture(scope="module")
def retriever() -> HybridRetriever:
    return HybridRetriever.build(made_titles(220), ["It weighs little and folds away."], "", IndexSettings(), Progress)


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return Ranker.shipped()


def judged(retriever: HybridRetriever, ranker: Ranker, question: str) -> tuple[str, float]:
    query, _, matrix = retriever.candidates(question)
    ranked = ranker.rank(query, matrix)
    return matrix.titles[ranked.order[0]], ranked.first


def test_probabilities_mean_what_they_say_in_a_shop_it_never_saw(retriever: HybridRetriever, ranker: Ranker) -> None:
    titles, right, believed = made_titles(220), [], []
    draw = random.Random(99)
    for title in titles:
        question = noisy(title, draw)
        best, probability = judged(retriever, ranker, question)
        right.append(best == fold(title))
        believed.append(probability)
    assert np.mean(right) > 0.8
    assert abs(np.mean(right) - np.mean(believed)) < 0.15
    sure = np.array(believed) > 0.9
    assert sure.sum() > 20
    assert np.mean(np.array(right)[sure]) > 0.95


def test_the_share_falls_from_one_and_four_are_never_less_probable_than_the_best(
    retriever: HybridRetriever, ranker: Ranker
) -> None:
    for question in ("harrow kettle", "Tarn Classic Notebook KX-117", "zzz", "what is it", ""):
        query, _, matrix = retriever.candidates(question)
        ranked = ranker.rank(query, matrix)
        assert ranked.share[0] == 1
        assert (np.diff(ranked.share) <= 0).all()
        assert 0 <= ranked.first <= ranked.four <= 1


def test_a_part_number_alone_is_enough(retriever: HybridRetriever, ranker: Ranker) -> None:
    title = made_titles(220)[17]
    best, _ = judged(retriever, ranker, title.split()[-1].replace("-", "").lower())
    assert best.endswith(title.split()[-1].replace("-", "").lower())


def test_a_contradicting_number_or_colour_costs_and_a_missing_one_does_not() -> None:
    retriever = HybridRetriever.build(
        ["Pens, Pack of 8, Blue", "Pens, Pack of 12, Red", "Pens"], [], "", IndexSettings(), Progress
    )
    _, rows, matrix = retriever.candidates("pens pack of 12 red")
    number, variant = (
        dict(zip(rows.tolist(), matrix.column(name).tolist(), strict=True))
        for name in ("number_conflict", "variant_conflict")
    )
    assert (number[0], number[1], number[2]) == (1, 0, 0)
    assert (variant[0], variant[1], variant[2]) == (1, 0, 0)


def test_titles_that_cover_the_same_words_are_rivals_unless_one_is_named_in_full() -> None:
    titles = ["Harrow Kettle Red", "Harrow Kettle Black", "Desk Lamp", "Desk Lamp with Clamp"]
    retriever = HybridRetriever.build(titles, [], "", IndexSettings(), Progress)
    ranker = Ranker.shipped()

    def rivals(question: str) -> int:
        query, _, matrix = retriever.candidates(question)
        return len(ranker.rank(query, matrix).rivals)

    assert rivals("harrow kettle") == 1
    assert rivals("red harrow kettle") == 0
    assert rivals("is the desk lamp bright?") == 0


def test_saved_and_loaded_it_judges_the_same_and_names_every_weight(
    retriever: HybridRetriever, ranker: Ranker, tmp_path: Path
) -> None:
    path = tmp_path / "ranker.json"
    ranker.save(path)
    loaded = Ranker.load(path)
    text = path.read_text()
    names = retriever.candidates("harrow kettle")[2].names
    assert ranker.utility.terms.keys() == set(names)
    assert ranker.first.terms.keys() == ranker.four.terms.keys()
    assert all(f'"{name}"' in text for name in (*names, *ranker.first.terms))
    for question in ("harrow kettle", "tarn notebook kx117"):
        assert judged(retriever, loaded, question) == judged(retriever, ranker, question)


def test_too_few_queries_are_an_error_and_not_a_guess(retriever: HybridRetriever) -> None:
    query, _, matrix = retriever.candidates("harrow kettle")
    nothing_right = LabelledQuery(query, matrix, np.zeros(len(matrix.titles), dtype=bool))
    with pytest.raises(ValueError, match="right and wrong"):
        fit_ranker([nothing_right] * 4)


@pytest.mark.parametrize(
    ("best", "four", "any_of_them", "decision"),
    [
        (0.99, 0.99, 0.99, "found"),
        (0.45, 0.9, 0.9, "ambiguous"),
        (0.02, 0.05, 0.05, "unknown"),
        (0.3, 0.3, 0.3, "unknown"),
        (0.05, 0.2, 0.9, "ambiguous"),
    ],
)
def test_the_cheapest_decision_is_taken(best: float, four: float, any_of_them: float, decision: str) -> None:
    assert decide(best, four, any_of_them) == decision


def test_a_question_that_fits_two_titles_is_half_right_about_the_first(retriever: HybridRetriever) -> None:
    query, _, matrix = retriever.candidates("harrow classic kettle")
    two = np.array([place in (0, 1) for place in range(len(matrix.titles))])
    assert LabelledQuery(query, matrix, two).meant == 2
    absent = LabelledQuery(query, matrix, two, absent_weight=0.5).without_relevant()
    assert (absent.relevant.any(), absent.weight, len(absent.matrix.titles)) == (False, 0.5, len(matrix.titles) - 2)


def test_what_is_fitted_puts_the_right_title_first(retriever: HybridRetriever) -> None:
    labelled, draw = [], random.Random(3)
    for title in made_titles(60):
        query, _, matrix = retriever.candidates(noisy(title, draw))
        relevant = np.array([other == fold(title) for other in matrix.titles])
        labelled.append(LabelledQuery(query, matrix, relevant, absent_weight=0.3))
    fitted = fit_ranker(labelled)
    assert np.mean([one.relevant[fitted.rank(one.query, one.matrix).order[0]] for one in labelled]) > 0.8
    weights = {name: term.weight for name, term in fitted.first.terms.items()}
    assert weights["contradicted_though_covered"] <= 0 <= weights["margin"]

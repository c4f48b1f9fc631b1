import random
from pathlib import Path

import numpy as np
import pytest

from index.progress import Progress
from index.titles.decision import decide
from index.titles.features import NAMES
from index.titles.noisy_queries import Noise
from index.titles.ranker import DECISION_NAMES, Ranker, Sample
from index.titles.ranker_training import learn
from index.titles.retriever import Arms

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
def arms() -> Arms:
    return Arms.build(made_titles(220), ["It weighs little and folds away."], "", Progress)


@pytest.fixture(scope="module")
def ranker(arms: Arms) -> Ranker:
    return learn(arms, made_titles(220), ["It weighs little and folds away."], "", 0, Progress)


def judged(arms: Arms, ranker: Ranker, question: str) -> tuple[str, float]:
    asked, _, comparison = arms.candidates(question)
    judgement = ranker.judge(asked, comparison)
    return comparison.titles[judgement.order[0]], judgement.first


def test_probabilities_mean_what_they_say_on_views_it_never_saw(arms: Arms, ranker: Ranker) -> None:
    titles, right, said = made_titles(220), [], []
    noise = Noise(titles, ["It weighs little and folds away."], seed=99)
    for title in titles:
        best, probability = judged(arms, ranker, noise.view(title))
        right.append(best == " ".join(title.lower().replace("-", "").split()))
        said.append(probability)
    assert np.mean(right) > 0.8
    assert abs(np.mean(right) - np.mean(said)) < 0.1
    sure = np.array(said) > 0.9
    assert sure.sum() > 20
    assert np.mean(np.array(right)[sure]) > 0.95


def test_the_share_falls_from_one_and_four_are_never_less_probable_than_the_best(arms: Arms, ranker: Ranker) -> None:
    for question in ("harrow kettle", "Tarn Classic Notebook KX-117", "zzz", "what is it", ""):
        asked, _, comparison = arms.candidates(question)
        judgement = ranker.judge(asked, comparison)
        assert judgement.share[0] == 1
        assert (np.diff(judgement.share) <= 0).all()
        assert 0 <= judgement.first <= judgement.four <= 1


def test_a_part_number_alone_is_enough(arms: Arms, ranker: Ranker) -> None:
    title = made_titles(220)[17]
    best, _ = judged(arms, ranker, title.split()[-1].replace("-", "").lower())
    assert best.endswith(title.split()[-1].replace("-", "").lower())


def test_a_contradicting_number_or_colour_costs_and_a_missing_one_does_not() -> None:
    arms = Arms.build(["Pens, Pack of 8, Blue", "Pens, Pack of 12, Red", "Pens"], [], "", Progress)
    _, rows, comparison = arms.candidates("pens pack of 12 red")
    number, variant = (
        dict(zip(rows.tolist(), comparison.features[:, NAMES.index(name)].tolist(), strict=True))
        for name in ("number_conflict", "variant_conflict")
    )
    assert (number[0], number[1], number[2]) == (1, 0, 0)
    assert (variant[0], variant[1], variant[2]) == (1, 0, 0)


def test_titles_that_cover_the_same_words_are_rivals_unless_one_is_named_in_full() -> None:
    titles = ["Harrow Kettle Red", "Harrow Kettle Black", "Desk Lamp", "Desk Lamp with Clamp"]
    arms = Arms.build(titles, [], "", Progress)
    ranker = learn(arms, titles, ["It is loud."], "", 0, Progress)

    def rivals(question: str) -> int:
        asked, _, comparison = arms.candidates(question)
        return len(ranker.judge(asked, comparison).rivals)

    assert rivals("harrow kettle") == 1
    assert rivals("red harrow kettle") == 0
    assert rivals("is the desk lamp bright?") == 0


def test_saved_and_loaded_it_judges_the_same_and_names_every_weight(arms: Arms, ranker: Ranker, tmp_path: Path) -> None:
    ranker.save(tmp_path)
    loaded = Ranker.load(tmp_path)
    text = (tmp_path / "ranker.json").read_text()
    assert all(f'"{name}"' in text for name in (*NAMES, *DECISION_NAMES))
    for question in ("harrow kettle", "tarn notebook kx117"):
        assert judged(arms, loaded, question) == judged(arms, ranker, question)


def test_too_few_lessons_are_an_error_and_not_a_guess(arms: Arms) -> None:
    asked, _, comparison = arms.candidates("harrow kettle")
    nothing_right = Sample(asked, comparison, np.zeros(len(comparison.titles), dtype=bool))
    with pytest.raises(ValueError, match="right and wrong"):
        Ranker.fit([nothing_right] * 4)


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


def test_views_come_from_the_seed_and_hold_only_what_was_given() -> None:
    titles, contents = made_titles(30), ["It weighs little."]
    one, two, other = (Noise(titles, contents, seed) for seed in (1, 1, 2))
    views = [one.view(title) for title in titles]
    assert views == [two.view(title) for title in titles]
    assert views != [other.view(title) for title in titles]
    assert all(view.strip() for view in views)
    assert all(one.view("Zephyr Unheard Thing").strip() for _ in range(50))
    assert Noise(["{x} [] %s"], [""], 3).view("{x} [] %s").strip()

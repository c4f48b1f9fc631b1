"""Training a judge: pairs, packing, and a short run that learns, resumes and publishes."""

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from assistant.grounding.judge import SHIPPED_JUDGE, TOKENIZER, WEIGHTS, Judge, open_judge, unsealed
from finetune.calibrating import COST_OF_MISLEADING, Observation, best_limit, fit
from finetune.data.question_files import Row
from finetune.judging.encoder import load_network, pack
from finetune.judging.pairs import pairs_of
from finetune.judging.recipe import JudgeRecipe, JudgeTraining, PairData, read_judge_recipe
from finetune.judging.training import UNCALIBRATED, train_judge
from finetune.training.run_folder import RunOptions
from index.errors import UserError
from ui.cli import main

PASSAGES = (
    "Oak Stool",
    "Solid oak, oiled by hand.",
    "It carries up to 120 kg.",
    "Not for use outdoors.",
    "Made in Spain.",
)


def row(question: str, label: str, cited: tuple[int, ...], source: str = "written") -> Row:
    return Row(question, "Oak Stool", PASSAGES, "", label, cited, source, "O1")  # type: ignore[arg-type]


ROWS = [
    row("is it made of oak?", "yes", (2,)),
    row("can it stand in the garden?", "no", (4,)),
    row("how much does it carry?", "answer", (3,)),
    row("does it fold?", "not_stated", ()),
]
VALIDATION = ROWS * 3


def test_a_row_gives_its_settling_passages_and_some_that_say_nothing() -> None:
    pairs = pairs_of(ROWS, PairData(beside=2, drawn=1, named=0.0), random.Random(1))
    settling = {(pair.question, pair.passage): pair.verdict for pair in pairs if pair.verdict != "none"}
    assert settling == {
        ("is it made of oak?", PASSAGES[1]): "yes",
        ("can it stand in the garden?", PASSAGES[3]): "no",
        ("how much does it carry?", PASSAGES[2]): "answer",
    }
    assert Counter(pair.question for pair in pairs if pair.verdict == "none") == {each.question: 3 for each in ROWS}


@pytest.mark.parametrize("misread", [1, 2])
def test_where_nothing_settles_a_question_the_judge_is_shown_what_it_takes_for_settling(misread: int) -> None:
    data = PairData(start="judge", beside=2, drawn=0, misread=misread, named=0.0)
    read = open_judge().read
    pairs = pairs_of(ROWS, data, random.Random(1), read)
    silent = [pair for pair in pairs if pair.question == "does it fold?"]
    logits = {text: one.answers_logit for text, one in zip(PASSAGES, read("does it fold?", PASSAGES), strict=True)}
    assert {pair.passage for pair in silent} == set(sorted(PASSAGES, key=lambda text: -logits[text])[:misread])
    assert {pair.verdict for pair in silent} == {"none"}
    assert Counter(pair.question for pair in pairs if pair.verdict == "none")["is it made of oak?"] == 2


def test_only_a_judge_that_is_taught_further_has_misread(tmp_path: Path) -> None:
    (tmp_path / "anew.toml").write_text('[judge]\nstart = "reranker"\nmisread = 2\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"judge\.misread is 2"):
        read_judge_recipe(str(tmp_path / "anew.toml"))


def test_a_source_is_taken_as_often_as_the_recipe_says_and_questions_may_name_their_product() -> None:
    few, many = (
        pairs_of(ROWS, PairData(sources={"written": often}, named=0.0), random.Random(1)) for often in (1.0, 3.0)
    )
    assert len(many) == 3 * len(few)
    assert pairs_of(ROWS, PairData(sources={"written": 0.0}), random.Random(1)) == []
    named = pairs_of(ROWS[:1], PairData(named=1.0), random.Random(1))
    assert named[0].question == "is the Oak Stool made of oak?"


def test_a_passage_that_may_say_the_same_is_no_silent_one() -> None:
    again = Row(
        "is it oak?",
        "",
        ("Solid oak, oiled.", "Oiled solid oak throughout.", "Made in Spain."),
        "",
        "yes",
        (1,),
        "a",
        "",
    )
    assert {pair.passage for pair in pairs_of([again], PairData(named=0.0), random.Random(1))} == {
        "Solid oak, oiled.",
        "Made in Spain.",
    }


def test_packing_keeps_what_was_learnt(tmp_path: Path) -> None:
    network = load_network(SHIPPED_JUDGE / WEIGHTS)
    pack(network.state_dict(), SHIPPED_JUDGE / WEIGHTS, tmp_path / WEIGHTS)
    (tmp_path / TOKENIZER).write_bytes((SHIPPED_JUDGE / TOKENIZER).read_bytes())
    pairs = [(each.question, passage) for each in ROWS for passage in PASSAGES]
    packed, shipped = unsealed(tmp_path, UNCALIBRATED).read_pairs(pairs), open_judge().read_pairs(pairs)
    assert np.abs(packed - shipped).max() < 0.1


def short(**training: object) -> JudgeRecipe:
    return JudgeRecipe(
        "judge",
        PairData(start="judge", named=0.0),
        JudgeTraining(batch=8, save_every_steps=100, precision="fp32", **training),  # type: ignore[arg-type]
    )


@pytest.fixture
def few_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of four questions again and again needs no hundred of them to be calibrated by: each is read anew."""
    monkeypatch.setattr("finetune.calibrating.FEWEST", len(VALIDATION))


@pytest.mark.slow
@pytest.mark.usefixtures("few_will_do")
def test_a_short_run_is_killed_resumed_and_published(tmp_path: Path) -> None:
    recipe = short(epochs=2, learning_rate=1e-5)
    train_judge(recipe, ROWS, VALIDATION, tmp_path, RunOptions(stop_after=1))
    with pytest.raises(UserError, match="unfinished"):
        train_judge(recipe, ROWS, VALIDATION, tmp_path)
    with pytest.raises(UserError, match="begun with something else"):
        train_judge(short(epochs=3), ROWS, VALIDATION, tmp_path, RunOptions(resume=True))
    folder = train_judge(recipe, ROWS, VALIDATION, tmp_path, RunOptions(resume=True))
    judge = open_judge(folder)
    assert isinstance(judge, Judge)
    assert judge.read("is it made of oak?", [PASSAGES[1]])[0].yes_logit > 0
    assert 0 <= judge.calibration.least_confidence <= 1


@pytest.mark.slow
def test_a_run_that_learns_nothing_publishes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"learnt nothing|loss is"):
        train_judge(short(epochs=1, learning_rate=1e6), ROWS * 2, VALIDATION, tmp_path)
    assert not (tmp_path / "judge").exists()


def observation(label: str, answerable: float, yes: float) -> Observation:
    closed = 5.0 if label in ("yes", "no") else -5.0
    features = ({"judge": answerable, "model": 0.0}, {"judge": yes, "model": 0.0}, {"judge": closed, "model": 0.0})
    return Observation(*features, label, label != "not_stated")  # type: ignore[arg-type]


def test_a_calibration_trusts_what_tells_and_not_what_is_silent() -> None:
    draw = random.Random(3)
    kinds = {"yes": (3.0, 3.0), "no": (3.0, -3.0), "answer": (3.0, 0.0), "not_stated": (-3.0, 0.0)}
    seen = [
        observation(label, strength + draw.gauss(0, 2), yes + draw.gauss(0, 2))
        for label, (strength, yes) in kinds.items()
        for _ in range(60)
    ]
    calibration = fit(seen, "digest")
    assert calibration.answerable.weights["judge"] > 0.5 > abs(calibration.answerable.weights["model"])
    assert calibration.yes.weights["judge"] > 0.5
    assert 0.1 < calibration.least_confidence < 0.9
    with pytest.raises(UserError, match="too few"):
        fit(seen[:30], "digest")


def test_the_limit_is_where_a_claim_is_worth_its_risk() -> None:
    cost = COST_OF_MISLEADING
    assert best_limit([0.9, 0.6], [True, False], [False, False]) == pytest.approx(cost / (1 + cost))
    # Where all wrong claims are about what is absent, a refusal is right: the limit is higher.
    assert best_limit([0.9, 0.6], [True, False], [False, True]) == pytest.approx((cost + 1) / (cost + 2))
    assert best_limit([0.9, 0.2], [True, False], [False, True]) == best_limit([0.9], [True], [False])


def test_the_command_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(tmp_path), "finetune", "judge"]) == 1
    assert "train.jsonl" in capsys.readouterr().err
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "train.jsonl").write_text(json.dumps({"question": 1}) + "\n")
    assert main(["--home", str(tmp_path), "finetune", "judge"]) == 1
    assert "line 1" in capsys.readouterr().err

"""The metrics, each against cases computed by hand, and the intervals around them."""

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.evaluation.bootstrap import (
    Corpus,
    Interval,
    Quantile,
    Ratio,
    RiskCoverage,
    draws,
    interval,
    interval_of_difference,
    value,
)
from assistant.evaluation.kinds import kinds_of
from assistant.evaluation.metrics import Metric
from assistant.evaluation.normalise import numbers_in, polarity
from assistant.evaluation.predict import Prediction
from assistant.evaluation.questions import qa_example
from assistant.evaluation.scoring import Scorer
from assistant.grounding.citations import cited_numbers, without_marks

ROOT = Path(__file__).parents[1]


def compute(metric: str, cache: Path, **columns: list[Any]) -> dict[str, Any]:
    scores: dict[str, Any] = Metric(metric, keep_in_memory=True, cache_dir=str(cache)).compute(**columns)
    return scores


def test_rouge_is_the_f_measure_against_the_best_reference(tmp_path: Path) -> None:
    # Three words of the reference's four, in order: P 3/3, R 3/4; of its three pairs two: P 2/2, R 2/3.
    scores = compute(
        "rouge",
        tmp_path,
        predictions=["The cat sat.", "sat cat"],
        references=[["a dog", "the cat sat down"], ["cat sat"]],
    )
    assert scores["rows"]["rouge1"] == pytest.approx([6 / 7, 1.0])
    assert scores["rows"]["rouge2"] == pytest.approx([0.8, 0.0])
    assert scores["rows"]["rougeL"] == pytest.approx([6 / 7, 0.5])  # the order counts
    assert scores["rougeL"] == pytest.approx((6 / 7 + 0.5) / 2)


def test_bleu_is_that_of_the_whole_corpus_with_its_signature(tmp_path: Path) -> None:
    # Every n-gram is right; 6 words against 8 cost a brevity penalty of e^(1 - 8/6).
    scores = compute(
        "bleu",
        tmp_path,
        predictions=["the cat sat on", "a dog"],
        references=[["the cat sat on the mat"], ["a dog", "a big dog of ours"]],
    )
    assert scores["bleu"] == pytest.approx(100 * math.exp(1 - 8 / 6))
    assert scores["rows"] == [[4, 6, 4, 3, 2, 1, 4, 3, 2, 1], [2, 2, 2, 1, 0, 0, 2, 1, 0, 0]]
    assert scores["signature"].startswith("nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp|version:")


def test_token_f1_forgets_case_articles_and_punctuation(tmp_path: Path) -> None:
    scores = compute(
        "token_f1",
        tmp_path,
        predictions=["The kettle weighs 2 kg!", "the", "no"],
        references=[["dear me", "It weighs 2 kg"], ["an"], ["yes"]],
    )
    assert scores["rows"] == [0.75, 1.0, 0.0]


def test_a_reply_that_says_neither_or_refuses_disagrees(tmp_path: Path) -> None:
    scores = compute(
        "yes_no",
        tmp_path,
        predictions=["Yes, it is.", "No.", "It is steel.", "No, not stated.", "Não, é de aço.", "Sim."],
        references=["yes", "yes", "no", "no", "no", "yes"],
        refused=[False, False, False, True, False, False],
    )
    assert scores["rows"]["verdict"] == ["yes", "no", "", "", "no", "yes"]
    assert scores["rows"]["agree"] == [1, 0, 0, 0, 1, 1]
    assert scores["agreement"] == 0.5
    assert (scores["yes_recalled"], scores["no_recalled"]) == pytest.approx((2 / 3, 1 / 3))
    assert scores["neither"] == pytest.approx(2 / 6)


def test_without_a_no_among_the_references_nothing_is_said_of_it(tmp_path: Path) -> None:
    scores = compute("yes_no", tmp_path, predictions=["No."], references=["yes"], refused=[False])
    assert (scores["yes_recalled"], scores["no_recalled"]) == (0.0, None)


def test_numbers_are_right_by_the_reference_and_invented_where_nothing_has_them(tmp_path: Path) -> None:
    scores = compute(
        "numbers",
        tmp_path,
        predictions=["1,000 pages, two boxes, 7.0 cm", "It weighs 9 kg.", "It is red."],
        references=[["1000 pages in 2 boxes of 5"], ["It weighs 2 kg."], ["It is red."]],
        sources=["7 cm thick", "Weighs 2 kg.", "12 colours"],
    )
    assert scores["right"] == pytest.approx((2 / 3 + 0) / 2)
    assert scores["invented"] == pytest.approx(1 / 4)
    assert scores["rows"]["wanted"] == [1, 1, 0]


def test_refusals_have_precision_and_recall(tmp_path: Path) -> None:
    scores = compute(
        "not_stated",
        tmp_path,
        predictions=[True, True, True, False, False],
        references=[True, True, False, True, False],
    )
    assert scores["precision"] == pytest.approx(2 / 3)
    assert scores["recall"] == pytest.approx(2 / 3)
    assert scores["answered"] == 0.5


def test_cited_numbers_must_be_those_of_passages_shown(tmp_path: Path) -> None:
    scores = compute(
        "citations",
        tmp_path,
        predictions=["It is red. [1, 4]", "It is. [0]", "Red."],
        shown=[3, 3, 3],
        verbatim=[[True, False], [], []],
    )
    assert scores["citations_exist"] == pytest.approx(1 / 3)
    assert scores["quotes_verbatim"] == 0.5
    assert scores["citing"] == pytest.approx(2 / 3)


def test_endings_and_lengths_are_means(tmp_path: Path) -> None:
    scores = compute("ending", tmp_path, predictions=["one two three", "one"], ended=[True, False])
    assert (scores["ended"], scores["words"]) == (0.5, 2.0)


def test_latency_is_given_by_percentiles(tmp_path: Path) -> None:
    scores = compute("latency", tmp_path, predictions=[300.0, 100.0, 200.0])
    assert (scores["p50_ms"], scores["p95_ms"]) == pytest.approx((200.0, 290.0))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,000 pages", ("1000",)),
        ("2.50 kg and 2.5 kg", ("2.5",)),
        ("2,5 kg", ("2.5",)),
        ("08 pieces, 0.5 l", ("8", "0.5")),
        ("two of twelve, one way", ("2", "12")),
        ("firmware 1.2.30", ("1.2.30",)),
        ("ages 2-8", ("2", "8")),
        ("none", ()),
    ],
)
def test_a_number_has_one_spelling(text: str, numbers: tuple[str, ...]) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("text", "said"), [("Yes!", "yes"), ('"no, ', "no"), ("Not stated.", ""), ("Nothing", ""), ("It is. Yes", "")]
)
def test_yes_and_no_are_read_at_the_beginning_alone(text: str, said: str) -> None:
    assert polarity(text) == said


def test_citation_marks_are_read_and_taken_off() -> None:
    text = "It weighs 2 kg [2, 1]. Red. [2]"
    assert cited_numbers(text) == (1, 2)
    assert without_marks(text) == "It weighs 2 kg. Red."


@pytest.mark.slow
def test_a_metric_is_loaded_by_its_path_without_a_network(tmp_path: Path) -> None:
    program = (
        "import evaluate\n"
        f"path = {str(ROOT / 'assistant/evaluation/metrics.py')!r}\n"
        "metric = evaluate.load(path, 'not_stated', keep_in_memory=True)\n"
        "print(metric.compute(predictions=[True, False], references=[True, True])['recall'])"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_EVALUATE_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert done.stdout.strip() == "0.5", done.stderr


def test_an_interval_holds_the_value_and_narrows_with_the_rows() -> None:
    few, many = (Ratio(np.array([1.0, 0.0] * half), np.ones(2 * half)) for half in (10, 1000))
    wide, narrow = (interval(one, draws(len(one.parts), 1000, 0)) for one in (few, many))
    assert wide.value == narrow.value == 0.5
    # The normal approximation: 1.96 standard errors of a share of one half.
    assert wide.high == pytest.approx(0.5 + 1.96 * 0.5 / math.sqrt(20), abs=0.05)
    assert narrow.high == pytest.approx(0.5 + 1.96 * 0.5 / math.sqrt(2000), abs=0.005)


def test_a_difference_is_taken_over_the_same_rows() -> None:
    hard = np.array([0.0, 1.0] * 50)
    base, tuned = Ratio(hard * 0.5, np.ones(100)), Ratio(hard * 0.5 + 0.1, np.ones(100))
    drawn = draws(100, 500, 1)
    gained = interval_of_difference(tuned, base, drawn)
    # Rows differ much, the two ways by the same in each: unpaired, the interval would be wide.
    assert (gained.value, gained.low, gained.high) == pytest.approx((0.1, 0.1, 0.1))
    apart = interval(tuned, drawn)
    assert apart.high is not None
    assert apart.low is not None
    assert apart.high - apart.low > 0.08


def test_the_same_seed_draws_the_same_rows() -> None:
    assert (draws(7, 5, 3) == draws(7, 5, 3)).all()
    assert (draws(7, 50, 3) != draws(7, 50, 4)).any()


def test_the_area_under_risk_and_coverage_is_small_where_what_is_sure_is_right() -> None:
    confidence, wrong = np.array([0.9, 0.8, 0.2, 0.1]), np.array([0.0, 0.0, 1.0, 1.0])
    sure, unsure = RiskCoverage(confidence, wrong), RiskCoverage(1 - confidence, wrong)
    assert value(sure, 4) == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert value(unsure, 4) == pytest.approx((1 + 1 + 2 / 3 + 1 / 2) / 4)
    assert value(RiskCoverage(np.append(confidence, np.nan), np.append(wrong, 1.0)), 5) == value(sure, 4)


@pytest.mark.parametrize(
    ("question", "gold", "references", "kinds"),
    [
        ("is it loud?", "It is never loud.", ("No.",), {"denied"}),
        ("ok for a 2 year old?", "Ages 3 and up.", ("No.",), {"amount"}),
        ("how old must one be?", "Ages 3 and up.", ("3.",), set()),
        ("is there a green one?", "In red, blue, white, black.", ("No.",), {"list"}),
        ("how much is it?", "", (), {"matter"}),
        ("is it red?", "Red Kettle", ("Yes.",), {"title"}),
        ("a chaleira é vermelha?", "The body is red.", ("Sim.",), {"portuguese"}),
    ],
)
def test_the_kind_of_a_question_is_told_by_its_words_and_by_what_answers_it(
    question: str, gold: str, references: tuple[str, ...], kinds: set[str]
) -> None:
    assert kinds_of(qa_example("k", "Red Kettle", question, [gold], [gold] if gold else [], references)) == kinds


def test_a_passage_without_the_verdict_that_was_asked_for_is_neither_right_nor_misleading() -> None:
    gold = "It must never go into the dishwasher."
    example = qa_example("k", "Kettle", "is it dishwasher safe?", [gold], [gold], ["No."])
    said = f'The description says: "{gold}"'
    for text, quotes, right, misled in (
        ("No. " + said, (gold,), 1.0, 0.0),
        ("Yes. " + said, (gold,), 0.0, 1.0),
        (said, (gold,), 0.0, 0.0),
        ('The description says: "Red."', ("Red.",), 0.0, 1.0),
    ):
        measures = Scorer().of_answers([example], [Prediction(text, False, 1.0, quotes=quotes)])
        assert (value(measures["right"], 1), value(measures["misled"], 1)) == (right, misled)


def test_a_contrast_group_is_right_only_as_a_whole() -> None:
    gold = "It needs no batteries."
    examples = [
        qa_example("k", "Kettle", question, [gold], [gold], [reference])
        for question, reference in (("does it need batteries?", "No."), ("does it run without batteries?", "Yes."))
    ]
    right, wrong = Prediction("No. [1]", False, 1.0), Prediction("Yes. [1]", False, 1.0)
    scorer = Scorer()
    assert value(scorer.of_answers(examples, [right, wrong])["contrast"], 2) == 1.0
    assert value(scorer.of_answers(examples, [right, right])["contrast"], 2) == 0.0
    assert "contrast" not in scorer.of_answers(examples[:1], [right])


def test_nothing_to_measure_is_no_zero() -> None:
    nothing = Ratio(np.zeros(3), np.zeros(3))
    assert interval(nothing, draws(3, 10, 0)) == Interval(None, None, None)
    assert nothing.rows == 0
    assert np.isnan(value(Quantile(np.array([np.nan]), 0.5), 1))


def test_bleu_of_all_rows_is_the_corpus_score(tmp_path: Path) -> None:
    said, known = ["the cat sat on", "a dog", "no"], [["the cat sat on the mat"], ["a dog"], ["yes"]]
    scores = compute("bleu", tmp_path, predictions=said, references=known)
    counts = np.vstack([np.array(scores["rows"], float), np.zeros(10)])  # a row without a reference changes nothing
    assert value(Corpus(counts), 4) == pytest.approx(scores["bleu"])
    assert Corpus(counts).rows == 3

"""The judge that is shipped: what it reads, kind by kind, and how it is opened.

A model of 33 million weights errs: of each kind most have to be right, and none of those that it is known for.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.grounding.judge import SHIPPED_JUDGE, Entailment, Judge, open_judge
from index.errors import ArtefactError

DENIED = [
    ("is it suitable for overhead lifting?", "Not suitable for overhead lifting."),
    ("does it contain BPA?", "No BPA, PVC or phthalates."),
    ("can it go in the dishwasher?", "Hand wash only."),
    ("is a battery included?", "Batteries are sold separately."),
    ("does it have an automatic shut-off?", "There is no automatic shut-off."),
    ("is it made of plastic?", "The body is solid stainless steel."),
    ("can i use it without power?", "It will not work without power."),
    ("is it scented?", "Unscented, fragrance free."),
]
AFFIRMED = [
    ("is it BPA free?", "Free of BPA and lead."),
    ("can it go in the dishwasher?", "All parts are dishwasher safe."),
    ("are batteries included?", "Two AA batteries are included."),
    ("does it fold flat?", "Folds flat for storage."),
    ("is it waterproof?", "Waterproof to a depth of 10 metres."),
    ("will it fit a standard ring binder?", "Fits a standard 3-ring binder."),
    ("does it come with a lid?", "Glass lid included."),
    ("is it made of steel?", "The body is solid stainless steel."),
]
SILENT = [
    ("how heavy is it?", "The body is solid stainless steel."),
    ("what does it cost?", "The best present for any cook."),
    ("is it in stock?", "Two-year warranty."),
    ("does it have bluetooth?", "The base stores 70 cm of cord."),
    ("what is the blade made of?", "The handle is made of oak."),
    ("how much does the parcel weigh?", "The lamp is 40 cm high."),
]


def read(question: str, text: str) -> Entailment:
    return open_judge().read(question, [text])[0]


def test_most_denials_and_affirmations_are_read_rightly() -> None:
    no = [read(question, text).yes_logit < 0 for question, text in DENIED]
    yes = [read(question, text).yes_logit > 0 for question, text in AFFIRMED]
    assert np.mean(no) >= 0.75
    assert np.mean(yes) >= 0.75
    assert all(no[:2])


def test_passages_that_settle_a_question_are_told_from_those_that_do_not() -> None:
    settling = [read(question, text).answers_logit for question, text in DENIED + AFFIRMED]
    silent = [read(question, text).answers_logit for question, text in SILENT]
    assert np.mean([logit > 0 for logit in settling]) >= 0.8
    assert np.mean([logit < 0 for logit in silent]) >= 0.8


def test_a_judgement_is_a_distribution_whatever_is_read() -> None:
    texts = ["", "x", "word " * 3000, "日本語 🙂 \x00", "It weighs 2 kg."]
    for each in open_judge().read("how heavy is it? " * 200, texts):
        assert each.none + each.yes + each.no + each.answer == pytest.approx(1)
        assert abs(each.answers_logit) <= 12


def test_texts_are_read_alike_alone_and_together() -> None:
    texts = [text for _, text in DENIED]
    together = open_judge().read("is it safe?", texts)
    alone = [open_judge().read("is it safe?", [text])[0] for text in texts]
    assert [each.yes for each in together] == pytest.approx([each.yes for each in alone], abs=0.05)
    assert open_judge().read("is it safe?", []) == []


class Counted:
    """The network of the shipped judge, and how many times it ran."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self, *arguments: Any) -> Any:
        self.runs += 1
        return open_judge()._network.run(*arguments)


def test_what_was_just_read_is_not_read_again_and_each_asker_gets_a_list_of_its_own() -> None:
    network, shipped = Counted(), open_judge()
    judge = Judge(network, shipped._tokenizer, shipped.calibration, "")
    first = judge.read("is it safe?", ["Hand wash only.", "Made of oak."])
    kept = list(first)
    first.clear()
    assert judge.read("is it safe?", ["Hand wash only.", "Made of oak."]) == kept
    assert network.runs == 1
    assert judge.read("is it safe?", ["Hand wash only."])[0].yes == pytest.approx(kept[0].yes, abs=0.05)
    assert network.runs == 2  # what is read beside a text bears on how it is rounded


def test_a_judge_is_opened_once_and_a_damaged_one_never(tmp_path: Path) -> None:
    assert open_judge() is open_judge()
    folder = tmp_path / "judge"
    shutil.copytree(SHIPPED_JUDGE, folder)
    body = json.loads((folder / "calibration.json").read_text())
    (folder / "calibration.json").write_text(json.dumps(body | {"least_confidence": 0.0}))
    with pytest.raises(ArtefactError, match="calibration"):
        open_judge(folder)

"""Yes or no: what a passage says to a closed question."""

import pytest

from assistant.grounding.yes_no import YES_NO, yes_logit, yes_no_features
from assistant.passages import Passage
from assistant.question import read_question


def affirms(question: str, title: str, text: str) -> float:
    return yes_logit(read_question(question, title), Passage(1, text, 0, len(text)))


def test_there_is_one_weight_for_each_feature() -> None:
    features = yes_no_features(read_question("is it red?", "Lamp"), Passage(1, "Color: red.", 0, 11))
    assert features.keys() == YES_NO.weights.keys()


@pytest.mark.parametrize(
    ("question", "yes", "no"),
    [
        ("is it dishwasher safe?", "It is dishwasher safe.", "It is not dishwasher safe."),
        ("is it wireless?", "Connectivity technology: wireless.", "Connectivity technology: wired."),
        ("are batteries included?", "Batteries included: yes.", "Batteries included: no."),
        ("does it weigh 2 kg?", "It weighs 2 kg.", "It weighs 5 kg."),
        ("is it made of leather?", "Outer material: leather.", "Outer material: polyester."),
    ],
)
def test_a_passage_that_affirms_is_likelier_a_yes_than_one_that_denies(question: str, yes: str, no: str) -> None:
    assert affirms(question, "Thing", yes) > 0 > affirms(question, "Thing", no)


def test_a_question_that_denies_turns_a_denial_round() -> None:
    passage = "It does not need batteries."
    assert affirms("does it work without batteries?", "Lamp", passage) > affirms(
        "does it need batteries?", "Lamp", passage
    )

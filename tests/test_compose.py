"""Composing: what the reply says, from what the model said and how it was assessed."""

from collections.abc import Sequence

import pytest

from assistant.grounding.answerability import Assessment
from assistant.grounding.compose import Composed, choose_prefill, compose_reply
from assistant.grounding.evidence import Evidence
from assistant.grounding.judge import Entailment
from assistant.passages import Passage
from assistant.question import read_question
from assistant.reply import Quote

EVIDENCE = Evidence((Passage(1, "The body is stainless steel.", 0, 28), Passage(2, "Hand wash only.", 29, 44)), best=1)
STEEL = Quote("The body is stainless steel.", 0, 28)
SURE_YES, SURE_NO = Assessment(0.6, 0.9, closed=True), Assessment(0.6, 0.1, closed=True)
OPEN = Assessment(0.6, 0.9, closed=False)


def composed(
    text: str, question: str, assessment: Assessment, *, evidence: Evidence = EVIDENCE, affirming: float = 0.5
) -> Composed:
    def read(_: str, texts: Sequence[str]) -> list[Entailment]:
        beside = any(word in text.casefold() for text in texts for word in ("hand wash", "bla"))
        silent, settled = Entailment(1.0, 0.0, 0.0, 0.0), Entailment(0.0, affirming, 1 - affirming, 0.0)
        return [silent if beside else settled] * len(texts)

    return compose_reply(text, read_question(question, "Harrow Kettle"), evidence, assessment, read)


def test_a_wording_that_agrees_with_the_assessment_stays_as_it_is() -> None:
    text = "No. The body is stainless steel. [1]"
    assert composed(text, "is it plastic?", SURE_NO) == Composed(
        "answer", text, (Quote("The body is stainless steel.", 0, 28),)
    )


def test_the_assessment_decides_yes_or_no_and_the_restatement_stays() -> None:
    assert composed("Yes. The body is stainless steel. [1]", "is it plastic?", SURE_NO).text == (
        "No. The body is stainless steel. [1]"
    )


def test_a_restatement_gets_the_yes_or_no_that_it_lacks() -> None:
    assert composed("The body is stainless steel. [1]", "is it steel?", SURE_YES).text == (
        "Yes. The body is stainless steel. [1]"
    )


@pytest.mark.parametrize("text", ["Yes.", "Yes. [1]"])
def test_a_yes_that_tells_nothing_gives_way_to_the_passage(text: str) -> None:
    assert composed(text, "is it steel?", SURE_YES).text == 'Yes. The description says: "The body is stainless steel."'


def test_an_open_question_gets_no_yes_or_no() -> None:
    assert composed("It is stainless steel. [1]", "what is it made of?", OPEN).text == "It is stainless steel. [1]"


def test_a_wording_that_is_not_carried_gives_way_to_the_best_passage() -> None:
    assert composed("No. It weighs 42 tonnes. [1]", "is it plastic?", SURE_NO) == Composed(
        "answer", 'No. The description says: "The body is stainless steel."', (STEEL,)
    )


@pytest.mark.parametrize("text", ["Yes. It is made of plastic. [1]", "Not stated.", "No. Hand wash only. [2]"])
def test_a_refusal_or_another_fact_gives_way_to_the_passage(text: str) -> None:
    assert composed(text, "is it steel?", SURE_YES).text == 'Yes. The description says: "The body is stainless steel."'


@pytest.mark.parametrize(
    ("assessment", "affirming", "kept"),
    [(SURE_YES, 0.1, False), (SURE_YES, 0.6, True), (SURE_NO, 0.1, True), (SURE_NO, 0.9, False)],
)
def test_a_wording_in_which_the_judge_reads_the_other_verdict_is_not_taken(
    assessment: Assessment, affirming: float, kept: bool
) -> None:
    text = "The body is stainless steel. [1]"
    reply = composed(text, "is it stainless?", assessment, affirming=affirming).text
    assert reply.endswith(text) == kept


def test_portuguese_questions_get_portuguese_words() -> None:
    evidence = Evidence((Passage(1, "Não tem cancelamento de ruído.", 0, 30),), best=1)
    reply = composed("bla", "os fones têm cancelamento de ruído?", SURE_NO, evidence=evidence)
    assert reply.text == 'Não. A descrição diz: "Não tem cancelamento de ruído."'


FIRST_TOKENS = ("Not", "Yes", "No", "The", "It")  # first tokens that a model holds likeliest, best first


def test_a_reply_begins_with_the_word_that_was_assessed() -> None:
    assert choose_prefill(read_question("is it steel?"), SURE_YES, FIRST_TOKENS) == "Yes."
    assert choose_prefill(read_question("is it plastic?"), SURE_NO, FIRST_TOKENS) == "No."
    assert choose_prefill(read_question("os fones têm cancelamento de ruído?"), SURE_NO, FIRST_TOKENS) == "Não."


def test_without_such_a_word_it_begins_as_the_model_would_if_it_neither_judged_nor_refused() -> None:
    assert choose_prefill(read_question("is it wood or steel?"), OPEN, FIRST_TOKENS) == "The"
    assert choose_prefill(read_question("is it wood or steel?"), OPEN, FIRST_TOKENS[:3]) == ""


@pytest.mark.parametrize(
    ("question", "passage", "text", "begins"),
    [
        ("does it have a lid?", "There is no lid.", "It has a lid. [1]", "No."),
        ("is it dishwasher safe?", "Not dishwasher safe.", "It is dishwasher safe. [1]", "No."),
        ("os fones sem fio têm cabo?", "Não tem cabo.", "Os fones sem fio têm cabo. [1]", "Não."),
    ],
)
def test_a_no_before_what_was_asked_word_for_word_gives_way_to_the_passage(
    question: str, passage: str, text: str, begins: str
) -> None:
    evidence = Evidence((Passage(1, passage, 0, len(passage)),), best=1)
    reply = composed(text, question, SURE_NO, evidence=evidence).text
    assert reply.startswith(begins)
    assert passage in reply
    denied = composed(passage, question, SURE_NO, evidence=evidence).text
    assert denied.startswith(f"{begins} {passage}") or passage in denied


@pytest.mark.parametrize(
    ("question", "passage", "text", "stands"),
    [
        ("how heavy is it?", 'Aluminum cart, 19.25" x 16.5" x 34"', "It weighs 19.25 pounds. [1]", False),
        (
            "how heavy is it?",
            "Only 9 lbs, it handles 120 lb of cargo.",
            "It is light enough to handle 120 lb. [1]",
            False,
        ),
        ("how heavy is it?", "Only 9 lbs, it handles 120 lb of cargo.", "It weighs 9 lbs. [1]", True),
        ("how long is it?", "It measures 33 cm, or 13 inches.", "It measures 13 inches. [1]", True),
        ("how long does it run?", "It runs for 8 hours on 2 AA batteries.", "It runs for 8 minutes. [1]", False),
        ("how long does it run?", "It runs for 8 hours on 2 AA batteries.", "It runs for 8 hours. [1]", True),
        ("what ages is it for?", "Ages 3 and up.", "It is for ages 3 and up. [1]", True),
        ("quanto pesa?", "Pesa 1,3 kg.", "Ele pesa 1,3 kg. [1]", True),
    ],
)
def test_an_amount_stands_with_its_unit_in_the_passage_or_that_is_quoted(
    question: str, passage: str, text: str, stands: bool
) -> None:
    evidence = Evidence((Passage(1, passage, 0, len(passage)),), best=1)
    said = composed(text, question, OPEN, evidence=evidence).text
    assert said == text if stands else said.endswith(f'"{passage}"')

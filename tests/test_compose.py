"""Settling: what the reply says, from what the model said and how it was judged."""

import pytest

from assistant.grounding.answerability import Judgement
from assistant.grounding.compose import Settled, beginning, settle
from assistant.grounding.evidence import Evidence
from assistant.passages import Passage

EVIDENCE = Evidence(
    (Passage(1, "The body is stainless steel.", 0, 28), Passage(2, "Hand wash only.", 29, 44)), best=1, strength=0.6
)
LEAST_ANSWERED = 0.2
SURE_YES, SURE_NO = Judgement(0.6, 0.9, closed=True), Judgement(0.6, 0.1, closed=True)
OPEN = Judgement(0.6, 0.9, closed=False)


def settled(
    text: str, question: str, judgement: Judgement, *, taught: bool = True, evidence: Evidence = EVIDENCE
) -> Settled:
    return settle(text, question, "Harrow Kettle", evidence, judgement, least_answered=LEAST_ANSWERED, taught=taught)


def test_a_wording_that_agrees_with_the_judgement_stays_as_it_is() -> None:
    text = "No. The body is stainless steel. [1]"
    assert settled(text, "is it plastic?", SURE_NO) == Settled("answer", text, (1,))


def test_the_judgement_decides_yes_or_no_and_the_restatement_stays() -> None:
    assert settled("Yes. The body is stainless steel. [1]", "is it plastic?", SURE_NO).text == (
        "No. The body is stainless steel. [1]"
    )


def test_a_restatement_gets_the_yes_or_no_that_it_lacks() -> None:
    assert settled("The body is stainless steel. [1]", "is it steel?", SURE_YES).text == (
        "Yes. The body is stainless steel. [1]"
    )


@pytest.mark.parametrize("text", ["Yes.", "Yes. [1]"])
def test_a_yes_that_tells_nothing_gives_way_to_the_passage(text: str) -> None:
    assert settled(text, "is it steel?", SURE_YES).text == 'Yes. The description says: "The body is stainless steel."'


def test_an_open_question_gets_no_yes_or_no() -> None:
    assert settled("It is stainless steel. [1]", "what is it made of?", OPEN).text == "It is stainless steel. [1]"


def test_a_wording_that_is_not_carried_gives_way_to_the_best_passage() -> None:
    assert settled("No. It weighs 42 tonnes. [1]", "is it plastic?", SURE_NO) == Settled(
        "answer", 'No. The description says: "The body is stainless steel."', (1,)
    )


def test_a_bare_no_that_its_passage_bears_out_is_surer_than_the_judgement() -> None:
    evidence = Evidence((Passage(1, "The kettle must never go into the dishwasher.", 0, 45),), best=1, strength=0.6)
    text = "No, it is not. [1]"
    assert settled(text, "does it go in the dishwasher?", SURE_YES, evidence=evidence).text == text


def test_a_wording_that_is_not_carried_by_weak_evidence_claims_nothing() -> None:
    weak = Judgement(LEAST_ANSWERED - 0.01, 0.9, closed=False)
    assert settled("It weighs 42 tonnes. [1]", "how heavy is it?", weak).kind == "not_stated"


@pytest.mark.parametrize(("taught", "kind"), [(True, "answer"), (False, "not_stated")])
def test_a_refusal_that_was_weighed_already_weighs_no_second_time(taught: bool, kind: str) -> None:
    assert settled("Not stated.", "is it steel?", SURE_YES, taught=taught).kind == kind


def test_portuguese_questions_get_portuguese_words() -> None:
    evidence = Evidence((Passage(1, "Não tem cancelamento de ruído.", 0, 30),), best=1, strength=0.6)
    reply = settled("bla", "os fones têm cancelamento de ruído?", SURE_NO, evidence=evidence)
    assert reply.text == 'Não. A descrição diz: "Não tem cancelamento de ruído."'


OPENINGS = ("Not", "Yes", "No", "The", "It")  # first tokens that a model holds likeliest, best first


def test_a_reply_begins_with_the_word_that_was_judged() -> None:
    assert beginning("is it steel?", SURE_YES, OPENINGS) == "Yes."
    assert beginning("is it plastic?", SURE_NO, OPENINGS) == "No."
    assert beginning("os fones têm cancelamento de ruído?", SURE_NO, OPENINGS) == "Não."


def test_without_such_a_word_it_begins_as_the_model_would_if_it_neither_judged_nor_refused() -> None:
    assert beginning("is it wood or steel?", OPEN, OPENINGS) == "The"
    assert beginning("is it wood or steel?", OPEN, OPENINGS[:3]) == ""

"""Answerability: scorers and the trained model's first token, joined."""

import math

import pytest

from assistant.grounding.answerability import (
    Assessment,
    assess,
    expects_verdict,
    is_verdict,
    model_answers_logit,
    model_yes_logit,
)
from assistant.grounding.evidence import Evidence
from assistant.passages import Passage
from assistant.question import read_question

SAFE = Evidence((Passage(1, "It is dishwasher safe.", 0, 22),), best=1, answerability=0.5)


def judge(question: str, title: str, evidence: Evidence, first_tokens: dict[str, float]) -> Assessment:
    return assess(read_question(question, title), evidence, first_tokens)


def logs(**shares: float) -> dict[str, float]:
    return {word: math.log(share) for word, share in shares.items()}


def test_without_a_trained_model_the_scorers_alone_decide() -> None:
    assessment = judge("is it dishwasher safe?", "Kettle", SAFE, {})
    assert assessment.answerability == pytest.approx(0.5)
    assert assessment.yes > 0.5


def test_a_model_that_would_refuse_makes_an_answer_less_likely() -> None:
    refusing = judge("is it dishwasher safe?", "Kettle", SAFE, logs(Not=0.9, Yes=0.1))
    answering = judge("is it dishwasher safe?", "Kettle", SAFE, logs(Not=0.1, Yes=0.9))
    assert refusing.answerability < answering.answerability


def test_a_model_that_would_say_no_makes_a_yes_less_likely() -> None:
    question = "is it dishwasher safe?"
    denying = judge(question, "Kettle", SAFE, logs(No=0.9, Yes=0.1))
    affirming = judge(question, "Kettle", SAFE, logs(No=0.1, Yes=0.9))
    assert denying.yes < affirming.yes


def test_yes_and_no_are_heard_in_both_languages_and_silence_is_very_unlikely() -> None:
    assert model_yes_logit(logs(Sim=0.8, N=0.2)) == pytest.approx(math.log(4))
    assert model_yes_logit({"The": 0.0}) == 0
    assert model_answers_logit(logs(The=1.0)) > 5
    assert model_answers_logit(logs(Not=1.0)) < -5


def test_an_overview_is_an_answer_whatever_the_model_would_say() -> None:
    evidence = Evidence(SAFE.passages, best=1, answerability=1.0)
    assert judge("What is this product?", "Kettle", evidence, logs(Not=0.99, Yes=0.01)).answerability == 1.0


def test_a_yes_or_no_is_wanted_where_the_model_would_begin_with_one_unless_it_refuses() -> None:
    assert expects_verdict(logs(Not=0.8, Yes=0.08, No=0.05, The=0.07))
    assert not expects_verdict(logs(Not=0.1, Yes=0.2, The=0.7))
    assert judge("nylon or cotton?", "Pants", SAFE, logs(The=0.9, Yes=0.1)).closed is False
    assert judge("is it dishwasher safe?", "Kettle", SAFE, {}).closed is True
    assert judge("how heavy is it?", "Kettle", SAFE, {}).closed is False


def test_verdicts_are_told_by_their_first_token() -> None:
    assert all(is_verdict(token) for token in ("Yes", " No", "Sim", "N", "Not"))
    assert not any(is_verdict(token) for token in ("The", "It", "Nothing"))

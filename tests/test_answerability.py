"""Answerability: the judge, arithmetic and the trained model's first token, joined."""

import math

import pytest

from assistant.grounding.answerability import (
    AMOUNT_BELOW,
    AMOUNT_EXCEEDS,
    AMOUNT_FITS,
    FORM,
    JUDGE,
    MODEL,
    Assessment,
    assess,
    is_verdict,
    model_answers_logit,
    model_verdict_logit,
    model_yes_logit,
    yes_features,
)
from assistant.grounding.calibration import Calibration
from assistant.grounding.evidence import Budget, Evidence, overview
from assistant.grounding.judge import Entailment
from assistant.passages import Passage
from assistant.question import read_question
from index.linear_model import LinearModel

UNSURE = Entailment(none=0.4, yes=0.2, no=0.2, answer=0.2)
AMOUNTS = {AMOUNT_FITS: 2.0, AMOUNT_EXCEEDS: -2.0, AMOUNT_BELOW: 0.0}
EVEN = Calibration(
    LinearModel({JUDGE: 1.0, MODEL: 1.0}),
    LinearModel({JUDGE: 1.0, MODEL: 1.0, **AMOUNTS}),
    LinearModel({JUDGE: 1.0, MODEL: 1.0, FORM: 2.0}, bias=-1.0),
    least_confidence=0.3,
)


def evidence(text: str = "It is dishwasher safe.", entailment: Entailment = UNSURE) -> Evidence:
    return Evidence((Passage(1, text, 0, len(text)),), best=1, entailment=entailment)


def assessed(question: str, first_tokens: dict[str, float], found: Evidence | None = None) -> Assessment:
    return assess(read_question(question, "Kettle"), found or evidence(), first_tokens, EVEN)


def logs(**shares: float) -> dict[str, float]:
    return {word: math.log(share) for word, share in shares.items()}


def test_without_a_trained_model_the_judge_alone_decides() -> None:
    sure = assessed("is it dishwasher safe?", {}, evidence(entailment=Entailment(0.1, 0.7, 0.1, 0.1)))
    assert sure.answerability == pytest.approx(0.9)
    assert sure.yes == pytest.approx(7 / 8)
    assert sure.confidence == pytest.approx(0.9 * 7 / 8)
    assert not sure.model_asked


def test_a_model_that_would_refuse_makes_an_answer_less_likely() -> None:
    refusing = assessed("is it dishwasher safe?", logs(Not=0.9, Yes=0.1))
    answering = assessed("is it dishwasher safe?", logs(Not=0.1, Yes=0.9))
    assert refusing.answerability < answering.answerability


def test_a_model_that_would_say_no_makes_a_yes_less_likely() -> None:
    denying = assessed("is it dishwasher safe?", logs(No=0.9, Yes=0.1))
    affirming = assessed("is it dishwasher safe?", logs(No=0.1, Yes=0.9))
    assert (denying.verdict, affirming.verdict) == ("no", "yes")


def test_yes_and_no_are_heard_in_both_languages_and_silence_is_very_unlikely() -> None:
    assert model_yes_logit(logs(Sim=0.8, N=0.2)) == pytest.approx(math.log(4))
    assert model_yes_logit({"The": 0.0}) == model_yes_logit({}) == model_answers_logit({}) == 0
    assert model_answers_logit(logs(The=1.0)) > 5
    assert model_answers_logit(logs(Not=1.0)) < -5


def test_an_overview_is_an_answer_whatever_the_model_would_say() -> None:
    found = overview(evidence().passages, Budget(len))
    assessment = assessed("What is this product?", logs(Not=0.99, Yes=0.01), found)
    assert (assessment.confidence, assessment.closed) == (1.0, False)


def test_a_yes_or_no_is_wanted_where_the_readers_would_begin_with_one_unless_they_refuse() -> None:
    assert model_verdict_logit(logs(Not=0.8, Yes=0.08, No=0.05, The=0.07)) > 0
    assert model_verdict_logit(logs(Not=0.1, Yes=0.2, The=0.7)) < 0 == model_verdict_logit({})
    assert assessed("nylon or cotton?", logs(The=0.95, Yes=0.05)).closed is False
    assert assessed("is it dishwasher safe?", {}).closed is True


@pytest.mark.parametrize(
    ("question", "text", "feature"),
    [
        ("ok for a 2 year old?", "For ages 3 and up.", AMOUNT_EXCEEDS),
        ("ok for a 4 year old?", "For ages 3 and up.", AMOUNT_FITS),
        ("is it the 12 piece one?", "A set of 24 pieces.", AMOUNT_BELOW),
        ("is it the 48 piece one?", "A set of 24 pieces.", AMOUNT_EXCEEDS),
    ],
)
def test_amounts_are_compared_by_arithmetic(question: str, text: str, feature: str) -> None:
    features = yes_features(read_question(question, "Kettle"), evidence(text), {})
    assert [name for name in AMOUNTS if features[name]] == [feature]


def test_verdicts_are_told_by_their_first_token() -> None:
    assert all(is_verdict(token) for token in ("Yes", " No", "Sim", "N", "Not"))
    assert not any(is_verdict(token) for token in ("The", "It", "Nothing"))


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("what is the price?", "price"),
        ("how much does it cost", "price"),
        ("quanto custa?", "price"),
        ("is it in stock?", "stock"),
        ("how fast does it ship?", "delivery"),
        ("do you ship to Brazil?", "delivery"),
        ("can i return it if it does not fit?", "returns"),
        ("qual o prazo de entrega?", "delivery"),
    ],
)
def test_of_what_only_a_shop_knows_nothing_is_claimed_unless_the_text_speaks_of_it(question: str, name: str) -> None:
    sure = Entailment(0.01, 0.49, 0.01, 0.49)
    matter = read_question(question).matter
    assert matter is not None and matter.name == name
    assert assessed(question, {}, evidence("A steel kettle for four cups.", sure)).confidence == 0
    told = {
        "price": "It costs $20.",
        "stock": "Always in stock.",
        "delivery": "Delivered in two days.",
        "returns": "Returns within 30 days.",
    }
    assert assessed(question, {}, evidence(told[name], sure)).confidence > 0.5


@pytest.mark.parametrize(
    "question",
    [
        "is it cheap plastic?",
        "how much is in one can?",
        "does it ship with batteries?",
        "does it come back up?",
        "how much does it hold?",
    ],
)
def test_words_of_shops_in_other_questions_are_no_matter_of_the_shop(question: str) -> None:
    assert read_question(question).matter is None


@pytest.mark.parametrize(
    ("answerability", "yes", "closed", "permitted"),
    [
        (0.9, 0.9, True, "claim"),
        (0.9, 0.55, True, "quotation"),
        (0.7, 0.55, True, "refusal"),
        (0.7, 0.5, False, "claim"),
        (0.5, 0.99, True, "refusal"),
    ],
)
def test_a_sure_passage_with_an_unsure_verdict_is_quoted(
    answerability: float, yes: float, closed: bool, permitted: str
) -> None:
    assert Assessment(answerability, yes, closed).permits(0.6) == permitted

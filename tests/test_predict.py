"""Asking in many ways: what each way shows the model, and what is kept of its replies."""

from collections.abc import Iterator, Sequence

import pytest
from known_questions import GAME, KETTLE, QUESTIONS, TAUGHT, answering

from assistant.backends.base import SamplingParams
from assistant.backends.scripted import Scripted
from assistant.evaluation.predict import (
    Context,
    IndexedProducts,
    Level,
    Prediction,
    System,
    generate,
    open_index,
    predict,
    shown_in,
)
from assistant.evaluation.questions import DescriptionExample
from assistant.evaluation.run import Run, measure_descriptions
from assistant.evaluation.schema import Plan
from assistant.evaluation.scoring import Scorer
from assistant.messages import Message
from assistant.passages import Passage
from assistant.prompt import BASE_FORMAT, answer_prompt
from index.progress import Progress

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def known_products() -> Iterator[IndexedProducts]:
    with open_index(QUESTIONS) as products:
        yield products


def replies(products: IndexedProducts, system: System, backend: Scripted | None = None) -> list[Prediction]:
    predictions = predict(system, QUESTIONS, products, backend or Scripted(answering, [TAUGHT]))
    return [one for one in predictions if one is not None]


@pytest.mark.parametrize(
    ("shown", "passages"),
    [("no", ()), ("gold", KETTLE[:1]), ("wrong", (GAME[0],))],
)
def test_the_bare_model_is_shown_the_passages_of_its_way(
    known_products: IndexedProducts, shown: Context, passages: tuple[str, ...]
) -> None:
    backend = Scripted(answering, [TAUGHT])
    first = replies(known_products, System("w", "bare", "taught", TAUGHT.prompt_format, shown), backend)[0]
    assert first.shown[:1] == passages[:1]
    assert backend.calls[0].adapter == "taught"
    assert len(backend.calls[0].messages) == 2
    assert "Product: Harrow Kettle" in backend.calls[0].messages[-1].content


def test_retrieved_passages_are_the_assistants_choice(known_products: IndexedProducts) -> None:
    predictions = replies(known_products, System("w", "bare", "taught", TAUGHT.prompt_format, "retrieved"))
    assert [one.text for one in predictions[:3]] == [f"{KETTLE[0]} [1]", f"{KETTLE[2]} [1]", f"{GAME[0]} [1]"]


def test_gold_passages_are_shown_only_where_there_are_some(known_products: IndexedProducts) -> None:
    predictions = predict(System("w", "bare", context="gold"), QUESTIONS, known_products, Scripted(answering))
    assert [one is None for one in predictions] == [False, False, False, True]


def test_a_text_that_says_so_is_a_refusal_of_the_bare_model(known_products: IndexedProducts) -> None:
    assert all(one.refused for one in replies(known_products, System("w", "bare", context="no")))
    assert not any(one.refused for one in replies(known_products, System("w", "bare")))


def test_a_text_as_long_as_its_limit_has_not_ended_by_itself(known_products: IndexedProducts) -> None:
    base, taught = (replies(known_products, System("w", "whole", name)) for name in ("", "taught"))
    assert [one.ended for one in base if one.raw is not None] == [False, False, False]
    assert [one.ended for one in taught if one.raw is not None] == [True, True, True]


def test_the_whole_assistant_gives_verbatim_quotes_and_may_leave_the_model_unasked(
    known_products: IndexedProducts,
) -> None:
    predictions = replies(known_products, System("w", "whole", "taught"))
    assert predictions[0].quotes == (KETTLE[0],)
    assert predictions[0].verbatim == (True,)
    assert predictions[0].shown[0] == KETTLE[0]
    assert (predictions[3].refused, predictions[3].raw, predictions[3].ended, predictions[3].shown) == (
        True,
        None,
        None,
        (),
    )


@pytest.mark.parametrize(
    ("level", "shown", "text"),
    [
        ("best sentence", "retrieved", KETTLE[0]),
        ("gold sentence", "gold", KETTLE[0]),
        ("description", "retrieved", " ".join(KETTLE)),
    ],
)
def test_copies_are_printed_without_a_model(
    known_products: IndexedProducts, level: Level, shown: Context, text: str
) -> None:
    backend = Scripted([])
    assert replies(known_products, System("w", level, context=shown), backend)[0].text == text
    assert backend.calls == []


def test_a_product_that_preparing_left_out_has_no_reply(known_products: IndexedProducts) -> None:
    stranger = QUESTIONS[0].__class__(**{**vars(QUESTIONS[0]), "uid": "nowhere"})
    assert predict(System("w", "whole"), [stranger], known_products, Scripted(answering)) == [None]


def test_the_passages_of_a_prompt_are_read_back() -> None:
    passages = [Passage(1, "Weighs 2 kg. [3]", 0, 16), Passage(2, "Red.", 17, 21)]
    assert shown_in(answer_prompt("[1] A title", passages, "[7] really?", BASE_FORMAT)) == ("Weighs 2 kg. [3]", "Red.")
    assert shown_in("") == ()


def test_a_foreign_passage_makes_every_question_unanswerable(known_products: IndexedProducts) -> None:
    predictions = predict(
        System("w", "bare", context="wrong"), QUESTIONS, known_products, Scripted(lambda _: "Not stated.")
    )
    measures = Scorer().of_answers(QUESTIONS, predictions, distractors=True)
    assert "rouge_l" not in measures
    assert measures["not_stated_recall"].rows == 4


def test_descriptions_are_written_in_the_forms_that_were_taught() -> None:
    backend = Scripted(lambda _: "A fine train of beech.", [TAUGHT])
    titles = [DescriptionExample("t1", "Wooden Train", "A fine train of oak.")]
    measured = measure_descriptions(titles, Run(backend, Plan(), Progress))
    assert [(call.adapter, call.text) for call in backend.calls] == [("", True), ("taught", True)]
    assert backend.calls[0].messages[0].content.startswith("[INST]")
    assert [system.role for system in measured.table.systems.values()] == ["base", "tuned"]
    assert measured.table.systems["taught, inst"].figures["rouge_1"].value == pytest.approx(0.8)


def test_a_text_that_is_written_is_timed() -> None:
    def script(messages: Sequence[Message]) -> str:
        return "one two"

    predictions = generate("x", SamplingParams(max_new_tokens=9), Scripted(script, delay_s=0.02))
    assert predictions.text == "one two"
    assert predictions.latency_ms > 30

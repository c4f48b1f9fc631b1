"""Asking in many ways: what each way shows the model, and what is kept of its replies."""

from collections.abc import Iterator, Sequence

import pytest
from known_questions import GAME, KETTLE, QUESTIONS, TAUGHT, answering

from assistant.backends.base import SamplingParams
from assistant.backends.scripted import Scripted
from assistant.evaluation.predict import Level, Said, Shop, Shown, Way, generate, open_shop, say, shown_in
from assistant.evaluation.questions import Titled
from assistant.evaluation.run import Bench, Plan, measure_descriptions
from assistant.evaluation.scoring import Meter
from assistant.messages import Message
from assistant.passages import Passage
from assistant.prompt import BASE_FORMAT, answer_prompt
from index.progress import Progress


@pytest.fixture(scope="module")
def known_shop() -> Iterator[Shop]:
    with open_shop(QUESTIONS) as shop:
        yield shop


def replies(shop: Shop, way: Way, backend: Scripted | None = None) -> list[Said]:
    said = say(way, QUESTIONS, shop, backend or Scripted(answering, [TAUGHT]))
    return [one for one in said if one is not None]


@pytest.mark.parametrize(
    ("shown", "passages"),
    [("no", ()), ("gold", KETTLE[:1]), ("wrong", (GAME[0],))],
)
def test_the_bare_model_is_shown_the_passages_of_its_way(
    known_shop: Shop, shown: Shown, passages: tuple[str, ...]
) -> None:
    backend = Scripted(answering, [TAUGHT])
    first = replies(known_shop, Way("w", "bare", "taught", TAUGHT.prompt_format, shown), backend)[0]
    assert first.shown[:1] == passages[:1]
    assert backend.calls[0].adapter == "taught"
    assert len(backend.calls[0].messages) == 2
    assert "Product: Harrow Kettle" in backend.calls[0].messages[-1].content


def test_retrieved_passages_are_the_assistants_choice(known_shop: Shop) -> None:
    said = replies(known_shop, Way("w", "bare", "taught", TAUGHT.prompt_format, "retrieved"))
    assert [one.text for one in said[:3]] == [f"{KETTLE[0]} [1]", f"{KETTLE[2]} [1]", f"{GAME[0]} [1]"]


def test_gold_passages_are_shown_only_where_there_are_some(known_shop: Shop) -> None:
    said = say(Way("w", "bare", shown="gold"), QUESTIONS, known_shop, Scripted(answering))
    assert [one is None for one in said] == [False, False, False, True]


def test_a_text_that_says_so_is_a_refusal_of_the_bare_model(known_shop: Shop) -> None:
    assert all(one.refused for one in replies(known_shop, Way("w", "bare", shown="no")))
    assert not any(one.refused for one in replies(known_shop, Way("w", "bare")))


def test_a_text_as_long_as_its_limit_has_not_ended_by_itself(known_shop: Shop) -> None:
    base, taught = (replies(known_shop, Way("w", "whole", name)) for name in ("", "taught"))
    assert [one.ended for one in base if one.raw is not None] == [False, False, False]
    assert [one.ended for one in taught if one.raw is not None] == [True, True, True]


def test_the_whole_assistant_gives_verbatim_quotes_and_may_leave_the_model_unasked(known_shop: Shop) -> None:
    said = replies(known_shop, Way("w", "whole", "taught"))
    assert said[0].quotes == (KETTLE[0],)
    assert said[0].verbatim == (True,)
    assert said[0].shown[0] == KETTLE[0]
    assert (said[3].refused, said[3].raw, said[3].ended, said[3].shown) == (True, None, None, ())


@pytest.mark.parametrize(
    ("level", "shown", "text"),
    [
        ("best sentence", "retrieved", KETTLE[0]),
        ("gold sentence", "gold", KETTLE[0]),
        ("description", "retrieved", " ".join(KETTLE)),
    ],
)
def test_copies_are_printed_without_a_model(known_shop: Shop, level: Level, shown: Shown, text: str) -> None:
    backend = Scripted([])
    assert replies(known_shop, Way("w", level, shown=shown), backend)[0].text == text
    assert backend.calls == []


def test_a_product_that_preparing_left_out_has_no_reply(known_shop: Shop) -> None:
    stranger = QUESTIONS[0].__class__(**{**vars(QUESTIONS[0]), "uid": "nowhere"})
    assert say(Way("w", "whole"), [stranger], known_shop, Scripted(answering)) == [None]


def test_the_passages_of_a_prompt_are_read_back() -> None:
    passages = [Passage(1, "Weighs 2 kg. [3]", 0, 16), Passage(2, "Red.", 17, 21)]
    assert shown_in(answer_prompt("[1] A title", passages, "[7] really?", BASE_FORMAT)) == ("Weighs 2 kg. [3]", "Red.")
    assert shown_in("") == ()


def test_a_foreign_passage_makes_every_question_unanswerable(known_shop: Shop) -> None:
    said = say(Way("w", "bare", shown="wrong"), QUESTIONS, known_shop, Scripted(lambda _: "Not stated."))
    measures = Meter().of_answers(QUESTIONS, said, foreign=True)
    assert "rouge_l" not in measures
    assert measures["not_stated_recall"].rows == 4


def test_descriptions_are_written_in_the_forms_that_were_taught() -> None:
    backend = Scripted(lambda _: "A fine train of beech.", [TAUGHT])
    titles = [Titled("t1", "Wooden Train", "A fine train of oak.")]
    measured = measure_descriptions(titles, Bench(backend, Meter(), Plan(), Progress))
    assert [(call.adapter, call.text) for call in backend.calls] == [("", True), ("taught", True)]
    assert backend.calls[0].messages[0].content.startswith("[INST]")
    assert [column.role for column in measured.table.columns] == ["base", "tuned"]
    assert measured.table.figures["taught, inst"]["rouge_1"][0].value == pytest.approx(0.8)


def test_a_text_that_is_written_is_timed() -> None:
    def script(messages: Sequence[Message]) -> str:
        return "one two"

    said = generate("x", SamplingParams(max_new_tokens=9), Scripted(script, delay_s=0.02))
    assert said.text == "one two"
    assert said.latency_ms > 30

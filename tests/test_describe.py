"""Descriptions for titles that are in no catalogue."""

import pytest

from assistant.answer import Asking
from assistant.backends.scripted import Scripted
from assistant.describe import describe
from assistant.phrases import language_of
from index.errors import QuestionError


def test_a_description_is_marked_as_generated_and_quotes_nothing() -> None:
    reply = describe(Scripted(["A fine train of beech."]), "Wooden Train").reply
    assert (reply.kind, reply.text, reply.title, reply.uid, reply.quotes) == (
        "generated",
        "A fine train of beech.",
        "Wooden Train",
        "",
        (),
    )


@pytest.mark.parametrize(
    ("title", "language", "asks"),
    [
        ("Fones de Ouvido Bluetooth Sem Fio", None, "Gere uma descrição"),
        ("Wooden Train", None, "Describe this product"),
        ("Wooden Train", "pt", "Gere uma descrição"),
    ],
)
def test_the_prompt_is_in_the_language_of_the_title_unless_told(title: str, language: str | None, asks: str) -> None:
    backend = Scripted(["…"])
    _ = describe(backend, title, language=language).reply  # type: ignore[arg-type]
    assert asks in backend.calls[0].messages[-1].content


def test_it_is_sampled_as_the_task_was_set_with_the_seed_of_the_caller() -> None:
    backend = Scripted(["…"])
    _ = describe(backend, "Wooden Train", asking=Asking(seed=7)).reply
    generation = backend.calls[0].generation
    assert (generation.max_new_tokens, generation.temperature, generation.top_p, generation.seed) == (256, 0.7, 0.9, 7)


def test_a_sentence_that_the_token_limit_cut_is_left_out() -> None:
    assert describe(Scripted(["A fine train. Made of be"]), "Wooden Train").reply.text == "A fine train."
    assert describe(Scripted(["A fine train of be"]), "Wooden Train").reply.text == "A fine train of be"


def test_a_blank_title_is_refused() -> None:
    with pytest.raises(QuestionError):
        describe(Scripted([]), " ")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("how heavy is it?", "en"),
        ("qual é o peso?", "pt"),
        ("é à prova d'água?", "pt"),
        ("kettle", "en"),
        ("", "en"),
        ("tem garantia?", "pt"),
    ],
)
def test_the_language_of_a_question_is_recognised(text: str, language: str) -> None:
    assert language_of(text) == language

"""Descriptions for titles that are in no catalogue."""

from pathlib import Path

import pytest

from assistant.backends.base import SamplingParams
from assistant.backends.scripted import Scripted
from assistant.describe import describe
from assistant.models.adapters import Adapter
from assistant.phrases import language_of
from assistant.prompt import DescribeFormat, PromptFormat
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


@pytest.mark.parametrize(
    ("form", "text", "begins"),
    [
        ("chat", False, "Gere uma descrição para o seguinte produto: Trem"),
        ("alpaca-pt", True, "Abaixo está uma instrução"),
        ("inst", True, "[INST] Gere uma descrição"),
    ],
)
def test_an_adapter_is_asked_in_the_form_that_it_was_taught_with(form: DescribeFormat, text: bool, begins: str) -> None:
    adapter = Adapter("mine", Path("mine"), None, "", PromptFormat("plain", form), {})
    backend = Scripted(["…", "…"], [adapter])
    for wanted in (None, ""):
        _ = describe(backend, "Trem", language="pt", adapter=wanted).reply
    tuned, base = backend.calls
    assert (tuned.adapter, tuned.text, base.adapter, base.text) == ("mine", text, "", False)
    assert tuned.messages[-1].content.startswith(begins)


def test_it_is_sampled_as_the_task_was_set_with_the_seed_of_the_caller() -> None:
    backend = Scripted(["…"])
    _ = describe(backend, "Wooden Train", seed=7).reply
    assert backend.calls[0].params == SamplingParams(max_new_tokens=256, temperature=0.7, top_p=0.9, seed=7)


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
        ("a tinta é preta?", "pt"),
        ("dá pra tirar as asas?", "pt"),
        ("cabe no bolso?", "pt"),
        ("protege contra corrosão?", "pt"),
        ("plástico?", "pt"),
        ("só cabem umas 500 cartas?", "pt"),
        ("do all four wheels lock", "en"),
        ("does it take cola, and mesa amps?", "en"),
        ("dobra?", "pt"),
        ("luz e parafusos?", "pt"),
        ("holds pencils as well as pens?", "en"),
        ("is it a café table?", "en"),
        ("does it have a do not disturb mode", "en"),
    ],
)
def test_the_language_of_a_question_is_recognised(text: str, language: str) -> None:
    assert language_of(text) == language

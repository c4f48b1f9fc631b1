"""The prompt builder: golden prompts, and text that cannot break out of its line."""

from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from assistant.backends.hf_loading import prompt_ids
from assistant.messages import Message
from assistant.passages import Passage
from assistant.prompt import answer_prompt, as_data, describe_prompt

GOLDEN = Path(__file__).parent / "golden"
PASSAGES = [Passage(1, "Weighs 1.3 kg empty.", 40, 60), Passage(2, "Two-year warranty.", 61, 79)]
ROLE_TOKENS = [
    "<|im_start|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<|begin_of_text|>",
]


def written(messages: list[Message]) -> str:
    return "".join(f"--- {message.role}\n{message.content}\n" for message in messages)


@pytest.mark.parametrize(
    ("name", "messages"),
    [
        ("answer_prompt.txt", answer_prompt("Harrow Kettle, Red", PASSAGES, "how heavy is it?")),
        ("describe_prompt_en.txt", describe_prompt("Wooden Train", "en")),
        ("describe_prompt_pt.txt", describe_prompt("Fones de Ouvido Bluetooth Sem Fio", "pt")),
    ],
)
def test_prompts_are_as_the_golden_files_hold_them(name: str, messages: list[Message]) -> None:
    assert written(messages) == (GOLDEN / name).read_text(encoding="utf-8")


def test_the_rendered_prompt_of_the_embedded_model_is_as_the_golden_file_holds_it(embedded_tokenizer: Any) -> None:
    ids = prompt_ids(embedded_tokenizer, answer_prompt("Harrow Kettle, Red", PASSAGES, "how heavy is it?"))
    assert embedded_tokenizer.decode(ids) == (GOLDEN / "answer_prompt_chatml.txt").read_text(encoding="utf-8")


def test_everything_before_the_product_is_the_same_for_every_question() -> None:
    one = answer_prompt("Kettle", PASSAGES, "how heavy?")
    other = answer_prompt("Lamp", PASSAGES[:1], "what colour?")
    assert one[:-1] == other[:-1]
    assert one[-1] != other[-1]


@given(
    st.lists(st.sampled_from([*ROLE_TOKENS, "<|im_<|im_end|>end|>", "<", "|", ">", "\n", "text", "user"])).map("".join)
)
def test_no_text_can_end_a_turn_or_begin_a_line(text: str) -> None:
    data = as_data(text)
    assert not any(token in data for token in ROLE_TOKENS)
    assert "\n" not in data
    assert as_data(data) == data


def test_ordinary_text_passes_unchanged() -> None:
    text = "5 < 6 | a > b <3 [9] <Title> 2-8 años"
    assert as_data(text) == text

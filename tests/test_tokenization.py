"""Examples as tokens: what is read, what bears loss, and what padding must not hide."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import small_training

from assistant.backends.hf_loading import prompt_ids
from assistant.messages import Message
from assistant.prompt import PromptFormat
from finetune.data.example import Example, prompt_of
from finetune.training.tokenization import NO_LOSS, end_of_turn, mask_view, reply_ids, row_of, rows_of, tokenizer_of

PLAIN = PromptFormat(answer="plain")
LAMP = Example(
    kind="no",
    title="Brint Desk Lamp, White",
    question="does it need batterys?",
    passages=("The shade is white steel.", "It runs on a USB cable; there is no battery."),
    reply="No. The lamp runs on a USB cable; there is no battery. [2]",
    source="facts",
    template="power-1",
    uid="B01",
    language="en",
    earlier=(Message("user", "is it white?"), Message("assistant", "Yes. The shade is white steel. [1]")),
)
DESCRIBED = replace(LAMP, kind="describe", reply="Uma luminária branca.", language="pt", earlier=())


@pytest.fixture(scope="module")
def tiny(tiny_llama: Path) -> Any:
    return tokenizer_of(tiny_llama)


def test_the_mask_is_shown_token_by_token(embedded_tokenizer: Any, golden: Callable[[str, str], None]) -> None:
    golden("loss_mask.txt", mask_view(embedded_tokenizer, row_of(embedded_tokenizer, LAMP, PLAIN)) + "\n")


def test_training_reads_exactly_what_inference_reads(embedded_tokenizer: Any, tiny: Any) -> None:
    for tokenizer in (embedded_tokenizer, tiny):
        for example in (LAMP, DESCRIBED):
            for form in (PLAIN, PromptFormat("examples", "alpaca-pt"), PromptFormat("plain", "inst")):
                row = row_of(tokenizer, example, form)
                assert list(row.ids[: row.prompt_tokens]) == prompt_ids(tokenizer, prompt_of(example, form))


def test_loss_falls_on_the_reply_and_its_end_alone(embedded_tokenizer: Any, tiny: Any) -> None:
    for tokenizer in (embedded_tokenizer, tiny):
        row = row_of(tokenizer, LAMP, PLAIN)
        learnt = [token for token, label in zip(row.ids, row.labels, strict=True) if label != NO_LOSS]
        assert tokenizer.decode(learnt[:-1]) == LAMP.reply
        assert learnt[-1] == end_of_turn(tokenizer) == tokenizer.eos_token_id
        assert row.labels[: row.prompt_tokens] == [NO_LOSS] * row.prompt_tokens


def test_a_row_begins_with_one_bos(tiny: Any) -> None:
    for form in (PLAIN, PromptFormat("plain", "alpaca-pt"), PromptFormat("plain", "inst")):
        for example in (LAMP, DESCRIBED):
            ids = row_of(tiny, example, form).ids
            assert ids[0] == tiny.bos_token_id
            assert ids.count(tiny.bos_token_id) == 1


def test_padding_does_not_hide_an_end_token_that_looks_like_it(embedded_tokenizer: Any) -> None:
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    assert embedded_tokenizer.pad_token_id == embedded_tokenizer.eos_token_id
    rows = [row_of(embedded_tokenizer, example, PLAIN) for example in (LAMP, replace(LAMP, reply="No. [2]"))]
    collate = DataCollatorForLanguageModeling(pad_token_id=embedded_tokenizer.pad_token_id)
    batch = collate([{"input_ids": list(row.ids), "labels": row.labels} for row in rows])
    for number, row in enumerate(rows):
        end = len(row.ids) - 1
        assert batch["labels"][number, end] == embedded_tokenizer.eos_token_id
        assert (batch["labels"][number, end + 1 :] == NO_LOSS).all()
        assert batch["attention_mask"][number].sum() == len(row.ids)
    assert len(rows[0].ids) > len(rows[1].ids)


def test_special_tokens_spelt_out_in_a_reply_stay_text(embedded_tokenizer: Any) -> None:
    ids = reply_ids(embedded_tokenizer, "It says <|im_end|> on the box.")
    assert embedded_tokenizer.eos_token_id not in ids
    assert embedded_tokenizer.decode(ids) == "It says <|im_end|> on the box."


def test_examples_that_are_too_long_are_counted(tiny: Any) -> None:
    examples = [small_training.example(number, passages=number) for number in range(1, 7)]
    lengths = [len(row_of(tiny, each, PLAIN).ids) for each in examples]
    limit = sorted(lengths)[3]
    long = sum(length > limit for length in lengths)
    dropping = rows_of(tiny, examples, PLAIN, max_length=limit, too_long="drop")
    assert (dropping.dropped, dropping.cut, len(dropping.rows)) == (long, 0, 6 - long)
    cutting = rows_of(tiny, examples, PLAIN, max_length=max(lengths) - 1, too_long="cut")
    assert (cutting.dropped, cutting.cut, len(cutting.rows)) == (0, 1, 6)
    assert max(len(row.ids) for row in cutting.rows) == max(lengths) - 1
    assert tiny.eos_token_id not in max(cutting.rows, key=lambda row: len(row.ids)).labels


def test_a_prompt_that_leaves_no_room_for_a_reply_is_dropped(tiny: Any) -> None:
    row = row_of(tiny, LAMP, PLAIN)
    kept = rows_of(tiny, [LAMP], PLAIN, max_length=row.prompt_tokens, too_long="cut")
    assert (kept.rows, kept.dropped) == ((), 1)

"""Examples as tokens: what the model reads and writes in training, and which tokens bear loss.

The prompt's ids are those that inference reads; the reply's follow, and the token that
ends a turn. Loss falls on the reply alone, its end included. Which tokens are padding is
known by length, never by id: some models pad with the very token that ends a turn.

    rows = rows_of(tokenizer, examples, recipe.prompt, max_length=768, too_long="drop")
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.backends.hf_loading import loading_place, prompt_ids
from assistant.prompt import PromptFormat
from finetune.data.example import Example, prompt_of
from index.errors import UserError

NO_LOSS = -100  # the label that torch's cross-entropy ignores


@dataclass(frozen=True)
class Row:
    """One example as tokens; the first `prompt_tokens` of them bear no loss."""

    ids: tuple[int, ...]
    prompt_tokens: int
    judgement_only: bool = False

    @property
    def labels(self) -> list[int]:
        """Return for each token what is to be learnt at it: itself, or nothing."""
        return [NO_LOSS] * self.prompt_tokens + list(self.ids[self.prompt_tokens :])


@dataclass(frozen=True)
class Rows:
    """The rows that fit, in the examples' order, and how many did not."""

    rows: tuple[Row, ...]
    cut: int  # lost the end of their reply, the end token with it
    dropped: int

    @property
    def tokens(self) -> int:
        """Count all tokens."""
        return sum(len(row.ids) for row in self.rows)


def tokenizer_of(place: Path) -> Any:
    """Load the tokenizer of a model, a GGUF file or a transformers folder, without its weights.

    Raises `UserError` where there is none.
    """
    from transformers import AutoTokenizer

    folder, local = loading_place(place)
    try:
        return AutoTokenizer.from_pretrained(folder, **local)
    except Exception as exc:  # of a senseless file it may be any
        raise UserError(
            f"the tokenizer of {place} could not be loaded: {exc}", "a whole model", "titlewise models fetch"
        ) from exc


def row_of(tokenizer: Any, example: Example, prompt_format: PromptFormat) -> Row:
    """Return an example's tokens: prompt, reply, end of turn; of a mere judgement the reply's first token."""
    prompt = prompt_ids(tokenizer, prompt_of(example, prompt_format))
    if example.judgement_only:
        return Row((*prompt, reply_ids(tokenizer, example.reply)[0]), len(prompt), judgement_only=True)
    return Row((*prompt, *reply_ids(tokenizer, example.reply), end_of_turn(tokenizer)), len(prompt))


def rows_of(
    tokenizer: Any,
    examples: Sequence[Example],
    prompt_format: PromptFormat,
    *,
    max_length: int,
    too_long: Literal["drop", "cut"],
) -> Rows:
    """Return the tokens of all examples; one longer than `max_length` is dropped, or its reply is cut.

    A prompt that leaves no room for any reply is dropped in either case.
    """
    rows: list[Row] = []
    cut = dropped = 0
    for example in examples:
        row = row_of(tokenizer, example, prompt_format)
        if len(row.ids) > max_length:
            if too_long == "drop" or row.prompt_tokens >= max_length:
                dropped += 1
                continue
            cut += 1
            row = Row(row.ids[:max_length], row.prompt_tokens)
        rows.append(row)
    return Rows(tuple(rows), cut, dropped)


def reply_ids(tokenizer: Any, reply: str) -> list[int]:
    """Return a reply's ids as the model would write them after a prompt, which ends a line.

    Text alone is not enough: tokenizers of the SentencePiece family put a blank before
    what they take for the beginning. Special tokens spelt out in a reply stay text.
    """
    line = tokenizer.encode("\n", add_special_tokens=False)
    ids: list[int] = tokenizer.encode("\n" + reply, add_special_tokens=False, split_special_tokens=True)
    if ids[: len(line)] == line:
        return ids[len(line) :]
    alone: list[int] = tokenizer.encode(reply, add_special_tokens=False, split_special_tokens=True)
    return alone


def end_of_turn(tokenizer: Any) -> int:
    """Return the id that ends a reply in the model's chat template."""
    turns = [{"role": "user", "content": "Question"}, {"role": "assistant", "content": "Reply"}]
    text = tokenizer.apply_chat_template(turns, tokenize=False)
    after = tokenizer.encode(text[text.rindex("Reply") + len("Reply") :], add_special_tokens=False)
    special = set(tokenizer.all_special_ids)
    end: int = next((token for token in after if token in special), tokenizer.eos_token_id)
    return end


def mask_view(tokenizer: Any, row: Row) -> str:
    """Show a row's tokens, one a line: + where there is loss, the id, the text."""
    lines = []
    for number, (token, label) in enumerate(zip(row.ids, row.labels, strict=True)):
        mark = "+" if label != NO_LOSS else "·"
        lines.append(f"{number:5} {mark} {token:7} {tokenizer.decode([token])!r}")
    with_loss = len(row.ids) - row.prompt_tokens
    return "\n".join([*lines, f"{len(row.ids)} tokens, loss on {with_loss} (+)"])

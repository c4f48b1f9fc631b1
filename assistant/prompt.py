"""The one prompt builder: what the model is asked, in training and in use alike.

The fixed part comes first, so that it stays in the model's prefix cache. Catalogue
text and questions are data: one line each, and nothing in them can end a turn.
How turns become tokens is the backend's part, by the model's own chat template; a
prompt that is a text is read as it stands.

An adapter is used with the `PromptFormat` that it was trained with: its manifest names it.

    messages = answer_prompt(title, passages, question)
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.messages import Message
from assistant.passages import Passage
from assistant.phrases import Language
from index.text import unaccented

LONGEST_SHOWN = 400  # characters of a title or a question; 4,000 emoji would fill the context
ANSWER_SYSTEM = (
    "Answer the shopper's question in one short sentence, only from the numbered passages about the product. "
    "End with the number of the passage, like [1]. If the passages do not tell, answer: Not stated."
)
SHORT_SYSTEM = "Answer from the passages."
DESCRIBE_SYSTEM: dict[Language, str] = {
    "en": "You write short, plain descriptions of products for a shop.",
    "pt": "Você escreve descrições curtas e simples de produtos para uma loja, em português.",
}
DESCRIBE_QUESTION: dict[Language, str] = {
    "en": "Describe this product in detail: {title}",
    "pt": "Gere uma descrição para o seguinte produto: {title}",
}
# The forms in which the task was first set for Llama and Mistral models: whole texts, without a chat template.
ALPACA_PT = (
    "Abaixo está uma instrução que descreve uma tarefa, junto com uma entrada que fornece mais contexto. "
    "Escreva uma resposta que complete adequadamente a solicitação.\n\n"
    "### Instrução:\nDescreva o seguinte produto em detalhes.\n\n### Entrada:\n{title}\n\n### Resposta:\n"
)
INST = "[INST] Gere uma descrição para o seguinte produto: {title} [/INST] "
_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_ELLIPSIS = r"[^.!?\n]{0,80}?"  # stands for "…" in the patterns


def _any_of(*patterns: str) -> re.Pattern[str]:
    """Return a pattern for whatever some tables of patterns, a line each, look for."""
    lines = [line for table in patterns for line in table.strip().splitlines()]
    return re.compile("|".join(lines).replace("…", _ELLIPSIS), re.I)


_ORDER = _any_of(_TABLE["orders"]["english"], _TABLE["orders"]["portuguese"])
_MARKS = _any_of(_TABLE["marks"]["families"])  # by which a template marks a turn

AnswerFormat = Literal["examples", "plain", "short"]
DescribeFormat = Literal["chat", "alpaca-pt", "inst"]
Shows = Literal["best", "whole"]


@dataclass(frozen=True)
class PromptFormat:
    """How a model is asked.

    `answer` is with worked examples before the question, with a plain instruction, or with a short one, which is half
    as long to train on; `describe` is the form in which a description is asked for. `shows` is what is read of a
    product: the sentence or three that settle the question, as a CPU does fast, or the whole description.
    """

    answer: AnswerFormat = "examples"
    describe: DescribeFormat = "chat"
    shows: Shows = "best"

    def digest(self) -> str:
        """Identify the exact words of the prompts, in hexadecimal: an adapter fits those that it was trained with."""
        passages = [Passage(1, "passage", 0, 7)]
        earlier = [Message("user", "earlier"), Message("assistant", "reply")]
        prompts = [
            answer_prompt("title", passages, "question", self, earlier),
            *(describe_prompt("title", language, self) for language in DESCRIBE_SYSTEM),
        ]
        return hashlib.sha256(json.dumps(prompts, default=vars, sort_keys=True).encode()).hexdigest()


BASE_FORMAT = PromptFormat()  # what an untuned model is asked with


@dataclass(frozen=True)
class _Example:
    title: str
    passages: tuple[str, ...]
    question: str
    answer: str


# Shown before every question: without them the untuned SmolLM2 answers "is it dishwasher safe?" at length, uncited, and
# mostly wrong. They stand first and never change, so a warm model has read them already.
_EXAMPLES = (
    _Example(
        "Brint Desk Lamp, White",
        (
            "The shade is white steel, 14 cm wide.",
            "It runs on the USB cable that comes with it; there is no battery.",
        ),
        "does it need batteries?",
        "No, it runs on the included USB cable and has no battery. [2]",
    ),
    _Example(
        "Solano Wool Blanket, Grey",
        ("Woven from pure lambswool in a mill by the sea.", "130 x 180 cm, 900 g."),
        "what size",
        "It measures 130 x 180 cm. [2]",
    ),
    _Example(
        "Tallow Shelf",
        ("Solid pine, oiled. It carries up to 15 kg.",),
        "is it made of wood?",
        "Yes, it is solid pine. [1]",
    ),
)


def answer_prompt(
    title: str,
    passages: Sequence[Passage],
    question: str,
    prompt_format: PromptFormat = BASE_FORMAT,
    earlier: Sequence[Message] = (),
) -> list[Message]:
    """Return the messages that ask for an answer from these passages, numbered as they are.

    `earlier` is the question and the reply before this one, in examples of a talk that goes on about the same
    product. The assistant shows none: it was measured to bring nothing (docs/experiments.md).
    """
    numbered = [(passage.number, passage.text) for passage in passages]
    before = [Message(message.role, _shortened(message.content)) for message in earlier]
    return [*_fixed_part(prompt_format), *before, Message("user", _question(title, numbered, question))]


def describe_prompt(title: str, language: Language, prompt_format: PromptFormat = BASE_FORMAT) -> list[Message] | str:
    """Return what asks for a description of a title that is in no catalogue: messages, or a text to be read as it is.

    The Alpaca and [INST] forms are in Portuguese, whatever the language of the title.
    """
    shown = as_data(title)
    if prompt_format.describe != "chat":
        return (ALPACA_PT if prompt_format.describe == "alpaca-pt" else INST).format(title=shown)
    return [
        Message("system", DESCRIBE_SYSTEM[language]),
        Message("user", DESCRIBE_QUESTION[language].format(title=shown)),
    ]


def gives_orders(text: str) -> bool:
    """Return whether a catalogue text speaks to the model instead of about the product."""
    return _MARKS.search(text) is not None or _ORDER.search(unaccented(text)) is not None


def as_data(text: str) -> str:
    """Return a text as one line that holds no token by which a template marks a turn."""
    # A mark holds no space, so none can come of what stood on both sides of one that becomes a space.
    return " ".join(_MARKS.sub(" ", text).split())


def _fixed_part(prompt_format: PromptFormat) -> list[Message]:
    messages = [Message("system", SHORT_SYSTEM if prompt_format.answer == "short" else ANSWER_SYSTEM)]
    for example in _EXAMPLES if prompt_format.answer == "examples" else ():
        numbered = list(enumerate(example.passages, 1))
        messages.append(Message("user", _question(example.title, numbered, example.question)))
        messages.append(Message("assistant", example.answer))
    return messages


def _question(title: str, numbered: Sequence[tuple[int, str]], question: str) -> str:
    lines = [f"[{number}] {as_data(text)}" for number, text in numbered]
    return "\n".join([f"Product: {_shortened(title)}", *lines, f"Question: {_shortened(question)}"])


def _shortened(text: str) -> str:
    """Return the beginning and the end of a text too long for the prompt; passages were chosen by the whole."""
    data = as_data(text)
    half = LONGEST_SHOWN // 2
    return data if len(data) <= LONGEST_SHOWN else f"{data[:half]} … {data[-half:]}"

"""The one prompt builder: what the model is asked, in training and in use alike.

The fixed part comes first, so that it stays in the model's prefix cache. Catalogue
text and questions are data: one line each, and nothing in them can end a turn.
How turns become tokens is the backend's part, by the model's own chat template.

    messages = answer_prompt(title, passages, question)
"""

import re
from collections.abc import Sequence

from assistant.backends.base import Message
from assistant.evidence import Passage
from assistant.phrases import Language

ANSWER_SYSTEM = (
    "You answer a shopper's question about one product, using only the numbered passages from its description. "
    "Answer in one or two short sentences and name the passage, like [1]. "
    "If the passages do not tell, answer: Not stated."
)
DESCRIBE_SYSTEM: dict[Language, str] = {
    "en": "You write short, plain descriptions of products for a shop.",
    "pt": "Você escreve descrições curtas e simples de produtos para uma loja, em português.",
}
DESCRIBE_QUESTION: dict[Language, str] = {
    "en": "Describe this product in detail: {title}",
    "pt": "Gere uma descrição para o seguinte produto: {title}",
}

# Every way in which the chat templates of Llama, SmolLM2, TinyLlama and Mistral mark a turn.
_ROLE_TOKENS = re.compile(r"<\|[^<>|]{0,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|</?(?:unk|pad|bos|eos)>", re.I)


def answer_prompt(title: str, passages: Sequence[Passage], question: str) -> list[Message]:
    """Give the messages that ask for an answer from these passages, numbered as they are."""
    lines = [f"Product: {as_data(title)}", *(f"[{passage.number}] {as_data(passage.text)}" for passage in passages)]
    return [Message("system", ANSWER_SYSTEM), Message("user", "\n".join([*lines, f"Question: {as_data(question)}"]))]


def describe_prompt(title: str, language: Language) -> list[Message]:
    """Give the messages that ask for a description of a title that is in no catalogue."""
    return [
        Message("system", DESCRIBE_SYSTEM[language]),
        Message("user", DESCRIBE_QUESTION[language].format(title=as_data(title))),
    ]


def as_data(text: str) -> str:
    """Give a text as one line that holds no token by which a template marks a turn."""
    line = " ".join(text.split())
    while (stripped := _ROLE_TOKENS.sub("", line)) != line:
        line = " ".join(stripped.split())
    return line

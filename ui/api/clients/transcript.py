r"""Transcripts in a message: turns with a label each, or an array of JSON.

turns_in("Name this chat.\nUser: how heavy is the Harrow kettle?\nAssistant: 1 kg")    # two messages
"""

import json
import re
from typing import Any

from assistant.messages import Message

MOST_CHARACTERS = 10_000  # read of a message
LABEL = re.compile(
    r"^[^\w\n]{0,8}(?:last\s)?(?P<role>user|human|you|customer|question|query|prompt|request|message|usu[áa]rio|cliente|用户"
    r"|assistant|ai|bot|model|response|answer|assistente|助手)\b(?:\s(?:message|response|reply|input|query)\b)?[^\w\n:：]{0,6}[:：]",
    re.I | re.M,
)
SHOPPERS = frozenset(
    "user human you customer question query prompt request message usuário usuario cliente 用户".split()
)
END = re.compile(r"^[ \t]*(?:</\w+>|```|-{4,})", re.M)  # of what was put in marks
TEXTS = ("content", "mainText", "text", "parts")  # under which clients keep what was said


def turns_in(text: str) -> list[Message]:
    """Return the turns of the talk that a message holds, none where it holds no transcript."""
    read = text[:MOST_CHARACTERS].strip()
    return _of_json(read) or _labelled(read)


def is_whole(turns: list[Message]) -> bool:
    """Return whether nothing is asked in a transcript: the assistant spoke last."""
    return bool(turns) and turns[-1].role == "assistant"


def _labelled(text: str) -> list[Message]:
    labels = list(LABEL.finditer(text))
    ends = [*(label.start() for label in labels[1:]), len(text)]
    turns = []
    for label, end in zip(labels, ends, strict=False):  # without a label there is one end too many
        content = END.split(text[label.end() : end], maxsplit=1)[0].strip(" \t\r\n\"'`")
        role = label["role"].casefold()
        if content:
            turns.append(Message("user" if role in SHOPPERS else "assistant", content))
    return turns


def _of_json(text: str) -> list[Message]:
    if not text.startswith(("[", "{")):
        return []
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return []
    rows = read if isinstance(read, list) else [read]
    turns = [(row.get("role"), _text_of(row)) for row in rows if isinstance(row, dict)]
    return [Message("user" if role == "user" else "assistant", content) for role, content in turns if role and content]


def _text_of(row: dict[str, Any]) -> str:
    """Return what an object of a client's says, its parts joined."""
    held = next((row[name] for name in TEXTS if name in row), "")
    if isinstance(held, list):
        return "\n".join(str(part["text"]) for part in held if isinstance(part, dict) and "text" in part)
    return held if isinstance(held, str) else ""

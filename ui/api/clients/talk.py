r"""The talk inside a chat client's task: turns with a label each, an array of JSON, what is quoted, or the messages.

talk_in([Message("user", "Name this chat in 3 words.\nUser: how heavy is the Harrow kettle?\nAssistant: 1 kg")])
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from assistant.messages import Message
from ui.api.clients.tasks import is_instruction

MOST_CHARACTERS = 10_000  # read of a message
LABEL = re.compile(
    r"^[^\w\n]{0,8}(?P<role>user|human|you|customer|question|query|prompt|request|message|usu[áa]rio|cliente|用户"
    r"|assistant|ai|bot|model|response|answer|assistente|助手)\b[^\w\n:：]{0,6}[:：]",
    re.I | re.M,
)
SHOPPERS = frozenset(
    "user human you customer question query prompt request message usuário usuario cliente 用户".split()
)
END = re.compile(r"^[ \t]*(?:</\w+>|```|-{4,})", re.M)  # of what was put in marks
QUOTED = [
    re.compile(mark, re.DOTALL | re.MULTILINE)
    for mark in (
        r'"""(.+?)"""',
        r"```(.+?)```",
        r"^-{4,}\n(.+?)\n-{4,}",
        r"<(?:content|chat_history|conversation|message|query|text|user)>([^<]+)</",
        r'"([^"\n]{3,})"',
    )
]
TEXTS = ("content", "mainText", "text", "parts")  # under which clients keep what was said


def talk_in(messages: Sequence[Message]) -> list[Message]:
    """Return the turns of the talk that the last message holds, else those before it, else what it says."""
    text = messages[-1].content[:MOST_CHARACTERS].strip()
    if turns := _of_json(text) or _labelled(text):
        return turns
    if before := list(messages[:-1]):
        return before
    quoted = next((found[1] for found in (mark.search(text) for mark in QUOTED) if found), text)
    lines = [_without_instruction(line).strip() for line in quoted.splitlines()]
    return [Message("user", line) for line in lines if line]


def _without_instruction(line: str) -> str:
    """Return a line, or of one that says what is to be made what stands behind its last colon."""
    if not is_instruction(line):
        return line
    _, colon, rest = line.rpartition(": ")
    return rest if colon else ""


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

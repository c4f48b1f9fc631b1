r"""The talk inside a chat client's task: a transcript, what is quoted, or the messages.

talk_in([Message("user", "Name this chat in 3 words.\nUser: how heavy is the Harrow kettle?\nAssistant: 1 kg")])
"""

import re
from collections.abc import Sequence

from assistant.messages import Message
from ui.api.clients.tasks import is_instruction
from ui.api.clients.transcript import MOST_CHARACTERS, turns_in

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


def talk_in(messages: Sequence[Message]) -> list[Message]:
    """Return the turns of the talk that the last message holds, else those before it, else what it says."""
    text = messages[-1].content[:MOST_CHARACTERS].strip()
    if turns := turns_in(text):
        return turns
    if before := list(messages[:-1]):
        return before
    quoted = next(filter(None, (_longest(mark, text) for mark in QUOTED)), text)
    lines = [_without_instruction(line).strip() for line in quoted.splitlines()]
    return [Message("user", line) for line in lines if line]


def _longest(mark: re.Pattern[str], text: str) -> str:
    return max((found[1] for found in mark.finditer(text)), key=len, default="")


def _without_instruction(line: str) -> str:
    """Return a line, or of one that says what is to be made what stands behind its last colon."""
    if not is_instruction(line):
        return line
    _, colon, rest = line.rpartition(": ")
    return rest if colon else ""

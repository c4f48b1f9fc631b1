r"""Tasks of a chat client's own: what it asks a model for itself, such as a title, in place of a shopper's question.

They are known by their shape, not by one client's wording: a verb, something short to be made, and the talk that it
is made of. In what a shopper may have typed all three stand close together, and a limit with them; in an instruction
to the model, which may be a shop's own, it is a title, and all stands in one sentence at its beginning. Less is enough
beside a transcript in which the assistant speaks last, as no shopper sends one; of an object of JSON that is wanted its
key is enough. The words are in `tasks.toml`.

    read_task([], [Message("user", "Write a title of at most 5 words for this conversation.\nUser: how heavy is it?")])
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from assistant.messages import Message
from ui.api.clients.transcript import is_whole, turns_in

Kind = Literal["title", "tags", "follow_ups", "queries", "memories", "picture", "completion", "emoji"]

READ_CHARACTERS = 4_000  # at either end of a message: the instruction stands before or behind the talk
MOST_INSTRUCTIONS = 4  # system messages read; clients send one
INSTRUCTION_CHARACTERS = 600  # of a system message; what comes later is about the answers
BEFORE, BEHIND = 160, 400  # characters around what is wanted, in which the rest of the shape stands
HELD = re.compile(r"<(?:chat_history|conversation|messages?|content)>")  # a talk in marks, wherever it stands
SENTENCE = re.compile(r"[^.!?。\n]+")
ARRAY = re.compile(r"JSON\s+(?:array|list)|array\s+of\s+strings|\[\s*\]|\[\s*\"", re.I)


@dataclass(frozen=True)
class ClientTask:
    """What a client wants made of its messages.

    `key` is that of an object of JSON, "" where it wants plain text, or, by `as_array`, an array of JSON.
    """

    kind: Kind
    key: str
    messages: tuple[Message, ...]
    as_array: bool = False


@dataclass(frozen=True)
class _Wanted:
    pattern: re.Pattern[str]
    keys: re.Pattern[str]


def _pattern(table: dict[str, str]) -> re.Pattern[str]:
    words, signs = "|".join(table["words"].split()), "|".join(table["signs"].split())
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)" + (f"|{signs}" if signs else ""), re.I)


_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_VERB, _TALK, _LIMIT, _TITLE = (_pattern(_TABLES[name]) for name in ("verb", "talk", "limit", "instruction"))
_ROLES: dict[Kind, re.Pattern[str]] = {kind: _pattern(table) for kind, table in _TABLES["role"].items()}
_KINDS: dict[Kind, _Wanted] = {
    kind: _Wanted(_pattern(table), re.compile(rf"{{\s*\"(?P<key>{'|'.join(table['keys'])})\"\s*:"))
    for kind in get_args(Kind)
    for table in [_TABLES["kinds"][kind]]
}


def read_task(instructions: Sequence[str], talk: Sequence[Message]) -> ClientTask | None:
    """Return the task that a request sets, by its instructions or by the last message of its talk; None for none."""
    asked = talk[-1].content
    whole = any(is_whole(turns_in(part)) for part in _ends(asked))
    ordering = [*instructions[:MOST_INSTRUCTIONS], asked]
    kinds = [*(_kind_in_instruction(text, whole) for text in ordering[:-1]), _kind_in_message(asked, whole)]
    kind = next((kind for kind in kinds if kind), None)
    if kind is None:
        return None
    parts = [part for text in ordering for part in _ends(text)]
    keys = (_KINDS[kind].keys.search(part) for part in parts)
    key = next((found["key"] for found in keys if found), "")
    return ClientTask(kind, key, tuple(talk), not key and any(map(ARRAY.search, parts)))


def is_instruction(line: str) -> bool:
    """Return whether a line says what is to be made of a talk, and so is no part of it."""
    return any(wanted.pattern.search(line) for wanted in _KINDS.values()) or bool(
        _VERB.search(line) and _LIMIT.search(line)
    )


def _kind_in_message(text: str, whole: bool) -> Kind | None:
    held = any(HELD.search(part) for part in _ends(text))
    for part in _ends(text):
        if held or _TALK.search(part):
            of_object = next((kind for kind, wanted in _KINDS.items() if wanted.keys.search(part)), None)
            if of_object:
                return of_object
        for kind, at, end in _named(part):
            around = part[max(0, at - BEFORE) : end + BEHIND]
            is_ordered = bool(_VERB.search(part, max(0, at - BEFORE), end))
            is_limited = bool(_LIMIT.search(around))
            if whole and (is_ordered or is_limited):
                return kind
            if is_ordered and is_limited and (held or _TALK.search(around)):
                return kind
    return None


def _kind_in_instruction(text: str, whole: bool) -> Kind | None:
    beginning = text[:INSTRUCTION_CHARACTERS]
    if roles := [kind for kind, role in _ROLES.items() if role.search(beginning)]:
        return roles[0]
    if not _LIMIT.search(text[:READ_CHARACTERS]):
        return None
    if whole:
        return next((kind for kind, _, _ in _named(beginning)), "title" if _TITLE.search(beginning) else None)
    for sentence in SENTENCE.findall(beginning):
        title = _TITLE.search(sentence)
        if title and _VERB.search(sentence, 0, title.end()) and _TALK.search(sentence):
            return "title"
    return None


def _named(text: str) -> Iterator[tuple[Kind, int, int]]:
    """Yield the things that a text names, the first one first, with where each begins and ends."""
    found = [(kind, *match.span()) for kind, wanted in _KINDS.items() for match in wanted.pattern.finditer(text)]
    yield from sorted(found, key=lambda each: each[1])


def _ends(text: str) -> tuple[str, ...]:
    """Return the beginning and the end of a text, where they differ."""
    if len(text) <= READ_CHARACTERS:
        return (text,)
    return text[:READ_CHARACTERS], text[-READ_CHARACTERS:]

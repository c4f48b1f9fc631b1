"""Batch files: JSON Lines, one row in, one row out, in the same order, `id` carried over.

A row that cannot be read, or cannot be answered for a reason that lies in the row,
becomes {"id", "error"} and is counted; the rest goes on.

    errors = run_batch(Path("in.jsonl"), Path("out.jsonl"), answer, label="answering")
"""

import json
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant.backends.base import DeadlineError, PromptTooLongError
from assistant.messages import Message
from index.errors import QuestionError, UnknownProductError, UserError
from index.progress import Progress

Row = dict[str, Any]


# Errors that lie in the row; another one (a server that is gone) would befall every row, and ends the run.
ROW_ERRORS = (QuestionError, UnknownProductError, PromptTooLongError, DeadlineError)


class RowError(ValueError):
    """A row that is not as the contract says."""


def run_batch(source: Path, out: Path, answer: Callable[[Row], Row], *, label: str) -> int:
    """Answer every row of `source` into `out`, and count the rows that became errors.

    `out` appears only when it is whole. Raises `UserError` where a file cannot be read or written.
    """
    if not source.is_file():
        raise UserError(
            f"there is no file {source}", "JSON Lines with an id and a question each", "another --batch file"
        )
    out = out.resolve()  # a link stays a link; what it leads to is replaced
    if not out.parent.is_dir() or (out.exists() and not out.is_file()):
        raise UserError(f"{out} cannot be written", "a file in a folder that exists", "another --out file")
    with source.open("rb") as lines:
        total = sum(1 for _ in lines)
    errors = 0
    scratch = out.with_name(f".{out.name}-{secrets.token_hex(4)}")
    try:
        with (
            source.open("rb") as lines,
            scratch.open("w", encoding="utf-8") as written,
            Progress(label, total) as bar,
        ):
            for line in lines:
                row = _answer_line(line, answer)
                errors += "error" in row
                written.write(json.dumps(row, ensure_ascii=False) + "\n")
                bar.update()
        scratch.replace(out)
    finally:
        scratch.unlink(missing_ok=True)
    return errors


def answer_batch(source: Path, out: Path, answer: Callable[[Row], Row]) -> None:
    """Answer every row of `source` into `out`; the errors are counted on standard error."""
    errors = run_batch(source, out, answer, label="answering")
    if errors:
        rows = "1 row" if errors == 1 else f"{errors:,} rows"
        print(f'{rows} became errors; see "error" in {out}', file=sys.stderr)


def question_of(row: Row) -> str:
    """Return the question of a row. Raises `RowError` where it is no text."""
    question = row.get("question")
    if not isinstance(question, str):
        raise RowError("the row has no question, or one that is not a text")
    return question


def uid_of(row: Row) -> str:
    """Return the uid of a row, "" where it has none. Raises `RowError` where it is no text."""
    uid = row.get("uid")
    if uid is not None and not isinstance(uid, str):
        raise RowError("the row's uid is not a text")
    return uid or ""


def history_of(row: Row) -> list[Message]:
    """Return the history of a row, empty where it has none. Raises `RowError` where it is malformed."""
    history = row.get("history")
    if history is None:
        return []
    if not isinstance(history, list):
        raise RowError("the row's history is not a list")
    return [_message(turn) for turn in history]


def _message(turn: Any) -> Message:
    roles = ("system", "user", "assistant")
    if not isinstance(turn, dict) or turn.get("role") not in roles or not isinstance(turn.get("content"), str):
        raise RowError('a turn of the history is not {"role": "user" or "assistant", "content": text}')
    return Message(turn["role"], turn["content"])


def _answer_line(line: bytes, answer: Callable[[Row], Row]) -> Row:
    identity: Any = None
    try:
        row = _parse(line)
        identity = row.get("id")
        return {"id": identity, **answer(row)}
    except (RowError, *ROW_ERRORS) as error:
        return {"id": identity, "error": str(error)}


def _parse(line: bytes) -> Row:
    try:
        row = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant)
        json.dumps(
            row, ensure_ascii=False, allow_nan=False
        ).encode()  # 1e999 and lone surrogates cannot be written back
    except UnicodeError as exc:
        raise RowError("the row is not valid UTF-8") from exc
    except (ValueError, RecursionError) as exc:
        raise RowError("the row is not valid JSON") from exc
    if not isinstance(row, dict):
        raise RowError("the row is not a JSON object")
    return row


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")

"""What visitors thought of replies: kept so that each can be asked again, and the good ones learnt from.

feedback = Feedback(home / "feedback.sqlite")
feedback.keep(Opinion(id, vote=1, question="how heavy is it?", reply=reply.to_row(), …))
rows = question_rows(feedback.opinions(), catalogue)    # for `finetune` and `evaluate answers --questions`
"""

import json
import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from assistant.grounding.citations import leading_verdict, without_marks
from assistant.passages import split, title_passage
from assistant.reply import Quote
from index.artefacts import parse_json
from index.catalogue.store import Catalogue
from index.errors import UnknownProductError, UserError

FILE = "feedback.sqlite"
WAIT_S = 5.0  # for another writer
_TABLE = """CREATE TABLE IF NOT EXISTS opinions (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, vote INTEGER NOT NULL, reason TEXT NOT NULL, comment TEXT NOT NULL,
    question TEXT NOT NULL, uid TEXT NOT NULL, history TEXT NOT NULL, reply TEXT NOT NULL, model TEXT NOT NULL,
    adapter TEXT, settings TEXT NOT NULL, catalogue TEXT NOT NULL, version TEXT NOT NULL) STRICT"""
_JSON = ("history", "reply", "settings")


@dataclass(frozen=True)
class Opinion:
    """One reply, everything that it takes to get it again, and what its visitor thought of it.

    `id` is the reply's own: a second opinion of it takes the place of the first. `vote` is 1 or -1, `question`
    what was answered, `uid` the product that it was answered about, `history` the earlier turns as role and content,
    `reply` the row of the contract; `catalogue` is the digest of the catalogue, `version` ours, `at` UTC in ISO form.
    """

    id: str
    at: str
    vote: int
    reason: str
    comment: str
    question: str
    uid: str
    history: Sequence[dict[str, str]]
    reply: dict[str, Any]
    model: str
    adapter: str | None
    settings: dict[str, Any]
    catalogue: str
    version: str


NAMES = tuple(each.name for each in fields(Opinion))


class Feedback:
    """The opinions of one home, in SQLite; many threads and processes may keep theirs at once."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises `UserError` where it cannot be written, or is damaged or none of ours.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as base, base:
                base.execute(_TABLE)
        except (sqlite3.OperationalError, OSError) as exc:
            raise UserError(f"{path} cannot be written ({exc})", "a home of yours", "titlewise --home DIR") from exc
        except sqlite3.Error as exc:
            raise _damaged(path, exc) from exc

    def keep(self, opinion: Opinion) -> None:
        """Keep an opinion; one of the same reply is replaced.

        Raises `UserError` where it cannot be written.
        """
        row = asdict(opinion)
        values = [json.dumps(row[name], ensure_ascii=False) if name in _JSON else row[name] for name in NAMES]
        marks = ", ".join("?" * len(NAMES))
        self._write(f"INSERT OR REPLACE INTO opinions ({', '.join(NAMES)}) VALUES ({marks})", values)  # noqa: S608

    def forget(self, reply_id: str) -> None:
        """Forget the opinion of a reply, if there is one; raises as `keep`."""
        self._write("DELETE FROM opinions WHERE id = ?", [reply_id])

    def opinions(self) -> Iterator[Opinion]:
        """Yield all opinions, oldest first. Raises `UserError` where the file is damaged."""
        try:
            with closing(self._open()) as base:
                for row in base.execute(f"SELECT {', '.join(NAMES)} FROM opinions ORDER BY at, id"):  # noqa: S608
                    values = dict(zip(NAMES, row, strict=True))
                    yield Opinion(**values | {name: parse_json(values[name]) for name in _JSON})
        except (sqlite3.Error, ValueError, TypeError) as exc:
            raise _damaged(self._path, exc) from exc

    def _write(self, statement: str, values: Sequence[Any]) -> None:
        try:
            with closing(self._open()) as base, base:
                base.execute(statement, values)
        except sqlite3.Error as exc:
            raise UserError(f"{self._path} cannot be written ({exc})", "room on the disk", "df -h") from exc

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=WAIT_S)


def _damaged(path: Path, exc: Exception) -> UserError:
    """Return the error of a file that is no database of opinions, or no more; what is left of it is not thrown away."""
    aside = shlex.quote(f"{path}.damaged")
    return UserError(f"{path} is damaged ({exc})", "a database of opinions", f"mv {shlex.quote(str(path))} {aside}")


def question_rows(opinions: Iterator[Opinion], catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Yield a question row for each answer that was liked, if its quotes still stand in the catalogue.

    Its passages are the whole description in pieces, its answer the reply's text without citations.
    """
    for opinion in opinions:
        reply = opinion.reply
        if opinion.vote < 1 or reply["kind"] not in ("answer", "not_stated"):
            continue
        try:
            product = catalogue.find(reply["uid"])
        except UnknownProductError:
            continue
        quotes = [Quote(**quote) for quote in reply["quotes"]]
        if not all(quote.stands_in(product) for quote in quotes):
            continue
        title = title_passage(product.title)
        pieces = [title, *(piece.numbered(piece.number + 1) for piece in split(product.content))]
        cited = [
            piece.number
            for piece in pieces
            if any(
                piece.field == quote.field and piece.start < quote.end and quote.start < piece.end for quote in quotes
            )
        ]
        stated = reply["kind"] == "answer"
        if not pieces or stated != bool(cited):
            continue
        answer = without_marks(reply["text"])
        verdict, _ = leading_verdict(answer)
        yield {
            "question": opinion.question,
            "title": reply["title"],
            "passages": [piece.text for piece in pieces],
            "answer": answer if stated else "",
            "label": (verdict or "answer") if stated else "not_stated",
            "cited": cited,
            "source": "feedback",
            "group": reply["uid"],
        }

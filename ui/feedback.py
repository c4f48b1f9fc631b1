"""What visitors thought of replies: kept so that each can be asked again, and the good ones learnt from.

feedback = Feedback(home / "feedback.sqlite")       # or Feedback("postgresql://shop@db.example/titlewise")
feedback.keep(Opinion(id, vote=1, question="how heavy is it?", reply=reply.to_row(), …))
rows = question_rows(feedback.opinions(), catalogue)    # for `finetune` and `evaluate answers --questions`
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from assistant.grounding.citations import leading_verdict, without_marks
from assistant.passages import split, title_passage
from assistant.reply import Quote
from index.artefacts import parse_json
from index.catalogue.store import Catalogue
from index.errors import UnknownProductError
from ui.databases import database_of

FILE = "feedback.sqlite"
_COLUMNS = """
    id TEXT PRIMARY KEY, at TEXT NOT NULL, vote INTEGER NOT NULL, reason TEXT NOT NULL, comment TEXT NOT NULL,
    question TEXT NOT NULL, uid TEXT NOT NULL, history TEXT NOT NULL, reply TEXT NOT NULL, model TEXT NOT NULL,
    adapter TEXT, settings TEXT NOT NULL, catalogue TEXT NOT NULL, version TEXT NOT NULL"""
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
_KEEP = (
    f"INSERT INTO opinions ({', '.join(NAMES)}) VALUES ({', '.join('?' * len(NAMES))}) ON CONFLICT (id) DO UPDATE SET "  # noqa: S608
    + ", ".join(f"{name} = excluded.{name}" for name in NAMES)
)
_ALL = f"SELECT {', '.join(NAMES)} FROM opinions ORDER BY at, id"  # noqa: S608


class Feedback:
    """The opinions of one home, or of the many that share a PostgreSQL; many may keep theirs at once."""

    def __init__(self, place: Path | str) -> None:
        """Open a file, or the database at a URL, and make what is not there.

        Raises `UserError` where it cannot be written, or is damaged or none of ours.
        """
        self._database = database_of(place)
        self._database.create("opinions", _COLUMNS)

    def keep(self, opinion: Opinion) -> None:
        """Keep an opinion; one of the same reply is replaced.

        Raises `UserError` where it cannot be written.
        """
        row = asdict(opinion)
        values = [json.dumps(row[name], ensure_ascii=False) if name in _JSON else row[name] for name in NAMES]
        self._database.write(_KEEP, [_storable(value) for value in values])

    def forget(self, reply_id: str) -> None:
        """Forget the opinion of a reply, if there is one; raises as `keep`."""
        self._database.write("DELETE FROM opinions WHERE id = ?", [reply_id])

    def opinions(self) -> Iterator[Opinion]:
        """Yield all opinions, oldest first. Raises `UserError` where they cannot be read, or make no sense."""
        try:
            for row in self._database.rows(_ALL):
                values = dict(zip(NAMES, row, strict=True))
                yield Opinion(**values | {name: parse_json(values[name]) for name in _JSON})
        except (ValueError, TypeError) as exc:
            raise self._database.damaged(exc) from exc


def _storable(value: Any) -> Any:
    """Return a value with what PostgreSQL's texts cannot hold replaced."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


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

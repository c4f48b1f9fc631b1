"""Questions whose answers are known: what is asked, about which content, and what would be right.

Reads the files of held-out questions and draws titles from a catalogue's validation
side. Generated questions come from the floor above, which knows how they were example.

    kept, left_out = read_questions(home / "questions" / "epqa_heldout.jsonl", "epqa")
    examples = some(kept, limit=100, seed=0)
"""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from assistant.evaluation.normalise import Polarity, polarity
from assistant.grounding.citations import cited_numbers, without_marks
from index.catalogue.store import Catalogue
from index.errors import SourceError

DESCRIBING = frozenset({"attribute", "bullet", "description"})  # what a catalogue says; reviews it does not
ANSWERS_FULLY = "2"  # label of a candidate
# A blank line: cleaning keeps such pieces apart, and passages end there.
BETWEEN_PIECES = "\n\n"

Label = Literal["answerable", "not_stated"]
T = TypeVar("T")


@dataclass(frozen=True)
class QAExample:
    """A question about one product whose `content` is all that may be answered from.

    `gold` are the pieces of the content that answer it, `references` what people answered; both are
    empty where the right reply is "not stated". `polarity` is the yes or no that all references share.
    """

    uid: str
    title: str
    question: str
    content: str
    gold: tuple[str, ...]
    references: tuple[str, ...]
    label: Label
    polarity: Polarity


@dataclass(frozen=True)
class DescriptionExample:
    """A product whose description is to be written from its title."""

    uid: str
    title: str
    content: str


def qa_example(
    uid: str, title: str, question: str, pieces: Sequence[str], gold: Sequence[str], references: Sequence[str]
) -> QAExample:
    """Join what is known of a question; it is answerable where it has a reference."""
    verdicts = {polarity(text) for text in references}
    return QAExample(
        uid,
        _whole(title),
        _whole(question),
        _whole(BETWEEN_PIECES.join(dict.fromkeys(pieces))),
        tuple(map(_whole, dict.fromkeys(gold))),
        tuple(map(_whole, references)),
        "answerable" if references else "not_stated",
        verdicts.pop() if len(verdicts) == 1 else "",
    )


def qa_example_of_reply(
    uid: str, title: str, question: str, passages: Sequence[str], reply: str | None, content: str = ""
) -> QAExample:
    """Return a generated question: those of its passages that its reply cites are gold.

    `reply` is None where the passages do not state it. The content is that of the product where it is given, else
    the passages.
    """
    pieces = [content] if content else passages
    if reply is None:
        return qa_example(uid, title, question, pieces, [], [])
    gold = [passages[number - 1] for number in cited_numbers(reply) if number <= len(passages)]
    return qa_example(uid, title, question, pieces, gold, [without_marks(reply)])


def read_questions(path: Path, name: str) -> tuple[list[QAExample], dict[str, int]]:
    """Read questions with labelled candidates; return those that can be measured, and counts of what was left out.

    A row is {"qid", "asin", "title", "question", "candidates": [{"text", "source", "label", "answer"}]}.

    Raises `SourceError` naming the line that is none.
    """
    kept, left_out = [], Counter[str]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            candidates = [one for one in row["candidates"] if str(one["source"]).lower() in DESCRIBING]
            gold = [one for one in candidates if str(one["label"]) == ANSWERS_FULLY]
            example = qa_example(
                f"{name}-{row['asin']}-{row['qid']}",
                row["title"],
                row["question"],
                [one["text"] for one in candidates],
                [one["text"] for one in gold],
                [one["answer"] for one in gold if one["answer"]],
            )
        except (ValueError, KeyError, TypeError) as exc:
            raise SourceError(
                f"line {number} of {path} is {line[:60]!r}",
                "a question with its candidates, as docs/dataset.md describes",
                "python benchmarks/public_questions.py",
            ) from exc
        reason = _unfit(example, candidates, gold)
        if reason:
            left_out[reason] += 1
        else:
            kept.append(example)
    return kept, dict(left_out)


def some(rows: Sequence[T], limit: int, seed: int) -> list[T]:
    """Draw `limit` rows, in their order; the same for the same seed."""
    if len(rows) <= limit:
        return list(rows)
    places = random.Random(seed).sample(range(len(rows)), limit)  # noqa: S311 - a choice, not a secret
    return [rows[place] for place in sorted(places)]


def validation_titles(catalogue: Catalogue, limit: int, seed: int) -> list[DescriptionExample]:
    """Draw described products of the validation side."""
    suitable = (~catalogue.column("train") & catalogue.column("described")).nonzero()[0]
    products = (catalogue.product(int(row)) for row in some([int(row) for row in suitable], limit, seed))
    return [DescriptionExample(product.uid, product.title, product.content) for product in products]


def _whole(text: str) -> str:
    """Put a question mark for half of a surrogate pair, which JSON may hold and no file can."""
    return text.encode("utf-8", "replace").decode()


def _unfit(example: QAExample, candidates: Sequence[Any], gold: Sequence[Any]) -> str:
    if not example.title.strip() or not example.question.strip():
        return "without title or question"
    if not candidates:
        return "without description"
    return "without an answer of a person" if gold and not example.references else ""

"""Real questions from JSON Lines files, as training examples.

A row is {"question", "title", "passages", "answer", "label", "cited"}, the answer without citation,
starting with "Yes." or "No." where the label is one of them, `cited` the numbers of the passages that
it rests on; "source" names the set, "group" the product. The passages may be all that is known of the
product: those shown are chosen as the assistant chooses.

    rows = read_rows(home / "questions" / "train.jsonl")
    example = real_example(rows[0], rows_of_the_title, shelf, draw)
"""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from assistant.evidence import Passage
from assistant.phrases import language_of
from finetune.example import NOT_STATED, Example, Kind
from finetune.shelf import Shelf, with_gold
from index.errors import UserError

_LABELS = frozenset({"answer", "yes", "no", "not_stated"})
_CITATION = re.compile(r"\s*\[\d+(?:, ?\d+)*\]")
DISTRACTORS = 2  # from other rows of the same title, where a row brings nothing but what answers


@dataclass(frozen=True)
class Row:
    """One real question; `cited` counts from 1, empty where the passages do not tell."""

    question: str
    title: str
    passages: tuple[str, ...]
    answer: str
    label: Kind
    cited: tuple[int, ...]
    source: str
    group: str


def read_rows(path: Path) -> list[Row]:
    """Read a file of real questions.

    Raises `UserError` naming the first line that is no such row.
    """
    rows = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    rows.append(_row(json.loads(line), path.stem))
                except (ValueError, KeyError, TypeError) as exc:
                    raise UserError(
                        f"line {number} of {path} is no question row ({exc})",
                        'an object with "question", "title", "passages", "answer", "label" and "cited"',
                        "docs/dataset.md (the form of question files)",
                    ) from exc
    return rows


def real_example(row: Row, others: Sequence[str], shelf: Shelf, draw: random.Random) -> Example | None:
    """Choose what is shown for a row, and cite it; `others` are passages of the same title's other rows.

    None where nothing is left to show.
    """
    texts = list(dict.fromkeys(row.passages))
    if row.cited and len(texts) == len(row.cited):
        beside = [text for text in others if text not in texts]
        texts += draw.sample(beside, min(DISTRACTORS, len(beside)))
        draw.shuffle(texts)
    passages = _laid_out(texts)
    evidence = shelf.choose(row.question, row.title, passages)
    if row.label == "not_stated":
        shown, reply = list(evidence.passages), NOT_STATED
    else:
        gold = next(passage for passage in passages if passage.text == row.passages[row.cited[0] - 1])
        shown, number = with_gold(evidence, gold, shelf.budget.max_passages)
        reply = f"{_CITATION.sub('', row.answer).strip()} [{number}]"
    if not shown:
        return None
    return Example(
        row.label,
        row.title,
        row.question,
        tuple(passage.text for passage in shown),
        reply,
        row.source,
        "",
        row.group,
        language_of(row.question),
    )


def _row(entry: dict[str, object], name: str) -> Row:
    label, answer = str(entry["label"]), str(entry["answer"]).strip()
    passages, cited = entry["passages"], entry["cited"]
    if label not in _LABELS:
        raise ValueError(f"the label {label!r} is none of {', '.join(sorted(_LABELS))}")
    if not isinstance(passages, list) or not all(isinstance(text, str) and text.strip() for text in passages):
        raise ValueError("passages are no list of texts")
    if not isinstance(cited, list) or not all(isinstance(n, int) and 1 <= n <= len(passages) for n in cited):
        raise ValueError(f"cited {cited} names no passage of {len(passages)}")
    if (label == "not_stated") == bool(cited):
        raise ValueError(f"cited {cited} does not fit the label {label!r}")
    if label in ("yes", "no") and not answer.startswith(("Yes.", "Sim.") if label == "yes" else ("No.", "Não.")):
        raise ValueError(f"the answer {answer[:20]!r} does not start with its label {label!r}")
    return Row(
        str(entry["question"]),
        str(entry["title"]),
        tuple(passages),
        answer,
        cast(Kind, label),
        tuple(cited),
        str(entry.get("source", name)),
        str(entry.get("group", "")),
    )


def _laid_out(texts: Sequence[str]) -> list[Passage]:
    """Give texts as passages of one content, joined by line ends."""
    passages, start = [], 0
    for number, text in enumerate(texts, 1):
        passages.append(Passage(number, text, start, start + len(text)))
        start += len(text) + 1
    return passages

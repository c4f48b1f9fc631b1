"""Real questions from JSON Lines files, as training examples.

A row is {"question", "passages", "answer", "label"}, the answer without citation; a yes or no is put before
it where the label is one and it has none. Where they are given, "cited" numbers the passages that it rests
on (else it is the one that shares most words with it), "title" and "group" name the product, "source" the set.
The passages may be all that is known of the product: of them is shown what the assistant would show.

    rows = read_rows(home / "questions" / "train.jsonl")
    example = real_example(rows[0], passages_of_the_title, PassageSelector(), draw)
"""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from assistant.passages import Passage
from assistant.phrases import Language, language_of
from finetune.data.example import NOT_STATED, YES_NO, Example, Kind
from finetune.data.product_pool import PassageSelector, with_gold
from index.errors import UserError
from index.text import content_words

_LABELS = frozenset({"answer", "yes", "no", "not_stated"})
_CITATION = re.compile(r"(?<!\s)\s*\[\d+(?:, ?\d+)*\]")
_YES_OR_NO = re.compile(r"^\W*(?:(?P<yes>yes|sim)|no|não)\b[\s,.;:!–-]*", re.I)
DISTRACTORS = 2  # from other rows of the same title, where a row brings nothing but what answers


@dataclass(frozen=True)
class Row:
    """One real question; `cited` counts from 1, empty where the passages do not tell.

    `answer` is "" in sets that teach judgement alone: they have no wording.
    """

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
                        'an object with "question", "passages", "answer" and "label"',
                        "docs/dataset.md (the form of question files)",
                    ) from exc
    return rows


def real_example(row: Row, others: Sequence[str], select: PassageSelector, draw: random.Random) -> Example | None:
    """Choose what is shown for a row, and cite it; `others` are passages of the same title's other rows.

    None where nothing is left to show.
    """
    texts, settling = list(dict.fromkeys(row.passages)), [row.passages[number - 1] for number in row.cited]
    if settling and len(texts) == len(settling):
        beside = [text for text in others if text not in texts]
        texts += draw.sample(beside, min(DISTRACTORS, len(beside)))
        draw.shuffle(texts)
    if not texts:
        return None
    shown = shown_of(row.question, row.title, texts, settling, select, draw)
    reply = NOT_STATED
    if settling:
        number = 1 + next(place for place, text in enumerate(shown) if text in settling)
        reply = f"{_CITATION.sub('', row.answer).strip()} [{number}]"
    return Example(
        row.label, row.title, row.question, tuple(shown), reply, row.source, "", row.group, language_of(row.question)
    )


def shown_of(
    question: str,
    title: str,
    texts: Sequence[str],
    settling: Sequence[str],
    select: PassageSelector,
    draw: random.Random,
) -> list[str]:
    """Return what is shown of a product's passages, one at least, in their order: what the assistant would show.

    A passage that settles the question is among them where any does, whatever the judge thinks of it.
    """
    passages = laid_out(texts)
    chosen = select(question, title, passages)
    if settling and not any(passage.text in settling for passage in chosen.passages):
        gold = draw.choice([passage for passage in passages if passage.text in settling])
        return [passage.text for passage in with_gold(chosen, gold, select.budget.max_passages)[0]]
    return [passage.text for passage in chosen.passages]


def _row(entry: dict[str, object], name: str) -> Row:
    label, answer = cast(Kind, str(entry["label"])), str(entry["answer"]).strip()
    question, passages = str(entry["question"]), entry["passages"]
    if label not in _LABELS:
        raise ValueError(f"the label {label!r} is none of {', '.join(sorted(_LABELS))}")
    if not isinstance(passages, list) or not all(isinstance(text, str) and text.strip() for text in passages):
        raise ValueError("passages are no list of texts")
    cited = entry.get("cited", [] if label == "not_stated" else [_nearest(f"{answer} {question}", passages)])
    if not isinstance(cited, list) or not all(isinstance(n, int) and 1 <= n <= len(passages) for n in cited):
        raise ValueError(f"cited {cited} names no passage of {len(passages)}")
    if (label == "not_stated") == bool(cited):
        raise ValueError(f"cited {cited} does not fit the label {label!r}")
    if label in ("yes", "no") and answer:
        answer = _begun_with(label, answer, language_of(question))
    return Row(
        question,
        str(entry.get("title", "")),
        tuple(passages),
        answer,
        label,
        tuple(cited),
        str(entry.get("source", name)),
        str(entry.get("group", "")),
    )


def _nearest(text: str, passages: Sequence[str]) -> int:
    """Return the number of the passage that shares most words with a text; 0 where there is none."""
    words = content_words(text)
    shared = [len(words & content_words(passage)) for passage in passages]
    return shared.index(max(shared)) + 1 if shared else 0


def _begun_with(label: Kind, answer: str, language: Language) -> str:
    """Return an answer that begins with its label, as "Yes. " or "Não. ".

    Raises `ValueError` where it begins with the other one.
    """
    beginning = _YES_OR_NO.match(answer)
    if beginning and bool(beginning["yes"]) != (label == "yes"):
        raise ValueError(f"the answer {answer[:20]!r} does not fit its label {label!r}")
    rest = answer[beginning.end() :] if beginning else answer
    return f"{YES_NO[label, language]}{rest[:1].upper()}{rest[1:]}".strip()


def laid_out(texts: Sequence[str]) -> list[Passage]:
    """Return texts as passages of one content, joined by line ends."""
    passages, start = [], 0
    for number, text in enumerate(texts, 1):
        passages.append(Passage(number, text, start, start + len(text)))
        start += len(text) + 1
    return passages

"""Judgements from question files: short evidence, a question, and how the reply begins; no more is learnt of them.

Some fifty tokens each, so that tens of thousands can be read on a CPU. Sets without a wording serve too.

    examples = judgements_of(rows, 20_000, {"written": 2.0}, "best", random.Random(7))
"""

import random
from collections.abc import Mapping, Sequence

from assistant.phrases import language_of
from assistant.prompt import Shows
from finetune.data.example import NOT_STATED, YES_NO, Example, Kind
from finetune.data.question_files import Row, shown_of

VERDICTS: tuple[Kind, ...] = ("yes", "no", "not_stated")  # as many of each


def judgements_of(
    rows: Sequence[Row], wanted: int, sources: Mapping[str, float], shows: Shows, draw: random.Random
) -> list[Example]:
    """Return up to `wanted` judgements, as many of each verdict; rows of a source count as often as `sources` says.

    Each row is taken once before any is taken twice.
    """
    examples: list[Example] = []
    for verdict in VERDICTS:
        own = [row for row in rows if row.label == verdict and row.passages]
        most = wanted // len(VERDICTS)
        turns: list[Example] = []
        often = {source: sources.get(source, 1.0) for source in {row.source for row in own}}
        while own and len(turns) < most and any(often.values()):
            before = len(turns)
            for row in draw.sample(own, len(own)):
                if draw.random() < min(1.0, often[row.source]):
                    turns.append(_judgement(row, shows, draw))
            often = {source: max(0.0, count - 1.0) for source, count in often.items()}
            if len(turns) == before:
                break
        examples += turns[:most]
    draw.shuffle(examples)
    return examples


def _judgement(row: Row, shows: Shows, draw: random.Random) -> Example:
    language = language_of(row.question)
    reply = NOT_STATED if row.label == "not_stated" else YES_NO[row.label, language].strip()
    return Example(
        row.label,
        row.title,
        row.question,
        tuple(shown_of(row.question, row.passages, [row.passages[number - 1] for number in row.cited], shows, draw)),
        reply,
        row.source,
        "",
        row.group,
        language,
        judgement_only=True,
    )

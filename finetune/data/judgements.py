"""Judgements from question files: short evidence, a question, and how the reply begins; no more is learnt of them.

Some fifty tokens each, so that tens of thousands can be read on a CPU. Sets without a wording serve too.

    examples = [judgement_of(row, select, draw) for row in judged_rows(rows, 20_000, {"written": 2.0}, draw)]
"""

import random
from collections.abc import Mapping, Sequence

from assistant.phrases import language_of
from finetune.data.example import NOT_STATED, YES_NO, Example, Kind
from finetune.data.product_pool import PassageSelector
from finetune.data.question_files import Row, shown_of

VERDICTS: tuple[Kind, ...] = ("yes", "no", "not_stated")  # as many of each


def judged_rows(rows: Sequence[Row], wanted: int, sources: Mapping[str, float], draw: random.Random) -> list[Row]:
    """Return up to `wanted` rows, as many of each verdict; rows of a source count as often as `sources` says.

    Each row is taken once before any is taken twice.
    """
    taken: list[Row] = []
    for verdict in VERDICTS:
        own = [row for row in rows if row.label == verdict and row.passages]
        most = wanted // len(VERDICTS)
        turns: list[Row] = []
        often = {source: sources.get(source, 1.0) for source in {row.source for row in own}}
        while own and len(turns) < most and any(often.values()):
            before = len(turns)
            turns += [row for row in draw.sample(own, len(own)) if draw.random() < min(1.0, often[row.source])]
            often = {source: max(0.0, count - 1.0) for source, count in often.items()}
            if len(turns) == before:
                break
        taken += turns[:most]
    draw.shuffle(taken)
    return taken


def judgement_of(row: Row, select: PassageSelector, draw: random.Random) -> Example:
    """Return what a row teaches of how a reply begins."""
    language = language_of(row.question)
    settling = [row.passages[number - 1] for number in row.cited]
    return Example(
        row.label,
        row.title,
        row.question,
        tuple(shown_of(row.question, row.title, row.passages, settling, select, draw)),
        NOT_STATED if row.label == "not_stated" else YES_NO[row.label, language].strip(),
        row.source,
        "",
        row.group,
        language,
        judgement_only=True,
    )

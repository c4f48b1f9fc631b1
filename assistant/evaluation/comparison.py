"""Tables of figures: systems side by side over the same rows, and how they differ.

table = table_of("whole assistant", "epqa", columns, drawn)
losses([table])         # where a tuned model is behind
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from assistant.evaluation.bootstrap import Draws, Interval, Measure, interval, interval_of_difference
from assistant.evaluation.scoring import DEFINITIONS

Role = Literal["tuned", "base", "baseline"]

# What a loss is looked for in. Copies are quick, never refuse and always quote: no news.
COMPARED = (
    "right",
    "misled",
    "contrast",
    "aurc",
    "rouge_l",
    "rouge_1",
    "rouge_2",
    "bleu",
    "token_f1",
    "yes_no",
    "yes_recalled",
    "no_recalled",
    "numbers_right",
    "numbers_invented",
    "not_stated_recall",
    "not_stated_precision",
)


LEAST_ROWS = 10  # for a difference to be called certain: the bootstrap of a handful of rows knows no doubt


@dataclass(frozen=True)
class Column:
    """One system with its measures; columns of one `group` are given the same passages."""

    name: str
    role: Role
    group: str
    measures: Mapping[str, Measure]


# The fields of what follows are named as in `report.json`.


@dataclass(frozen=True)
class Figure(Interval):
    """A metric's value with its interval, and how many rows take part."""

    rows: int


@dataclass(frozen=True)
class SystemFigures:
    """A system's figures by metric."""

    role: Role
    group: str
    figures: dict[str, Figure]


@dataclass(frozen=True)
class Difference:
    """`of` minus `minus` in one metric over the same rows, turned so that above 0 is better.

    `certain` where the interval leaves 0 out, over rows enough to tell.
    """

    metric: str
    group: str
    of: str
    minus: str
    value: float | None
    low: float | None
    high: float | None
    rows: int  # that take part
    certain: bool


@dataclass(frozen=True)
class _InTable:
    set: str
    table: str


@dataclass(frozen=True)
class Loss(Difference, _InTable):
    """A difference below 0 to the best baseline, and the table that it stands in."""


@dataclass(frozen=True)
class Table:
    """All systems of one set at one level; `tuned_minus_best_baseline` counts the base among the baselines."""

    table: str
    set: str
    questions: int
    systems: Annotated[dict[str, SystemFigures], Field(alias="ways")]
    tuned_minus_base: tuple[Difference, ...]
    tuned_minus_best_baseline: tuple[Difference, ...]


def table_of(name: str, of_set: str, columns: Sequence[Column], drawn: Draws) -> Table:
    """Work out intervals and differences; `drawn` (resamples, rows) are the same rows for all columns."""
    systems = {
        column.name: SystemFigures(
            column.role,
            column.group,
            {
                metric: Figure(**vars(interval(measure, drawn)), rows=measure.rows)
                for metric, measure in column.measures.items()
            },
        )
        for column in columns
    }
    over_base, over_best = [], []
    for tuned in (column for column in columns if column.role == "tuned"):
        rivals = [column for column in columns if column.role != "tuned" and column.group == tuned.group]
        for metric in COMPARED:
            if metric not in tuned.measures:
                continue
            over_base += [_differ(metric, tuned, other, drawn) for other in rivals if other.role == "base"]
            if best := _best(metric, rivals, systems):
                over_best.append(_differ(metric, tuned, best, drawn))
    return Table(name, of_set, drawn.shape[1], systems, tuple(over_base), tuple(over_best))


def losses(tables: Sequence[Table]) -> list[Loss]:
    """Return every metric in which a tuned model is behind the best baseline, the certain ones first."""
    behind = [
        Loss(**vars(one), set=table.set, table=table.table)
        for table in tables
        for one in table.tuned_minus_best_baseline
        if one.value is not None and one.value < 0
    ]
    return sorted(behind, key=lambda loss: not loss.certain)


def _best(metric: str, rivals: Sequence[Column], systems: Mapping[str, SystemFigures]) -> Column | None:
    sign = _sign(metric)
    found = []
    for column in rivals:
        at = systems[column.name].figures[metric].value if metric in column.measures else None
        if at is not None:
            found.append((sign * at, column))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _differ(metric: str, one: Column, other: Column, drawn: Draws) -> Difference:
    ours, theirs = one.measures[metric], other.measures.get(metric)
    gain, rows = Interval(None, None, None), 0
    if theirs is not None:
        gain, rows = interval_of_difference(ours, theirs, drawn), min(ours.rows, theirs.rows)
    low, high = gain.low, gain.high
    certain = rows >= LEAST_ROWS and low is not None and high is not None and (low > 0 or high < 0)
    if _sign(metric) < 0 and gain.value is not None and low is not None and high is not None:
        gain = Interval(-gain.value, -high, -low)
    return Difference(metric, one.group, one.name, other.name, **vars(gain), rows=rows, certain=certain)


def _sign(metric: str) -> int:
    return -1 if DEFINITIONS[metric].better == "lower" else 1

"""Tables of figures: ways of replying side by side over the same rows, and how they differ.

table = table_of("epqa", "whole assistant", columns, drawn)
table.rows()            # for report.json
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assistant.evaluation.bootstrap import Draws, Interval, Measure, interval, interval_of_difference
from assistant.evaluation.scoring import DEFINITIONS

Role = Literal["tuned", "base", "baseline"]

# What a loss is looked for in. Copies are quick, never refuse and always quote: no news.
COMPARED = (
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
    """One way of replying with its measures; columns of one `group` are given the same passages."""

    name: str
    role: Role
    group: str
    measures: Mapping[str, Measure]


@dataclass(frozen=True)
class Difference:
    """`of` minus `minus` in one metric over the same rows; `gain` turns it so that above 0 is better."""

    metric: str
    group: str
    of: str
    minus: str
    gain: Interval
    rows: int  # that take part

    @property
    def is_certain(self) -> bool:
        """Say whether the interval leaves 0 out, over rows enough to tell."""
        low, high = self.gain.low, self.gain.high
        return self.rows >= LEAST_ROWS and low is not None and high is not None and (low > 0 or high < 0)

    def to_row(self) -> dict[str, Any]:
        """Give the difference as JSON."""
        named = {"metric": self.metric, "group": self.group, "of": self.of, "minus": self.minus}
        return named | vars(self.gain) | {"rows": self.rows, "certain": self.is_certain}


@dataclass(frozen=True)
class Table:
    """All ways of one set at one level."""

    name: str
    of_set: str
    questions: int
    columns: tuple[Column, ...]
    figures: dict[str, dict[str, tuple[Interval, int]]]  # column → metric → interval, rows that take part
    over_base: tuple[Difference, ...]  # tuned − base
    over_best: tuple[Difference, ...]  # tuned − best baseline, the base among them

    def to_row(self) -> dict[str, Any]:
        """Give the table as JSON."""
        return {
            "table": self.name,
            "set": self.of_set,
            "questions": self.questions,
            "ways": {
                column.name: {
                    "role": column.role,
                    "group": column.group,
                    "figures": {
                        metric: vars(found) | {"rows": rows}
                        for metric, (found, rows) in self.figures[column.name].items()
                    },
                }
                for column in self.columns
            },
            "tuned_minus_base": [one.to_row() for one in self.over_base],
            "tuned_minus_best_baseline": [one.to_row() for one in self.over_best],
        }


def table_of(name: str, of_set: str, columns: Sequence[Column], drawn: Draws) -> Table:
    """Work out intervals and differences; `drawn` are the same rows for all columns."""
    figures = {
        column.name: {metric: (interval(measure, drawn), measure.rows) for metric, measure in column.measures.items()}
        for column in columns
    }
    over_base, over_best = [], []
    for tuned in (column for column in columns if column.role == "tuned"):
        rivals = [column for column in columns if column.role != "tuned" and column.group == tuned.group]
        for metric in COMPARED:
            if metric not in tuned.measures:
                continue
            over_base += [_differ(metric, tuned, other, drawn) for other in rivals if other.role == "base"]
            if best := _best(metric, rivals, figures):
                over_best.append(_differ(metric, tuned, best, drawn))
    return Table(name, of_set, drawn.shape[1], tuple(columns), figures, tuple(over_base), tuple(over_best))


def losses(tables: Sequence[Table]) -> list[tuple[Table, Difference]]:
    """Give every metric in which a tuned model is behind the best baseline, the certain ones first."""
    behind = [
        (table, one) for table in tables for one in table.over_best if one.gain.value is not None and one.gain.value < 0
    ]
    return sorted(behind, key=lambda pair: not pair[1].is_certain)


def _best(
    metric: str, rivals: Sequence[Column], figures: Mapping[str, Mapping[str, tuple[Interval, int]]]
) -> Column | None:
    sign = _sign(metric)
    found = []
    for column in rivals:
        at = figures[column.name][metric][0].value if metric in column.measures else None
        if at is not None:
            found.append((sign * at, column))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _differ(metric: str, one: Column, other: Column, drawn: Draws) -> Difference:
    ours, theirs = one.measures[metric], other.measures.get(metric)
    if theirs is None:
        return Difference(metric, one.group, one.name, other.name, Interval(None, None, None), 0)
    found = interval_of_difference(ours, theirs, drawn)
    if _sign(metric) < 0 and found.value is not None and found.low is not None and found.high is not None:
        found = Interval(-found.value, -found.high, -found.low)
    return Difference(metric, one.group, one.name, other.name, found, min(ours.rows, theirs.rows))


def _sign(metric: str) -> int:
    return -1 if DEFINITIONS[metric].better == "lower" else 1

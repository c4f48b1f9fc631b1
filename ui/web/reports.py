"""The reports in a home, as the page shows them: read whole and verified, or refused in one line.

for folder in report_folders(home):
    report = read_report(folder)
worst_first(report.tables[0], "embedded")[0].question
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant.evaluation.report import REPORT, SAMPLES
from index.artefacts import MANIFEST, Manifest, open_verified
from index.errors import ArtefactError

RESOLVER = "resolver"  # the folder whose maker is `titlewise evaluate resolver`
SLICE = "slice"  # the role of a column that is a kind of question, not a way of replying


@dataclass(frozen=True)
class Figure:
    """A figure with the ends of its interval; None where no row took part."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Column:
    """A column of a table: a way of replying (tuned, base or baseline), or a slice of the resolver's questions."""

    name: str
    role: str
    group: str  # ways of one group are given the same passages
    figures: dict[str, Figure]


@dataclass(frozen=True)
class Said:
    """What one way replied, and its score: higher is better."""

    way: str
    role: str
    score: float
    text: str


@dataclass(frozen=True)
class Sample:
    """A question about a product, what would be right ("not stated" where that is nothing), and what was replied."""

    question: str  # "" where a description was asked for
    title: str
    expected: tuple[str, ...]
    said: dict[str, Said]


@dataclass(frozen=True)
class Sought:
    """A question to the resolver: the title it meant, what came first, and at which place the title was.

    Places count from 0; -1 is none.
    """

    kind: str  # the slice
    question: str
    meant: str
    decision: str
    probability: float
    place: int
    titles: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Figures by column over the same questions, and the questions."""

    name: str
    of_set: str
    questions: int
    columns: tuple[Column, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Loss:
    """A figure in which the tuned model is behind the best baseline, and whether that may be chance."""

    of_set: str
    table: str
    figure: str
    way: str
    baseline: str
    behind: float
    certain: bool


@dataclass(frozen=True)
class Bin:
    """Questions of about one probability: the one said, the share that was right, how many they are."""

    said: float
    right: float
    count: int


@dataclass(frozen=True)
class Absence:
    """How well titles that are in an index are told from those that are not."""

    present: int  # titles indexed, and as many asked about that are not
    auroc: float
    absent_found: float  # share
    calibration: float  # error over both
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Report:
    """One report; on answers it has losses and samples in its tables, on the resolver `sought` and `absence`."""

    made_at: datetime
    command: str  # "" where the report does not know it
    backend: str  # "" on the resolver
    adapters: tuple[str, ...]
    version: str
    titles: dict[str, str]  # of figures, as far as they have one
    meanings: dict[str, str]  # of figures
    tables: tuple[Table, ...]
    losses: tuple[Loss, ...] = ()
    missing: tuple[str, ...] = ()  # question sets that were not measured, and why
    sought: tuple[Sought, ...] = ()  # the worst of a slice first
    absence: Absence | None = None  # where the catalogue was too small to halve


def report_folders(home: Path) -> list[Path]:
    """List the reports' folders, newest first."""
    made = [path for path in (home / "reports").glob("[!.]*") if (path / MANIFEST).is_file()]
    return sorted(made, key=lambda path: (path / MANIFEST).stat().st_mtime, reverse=True)


def read_report(folder: Path) -> Report:
    """Verify and read a report of either kind.

    Raises `ArtefactError` where it is damaged.
    """
    return open_verified(folder, "report", _load)


def judged_ways(table: Table) -> list[str]:
    """Name the ways that samples can be ordered by: the tuned ones, or the base where none is tuned."""
    for role in ("tuned", "base"):
        if names := [column.name for column in table.columns if column.role == role]:
            return names
    return []


def worst_first(table: Table, way: str) -> list[Sample]:
    """Give the samples that a way replied to, by its own score."""
    return sorted((sample for sample in table.samples if way in sample.said), key=lambda one: one.said[way].score)


def beside(table: Table, way: str) -> list[str]:
    """Name the way, and before it the base that was given the same passages."""
    group = next(column.group for column in table.columns if column.name == way)
    base = [column.name for column in table.columns if (column.role, column.group) == ("base", group)]
    return list(dict.fromkeys([*base, way]))


def _load(folder: Path, _: Manifest) -> Report:
    path = folder / REPORT
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        rows = [json.loads(line) for line in (folder / SAMPLES).read_text(encoding="utf-8").splitlines()]
        # Reports did not always tell when they were made.
        made_at = report.get("made_at") or datetime.fromtimestamp(path.stat().st_mtime).astimezone().isoformat()
        made = (datetime.fromisoformat(made_at).astimezone(), report.get("command", ""))
        return _on_titles(report, rows, *made) if "slices" in report else _on_answers(report, rows, *made)
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise ArtefactError(
            f"{path} is none that this version reads", "a report", f"titlewise evaluate {folder.name}"
        ) from exc


def _on_answers(
    report: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], made_at: datetime, command: str
) -> Report:
    tables = []
    for one in report["tables"]:
        columns = tuple(
            Column(name, way["role"], way["group"], _figures(way["figures"])) for name, way in one["ways"].items()
        )
        own = [row for row in rows if (row["table"], row["set"]) == (one["table"], one["set"])]
        roles = {column.name: column.role for column in columns}
        samples = tuple(_sample(row, roles) for row in own)
        tables.append(Table(one["table"], one["set"], one["questions"], columns, samples))
    return Report(
        made_at,
        command,
        report["backend"],
        tuple(adapter["name"] for adapter in report["adapters"]),
        report["versions"]["titlewise"],
        {name: one["title"] for name, one in report["definitions"].items()},
        {name: one["says"] for name, one in report["definitions"].items()},
        tuple(tables),
        losses=tuple(
            Loss(one["set"], one["table"], one["metric"], one["of"], one["minus"], -one["value"], one["certain"])
            for one in report["losses"]
        ),
        missing=tuple(f"{one['name']}: {one['missing']}" for one in report["sets"] if one["missing"]),
    )


def _sample(row: Mapping[str, Any], roles: Mapping[str, str]) -> Sample:
    said = {way: Said(way, roles[way], float(reply["score"]), reply["text"]) for way, reply in row["replies"].items()}
    return Sample(row.get("question", ""), row["title"], tuple(row["references"]), said)


def _on_titles(report: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], made_at: datetime, command: str) -> Report:
    columns = tuple(Column(name, SLICE, "", _figures(one["figures"])) for name, one in report["slices"].items())
    questions = sum(one["questions"] for one in report["slices"].values())
    return Report(
        made_at,
        command,
        "",
        (),
        report["versions"]["titlewise"],
        {},
        dict(report["definitions"]),
        (Table("", "", questions, columns, ()),),
        sought=tuple(
            Sought(
                row["slice"],
                row["question"],
                row["meant"],
                row["decision"],
                row["probability"],
                row["place"],
                tuple(row["titles"]),
            )
            for row in rows
        ),
        absence=_absence(report["absence"]) if report["absence"] else None,
    )


def _absence(absence: Mapping[str, Any]) -> Absence:
    bins = tuple(Bin(one["said"], one["right"], one["count"]) for one in absence["reliability"])
    return Absence(absence["present"], absence["auroc"], absence["absent_found"], absence["calibration"], bins)


def _figures(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure]:
    return {name: Figure(one["value"], one["low"], one["high"]) for name, one in figures.items()}

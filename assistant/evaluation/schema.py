"""What a report holds: `report.json`, a sample a line in `samples.jsonl`, and the page for people.

Written and read back by the same types; their fields are named as in the files.

    write_report(folder, report, samples, answers_page(report, samples))
    read_report(folder).samples[0].title
"""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from assistant.evaluation.bootstrap import Interval
from assistant.evaluation.comparison import Loss, Table
from assistant.evaluation.predict import Prediction
from assistant.evaluation.resolver.metrics import Bin
from assistant.evaluation.scoring import Definition
from assistant.prompt import PromptFormat

REPORT, SAMPLES, PAGE = "report.json", "samples.jsonl", "report.html"


@dataclass(frozen=True)
class Plan:
    """How much is asked; the defaults take about a quarter of an hour on two cores."""

    questions: int = 160  # of each set, put to the whole assistant
    grid_questions: int = 24  # of those, put to the bare model in every way
    titles: int = 8
    resamples: int = 1000
    seed: int = 0

    def limited(self, limit: int) -> "Plan":
        """Return a plan with `limit` questions a set; grid and titles, dearer by the row, only shrink."""
        return Plan(limit, min(limit, self.grid_questions), min(limit, self.titles), self.resamples, self.seed)


@dataclass(frozen=True)
class ResolverPlan:
    """How much is asked: so many questions of each slice, and an index of half of so many products."""

    questions: int = 300
    products: int = 20_000
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Report:
    """What every report says of its making; reports did not always tell when they were made, and by which command."""

    made_at: str = ""
    command: str = ""


@dataclass(frozen=True)
class AdapterUsed:
    """An adapter that was measured."""

    name: str
    prompt_format: PromptFormat
    made_by: dict[str, Any]


@dataclass(frozen=True)
class SetCounts:
    """How many questions a set has; none where `missing` says why."""

    name: str
    source: str
    questions: int
    answerable: int
    yes: int
    no: int
    left_out: dict[str, int]
    missing: str


@dataclass(frozen=True, kw_only=True)
class AnswersReport(Report):
    """The report on a model's answers."""

    backend: str
    adapters: tuple[AdapterUsed, ...]
    plan: Plan
    versions: dict[str, str]
    machine: dict[str, Any]
    bleu_signature: str
    ways: dict[str, str]
    definitions: dict[str, Definition]
    sets: tuple[SetCounts, ...]
    tables: tuple[Table, ...]
    losses: tuple[Loss, ...]


@dataclass(frozen=True)
class ScoredPrediction(Prediction):
    """A prediction with its own score: ROUGE-L, or whether it refuses where only that is right.

    `claim_right` says whether what it claims, or would claim below the limit, is right.
    """

    score: float = 0.0
    claim_right: bool = False


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A question of a table with every system's prediction; None is what a title to describe does not have."""

    table: str
    set: str
    uid: str
    title: str
    question: str | None = None
    gold: tuple[str, ...] | None = None
    references: tuple[str, ...]
    label: str | None = None
    polarity: str | None = None
    replies: dict[str, ScoredPrediction]


@dataclass(frozen=True)
class Slice:
    """The figures of one kind of question about titles."""

    questions: int
    figures: dict[str, Interval]


@dataclass(frozen=True)
class Absence:
    """How well titles that are in an index are told from those that are not."""

    present: int  # titles indexed, and as many asked about that are not
    auroc: float
    absent_found: float  # share
    calibration: float  # error over both
    reliability: tuple[Bin, ...]


@dataclass(frozen=True, kw_only=True)
class ResolverReport(Report):
    """The report on the resolver; `absence` is empty where the catalogue was too small to halve."""

    titles: int
    plan: ResolverPlan
    versions: dict[str, str]
    machine: dict[str, Any]
    definitions: dict[str, str]
    slices: dict[str, Slice]
    absence: Absence | dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True)
class TitleSample:
    """A question to the resolver: the title it meant, what came first, and at which place the title was.

    Places count from 0; -1 is none.
    """

    slice: str
    question: str
    meant: str
    decision: str
    probability: float
    place: int
    titles: tuple[str, ...]


@dataclass(frozen=True)
class ScoredReply:
    """What was asked, what was replied, and how that scores by some of the figures, each in [0, 1]."""

    question: str
    kind: str
    text: str
    uids: tuple[str, ...]
    scores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ShoppingReport(Report):
    """The figures, each with how many it is a share of and its interval."""

    products: int
    assistant: str
    versions: dict[str, str]
    machine: dict[str, Any]
    definitions: dict[str, str]
    figures: dict[str, Interval]
    counts: dict[str, int]


@dataclass(frozen=True)
class SavedAnswers:
    """A report on answers as it was read, with its samples."""

    made_at: datetime
    report: AnswersReport
    samples: list[Sample]


@dataclass(frozen=True)
class SavedTitles:
    """A report on the resolver as it was read, with its samples, the worst of a slice first."""

    made_at: datetime
    report: ResolverReport
    samples: list[TitleSample]


@dataclass(frozen=True)
class SavedTalks:
    """A report on the shopping talk as it was read, with everything that was replied, in the order of the rows."""

    made_at: datetime
    report: ShoppingReport
    samples: list[ScoredReply]

    @property
    def failed(self) -> list[ScoredReply]:
        """Return the replies that are not right by each of their figures, the worst first."""
        failed = [one for one in self.samples if any(score < 1 for score in one.scores.values())]
        return sorted(failed, key=lambda one: sum(one.scores.values()) / len(one.scores))


def as_json(report: AnswersReport | ResolverReport) -> dict[str, Any]:
    """Return what `report.json` holds."""
    content: dict[str, Any] = TypeAdapter(type(report)).dump_python(report, by_alias=True)
    return content


def write_report(
    folder: Path, report: dict[str, Any], samples: Sequence[Sample] | Sequence[TitleSample], page: str
) -> None:
    """Write the three files of a report: figures, samples by line, and the page for people."""
    rows = ({key: value for key, value in asdict(sample).items() if value is not None} for sample in samples)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / SAMPLES).write_text(lines, encoding="utf-8")
    (folder / PAGE).write_text(page, encoding="utf-8")


def read_report(folder: Path) -> SavedAnswers | SavedTitles | SavedTalks:
    """Read a report of any kind, and its samples.

    Raises `ValueError` where a file holds anything else.
    """
    path = folder / REPORT
    report: AnswersReport | ResolverReport | ShoppingReport
    report = TypeAdapter(AnswersReport | ResolverReport | ShoppingReport).validate_json(path.read_bytes())
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    made_at = (datetime.fromisoformat(report.made_at) if report.made_at else written_at).astimezone()
    samples = b"[" + b",".join((folder / SAMPLES).read_bytes().splitlines()) + b"]"
    if isinstance(report, AnswersReport):
        return SavedAnswers(made_at, report, TypeAdapter(list[Sample]).validate_json(samples))
    if isinstance(report, ShoppingReport):
        return SavedTalks(made_at, report, TypeAdapter(list[ScoredReply]).validate_json(samples))
    return SavedTitles(made_at, report, TypeAdapter(list[TitleSample]).validate_json(samples))


def judged_systems(table: Table) -> list[str]:
    """Return the systems that samples can be ordered by: the tuned ones, or the base where none is tuned."""
    for role in ("tuned", "base"):
        if names := [name for name, system in table.systems.items() if system.role == role]:
            return names
    return []


def worst_first(samples: Sequence[Sample], table: Table, system: str) -> list[Sample]:
    """Return the samples of a table that a system replied to, by its own score."""
    own = [one for one in samples if (one.table, one.set) == (table.table, table.set) and system in one.replies]
    return sorted(own, key=lambda one: one.replies[system].score)


def made_now(command: str) -> dict[str, str]:
    """Return what a report says of its making: when, and by which command."""
    return {"made_at": datetime.now(UTC).isoformat(timespec="seconds"), "command": command}


def versions_of(*packages: str) -> dict[str, str]:
    """Return the versions of packages, and of Python."""
    return {name: version(name) for name in packages} | {"python": platform.python_version()}


def this_machine() -> dict[str, Any]:
    """Return what figures of time depend on."""
    return {"system": platform.platform(), "cores": os.cpu_count()}

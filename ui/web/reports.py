"""The reports in a home, as the page shows them: read whole and verified, or refused in one line.

for folder in report_folders(home):
    saved = read_saved(folder)
beside(saved.report.tables[0], "embedded")
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.bootstrap import Interval
from assistant.evaluation.comparison import Table
from assistant.evaluation.schema import (
    REPORT,
    AnswersReport,
    ResolverReport,
    SavedAnswers,
    SavedTalks,
    SavedTitles,
    read_report,
)
from index.artefacts import MANIFEST, Manifest, open_verified
from index.errors import ArtefactError

# What makes a report, after `titlewise evaluate`, by its folder; "answers" makes those of any other name.
MAKERS = {"resolver": ("resolver",), "shopping": ("shopping", "FILE")}
SLICE = "slice"  # the role of a column that is a kind of question, not a system


@dataclass(frozen=True)
class Column:
    """A column of figures: a system (tuned, base or baseline), or a slice of the resolver's questions."""

    name: str
    role: str
    figures: Mapping[str, Interval]


def report_folders(home: Path) -> list[Path]:
    """List the folders of the reports that the page shows, newest first."""
    made = [path for path in (home / "reports").glob("[!.]*") if (path / MANIFEST).is_file()]
    return sorted(made, key=lambda path: (path / MANIFEST).stat().st_mtime, reverse=True)


def maker_of(folder: Path) -> tuple[str, ...]:
    """Return what makes a report, after `titlewise evaluate`."""
    return MAKERS.get(folder.name, ("answers",))


def read_saved(folder: Path) -> SavedAnswers | SavedTitles | SavedTalks:
    """Verify and read a report of any kind.

    Raises `ArtefactError` where it is damaged.
    """
    return open_verified(folder, "report", _load)


def columns_of(report: AnswersReport | ResolverReport, number: int = 0) -> list[Column]:
    """Return the columns of a report's table by its number; the resolver has one."""
    if isinstance(report, ResolverReport):
        return [Column(name, SLICE, one.figures) for name, one in report.slices.items()]
    return [Column(name, one.role, one.figures) for name, one in report.tables[number].systems.items()]


def beside(table: Table, system: str) -> list[str]:
    """Return the system, and before it the base that was given the same passages."""
    group = table.systems[system].group
    base = [name for name, each in table.systems.items() if (each.role, each.group) == ("base", group)]
    return list(dict.fromkeys([*base, system]))


def _load(folder: Path, _: Manifest) -> SavedAnswers | SavedTitles | SavedTalks:
    try:
        return read_report(folder)
    except ValueError as exc:
        raise ArtefactError(
            f"{folder / REPORT} is none that this version reads",
            "a report",
            f"titlewise evaluate {' '.join(maker_of(folder))}",
        ) from exc

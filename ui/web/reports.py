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
from assistant.evaluation.schema import REPORT, AnswersReport, ResolverReport, SavedAnswers, SavedTitles, read_report
from index.artefacts import MANIFEST, Manifest, open_verified
from index.errors import ArtefactError

RESOLVER = "resolver"  # the folder whose maker is `titlewise evaluate resolver`
SHOPPING = "shopping"  # that of `titlewise evaluate shopping`, which has a page of its own alone
SLICE = "slice"  # the role of a column that is a kind of question, not a system


@dataclass(frozen=True)
class Column:
    """A column of figures: a system (tuned, base or baseline), or a slice of the resolver's questions."""

    name: str
    role: str
    figures: Mapping[str, Interval]


def report_folders(home: Path) -> list[Path]:
    """List the folders of the reports that the page shows, newest first."""
    folders = (path for path in (home / "reports").glob("[!.]*") if path.name != SHOPPING)
    made = [path for path in folders if (path / MANIFEST).is_file()]
    return sorted(made, key=lambda path: (path / MANIFEST).stat().st_mtime, reverse=True)


def read_saved(folder: Path) -> SavedAnswers | SavedTitles:
    """Verify and read a report of either kind.

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


def _load(folder: Path, _: Manifest) -> SavedAnswers | SavedTitles:
    try:
        return read_report(folder)
    except ValueError as exc:
        raise ArtefactError(
            f"{folder / REPORT} is none that this version reads", "a report", f"titlewise evaluate {folder.name}"
        ) from exc

"""What preparing a catalogue did: every row of the source is accounted for.

`write_report` leaves it as `report.json` for programs and `report.md` for people.

    report.rows_in == report.kept + report.merged + report.left_out + report.joined + sum(report.rejected.values())
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.catalogue.sources.source import Recognised

REPORT_JSON = "report.json"
REPORT_MD = "report.md"


@dataclass(frozen=True)
class Report:
    """The account of one preparation."""

    source: str
    recognised: list[Recognised]  # each source: format, encoding, columns
    passed_over: list[str]  # in a folder: what is no source
    rows_in: int  # lines that are not blank
    kept: int
    rejected: dict[str, int]  # by reason, commonest first
    merged: int  # exact duplicates under another uid
    joined: int  # rows of variants, which are part of their product's
    left_out: int  # by --sample
    without_description: int  # of those kept
    unread: int  # descriptions that could not be read; their products are kept without
    clusters: int
    largest_cluster: int
    train: int
    validation: int
    lengths: dict[str, dict[str, int]]  # quantiles, of those kept
    seconds: float  # not written down: the same source gives the same artefact, byte for byte

    @property
    def rows_per_s(self) -> float:
        """Return the speed, in rows of the source."""
        return self.rows_in / self.seconds

    def to_row(self) -> dict[str, Any]:
        """Return the report as JSON, without what differs from run to run."""
        row = asdict(self)
        del row["seconds"]
        return row

    def to_markdown(self) -> str:
        """Return the report for people."""
        share = 1 / max(self.rows_in, 1)
        counts = [
            ("rows in", self.rows_in),
            ("kept", self.kept),
            ("merged (the same title and content under another uid)", self.merged),
            *([("joined to their product (variants)", self.joined)] if self.joined else []),
            ("left out by sampling", self.left_out),
            *((f"rejected: {reason}", count) for reason, count in self.rejected.items()),
        ]
        lines = [f"# Catalogue from {self.source}", "", *self._recognised_lines(), ""]
        lines += ["| rows | count | share |", "|---|---:|---:|"]
        lines += [f"| {name} | {count:,} | {count * share:.1%} |" for name, count in counts]
        lines += [
            "",
            f"{self.without_description:,} of the products kept have no usable description: "
            "they can be found, but are not trained on.",
            *([f"Of {self.unread:,} products the description could not be read."] if self.unread else []),
            "",
            f"{self.clusters:,} clusters of near-duplicates, the largest of {self.largest_cluster:,}; "
            f"{self.train:,} products for training, {self.validation:,} for validation.",
            "",
        ]
        quantiles = list(next(iter(self.lengths.values())))
        lines += [f"| length | {' | '.join(quantiles)} |", "|---|" + "---:|" * len(quantiles)]
        lines += [
            f"| {name} | {' | '.join(f'{value:,}' for value in row.values())} |" for name, row in self.lengths.items()
        ]
        lines += [
            "",
            "Samples of what was rejected are in `rejected.jsonl`." if self.rejected else "Nothing was rejected.",
        ]
        return "\n".join(lines) + "\n"

    def _recognised_lines(self) -> list[str]:
        lines = ["| source | read as | uid | title | content | further identifiers | not used |", "|---" * 7 + "|"]
        for row in self.recognised:
            several = map(", ".join, (row.content, row.ids, row.unused))
            cells = (row.name, row.kind, row.uid, row.title, *several)
            lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
        return lines + [f"\nPassed over: {', '.join(self.passed_over)}."] * bool(self.passed_over)


def write_report(report: Report, folder: Path) -> None:
    """Write `report.json` and `report.md` into a folder."""
    (folder / REPORT_JSON).write_text(
        json.dumps(report.to_row(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (folder / REPORT_MD).write_text(report.to_markdown(), encoding="utf-8")

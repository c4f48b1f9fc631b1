"""The reports' pages: self-contained HTML that can do nothing, from the templates beside this module.

Titles, questions and replies come from strangers: every text is escaped, and a long one is cut.

    answers_page(report, samples)       # from what `report.json` and `samples.jsonl` hold
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

PLOTTED = ("rouge_l", "yes_no", "no_recalled", "not_stated_recall", "answered", "bleu")
MOST_CHARACTERS = 600  # of a text that are shown
SAMPLES_SHOWN = 12  # of the best, and of the worst, of each table
SLICE_SAMPLES_SHOWN = 8  # of each slice, the worst first

Row = Mapping[str, Any]


def answers_page(report: Row, samples: Sequence[Row]) -> str:
    """Return the whole page of a report on answers."""
    return templates().get_template("answers.html").render(report=report, samples=samples, plotted=PLOTTED)


def resolver_page(report: Row, samples: Sequence[Row]) -> str:
    """Return the whole page of a report on the resolver."""
    return templates().get_template("resolver.html").render(report=report, samples=samples, shown=SLICE_SAMPLES_SHOWN)


def templates() -> Environment:
    """Return the templates of the pages; all that they print is escaped and cut."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cut,
    )
    environment.filters |= {"extremes": _extremes, "numbered": _numbered}
    return environment


def _cut(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    text = str(value)
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + " …"


def _numbered(passages: Sequence[str]) -> str:
    return " ".join(f"[{number}] {text}" for number, text in enumerate(passages, 1))


def _extremes(table: Row, samples: Sequence[Row]) -> tuple[str, list[tuple[str, list[Row]]]]:
    """Return the system that is judged, the tuned one or else the base, and its worst and its best samples."""
    systems = table["ways"].items()
    judged = next((name for role in ("tuned", "base") for name, each in systems if each["role"] == role), "")
    own = [row for row in samples if (row["table"], row["set"]) == (table["table"], table["set"])]
    known = sorted((row for row in own if judged in row["replies"]), key=lambda row: row["replies"][judged]["score"])
    worst = known[:SAMPLES_SHOWN]
    best = [row for row in known[::-1][:SAMPLES_SHOWN] if row not in worst]
    return judged, [("worst first", worst), ("best first", best)]

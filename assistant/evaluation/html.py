"""The reports' pages: self-contained HTML that can do nothing, from the templates beside this module.

Titles, questions and replies come from strangers: every text is escaped, and a long one is cut.

    answers_page(report, samples)       # from what `report.json` and `samples.jsonl` hold
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from assistant.evaluation.comparison import Table
from assistant.evaluation.schema import (
    AnswersReport,
    ResolverReport,
    Sample,
    ScoredReply,
    ShoppingReport,
    TitleSample,
    judged_systems,
    worst_first,
)

PLOTTED = ("right", "misled", "rouge_l", "yes_no", "no_recalled", "not_stated_recall", "answered", "bleu")
MOST_CHARACTERS = 600  # of a text that are shown
SAMPLES_SHOWN = 12  # of the best, and of the worst, of each table
SLICE_SAMPLES_SHOWN = 8  # of each slice, the worst first


@dataclass(frozen=True)
class RiskAt:
    """A point of a risk–coverage curve, all in [0, 1]: the limit that makes so many claims, and the share wrong."""

    coverage: float
    limit: float
    risk: float


def answers_page(report: AnswersReport, samples: Sequence[Sample]) -> str:
    """Return the whole page of a report on answers."""
    return _page("answers.html", report, samples, plotted=PLOTTED, most=SAMPLES_SHOWN)


def resolver_page(report: ResolverReport, samples: Sequence[TitleSample]) -> str:
    """Return the whole page of a report on the resolver."""
    return _page("resolver.html", report, samples, most=SLICE_SAMPLES_SHOWN)


def shopping_page(report: ShoppingReport, replies: Sequence[ScoredReply]) -> str:
    """Return the whole page of a report on the shopping talk."""
    facts = {**report.versions, **report.machine}
    return templates().get_template("shopping.html").render(report=report, samples=replies, facts=facts)


def templates() -> Environment:
    """Return the templates of the pages; all that they print is escaped and cut."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cut,
    )
    environment.filters |= {"judged": judged_systems, "worst_first": worst_first, "numbered": _numbered}
    environment.globals["risk_coverage"] = risk_coverage
    return environment


def _page(name: str, report: AnswersReport | ResolverReport, samples: Sequence[Any], **values: Any) -> str:
    facts = {**asdict(report.plan), **report.versions, **report.machine}
    return templates().get_template(name).render(report=report, samples=samples, facts=facts, **values)


def risk_coverage(samples: Sequence[Sample], table: Table) -> dict[str, list[RiskAt]]:
    """Return, by system, how many claims are wrong among the surest tenth of the questions, fifth, and so on.

    Only of systems that judge; a claim counts whether the limit lets it be made or not.
    """
    curves = {}
    for name in table.systems:
        replies = [
            (sample.replies[name].confidence or 0.0, sample.replies[name].claim_right)
            for sample in samples
            if (sample.table, sample.set) == (table.table, table.set) and name in sample.replies
            if sample.replies[name].confidence is not None
        ]
        surest = sorted(replies, key=lambda reply: -reply[0])
        points = []
        for tenth in range(1, 11):
            claimed = surest[: round(len(surest) * tenth / 10)]
            if claimed:
                wrong = sum(not right for _, right in claimed)
                points.append(RiskAt(tenth / 10, claimed[-1][0], wrong / len(claimed)))
        if points:
            curves[name] = points
    return curves


def _cut(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    text = str(value)
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + " …"


def _numbered(passages: Sequence[str]) -> str:
    return " ".join(f"[{number}] {text}" for number, text in enumerate(passages, 1))

"""The report on a model's answers: all sets, all ways, figures with intervals, samples, and where it loses.

Published whole as an artefact of kind "report": `report.json`, `samples.jsonl`, `report.html`.

    report = evaluate_answers(sets, titles, backend, home / "reports" / "answers", Plan(), progress=Progress)
    for line in summary_lines(report):
        print(line)
"""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assistant.backends.base import Backend
from assistant.evaluation.comparison import Table, losses
from assistant.evaluation.html import answers_page
from assistant.evaluation.predict import DESCRIPTION_WORDS
from assistant.evaluation.questions import Asked, Titled
from assistant.evaluation.run import WHOLE, Bench, Measured, Plan, measure_descriptions, measure_set
from assistant.evaluation.scoring import DEFINITIONS, Meter
from index.artefacts import publish
from index.progress import Progress

REPORT, SAMPLES, PAGE = "report.json", "samples.jsonl", "report.html"
# What the terminal shows: the figures that decide, by a short title.
SUMMARY = {
    "rouge_l": "ROUGE-L",
    "yes_no": "yes/no",
    "no_recalled": "no",
    "not_stated_recall": "not stated",
    "answered": "answered",
    "ended": "ended",
    "latency_p50": "ms p50",
}
WAYS = {
    "whole assistant": "the product is given, everything else is the assistant's: passages, scorer, model, checks",
    "bare model": "the prompt goes straight to the model; nothing is checked, a refusal is a text that says so",
    "no · gold · retrieved · wrong": "the passages shown: none; those that people marked as answering (answerable "
    "questions only); those that the assistant chooses; those of another product, where only a refusal is right",
    "scorers alone": "no model: the small scorers decide whether to answer, yes or no, and quote the best passage",
    "print the best sentence": "a copy of the passage that the assistant ranks first",
    "print the gold sentence": "a copy of the first passage that people marked as answering",
    "print the description": f"a copy of the first {DESCRIPTION_WORDS} words of the description",
    "few-shot, zero-shot": "the base model with worked examples in its prompt, or with the instruction alone",
    "intervals": "95 of 100 resamples of the questions, the same resamples for all ways (paired bootstrap)",
}
_NAME = 26  # characters of a name in the terminal
_VERSIONS = ("titlewise", "evaluate", "rouge-score", "sacrebleu", "xllamacpp")


@dataclass(frozen=True)
class QuestionSet:
    """Questions of one source; none where `missing` says why."""

    name: str
    source: str
    questions: tuple[Asked, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    missing: str = ""


def evaluate_answers(
    sets: Sequence[QuestionSet],
    titles: Sequence[Titled],
    backend: Backend,
    folder: Path,
    plan: Plan,
    *,
    command: str = "",
    progress: type[Progress] = Progress,
) -> dict[str, Any]:
    """Ask everything, measure, publish the report in `folder`, and give what `report.json` holds.

    `command` is the line that asked for it, kept in the report.

    Raises `BackendError`; `ArtefactError` where `folder` holds something else.
    """
    bench = Bench(backend, Meter(), plan, progress)
    measured: list[Measured] = []
    for one in sets:
        if one.questions:
            measured += measure_set(one.name, one.questions, bench)
    if titles:
        measured.append(measure_descriptions(titles, bench))
    samples = [row for one in measured for row in one.samples]
    report = made_now(command) | _report(sets, [one.table for one in measured], bench)
    made_by = {key: report[key] for key in ("backend", "adapters", "plan", "versions")}
    with publish(folder, kind="report", made_by=made_by) as scratch:
        write_report(scratch, report, samples, answers_page(report, samples))
    return report


def write_report(folder: Path, report: dict[str, Any], samples: Sequence[dict[str, Any]], page: str) -> None:
    """Write the three files of a report: figures, samples by line, and the page for people."""
    rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in samples)
    (folder / REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / SAMPLES).write_text(rows, encoding="utf-8")
    (folder / PAGE).write_text(page, encoding="utf-8")


def made_now(command: str) -> dict[str, str]:
    """Give what a report says of its making: when, and by which command."""
    return {"made_at": datetime.now(UTC).isoformat(timespec="seconds"), "command": command}


def summary_lines(report: dict[str, Any]) -> list[str]:
    """Give the deciding figures of the whole assistant as a table for a terminal, then where it loses."""
    lines = []
    for table in report["tables"]:
        if table["table"] == WHOLE:
            lines.append(f"{table['set']}: {table['questions']} questions, {table['table']}")
            lines.append(f"  {'':{_NAME}}" + "".join(f"{title:>12}" for title in SUMMARY.values()))
            for name, way in table["ways"].items():
                figures = "".join(f"{_shown(way['figures'].get(one)):>12}" for one in SUMMARY)
                lines.append(f"  {name[:_NAME]:{_NAME}}{figures}")
    lines += [f"{one['name']}: {one['missing']}" for one in report["sets"] if one["missing"]]
    for loss in report["losses"]:
        if loss["certain"]:
            title = DEFINITIONS[loss["metric"]].title
            lines.append(f"{loss['of']} loses to {loss['minus']} in {title} on {loss['set']} by {-loss['value']:.3f}")
    return lines


def _shown(figure: dict[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return "-"
    return f"{figure['value']:,.0f}" if figure["value"] > 10 else f"{figure['value']:.3f}"


def _report(sets: Sequence[QuestionSet], tables: Sequence[Table], bench: Bench) -> dict[str, Any]:
    return {
        "backend": bench.backend.name,
        "adapters": [
            {"name": adapter.name, "prompt_format": asdict(adapter.prompt_format), "made_by": adapter.made_by}
            for adapter in bench.backend.adapters
        ],
        "plan": asdict(bench.plan),
        "versions": {name: version(name) for name in _VERSIONS} | {"python": platform.python_version()},
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        "bleu_signature": bench.meter.signature(),
        "ways": WAYS,
        "definitions": {name: asdict(definition) for name, definition in DEFINITIONS.items()},
        "sets": [
            {
                "name": one.name,
                "source": one.source,
                "questions": len(one.questions),
                "answerable": sum(asked.label == "answerable" for asked in one.questions),
                "yes": sum(asked.polarity == "yes" for asked in one.questions),
                "no": sum(asked.polarity == "no" for asked in one.questions),
                "left_out": dict(one.left_out),
                "missing": one.missing,
            }
            for one in sets
        ],
        "tables": [table.to_row() for table in tables],
        "losses": [{"set": table.of_set, "table": table.name, **one.to_row()} for table, one in losses(tables)],
    }

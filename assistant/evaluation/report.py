"""The report on a model's answers: all sets, all systems, figures with intervals, samples, and where it loses.

Published whole as an artefact of kind "report": `report.json`, `samples.jsonl`, `report.html`.

    report = evaluate_answers(sets, titles, Run(backend, Plan()), home / "reports" / "answers")
    for line in summary_lines(report):
        print(line)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.bootstrap import Interval
from assistant.evaluation.comparison import Table, losses
from assistant.evaluation.html import answers_page
from assistant.evaluation.predict import DESCRIPTION_WORDS
from assistant.evaluation.questions import DescriptionExample, QAExample
from assistant.evaluation.run import DESCRIBED, WHOLE, Measured, Run, measure_descriptions, measure_set
from assistant.evaluation.schema import (
    AdapterUsed,
    AnswersReport,
    SetCounts,
    as_json,
    made_now,
    this_machine,
    versions_of,
    write_report,
)
from assistant.evaluation.scoring import DEFINITIONS
from index.artefacts import publish

# What the terminal shows: the figures that decide, by a short title.
SUMMARY = {
    "right": "right",
    "misled": "misled",
    "rouge_l": "ROUGE-L",
    "yes_no": "yes/no",
    "no_recalled": "no",
    "not_stated_recall": "not stated",
    "answered": "answered",
    "ended": "ended",
    "latency_p50": "ms p50",
}
SUMMARIES = {
    WHOLE: SUMMARY,
    DESCRIBED: {"bleu": "BLEU", "rouge_1": "ROUGE-1", "rouge_2": "ROUGE-2", "rouge_l": "ROUGE-L"},
}
WAYS = {
    "whole assistant": "the product is given, everything else is the assistant's: passages, scorer, model, checks",
    "bare model": "the prompt goes straight to the model; nothing is checked, a refusal is a text that says so",
    "no · gold · retrieved · wrong": "the passages shown: none; those that people marked as answering (answerable "
    "questions only); those that the assistant chooses; those of another product, where only a refusal is right",
    "judge alone, quoting": "no model: the judge decides whether to answer, yes or no, and quotes the best passage",
    "quoting": "what is judged is said, with the passage instead of the model's words",
    "no judge": "the model reads the passages that share most words with the question, and its own text decides",
    "print the best sentence": "a copy of the passage that the assistant ranks first",
    "print the gold sentence": "a copy of the first passage that people marked as answering",
    "print the description": f"a copy of the first {DESCRIPTION_WORDS} words of the description",
    "few-shot, zero-shot": "the base model with worked examples in its prompt, or with the instruction alone",
    "intervals": "95 of 100 resamples of the questions, the same resamples for all ways (paired bootstrap)",
}
_NAME = 26  # characters of a name in the terminal
_PACKAGES = ("titlewise", "evaluate", "rouge-score", "sacrebleu", "xllamacpp")


@dataclass(frozen=True)
class QuestionSet:
    """Questions of one source; none where `missing` says why."""

    name: str
    source: str
    questions: tuple[QAExample, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    missing: str = ""

    def counts(self) -> SetCounts:
        """Return what the report says of the set."""
        return SetCounts(
            self.name,
            self.source,
            len(self.questions),
            sum(one.label == "answerable" for one in self.questions),
            sum(one.polarity == "yes" for one in self.questions),
            sum(one.polarity == "no" for one in self.questions),
            dict(self.left_out),
            self.missing,
        )


def evaluate_answers(
    sets: Sequence[QuestionSet], titles: Sequence[DescriptionExample], run: Run, folder: Path, *, command: str = ""
) -> AnswersReport:
    """Ask everything, measure, publish the report in `folder`, and return it.

    `command` is the line that asked for it, kept in the report.

    Raises `BackendError`; `ArtefactError` where `folder` holds something else.
    """
    measured: list[Measured] = []
    for one in sets:
        if one.questions:
            measured += measure_set(one.name, one.questions, run)
    if titles:
        measured.append(measure_descriptions(titles, run))
    samples = [sample for one in measured for sample in one.samples]
    report = _report(sets, tuple(one.table for one in measured), run, command)
    content = as_json(report)
    made_by = {key: content[key] for key in ("backend", "adapters", "plan", "versions")}
    with publish(folder, kind="report", made_by=made_by) as scratch:
        write_report(scratch, content, samples, answers_page(report, samples))
    return report


def summary_lines(report: AnswersReport) -> list[str]:
    """Return the deciding figures of assistant and descriptions as tables for a terminal, then where they lose."""
    lines = []
    for table in report.tables:
        if summary := SUMMARIES.get(table.table):
            lines.append(f"{table.set}: {table.questions} questions, {table.table}")
            lines.append(f"  {'':{_NAME}}" + "".join(f"{title:>12}" for title in summary.values()))
            for name, system in table.systems.items():
                figures = "".join(f"{_shown(system.figures.get(one)):>12}" for one in summary)
                lines.append(f"  {name[:_NAME]:{_NAME}}{figures}")
    lines += [f"{one.name}: {one.missing}" for one in report.sets if one.missing]
    for loss in report.losses:
        if loss.certain and loss.value is not None:
            title = DEFINITIONS[loss.metric].title
            lines.append(f"{loss.of} loses to {loss.minus} in {title} on {loss.set} by {-loss.value:.3f}")
    return lines


def _shown(figure: Interval | None) -> str:
    if figure is None or figure.value is None:
        return "-"
    return f"{figure.value:,.0f}" if figure.value > 10 else f"{figure.value:.3f}"


def _report(sets: Sequence[QuestionSet], tables: tuple[Table, ...], run: Run, command: str) -> AnswersReport:
    return AnswersReport(
        **made_now(command),
        backend=run.backend.name,
        adapters=tuple(AdapterUsed(one.name, one.prompt_format, one.made_by) for one in run.backend.adapters),
        plan=run.plan,
        versions=versions_of(*_PACKAGES),
        machine=this_machine(),
        bleu_signature=run.scorer.signature(),
        ways=WAYS,
        definitions=DEFINITIONS,
        sets=tuple(one.counts() for one in sets),
        tables=tables,
        losses=tuple(losses(tables)),
    )

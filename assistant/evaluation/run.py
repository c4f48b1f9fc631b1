"""What is asked of a model, and of which systems: the whole assistant, the grid of the bare model, descriptions.

Each gives one table of figures and, a line a question, what every system replied.

    run = Run(backend, Plan())
    measured = measure_set("epqa", examples, run)
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from assistant.backends.base import Backend, SamplingParams
from assistant.describe import MAX_NEW_TOKENS, TEMPERATURE, TOP_P
from assistant.evaluation.bootstrap import Ratio, draws
from assistant.evaluation.comparison import Column, Role, Table, table_of
from assistant.evaluation.predict import (
    DISTRACTORS,
    Context,
    IndexedProducts,
    Prediction,
    System,
    generate,
    open_index,
    predict,
)
from assistant.evaluation.questions import DescriptionExample, QAExample, some
from assistant.evaluation.schema import Plan, Sample, ScoredPrediction
from assistant.evaluation.scoring import Scorer, claim_is_right
from assistant.phrases import language_of
from assistant.prompt import DescribeFormat, PromptFormat, describe_prompt
from index.progress import Progress

WHOLE, GRID, DESCRIBED = "whole assistant", "bare model, given passages", "title to description"

_ZERO_SHOT = PromptFormat(answer="plain")
_CONTEXTS: tuple[Context, ...] = ("no", "gold", "retrieved", DISTRACTORS)
_FORMS: tuple[DescribeFormat, ...] = ("chat", "alpaca-pt", "inst")

Predictions = Mapping[str, Sequence[Prediction | None]]  # by system


@dataclass(frozen=True)
class Run:
    """Who is evaluated, and how."""

    backend: Backend
    plan: Plan
    progress: type[Progress] = Progress
    scorer: Scorer = field(default_factory=Scorer)


@dataclass(frozen=True)
class Measured:
    """One table, and its samples."""

    table: Table
    samples: list[Sample]


def measure_set(name: str, examples: Sequence[QAExample], run: Run) -> list[Measured]:
    """Put a set's questions to the whole assistant, and fewer of them to the bare model in every context.

    The base model always answers, and each adapter that the backend has loaded. Raises `BackendError`.
    """
    sampled = some(examples, run.plan.questions, run.plan.seed)
    few = some(sampled, run.plan.grid_questions, run.plan.seed)
    with open_index(sampled, run.progress) as products:
        return [
            _measure((WHOLE, name), _whole_systems(run.backend), sampled, products, run),
            _measure((GRID, name), _grid_systems(run.backend), few, products, run),
        ]


def measure_descriptions(examples: Sequence[DescriptionExample], run: Run) -> Measured:
    """Compare before and after as the task was first set: a title in, the catalogue's own description as reference.

    The base model writes in the forms that the adapters were trained on, in all where there is no adapter.
    """
    sampled = some(examples, run.plan.titles, run.plan.seed)
    trained = tuple(dict.fromkeys(adapter.prompt_format.describe for adapter in run.backend.adapters))
    systems: list[tuple[Role, str, str, DescribeFormat]] = [
        ("base", f"base, {form}", "", form) for form in trained or _FORMS
    ]
    for one in run.backend.adapters:
        systems.append(("tuned", f"{one.name}, {one.prompt_format.describe}", one.name, one.prompt_format.describe))
    predictions: dict[str, list[Prediction | None]] = {name: [] for _, name, _, _ in systems}
    with run.progress(DESCRIBED, len(systems) * len(sampled), unit="texts") as bar:
        for _, name, adapter, form in systems:
            params = SamplingParams(MAX_NEW_TOKENS, TEMPERATURE, TOP_P, run.plan.seed)
            for example in sampled:
                prompt = describe_prompt(example.title, language_of(example.title), PromptFormat(describe=form))
                predictions[name].append(generate(prompt, params, run.backend, adapter))
                bar.update()
    columns = [
        Column(name, role, form, run.scorer.of_descriptions(sampled, predictions[name]))
        for role, name, _, form in systems
    ]
    facts = [{"uid": one.uid, "title": one.title, "references": (one.content,)} for one in sampled]
    return _measured((DESCRIBED, "titles"), columns, facts, predictions, run.plan)


def _whole_systems(backend: Backend) -> list[tuple[Role, System]]:
    """Return the assistant with and without adapter, judge and wording, and what copies the text."""
    adapters = [adapter.name for adapter in backend.adapters]
    systems: list[tuple[Role, System]] = [("base", System("base", "whole"))]
    systems += [("tuned", System(name, "whole", name)) for name in adapters]
    systems += [("baseline", System("judge alone, quoting", "judged sentence"))]
    systems += [("tuned", System(f"{name}, quoting", "judged sentence", name)) for name in adapters]
    for name in ("", *adapters):
        role: Role = "tuned" if name else "base"
        called = f"{name or 'base'}, no judge"
        systems.append((role, System(called, "unjudged", name, rivals="no judge")))
        systems.append((role, System(f"{called}, quoting", "unjudged sentence", name, rivals="no judge, quoting")))
    return [
        *systems,
        ("baseline", System("print the best sentence", "best sentence")),
        ("baseline", System("print the description", "description")),
    ]


def _grid_systems(backend: Backend) -> list[tuple[Role, System]]:
    systems: list[tuple[Role, System]] = []
    for context in _CONTEXTS:
        systems.append(("base", System(f"base, few-shot · {context}", "bare", context=context)))
        for adapter in backend.adapters:
            name = f"{adapter.name} · {context}"
            systems.append(("tuned", System(name, "bare", adapter.name, adapter.prompt_format, context)))
        if context in ("gold", "retrieved"):
            systems.append(("baseline", System(f"base, zero-shot · {context}", "bare", "", _ZERO_SHOT, context)))
    return [
        *systems,
        ("baseline", System("print the gold sentence · gold", "gold sentence", context="gold")),
        ("baseline", System("print the best sentence · retrieved", "best sentence")),
        ("baseline", System("print the description · retrieved", "description")),
    ]


def _measure(
    names: tuple[str, str],
    systems: Sequence[tuple[Role, System]],
    examples: Sequence[QAExample],
    products: IndexedProducts,
    run: Run,
) -> Measured:
    """Return the table and samples of some systems; `names` are those of table and set."""
    predictions = {system.name: predict(system, examples, products, run.backend, run.progress) for _, system in systems}
    columns = []
    for role, system in systems:
        measures = run.scorer.of_answers(examples, predictions[system.name], distractors=system.context == DISTRACTORS)
        columns.append(Column(system.name, role, system.rivals or system.context, measures))
    facts = [{key: value for key, value in asdict(one).items() if key != "content"} for one in examples]
    return _measured(names, columns, facts, predictions, run.plan)


def _measured(
    names: tuple[str, str],
    columns: Sequence[Column],
    facts: Sequence[Mapping[str, Any]],
    predictions: Predictions,
    plan: Plan,
) -> Measured:
    table = table_of(*names, columns, draws(len(facts), plan.resamples, plan.seed))
    samples = []
    for place, fact in enumerate(facts):
        replies = {}
        for column in columns:
            prediction = predictions[column.name][place]
            if prediction is not None:
                answerable = fact.get("label") != "not_stated" and column.group != DISTRACTORS
                score = _score(column, place) if answerable else float(prediction.refused)
                truth = fact.get("label"), fact.get("polarity"), fact.get("gold") or ()
                replies[column.name] = ScoredPrediction(
                    **vars(prediction), score=round(score, 4), claim_right=claim_is_right(*truth, prediction)
                )
        samples.append(Sample(table=table.table, set=table.set, **fact, replies=replies))
    return Measured(table, samples)


def _score(column: Column, place: int) -> float:
    """Return a row's own ROUGE-L."""
    measure = column.measures["rouge_l"]
    return float(measure.parts[place]) if isinstance(measure, Ratio) else 0.0

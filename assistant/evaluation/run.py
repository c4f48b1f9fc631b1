"""What is asked of a model, and in which ways: the whole assistant, the grid of the bare model, descriptions.

Each gives one table of figures and, a line a question, what every way replied.

    bench = Bench(backend, Meter(), Plan(), Progress)
    measured = measure_set("epqa", questions, bench)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.backends.base import Backend, SamplingParams
from assistant.describe import MAX_NEW_TOKENS, TEMPERATURE, TOP_P
from assistant.evaluation.bootstrap import Ratio, draws
from assistant.evaluation.comparison import Column, Role, Table, table_of
from assistant.evaluation.predict import Said, Shop, Shown, Way, generate, open_shop, say
from assistant.evaluation.questions import Asked, Titled, some
from assistant.evaluation.scoring import Meter
from assistant.phrases import language_of
from assistant.prompt import DescribeFormat, PromptFormat, describe_prompt
from index.progress import Progress

WHOLE, GRID, DESCRIBED = "whole assistant", "bare model, given passages", "title to description"

_ZERO_SHOT = PromptFormat(answer="plain")
_PASSAGES: tuple[Shown, ...] = ("no", "gold", "retrieved", "wrong")
_FORMS: tuple[DescribeFormat, ...] = ("chat", "alpaca-pt", "inst")


@dataclass(frozen=True)
class Plan:
    """How much is asked; the defaults take about a quarter of an hour on two cores."""

    questions: int = 160  # of each set, put to the whole assistant
    grid_questions: int = 24  # of those, put to the bare model in every way
    titles: int = 8
    resamples: int = 1000
    seed: int = 0

    def limited(self, limit: int) -> "Plan":
        """Give a plan with `limit` questions a set; grid and titles, dearer by the row, only shrink."""
        return Plan(limit, min(limit, self.grid_questions), min(limit, self.titles), self.resamples, self.seed)


@dataclass(frozen=True)
class Bench:
    """Who is measured, and how."""

    backend: Backend
    meter: Meter
    plan: Plan
    progress: type[Progress] = Progress


@dataclass(frozen=True)
class Measured:
    """One table, and its samples as JSON rows."""

    table: Table
    samples: list[dict[str, Any]]


def measure_set(name: str, questions: Sequence[Asked], bench: Bench) -> list[Measured]:
    """Put a set's questions to the whole assistant, and fewer of them to the bare model in every way.

    The base model always answers, and each adapter that the backend has loaded. Raises `BackendError`.
    """
    chosen = some(questions, bench.plan.questions, bench.plan.seed)
    few = some(chosen, bench.plan.grid_questions, bench.plan.seed)
    with open_shop(chosen, bench.progress) as shop:
        return [
            _measure(WHOLE, name, _whole_ways(bench.backend), chosen, shop, bench),
            _measure(GRID, name, _grid_ways(bench.backend), few, shop, bench),
        ]


def measure_descriptions(titles: Sequence[Titled], bench: Bench) -> Measured:
    """Compare before and after as the task was first set: a title in, the catalogue's own description as reference.

    The base model writes in the forms that the adapters were taught, in all where there is no adapter.
    """
    chosen = some(titles, bench.plan.titles, bench.plan.seed)
    taught = tuple(dict.fromkeys(adapter.prompt_format.describe for adapter in bench.backend.adapters))
    ways: list[tuple[Role, str, str, DescribeFormat]] = [
        ("base", f"base, {form}", "", form) for form in taught or _FORMS
    ]
    for one in bench.backend.adapters:
        ways.append(("tuned", f"{one.name}, {one.prompt_format.describe}", one.name, one.prompt_format.describe))
    said: dict[str, list[Said | None]] = {name: [] for _, name, _, _ in ways}
    with bench.progress(DESCRIBED, len(ways) * len(chosen), unit="texts") as bar:
        for _, name, adapter, form in ways:
            params = SamplingParams(MAX_NEW_TOKENS, TEMPERATURE, TOP_P, bench.plan.seed)
            for titled in chosen:
                prompt = describe_prompt(titled.title, language_of(titled.title), PromptFormat(describe=form))
                said[name].append(generate(prompt, params, bench.backend, adapter))
                bar.update()
    columns = [
        Column(name, role, form, bench.meter.of_descriptions(chosen, said[name])) for role, name, _, form in ways
    ]
    table = table_of(DESCRIBED, "titles", columns, draws(len(chosen), bench.plan.resamples, bench.plan.seed))
    facts = [{"uid": one.uid, "title": one.title, "references": [one.content]} for one in chosen]
    return Measured(table, list(_samples(table, facts, said)))


def _whole_ways(backend: Backend) -> list[tuple[Role, Way]]:
    ways: list[tuple[Role, Way]] = [("base", Way("base", "whole"))]
    ways += [("tuned", Way(adapter.name, "whole", adapter.name)) for adapter in backend.adapters]
    return [
        *ways,
        ("baseline", Way("scorers alone", "judged sentence")),
        ("baseline", Way("print the best sentence", "best sentence")),
        ("baseline", Way("print the description", "description")),
    ]


def _grid_ways(backend: Backend) -> list[tuple[Role, Way]]:
    ways: list[tuple[Role, Way]] = []
    for shown in _PASSAGES:
        ways.append(("base", Way(f"base, few-shot · {shown}", "bare", shown=shown)))
        for adapter in backend.adapters:
            ways.append(("tuned", Way(f"{adapter.name} · {shown}", "bare", adapter.name, adapter.prompt_format, shown)))
        if shown in ("gold", "retrieved"):
            ways.append(("baseline", Way(f"base, zero-shot · {shown}", "bare", "", _ZERO_SHOT, shown)))
    return [
        *ways,
        ("baseline", Way("print the gold sentence · gold", "gold sentence", shown="gold")),
        ("baseline", Way("print the best sentence · retrieved", "best sentence")),
        ("baseline", Way("print the description · retrieved", "description")),
    ]


def _measure(
    table_name: str,
    name: str,
    ways: Sequence[tuple[Role, Way]],
    questions: Sequence[Asked],
    shop: Shop,
    bench: Bench,
) -> Measured:
    said = {way.name: say(way, questions, shop, bench.backend, bench.progress) for _, way in ways}
    columns = [
        Column(
            way.name, role, way.shown, bench.meter.of_answers(questions, said[way.name], foreign=way.shown == "wrong")
        )
        for role, way in ways
    ]
    table = table_of(table_name, name, columns, draws(len(questions), bench.plan.resamples, bench.plan.seed))
    facts = [{key: value for key, value in asdict(one).items() if key != "content"} for one in questions]
    return Measured(table, list(_samples(table, facts, said)))


def _samples(
    table: Table, facts: Sequence[Mapping[str, Any]], said: Mapping[str, Sequence[Said | None]]
) -> Iterator[dict[str, Any]]:
    for place, fact in enumerate(facts):
        replies = {}
        for column in table.columns:
            reply = said[column.name][place]
            if reply is not None:
                answerable = fact.get("label") != "not_stated" and column.group != "wrong"
                score = _score(column, place) if answerable else float(reply.refused)
                replies[column.name] = asdict(reply) | {"score": round(score, 4)}
        yield {"table": table.name, "set": table.of_set, **fact, "replies": replies}


def _score(column: Column, place: int) -> float:
    """Give a row's own ROUGE-L."""
    measure = column.measures["rouge_l"]
    return float(measure.parts[place]) if isinstance(measure, Ratio) else 0.0

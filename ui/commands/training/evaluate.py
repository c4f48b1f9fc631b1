"""`titlewise evaluate resolver`, `answers` and `shopping`: measure, print a short table, write a report."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, Group, option, positional
from ui.commands.options import EngineOptions, positive
from ui.commands.training.question_sets import (
    SETS,
    TITLES,
    catalogue_or_reason,
    own_questions,
    question_set,
    titles_to_describe,
)


def set_names(given: str) -> tuple[str, ...]:
    """Return the names of question sets, as --sets has them."""
    names = tuple(given.split(","))
    unknown = [name for name in names if name not in SETS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is none of {', '.join(SETS)}")
    return names


@dataclass(frozen=True)
class ResolverOptions:
    home: Path
    command_line: str
    pairs: Annotated[Path | None, option('ask these too: {"question", "uid"}, one a line', type=Path, metavar="FILE")]
    limit: Annotated[int, option("questions a slice (%(default)s)", type=positive, default=300, metavar="N")]
    seed: Annotated[int, option("of the questions (%(default)s)", type=int, default=0)]


@dataclass(frozen=True)
class AnswersOptions:
    home: Path
    command_line: str
    sets: Annotated[
        tuple[str, ...],
        option(f"which questions, of {','.join(SETS)} (all)", type=set_names, default=SETS, metavar="NAMES"),
    ]
    limit: Annotated[int | None, option("N questions of each set at most (160)", type=positive, metavar="N")]
    grid: Annotated[int | None, option("N of them put to the bare model in every way (24)", type=positive, metavar="N")]
    titles: Annotated[int | None, option("N titles to describe (8)", type=positive, metavar="N")]
    questions: Annotated[Path | None, option("ask these question rows too: docs/dataset.md", type=Path, metavar="FILE")]
    seed: Annotated[int, option("of the choice and the intervals (%(default)s)", type=int, default=0)]
    engine: EngineOptions


@dataclass(frozen=True)
class ShoppingOptions:
    home: Path
    command_line: str
    files: Annotated[
        list[Path],
        positional("what is said and how it is to be replied: docs/shopping.md", nargs="+", type=Path, metavar="FILE"),
    ]
    engine: EngineOptions


def run_resolver(options: ResolverOptions) -> None:
    from assistant.evaluation.predict import IndexedProducts
    from assistant.evaluation.resolver.report import evaluate_resolver, read_pairs, resolver_lines
    from assistant.evaluation.schema import PAGE, ResolverPlan
    from assistant.open import open_catalogue
    from index.progress import Progress

    catalogue, index = open_catalogue(options.home)
    pairs = read_pairs(options.pairs, catalogue) if options.pairs else []
    folder = options.home / "reports" / "resolver"
    plan = ResolverPlan(options.limit, seed=options.seed)
    products = IndexedProducts(catalogue, index)
    report = evaluate_resolver(products, pairs, folder, plan, command=options.command_line, progress=Progress)
    for line in resolver_lines(report):
        print(line)
    print(f"The report is {folder / PAGE}.")


def run_answers(options: AnswersOptions) -> None:
    from assistant.evaluation.report import evaluate_answers, summary_lines
    from assistant.evaluation.run import Run
    from assistant.evaluation.schema import PAGE, Plan
    from assistant.open import open_backend
    from index.progress import Progress

    plan = Plan(seed=options.seed)
    plan = plan.limited(options.limit) if options.limit else plan
    plan = replace(plan, grid_questions=options.grid or plan.grid_questions, titles=options.titles or plan.titles)
    catalogue, reason = catalogue_or_reason(options.home)
    sets = [question_set(name, options.home, catalogue, reason, plan) for name in options.sets]
    sets += [own_questions(options.questions)] if options.questions else []
    titles = titles_to_describe(catalogue, plan.titles, options.seed) if TITLES in options.sets else []
    backend = open_backend(options.home, options.engine.engine())
    folder = options.home / "reports" / "answers"
    try:
        run = Run(backend, plan, Progress)
        report = evaluate_answers(sets, titles, run, folder, command=options.command_line)
    finally:
        backend.close()
    for line in summary_lines(report):
        print(line)
    print(f"The report is {folder / PAGE}.")


def run_shopping(options: ShoppingOptions) -> None:
    from assistant.evaluation.schema import PAGE
    from assistant.evaluation.shopping import evaluate_shopping, read_rows, shopping_lines
    from assistant.open import open_assistant
    from index.progress import Progress

    rows = read_rows(options.files)
    folder = options.home / "reports" / "shopping"
    with open_assistant(options.home, options.engine.engine()) as assistant:
        report = evaluate_shopping(rows, assistant, folder, command=options.command_line, progress=Progress)
    for line in shopping_lines(report):
        print(line)
    print(f"The report is {folder / PAGE}.")


RESOLVER = Command(
    "resolver",
    "measure how well the title index finds what is meant",
    ResolverOptions,
    run_resolver,
    needs="evaluate",
)
ANSWERS = Command(
    "answers",
    "measure how well a model answers, and with its adapter",
    AnswersOptions,
    run_answers,
    needs="evaluate",
)
SHOPPING = Command("shopping", "measure needs, comparisons and talks", ShoppingOptions, run_shopping, needs="evaluate")
COMMAND = Group("evaluate", "measure, and report it", (RESOLVER, ANSWERS, SHOPPING), metavar="WHAT")

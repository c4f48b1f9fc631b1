"""`titlewise evaluate …`: gathers questions whose answers are known, measures, prints a short table.

Libraries are imported by the function that needs them.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import ArtefactError
from ui.commands.catalogue_commands import engine_of

if TYPE_CHECKING:
    from assistant.evaluation.questions import Titled
    from assistant.evaluation.report import QuestionSet
    from assistant.evaluation.run import Plan
    from index.catalogue.store import Catalogue

GENERATED, TITLES = "generated", "titles"
FILES = {"epqa": "epqa_heldout.jsonl", "hetpqa": "hetpqa_dev.jsonl"}  # in HOME/questions
MADE_FOR_EACH = 4  # examples for each question wanted: later turns and descriptions are no questions
NAMELESS = "The product"  # of a question row without a title
SETS = (GENERATED, *FILES, TITLES)


def run_evaluate_answers(chosen: argparse.Namespace) -> None:
    """Measure the answers of a model, with and without its adapter."""
    from assistant.evaluation.report import PAGE, evaluate_answers, summary_lines
    from assistant.evaluation.run import Plan
    from assistant.open import open_backend
    from index.progress import Progress

    plan = Plan(seed=chosen.seed)
    plan = plan.limited(chosen.limit) if chosen.limit else plan
    plan = replace(plan, grid_questions=chosen.grid or plan.grid_questions, titles=chosen.titles or plan.titles)
    catalogue, why = _catalogue(chosen.home)
    sets = [_question_set(name, chosen.home, catalogue, why, plan) for name in chosen.sets]
    sets += [_own_questions(chosen.questions)] if chosen.questions else []
    titles = _titles(catalogue, plan.titles, chosen.seed) if TITLES in chosen.sets else []
    backend = open_backend(chosen.home, engine_of(chosen))
    folder = chosen.home / "reports" / "answers"
    try:
        report = evaluate_answers(sets, titles, backend, folder, plan, command=chosen.line, progress=Progress)
    finally:
        backend.close()
    for line in summary_lines(report):
        print(line)
    print(f"The report is {folder / PAGE}.")


def run_evaluate_resolver(chosen: argparse.Namespace) -> None:
    """Measure how well titles are found."""
    from assistant.evaluation.report import PAGE
    from assistant.evaluation.resolver.report import ResolverPlan, evaluate_resolver, read_pairs, resolver_lines
    from assistant.open import open_catalogue
    from index.progress import Progress

    catalogue, index = open_catalogue(chosen.home)
    pairs = read_pairs(chosen.pairs, catalogue) if chosen.pairs else []
    folder = chosen.home / "reports" / "resolver"
    plan = ResolverPlan(chosen.limit, seed=chosen.seed)
    report = evaluate_resolver(catalogue, index, pairs, folder, plan, command=chosen.line, progress=Progress)
    for line in resolver_lines(report):
        print(line)
    print(f"The report is {folder / PAGE}.")


def set_names(text: str) -> tuple[str, ...]:
    """Read the names of question sets, as --sets has them."""
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in SETS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is none of {', '.join(SETS)}")
    return names


def _catalogue(home: Path) -> "tuple[Catalogue | None, str]":
    """Open the catalogue, or say why not: public questions are measured without one."""
    from index.catalogue.store import Catalogue

    try:
        return Catalogue.load(home / "catalogue"), ""
    except ArtefactError as fault:
        return None, str(fault)


def _question_set(name: str, home: Path, catalogue: "Catalogue | None", why: str, plan: "Plan") -> "QuestionSet":
    from assistant.evaluation.questions import read_questions
    from assistant.evaluation.report import QuestionSet

    if name in (GENERATED, TITLES):
        if catalogue is None:
            return QuestionSet(name, "the catalogue", missing=f"not measured: {why}")
        return _generated(catalogue, plan) if name == GENERATED else QuestionSet(name, "the catalogue")
    path = home / "questions" / FILES[name]
    if not path.is_file():
        missing = f"not measured: there is no {path}; docs/dataset.md says how to get it"
        return QuestionSet(name, str(path), missing=missing)
    questions, left_out = read_questions(path, name)
    return QuestionSet(name, str(path), tuple(questions), tuple(left_out.items()))


def _own_questions(path: Path) -> "QuestionSet":
    """Read a user's own question rows, as those that training reads."""
    from assistant.evaluation.questions import asked_from_passages
    from assistant.evaluation.report import QuestionSet
    from finetune.data.question_files import read_rows

    questions = tuple(
        asked_from_passages(
            f"{path.stem}-{number}",
            row.title or NAMELESS,
            row.question,
            row.passages,
            row.answer + "".join(f" [{place}]" for place in row.cited),
            stated=row.label != "not_stated",
        )
        for number, row in enumerate(read_rows(path), 1)
    )
    return QuestionSet(path.stem, str(path), questions)


def _generated(catalogue: "Catalogue", plan: "Plan") -> "QuestionSet":
    """Make questions from the validation side: templates and products that no training example has."""
    from assistant.evaluation.questions import asked_from_passages
    from assistant.evaluation.report import QuestionSet
    from finetune.data.dataset import build
    from finetune.data.example import Mix
    from index.progress import Progress

    mix = Mix(examples=MADE_FOR_EACH * plan.questions)
    made = build(catalogue, mix, seed=plan.seed, questions=(), side="validation", progress=Progress)
    alone = [example for example in made if example.kind != "describe" and not example.earlier and example.passages]
    questions = tuple(
        asked_from_passages(
            f"{GENERATED}-{number}",
            example.title,
            example.question,
            example.passages,
            example.reply,
            stated=example.kind != "not_stated",
            # What is "not stated" may be so because the passage that tells was taken away.
            content="" if example.kind == "not_stated" else catalogue.find(example.uid).content,
        )
        for number, example in enumerate(alone)
    )
    left_out = (("descriptions and later turns of a talk", len(made) - len(alone)),)
    return QuestionSet(GENERATED, "the catalogue's validation side", questions, left_out)


def _titles(catalogue: "Catalogue | None", limit: int, seed: int) -> "list[Titled]":
    from assistant.evaluation.questions import validation_titles

    return validation_titles(catalogue, limit, seed) if catalogue else []

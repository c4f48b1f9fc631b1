"""The sets of questions whose answers are known, that `titlewise evaluate answers` asks.

catalogue, reason = catalogue_or_reason(home)
questions = question_set("generated", home, catalogue, reason, plan)
"""

from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import ArtefactError

if TYPE_CHECKING:
    from assistant.evaluation.questions import DescriptionExample
    from assistant.evaluation.report import QuestionSet
    from assistant.evaluation.schema import Plan
    from index.catalogue.store import Catalogue

GENERATED, TITLES = "generated", "titles"
FILES = {"epqa": "epqa_heldout.jsonl", "hetpqa": "hetpqa_dev.jsonl"}  # in HOME/questions
MADE_FOR_EACH = 4  # examples for each question wanted: later turns and descriptions are no questions
NAMELESS = "The product"  # of a question row without a title
SETS = (GENERATED, *FILES, TITLES)


def catalogue_or_reason(home: Path) -> "tuple[Catalogue | None, str]":
    """Return the catalogue and "", or None and why: public questions are measured without one."""
    from index.catalogue.store import Catalogue

    try:
        return Catalogue.load(home / "catalogue"), ""
    except ArtefactError as error:
        return None, str(error)


def question_set(name: str, home: Path, catalogue: "Catalogue | None", reason: str, plan: "Plan") -> "QuestionSet":
    """Return the set of a name; `reason` is why there is no catalogue."""
    from assistant.evaluation.questions import read_questions
    from assistant.evaluation.report import QuestionSet

    if name in (GENERATED, TITLES):
        if catalogue is None:
            return QuestionSet(name, "the catalogue", missing=f"not measured: {reason}")
        return _generated(catalogue, plan) if name == GENERATED else QuestionSet(name, "the catalogue")
    path = home / "questions" / FILES[name]
    if not path.is_file():
        missing = f"not measured: there is no {path}; docs/dataset.md says how to get it"
        return QuestionSet(name, str(path), missing=missing)
    questions, left_out = read_questions(path, name)
    return QuestionSet(name, str(path), tuple(questions), tuple(left_out.items()))


def own_questions(path: Path) -> "QuestionSet":
    """Read a user's own question rows, as those that training reads."""
    from assistant.evaluation.questions import qa_example_of_reply
    from assistant.evaluation.report import QuestionSet
    from finetune.data.question_files import read_rows

    questions = tuple(
        qa_example_of_reply(
            f"{path.stem}-{number}",
            row.title or NAMELESS,
            row.question,
            row.passages,
            row.answer + "".join(f" [{place}]" for place in row.cited) if row.label != "not_stated" else None,
        )
        for number, row in enumerate(read_rows(path), 1)
    )
    return QuestionSet(path.stem, str(path), questions)


def _generated(catalogue: "Catalogue", plan: "Plan") -> "QuestionSet":
    """Make questions from the validation side: templates and products that no training example has."""
    from assistant.evaluation.questions import qa_example_of_reply
    from assistant.evaluation.report import QuestionSet
    from finetune.data.dataset import Questions, build
    from finetune.data.example import Mix
    from index.progress import Progress

    mix = Mix(examples=MADE_FOR_EACH * plan.questions)
    made = build(catalogue, mix, seed=plan.seed, questions=Questions(), side="validation", progress=Progress)
    alone = [example for example in made if example.kind != "describe" and not example.earlier and example.passages]
    questions = tuple(
        qa_example_of_reply(
            f"{GENERATED}-{number}",
            example.title,
            example.question,
            example.passages,
            example.reply if example.kind != "not_stated" else None,
            # What is "not stated" may be so because the passage that tells was taken away.
            content="" if example.kind == "not_stated" else catalogue.find(example.uid).content,
        )
        for number, example in enumerate(alone)
    )
    left_out = (("descriptions and later turns of a talk", len(made) - len(alone)),)
    return QuestionSet(GENERATED, "the catalogue's validation side", questions, left_out)


def titles_to_describe(catalogue: "Catalogue | None", limit: int, seed: int) -> "list[DescriptionExample]":
    """Return titles of the catalogue's validation side, none where there is no catalogue."""
    from assistant.evaluation.questions import validation_titles

    return validation_titles(catalogue, limit, seed) if catalogue else []

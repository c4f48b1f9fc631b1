"""The examples that a recipe asks for, as `titlewise finetune` and `titlewise lengths` build them.

examples = build_side(recipe, catalogue, home, "train")
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finetune.data.example import Example, Side
    from finetune.recipe import Recipe
    from index.catalogue.store import Catalogue

MOST_VALIDATION = 400  # examples: eval_loss is steady enough with them, and costs little


def build_side(recipe: "Recipe", catalogue: "Catalogue", home: Path, side: "Side") -> Sequence["Example"]:
    """Build one side of the catalogue; of validation a tenth as many examples as to train on."""
    from assistant.open import judge_of
    from finetune.data.dataset import Questions, build, build_judgements
    from finetune.data.product_pool import PassageSelector

    mix = recipe.data.mix
    if side == "validation":
        mix = replace(mix, examples=max(1, min(MOST_VALIDATION, mix.examples // 10)))
    questions = Questions(
        question_files(recipe, home, side),
        question_files(recipe, home, "train" if side == "validation" else "validation"),
        recipe.data.sources,
        PassageSelector(judge_of(home), recipe.prompt.shows),
    )
    examples = build(catalogue, mix, seed=recipe.training.seed, questions=questions, side=side)
    wanted = recipe.data.judgements if side == "train" else min(MOST_VALIDATION, recipe.data.judgements // 10)
    return [*build_judgements(questions, wanted, seed=recipe.training.seed, side=side), *examples]


def question_files(recipe: "Recipe", home: Path, side: "Side") -> list[Path]:
    """Return the files of real questions of a side: to train on those of the recipe, else those in the home."""
    given = existing([Path(path) for path in recipe.data.questions])
    beside = home / "questions" / f"{side}.jsonl"
    return given if given and side == "train" else [beside] if beside.is_file() else []


def existing(paths: Sequence[Path]) -> list[Path]:
    """Return question files that have to be there.

    Raises `UserError` naming those that are not.
    """
    from index.errors import UserError

    if absent := [str(path) for path in paths if not path.is_file()]:
        raise UserError(
            f"there is no {', '.join(absent)}",
            "question files: those that the recipe names, or those in HOME/questions",
            "edit the recipe, or make them as docs/dataset.md says",
        )
    return list(paths)

"""`titlewise finetune`: an adapter trained on the catalogue, a sweep, or a look at the examples."""

import contextlib
import hashlib
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

from ui.commands.command import Command, option, positional, switch
from ui.commands.options import positive
from ui.commands.training.examples import build_side, existing, question_files

if TYPE_CHECKING:
    from finetune.data.example import Example
    from finetune.recipe import Recipe
    from index.catalogue.store import Catalogue

MOST_CALIBRATED = 1500  # validation questions; some minutes on two cores


@dataclass(frozen=True)
class Options:
    home: Path
    recipe: Annotated[str, positional("one that is shipped, such as embedded, or a TOML file", metavar="RECIPE")]
    resume: Annotated[bool, switch("go on from the newest whole checkpoint", either=True)]
    restart: Annotated[bool, switch("begin anew, and lose a run that is unfinished", either=True)]
    name: Annotated[str, option("of the adapter, in HOME/adapters (the recipe's)", default="")]
    steps: Annotated[int | None, option("stop after N optimiser steps in all", type=positive, metavar="N")]
    show: Annotated[int | None, option("only print N examples as tokens, + with loss", type=positive, metavar="N")]
    sweep: Annotated[
        Path | None, option("train every combination of the values in TOML, and compare", type=Path, metavar="TOML")
    ]


def run(options: Options) -> None:
    from assistant.backends.trial import try_weights
    from assistant.models.named import find
    from finetune.judging.recipe import is_judge_recipe
    from finetune.recipe import read_recipe
    from finetune.training.run import train
    from finetune.training.run_folder import RunOptions
    from index.catalogue.store import Catalogue

    if is_judge_recipe(options.recipe):
        _train_judge(options)
        return
    recipe = read_recipe(options.recipe)
    try_weights(find(recipe.model.base))
    catalogue = Catalogue.load(options.home / "catalogue")
    if options.show:
        _show(build_side(recipe, catalogue, options.home, "train")[: options.show], recipe)
        return
    if options.sweep:
        _sweep(recipe, options.sweep, catalogue, options.home)
        return
    is_first = os.environ.get("RANK", "0") == "0"  # of the processes that `accelerate launch` started
    with contextlib.nullcontext() if is_first else contextlib.redirect_stderr(io.StringIO()):
        examples, validation = _both_sides(recipe, catalogue, options.home)
    outcome = train(
        recipe,
        examples,
        validation,
        options.home,
        RunOptions(options.name, options.resume, options.restart, options.steps),
    )
    if is_first:
        _calibrate(outcome.folder, recipe, options.home)
        print(
            f"The adapter is in {outcome.folder}: {outcome.steps:,} steps, loss {outcome.loss:.3f}, "
            f"eval_loss {outcome.eval_loss:.3f}, {outcome.tokens_per_s:,.0f} tokens/s."
        )


def _calibrate(folder: Path, recipe: "Recipe", home: Path) -> None:
    """Learn how far the adapter is trusted, where there are real questions to learn it by."""
    from assistant.evaluation.questions import some
    from finetune.calibrating import calibrate
    from finetune.data.question_files import read_rows
    from index.errors import UserError

    wanted = recipe.data.calibrated_on
    files = question_files(recipe, home, "validation")
    rows = [row for path in files for row in read_rows(path) if not wanted or row.source in wanted]
    try:
        calibrate(folder, some(rows, MOST_CALIBRATED, recipe.training.seed), home)
    except UserError as error:
        print(f"The adapter is not calibrated, and the judge decides alone: {error}", file=sys.stderr)


def _train_judge(options: Options) -> None:
    """Train what reads the passages, on question files alone."""
    from assistant.evaluation.questions import some
    from finetune.data.question_files import read_rows
    from finetune.judging.recipe import read_judge_recipe
    from finetune.judging.training import train_judge
    from finetune.training.run_folder import RunOptions
    from index.extras import require

    require("judge")
    recipe = read_judge_recipe(options.recipe)
    beside = options.home / "questions"
    files = [Path(path) for path in recipe.judge.questions] or [beside / "train.jsonl"]
    wanted = recipe.judge.calibrated_on
    rows = [row for path in existing(files) for row in read_rows(path)]
    validation = [
        row
        for path in existing([beside / "validation.jsonl"])
        for row in read_rows(path)
        if not wanted or row.source in wanted
    ]
    folder = train_judge(
        recipe,
        rows,
        some(validation, MOST_CALIBRATED, recipe.training.seed),
        options.home,
        RunOptions("", options.resume, options.restart, options.steps),
    )
    print(f"The judge is in {folder}.")


def _sweep(recipe: "Recipe", path: Path, catalogue: "Catalogue", home: Path) -> None:
    """Train every combination and print the table."""
    from finetune.data.example import Side
    from finetune.recipe import to_toml
    from finetune.training.sweep import TABLE, read_variations, sweep, table
    from index.artefacts import sha256_of

    variations = read_variations(path)
    # Trials of another recipe, catalogue or question file are none of this sweep's.
    made_from = [to_toml(recipe), variations.steps, catalogue.digest]
    made_from += [sha256_of(file) for side in get_args(Side) for file in question_files(recipe, home, side)]
    identity = hashlib.sha256(repr(made_from).encode()).hexdigest()[:8]
    folder = home / "sweeps" / f"{recipe.name}-{path.stem}-{identity}"
    trials = sweep(recipe, variations, lambda each: _both_sides(each, catalogue, home), folder)
    print(table(trials) + f"\nThe table is in {folder / TABLE}.")


def _both_sides(
    recipe: "Recipe", catalogue: "Catalogue", home: Path
) -> tuple[Sequence["Example"], Sequence["Example"]]:
    """Build the train side and, where the recipe evaluates, the validation side."""
    examples = build_side(recipe, catalogue, home, "train")
    evaluates = recipe.training.evaluate_every_steps > 0
    return examples, build_side(recipe, catalogue, home, "validation") if evaluates else []


def _show(examples: Sequence["Example"], recipe: "Recipe") -> None:
    """Print examples as tokens with their loss mask."""
    from assistant.models.named import find
    from finetune.training.tokenization import mask_view, row_of, tokenizer_of

    tokenizer = tokenizer_of(find(recipe.model.base))
    for example in examples:
        origin = f"{example.source} {example.template}".strip()
        print(f"{example.kind}, {origin}, {example.uid}, {example.language}")
        print(mask_view(tokenizer, row_of(tokenizer, example, recipe.prompt)) + "\n")


COMMAND = Command("finetune", "train an adapter on the catalogue", Options, run, needs="train")

"""What each command about teaching does, once its arguments are read; as `catalogue_commands` for the others."""

import argparse
import contextlib
import functools
import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

if TYPE_CHECKING:
    from finetune.data.example import Example, Side
    from finetune.recipe import Recipe
    from index.catalogue.store import Catalogue

MOST_DESCRIPTIONS = 2000  # are measured: the shares are steady with fewer
MOST_VALIDATION = 400  # examples: eval_loss is steady enough with them, and costs little


def run_lengths(chosen: argparse.Namespace) -> None:
    """Tell how long examples are in tokens, what a limit cuts, and what it costs in memory."""
    from assistant.models.named import find
    from finetune.recipe import read_recipe
    from finetune.sizing.lengths import LIMITS, cut_share, histogram, measure, table
    from finetune.sizing.memory import memory_estimator
    from finetune.training.tokenization import row_of, tokenizer_of
    from index.catalogue.store import Catalogue

    recipe = read_recipe(chosen.recipe)
    place = find(recipe.model.base)
    tokenizer = tokenizer_of(place)
    catalogue = Catalogue.load(chosen.home / "catalogue")
    told = {
        f"The examples of {recipe.name}": _examples(recipe, catalogue, chosen.home, "train"),
        "Title → description, whole": _whole_descriptions(catalogue, recipe.training.seed),
    }
    tell = functools.cache(memory_estimator(place, recipe))
    for name, examples in told.items():
        if not examples:
            print(f"{name}: none, the catalogue's descriptions hold too little\n")
            continue
        lengths = measure([row_of(tokenizer, example, recipe.prompt) for example in examples])
        print(f"{name}: {len(examples):,}\n\n{table(lengths)}\n\n{histogram(lengths.total)}\n")
        print(f"{'max_length':>10}{'cut':>8}{'memory of one micro-batch of ' + str(recipe.training.micro_batch):>38}")
        for limit in sorted({*LIMITS, lengths.suggested}):
            mark = "  suggested: 99 of 100 stay whole" if limit == lengths.suggested else ""
            print(f"{limit:>10,}{cut_share(lengths.total, limit):>8.1%}{tell(limit).total / 1e9:>35,.1f} GB{mark}")
        print()


def run_export(chosen: argparse.Namespace) -> None:
    """Write an adapter as GGUF, or merged with its model."""
    from assistant.models.adapters import GGUF, WEIGHTS, open_adapter
    from assistant.models.named import find
    from finetune.export import check_export, export_gguf, merge, slim, why_unchecked
    from index.errors import UserError

    adapter = open_adapter(chosen.adapter, chosen.home, None)
    if not (adapter.folder / WEIGHTS).is_file():
        raise UserError(
            f"the adapter {adapter.name} is for llama.cpp alone", f"one with {WEIGHTS}", "titlewise finetune RECIPE"
        )
    place = find(chosen.model or adapter.made_by["base"])
    if chosen.merged:
        merge(adapter, place, chosen.merged)
        print(f"{place.stem} with the adapter {adapter.name} is in {chosen.merged}, in bf16.")
        return
    reason = why_unchecked(place)
    parity = None if reason else check_export(adapter, place)
    adapter = export_gguf(adapter, place)
    written = adapter.folder / GGUF
    print(f"{written} is written: {written.stat().st_size / 1e6:.1f} MB, in fp16.")
    if chosen.slim:
        slim(adapter, chosen.slim)
        print(f"{chosen.slim} holds the adapter for llama.cpp alone.")
    if parity is None:
        print(f"Not compared with PEFT: {reason}.")
        return
    tuned, base = parity
    print(
        f"llama.cpp and PEFT differ by at most {tuned.largest:.2f} in log-probability, without the adapter by "
        f"{base.largest:.2f}; they hold the same token likeliest at {tuned.agreeing} of {tuned.places} places."
    )


def run_finetune(chosen: argparse.Namespace) -> None:
    """Train an adapter on the catalogue; or show what it would be trained on."""
    from finetune.recipe import read_recipe
    from finetune.training.run import RunOptions, train
    from index.catalogue.store import Catalogue

    recipe = read_recipe(chosen.recipe)
    catalogue = Catalogue.load(chosen.home / "catalogue")
    if chosen.show:
        _show(_examples(recipe, catalogue, chosen.home, "train")[: chosen.show], recipe)
        return
    if chosen.sweep:
        _sweep(recipe, chosen.sweep, catalogue, chosen.home)
        return
    is_first = os.environ.get("RANK", "0") == "0"  # of the processes that `accelerate launch` started
    with contextlib.nullcontext() if is_first else contextlib.redirect_stderr(io.StringIO()):
        examples, validation = _both_sides(recipe, catalogue, chosen.home)
    outcome = train(
        recipe,
        examples,
        validation,
        chosen.home,
        RunOptions(chosen.name, chosen.resume, chosen.restart, chosen.steps),
    )
    if is_first:
        print(
            f"The adapter is in {outcome.folder}: {outcome.steps:,} steps, loss {outcome.loss:.3f}, "
            f"eval_loss {outcome.eval_loss:.3f}, {outcome.tokens_per_s:,.0f} tokens/s."
        )


def _sweep(recipe: "Recipe", path: Path, catalogue: "Catalogue", home: Path) -> None:
    """Train every combination and print the table."""
    from finetune.data.example import Side
    from finetune.recipe import to_toml
    from finetune.training.sweep import TABLE, read_variations, sweep, table
    from index.artefacts import sha256_of

    variations = read_variations(path)
    # Trials of another recipe, catalogue or question file are none of this sweep's.
    made_from = [to_toml(recipe), variations.steps, catalogue.digest]
    made_from += [sha256_of(file) for side in get_args(Side) for file in _question_files(recipe, home, side)]
    identity = hashlib.sha256(repr(made_from).encode()).hexdigest()[:8]
    folder = home / "sweeps" / f"{recipe.name}-{path.stem}-{identity}"
    trials = sweep(recipe, variations, lambda each: _both_sides(each, catalogue, home), folder)
    print(table(trials) + f"\nThe table is in {folder / TABLE}.")


def _both_sides(
    recipe: "Recipe", catalogue: "Catalogue", home: Path
) -> tuple[Sequence["Example"], Sequence["Example"]]:
    """Build the train side and, where the recipe evaluates, the validation side."""
    examples = _examples(recipe, catalogue, home, "train")
    evaluates = recipe.training.evaluate_every_steps > 0
    return examples, _examples(recipe, catalogue, home, "validation") if evaluates else []


def _examples(recipe: "Recipe", catalogue: "Catalogue", home: Path, side: "Side") -> Sequence["Example"]:
    """Build one side; of validation a tenth as many as to train on."""
    from finetune.data.dataset import build

    mix = recipe.data.mix
    if side == "validation":
        mix = replace(mix, examples=max(1, min(MOST_VALIDATION, mix.examples // 10)))
    questions = _question_files(recipe, home, side)
    return build(catalogue, mix, seed=recipe.training.seed, questions=questions, side=side)


def _question_files(recipe: "Recipe", home: Path, side: "Side") -> list[Path]:
    """Give the files of real questions of a side: to train on those of the recipe, else those in the home."""
    from index.errors import UserError

    given = [Path(path) for path in recipe.data.questions]
    if absent := [str(path) for path in given if not path.is_file()]:
        raise UserError(
            f"there is no {', '.join(absent)}", "the question files that the recipe names", "edit the recipe"
        )
    beside = home / "questions" / f"{side}.jsonl"
    return given if given and side == "train" else [beside] if beside.is_file() else []


def _whole_descriptions(catalogue: "Catalogue", seed: int) -> Sequence["Example"]:
    """Give titles with their whole descriptions, the task as it was first set."""
    from assistant.evaluation.questions import some
    from assistant.phrases import language_of
    from finetune.data.example import Example

    rows = [int(row) for row in catalogue.column("described").nonzero()[0]]
    return [
        Example("describe", one.title, "", (), one.content, "describe", "", one.uid, language_of(one.title))
        for one in map(catalogue.product, some(rows, MOST_DESCRIPTIONS, seed))
    ]


def _show(examples: Sequence["Example"], recipe: "Recipe") -> None:
    """Print examples as tokens with their loss mask."""
    from assistant.models.named import find
    from finetune.training.tokenization import mask_view, row_of, tokenizer_of

    tokenizer = tokenizer_of(find(recipe.model.base))
    for example in examples:
        origin = f"{example.source} {example.template}".strip()
        print(f"{example.kind}, {origin}, {example.uid}, {example.language}")
        print(mask_view(tokenizer, row_of(tokenizer, example, recipe.prompt)) + "\n")

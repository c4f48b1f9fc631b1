"""`titlewise lengths`: how long examples are in tokens, what a limit cuts, and what it costs in memory."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ui.commands.command import Command, positional
from ui.commands.training.examples import build_side

if TYPE_CHECKING:
    from finetune.data.example import Example
    from index.catalogue.store import Catalogue

MOST_DESCRIPTIONS = 2000  # are measured: the shares are steady with fewer


@dataclass(frozen=True)
class Options:
    home: Path
    recipe: Annotated[
        str,
        positional(
            "one that is shipped, or a TOML file (%(default)s)", nargs="?", default="embedded", metavar="RECIPE"
        ),
    ]


def run(options: Options) -> None:
    from assistant.backends.trial import try_weights
    from assistant.models.named import find
    from finetune.recipe import read_recipe
    from finetune.sizing.lengths import LIMITS, cut_share, histogram, measure, table
    from finetune.sizing.memory import memory_estimator
    from finetune.training.tokenization import row_of, tokenizer_of
    from index.catalogue.store import Catalogue

    recipe = read_recipe(options.recipe)
    place = find(recipe.model.base)
    try_weights(place)
    tokenizer = tokenizer_of(place)
    catalogue = Catalogue.load(options.home / "catalogue")
    groups = {
        f"The examples of {recipe.name}": build_side(recipe, catalogue, options.home, "train"),
        "Title → description, whole": _whole_descriptions(catalogue, recipe.training.seed),
    }
    memory_of = functools.cache(memory_estimator(place, recipe))
    for name, examples in groups.items():
        if not examples:
            print(f"{name}: none, the catalogue's descriptions hold too little\n")
            continue
        lengths = measure([row_of(tokenizer, example, recipe.prompt) for example in examples])
        print(f"{name}: {len(examples):,}\n\n{table(lengths)}\n\n{histogram(lengths.total)}\n")
        print(f"{'max_length':>10}{'cut':>8}{'memory of one micro-batch of ' + str(recipe.training.micro_batch):>38}")
        for limit in sorted({*LIMITS, lengths.suggested}):
            mark = "  suggested: 99 of 100 stay whole" if limit == lengths.suggested else ""
            print(f"{limit:>10,}{cut_share(lengths.total, limit):>8.1%}{memory_of(limit).total / 1e9:>35,.1f} GB{mark}")
        print()


def _whole_descriptions(catalogue: "Catalogue", seed: int) -> Sequence["Example"]:
    """Return titles with their whole descriptions, the task as it was first set."""
    from assistant.evaluation.questions import some
    from assistant.phrases import language_of
    from finetune.data.example import Example

    rows = [int(row) for row in catalogue.column("described").nonzero()[0]]
    return [
        Example("describe", one.title, "", (), one.content, "describe", "", one.uid, language_of(one.title))
        for one in map(catalogue.product, some(rows, MOST_DESCRIPTIONS, seed))
    ]


COMMAND = Command(
    "lengths", "tell how long examples are in tokens, and what a limit costs", Options, run, needs="train"
)

"""Search over settings: the same recipe trained for a few steps with every combination of some values.

Trials are recipes that differ in the fields that vary; each is trained and published in
a home of its own beside the sweep's table. A trial that is finished is not trained
again, one that was killed is resumed. Nothing is chosen here: people read the table.

    trials = sweep(read_recipe("embedded"), read_variations(path), examples_of, home / "sweeps" / "rank")
"""

import itertools
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.data.example import Example
from finetune.recipe import Recipe, recipe_of, to_toml
from finetune.training.checkpoints import read_record
from finetune.training.run import last_of, train
from finetune.training.run_folder import RunOptions
from index.artefacts import read_manifest
from index.errors import ArtefactError, UserError

TABLE = "table.md"
Examples = Callable[[Recipe], tuple[Sequence[Example], Sequence[Example]]]


@dataclass(frozen=True)
class Variations:
    """The values of each field that varies, by its path in the recipe, and how many steps each trial gets."""

    steps: int
    values: dict[str, list[Any]]  # {"adapter.rank": [8, 16]}


@dataclass(frozen=True)
class Trial:
    """One combination, and the losses after its last step; nan where none was computed."""

    settings: dict[str, Any]
    loss: float
    eval_loss: float


def read_variations(path: Path) -> Variations:
    """Read a TOML file: `steps = 60`, and under [vary] a list for each field, such as "adapter.rank" = [8, 16].

    Raises `UserError` where it is something else.
    """
    expected = 'steps = 60, and under [vary] lists such as "adapter.rank" = [8, 16]'
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as exc:
        raise UserError(f"{path} cannot be read as TOML: {exc}", expected, f"edit {path}") from exc
    steps, values = table.get("steps"), table.get("vary")
    lists = isinstance(values, dict) and values and all(isinstance(each, list) and each for each in values.values())
    if set(table) != {"steps", "vary"} or not isinstance(steps, int) or steps < 1 or not lists:
        raise UserError(f"{path} is no list of variations", expected, f"edit {path}")
    return Variations(steps, table["vary"])


def sweep(recipe: Recipe, variations: Variations, examples_of: Examples, folder: Path) -> list[Trial]:
    """Train every combination and write the table, best eval_loss first, anew after each trial.

    Raises `UserError` for a combination that is no recipe, before anything is trained.
    """
    combinations = [
        dict(zip(variations.values, values, strict=True)) for values in itertools.product(*variations.values.values())
    ]
    recipes = [varied(recipe, settings) for settings in combinations]
    trials: list[Trial] = []
    for settings, each in zip(combinations, recipes, strict=True):
        trials.append(_trial(each, settings, variations.steps, examples_of, folder))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TABLE).write_text(table(trials), encoding="utf-8")
    return sorted(trials, key=_order)


def varied(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """Return the recipe with some fields changed, named by them; of a table only what the value holds.

    Raises `UserError` for a field that there is not, or a value that it cannot have.
    """
    sections = tomllib.loads(to_toml(recipe))
    for path, value in settings.items():
        *parents, name = path.split(".")
        section = sections
        for parent in parents:
            section = section.setdefault(parent, {}) if isinstance(section, dict) else {}
        section[name] = {**section.get(name, {}), **value} if isinstance(value, dict) else value
    words = "_".join(f"{path.rsplit('.', 1)[-1]}-{value}" for path, value in settings.items())
    named = re.sub(r"[^\w.-]+", "-", words)
    return recipe_of(named, sections, f"the recipe {recipe.name} with {named}")


def table(trials: Sequence[Trial]) -> str:
    """Write trials as a Markdown table, best eval_loss first."""
    names = list(trials[0].settings)
    lines = [f"| {' | '.join(names)} | loss | eval_loss |", "|" + "---|" * (len(names) + 2)]
    for trial in sorted(trials, key=_order):
        cells = [str(trial.settings[name]) for name in names]
        lines.append(f"| {' | '.join(cells)} | {trial.loss:.3f} | {trial.eval_loss:.3f} |")
    return "\n".join(lines) + "\n"


def _trial(recipe: Recipe, settings: dict[str, Any], steps: int, examples_of: Examples, home: Path) -> Trial:
    """Train one combination as far as it is not trained yet."""
    finished = home / "adapters" / recipe.name
    try:
        read_manifest(finished, "adapter")
    except ArtefactError:
        unfinished = bool(read_record(home / "runs" / recipe.name))
        train(recipe, *examples_of(recipe), home, RunOptions(resume=unfinished, stop_after=steps))
    curve = json.loads((finished / "loss.json").read_text(encoding="utf-8"))
    return Trial(settings, *(last_of(curve, key) for key in ("loss", "eval_loss")))


def _order(trial: Trial) -> tuple[bool, float]:
    """Order trials by eval_loss; those without one, by loss, come last."""
    missing = trial.eval_loss != trial.eval_loss
    return missing, trial.loss if missing else trial.eval_loss

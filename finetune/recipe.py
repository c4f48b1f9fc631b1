"""Recipes: everything that one training run needs to know, as a TOML file in which every field is commented.

Reads and checks them, all errors at once, and writes a resolved one back. What the
fields do is `finetune.training.run`'s affair; `finetune/recipes/` holds those that are shipped.

    recipe = read_recipe("embedded")
"""

import hashlib
import json
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from assistant.backends.hf_loading import Precision
from assistant.prompt import PromptFormat
from finetune.data.example import Mix
from index.errors import UserError

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

R = TypeVar("R")
RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Model:
    """What is trained."""

    base: str = "smollm2-135m"  # a named model, a hub name that was fetched, or a path
    precision: Precision = "nf4"  # of the frozen weights; a GGUF is unpacked to bf16 or fp32
    kernels: Literal["none", "compiled", "liger", "unsloth"] = "none"  # faster kernels, where they can be had


@dataclass(frozen=True)
class Data:
    """What it is trained on."""

    max_length: int = 768  # tokens of prompt and reply together
    too_long: Literal["drop", "cut"] = "drop"  # what becomes of an example that is longer
    questions: tuple[str, ...] = ()  # files of real questions; none: HOME/questions/train.jsonl where it exists
    judgements: int = 0  # examples of question files that come first and teach how a reply begins, no more
    sources: dict[str, float] = field(default_factory=dict)  # how much of each set is used; 1 unless named
    calibrated_on: tuple[str, ...] = ()  # sets of HOME/questions/validation.jsonl; none: all
    mix: Mix = field(default_factory=Mix)  # how many examples of each kind


@dataclass(frozen=True)
class Lora:
    """The adapter's shape, and what it begins with."""

    start: str = ""  # an adapter that it goes on from, by name or path; none: it begins anew
    rank: int = 16
    alpha: int = 16  # the update is scaled by alpha / rank
    dropout: float = 0.0
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Training:
    """How it is trained."""

    epochs: float = 3.0
    batch: int = 16  # examples that one optimiser step sees, over all processes
    micro_batch: int = 4  # of them at once on one device; the rest by accumulation
    learning_rate: float = 2e-4
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    warmup_share: float = 0.03  # of all steps
    weight_decay: float = 0.0
    max_grad_norm: float = 0.3
    first_token_weight: float = 1.0  # of the token that says yes, no or not stated, in the loss; of any other 1
    optimiser: Literal["adamw", "adamw_8bit"] = "adamw"
    gradient_checkpointing: bool = True  # less memory, a third slower
    evaluate_every_steps: int = 0  # eval_loss on the validation side; 0: never
    patience: int = 0  # evaluations without a better eval_loss before it stops; 0: goes on to the end
    choose: Literal["best", "last"] = "last"  # which weights are published: those of the best eval_loss, or the last
    save_every_steps: int = 100  # the two newest checkpoints are kept, and the best
    seed: int = 3407


@dataclass(frozen=True)
class Logging:
    """What it logs."""

    every_steps: int = 10
    to: Literal["none", "tensorboard", "trackio", "wandb"] = "none"  # beside loss.json, which is always written


@dataclass(frozen=True)
class Recipe:
    """Everything that one training run needs."""

    # For pydantic, here and in all sections: no unknown keys, and no text that happens to hold a number.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    name: str  # the file's name
    model: Model = field(default_factory=Model)
    data: Data = field(default_factory=Data)
    prompt: PromptFormat = field(default_factory=lambda: PromptFormat(answer="plain"))
    adapter: Lora = field(default_factory=Lora)
    training: Training = field(default_factory=Training)
    logging: Logging = field(default_factory=Logging)

    def digest(self) -> str:
        """Identify what decides the weights, in hexadecimal: all but the name and the logging."""
        decides = {key: value for key, value in asdict(self).items() if key not in ("name", "logging")}
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def shipped() -> list[str]:
    """Return the names of the recipes that are in the package."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def read_recipe(name_or_path: str) -> Recipe:
    """Read a shipped recipe by its name, or a TOML file.

    Raises `UserError` that names every error of the file at once.
    """
    path = path_of_recipe(name_or_path)
    return parse_recipe(path.stem, path.read_text(encoding="utf-8"), str(path))


def path_of_recipe(name_or_path: str) -> Path:
    """Return the file of a recipe, shipped or given.

    Raises `UserError` where there is none.
    """
    path = RECIPES / f"{name_or_path}.toml" if name_or_path in shipped() else Path(name_or_path)
    if not path.is_file():
        raise UserError(
            f"there is no recipe {name_or_path}",
            f"one of {', '.join(shipped())}, or a TOML file",
            "titlewise finetune -h",
        )
    return path


def parse_recipe(name: str, text: str, where: str) -> Recipe:
    """Make a recipe from TOML; `where` names the file in error messages.

    Raises `UserError` that names every error at once.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise UserError(f"{where} is no TOML: {exc}", "a TOML file", f"edit {where}") from exc
    return recipe_of(name, table, where)


def recipe_of(name: str, table: dict[str, Any], where: str) -> Recipe:
    """Make a recipe from what a TOML file holds; `where` names it in error messages.

    Raises `UserError` that names every error at once.
    """
    return checked(Recipe, name, table, where, contradictions)


def checked(kind: type[R], name: str, table: dict[str, Any], where: str, contradictions: Callable[[R], list[str]]) -> R:
    """Make a recipe of some kind from what a TOML file holds; `contradictions` names values that cannot be.

    Raises `UserError` that names every error at once.
    """
    from pydantic import ValidationError

    errors = ["unknown key name"] if "name" in table else []
    # As JSON, where strict types take a list for a tuple; a date, which JSON lacks, becomes what no field takes.
    text = json.dumps({**table, "name": name}, default=lambda _: [[]])
    try:
        recipe: R = _adapter(cast(Any, kind)).validate_json(text)
    except ValidationError as exc:
        errors += [_message(kind, error, table) for error in exc.errors(include_url=False)]
    else:
        errors += contradictions(recipe)
    if errors:
        raise UserError(f"{where} has faults: {'; '.join(errors)}", "a recipe without them", f"edit {where}")
    return recipe


def to_toml(recipe: Any) -> str:
    """Write a recipe as TOML that `parse_recipe` reads back to the same value."""
    import tomli_w

    sections = asdict(recipe)
    del sections["name"]
    return tomli_w.dumps(sections)


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _message(kind: Any, error: "ErrorDetails", table: dict[str, Any]) -> str:
    """Return one of pydantic's errors in our words; `table` holds the value as it was written."""
    if error["type"] == "unexpected_keyword_argument":
        return f"unknown key {'.'.join(map(str, error['loc']))}"
    value: Any = table
    path = []
    for key in error["loc"]:
        if is_dataclass(kind):  # else it leads into a list
            kind, value = get_type_hints(kind)[str(key)], value[key]
            path.append(str(key))
    name = ".".join(path)
    if error["type"] == "value_error":  # a dataclass that checks itself
        return f"[{name}]: {error['ctx']['error'].happened}"
    return f"{name} is {value!r}, expected {_expected(kind)}"


def _expected(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if get_origin(kind) is tuple:
        return "a list of strings"
    if is_dataclass(kind):
        return "a table"
    return {int: "a whole number", float: "a number", bool: "true or false", str: "a string"}[kind]


def contradictions(recipe: Recipe) -> list[str]:
    """Return which values cannot be, alone or together."""
    training, adapter, data = recipe.training, recipe.adapter, recipe.data
    checks: list[tuple[bool, str]] = [
        *at_least(1, training, "training", ("batch", "micro_batch", "save_every_steps")),
        *at_least(0, training, "training", ("evaluate_every_steps", "patience", "seed", "weight_decay")),
        *at_least(1, adapter, "adapter", ("rank", "alpha")),
        *at_least(1, recipe.logging, "logging", ("every_steps",)),
        *at_least(16, data, "data", ("max_length",)),
        *at_least(0, data, "data", ("judgements",)),
        (training.epochs > 0, f"training.epochs is {training.epochs:g}, expected more than 0"),
        (training.learning_rate > 0, f"training.learning_rate is {training.learning_rate:g}, expected more than 0"),
        (training.max_grad_norm > 0, f"training.max_grad_norm is {training.max_grad_norm:g}, expected more than 0"),
        (0 <= training.warmup_share < 1, f"training.warmup_share is {training.warmup_share:g}, expected 0 to below 1"),
        (0 <= adapter.dropout < 1, f"adapter.dropout is {adapter.dropout:g}, expected 0 to below 1"),
        (
            training.first_token_weight > 0,
            f"training.first_token_weight is {training.first_token_weight:g}, expected more than 0",
        ),
        (bool(adapter.targets), "adapter.targets is empty, expected the layers that learn"),
        (
            "lm_head" not in adapter.targets,
            "adapter.targets names lm_head, whose logits are made only where there is loss",
        ),
        (
            training.batch % training.micro_batch == 0,
            f"training.batch is {training.batch}, expected a multiple of micro_batch ({training.micro_batch})",
        ),
        (
            training.evaluate_every_steps > 0 or (training.patience == 0 and training.choose == "last"),
            "training.patience and choose = best need evaluate_every_steps above 0",
        ),
    ]
    return [message for right, message in checks if not right]


def at_least(least: int, section: Any, path: str, names: tuple[str, ...]) -> list[tuple[bool, str]]:
    """Check that some values of a section are not too small: for each, whether it is right and what to say if not."""
    values = [(name, getattr(section, name)) for name in names]
    return [(value >= least, f"{path}.{name} is {value}, expected {least} or more") for name, value in values]

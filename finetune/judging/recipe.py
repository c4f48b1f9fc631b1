"""The judge's recipe: everything that its training needs to know, as TOML.

recipe = read_judge_recipe("judge")
"""

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from finetune.recipe import at_least, checked, path_of_recipe


@dataclass(frozen=True)
class PairData:
    """Which pairs it is taught by."""

    start: Literal["reranker", "judge"] = "reranker"  # the packaged reranker's weights, or HOME/judge's
    questions: tuple[str, ...] = ()  # question files; none: HOME/questions/train.jsonl
    calibrated_on: tuple[str, ...] = ()  # sets of HOME/questions/validation.jsonl; none: all
    beside: int = 3  # passages of the same product that settle nothing, the nearest in words
    drawn: int = 1  # and such by chance
    misread: int = 0  # where none settles it: those that the judge of before takes for settling
    named: float = 0.15  # share of the questions that name their product
    sources: dict[str, float] = field(default_factory=dict)  # how often an epoch has each set; 1 unless named


@dataclass(frozen=True)
class JudgeTraining:
    """How it is trained."""

    epochs: int = 2
    embeddings: Literal["frozen", "trained"] = "frozen"  # of the word pieces; trained takes longer on a CPU
    batch: int = 64  # pairs of like length that one optimiser step sees
    learning_rate: float = 1.5e-4  # the highest; it falls in a line to 0
    warmup_share: float = 0.06  # of all steps
    weight_decay: float = 0.01
    precision: Literal["auto", "bf16", "fp32"] = "auto"  # auto: whichever a timed trial finds faster
    save_every_steps: int = 100  # checkpoints to resume from
    seed: int = 7


@dataclass(frozen=True)
class JudgeRecipe:
    """Everything that the training of a judge needs."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    name: str  # the file's name
    judge: PairData
    training: JudgeTraining = field(default_factory=JudgeTraining)

    def digest(self) -> str:
        """Identify what decides the weights, in hexadecimal."""
        decides = {key: value for key, value in asdict(self).items() if key != "name"}
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def is_judge_recipe(name_or_path: str) -> bool:
    """Return whether a recipe, shipped or a file, trains a judge: it has a table [judge]."""
    path = path_of_recipe(name_or_path)
    try:
        return "judge" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def read_judge_recipe(name_or_path: str) -> JudgeRecipe:
    """Read a judge's recipe, shipped or a file.

    Raises `UserError` that names every error of the file at once.
    """
    path = path_of_recipe(name_or_path)
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return checked(JudgeRecipe, path.stem, table, str(path), _contradictions)


def _contradictions(recipe: JudgeRecipe) -> list[str]:
    training, data = recipe.training, recipe.judge
    checks = [
        *at_least(1, training, "training", ("epochs", "batch", "save_every_steps")),
        *at_least(0, data, "judge", ("beside", "drawn", "misread")),
        (training.learning_rate > 0, f"training.learning_rate is {training.learning_rate:g}, expected more than 0"),
        (0 <= training.warmup_share < 1, f"training.warmup_share is {training.warmup_share:g}, expected 0 to below 1"),
        (
            data.start == "judge" or not data.misread,
            f'judge.misread is {data.misread} with judge.start "{data.start}", expected 0: only a judge reads',
        ),
        (0 <= data.named <= 1, f"judge.named is {data.named:g}, expected 0 to 1"),
    ]
    return [message for right, message in checks if not right]

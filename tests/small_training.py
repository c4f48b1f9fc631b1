"""A few examples and a recipe to train the tiny Llama on; run as a program, it trains in a process of its own.

python tests/small_training.py MODEL HOME [MEGABYTES_LEFT]
"""

import json
import resource
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from finetune.data.example import Example
from finetune.recipe import Data, Logging, Lora, Model, Recipe, Training


def example(number: int, *, passages: int = 2) -> Example:
    """Make one of a series of examples of different lengths."""
    fact = f"The kettle number {number} holds {number % 7} litres."
    reply = f"Yes. It holds {number % 7} litres. [1]" if number % 3 else "Not stated."
    shown = (fact, *["It is red and round." for _ in range(passages)])
    return Example("yes", f"Kettle {number}", "does it hold water", shown, reply, "facts", "t", f"u{number}", "en")


def examples(count: int = 40) -> list[Example]:
    """Make the series."""
    return [example(number, passages=1 + number % 4) for number in range(count)]


def recipe(model: Path, **training: Any) -> Recipe:
    """Make a recipe of 20 steps that saves often and evaluates now and then."""
    settings: dict[str, Any] = {
        "epochs": 4.0,
        "batch": 8,
        "micro_batch": 4,
        "learning_rate": 1e-3,
        "gradient_checkpointing": False,
        "save_every_steps": 3,
        "evaluate_every_steps": 5,
    }
    return Recipe(
        "small",
        Model(str(model), "fp32"),
        Data(max_length=1024),
        adapter=Lora(rank=4, alpha=8, dropout=0.1),
        training=Training(**(settings | training)),
        logging=Logging(every_steps=1),
    )


def losses(folder: Path) -> list[float]:
    """Read the training losses that a published adapter tells of."""
    return [row["loss"] for row in json.loads((folder / "loss.json").read_text()) if "loss" in row]


def weights(folder: Path) -> bytes:
    """Read a published adapter's weights."""
    return (folder / "adapter_model.safetensors").read_bytes()


def main() -> None:
    """Train, with little memory left where that is asked for."""
    import torch

    from finetune.training.run import train

    torch.set_num_threads(1)
    model, home = Path(sys.argv[1]), Path(sys.argv[2])
    if len(sys.argv) == 3:
        train(recipe(model), examples(), examples(8), home)
        return
    rows = [example(number, passages=40) for number in range(16)]
    plan = recipe(model, epochs=1.0, batch=16, micro_batch=1, evaluate_every_steps=0)
    plan = replace(plan, data=Data(max_length=4096), adapter=Lora(rank=4, alpha=8))
    train(plan, rows, [], home / "one by one")
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = in_use + int(sys.argv[3]) * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    plan = replace(plan, training=replace(plan.training, micro_batch=16))
    train(plan, rows, [], home / "all at once")


if __name__ == "__main__":
    main()

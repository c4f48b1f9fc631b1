"""The steps before the first question, which of them are still to be taken, and the command that takes each.

for step in setup_steps(home, Engine()):
    step.name, step.problem, step.command
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from typing import Literal, TypeVar

from assistant.models.named import find
from assistant.open import Engine
from index.catalogue.store import Catalogue
from index.errors import ArtefactError
from index.resolver import TitleIndex
from index.sample import PATH as SAMPLE

StepName = Literal["catalogue", "index", "model"]
T = TypeVar("T")


@dataclass(frozen=True)
class SetupStep:
    """One step: what is wrong with what it makes, "" where that is there and sound, and the command's arguments.

    `waits` says that another step has to come first.
    """

    name: StepName
    problem: str
    command: tuple[str, ...]
    waits: bool = False


def setup_steps(home: Path, engine: Engine) -> list[SetupStep]:
    """Look at what each step makes, in the order in which they are taken.

    Raises `UserError` for what no command of ours brings, as a model that nobody knows.
    """
    at = ("--home", str(home))
    catalogue, problem = _tried(lambda: Catalogue.load(home / "catalogue"))
    steps = [SetupStep("catalogue", problem, (*at, "prepare", str(SAMPLE)))]
    _, problem = _tried(lambda: None if catalogue is None else TitleIndex.load(home / "index", catalogue))
    steps.append(SetupStep("index", problem, (*at, "index"), waits=catalogue is None))
    if not engine.server:
        _, problem = _tried(lambda: find(engine.model))
        steps.append(SetupStep("model", problem, ("models", "fetch", engine.model)))
    return steps


def _tried(load: Callable[[], T]) -> tuple[T | None, str]:
    """Return what is loaded, and what is wrong with it where it cannot be."""
    try:
        return load(), ""
    except ArtefactError as error:
        return None, error.happened


def run_step(step: SetupStep) -> Iterator[str]:
    """Run the command of a step, and yield what it prints, line by line.

    Raises `ArtefactError` with its last line where it fails.
    """
    command = [sys.executable, "-m", "ui.cli", *step.command]
    line = ""
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, encoding="utf-8") as running:
        assert running.stdout is not None
        try:
            for each in running.stdout:
                line = each.rstrip()
                yield line
        except GeneratorExit:  # who leaves may begin anew: what came is used
            running.terminate()
            raise
    if running.returncode:
        raise ArtefactError(line.removeprefix("titlewise: "), "a command that ends well", " ".join(step.command))

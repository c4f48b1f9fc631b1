"""The parts that the page stands on, which of them are missing, and the command that brings each.

for part in parts_of(home, Engine()):
    part.name, part.fault, part.command
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from typing import Literal

from assistant.models.named import find
from assistant.open import Engine
from index.catalogue.store import Catalogue
from index.errors import ArtefactError
from index.resolver import TitleIndex
from index.sample import PATH as SAMPLE

PartName = Literal["catalogue", "index", "model"]


@dataclass(frozen=True)
class Part:
    """One part: what is wrong with it, "" where it is there and sound, and the arguments of what brings it.

    `waits` says that another part has to come first.
    """

    name: PartName
    fault: str
    command: tuple[str, ...]
    waits: bool = False


def parts_of(home: Path, engine: Engine) -> list[Part]:
    """Look at each part, in the order in which they are made.

    Raises `UserError` for what no command of ours brings, as a model that nobody knows.
    """
    catalogue, fault = None, ""
    try:
        catalogue = Catalogue.load(home / "catalogue")
    except ArtefactError as missing:
        fault = missing.happened
    at = ("--home", str(home))
    parts = [Part("catalogue", fault, (*at, "prepare", str(SAMPLE)))]
    fault = ""
    try:
        if catalogue is not None:
            TitleIndex.load(home / "index", catalogue)
    except ArtefactError as missing:
        fault = missing.happened
    parts.append(Part("index", fault, (*at, "index"), waits=catalogue is None))
    if not engine.server:
        fault = ""
        try:
            find(engine.model)
        except ArtefactError as missing:
            fault = missing.happened
        parts.append(Part("model", fault, ("models", "fetch", engine.model)))
    return parts


def bring(part: Part) -> Iterator[str]:
    """Run the command that brings a part, and yield what it says, line by line.

    Raises `ArtefactError` with its last line where it fails.
    """
    command = [sys.executable, "-m", "ui.cli", *part.command]
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
        raise ArtefactError(line.removeprefix("titlewise: "), "a command that ends well", " ".join(part.command))

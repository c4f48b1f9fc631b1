"""`titlewise demo`: the sample catalogue, the embedded Llama, a few questions."""

import shutil
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from index import sample
from index.artefacts import read_manifest, sha256_of
from index.errors import ArtefactError
from ui.commands.command import Command
from ui.commands.options import Base
from ui.commands.terminal import reply_lines, report_line

if TYPE_CHECKING:
    from assistant.assistant import Assistant

# Asked one after the other, as one conversation: follow-ups, a question that the description does not tell, one that
# fits two products, the choice between them and its correction, a comparison, a need, one in Portuguese, a product that
# is not there, and thanks.
QUESTIONS = (
    "How long is the battery life of the Lumeo Drift 40 in black?",
    "and how heavy is it?",
    "does it come with a wall charger?",
    "does it have a built-in FM radio?",
    "Is the Harrow & Finch kettle dishwasher safe?",
    "the red one",
    "no, the black one",
    "which of the two is lighter?",
    "I need a kettle under 1 litre for pour-over coffee",
    "How many pages has the second edition paperback of Bread by Feel?",
    "Os fones de ouvido bluetooth sem fio têm cancelamento de ruído?",
    "Do you have the Zephyr X9 drone with a 4K camera?",
    "thanks!",
)


@dataclass(frozen=True)
class Options:
    home: Path
    base: Base


def run(options: Options) -> None:
    from assistant.models.download import fetch
    from assistant.models.named import EMBEDDED
    from assistant.open import Engine, open_assistant
    from index.progress import Progress

    home = demo_home(options.home)
    make_ready(home)
    fetch(EMBEDDED, progress=Progress)
    with open_assistant(home, Engine(adapters=() if options.base else None)) as assistant:
        _ask_all(assistant)
    at = "" if home == Path("artifacts") else f"--home {home} "
    activate = "" if shutil.which("titlewise") else f', after ". {sys.prefix}/bin/activate"'
    print(f'\nYour turn{activate}: titlewise {at}ask "…", titlewise {at}chat, titlewise {at}ui')


def demo_home(home: Path) -> Path:
    """Return the home itself, or `home/demo` where another catalogue than the sample, or a damaged one, is in it."""
    if not (home / "catalogue").exists():
        return home
    try:
        source = read_manifest(home / "catalogue", "catalogue").made_by.get("source_sha256")
    except ArtefactError:
        return home / "demo"
    return home if source == sha256_of(sample.PATH) else home / "demo"


def make_ready(home: Path) -> None:
    """Prepare and index the sample catalogue, unless both are there and sound."""
    from index.catalogue.prepare import prepare
    from index.catalogue.store import Catalogue
    from index.progress import Progress
    from index.resolver import TitleIndex
    from index.upsert import rebuild

    try:
        catalogue = Catalogue.load(home / "catalogue")
    except ArtefactError:
        print("Preparing the sample catalogue …")
        report = prepare(sample.PATH, home / "catalogue", progress=Progress)
        print(report_line(report))
        catalogue = Catalogue.load(home / "catalogue")
    try:
        TitleIndex.load(home / "index", catalogue)
    except ArtefactError:
        print("Indexing its titles …")
        rebuild(home, partial(TitleIndex.build, progress=Progress))


def _ask_all(assistant: "Assistant") -> None:
    from assistant.conversation import State

    print(f"Asking {assistant.name}")
    state = State()
    for question in QUESTIONS:
        answer = assistant.ask(question, state=state)
        print(f"\n> {question}\n{reply_lines(answer.reply)}\n  ({answer.reply.timings['total_ms'] / 1000:.1f} s)")
        state = answer.state


COMMAND = Command("demo", "prepare and index the sample catalogue, answer a few questions", Options, run)

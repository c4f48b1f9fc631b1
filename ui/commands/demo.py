"""The demonstration: the sample catalogue, the embedded Llama, a few questions.

demo(home, Engine())
"""

from pathlib import Path

from assistant.assistant import Assistant
from assistant.conversation import State
from assistant.models.download import fetch
from assistant.models.named import EMBEDDED
from assistant.open import Engine, open_assistant
from index.artefacts import read_manifest, sha256_of
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.errors import ArtefactError
from index.progress import Progress
from index.resolver import TitleIndex
from ui.commands.terminal import reply_lines, report_line

SAMPLE = Path(__file__).parents[2] / "index" / "sample" / "trn.json"
# Asked one after the other, as one conversation: follow-ups, a question that the description does not tell, one that
# fits two products and the choice between them, one in Portuguese, and a product that is not there.
QUESTIONS = (
    "How long is the battery life of the Lumeo Drift 40 in black?",
    "and how heavy is it?",
    "does it come with a wall charger?",
    "does it have a built-in FM radio?",
    "Is the Harrow & Finch kettle dishwasher safe?",
    "the red one",
    "How many pages has the second edition paperback of Bread by Feel?",
    "Os fones de ouvido bluetooth sem fio têm cancelamento de ruído?",
    "Do you have the Zephyr X9 drone with a 4K camera?",
)


def demo(home: Path, engine: Engine) -> None:
    """Prepare and index the sample catalogue where needed, fetch the model, ask the questions."""
    home = demo_home(home)
    make_ready(home)
    fetch(EMBEDDED, progress=Progress)
    with open_assistant(home, engine) as assistant:
        _ask_all(assistant)
    at = "" if home == Path("artifacts") else f"--home {home} "
    print(f'\nYour turn, after ". .venv/bin/activate": titlewise {at}ask "…", titlewise {at}chat, titlewise {at}ui')


def demo_home(home: Path) -> Path:
    """Give the home itself, or `home/demo` where another catalogue than the sample, or a damaged one, lives in it."""
    if not (home / "catalogue").exists():
        return home
    try:
        source = read_manifest(home / "catalogue", "catalogue").made_by.get("source_sha256")
    except ArtefactError:
        return home / "demo"
    return home if source == sha256_of(SAMPLE) else home / "demo"


def make_ready(home: Path) -> None:
    """Prepare and index the sample catalogue, unless both are there and sound."""
    try:
        catalogue = Catalogue.load(home / "catalogue")
    except ArtefactError:
        print("Preparing the sample catalogue …")
        report = prepare(SAMPLE, home / "catalogue", progress=Progress)
        print(report_line(report))
        catalogue = Catalogue.load(home / "catalogue")
    try:
        TitleIndex.load(home / "index", catalogue)
    except ArtefactError:
        print("Indexing its titles …")
        TitleIndex.build(catalogue, home / "index", progress=Progress)


def _ask_all(assistant: Assistant) -> None:
    print(f"Asking {assistant.name}")
    state = State()
    for question in QUESTIONS:
        answer = assistant.ask(question, state=state)
        print(f"\n> {question}\n{reply_lines(answer.reply)}\n  ({answer.reply.timings['total_ms'] / 1000:.1f} s)")
        state = answer.state

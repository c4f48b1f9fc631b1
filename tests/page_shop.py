"""A small shop for the tests of the page: prepared once, with a product whose text would like to be markup."""

import functools
import json
import time
from pathlib import Path
from typing import Any

from assistant.assistant import Assistant, assistant_of
from assistant.backends.base import Backend, SamplingParams, TextStream
from assistant.backends.scripted import Scripted
from assistant.conversation import State
from assistant.messages import Prompt
from assistant.open import open_catalogue
from assistant.reply import Quote, Reply, Suggestion
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.progress import Progress
from index.resolver import Hit, TitleIndex
from ui.feedback import Feedback
from ui.queue import AdmissionQueue
from ui.web.context import AppContext
from ui.web.conversation import Conversation, Request, Turn
from ui.web.sessions import Sessions

HOSTILE_TITLE = "Gribbleflint Cloth, Red ![x](http://evil.invalid/t.png)"
HOSTILE_TWIN = "Gribbleflint Cloth, Blue [click](javascript:alert(1)) $math$ :material/home: http://evil.invalid"
HOSTILE_CONTENT = (
    "# heading\nThe Gribbleflint cloth weighs 40 g. ![x](http://evil.invalid/c.png) "
    "[click](javascript:alert(2)) http://evil.invalid/page www.evil.invalid $math$ :smile: a < b & c > d"
)
HOSTILE_REPLY = (
    "The Gribbleflint cloth weighs 40 g <script>document.title='taken'</script><img src=http://evil.invalid/r.png> "
    "![x](http://evil.invalid/c.png) [click](javascript:alert(2)) $math$ [1]"
)
PRODUCTS = [
    (
        "LAMP1",
        "Orlevik Desk Lamp",
        "A brass lamp for reading. The shade is green glass. It weighs 2.4 kg. The cable is 180 cm long.",
    ),
    ("MUG1", "Tarnbeck Stoneware Mug, Blue", "A blue mug with a wide handle. It holds 350 ml. Safe in the dishwasher."),
    ("MUG2", "Tarnbeck Stoneware Mug, Grey", "A grey mug with a wide handle. It holds 420 ml. Wash it by hand."),
    (
        "CHESS1",
        "Pellworth Travel Chess Set",
        "A folding board of beech wood with 32 magnetic pieces. For ages 6 and up.",
    ),
    ("BOOK1", "The Salt Cartographer's Daughter", "A novel in 312 pages about maps, tides and a family that lies."),
    ("BARE1", "Quillmere Umbrella Stand", ""),
    ("CLOTH1", HOSTILE_TITLE, HOSTILE_CONTENT),
    ("CLOTH2", HOSTILE_TWIN, "A blue cloth."),
]


@functools.cache
def shop_home(folder: Path) -> Path:
    """Return a home under `folder` with the shop prepared and indexed, made once in a test run."""
    home = folder / "page-shop"
    home.mkdir()
    source = home / "trn.json"
    rows = [json.dumps({"uid": uid, "title": title, "content": content}) for uid, title, content in PRODUCTS]
    source.write_text("\n".join(rows), encoding="utf-8")
    prepare(source, home / "catalogue")
    TitleIndex.build(Catalogue.load(home / "catalogue"), home / "index", progress=Progress)
    return home


def hostile_conversation() -> Conversation:
    """Return a conversation that waits for a choice between the two products with hostile titles."""
    candidates = (Hit("CLOTH1", HOSTILE_TITLE, 0.5), Hit("CLOTH2", HOSTILE_TWIN, 0.4))
    state = State("", candidates, "how heavy is the Gribbleflint cloth?")
    asked = Request("how heavy is ![x](http://evil.invalid/q.png) <script>document.title='taken'</script> $a$?")
    reply = Reply("clarify", "Which one do you mean?", hits=candidates, timings={"total_ms": 1.0})
    return Conversation(state, [Turn(asked, state=state, reply=reply)])


def offering_conversation() -> Conversation:
    """Return a conversation in which four products, one of them with a hostile title, were offered to a need."""
    products = tuple(
        Suggestion(uid, title, (Quote(content[:20], 0, 20),) if content else (), ("for a sailor",))
        for uid, title, content in PRODUCTS
        if uid in ("LAMP1", "MUG1", "CHESS1", "CLOTH1")
    )
    order = ("MUG1", "CLOTH1", "LAMP1", "CHESS1")
    offered = tuple(sorted(products, key=lambda product: order.index(product.uid)))
    reply = Reply("suggestions", "These fit, by their descriptions:", products=offered, timings={"total_ms": 1.0})
    return Conversation(State(), [Turn(Request("a present for a sailor"), reply=reply)])


def open_shop(home: Path, backend: Backend) -> Assistant:
    """Return an assistant for the shop."""
    catalogue, index = open_catalogue(home)
    return assistant_of(catalogue, index, backend)


def context_of(assistant: Assistant, feedback: Feedback, *, at_once: int = 1) -> AppContext:
    """Return what all visitors share."""
    return AppContext(Path(), assistant.retriever, assistant, feedback, AdmissionQueue(at_once, waiting=8), Sessions())


class Held(Scripted):
    """A model that says one word, and the rest of its only text once a file that holds it is gone."""

    def __init__(self, hold: Path, text: str) -> None:
        super().__init__(lambda messages: text)
        self._hold = hold

    def stream(self, prompt: Prompt, params: SamplingParams, **more: Any) -> TextStream:  # type: ignore[override]
        pieces = super().stream(prompt, params, **more)
        yield next(pieces)
        while self._hold.exists():
            time.sleep(0.02)
        return (yield from pieces)

"""The page when products come, change and go beside it: seen at the next act, and no talk about them breaks."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from drawn import ask, bubbles, button, captions, html_of, page_of, read_aloud
from page_shop import PRODUCTS, context_of, open_shop, shop_home
from streamlit.testing.v1 import AppTest

from assistant.assistant import Assistant
from assistant.backends.scripted import Scripted
from assistant.conversation import State
from assistant.open import Engine, Live
from index.catalogue.store import Product
from index.live import LiveIndex
from index.progress import Silent
from index.resolver import Hit
from index.upsert import remove, row_of, upsert
from ui.feedback import FILE, Feedback
from ui.web.app import render
from ui.web.serve import Settings, _live_answerer, opened

pytestmark = pytest.mark.slow

SCARF = b'{"uid": "SCARF1", "title": "Wexcombe Wool Scarf", "content": "A scarf of lambswool. It weighs 120 g."}'
ASKED = "how heavy is the Wexcombe wool scarf?"


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shop_home(tmp_path_factory.getbasetemp()), tmp_path / "home"))


@pytest.fixture
def page(home: Path, tmp_path: Path) -> Iterator[AppTest]:
    """The page, its catalogue followed as `ui.web.serve` does, with a model that reads aloud."""
    assistant = open_shop(home, Scripted(read_aloud))
    live = Live(assistant, LiveIndex(home))
    context = context_of(assistant, Feedback(tmp_path / FILE))

    def draw() -> None:
        now = live.now()
        render(replace(context, retriever=now.retriever, assistant=now))

    yield from page_of(draw)


def put(home: Path, line: bytes) -> None:
    upsert(LiveIndex(home), [row_of(Product(**json.loads(line)))], progress=Silent)


def take(home: Path, *uids: str) -> None:
    remove(LiveIndex(home), uids, progress=Silent)


def test_a_product_that_comes_is_counted_and_answered_about(page: AppTest, home: Path) -> None:
    ask(page, ASKED)
    assert "Which product is it about?" in bubbles(page)[1]
    put(home, SCARF)
    ask(page, ASKED)
    assert "120 g" in bubbles(page)[3]
    assert f"{len(PRODUCTS) + 1} products" in captions(page)
    put(home, SCARF.replace(b"120 g", b"150 g"))
    ask(page, "and how heavy is it?")
    assert "150 g" in bubbles(page)[5]
    assert "<mark>It weighs 120 g.</mark>" not in html_of(page)  # an earlier quote that stands there no more


def test_a_talk_goes_on_when_its_product_is_removed(page: AppTest, home: Path) -> None:
    put(home, SCARF)
    ask(page, ASKED)
    take(home, "SCARF1")
    ask(page, "and what is it made of?")
    assert "120 g" in bubbles(page)[1]  # what was said stays
    assert "Wexcombe Wool Scarf" in html_of(page)
    assert "lambswool" not in bubbles(page)[3]


def test_what_was_offered_and_is_removed_is_offered_no_more(page: AppTest, home: Path) -> None:
    ask(page, "how much does the Tarnbeck stoneware mug hold?")
    assert button(page, "2\\. ")
    take(home, "MUG2")
    page.run()
    assert not page.exception
    assert not [each for each in page.button if each.label.startswith("2\\. ")]
    button(page, "1\\. ").click().run()
    assert "350 ml" in bubbles(page)[-1]


def test_the_page_keeps_its_model_when_the_catalogue_changes(home: Path, embedded_model: Path) -> None:
    settings = Settings(home, Engine(str(embedded_model)))
    before = opened(settings)
    assert opened(settings).retriever is before.retriever
    put(home, SCARF)
    after = opened(settings)
    assert "SCARF1" in after.retriever.catalogue
    assert "SCARF1" not in before.retriever.catalogue
    assert isinstance(before.assistant, Assistant)
    assert isinstance(after.assistant, Assistant)
    assert after.assistant.backend is before.assistant.backend
    _live_answerer.clear()


def test_a_state_forgets_products_that_are_gone(home: Path) -> None:
    take(home, "MUG2", "LAMP1")
    catalogue, _ = LiveIndex(home).now()
    mugs = (Hit("MUG1", "Blue", 0.5), Hit("MUG2", "Grey", 0.5))
    state = State("LAMP1", mugs, "how big?", "how heavy?", ("MUG2", "CHESS1"))
    assert state.within(catalogue) == State("", mugs[:1], "how big?", "how heavy?", ("CHESS1",))

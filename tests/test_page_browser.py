"""The page in a real Chromium: what a visitor sees, presses and gets, and that nothing leaves the machine."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from page_shop import HOSTILE_TITLE, HOSTILE_TWIN, shop_home
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from ui.page import options_for

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
WORD_DELAY_S = 0.25
expect.set_options(timeout=15_000)  # a whole reply takes six seconds
REPLY = "The cable is 180 cm long, and a desk lamp with a cable of 180 cm has what is a long cable indeed. [1]"
# What `ui/app.py` does, with a model that reads from a script.
ENTRY = """
import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, {tests!r})
from page_shop import HOSTILE_REPLY, hostile_talk, open_shop

from assistant.backends.scripted import Scripted
from ui.app import render
from ui.feedback import FILE, Feedback


@st.cache_resource
def opened():
    script = lambda messages: HOSTILE_REPLY if "Gribbleflint" in messages[-1].content else {reply!r}
    return open_shop(Path({home!r}), Scripted(script, delay_s={delay_s}))


if "hostile" in st.query_params and "talk" not in st.session_state:
    st.session_state.talk = hostile_talk()
render(opened(), Feedback(Path({home!r}) / FILE))
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = shop_home(tmp_path_factory.getbasetemp())
    entry = tmp_path_factory.mktemp("entry") / "entry.py"
    entry.write_text(
        ENTRY.format(tests=str(Path(__file__).parent), home=str(home), reply=REPLY, delay_s=WORD_DELAY_S),
        encoding="utf-8",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(entry), *options_for(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as served:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        served.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page on the greeting; whatever it asks of another machine fails the test."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(20_000)
    elsewhere: list[str] = []
    opened.on(
        "request",
        lambda request: (
            elsewhere.append(request.url)
            if urlsplit(request.url).scheme not in ("data", "blob") and urlsplit(request.url).hostname != "127.0.0.1"
            else None
        ),
    )
    opened.goto(address)
    expect(opened.get_by_role("heading", name="What would you like to know?")).to_be_visible(timeout=30_000)
    yield opened
    opened.close()
    assert elsewhere == []


def _ask(page: Page, question: str) -> None:
    page.get_by_placeholder("Ask about a product").fill(question)
    page.keyboard.press("Enter")


def _last_bubble(page: Page) -> Locator:
    return page.get_by_test_id("stChatMessage").last


def _stop(page: Page) -> Locator:
    return page.get_by_role("button", name="Stop")


def test_a_reply_is_seen_growing_and_ends_with_its_card_and_quotes(page: Page) -> None:
    _ask(page, "how long is the cable of the Orlevik desk lamp?")
    expect(_last_bubble(page)).to_contain_text("The cable is 180")
    assert "indeed" not in _last_bubble(page).inner_text(), "the end must not be there yet"
    expect(_stop(page)).to_be_visible()
    expect(_last_bubble(page).locator(".tw-uid")).to_have_text("LAMP1")
    expect(_stop(page)).to_have_count(0)
    expect(_last_bubble(page)).to_contain_text("indeed")
    quotes = _last_bubble(page).locator(".tw-quote")
    expect(quotes.first).to_be_visible()
    _last_bubble(page).get_by_text("Description", exact=True).click()
    expect(_last_bubble(page).locator("mark").first).to_be_visible()


def test_stopping_keeps_what_came_and_the_page_answers_on(page: Page) -> None:
    _ask(page, "how long is the cable of the Orlevik desk lamp?")
    expect(_last_bubble(page)).to_contain_text("The cable is")
    _stop(page).click()
    expect(_last_bubble(page)).to_contain_text("Stopped.", timeout=3_000)
    expect(_last_bubble(page)).to_contain_text("The cable is")
    expect(_last_bubble(page).locator(".tw-uid")).to_have_text("LAMP1")
    assert "indeed" not in _last_bubble(page).inner_text()
    _ask(page, "is the Zyxomat 9000 lawn robot waterproof?")
    expect(page.get_by_test_id("stChatMessage")).to_have_count(4)


def test_another_question_ends_a_running_reply_and_is_answered(page: Page) -> None:
    _ask(page, "how long is the cable of the Orlevik desk lamp?")
    expect(_last_bubble(page)).to_contain_text("The cable is")
    _ask(page, "how much does the Tarnbeck stoneware mug hold?")
    expect(page.get_by_test_id("stChatMessage")).to_have_count(4)
    expect(_last_bubble(page)).to_contain_text("Which one do you mean?")
    expect(page.get_by_test_id("stChatMessage").nth(1)).to_contain_text("Stopped.")


def test_a_suggestion_is_answered_and_two_visitors_do_not_see_each_other(
    browser: Browser, page: Page, address: str
) -> None:
    suggestion = page.get_by_test_id("stMainBlockContainer").get_by_test_id("stButton").first
    question = suggestion.inner_text().replace("\u2060", "")
    suggestion.click()
    expect(page.get_by_test_id("stChatMessage").first).to_contain_text(question)
    other = browser.new_page()
    other.goto(address)
    expect(other.get_by_role("heading", name="What would you like to know?")).to_be_visible(timeout=30_000)
    assert other.get_by_test_id("stChatMessage").count() == 0
    other.close()


def test_hostile_titles_descriptions_and_replies_are_shown_letter_for_letter(page: Page, address: str) -> None:
    page.goto(f"{address}/?hostile=1")
    expect(page.get_by_text("Which one do you mean?")).to_be_visible(timeout=30_000)
    # The last of what is drawn; text read earlier would miss the buttons.
    expect(page.get_by_role("button", name="Gribbleflint Cloth")).to_have_count(2)
    main = page.get_by_test_id("stMainBlockContainer")
    shown = main.inner_text().replace("\u2060", "")
    assert HOSTILE_TITLE in shown
    assert HOSTILE_TWIN in shown
    page.get_by_role("button", name="Gribbleflint Cloth, Red").click()
    expect(_last_bubble(page).locator(".tw-uid")).to_have_text("CLOTH1")
    _last_bubble(page).get_by_text("Description", exact=True).click()
    expect(_last_bubble(page).locator(".tw-description")).to_contain_text("![x](http://evil.invalid/c.png)")
    for made in ("img", "a", "h1", ".katex", "script:not([src])", "b"):
        assert main.locator(made).count() == 0, made
    assert page.title() == "Titlewise"


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    _ask(page, "how much does the Tarnbeck stoneware mug hold? " + "x" * 200)
    expect(_last_bubble(page)).to_be_visible()
    page.wait_for_timeout(500)
    widest = page.evaluate(
        "Math.max(...Array.from(document.querySelectorAll('[data-testid=stMainBlockContainer] *'))"
        ".map(element => element.getBoundingClientRect().right))"
    )
    assert 0 < widest <= width


def test_on_a_phone_the_sidebar_gives_way_to_the_description_that_it_asked_for(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_placeholder("Title", exact=True).fill("Moonlight lamp")
    page.get_by_role("button", name="Describe it").click()
    expect(_last_bubble(page)).to_contain_text("generated, not checked")
    expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()
    expect(_last_bubble(page)).to_be_in_viewport()

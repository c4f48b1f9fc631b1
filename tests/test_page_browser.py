"""The page in a real Chromium, with a model that speaks slowly: what is seen while a reply is on its way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import DESKTOP, PHONE, ask, bubbles, free_port, last_bubble, served, visitor
from page_shop import HOSTILE_TITLE, HOSTILE_TWIN, shop_home
from playwright.sync_api import Browser, Locator, Page, expect

from ui.web.serve import options_for
from ui.web.strings import ENGLISH

pytestmark = pytest.mark.browser

WORD_DELAY_S = 0.25
expect.set_options(timeout=15_000)  # a whole reply takes six seconds
CABLE = "how long is the cable of the Orlevik desk lamp?"
REPLY = "The cable is 180 cm long, and a desk lamp with a cable of 180 cm has what is a long cable indeed. [1]"
# What `ui/web/app.py` does, with a model that reads from a script.
ENTRY = """
import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, {tests!r})
from page_shop import HOSTILE_REPLY, hostile_conversation, open_shop, context_of

from assistant.backends.scripted import Scripted
from ui.web.app import render
from ui.feedback import FILE, Feedback


@st.cache_resource
def opened():
    script = lambda messages: HOSTILE_REPLY if "Gribbleflint" in messages[-1].content else {reply!r}
    assistant = open_shop(Path({home!r}), Scripted(script, delay_s={delay_s}))
    return context_of(assistant, Feedback(Path({home!r}) / FILE))


if "hostile" in st.query_params and "hostile" not in st.session_state:
    st.session_state.key, session = opened().sessions.of("", "en")
    st.session_state.hostile, session.conversation = True, hostile_conversation()
render(opened())
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = shop_home(tmp_path_factory.getbasetemp())
    entry = tmp_path_factory.mktemp("entry") / "entry.py"
    tests = str(Path(__file__).parent)
    filled = ENTRY.format(tests=tests, home=str(home), reply=REPLY, delay_s=WORD_DELAY_S)
    entry.write_text(filled, encoding="utf-8")
    port = free_port()
    with served(["-m", "streamlit", "run", str(entry), *options_for(port)], port) as started:
        yield started


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page on the greeting."""
    with visitor(browser, address) as opened:
        yield opened


def stop_of(page: Page) -> Locator:
    return page.get_by_role("button", name="Stop", exact=True)


def test_a_reply_is_seen_growing_and_ends_with_its_card_and_quotes(page: Page) -> None:
    ask(page, CABLE)
    expect(last_bubble(page)).to_contain_text("The cable is 180")
    assert "indeed" not in last_bubble(page).inner_text(), "the end must not be there yet"
    expect(stop_of(page)).to_be_visible()
    expect(last_bubble(page).locator(".tw-uid")).to_contain_text("LAMP1")
    expect(stop_of(page)).to_have_count(0)
    expect(last_bubble(page)).to_contain_text("indeed")
    quotes = last_bubble(page).locator(".tw-quote")
    expect(quotes.first).to_be_visible()
    last_bubble(page).get_by_text("Description", exact=True).click()
    expect(last_bubble(page).locator("mark").first).to_be_visible()


def test_stopping_keeps_what_came_and_the_page_answers_on(page: Page) -> None:
    ask(page, CABLE)
    expect(last_bubble(page)).to_contain_text("The cable is")
    stop_of(page).click()
    expect(last_bubble(page)).to_contain_text("Stopped.", timeout=3_000)
    expect(last_bubble(page)).to_contain_text("The cable is")
    expect(last_bubble(page).locator(".tw-uid")).to_contain_text("LAMP1")
    assert "indeed" not in last_bubble(page).inner_text()
    expect(last_bubble(page).get_by_role("button", name=ENGLISH.regenerate)).to_be_visible()
    assert last_bubble(page).get_by_role("radio").count() == 0, "half an answer is not to be judged"
    ask(page, "is the Zyxomat 9000 lawn robot waterproof?")
    expect(bubbles(page)).to_have_count(4)


def test_an_invented_description_is_stopped_and_the_chat_answers_on(page: Page) -> None:
    page.get_by_role("link", name=ENGLISH.describe).click()
    expect(page.get_by_role("heading", name=ENGLISH.describe)).to_be_visible()
    ask(page, "Moonlight lamp")
    expect(last_bubble(page).get_by_test_id("stText")).to_contain_text("The cable is")
    stop_of(page).click()
    expect(last_bubble(page)).to_contain_text(ENGLISH.stopped, timeout=3_000)
    assert "indeed" not in last_bubble(page).inner_text()
    page.get_by_role("link", name=ENGLISH.chat).click()
    expect(page.get_by_placeholder(ENGLISH.placeholder)).to_be_visible()
    ask(page, CABLE)
    expect(last_bubble(page).locator(".tw-uid")).to_contain_text("LAMP1")


def test_a_question_in_mid_reply_waits_in_line_and_both_are_answered_whole(page: Page) -> None:
    ask(page, CABLE)
    expect(last_bubble(page)).to_contain_text("The cable is")
    ask(page, "how much does the Tarnbeck stoneware mug hold?")
    expect(last_bubble(page)).to_contain_text(ENGLISH.waits)
    expect(bubbles(page)).to_have_count(3)
    expect(last_bubble(page)).to_contain_text("Which one do you mean?")
    expect(bubbles(page)).to_have_count(4)
    expect(bubbles(page).nth(1)).to_contain_text("a long cable indeed")
    expect(bubbles(page).nth(1)).not_to_contain_text(ENGLISH.stopped)


def test_what_waits_in_line_can_be_withdrawn_and_the_reply_goes_on(page: Page) -> None:
    ask(page, CABLE)
    expect(last_bubble(page)).to_contain_text("The cable is")
    ask(page, "how much does the Tarnbeck stoneware mug hold?")
    last_bubble(page).get_by_role("button", name=ENGLISH.withdraw).click()
    expect(bubbles(page)).to_have_count(2)
    expect(last_bubble(page)).to_contain_text("a long cable indeed")
    expect(bubbles(page)).to_have_count(2)


def test_questions_of_two_tabs_are_answered_one_after_the_other(page: Page, address: str) -> None:
    ask(page, CABLE)
    expect(last_bubble(page)).to_contain_text("The cable is")
    second = page.context.new_page()
    second.goto(address)
    expect(last_bubble(second)).to_contain_text("The cable")
    ask(second, "how much does the Tarnbeck stoneware mug hold?")
    for tab in (page, second):
        expect(bubbles(tab)).to_have_count(4)
        expect(last_bubble(tab)).to_contain_text("Which one do you mean?")
        expect(bubbles(tab).nth(1)).to_contain_text("a long cable indeed")
        expect(bubbles(tab).nth(1)).not_to_contain_text(ENGLISH.stopped)
    second.close()


def test_a_question_on_a_products_own_page_waits_for_the_reply_that_is_not_shown_there(
    page: Page, address: str
) -> None:
    ask(page, CABLE)
    expect(last_bubble(page)).to_contain_text("The cable is")
    page.goto(f"{address}/?product=CHESS1")
    expect(page.get_by_role("heading", name="Pellworth")).to_be_visible()
    ask(page, "is there a warranty?")
    expect(last_bubble(page)).to_contain_text(ENGLISH.waits)
    expect(last_bubble(page)).to_contain_text("not stated")
    page.goto(address)
    expect(bubbles(page).nth(1)).to_contain_text("a long cable indeed")


def test_who_comes_second_sees_the_place_in_the_line_and_then_the_answer(
    browser: Browser, page: Page, address: str
) -> None:
    with visitor(browser, address) as other:
        ask(page, CABLE)
        expect(last_bubble(page)).to_contain_text("The cable")
        ask(other, "what length is the cable of the Orlevik desk lamp?")
        expect(last_bubble(other)).to_contain_text(ENGLISH.in_line.format(before=1))
        expect(last_bubble(other)).to_contain_text("indeed")
        expect(last_bubble(page)).to_contain_text("indeed")


def test_a_page_loaded_anew_in_mid_answer_goes_on_with_it(page: Page) -> None:
    ask(page, CABLE)
    expect(last_bubble(page)).to_contain_text("The cable")
    page.reload()
    expect(last_bubble(page)).to_contain_text("The cable")
    expect(stop_of(page)).to_be_visible()
    expect(last_bubble(page)).to_contain_text("indeed")
    expect(last_bubble(page)).not_to_contain_text(ENGLISH.stopped)


def test_a_thumb_for_an_older_reply_does_not_stop_the_one_on_its_way(page: Page) -> None:
    ask(page, "is the Zyxomat 9000 lawn robot waterproof?")
    expect(last_bubble(page)).to_contain_text("not found")
    ask(page, CABLE)
    expect(last_bubble(page)).to_contain_text("The cable")
    bubbles(page).nth(1).get_by_role("radio", name="Thumbs up").click()
    expect(last_bubble(page)).to_contain_text("indeed")
    expect(last_bubble(page)).not_to_contain_text(ENGLISH.stopped)


def test_a_suggestion_is_answered_and_two_visitors_do_not_see_each_other(
    browser: Browser, page: Page, address: str
) -> None:
    suggestion = page.get_by_test_id("stMainBlockContainer").get_by_test_id("stButton").first
    question = suggestion.inner_text().replace("\u2060", "")
    suggestion.click()
    expect(bubbles(page).first).to_contain_text(question)
    with visitor(browser, address) as other:
        expect(other.get_by_role("heading", name="What would you like to know?")).to_be_visible()
        assert bubbles(other).count() == 0


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
    expect(last_bubble(page).locator(".tw-uid")).to_contain_text("CLOTH1")
    last_bubble(page).get_by_text("Description", exact=True).click()
    expect(last_bubble(page).locator(".tw-description")).to_contain_text("![x](http://evil.invalid/c.png)")
    for made in ("img", "a", "h1", ".katex", "b"):
        assert main.locator(made).count() == 0, made
    assert page.locator("script", has_text="taken").count() == 0
    assert page.title() == "Titlewise"


def widest(page: Page) -> float:
    right: float = page.evaluate(
        "Math.max(...Array.from(document.querySelectorAll('[data-testid=stMainBlockContainer] *'))"
        ".map(element => element.getBoundingClientRect().right))"
    )
    return right


@pytest.mark.parametrize("width", [DESKTOP["width"], PHONE["width"]])
def test_nothing_is_wider_than_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    ask(page, "how much does the Tarnbeck stoneware mug hold? " + "x" * 200)
    expect(last_bubble(page)).to_be_visible()
    page.wait_for_timeout(500)
    assert 0 < widest(page) <= width


@pytest.mark.parametrize("width", [DESKTOP["width"], PHONE["width"]])
def test_cards_are_ticked_and_compared_in_a_table_that_fits_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    ask(page, "I am looking for a mug with a wide handle")
    boxes = last_bubble(page).get_by_test_id("stCheckbox")
    expect(boxes).to_have_count(2)
    boxes.nth(0).click()
    expect(last_bubble(page)).to_contain_text(ENGLISH.tick_more)
    boxes.nth(1).click()
    last_bubble(page).get_by_label(ENGLISH.compared_by).fill("which holds more?")
    last_bubble(page).get_by_role("button", name=ENGLISH.compare_two).click()
    expect(bubbles(page)).to_have_count(4)
    table = last_bubble(page).locator(".tw-sides")
    expect(table.locator("tr")).to_have_count(2)
    expect(table.locator("b")).to_have_text("Tarnbeck Stoneware Mug, Grey")
    expect(boxes.locator("input:checked")).to_have_count(0)
    page.wait_for_timeout(500)
    assert 0 < widest(page) <= width
    title, said = (cell.bounding_box() for cell in table.locator("td").all()[:2])
    assert title is not None
    assert said is not None
    stacked = said["y"] >= title["y"] + title["height"]
    assert stacked == (width == PHONE["width"]), "a narrow window has each title above what is said of it"


def test_on_a_phone_a_title_is_described_in_a_view_among_those_for_the_shop(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.reload()
    page.get_by_test_id("stExpandSidebarButton").click()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text(ENGLISH.for_shop)).to_be_visible()
    assert sidebar.get_by_role("textbox").count() == 0
    sidebar.get_by_role("link", name=ENGLISH.describe).click()
    expect(page.get_by_role("heading", name=ENGLISH.describe)).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()
    ask(page, "Moonlight lamp")
    expect(last_bubble(page)).to_contain_text("generated, not checked")
    expect(last_bubble(page)).to_be_in_viewport()

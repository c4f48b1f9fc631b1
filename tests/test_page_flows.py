"""The real page on the sample catalogue with the embedded Llama, in a real Chromium: every way that a visitor takes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESKTOP, PHONE, ask, bubbles, free_port, is_elsewhere, last_bubble, served, visitor
from playwright.sync_api import Browser, Page, ViewportSize, expect

from assistant.models.adapters import SHIPPED
from index.artefacts import read_manifest
from index.catalogue.store import Catalogue
from ui.feedback import FILE, Feedback
from ui.web.strings import ENGLISH, PORTUGUESE

pytestmark = pytest.mark.browser

expect.set_options(timeout=30_000)
BATTERY = "How long is the battery life of the Lumeo Drift 40 in black?"
KETTLE = "Is the Harrow & Finch kettle dishwasher safe?"
LONG = "A novel about a lighthouse"  # the model has more to say of it than of most titles
NEED = "I am looking for wireless headphones with a long battery life"
ABSENT = "Do you have the Zephyr X9 drone with a 4K camera?"
# Writes down every address that the server connects to or looks up.
WATCHED = """
import sys
def hook(event, arguments, log=open({log!r}, "a", buffering=1)):
    if event == "socket.connect": print(arguments[1], file=log)
    elif event == "socket.getaddrinfo": print(arguments[:2], file=log)
sys.addaudithook(hook)
from ui.cli import main
sys.exit(main(["--home", {home!r}, "ui", "--port", "{port}"]))
"""
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(21, 25, 26)"  # the backgrounds of both themes in ui/web/serve.py
VIEWS = ("", "browse", "settings", "describe", "compare", "model", "evaluation", "training")


@pytest.fixture(scope="module")
def home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "home"
    shutil.copytree(sample_home, folder)
    return folder


@pytest.fixture(scope="module")
def address(home: Path, embedded_model: Path) -> Iterator[str]:
    port, log = free_port(), home / "connections.log"
    with served(["-c", WATCHED.format(log=str(log), home=str(home), port=port)], port) as started:
        yield started
    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines, "nothing was written down"
    assert [line for line in lines if "127.0.0.1" not in line and "localhost" not in line] == []


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with visitor(browser, address) as opened:
        yield opened


def choose(page: Page, name: str) -> None:
    last_bubble(page).get_by_role("button", name=name).click()


def describe(page: Page, title: str) -> None:
    """Have a description invented: the longest that the model speaks."""
    page.get_by_role("link", name=ENGLISH.describe).click()
    expect(page.get_by_role("heading", name=ENGLISH.describe)).to_be_visible()
    ask(page, title)


def test_an_answer_comes_with_its_card_its_quote_and_the_place_in_the_description(page: Page) -> None:
    ask(page, BATTERY)
    reply = last_bubble(page)
    expect(reply.locator(".tw-title")).to_have_text("Lumeo Drift 40 Wireless Over-Ear Headphones, Black")
    expect(reply).to_contain_text("38 hours")
    quote = reply.locator(".tw-quote").inner_text().removeprefix("[1] ").strip("“”")
    reply.get_by_text(ENGLISH.description, exact=True).click()
    expect(reply.locator("mark")).to_have_text(quote)
    reply.get_by_role("button", name=ENGLISH.copy).click()
    expect(reply.get_by_role("button", name=ENGLISH.copied)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("The battery life is 38 hours")


def test_two_that_fit_are_offered_and_a_click_answers(page: Page) -> None:
    ask(page, KETTLE)
    expect(last_bubble(page)).to_contain_text("Which one do you mean?")
    choose(page, "Red")
    expect(bubbles(page)).to_have_count(4)
    expect(last_bubble(page).locator(".tw-uid")).to_contain_text(ENGLISH.chosen)
    expect(last_bubble(page).locator(".tw-title")).to_contain_text("Red")


def test_what_is_not_there_is_not_found_and_can_be_invented(page: Page) -> None:
    ask(page, ABSENT)
    expect(last_bubble(page)).to_contain_text("not found")
    choose(page, "Invent a description of “Zephyr X9 drone")
    expect(last_bubble(page)).to_contain_text(ENGLISH.generated_help)


def test_what_is_not_stated_leads_to_what_is(page: Page) -> None:
    ask(page, "does the Lumeo Drift 40 in black have a built-in FM radio?")
    expect(last_bubble(page)).to_contain_text("not stated")
    expect(last_bubble(page)).to_contain_text("The description does tell about:")
    choose(page, "How long does it last?")
    expect(last_bubble(page)).to_contain_text("38 hours")


def test_the_wrong_product_is_put_right_by_one_click(page: Page) -> None:
    ask(page, BATTERY)
    choose(page, ENGLISH.not_this)
    page.get_by_test_id("stPopoverBody").get_by_role("button").first.click()
    expect(bubbles(page)).to_have_count(4)
    expect(last_bubble(page).locator(".tw-uid")).to_contain_text(ENGLISH.chosen)


def test_an_answer_is_given_anew_and_the_last_question_is_edited(page: Page) -> None:
    ask(page, BATTERY)
    expect(last_bubble(page)).to_contain_text("38 hours")
    choose(page, ENGLISH.regenerate)
    stop = page.get_by_role("button", name=ENGLISH.stop, exact=True)
    expect(stop).to_be_visible()
    expect(stop).to_have_count(0)
    expect(bubbles(page)).to_have_count(2)
    expect(last_bubble(page).locator(".tw-title")).to_contain_text("Lumeo Drift 40")
    page.get_by_role("button", name=ENGLISH.edit).click()
    page.get_by_label(ENGLISH.edit_label).fill("How heavy is the Lumeo Drift 40 in black?")
    page.get_by_role("button", name=ENGLISH.ask_again).click()
    expect(last_bubble(page)).to_contain_text("254 g")
    expect(bubbles(page)).to_have_count(2)


def test_thumbs_a_reason_and_a_comment_are_kept(page: Page, home: Path) -> None:
    before = len(list(Feedback(home / FILE).opinions()))
    ask(page, BATTERY)
    expect(last_bubble(page)).to_contain_text("38 hours")
    last_bubble(page).get_by_role("radio", name="Thumbs down").click()
    choose(page, ENGLISH.vote_more)
    page.get_by_text("badly worded").click()
    page.get_by_label(ENGLISH.vote_comment).fill("fewer words, please")
    page.keyboard.press("Control+Enter")
    expect(last_bubble(page)).to_contain_text("38 hours")
    for _ in range(100):
        kept = list(Feedback(home / FILE).opinions())[before:]
        if kept and kept[0].comment:
            break
        page.wait_for_timeout(100)
    assert [(one.vote, one.reason, one.comment) for one in kept] == [(-1, "badly worded", "fewer words, please")]
    assert (kept[0].adapter, kept[0].settings["adapter_digest"]) == (
        "shipped",
        read_manifest(SHIPPED, "adapter").digest,
    )


def test_base_and_fine_tuned_answer_the_same_question_side_by_side(page: Page, address: str) -> None:
    page.goto(f"{address}/compare")
    expect(page.get_by_role("heading", name=ENGLISH.compare)).to_be_visible()
    ask(page, "How heavy is the Lumeo Drift 40 in black?")
    expect(page.get_by_text("tokens/s")).to_have_count(2)
    expect(page.get_by_role("heading", name="shipped")).to_be_visible()
    expect(page.locator(".tw-title")).to_contain_text("Lumeo Drift 40")
    assert page.get_by_text("254").count() >= 1


def test_the_whole_page_turns_to_portuguese_and_a_portuguese_browser_finds_it_so(
    browser: Browser, page: Page, address: str
) -> None:
    page.get_by_role("link", name=ENGLISH.settings).click()
    page.get_by_role("radio", name="Português").click()
    expect(page.get_by_role("heading", name=PORTUGUESE.settings)).to_be_visible()
    page.get_by_role("link", name=PORTUGUESE.chat).click()
    expect(page.get_by_role("heading", name=PORTUGUESE.greeting)).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "pt-BR"
    ask(page, "Os fones de ouvido bluetooth sem fio têm cancelamento de ruído?")
    expect(last_bubble(page).locator(".tw-title")).to_contain_text("Fones de Ouvido Bluetooth Sem Fio")
    with visitor(browser, address, language="pt-BR") as other:
        expect(other.get_by_role("heading", name=PORTUGUESE.greeting)).to_be_visible()


def test_titles_are_suggested_while_one_types_and_lead_to_the_product(page: Page, address: str) -> None:
    page.get_by_role("link", name=ENGLISH.browse).click()
    titles = page.get_by_role("main").get_by_role("link")
    expect(titles).not_to_have_count(1)
    page.get_by_label(ENGLISH.browse_search).press_sequentially("gooseneck ket", delay=40)
    expect(titles).to_have_count(1)
    titles.click()
    expect(page.get_by_role("heading", name="Gooseneck")).to_be_visible()
    assert page.url.startswith(f"{address}/?product=")
    ask(page, "how much does it hold?")
    expect(last_bubble(page)).to_contain_text("0.9 l")


def test_a_link_to_a_product_opens_it(browser: Browser, address: str, home: Path) -> None:
    product = Catalogue.load(home / "catalogue").product(0)
    with visitor(browser, f"{address}/?product={product.uid}") as page:
        expect(page.get_by_role("heading", name=product.title)).to_be_visible()
        expect(page.locator(".tw-description")).to_have_text(product.content)


def test_two_people_at_once_are_answered_and_never_see_each_other(browser: Browser, page: Page, address: str) -> None:
    with visitor(browser, address) as other:
        describe(page, LONG)
        ask(other, BATTERY)
        expect(last_bubble(other)).to_contain_text("38 hours")
        expect(last_bubble(page)).to_contain_text(ENGLISH.generated_help)
        assert "38 hours" not in page.get_by_role("main").inner_text()
        assert LONG not in other.get_by_role("main").inner_text()


def test_a_page_loaded_anew_in_mid_answer_shows_the_whole_of_it(page: Page) -> None:
    describe(page, LONG)
    expect(last_bubble(page).get_by_test_id("stText")).not_to_have_text(ENGLISH.searching)
    page.reload()
    expect(bubbles(page)).to_have_count(2)
    expect(last_bubble(page)).to_contain_text(ENGLISH.generated_help)
    assert ENGLISH.stopped not in last_bubble(page).inner_text()


def test_a_conversation_can_be_had_by_keyboard_alone(page: Page) -> None:
    page.get_by_test_id("stChatInput").get_by_role("textbox").focus()
    page.keyboard.type(KETTLE)
    page.keyboard.press("Enter")
    choice = last_bubble(page).get_by_role("button", name="Red")
    expect(choice).to_be_visible()
    for _ in range(60):
        if choice.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(last_bubble(page).locator(".tw-title")).to_contain_text("Red")


def test_dark_is_chosen_once_for_all_views_and_given_up_again(page: Page, address: str) -> None:
    app = page.get_by_test_id("stApp")
    for label, colour in ((ENGLISH.settings_dark, DARK), (ENGLISH.settings_system, LIGHT)):
        page.goto(f"{address}/settings")
        page.get_by_role("button", name=label, exact=True).click()
        expect(app).to_have_css("background-color", colour)
        for view in VIEWS:
            page.goto(f"{address}/{view}")
            expect(app).to_have_css("background-color", colour)


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious(browser: Browser, address: str, viewport: ViewportSize, scheme: str) -> None:
    found = []
    with visitor(browser, address, viewport) as page:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for view in VIEWS:
            page.goto(f"{address}/{view}")
            page.get_by_test_id("stMainBlockContainer").get_by_role("heading").first.wait_for()
            page.wait_for_timeout(500)
            found += _serious(page, view)
        page.goto(address)
        ask(page, KETTLE)
        choose(page, "Red")
        expect(last_bubble(page).locator(".tw-title")).to_contain_text("Red")
        expect(last_bubble(page)).to_contain_text(ENGLISH.ask_about_it)
        page.wait_for_timeout(500)
        found += _serious(page, "a reply")
        ask(page, NEED)
        boxes = last_bubble(page).get_by_test_id("stCheckbox")
        expect(boxes.nth(1)).to_be_visible()
        boxes.nth(0).click()
        expect(last_bubble(page)).to_contain_text(ENGLISH.tick_more)
        boxes.nth(1).click()
        expect(last_bubble(page).get_by_role("button", name=ENGLISH.compare_two)).to_be_visible()
        page.wait_for_timeout(500)
        found += _serious(page, "cards")
        choose(page, ENGLISH.compare_two)
        expect(last_bubble(page).locator(".tw-sides tr")).to_have_count(2)
        page.wait_for_timeout(500)
        found += _serious(page, "a comparison")
        widest = page.evaluate("document.documentElement.scrollWidth")
    assert found == []
    assert widest <= viewport["width"]


def test_a_first_start_is_helped_to_its_first_question(browser: Browser, tmp_path: Path, embedded_model: Path) -> None:
    port = free_port()
    command = ["-m", "ui.cli", "--home", str(tmp_path / "new"), "ui", "--port", str(port)]
    with served(command, port) as address, visitor(browser, address) as page:
        page.emulate_media(color_scheme="dark")
        assert _serious(page, "first start") == []
        page.get_by_role("button", name=ENGLISH.start_catalogue_button).click()
        expect(page.get_by_text(ENGLISH.start_done)).to_have_count(2)
        page.get_by_role("button", name=ENGLISH.start_index_button).click()
        expect(page.get_by_role("heading", name=ENGLISH.greeting)).to_be_visible()


def _serious(page: Page, view: str) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [
        f"{view}: {one['id']} at {node['target']}: {node['html'][:120]}"
        for one in violations
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def test_an_address_elsewhere_would_be_seen() -> None:
    assert is_elsewhere("https://fonts.gstatic.com/s/i/24px.svg")
    assert not is_elsewhere("http://127.0.0.1:8501/static/x.js")

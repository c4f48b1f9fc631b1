"""The widget on a shop's page: whose key opens what, and the page itself in a Chromium, on an origin of its own."""

import contextlib
import http.server
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect
from serving import running

from assistant.assistant import assistant_of
from assistant.backends.base import BackendError
from assistant.backends.scripted import Scripted
from assistant.messages import Message
from index.catalogue.store import Catalogue
from index.errors import UserError
from index.resolver import TitleIndex
from ui.api.access import Access
from ui.api.server import app_of, serve
from ui.api.workers import Limits
from ui.cli import main

Shop = tuple[Catalogue, TitleIndex]

SHOP, OTHER = "https://shop.example", "https://other.example"
KEY, OTHER_KEY = "k" * 16, "o" * 16
ACCESS = Access("secret", [], {SHOP: KEY, OTHER: OTHER_KEY})
RED = "how heavy is the red Harrow electric kettle 1.7 L?"
WEIGHT = "It weighs 1.3 kg. [1]"
QUESTION = {"messages": [{"role": "user", "content": RED}]}


@pytest.fixture(scope="module")
def client(shop: Shop) -> Iterator[TestClient]:
    with TestClient(app_of(assistant_of(*shop, Scripted(lambda _: WEIGHT)), Limits(), ACCESS)) as client:
        yield client


def headers(origin: str, key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} | ({"Origin": origin} if origin else {})


@pytest.mark.parametrize(
    ("origin", "key", "status"),
    [
        (SHOP, KEY, 200),
        (SHOP, "secret", 200),
        ("", "secret", 200),
        (SHOP, OTHER_KEY, 401),
        (OTHER, KEY, 401),
        ("https://shop.example.evil", KEY, 401),
        ("http://shop.example", KEY, 401),
        ("null", KEY, 401),
        ("", KEY, 401),
        (SHOP, "", 401),
    ],
)
def test_a_key_opens_the_talk_to_its_own_origin(client: TestClient, origin: str, key: str, status: int) -> None:
    response = client.post("/v1/chat/completions", json=QUESTION, headers=headers(origin, key))
    assert response.status_code == status
    allowed = response.headers.get("access-control-allow-origin")
    assert allowed == (origin if origin in (SHOP, OTHER) else None)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/products/K1"),
        ("PUT", "/products/K1"),
        ("DELETE", "/products/K1"),
        ("POST", "/resolve"),
        ("POST", "/v1/responses"),
    ],
)
def test_a_widgets_key_opens_nothing_else(client: TestClient, method: str, path: str) -> None:
    response = client.request(method, path, headers=headers(SHOP, KEY), json={})
    assert response.status_code in (401, 405)


def test_a_page_of_another_origin_is_told_no_before_it_asks(client: TestClient) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    for origin, status in ((SHOP, 200), ("https://evil.example", 400)):
        assert client.options("/v1/chat/completions", headers={"Origin": origin, **asks}).status_code == status


def test_the_script_is_there_for_any_page_where_one_is_named(client: TestClient, shop: Shop) -> None:
    script = client.get("/widget.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in script.headers
    with TestClient(app_of(assistant_of(*shop, Scripted([WEIGHT])), Limits(), Access())) as without:
        assert without.get("/widget.js").status_code == 404


def test_the_script_is_small_and_writes_no_markup() -> None:
    text = Path("ui/api/widget.js").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    assert not [
        word for word in ("innerHTML", "outerHTML", "insertAdjacent", "eval(", "cookie =", ".style") if word in text
    ]


def test_strangers_pages_ask_no_server_that_is_open_to_all(tmp_path: Path) -> None:
    from assistant.open import Engine

    with pytest.raises(UserError, match="export TITLEWISE_API_KEY"):
        serve(tmp_path, Engine(), Limits(), Access("", [], {SHOP: KEY}), host="127.0.0.1", port=1)


@pytest.mark.parametrize(
    "given", ["shop.example=" + KEY, f"{SHOP}/=" + KEY, SHOP, f"{SHOP}=short", f"{SHOP}=with space " + KEY]
)
def test_what_is_no_origin_with_a_key_is_a_wrong_usage(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["serve", "--widget", given])
    assert "is not an origin and a key" in capsys.readouterr().err


# In the browser

PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>A shop</title>
<link rel="stylesheet" href="/shop.css"></head>
<body><main><h1>A shop</h1><p>Kettles.</p></main>
<script src="{server}/widget.js" data-key="{key}" {more} defer></script></body></html>"""
CSS = "button, p, input, div, blockquote { display: none !important; color: red !important; }"
POLICY = (
    "default-src 'none'; script-src {server}; connect-src {server}; style-src 'self'; "
    "require-trusted-types-for 'script'; form-action 'none'; base-uri 'none'"
)


@contextlib.contextmanager
def shop_page(server: Sequence[str], *, lang: str = "en", key: str = KEY, more: str = "") -> Iterator[str]:
    """A shop's page on an origin of its own, under a strict policy; the server's address is known once it runs."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_css = self.path == "/shop.css"
            text = CSS if is_css else PAGE.format(server=server[0], lang=lang, key=key, more=more)
            self.send_response(200)
            self.send_header("Content-Type", "text/css" if is_css else "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY.format(server=server[0]))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as page:
        page.daemon_threads = True
        threading.Thread(target=page.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{page.server_port}"
        page.shutdown()


@contextlib.contextmanager
def visit(browser: Browser, shop: Shop, backend: Scripted, **page: str) -> Iterator[Page]:
    """A visitor of a shop's page, whose server runs; nothing may break the page's policy."""
    server: list[str] = []
    with shop_page(server, **page) as origin:
        app = app_of(assistant_of(*shop, backend), Limits(), Access("secret", [], {origin: KEY}))
        with running(app) as address:
            server.append(address)
            opened = browser.new_page()
            troubles: list[str] = []
            opened.on("console", lambda entry: troubles.append(entry.text) if entry.type == "error" else None)
            opened.on("pageerror", lambda error: troubles.append(str(error)))
            opened.goto(origin)
            yield opened
            assert opened.context.cookies() == []
            assert opened.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
            opened.close()
    assert [each for each in troubles if "favicon" not in each and "status of" not in each] == []


def ask(page: Page, question: str) -> None:
    page.get_by_role("textbox", name="question").or_(page.get_by_label("pergunta")).fill(question)
    page.keyboard.press("Enter")


def slowly(messages: Sequence[Message]) -> str:
    time.sleep(0.2)
    return WEIGHT


def test_a_shopper_asks_on_a_shops_page_by_the_keyboard(browser: Browser, shop: Shop) -> None:
    with visit(browser, shop, Scripted(slowly)) as page:
        opener = page.get_by_role("button", name="Ask about our products")
        opener.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox")).to_be_focused()
        page.keyboard.type("how heavy is the Harrow electric kettle?")
        page.keyboard.press("Enter")
        log = page.get_by_role("log")
        expect(log).to_contain_text("1. Harrow Electric Kettle 1.7 L, Red")
        ask(page, "the red one")
        expect(log.locator("blockquote")).to_contain_text("Weighs 1.3 kg empty.")
        expect(log.locator("cite")).to_have_text("Harrow Electric Kettle 1.7 L, Red")
        expect(log).to_have_attribute("aria-busy", "false")
        expect(log.locator(".answered").last.locator("p")).to_have_text(WEIGHT)
        assert page.evaluate("getComputedStyle(document.querySelector('main p')).display") == "none"
        assert log.locator("blockquote").is_visible(), "the shop's style reached in"
        page.keyboard.press("Escape")
        expect(opener).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_widget(browser: Browser, shop: Shop, scheme: str) -> None:
    with visit(browser, shop, Scripted(lambda _: WEIGHT)) as page:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.get_by_role("button").click()
        ask(page, RED)
        page.locator("blockquote").wait_for()
        found = Axe().run(page, context={"include": ["titlewise-widget"]}).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_the_widget_speaks_the_pages_language(browser: Browser, shop: Shop) -> None:
    with visit(browser, shop, Scripted(lambda _: "A bateria dura 5 horas. [1]"), lang="pt-BR") as page:
        page.get_by_role("button", name="Pergunte").click()
        ask(page, "quanto dura a bateria dos fones de ouvido bluetooth sem fio?")
        expect(page.get_by_role("log").locator("cite")).to_have_text("Fones de Ouvido Bluetooth Sem Fio")
        expect(page.get_by_text("Você:")).to_be_attached()


def test_a_products_page_asks_about_its_product(browser: Browser, shop: Shop) -> None:
    with visit(browser, shop, Scripted(lambda _: WEIGHT), more='data-product="K1"') as page:
        page.get_by_role("button").click()
        ask(page, "how heavy is it?")
        expect(page.locator("blockquote")).to_contain_text("Weighs 1.3 kg empty.")


def test_what_a_reply_holds_is_shown_as_text(browser: Browser, shop: Shop) -> None:
    hostile = "<img src=x onerror=document.title='taken'> is it heavy?"
    with visit(browser, shop, Scripted(lambda _: WEIGHT)) as page:
        page.get_by_role("button").click()
        ask(page, f"{RED} {hostile}")
        expect(page.get_by_role("log")).to_contain_text(hostile)
        page.locator("blockquote").wait_for()
        assert page.title() == "A shop"
        assert page.locator("titlewise-widget img").count() == 0


def broken(messages: Sequence[Message]) -> str:
    if "Harrow" in messages[-1].content:
        raise BackendError("the engine stopped", "one that runs", "starting it")
    return WEIGHT


@pytest.mark.parametrize(("backend", "key"), [(broken, KEY), (lambda _: WEIGHT, "wrong" * 5)], ids=["engine", "key"])
def test_an_answer_that_does_not_come_is_told_and_may_be_asked_again(
    browser: Browser, shop: Shop, backend: object, key: str
) -> None:
    with visit(browser, shop, Scripted(backend), key=key) as page:  # type: ignore[arg-type]
        page.get_by_role("button").click()
        for _ in range(2):
            ask(page, RED)
            expect(page.get_by_text("No answer came.").last).to_be_visible()
        expect(page.get_by_text("No answer came.")).to_have_count(2)

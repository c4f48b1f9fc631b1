"""A real Chromium for the tests of the page, which fails them where it asks anything of another machine."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, ViewportSize

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}


@contextlib.contextmanager
def served(command: Sequence[str], port: int) -> Iterator[str]:
    """Run a command of Python that serves on a port, and yield its address."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL) as process:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def visitor(browser: Browser, address: str, viewport: ViewportSize = DESKTOP, language: str = "en") -> Iterator[Page]:
    """Yield a page of a visitor of their own, drawn and ready."""
    context = browser.new_context(viewport=viewport, locale=language, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(30_000)
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if is_elsewhere(request.url) else None)
    page.goto(address)
    page.get_by_test_id("stMainBlockContainer").get_by_role("heading").first.wait_for()
    yield page
    context.close()
    assert elsewhere == []


def is_elsewhere(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1"


def ask(page: Page, question: str) -> None:
    page.get_by_test_id("stChatInput").get_by_role("textbox").fill(question)
    page.keyboard.press("Enter")


def bubbles(page: Page) -> Locator:
    return page.get_by_test_id("stChatMessage")


def last_bubble(page: Page) -> Locator:
    return bubbles(page).last

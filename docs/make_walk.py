"""Record the walk and the pictures of README: the real page, the sample catalogue, the embedded model, a real Chromium.

    python docs/make_walk.py         # writes docs/images/walk.gif and docs/images/*.png

Needs `chromium` on the path.
"""

import contextlib
import io
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from ui.commands.answering.demo import make_ready
from ui.web.strings import ENGLISH, PORTUGUESE

IMAGES = Path(__file__).with_name("images")
WIDE, PHONE = {"width": 1120, "height": 780}, {"width": 360, "height": 740}
FRAME_S = 0.12
WALK_WIDTH = 840  # pixels
COLOURS = 128
PORT = 8767


@dataclass
class Film:
    """Frames of a page, each with how long it stands, in milliseconds."""

    page: Page
    frames: list[Image.Image] = field(default_factory=list)
    stands_ms: list[int] = field(default_factory=list)

    def shoot(self, seconds: float) -> None:
        """Film for so long; what does not change becomes one frame."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            start_s = time.monotonic()
            picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
            picture = picture.resize((WALK_WIDTH, WALK_WIDTH * picture.height // picture.width))
            time.sleep(max(0.0, FRAME_S - (time.monotonic() - start_s)))
            stood_ms = round((time.monotonic() - start_s) * 1000)
            if self.frames and picture.tobytes() == self.frames[-1].tobytes():
                self.stands_ms[-1] += stood_ms
            else:
                self.frames.append(picture)
                self.stands_ms.append(stood_ms)

    def type(self, text: str) -> None:
        """Type into the chat, a few letters a frame, and send."""
        box = self.page.get_by_test_id("stChatInput").get_by_role("textbox")
        for start in range(0, len(text), 4):
            box.press_sequentially(text[start : start + 4], delay=10)
            self.shoot(FRAME_S)
        self.page.keyboard.press("Enter")

    def save(self, path: Path) -> None:
        """Write the frames as a GIF with one palette."""
        sheet = Image.new("RGB", (WALK_WIDTH, sum(frame.height for frame in self.frames[::8])))
        for number, frame in enumerate(self.frames[::8]):
            sheet.paste(frame, (0, number * frame.height))
        palette = sheet.quantize(COLOURS)
        frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self.frames]
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=self.stands_ms, loop=0, optimize=True)


def main() -> None:
    """Serve the page on the sample catalogue, and film it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("there is no chromium on this machine (Debian: apt-get install chromium)")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, _served(Path(scratch)), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        walk(browser)
        pictures(browser)


def walk(browser: Browser) -> None:
    """Film the walk: an answer, a "which one?", its choice, what is not stated."""
    page = _opened(browser, "light", "en")
    film = Film(page)
    film.shoot(1.0)
    for question in ("how long is the battery life of the Lumeo Drift 40 in black?", "does it have an FM radio?"):
        film.type(question)
        _until_answered(film)
    film.type("Is the Harrow & Finch kettle dishwasher safe?")
    _until_answered(film)
    page.get_by_role("button", name="Red").last.click()
    film.shoot(0.5)
    _until_answered(film)
    film.save(IMAGES / "walk.gif")
    page.context.close()


def pictures(browser: Browser) -> None:
    """Take the pictures: an answer, a choice in the dark, the comparison, a phone in Portuguese."""
    page = _opened(browser, "light", "en")
    _ask(page, "how long is the battery life of the Lumeo Drift 40 in black?", ENGLISH.regenerate)
    page.get_by_text(ENGLISH.description, exact=True).click()
    _save(page, "answer")
    page.get_by_role("link", name=ENGLISH.compare).click()
    page.get_by_role("heading", name=ENGLISH.compare).wait_for()
    _ask(page, "How heavy is the Lumeo Drift 40 in black?")
    page.get_by_text("tokens/s").nth(1).wait_for()
    _save(page, "compare")
    page.context.close()
    page = _opened(browser, "dark", "en")
    _ask(page, "Is the Harrow & Finch kettle dishwasher safe?", ENGLISH.regenerate)
    _save(page, "which-one-dark")
    page.context.close()
    page = _opened(browser, "light", "pt-BR", phone=True)
    _ask(page, "Os fones de ouvido bluetooth sem fio têm cancelamento de ruído?", PORTUGUESE.regenerate)
    _save(page, "phone-pt")
    page.context.close()


@contextlib.contextmanager
def _served(home: Path) -> Iterator[None]:
    make_ready(home)
    command = [sys.executable, "-m", "ui.cli", "--home", str(home), "ui", "--port", str(PORT)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                        break
                time.sleep(0.2)
            yield
        finally:
            server.terminate()


def _opened(browser: Browser, scheme: str, language: str, *, phone: bool = False) -> Page:
    dark = "dark" if scheme == "dark" else "light"
    context = browser.new_context(viewport=PHONE if phone else WIDE, color_scheme=dark, locale=language)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{PORT}")
    page.get_by_test_id("stMainBlockContainer").get_by_role("heading").first.wait_for()
    page.wait_for_timeout(500)
    return page


def _until_answered(film: Film) -> None:
    film.shoot(0.5)
    while film.page.get_by_role("button", name=ENGLISH.stop, exact=True).count():
        film.shoot(FRAME_S)
    film.shoot(2.5)


def _ask(page: Page, question: str, until: str = "") -> None:
    page.get_by_test_id("stChatInput").get_by_role("textbox").fill(question)
    page.keyboard.press("Enter")
    if until:
        page.get_by_role("button", name=until).wait_for()


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(1000)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256).save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()

"""Measure the page in a real Chromium: how soon it is ready, how soon it reacts, how soon a stop frees the model.

    python benchmarks/page.py [--questions 20] [--stops 20]

The sample catalogue and the embedded model; times are taken in the browser, from the key that sends the question to
the first change that is drawn, and to the first word of the reply; worded replies alone are counted. A stop counts
from the click to the moment when nobody is in the queue before the model. Prints one line of JSON.
"""

import argparse
import contextlib
import itertools
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

from assistant.attributes import carries
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.progress import Progress
from index.resolver import TitleIndex
from index.sample import PATH as SAMPLE
from ui.web.strings import ENGLISH

WARM_LOADS = 5
PORT = 8766
# The page as it is served, and beside it a thread that writes down when the queue before the model grows or shrinks.
SERVED = """
import threading, time
def watch(path):
    from ui.web import serve as page
    queue, last = page._queue(), None
    with open(path, "a", buffering=1) as log:
        while True:
            if len(queue) != last:
                last = len(queue)
                print(time.time(), last, file=log)
            time.sleep(0.002)
threading.Thread(target=watch, args=({log!r},), daemon=True).start()
from ui.cli import main
main(["--home", {home!r}, "ui", "--port", "{port}"])
"""
# Times of the last question, in milliseconds of the browser's clock.
CLOCK = """
window.seen = {};
const now = () => performance.now();
document.addEventListener("keydown", event => {
  if (event.key === "Enter") window.seen = {sent: now(), bubbles: document.querySelectorAll(BUBBLE).length};
}, true);
document.addEventListener("click", () => { window.clicked = Date.now(); }, true);
const BUBBLE = '[data-testid="stChatMessage"]';
new MutationObserver(() => {
  const seen = window.seen, bubbles = document.querySelectorAll(BUBBLE);
  if (!seen.sent || bubbles.length <= seen.bubbles) return;
  seen.reacted ??= now();
  if (bubbles.length < seen.bubbles + 2) return;
  const text = bubbles[bubbles.length - 1].querySelector('[data-testid="stText"]')?.innerText;
  if (text && text !== "…") seen.worded ??= now();
}).observe(document.body, {subtree: true, childList: true, characterData: true});
"""


def main() -> None:
    """Serve the page, and measure it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--stops", type=int, default=20)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("there is no chromium on this machine (Debian: apt-get install chromium)")
    with tempfile.TemporaryDirectory() as scratch:
        home, log = Path(scratch), Path(scratch) / "queue.log"
        prepare(SAMPLE, home / "catalogue", progress=Progress)
        catalogue = Catalogue.load(home / "catalogue")
        TitleIndex.build(catalogue, home / "index", progress=Progress)
        program = SERVED.format(log=str(log), home=str(home), port=PORT)
        server = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                page = browser.new_page()
                figures = load(page) | ask(page, questions_of(catalogue, arguments.questions))
                figures |= stop(page, log, arguments.stops)
        finally:
            server.terminate()
            server.wait()
    print(json.dumps(figures))


def questions_of(catalogue: Catalogue, count: int) -> list[str]:
    """Ask for the weight of products whose descriptions state one."""
    products = [catalogue.product(row) for row in range(len(catalogue))]
    stating = [product.title for product in products if carries(product.content, "weight")]
    return [f"How heavy is the {title}?" for title in random.Random(0).sample(stating, count)]


def load(page: Page) -> dict[str, float]:
    """Load the page: the first time with the server's start, then warm."""
    for _ in range(600):
        try:
            page.goto(f"http://127.0.0.1:{PORT}")
            break
        except Exception:  # the server is not up yet
            time.sleep(0.2)
    page.get_by_role("heading", name=ENGLISH.greeting).wait_for()
    times_s = []
    for _ in range(WARM_LOADS):
        start_s = time.perf_counter()
        page.reload()
        page.get_by_role("heading", name=ENGLISH.greeting).wait_for()
        times_s.append(time.perf_counter() - start_s)
    return {"ready_s": round(median(times_s), 2)}


def ask(page: Page, questions: list[str]) -> dict[str, Any]:
    """Ask, each question in a conversation of its own."""
    page.evaluate(CLOCK)
    reacted_ms, worded_ms = [], []
    for question in questions:
        page.get_by_role("button", name=ENGLISH.new_conversation).click()
        page.get_by_role("heading", name=ENGLISH.greeting).wait_for()
        page.get_by_test_id("stChatMessage").first.wait_for(state="detached")
        page.get_by_test_id("stChatInput").get_by_role("textbox").fill(question)
        page.keyboard.press("Enter")
        page.get_by_role("button", name=ENGLISH.regenerate).wait_for()
        seen = page.evaluate("window.seen")
        reacted_ms.append(seen["reacted"] - seen["sent"])
        kinds = [*ENGLISH.badges.values(), "Which one"]
        if not any(kind in page.get_by_test_id("stChatMessage").last.inner_text() for kind in kinds):
            worded_ms.append(seen["worded"] - seen["sent"])
    p50, p95 = np.percentile(worded_ms, [50, 95])
    return {
        "reaction_ms": round(median(reacted_ms)),
        "first_word_ms": round(p50),
        "first_word_p95_ms": round(p95),
        "worded": len(worded_ms),
    }


def stop(page: Page, log: Path, count: int) -> dict[str, float]:
    """Stop a long text in the middle, again and again."""
    freed_ms: list[float] = []
    page.get_by_role("link", name=ENGLISH.describe).click()
    page.get_by_role("heading", name=ENGLISH.describe).wait_for()
    for number in itertools.count():
        if len(freed_ms) == count:
            break
        page.get_by_test_id("stChatInput").get_by_role("textbox").fill(f"Moonlight lamp {number}")
        page.keyboard.press("Enter")
        button = page.get_by_role("button", name=ENGLISH.stop, exact=True)
        button.wait_for()
        page.wait_for_timeout(random.Random(number).uniform(0, 500))
        with contextlib.suppress(PlaywrightError):  # a short text may have ended by then
            button.click(timeout=1_000)
        page.get_by_role("button", name=ENGLISH.regenerate).wait_for()
        clicked_s = page.evaluate("window.clicked") / 1000
        lengths = [entry.split() for entry in log.read_text(encoding="utf-8").splitlines()]
        free_s = max(float(at) for at, length in lengths if length == "0")
        if free_s > clicked_s and page.get_by_text(ENGLISH.stopped, exact=True).count() > len(freed_ms):
            freed_ms.append((free_s - clicked_s) * 1000)
    return {"stops": len(freed_ms), "stop_frees_ms_max": round(max(freed_ms)), "stop_frees_ms": round(median(freed_ms))}


if __name__ == "__main__":
    main()

"""Drives the page in Streamlit's own test harness: what is drawn, what a click and a typed word do."""

import sys
from collections.abc import Callable, Iterator

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from assistant.messages import Message

SCRIPT = "import drawn\ndrawn.SHOWN[0]()"
SHOWN: list[Callable[[], None]] = []  # what draws the page under test


def page_of(draw: Callable[[], None]) -> Iterator[AppTest]:
    SHOWN[:] = [draw]
    # Streamlit leaves its script behind as the main module, which spawned processes of later tests would run.
    main = sys.modules["__main__"]
    yield AppTest.from_string(SCRIPT, default_timeout=20).run()
    sys.modules["__main__"] = main
    SHOWN.clear()


def read_aloud(messages: list[Message]) -> str:
    """Answer with the first passage, as a model that copies would."""
    line = next(line for line in messages[-1].content.splitlines() if line.startswith("[1]"))
    return f"{line.removeprefix('[1]').strip()} [1]"


def ask(page: AppTest, question: str) -> AppTest:
    page.chat_input[0].set_value(question).run()
    assert not page.exception
    return page


def bubbles(page: AppTest) -> list[str]:
    return [bubble.text[0].value for bubble in page.chat_message if bubble.text]


def html_of(page: AppTest) -> str:
    """Return what the page draws as HTML, but for its own style and script."""
    bodies = [element.proto.body for element in page.get("html")]
    return "\n".join(body for body in bodies if not body.startswith(("<style>", "<script>")))


def captions(page: AppTest) -> list[str]:
    return [caption.value for caption in page.caption]


def button(page: AppTest, start: str) -> Button:
    return next(button for button in page.button if button.label.startswith(start))

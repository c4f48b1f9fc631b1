"""Whoever wrote a text does not steer the terminal that shows it."""

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.reply import Quote, Reply, Side, Suggestion
from index.catalogue.store import Product
from index.resolver import Hit, Resolution
from ui.cli import main
from ui.commands.terminal import json_line, product_lines, quote_lines, reply_lines, resolution_lines, visible

# Colours, the window's title, what is on the screen, a line overwritten, the other direction, a second line.
STEERING = [
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\rfree of charge",
    "\u202eeerf",
    "\u2066",
    "\x08\x08",
    "\u2028",
    "\x85",
]
EVERY = "".join(f"a{sign}" for sign in STEERING)
SHOWN = re.compile(r"[\n\t]|[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]")


def steers(text: str) -> bool:
    return any(not SHOWN.fullmatch(sign) for sign in text)


@given(st.text(st.characters() | st.sampled_from([sign for text in STEERING for sign in text])))
def test_signs_that_steer_are_written_out_and_no_other(text: str) -> None:
    shown = visible(text)
    assert not steers(shown)
    assert visible(shown) == shown
    if not any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in text):
        assert shown == text


@given(st.text() | st.sampled_from([*STEERING, EVERY]))
def test_json_holds_the_same_text_and_steers_nothing(text: str) -> None:
    line = json_line({text: text})
    assert not steers(line)
    assert json.loads(line) == {text: text}


@pytest.mark.parametrize("text", STEERING)
def test_nothing_that_is_shown_steers(text: str) -> None:
    quotes = (Quote(text, 0, len(text)),)
    reply = Reply("answer", text, text, text, quotes, products=(Suggestion(text, text, quotes),))
    sides = Reply("comparison", text, products=(Side(text, text, "answer", text, quotes),))
    shown = [
        reply_lines(reply),
        reply_lines(sides),
        *quote_lines(reply),
        product_lines(Product(text, text, text)),
        resolution_lines(Resolution("found", 1.0, (Hit(text, text, 1.0),))),
    ]
    assert not any(map(steers, shown))


@pytest.mark.parametrize("text", STEERING)
@pytest.mark.parametrize("words", [["show"], ["--home", "x", "resolve"], ["finetune"], ["describe", "--language"]])
def test_no_word_that_is_given_steers_by_its_error(
    words: list[str], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = main([*words, f"a{text}b"])
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    written = capsys.readouterr()
    assert code in (1, 2)
    assert not steers(written.out + written.err)

"""The chat in the terminal, typed through a pipe: questions, commands, and the end of the input."""

import builtins
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.assistant import assistant_of
from assistant.backends.base import BackendError, SamplingParams, TextStream
from assistant.backends.scripted import Scripted
from assistant.messages import Message, Prompt
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex
from ui.cli import main
from ui.commands.answering.chat import converse

ROOT = Path(__file__).parents[1]
Shop = tuple[Catalogue, TitleIndex]
Talk = Callable[..., str]
WEIGHT = "How heavy is the Harrow Electric Kettle 1.7 L, Red?"


def copying(messages: Sequence[Message]) -> str:
    """Say the first passage of the prompt, as an obedient model would; nothing where there is none."""
    passages = [row for row in messages[-1].content.splitlines() if row.startswith("[1] ")]
    return f"{passages[0].removeprefix('[1] ')} [1]" if passages else ""


@pytest.fixture
def said(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Talk:
    """Give what the chat says to lines typed one after the other, what was typed set between."""

    def typed(*lines: str, backend: Scripted | None = None) -> str:
        waiting = iter(lines)

        def read(prompt: str) -> str:
            print(prompt, end="")
            try:
                line = next(waiting)
            except StopIteration:
                raise EOFError from None
            print(line)
            return line

        monkeypatch.setattr(builtins, "input", read)
        converse(assistant_of(*shop, backend or Scripted(copying)))
        assert next(waiting, None) is None, "the chat ended before everything was said"
        return capsys.readouterr().out

    return typed


def test_a_talk_is_as_the_golden_file_holds_it(said: Talk, golden: Callable[[str, str], None]) -> None:
    text = said(
        "/help",
        "/product",
        "/sources",
        WEIGHT,
        "and how many litres does it boil?",
        "/sources",
        "/product",
        "/product L1",
        "how long is the arm?",
        "/new",
        "/product",
        "Is the Harrow Electric Kettle dishwasher safe?",
        "the black one",
        "Do you have the Zephyr X9 drone?",
        "/dance",
        "   ",
        "/quit",
    )
    golden("chat.txt", text)


def test_the_history_keeps_the_product_until_it_is_forgotten(said: Talk) -> None:
    kept, forgotten = said(WEIGHT, "and how many litres?", "/new", "and how many litres?").split("/new")
    assert kept.count("(K1)") == 2
    assert "(K1)" not in forgotten


def test_the_end_of_the_input_ends_the_talk_like_quit(said: Talk) -> None:
    assert said().endswith("\n> \n")
    assert said("/quit").endswith("\n> /quit\n")


def test_a_product_that_nobody_knows_is_told_and_the_talk_goes_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter(["/product NOPE", "x" * 4001, "/product K1"])
    monkeypatch.setattr(builtins, "input", lambda prompt: next(typed, "/quit"))
    converse(assistant_of(*shop, Scripted(copying)))
    out, err = capsys.readouterr()
    assert [line.split(";")[0] for line in err.splitlines()] == [
        "no product has the uid 'NOPE'",
        "the question has 4,001 characters",
    ]
    assert "Harrow Electric Kettle 1.7 L, Red (K1)" in out


def test_a_backend_that_fails_is_told_and_the_talk_goes_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Failing(Scripted):
        def stream(self, prompt: Prompt, params: SamplingParams, **how: Any) -> TextStream:
            answer = super().stream(prompt, params, **how)
            if len(self.calls) == 2:  # the first one warms up
                raise BackendError("the server is asleep", "one that answers", "wake it")
            return answer

    typed = iter([WEIGHT, WEIGHT])
    monkeypatch.setattr(builtins, "input", lambda prompt: next(typed, "/quit"))
    converse(assistant_of(*shop, Failing(lambda messages: "It weighs 1.3 kg. [1]")))
    out, err = capsys.readouterr()
    assert err.count("the server is asleep") == 1
    assert "It weighs 1.3 kg. [1]" in out


def test_what_checking_changed_is_printed_after_the_stream(said: Talk) -> None:
    text = said(WEIGHT, backend=Scripted(lambda messages: "It plays the trumpet on Sundays. [1]"))
    assert "It plays the trumpet on Sundays. [1]\n= The description says:" in text


def test_an_interrupt_stops_the_reply_and_not_the_talk(said: Talk) -> None:
    def interrupted(messages: Sequence[Message]) -> str:
        if "Harrow" in messages[-1].content:
            signal.raise_signal(signal.SIGINT)
        return "Weighs 1.3 kg empty. [1]"

    before = signal.getsignal(signal.SIGINT)
    text = said(WEIGHT, "/product", backend=Scripted(interrupted))
    assert "Weighs 1.3 kg empty. [1]" not in text.split("/product")[0]
    assert "Harrow Electric Kettle 1.7 L, Red (K1)" in text.split("/product")[1]
    assert signal.getsignal(signal.SIGINT) is before


# The command itself, with the embedded Llama


def chat(home: Path, typed: bytes) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "--home", home, "chat"],
        input=typed,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=120,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_talk_through_a_pipe_remembers_and_quotes(sample_home: Path, embedded_model: Path) -> None:
    done = chat(
        sample_home,
        b"How heavy is the red Harrow & Finch KX-220R kettle?\nand how many litres does it hold?\n/sources\n"
        b"/product\n/product NOPE\n/quit\nafter the end\n",
    )
    assert done.returncode == 0
    assert done.stdout.startswith(
        "401 products, llama.cpp SmolLM2-135M-Instruct.Q4_1 with the shipped adapter. /help shows the commands.\n"
    )
    weight, litres, sources, product, unknown, rest = done.stdout.split("\n> ")[1:]
    assert "1.3 kg" in weight
    assert '> "Weighs 1.3 kg empty." (characters 495–515)' in weight
    assert "(TWK0000101)" in litres
    assert "1.7 litres" in sources
    assert "Two-year" in product
    assert (unknown, rest) == ("", "")
    assert done.stderr.splitlines() == [done.stderr.rstrip("\n")]
    assert "no product has the uid 'NOPE'" in done.stderr


@pytest.mark.parametrize("typed", [b"", b"\n\n", b"How heavy is the red KX-220R kettle, caf\xe9 \xff?\n", b"/help"])
def test_whatever_comes_through_the_pipe_the_talk_ends_well(
    sample_home: Path, embedded_model: Path, typed: bytes
) -> None:
    done = chat(sample_home, typed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\n> \n")


@pytest.mark.slow
def test_a_server_that_is_not_there_is_told_before_the_talk_begins(
    sample_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--home", str(sample_home), "chat", "--server", "http://127.0.0.1:9/v1"])
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "127.0.0.1:9" in err


def test_a_stream_of_text_is_written_as_utf_8_whatever_the_locale(sample_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "--home", sample_home, "show", "TWA0000119"],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        check=True,
    )
    assert "ruído" in io.TextIOWrapper(io.BytesIO(done.stdout), "utf-8").read()

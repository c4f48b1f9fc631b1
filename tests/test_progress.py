"""Progress: a bar on a terminal, few plain lines elsewhere."""

import os
import pty
import subprocess
import sys
import termios
import time

import pytest

from index import progress
from index.progress import Progress

SCRIPT = """
import time
from index.progress import Progress
with Progress("preparing", 100, unit="rows") as bar:
    for _ in range(10):
        time.sleep(0.02)
        bar.update(10)
print("done")
"""


def test_short_work_says_nothing_off_a_terminal() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    assert ended.stdout == "done\n"


def test_long_work_says_a_line_now_and_then_and_one_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.2)
    with Progress("preparing", 50, unit="rows") as bar:
        for _ in range(50):
            time.sleep(0.01)
            bar.update()
    output = capsys.readouterr()
    lines = output.err.splitlines()
    assert 2 <= len(lines) <= 5
    assert lines[-1].startswith("preparing: 50 of 50 (100%) rows, ")
    assert output.out == ""


def test_an_unknown_total_is_left_out(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    with Progress("training", unit="steps") as bar:
        time.sleep(0.01)
        bar.update(3)
    assert "training: 3 steps, 0 s, " in capsys.readouterr().err


def test_a_failure_does_not_say_that_the_work_is_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    with pytest.raises(ValueError, match="broken"), Progress("preparing", 10) as bar:
        bar.update(4)
        raise ValueError("broken")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_terminal_sees_a_bar() -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stderr=theirs, stdout=subprocess.PIPE) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
    os.close(ours)
    assert process.returncode == 0
    assert b"preparing: 100%" in seen
    assert b"\r" in seen

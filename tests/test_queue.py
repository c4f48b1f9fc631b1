"""The line before the model: its order, its end, and that nobody is left standing in it."""

import threading
import time

import pytest

from ui.queue import Line, LineFullError


def join(line: Line, name: str, done: list[str], leave: threading.Event, cancel: threading.Event) -> threading.Thread:
    def stand() -> None:
        with line.turn(cancel, at_most_s=10) as came:
            if came:
                done.append(name)
                leave.wait(10)

    before = len(line)
    thread = threading.Thread(target=stand)
    thread.start()
    while len(line) == before:
        time.sleep(0.001)
    return thread


def test_first_come_first_served_and_no_more_at_once_than_told() -> None:
    line, done, cancel = Line(at_once=2, waiting=3), [], threading.Event()
    leave = {name: threading.Event() for name in "abcde"}
    threads = [join(line, name, done, leave[name], cancel) for name in "abcde"]
    for served, name in enumerate("abcde", 2):
        deadline = time.monotonic() + 5
        while len(done) < min(served, 5) and time.monotonic() < deadline:
            time.sleep(0.005)
        assert "".join(sorted(done)) == "abcde"[: min(served, 5)]
        leave[name].set()
    for thread in threads:
        thread.join(5)
    assert len(line) == 0


def test_a_full_line_says_so_and_takes_nobody() -> None:
    line, cancel = Line(at_once=1, waiting=1), threading.Event()
    leave = threading.Event()
    threads = [join(line, name, [], leave, cancel) for name in "ab"]
    with pytest.raises(LineFullError, match="2 questions are being answered or wait"), line.turn(cancel, at_most_s=1):
        pass
    with pytest.raises(LineFullError):
        line.check_room()
    assert len(line) == 2
    leave.set()
    for thread in threads:
        thread.join(5)
    line.check_room()


def test_who_waits_hears_how_many_are_before_and_may_give_up() -> None:
    line, leave, heard = Line(at_once=1, waiting=2), threading.Event(), []
    first = join(line, "a", [], leave, threading.Event())
    cancel = threading.Event()
    threading.Timer(0.1, cancel.set).start()
    with line.turn(cancel, at_most_s=10, moved=heard.append) as came:
        assert not came
    assert heard == [1]
    assert len(line) == 1
    with line.turn(threading.Event(), at_most_s=0.1) as came:
        assert not came
    leave.set()
    first.join(5)
    with line.turn(threading.Event(), at_most_s=1) as came:
        assert came


def test_a_fault_gives_the_place_back() -> None:
    line = Line(at_once=1, waiting=0)
    with pytest.raises(ValueError, match="broken"), line.turn(threading.Event(), at_most_s=1):
        raise ValueError("broken")
    assert len(line) == 0

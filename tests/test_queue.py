"""The queue before the model: its order, its end, and that nobody is left standing in it."""

import threading
import time

import pytest

from assistant.grounding.pauses import pause
from ui.queue import AdmissionQueue, GoneError, QueueFullError


def join(
    queue: AdmissionQueue, name: str, done: list[str], leave: threading.Event, cancel: threading.Event
) -> threading.Thread:
    def stand() -> None:
        with queue.admission(cancel, at_most_s=10) as admitted:
            if admitted:
                done.append(name)
                leave.wait(10)

    before = len(queue)
    thread = threading.Thread(target=stand)
    thread.start()
    while len(queue) == before:
        time.sleep(0.001)
    return thread


def test_first_come_first_served_and_no_more_at_once_than_allowed() -> None:
    queue, done, cancel = AdmissionQueue(at_once=2, waiting=3), [], threading.Event()
    leave = {name: threading.Event() for name in "abcde"}
    threads = [join(queue, name, done, leave[name], cancel) for name in "abcde"]
    for served, name in enumerate("abcde", 2):
        deadline = time.monotonic() + 5
        while len(done) < min(served, 5) and time.monotonic() < deadline:
            time.sleep(0.005)
        assert "".join(sorted(done)) == "abcde"[: min(served, 5)]
        leave[name].set()
    for thread in threads:
        thread.join(5)
    assert len(queue) == 0


def test_a_full_queue_says_so_and_takes_nobody() -> None:
    queue, cancel = AdmissionQueue(at_once=1, waiting=1), threading.Event()
    leave = threading.Event()
    threads = [join(queue, name, [], leave, cancel) for name in "ab"]
    with (
        pytest.raises(QueueFullError, match="2 questions are being answered or wait"),
        queue.admission(cancel, at_most_s=1),
    ):
        pass
    with pytest.raises(QueueFullError):
        queue.check_room()
    assert len(queue) == 2
    leave.set()
    for thread in threads:
        thread.join(5)
    queue.check_room()


def test_who_waits_hears_how_many_are_before_and_may_give_up() -> None:
    queue, leave, heard = AdmissionQueue(at_once=1, waiting=2), threading.Event(), []
    first = join(queue, "a", [], leave, threading.Event())
    cancel = threading.Event()
    threading.Timer(0.1, cancel.set).start()
    with queue.admission(cancel, at_most_s=10, moved=heard.append) as admitted:
        assert not admitted
    assert heard == [1]
    assert len(queue) == 1
    with queue.admission(threading.Event(), at_most_s=0.1) as admitted:
        assert not admitted
    leave.set()
    first.join(5)
    with queue.admission(threading.Event(), at_most_s=1) as admitted:
        assert admitted


def test_a_fault_gives_the_place_back() -> None:
    queue = AdmissionQueue(at_once=1, waiting=0)
    with pytest.raises(ValueError, match="broken"), queue.admission(threading.Event(), at_most_s=1):
        raise ValueError("broken")
    assert len(queue) == 0


def test_who_reads_for_long_lets_others_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.queue.LONG_S", -1.0)
    queue, leave, order = AdmissionQueue(at_once=1, waiting=2), threading.Event(), []
    with queue.admission(threading.Event(), at_most_s=1):
        pause()  # nobody waits
        other = join(queue, "short", order, leave, threading.Event())
        threading.Timer(0.1, leave.set).start()
        pause()
        order.append("long")
        assert len(queue) == 1
    other.join(5)
    assert order == ["short", "long"]
    pause()  # outside of the queue it is nothing


def test_what_reads_for_less_long_goes_on_however_long_the_model_writes() -> None:
    queue, leave, order = AdmissionQueue(at_once=1, waiting=2), threading.Event(), []
    with queue.admission(threading.Event(), at_most_s=1):
        other = join(queue, "other", order, leave, threading.Event())
        time.sleep(0.5)
        pause()
        order.append("this")
    leave.set()
    other.join(5)
    assert order == ["this", "other"]


def test_who_let_others_go_first_does_not_do_so_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.queue.LONG_S", -1.0)
    monkeypatch.setattr("ui.queue.PATIENCE_S", 0.05)
    queue, order = AdmissionQueue(at_once=1, waiting=9), []
    leaves = [threading.Event() for _ in "abc"]
    with queue.admission(threading.Event(), at_most_s=1):
        others = [join(queue, name, order, leave, threading.Event()) for name, leave in zip("abc", leaves, strict=True)]
        for leave in leaves:
            threading.Timer(0.5, leave.set).start()
        pause()
        order.append("long")
    for other in others:
        other.join(5)
    assert order == ["a", "long", "b", "c"]


def test_reading_ends_once_it_is_cancelled() -> None:
    queue, cancel = AdmissionQueue(at_once=1, waiting=2), threading.Event()
    with pytest.raises(GoneError), queue.admission(cancel, at_most_s=1):
        pause()
        cancel.set()
        pause()
    assert len(queue) == 0


def test_who_is_cancelled_while_others_go_first_gives_the_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.queue.LONG_S", -1.0)
    queue, leave, cancel = AdmissionQueue(at_once=1, waiting=2), threading.Event(), threading.Event()
    with pytest.raises(GoneError), queue.admission(cancel, at_most_s=1):
        other = join(queue, "other", [], leave, threading.Event())
        threading.Timer(0.1, cancel.set).start()
        pause()
    assert len(queue) == 1
    leave.set()
    other.join(5)
    assert len(queue) == 0


def test_those_who_read_for_long_leave_a_turn_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.queue.LONG_S", -1.0)
    queue, reading, leave = AdmissionQueue(at_once=2, waiting=2), threading.Event(), threading.Event()

    def read_on() -> None:
        with queue.admission(threading.Event(), at_most_s=1):
            while not leave.is_set():
                pause()
                reading.set()
                time.sleep(0.001)

    readers = [threading.Thread(target=read_on) for _ in range(2)]
    for reader in readers:
        reader.start()
    assert reading.wait(5)
    time.sleep(0.1)
    start_s = time.monotonic()
    with queue.admission(threading.Event(), at_most_s=5) as admitted:
        assert admitted
        assert time.monotonic() - start_s < 0.04  # no poll: the turn was free
    leave.set()
    for reader in readers:
        reader.join(5)
    assert len(queue) == 0

"""Reading an answer: it goes on while the page is drawn anew, and ends when it is stopped or nobody looks."""

import threading
import time

import pytest

from assistant.answer import Answer, End, Pieces
from assistant.backends.base import BackendError
from assistant.conversation import State
from assistant.reply import Reply
from index.errors import UnknownProductError
from ui.queue import AdmissionQueue
from ui.web import stream as module
from ui.web.stream import AnswerStream


def free_queue() -> AdmissionQueue:
    return AdmissionQueue(at_once=1, waiting=2)


def answer_of(pieces: Pieces) -> Answer:
    return Answer(pieces, "how bright?", State("LAMP1"))


def until_cancelled(cancel: threading.Event) -> Pieces:
    """Say two words, then nothing until the cancel, as a model that thinks long."""
    yield "It "
    yield "weighs"
    assert cancel.wait(20)
    return End(Reply("answer", "It weighs"))


def counting(cancel: threading.Event) -> Pieces:
    """Say a word every 20 ms until the cancel."""
    count = 0
    while not cancel.is_set() and count < 500:
        yield f"{count} "
        count += 1
        time.sleep(0.02)
    return End(Reply("answer", str(count)))


def test_a_stop_is_heard_while_the_model_is_silent_and_keeps_what_came() -> None:
    stream = AnswerStream(lambda cancel: answer_of(until_cancelled(cancel)), free_queue())
    texts = []
    for text in stream:
        texts.append(text)
        if len(texts) > 4:
            break
    start_s = time.monotonic()
    stream.stop()
    assert time.monotonic() - start_s < 2
    assert stream.reply == Reply("answer", "It weighs")
    assert texts[-1] == "It weighs"
    assert (stream.stopped, stream.ended) == (True, True)


def test_it_tells_in_how_many_pieces_the_text_came_and_in_what_time() -> None:
    def slowly() -> Pieces:
        time.sleep(0.3)  # reading the prompt is not writing
        yield "It weighs "
        time.sleep(0.1)
        yield "1.3 kg."
        return End(Reply("answer", "It weighs 1.3 kg. [1]"))

    stream = AnswerStream(lambda _: answer_of(slowly()), free_queue())
    for _ in stream:
        pass
    assert (stream.text, stream.pieces) == ("It weighs 1.3 kg.", 2)
    assert 0.1 <= stream.writing_s < 0.3


def test_it_goes_on_where_one_drawing_ends_and_another_begins() -> None:
    stream = AnswerStream(lambda cancel: answer_of(until_cancelled(cancel)), free_queue())
    for _ in stream:
        break
    assert next(text for text in stream if text) in ("It ", "It weighs")
    assert not stream.ended
    stream.stop()


def test_a_reply_that_nobody_looks_at_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNWATCHED_S", 0.2)
    monkeypatch.setattr(module, "WATCH_EVERY_S", 0.05)
    stream = AnswerStream(lambda cancel: answer_of(counting(cancel)), free_queue())
    watched = [text for text, _ in zip(stream, range(30), strict=False)]
    assert len(watched) == 30, "while somebody looks it goes on"
    deadline_s = time.monotonic() + 5
    while not stream.ended and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert (stream.ended, stream.stopped) == (True, True)
    assert stream.reply is not None


def test_who_waits_in_the_queue_and_is_gone_gives_the_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNWATCHED_S", 0.2)
    monkeypatch.setattr(module, "WATCH_EVERY_S", 0.05)
    queue = free_queue()
    with queue.admission(threading.Event(), at_most_s=5):
        stream = AnswerStream(lambda cancel: answer_of(until_cancelled(cancel)), queue)
        deadline_s = time.monotonic() + 5
        while not stream.ended and time.monotonic() < deadline_s:
            time.sleep(0.02)
        assert (stream.ended, stream.stopped, len(queue)) == (True, True, 1)


def test_an_error_is_kept_for_where_the_answer_is_drawn() -> None:
    def pieces() -> Pieces:
        yield "It "
        raise BackendError("gone", "there", "back")

    stream = AnswerStream(lambda _: answer_of(pieces()), free_queue())
    list(stream)
    assert isinstance(stream.error, BackendError)
    stream.stop()
    assert not stream.stopped, "what has ended cannot be stopped"


def test_a_question_that_cannot_be_asked_is_an_error_too() -> None:
    def ask(_: threading.Event) -> Answer:
        raise UnknownProductError("no such uid", "one of the catalogue", "look")

    stream = AnswerStream(ask, free_queue())
    list(stream)
    assert isinstance(stream.error, UnknownProductError)


def test_who_comes_second_sees_a_place_in_the_queue_and_the_product_already() -> None:
    queue = free_queue()
    first = AnswerStream(lambda cancel: answer_of(until_cancelled(cancel)), queue)
    next(text for text in first if text)
    second = AnswerStream(lambda cancel: answer_of(until_cancelled(cancel)), queue)
    for text in second:
        assert text == ""
        if second.before:
            break
    assert second.before == 1
    assert second.answer is not None
    assert second.answer.state.uid == "LAMP1"
    first.stop()
    assert next(text for text in second if text)
    assert second.before == 0
    second.stop()


def test_whoever_stops_in_the_queue_never_reaches_the_model() -> None:
    queue, asked = free_queue(), threading.Event()

    def pieces() -> Pieces:
        asked.set()
        yield "no"
        return End(Reply("answer", "no"))

    with queue.admission(threading.Event(), at_most_s=5):
        stream = AnswerStream(lambda _: answer_of(pieces()), queue)
        next(iter(stream))
        stream.stop()
        assert stream.ended
    assert not asked.is_set()
    assert (stream.reply, stream.stopped) == (None, True)

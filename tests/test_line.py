"""The line of one visitor's questions: one reply at a time, each whole, and what two tabs do to each other."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from assistant.answer import Answer, End, Pieces
from assistant.conversation import State
from assistant.reply import Reply
from ui.queue import AdmissionQueue
from ui.web.conversation import Conversation, Request, Turn
from ui.web.stream import AnswerStream

FIRST, SECOND, THIRD = Request("how bright?"), Request("how heavy?"), Request("how long?")


class Model:
    """Says each question back, once it is let."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.queue = AdmissionQueue(at_once=1, waiting=8)

    def start(self, turn: Turn) -> AnswerStream:
        return AnswerStream(partial(self._answer, turn), self.queue)

    def _answer(self, turn: Turn, cancel: threading.Event) -> Answer:
        return Answer(self._pieces(turn, cancel), turn.request.question, State(turn.request.question))

    def _pieces(self, turn: Turn, cancel: threading.Event) -> Pieces:
        yield "You asked: "
        while not cancel.is_set() and not self.go.wait(0.01):
            pass
        yield turn.request.question
        return End(Reply("answer", f"You asked: {turn.request.question}"))


@pytest.fixture
def model() -> Iterator[Model]:
    made = Model()
    yield made
    made.go.set()


def finish(conversation: Conversation) -> None:
    """Read what is on its way to its end, as a page that follows it does."""
    turn = conversation.running
    assert turn is not None
    assert turn.stream is not None
    for _ in turn.stream:
        pass
    conversation.finish(turn)


def test_what_is_asked_in_mid_reply_is_answered_after_it_and_knows_what_it_was_about(model: Model) -> None:
    conversation = Conversation()
    for request in (FIRST, SECOND, THIRD):
        conversation.ask(request)
        conversation.begin(model.start, Turn)
    assert ([turn.request for turn in conversation.turns], conversation.line) == ([FIRST], [SECOND, THIRD])
    model.go.set()
    for _ in range(3):
        finish(conversation)
        conversation.begin(model.start, Turn)
    assert [turn.reply.text for turn in conversation.turns if turn.reply] == [
        f"You asked: {request.question}" for request in (FIRST, SECOND, THIRD)
    ]
    assert [turn.before.uid for turn in conversation.turns] == ["", "how bright?", "how heavy?"]
    assert not any(turn.stopped for turn in conversation.turns)


def test_two_tabs_that_draw_at_once_begin_one_turn(model: Model) -> None:
    conversation = Conversation(line=[FIRST, SECOND])
    tabs = [threading.Thread(target=conversation.begin, args=(model.start, Turn)) for _ in range(8)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert ([turn.request for turn in conversation.turns], conversation.line) == ([FIRST], [SECOND])


def test_a_button_that_is_pressed_twice_asks_once(model: Model) -> None:
    conversation = Conversation()
    for request in (FIRST, SECOND, FIRST, SECOND):
        conversation.ask(request)
        conversation.begin(model.start, Turn)
    assert conversation.line == [SECOND]
    conversation.withdraw(SECOND)
    assert conversation.line == []


def test_a_stop_lets_the_next_one_begin_and_a_new_conversation_forgets_the_line(model: Model) -> None:
    conversation = Conversation(line=[FIRST, SECOND])
    conversation.begin(model.start, Turn)
    conversation.stop()
    assert conversation.turns[0].stopped
    conversation.begin(model.start, Turn)
    assert conversation.running is conversation.turns[1]
    conversation.ask(THIRD)
    conversation.forget()
    assert (conversation.turns, conversation.line) == ([], [])


def test_answering_again_goes_before_what_waits_and_never_takes_another_turn_back(model: Model) -> None:
    conversation = Conversation(line=[FIRST])
    model.go.set()
    conversation.begin(model.start, Turn)
    finish(conversation)
    (answered,) = conversation.turns
    conversation.ask(SECOND)
    conversation.again(answered)
    assert [(request.question, request.times) for request in conversation.line] == [
        ("how bright?", 1),
        ("how heavy?", 0),
    ]
    conversation.begin(model.start, Turn)
    finish(conversation)
    conversation.begin(model.start, Turn)
    stale = conversation.turns[0]
    conversation.again(stale)
    assert ([turn.request.question for turn in conversation.turns], conversation.line) == (
        ["how bright?", "how heavy?"],
        [],
    )
    conversation.reword(stale, "how big?")
    assert conversation.line == [Request("how big?")], "other words for an older question are asked beside it"


def test_other_words_for_a_comparison_are_about_the_same_products(model: Model) -> None:
    asked = Request("which is lighter?", shown="· A\n· B", compared=("A", "B"))
    conversation = Conversation(line=[asked])
    model.go.set()
    conversation.begin(model.start, Turn)
    finish(conversation)
    conversation.reword(conversation.turns[0], "which is taller?")
    assert conversation.line == [Request("which is taller?", shown="· A\n· B", compared=("A", "B"))]
    assert conversation.line[0].text == "which is taller?\n· A\n· B"

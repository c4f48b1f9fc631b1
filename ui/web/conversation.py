"""One visitor's conversation with the page: its turns, kept between two drawings of the page.

conversation = Conversation()
conversation.ask(Request("how heavy is the Harrow kettle?"))
conversation.begin(start, Turn)     # takes the request; the reply of `conversation.last` is filled in as it comes
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from assistant.backends.base import SamplingParams
from assistant.conversation import State
from assistant.reply import Reply
from ui.web.stream import AnswerStream


@dataclass(frozen=True)
class Request:
    """What a visitor asks for: a question, perhaps about one product, or a description of a new title.

    `shown` is what stands in the visitor's bubble where that is not the question itself; `times` counts how often
    it was asked before.
    """

    question: str
    uid: str = ""
    describe: bool = False
    shown: str = ""
    times: int = 0


@dataclass
class Vote:
    """What the visitor thinks of one reply: `thumb` is 1 for up, 0 for down, None for neither."""

    thumb: int | None = None
    reason: str = ""
    comment: str = ""


@dataclass
class Turn:
    """A request and what came of it: a reply, whole or stopped, or an error.

    `history` are the messages before it, `before` and `state` the conversation's state before and after it. `question`
    is what was answered: that of an earlier turn where this one chose its product; `probability` is that of its
    product being the one meant, None where that was not in question. `model`, `adapter` and `params` say what was
    asked, and how, `adapter_digest` which adapter of that name.
    """

    request: Request
    model: str = ""
    adapter: str = ""
    adapter_digest: str = ""
    params: SamplingParams = SamplingParams()
    history: tuple[dict[str, str], ...] = ()
    before: State = State()
    state: State = State()
    question: str = ""
    probability: float | None = None
    reply: Reply | None = None
    stopped: bool = False
    error: Exception | None = None
    stream: AnswerStream | None = None  # while the reply is on its way
    vote: Vote = field(default_factory=Vote)
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def answered(self) -> bool:
        """Return whether the reply is there, and whole."""
        return self.reply is not None and not self.stopped


@dataclass
class Conversation:
    """One visitor's conversation, which two tabs of a browser may share; `request` is what has to be answered."""

    state: State = State()
    turns: list[Turn] = field(default_factory=list)
    request: Request | None = None
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def last(self) -> Turn | None:
        """Return the newest turn."""
        return next(reversed(self.turns), None)

    def ask(self, request: Request) -> None:
        """Put a request, to be answered when the page is drawn next; what is on its way is stopped."""
        with self.lock:
            self.stop()
            self.request = request

    def begin(self, start: Callable[[Turn], AnswerStream], turn_of: Callable[[Request], Turn]) -> None:
        """Take the open request, if there is one, and start its turn."""
        with self.lock:
            if self.request is None:
                return
            turn = turn_of(self.request)
            turn.history = tuple(self._messages())
            turn.before = turn.state = self.state
            turn.stream = start(turn)
            self.turns.append(turn)
            self.request = None

    def stop(self) -> None:
        """Stop the reply that is on its way, if one is."""
        with self.lock:
            if self.last is not None and self.last.stream is not None:
                self.last.stream.stop()
                self.finish(self.last)

    def finish(self, turn: Turn) -> None:
        """Keep what came of a turn whose stream has ended."""
        with self.lock:
            stream = turn.stream
            if stream is None:
                return
            turn.reply, turn.stopped, turn.error = stream.reply, stream.stopped, stream.error
            if stream.answer is not None:
                turn.question = stream.answer.question
                turn.state, turn.probability = stream.answer.state, stream.answer.probability
                if not turn.request.describe:
                    self.state = turn.state
            turn.stream = None

    def again(self) -> None:
        """Ask the last request again; where it was answered, for another answer."""
        with self.lock:
            last = self._taken_back()
            if last is not None:
                self.request = replace(last.request, times=last.request.times + last.answered)

    def reword(self, question: str, uid: str = "") -> None:
        """Ask another question in the last one's place, about the product `uid` where it is given.

        Else it may be about another product than the last one was.
        """
        with self.lock:
            last = self._taken_back()
            if last is not None:
                self.state = State(last.request.uid) if last.request.uid else last.before
                self.request = Request(question, uid)

    def forget(self) -> None:
        """Start a new conversation."""
        with self.lock:
            self.stop()
            self.state = State()
            self.turns = []
            self.request = None

    def _taken_back(self) -> Turn | None:
        """Undo the last turn and return it; None where another tab began anew."""
        self.stop()
        if not self.turns:
            return None
        last = self.turns.pop()
        self.state = last.before
        return last

    def _messages(self) -> Iterator[dict[str, str]]:
        """Yield what was asked and replied so far, as roles and contents."""
        for turn in self.turns:
            yield {"role": "user", "content": turn.request.question}
            if turn.reply is not None:
                yield {"role": "assistant", "content": turn.reply.text}

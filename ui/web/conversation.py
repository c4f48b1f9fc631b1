"""One visitor's conversation with the page: its turns, kept between two drawings of the page.

conversation = Conversation()
conversation.ask(Request("how heavy is the Harrow kettle?"))
conversation.begin(start, Turn)     # takes the first in line; the reply of `conversation.last` is filled in as it comes
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

    `compared` are the uids of products to set side by side by the question. `shown` is what stands in the visitor's
    bubble in place of the question; where products are compared, under it. `times` counts how often it was asked
    before.
    """

    question: str
    uid: str = ""
    describe: bool = False
    shown: str = ""
    times: int = 0
    compared: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return what stands in the visitor's bubble."""
        return f"{self.question}\n{self.shown}" if self.compared else self.shown or self.question


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
    """One visitor's conversation, which two tabs of a browser may share; `line` is what waits to be answered.

    One reply is on its way at a time: what is asked meanwhile waits for its end, so that it is whole, and what the
    talk is about is known.
    """

    state: State = State()
    turns: list[Turn] = field(default_factory=list)
    line: list[Request] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def last(self) -> Turn | None:
        """Return the newest turn."""
        return next(reversed(self.turns), None)

    @property
    def running(self) -> Turn | None:
        """Return the turn whose reply is on its way."""
        return self.last if self.last is not None and self.last.stream is not None else None

    def ask(self, request: Request) -> None:
        """Put a request at the end of the line; one that is being answered or waits already is not put again."""
        with self.lock:
            answering = self.running is not None and self.running.request == request
            if not answering and request not in self.line:
                self.line.append(request)

    def withdraw(self, request: Request) -> None:
        """Take a request out of the line, if it still waits."""
        with self.lock:
            self.line = [each for each in self.line if each != request]

    def begin(self, start: Callable[[Turn], AnswerStream], turn_of: Callable[[Request], Turn]) -> None:
        """Start the turn of the first request in line, unless a reply is on its way."""
        with self.lock:
            if not self.line or self.running is not None:
                return
            turn = turn_of(self.line[0])
            turn.history = tuple(self._messages())
            turn.before = turn.state = self.state
            turn.stream = start(turn)
            self.turns.append(turn)
            del self.line[0]

    def stop(self) -> None:
        """Stop the reply that is on its way, if one is."""
        with self.lock:
            turn = self.running
            if turn is not None and turn.stream is not None:
                turn.stream.stop()
                self.finish(turn)

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

    def again(self, turn: Turn) -> None:
        """Ask the last turn's request again; where it was answered, for another answer.

        Nothing is done where another tab went on meanwhile.
        """
        with self.lock:
            if self._take_back(turn):
                self.line.insert(0, replace(turn.request, times=turn.request.times + turn.answered))

    def reword(self, turn: Turn, question: str, uid: str = "") -> None:
        """Ask another question in the last turn's place, about the product `uid` where it is given.

        Else it may be about another product than the last one was; the products compared stay the same. Where another
        tab went on meanwhile, it is asked beside the other.
        """
        with self.lock:
            asked = turn.request
            request = Request(question, uid)
            if asked.compared:
                request = replace(request, compared=asked.compared, shown=asked.shown)
            if self._take_back(turn):
                self.state = State(asked.uid) if asked.uid else turn.before
                self.line.insert(0, request)
            else:
                self.ask(request)

    def forget(self) -> None:
        """Start a new conversation."""
        with self.lock:
            self.stop()
            self.state = State()
            self.turns = []
            self.line = []

    def _take_back(self, turn: Turn) -> bool:
        """Undo a turn, and return whether that was done: not where another one came after it, or it is running."""
        if turn is not self.last or turn is self.running:
            return False
        self.turns.pop()
        self.state = turn.before
        return True

    def _messages(self) -> Iterator[dict[str, str]]:
        """Yield what was asked and replied so far, as roles and contents."""
        for turn in self.turns:
            yield {"role": "user", "content": turn.request.question}
            if turn.reply is not None:
                yield {"role": "assistant", "content": turn.reply.text}

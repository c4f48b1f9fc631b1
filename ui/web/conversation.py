"""What one visitor of the page said and was told, kept between two drawings of the page.

talk = Talk()
talk.ask(Request("how heavy is the Harrow kettle?"))
talk.begin(start, Exchange)     # takes the request; the reply of `talk.last` is filled in as it comes
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from assistant.backends.base import SamplingParams
from assistant.conversation import State
from assistant.reply import Reply
from ui.web.stream import Reading


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
class Exchange:
    """A request and what came of it: a reply, whole or stopped, or a fault.

    `history` is what was said before it, `before` and `state` are the talk's state before and after it. `question` is
    what was answered: that of an earlier turn where this one chose its product; `probability` is that of its product
    being the one meant, None where that was not in question. `model`, `adapter` and `params` say who was asked, and
    how, `adapter_digest` which adapter of that name.
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
    fault: Exception | None = None
    reading: Reading | None = None  # while the reply is on its way
    vote: Vote = field(default_factory=Vote)
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def answered(self) -> bool:
        """Say whether the reply is there, and whole."""
        return self.reply is not None and not self.stopped


@dataclass
class Talk:
    """One visitor's conversation, which two tabs of a browser may share; `request` is what has to be answered."""

    state: State = State()
    exchanges: list[Exchange] = field(default_factory=list)
    request: Request | None = None
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def last(self) -> Exchange | None:
        """Give the newest exchange."""
        return next(reversed(self.exchanges), None)

    def ask(self, request: Request) -> None:
        """Put a request, to be answered when the page is drawn next; what is on its way is stopped."""
        with self.lock:
            self.stop()
            self.request = request

    def begin(self, start: Callable[[Exchange], Reading], exchange_of: Callable[[Request], Exchange]) -> None:
        """Take the open request, if there is one, and start its exchange."""
        with self.lock:
            if self.request is None:
                return
            exchange = exchange_of(self.request)
            exchange.history = tuple(self._said())
            exchange.before = exchange.state = self.state
            exchange.reading = start(exchange)
            self.exchanges.append(exchange)
            self.request = None

    def stop(self) -> None:
        """Stop the reply that is on its way, if one is."""
        with self.lock:
            if self.last is not None and self.last.reading is not None:
                self.last.reading.stop()
                self.settle(self.last)

    def settle(self, exchange: Exchange) -> None:
        """Keep what came of an exchange whose reading has ended."""
        with self.lock:
            reading = exchange.reading
            if reading is None:
                return
            exchange.reply, exchange.stopped, exchange.fault = reading.reply, reading.stopped, reading.fault
            if reading.answer is not None:
                exchange.question = reading.answer.question
                exchange.state, exchange.probability = reading.answer.state, reading.answer.probability
                if not exchange.request.describe:
                    self.state = exchange.state
            exchange.reading = None

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
            self.exchanges = []
            self.request = None

    def _taken_back(self) -> Exchange | None:
        """Undo the last exchange and give it; None where another tab began anew."""
        self.stop()
        if not self.exchanges:
            return None
        last = self.exchanges.pop()
        self.state = last.before
        return last

    def _said(self) -> Iterator[dict[str, str]]:
        """Yield what was said so far, as roles and contents."""
        for exchange in self.exchanges:
            yield {"role": "user", "content": exchange.request.question}
            if exchange.reply is not None:
                yield {"role": "assistant", "content": exchange.reply.text}

"""What one visitor of the page said and was told, kept between two drawings of the page.

talk = Talk()
talk.ask(Request("how heavy is the Harrow kettle?"))
talk.begin(start, Exchange)     # takes the request; the reply of `talk.last` is filled in as it comes
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from assistant.answer import Asking
from assistant.conversation import State
from assistant.reply import Reply
from ui.reading import Reading


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

    `history` is what was said before it, `before` and `state` are the talk's state before and after it; `probability`
    is that of its product being the one meant, None where that was not in question; `model`, `adapter` and `asking`
    say who was asked, and how.
    """

    request: Request
    model: str = ""
    adapter: str = ""
    asking: Asking = field(default_factory=Asking)
    history: tuple[dict[str, str], ...] = ()
    before: State = State()
    state: State = State()
    probability: float | None = None
    reply: Reply | None = None
    stopped: bool = False
    fault: Exception | None = None
    reading: Reading | None = None  # while the reply is on its way
    vote: Vote = field(default_factory=Vote)
    id: str = field(default_factory=lambda: secrets.token_hex(8))


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
                exchange.state, exchange.probability = reading.answer.state, reading.answer.probability
                if not exchange.request.describe:
                    self.state = exchange.state
            exchange.reading = None

    def again(self, question: str = "") -> None:
        """Ask the last request again, or another question in its place, about the same product if it named one."""
        with self.lock:
            self.stop()
            if not self.exchanges:
                return  # another tab began anew
            last = self.exchanges.pop()
            self.state = last.before
            if question:
                self.request = Request(question, last.request.uid)
            else:
                self.request = replace(last.request, times=last.request.times + 1)

    def forget(self) -> None:
        """Start a new conversation."""
        with self.lock:
            self.stop()
            self.state = State()
            self.exchanges = []
            self.request = None

    def _said(self) -> Iterator[dict[str, str]]:
        """Yield what was said so far, as roles and contents."""
        for exchange in self.exchanges:
            yield {"role": "user", "content": exchange.request.question}
            if exchange.reply is not None:
                yield {"role": "assistant", "content": exchange.reply.text}

"""What one visitor of the page said and was told, kept between two drawings of the page.

talk = Talk()
talk.ask(Request("how heavy is the Harrow kettle?"))
exchange = talk.begin(assistant.backend.name, Asking())    # takes the request; its reply is filled in as it comes
"""

import secrets
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
class Exchange:
    """A request and what came of it: a reply, whole or stopped, or a fault.

    `before` and `state` are the talk's state before and after it; `probability` is that of its product being the
    one meant, None where that was not in question; `model` and `asking` say who was asked, and how.
    """

    request: Request
    model: str = ""
    asking: Asking = field(default_factory=Asking)
    before: State = State()
    state: State = State()
    probability: float | None = None
    reply: Reply | None = None
    stopped: bool = False
    fault: Exception | None = None
    reading: Reading | None = None  # while the reply is on its way
    id: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass
class Talk:
    """One visitor's conversation; `request` is what still has to be answered."""

    state: State = State()
    exchanges: list[Exchange] = field(default_factory=list)
    request: Request | None = None

    def ask(self, request: Request) -> None:
        """Put a request, to be answered when the page is drawn next; what is on its way is stopped."""
        self.stop()
        self.request = request

    def begin(self, model: str, asking: Asking) -> Exchange:
        """Take the open request and start its exchange."""
        if self.request is None:
            raise RuntimeError("nothing was asked")
        exchange = Exchange(self.request, model, asking, self.state, self.state)
        self.exchanges.append(exchange)
        self.request = None
        return exchange

    def stop(self) -> None:
        """Stop the reply that is on its way, if one is."""
        for exchange in self.exchanges[-1:]:
            if exchange.reading is not None:
                exchange.reading.stop()
                self.settle(exchange)

    def settle(self, exchange: Exchange) -> None:
        """Keep what came of an exchange whose reading has ended."""
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
        """Ask the last request again, or another question in its place."""
        self.stop()
        last = self.exchanges.pop()
        self.state = last.before
        same = replace(last.request, times=last.request.times + 1)
        self.request = Request(question) if question else same

    def history_before(self, exchange: Exchange) -> list[dict[str, str]]:
        """Give what was said before an exchange, as roles and contents."""
        turns = []
        for earlier in self.exchanges[: self.exchanges.index(exchange)]:
            turns.append({"role": "user", "content": earlier.request.question})
            if earlier.reply is not None:
                turns.append({"role": "assistant", "content": earlier.reply.text})
        return turns

    def forget(self) -> None:
        """Start a new conversation."""
        self.stop()
        self.state = State()
        self.exchanges = []
        self.request = None

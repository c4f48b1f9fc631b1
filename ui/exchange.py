"""What one visitor of the page said and was told, kept between two drawings of the page.

talk = Talk()
talk.request = Request("how heavy is the Harrow kettle?")
talk.begin()                # takes the request; its reply is filled in as it comes
"""

import secrets
from dataclasses import dataclass, field

from assistant.conversation import State
from assistant.reply import Reply
from index.errors import UserError
from ui import strings
from ui.reading import Reading


@dataclass(frozen=True)
class Request:
    """What a visitor asks for: a question, perhaps about one product, or a description of a new title.

    `shown` is what stands in the visitor's bubble where that is not the question itself.
    """

    question: str
    uid: str = ""
    describe: bool = False
    shown: str = ""


@dataclass
class Exchange:
    """A request and what came of it: a reply, whole or stopped, or a fault in one line.

    `state` is the talk's state after it, with the candidates of a "which one?".
    """

    request: Request
    state: State = State()
    reply: Reply | None = None
    stopped: bool = False
    fault: str = ""
    reading: Reading | None = None  # while the reply is on its way
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    def settle(self) -> None:
        """Stop what is still on its way, and keep what came of it."""
        if self.reading is None:
            return
        self.reading.stop()
        self.reply, self.stopped = self.reading.reply, self.reading.stopped
        if self.reading.fault is not None:
            self.fault = str(self.reading.fault) if isinstance(self.reading.fault, UserError) else strings.BROKEN


@dataclass
class Talk:
    """One visitor's conversation; `request` is what still has to be answered."""

    state: State = State()
    exchanges: list[Exchange] = field(default_factory=list)
    request: Request | None = None

    def ask(self, request: Request) -> None:
        """Put a request, to be answered when the page is drawn next."""
        self.request = request

    def begin(self) -> Exchange:
        """Take the open request and start its exchange."""
        if self.request is None:
            raise RuntimeError("nothing was asked")
        exchange = Exchange(self.request, self.state)
        self.exchanges.append(exchange)
        self.request = None
        return exchange

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
        self.state = State()
        self.exchanges = []
        self.request = None

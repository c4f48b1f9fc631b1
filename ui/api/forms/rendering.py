"""What makes one of OpenAI's forms of a reply: whole, or as events.

rendering = ChatRendering(body)
rendering.whole(reply, usage)
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from assistant.reply import Reply
from ui.api.metrics import Metrics
from ui.api.schema import Usage
from ui.api.sse import Pieces

Counting = Callable[[Reply], Awaitable[Usage | None]]  # the tokens of a reply; None where they cannot be counted


class Rendering(Protocol):
    """One form of one reply."""

    def whole(self, reply: Reply, usage: Usage | None) -> Any:
        """Return the body of a whole reply, as a dataclass."""

    def events(self, pieces: Pieces, counting: Counting, metrics: Metrics) -> AsyncIterator[str]:
        """Yield the reply as server-sent events; an error on the way is one too."""

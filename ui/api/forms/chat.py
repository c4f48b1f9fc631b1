"""A reply as a chat completion, whole or in chunks.

ChatRendering(body).whole(reply, usage).choices[0].message.content
"""

import functools
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from assistant.reply import Reply
from ui.api.forms.rendering import Counting
from ui.api.metrics import Metrics
from ui.api.schema import (
    EXTENSION,
    ChatRequest,
    Completion,
    Envelope,
    Usage,
    chunk_of,
    completion_of,
    finish_of,
    shown,
    usage_chunk_of,
)
from ui.api.sse import Pieces, closed


class ChatRendering:
    """The form of `/v1/chat/completions`."""

    def __init__(self, body: ChatRequest) -> None:
        """Answer a request."""
        self._body = body
        self._envelope = Envelope.of(body.model, "chatcmpl-")

    def whole(self, reply: Reply, usage: Usage | None) -> Completion:
        """Return a whole completion."""
        return completion_of(reply, shown(reply, self._body.stops), usage, self._envelope)

    def events(self, pieces: Pieces, counting: Counting, metrics: Metrics) -> AsyncIterator[str]:
        """Yield chunks as events: the role, the words, the whole reply in the extension, the usage."""
        return closed(self._chunks(pieces, counting), metrics)

    async def _chunks(self, pieces: Pieces, counting: Counting) -> AsyncIterator[dict[str, Any]]:
        chunk = functools.partial(chunk_of, self._envelope, with_usage=self._body.with_usage)
        yield chunk({"role": "assistant", "content": ""})
        reply: Reply | None = None
        async for piece in pieces:
            if isinstance(piece, Reply):
                reply = piece
            yield chunk({EXTENSION: asdict(piece)} if isinstance(piece, Reply) else {"content": piece})
        if reply is None:
            return
        yield chunk({}, finish=finish_of(reply))
        if self._body.with_usage and (usage := await counting(reply)):
            yield usage_chunk_of(self._envelope, usage)

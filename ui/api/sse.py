"""A reply in pieces, and pieces as server-sent events.

pieces = shown_pieces(workers, body, adapter, request, metrics)     # of the text, and the checked reply before its rest
StreamingResponse(closed(chunks, metrics))
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request

from assistant.reply import Reply
from index.errors import UserError
from ui.api.errors import ErrorDetail, error_response
from ui.api.metrics import Metrics
from ui.api.schema import ChatRequest, first_stop, readable
from ui.api.workers import LOG, AnswerWorkers
from ui.queue import GoneError

Pieces = AsyncIterator[str | Reply]


def shown_pieces(
    workers: AnswerWorkers, body: ChatRequest, adapter: str | None, request: Request, metrics: Metrics
) -> Pieces:
    """Yield the text that a client shows, and the checked reply once it is known, before what is left of its text.

    What the model said while live is not taken back: the checked reply follows it, where the two differ.
    """
    return until_stop(_pieces(workers, body, adapter, request, metrics), body.stops)


async def _pieces(
    workers: AnswerWorkers, body: ChatRequest, adapter: str | None, request: Request, metrics: Metrics
) -> Pieces:
    live = ""
    async for piece in workers.pieces(body, adapter, request):
        yield piece
        if isinstance(piece, str):
            live += piece
            continue
        metrics.reply(piece)
        text = readable(piece)
        rest = text.removeprefix(live) if text.startswith(live) else f"\n\n{text}"
        for word in _words(rest):
            yield word


async def until_stop(pieces: Pieces, stops: Sequence[str]) -> Pieces:
    """Yield pieces up to the first of these texts, which may stand across two of them; replies pass."""
    held, kept = "", max(map(len, stops), default=1) - 1  # characters that may be the beginning of a stop
    stopped = False
    async for piece in pieces:
        if isinstance(piece, Reply):
            yield piece
        elif not stopped:
            held += piece
            end = first_stop(held, stops)
            stopped = end < len(held)
            ready = end if stopped else len(held) - kept
            if ready > 0:
                yield held[:ready]
                held = held[ready:]
    if held and not stopped:
        yield held


async def closed(parts: AsyncIterator[dict[str, Any]], metrics: Metrics) -> AsyncIterator[str]:
    """Yield parts as events, then `[DONE]`; an error in mid-stream is an event too, as the status is long sent."""
    try:
        async for part in parts:
            yield event(part)
    except GoneError:
        return
    except Exception as error:
        yield event({"error": asdict(detail_of(error, metrics))})
    yield "data: [DONE]\n\n"


def event(part: dict[str, Any], name: str = "") -> str:
    """Return a part as one event, by its name where it has one."""
    named = f"event: {name}\n" if name else ""
    return f"{named}data: {json.dumps(part, ensure_ascii=False)}\n\n"


def detail_of(error: Exception, metrics: Metrics) -> ErrorDetail:
    """Return what an error in mid-stream is to a client; it is counted, and logged where nobody foresaw it."""
    if not isinstance(error, UserError):
        LOG.error("A stream failed.", exc_info=error)
    _, response = error_response(error)
    metrics.error(response.error.code)
    return response.error


def _words(text: str) -> Sequence[str]:
    """Cut a text into words with the space before each."""
    return [f" {word}" if number else word for number, word in enumerate(text.split(" "))]

"""A reply in parts: OpenAI's chunks, as server-sent events.

StreamingResponse(events(parts_of(workers, body, None, request, metrics), metrics))
"""

import functools
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request

from index.errors import UserError
from ui.api.errors import error_response
from ui.api.lookups import GoneError
from ui.api.metrics import Metrics
from ui.api.schema import EXTENSION, ChatRequest, Envelope, chunk_of, finish_of, readable, usage_chunk_of
from ui.api.workers import LOG, AnswerWorkers


async def parts_of(
    workers: AnswerWorkers, body: ChatRequest, adapter: str | None, request: Request, metrics: Metrics
) -> AsyncIterator[dict[str, Any]]:
    """Yield the parts of a stream: the role, the live words, the whole reply in the extension, its text, the usage."""
    envelope = Envelope(body.model)
    chunk = functools.partial(chunk_of, envelope, with_usage=body.with_usage)
    yield chunk({"role": "assistant", "content": ""})
    live = ""
    async for piece in workers.pieces(body, adapter, request):
        if isinstance(piece, str):
            live += piece
            yield chunk({"content": piece})
            continue
        reply, text = piece, readable(piece)
        metrics.reply(reply)
        # What the model said while live is not taken back: the checked reply follows it.
        rest = text.removeprefix(live) if text.startswith(live) else f"\n\n{text}"
        yield chunk({EXTENSION: asdict(reply)})
        for word in _words(rest):
            yield chunk({"content": word})
        yield chunk({}, finish=finish_of(reply))
        if body.with_usage and (usage := await workers.usage(body, reply)):
            yield usage_chunk_of(envelope, usage)


async def events(parts: AsyncIterator[dict[str, Any]], metrics: Metrics) -> AsyncIterator[str]:
    """Yield parts as server-sent events; an error in mid-stream is one too, as the status is long sent."""
    try:
        async for part in parts:
            yield f"data: {json.dumps(part, ensure_ascii=False)}\n\n"
    except GoneError:
        return
    except Exception as error:
        if not isinstance(error, UserError):
            LOG.exception("A stream failed.")
        _, response = error_response(error)
        metrics.error(response.error.code)
        yield f"data: {json.dumps(asdict(response), ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"


def _words(text: str) -> Sequence[str]:
    """Cut a text into words with the space before each."""
    return [f" {word}" if number else word for number, word in enumerate(text.split(" "))]

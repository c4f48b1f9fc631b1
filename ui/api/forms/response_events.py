"""A response whole, or as the events of its stream: begun, its one message in pieces, its end.

async for line in ResponseRendering(body).events(pieces, counting, metrics): ...
"""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from assistant.reply import Reply
from ui.api.errors import ErrorDetail
from ui.api.forms.rendering import Counting
from ui.api.forms.responses import (
    OutputMessage,
    OutputText,
    Response,
    ResponseBuilder,
    ResponseError,
    ResponseRequest,
)
from ui.api.metrics import Metrics
from ui.api.schema import Usage, readable
from ui.api.sse import Pieces, detail_of, event
from ui.queue import GoneError

Event = dict[str, Any]
TEXT_AT = {"output_index": 0, "content_index": 0}  # the one text of the one message


class ResponseRendering:
    """The form of `/v1/responses`."""

    def __init__(self, body: ResponseRequest) -> None:
        """Answer a request."""
        self._builder = ResponseBuilder(body)

    def whole(self, reply: Reply, usage: Usage | None) -> Response:
        """Return a whole response."""
        return self._builder.finished(reply, readable(reply), usage)

    async def events(self, pieces: Pieces, counting: Counting, metrics: Metrics) -> AsyncIterator[str]:
        """Yield the events of a response, numbered; an error on the way is the last two of them."""
        number = 0
        try:
            async for each in self._events(pieces, counting):
                yield event({**each, "sequence_number": number}, each["type"])
                number += 1
        except GoneError:
            return
        except Exception as error:
            for each in self._failed(detail_of(error, metrics)):
                yield event({**each, "sequence_number": number}, each["type"])
                number += 1

    async def _events(self, pieces: Pieces, counting: Counting) -> AsyncIterator[Event]:
        begun = asdict(self._builder.begun())
        yield {"type": "response.created", "response": begun}
        yield {"type": "response.in_progress", "response": begun}
        place = TEXT_AT | {"item_id": self._builder.message_id}
        yield self._item("added", OutputMessage(self._builder.message_id, "in_progress"))
        yield {"type": "response.content_part.added", **place, "part": asdict(OutputText(""))}
        text, reply = "", None
        async for piece in pieces:
            if isinstance(piece, Reply):
                reply = piece
            else:
                text += piece
                yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
        if reply is None:
            raise GoneError
        yield {"type": "response.output_text.done", **place, "text": text, "logprobs": []}
        yield {"type": "response.content_part.done", **place, "part": asdict(OutputText(text))}
        yield self._item("done", self._builder.message(reply, text))
        response = self._builder.finished(reply, text, await counting(reply))
        yield {"type": f"response.{response.status}", "response": asdict(response)}

    def _item(self, stage: str, message: OutputMessage) -> Event:
        item = asdict(message)
        if message.titlewise is None:
            del item["titlewise"]
        return {"type": f"response.output_item.{stage}", "output_index": 0, "item": item}

    def _failed(self, detail: ErrorDetail) -> list[Event]:
        full = detail.type == "rate_limit_error"
        failed = ResponseError("rate_limit_exceeded" if full else "server_error", detail.message)
        error = {"type": "error", "code": detail.code, "message": detail.message, "param": detail.param}
        return [error, {"type": "response.failed", "response": asdict(self._builder.failed(failed))}]

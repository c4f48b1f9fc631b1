"""What the server's OpenAPI document says beyond what FastAPI reads from the types: refusals, streams, figures.

FastAPI(responses=REFUSED).get("/metrics", responses=FIGURES)
"""

from typing import Any

from ui.api.errors import ErrorResponse

Responses = dict[int | str, dict[str, Any]]

_CHUNK: dict[str, Any] = {
    "type": "object",
    "required": ["id", "object", "created", "model", "choices"],
    "properties": {
        "object": {"const": "chat.completion.chunk"},
        "choices": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "delta", "finish_reason"],
                "properties": {"delta": {"type": "object"}, "finish_reason": {"enum": ["stop", "length", None]}},
            },
        },
        "usage": {"type": ["object", "null"]},
    },
}
_PART: dict[str, Any] = {
    "type": "object",
    "required": ["id", "object", "created", "model", "choices"],
    "properties": {
        "object": {"const": "text_completion"},
        "choices": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "text", "finish_reason"],
                "properties": {"text": {"type": "string"}, "finish_reason": {"enum": ["stop", "length", None]}},
            },
        },
        "usage": {"type": ["object", "null"]},
    },
}
_NUMBERED: dict[str, Any] = {
    "type": "object",
    "required": ["type", "sequence_number"],
    "properties": {"type": {"type": "string"}, "sequence_number": {"type": "integer"}},
}
_ERROR = {"$ref": f"#/components/schemas/{ErrorResponse.__name__}"}


def _data(*forms: dict[str, Any], done: bool) -> dict[str, Any]:
    """Return the schema of an event whose data is one of these forms, or the word that ends the stream."""
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": {"anyOf": [*forms]}}
    return {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"anyOf": [{"const": "[DONE]"}, data]} if done else data},
    }


def _talk(event: dict[str, Any]) -> Responses:
    """Return what a route that answers a talk says of its replies, which may be streamed in such events."""
    return {
        200: {"content": {"text/event-stream": {"itemSchema": event}}, "description": "The reply, whole or in parts."},
        503: {"model": ErrorResponse, "description": "The turn did not come in time, or the engine is down."},
        504: {"model": ErrorResponse, "description": "The reply was not whole in time."},
    }


REFUSED: Responses = {
    "4XX": {"model": ErrorResponse, "description": "What was asked cannot be answered."},
    500: {"model": ErrorResponse, "description": "The server failed; its log says how."},
}
CHAT = _talk(_data(_CHUNK, _ERROR, done=True))
COMPLETIONS = _talk(_data(_PART, _ERROR, done=True))
RESPONSES = _talk(_data(_NUMBERED, done=False))
CHANGE: Responses = {
    409: {"model": ErrorResponse, "description": "So many products have changed that a full build is due."},
    503: {"model": ErrorResponse, "description": "Another process is changing the catalogue."},
}
READY: Responses = {503: {"model": dict[str, str], "description": "The model is being loaded."}}
FIGURES: Responses = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text form."}
}
SCRIPT: Responses = {
    200: {"content": {"text/javascript": {"schema": {"type": "string"}}}, "description": "The widget's script."}
}

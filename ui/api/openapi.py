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
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {
            "anyOf": [
                {"const": "[DONE]"},
                {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": {"anyOf": [_CHUNK, {"$ref": f"#/components/schemas/{ErrorResponse.__name__}"}]},
                },
            ]
        }
    },
}

REFUSED: Responses = {
    "4XX": {"model": ErrorResponse, "description": "What was asked cannot be answered."},
    500: {"model": ErrorResponse, "description": "The server failed; its log says how."},
}
CHAT: Responses = {
    200: {"content": {"text/event-stream": {"itemSchema": _EVENT}}, "description": "The reply, whole or in parts."},
    503: {"model": ErrorResponse, "description": "The turn did not come in time, or the engine is down."},
    504: {"model": ErrorResponse, "description": "The reply was not whole in time."},
}
CHANGE: Responses = {
    409: {"model": ErrorResponse, "description": "So many products have changed that a full build is due."},
    503: {"model": ErrorResponse, "description": "Another process is changing the catalogue."},
}
READY: Responses = {503: {"model": dict[str, str], "description": "The model is being loaded."}}
FIGURES: Responses = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text form."}
}

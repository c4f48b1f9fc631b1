"""The routes that answer a talk, in each of OpenAI's forms: the same talk gives the same reply in all of them.

app.include_router(talk_routes(adapters, workers, metrics), dependencies=access.dependencies())
"""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from assistant.assistant import Assistant
from ui.api.errors import UnknownModelError
from ui.api.forms.chat import ChatRendering
from ui.api.forms.completions import CompletionRequest, TextCompletion, TextRendering
from ui.api.forms.rendering import Rendering
from ui.api.forms.response_events import ResponseRendering
from ui.api.forms.responses import Response as TalkResponse
from ui.api.forms.responses import ResponseRequest
from ui.api.metrics import Metrics
from ui.api.observed import current
from ui.api.openapi import CHAT, COMPLETIONS, RESPONSES
from ui.api.schema import MODEL, ChatRequest, Completion
from ui.api.sse import shown_pieces
from ui.api.workers import AnswerWorkers

NO_BUFFER = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def talk_routes(adapters: Mapping[str, str | None], workers: AnswerWorkers, metrics: Metrics) -> APIRouter:
    """Return what answers a talk by the model; `adapters` are those of the models by name."""
    router = APIRouter()

    async def answer(body: ChatRequest, rendering: Rendering, request: Request) -> Response:
        current().question = body.question
        adapter = adapter_of(adapters, body.model)
        await workers.check(body)
        counting = partial(workers.usage, body)
        if body.stream:
            pieces = shown_pieces(workers, body, adapter, request, metrics)
            events = rendering.events(pieces, counting, metrics)
            return StreamingResponse(events, media_type="text/event-stream", headers=NO_BUFFER)
        reply = await workers.reply(body, adapter, request)
        metrics.reply(reply)
        return JSONResponse(asdict(rendering.whole(reply, await counting(reply))))

    @router.post("/v1/chat/completions", response_model=Completion, responses=CHAT)
    async def chat(body: ChatRequest, request: Request) -> Response:
        """Answer the last message of a talk; `stream` sends it in parts, as server-sent events."""
        return await answer(body, ChatRendering(body), request)

    @router.post("/v1/responses", response_model=TalkResponse, responses=RESPONSES)
    async def responses(body: ResponseRequest, request: Request) -> Response:
        """Answer an input, as OpenAI's newer form has it; nothing is kept."""
        return await answer(body.chat, ResponseRendering(body), request)

    @router.post("/v1/completions", response_model=TextCompletion, responses=COMPLETIONS)
    async def completions(body: CompletionRequest, request: Request) -> Response:
        """Answer a prompt, as OpenAI's older form has it: a question, or a talk that is written down."""
        given = body.chat
        return await answer(given, TextRendering(given), request)

    return router


def adapters_of(assistant: Assistant) -> dict[str, str | None]:
    """Return the adapter of each model by its name: None the default one, "" the base model."""
    return {MODEL: None, f"{MODEL}-base": "", **{f"{MODEL}-{name}": name for name in assistant.adapters}}


def adapter_of(adapters: Mapping[str, str | None], model: str) -> str | None:
    """Return the adapter of a model. Raises `UnknownModelError` where this server has not that model."""
    if model not in adapters:
        raise UnknownModelError(f"there is no model {model!r}", f"one of {', '.join(adapters)}", "GET /v1/models")
    return adapters[model]

"""The HTTP door: OpenAI's chat protocol, with the product, its quotes and its kind beside the text.

A reply is checked before it is sent; `"titlewise": {"live": true}` streams the model's own words as well. Whoever
hangs up stops the model.

    uvicorn.run(app_of(assistant, Limits(), api_key=""), port=8000)
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.open import Engine, open_assistant
from index.catalogue.store import Product
from index.errors import UserError
from index.resolver import Resolution
from ui.api.errors import UnknownModelError, install
from ui.api.metrics import Counted, Metrics
from ui.api.openapi import CHAT, FIGURES, READY, REFUSED
from ui.api.schema import (
    MODEL,
    ChatRequest,
    Completion,
    Made,
    Model,
    Models,
    Text,
    completion_of,
)
from ui.api.sse import events, parts_of
from ui.api.workers import LOG, Answering, Limits
from ui.ports import check_port

NO_BUFFER = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
API_KEY_VARIABLE = "TITLEWISE_API_KEY"
DESCRIPTION = "/openapi.json"  # FastAPI's pages for it load their scripts from elsewhere
WARM_UP_PAUSE_S = 30.0  # before what failed is tried again


def app_of(assistant: Assistant, limits: Limits, *, api_key: str, origins: Sequence[str] = ()) -> FastAPI:
    """Give the server of one assistant, which stays the caller's; with an `api_key` only those who send it may ask.

    Pages of the `origins` may ask from within a browser.
    """
    answering = Answering(assistant, limits)
    metrics = Metrics(answering.line)
    ready = asyncio.Event()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as beside:
            warming = beside.create_task(_warm_up(assistant, answering, ready))
            yield
            warming.cancel()
        ready.clear()
        answering.close()

    app = FastAPI(
        title="Titlewise",
        summary="Answers about products, from their descriptions.",
        version="1",
        lifespan=lifespan,
        responses=REFUSED,
        openapi_url=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Bounded, most_bytes=limits.body_bytes)
    app.add_middleware(Counted, metrics=metrics)
    if origins:
        app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=["*"])
    install(app, metrics.fault)
    asked_by_friends = [Depends(_key_checked(api_key))] if api_key else []

    @app.post(
        "/v1/chat/completions",
        dependencies=asked_by_friends,
        response_model=Completion,
        responses=CHAT,
    )
    async def chat(body: ChatRequest, request: Request) -> Response:
        """Answer the last message of a talk; `stream` sends it in parts, as server-sent events."""
        adapter = _adapter_of(body.model, assistant)
        answering.check(body)
        if body.stream:
            parts = events(parts_of(answering, body, adapter, request, metrics), metrics)
            return StreamingResponse(parts, media_type="text/event-stream", headers=NO_BUFFER)
        reply = await answering.reply(body, adapter, request)
        metrics.reply(reply)
        usage = await answering.usage(body, reply)
        return JSONResponse(asdict(completion_of(reply, usage, Made(body.model))))

    @app.get("/v1/models", dependencies=asked_by_friends)
    async def models() -> Models:
        """List the models: as it answers by default, the base model, each adapter."""
        return Models(tuple(Model(name) for name in models_of(assistant)))

    @app.get("/v1/models/{name:path}", dependencies=asked_by_friends)
    async def model(name: str) -> Model:
        """Give one of the models."""
        _adapter_of(name, assistant)
        return Model(name)

    @app.post("/resolve", dependencies=asked_by_friends)
    async def resolve(question: Annotated[Text, Body(embed=True)]) -> Resolution:
        """Say which product a question means, with a calibrated probability and up to ten hits."""
        return await answering.in_thread(assistant.retriever.index.resolve, question)

    @app.get("/products/{uid:path}", dependencies=asked_by_friends)
    async def product(uid: str) -> Product:
        """Give one product as stored."""
        return assistant.retriever.catalogue.find(uid)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Say that the process lives."""
        return {"status": "alive"}

    @app.get("/readyz", response_model=dict[str, str], responses=READY)
    async def readyz() -> Response:
        """Say whether the model is loaded and warm."""
        return JSONResponse({"status": "ready" if ready.is_set() else "loading"}, 200 if ready.is_set() else 503)

    @app.get("/metrics", response_class=Response, responses=FIGURES)
    async def figures() -> Response:
        """Give counts and times in Prometheus' text form."""
        return Response(metrics.text(), media_type=metrics.media_type)

    return app


def serve(
    home: Path, engine: Engine, limits: Limits, *, host: str, port: int, api_key: str, origins: Sequence[str] = ()
) -> None:
    """Serve one assistant until it is stopped.

    Raises `UserError` where the catalogue, the index or the model cannot be opened, or the port is taken.
    """
    import uvicorn

    check_port(host, port, "titlewise serve")
    with open_assistant(home, engine) as assistant:
        shown = f"[{host}]" if ":" in host else host
        print(f"Serving http://{shown}:{port}/v1 with {assistant.name}; {DESCRIPTION} describes it, Ctrl+C ends it.")
        if host not in LOOPBACK and not api_key:
            print(f"Anyone who can reach {host} may ask: set {API_KEY_VARIABLE} to let in only those who send it.")
        app = app_of(assistant, limits, api_key=api_key, origins=origins)
        uvicorn.run(app, host=host, port=port, log_level="warning")


def models_of(assistant: Assistant) -> dict[str, str | None]:
    """Give the adapter of each model by its name: None the default one, "" the base model."""
    adapters = {f"{MODEL}-{name}": name for name in assistant.adapters}
    return {MODEL: None, f"{MODEL}-base": "", **adapters}


async def _warm_up(assistant: Assistant, answering: Answering, ready: asyncio.Event) -> None:
    """Warm the model up beside what is asked already; try again where it fails, as an engine elsewhere may return."""
    while not ready.is_set():
        try:
            await answering.in_thread(assistant.warm_up)
            ready.set()
        except Exception as fault:
            unforeseen = not isinstance(fault, UserError)
            LOG.error("The warm-up failed; the next is in %g s: %s", WARM_UP_PAUSE_S, fault, exc_info=unforeseen)
            await asyncio.sleep(WARM_UP_PAUSE_S)


class Bounded:
    """Refuses bodies that are too large, as they come."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        """Stand before an app."""
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is received."""
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most_bytes:
                raise HTTPException(413, f"the body has more than {self._most_bytes:,} bytes")
            return message

        await self._app(scope, counted, send)


def _adapter_of(model: str, assistant: Assistant) -> str | None:
    known = models_of(assistant)
    if model not in known:
        raise UnknownModelError(f"there is no model {model!r}", f"one of {', '.join(known)}", "GET /v1/models")
    return known[model]


def _key_checked(api_key: str) -> Callable[..., None]:
    """Give the check of a request's key."""
    bearer = HTTPBearer(auto_error=False, description="The server's API key.")

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        if not (given and secrets.compare_digest(given.credentials.encode(), api_key.encode())):
            raise HTTPException(401, "the API key is missing or wrong", {"WWW-Authenticate": "Bearer"})

    return check

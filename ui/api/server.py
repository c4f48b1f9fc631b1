"""The HTTP door: OpenAI's chat protocol, with the product, its quotes and its kind beside the text.

A reply is checked before it is sent; `"titlewise": {"live": true}` streams the model's own words as well. Whoever
hangs up stops the model.

    uvicorn.run(app_of(assistant, Limits(), Access()), port=8000)
"""

import asyncio
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from assistant.assistant import Assistant
from assistant.open import Engine, open_assistant
from ui.api.access import Access, Bounded, HostChecked
from ui.api.connections import serve_app
from ui.api.errors import install
from ui.api.metrics import Counted, Metrics
from ui.api.openapi import REFUSED
from ui.api.routes import answer_routes, state_routes
from ui.api.workers import AnswerWorkers, Limits
from ui.free_port import check_port

LOOPBACK = ("127.0.0.1", "localhost", "::1")
API_KEY_VARIABLE = "TITLEWISE_API_KEY"
DESCRIPTION = "/openapi.json"  # FastAPI's pages for it load their scripts from elsewhere


def app_of(assistant: Assistant, limits: Limits, access: Access) -> FastAPI:
    """Return the server of one assistant, which stays the caller's."""
    workers = AnswerWorkers(assistant, limits)
    metrics = Metrics(workers.queue)
    ready = asyncio.Event()

    app = FastAPI(
        title="Titlewise",
        summary="Answers about products, from their descriptions.",
        version="1",
        lifespan=lambda _: workers.open(ready),
        responses=REFUSED,
        openapi_url=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Bounded, most_bytes=limits.body_bytes)
    app.add_middleware(Counted, metrics=metrics)
    if access.origins:
        methods = ["GET", "POST"]
        app.add_middleware(CORSMiddleware, allow_origins=access.origins, allow_methods=methods, allow_headers=["*"])
    install(app, metrics.error)
    app.include_router(answer_routes(assistant, workers, metrics), dependencies=access.dependencies())
    app.include_router(state_routes(ready, metrics))
    return app


def serve(home: Path, engine: Engine, limits: Limits, access: Access, *, host: str, port: int) -> None:
    """Serve one assistant until it is stopped.

    Raises `UserError` where the catalogue, the index or the model cannot be opened, or the port is taken.
    """
    check_port(host, port, "titlewise serve")
    with open_assistant(home, engine) as assistant:
        shown = f"[{host}]" if ":" in host else host
        print(f"Serving http://{shown}:{port}/v1 with {assistant.name}; {DESCRIPTION} describes it, Ctrl+C ends it.")
        if host not in LOOPBACK and not access.api_key:
            print(f"Anyone who can reach {host} may ask: set {API_KEY_VARIABLE} to let in only those who send it.")
        app = app_of(assistant, limits, access)
        serve_app(app if access.api_key else HostChecked(app, [host]), host=host, port=port)

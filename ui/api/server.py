"""The HTTP door: OpenAI's chat protocol, with the product, its quotes and its kind beside the text.

A reply is checked before it is sent; `"titlewise": {"live": true}` streams the model's own words as well. Whoever
hangs up stops the model.

    uvicorn.run(app_of(assistant, Limits(), Access()), port=8000)
"""

import asyncio
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.telemetry import TelemetryConfig

from assistant.open import Engine, open_live_assistant
from index.errors import UserError
from index.live import LiveIndex
from ui.api.access import API_KEY_VARIABLE, Access, Bounded, HostChecked
from ui.api.connections import serve_app
from ui.api.errors import install
from ui.api.metrics import Metrics
from ui.api.observed import ID_HEADER, Observed, is_watched
from ui.api.openapi import REFUSED
from ui.api.routes import catalogue_routes, state_routes, write_routes
from ui.api.talk_routes import adapters_of, talk_routes
from ui.api.widget import widget_routes
from ui.api.workers import AnswerWorkers, CurrentAssistant, Limits
from ui.commands.terminal import visible
from ui.free_port import check_port

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DESCRIPTION = "/openapi.json"  # FastAPI's pages for it load their scripts from elsewhere
# A span for each request, by FastAPI; where it goes, `ui.telemetry` says. Figures and the log are our own.
TELEMETRY = TelemetryConfig(metrics=False, logs=False, operation_spans=False, auto_configure=False, exclude=is_watched)


def app_of(assistant: CurrentAssistant, limits: Limits, access: Access, live: LiveIndex | None = None) -> FastAPI:
    """Return the server of one assistant, which stays the caller's; `live` is the index in which products change."""
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
        telemetry=TELEMETRY,
    )
    app.add_middleware(Bounded, most_bytes=limits.body_bytes)
    app.add_middleware(Observed, count=metrics.request)
    if access.pages:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=access.pages,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=[ID_HEADER],
        )
    install(app, metrics.error)
    adapters = adapters_of(assistant.now())
    app.include_router(talk_routes(adapters, workers, metrics), dependencies=access.dependencies())
    app.include_router(catalogue_routes(adapters, workers), dependencies=access.dependencies())
    if live is not None:
        app.include_router(write_routes(live, workers), dependencies=access.write_dependencies())
    app.include_router(state_routes(ready, metrics))
    if access.widgets:
        app.include_router(widget_routes())
    return app


def serve(home: Path, engine: Engine, limits: Limits, access: Access, *, host: str, port: int) -> None:
    """Serve one assistant until it is stopped; what is logged goes where `ui.logs` sent it.

    Raises `UserError` where the catalogue, the index or the model cannot be opened, or the port is taken, and where
    strangers' pages would ask a server that is open to all.
    """
    if access.widgets and not access.api_key:
        raise UserError(
            "pages with the widget are open to strangers, and so is this server",
            "a key for what the widget does not ask",
            f"export {API_KEY_VARIABLE}=...",
        )
    check_port(host, port, "titlewise serve")
    with open_live_assistant(home, engine) as assistant:
        shown = f"[{host}]" if ":" in host else host
        name = visible(assistant.now().name)
        print(f"Serving http://{shown}:{port}/v1 with {name}; {DESCRIPTION} describes it, Ctrl+C ends it.")
        if host not in LOOPBACK and not access.api_key:
            print(f"Anyone who can reach {host} may ask: set {API_KEY_VARIABLE} to let in only those who send it.")
        app = app_of(assistant, limits, access, assistant.index)
        serve_app(app if access.api_key else HostChecked(app, [host]), host=host, port=port, log_config=None)

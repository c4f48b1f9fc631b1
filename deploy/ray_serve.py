"""Titlewise on Ray Serve: `titlewise serve` as one deployment, as many replicas as the line before it asks for.

    serve run --working-dir . ray_serve:application home=/srv/shop server=http://10.0.0.9:8000/v1 adapter=shipped

Ray Serve starts replicas, spreads requests over them, and replaces those that fail; nothing here does. Every node needs
the home under the same path, and keys in the environment that `ray start` was given. docs/scale.md tells more.
"""

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path

import httpx2
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from ray import serve

from assistant.models.named import EMBEDDED
from assistant.open import Engine, open_live_assistant
from ui.api.access import API_KEY_VARIABLE, WRITE_KEY_VARIABLE, Access, HostChecked
from ui.api.server import app_of
from ui.api.workers import Limits
from ui.logs import set_up_logging
from ui.telemetry import set_up_tracing

WARMING_POLL_S = 0.2
NAME = "titlewise"


class Settings(BaseModel):
    """What an application is started with, as NAME=VALUE or in the `args` of Ray Serve's own file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path
    model: str = EMBEDDED
    server: str = ""  # an engine elsewhere; without one each replica loads the model
    adapter: str = ""  # the shipped one, for the model that it is for
    at_once: int = 4  # answers under way in a replica: more than these in line start another replica
    replicas: int = 1  # at least
    most_replicas: int = 4
    cpus: float = 1.0  # of a node, that a replica takes

    @property
    def engine(self) -> Engine:
        """Return the engine that replicas open."""
        return Engine(self.model, server=self.server, adapters=(self.adapter,) if self.adapter else None)


@serve.ingress()
class Replica:
    """One copy of the server."""

    def __init__(self, settings: Settings) -> None:
        """Hold the settings; the model is opened with the app."""
        self._settings = settings
        self._opened = ExitStack()
        self._was_ready = False

    def __serve_build_asgi_app__(self) -> FastAPI | HostChecked:
        """Open what answering takes, and return the server's own app."""
        set_up_tracing()
        set_up_logging("json", texts=False)
        settings = self._settings
        assistant = self._opened.enter_context(open_live_assistant(settings.home, settings.engine))
        access = Access(os.environ.get(API_KEY_VARIABLE, ""), write_key=os.environ.get(WRITE_KEY_VARIABLE, ""))
        limits = Limits(at_once=settings.at_once, waiting=settings.at_once)
        app = app_of(assistant, limits, access, assistant.index)
        self._app = app if access.api_key else HostChecked(app, [])
        return self._app

    async def check_health(self) -> None:
        """Ask the app's own `/readyz`: a new replica gets requests once its model is warm; a later failure ends it."""
        transport = httpx2.ASGITransport(self._app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            while (response := await client.get("/readyz")).status_code != 200 and not self._was_ready:
                await asyncio.sleep(WARMING_POLL_S)
        response.raise_for_status()
        self._was_ready = True

    def __del__(self) -> None:
        """Close the model."""
        self._opened.close()


def application(settings: Settings) -> serve.Application:
    """Return the application; Ray Serve starts more replicas as the line before them grows, and fewer as it shrinks."""
    deployment = serve.deployment(
        name=NAME,
        # Half of what a replica accepts is under way, half in its own line; whatever else waits where it may still go
        # to another one, or is refused with 503.
        max_ongoing_requests=2 * settings.at_once,
        max_queued_requests=16 * settings.at_once * settings.most_replicas,
        autoscaling_config={
            "min_replicas": settings.replicas,
            "max_replicas": settings.most_replicas,
            "target_ongoing_requests": settings.at_once,
        },
        ray_actor_options={"num_cpus": settings.cpus},
        max_constructor_retry_count=3,  # a home or a model that cannot be opened will not open by itself
        health_check_period_s=5,
        health_check_timeout_s=10,
        graceful_shutdown_timeout_s=60,  # what a replica has accepted it answers before it goes
    )
    bound: serve.Application = deployment(Replica).bind(settings)
    return bound

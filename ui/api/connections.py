"""Connections to a server: how long a request may take to come, and how long stopping waits for those under way.

serve_app(app, host="127.0.0.1", port=8000)
"""

import asyncio
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG
from uvicorn.protocols.http.h11_impl import H11Protocol

COMES_WITHIN_S = 30.0  # a request, from the first byte or the connection's opening on; a reply, once nobody reads it
STOPS_WITHIN_S = 5.0  # what is under way when the server is told to stop


def serve_app(app: ASGIApp, *, host: str, port: int, log_config: dict[str, Any] | None = LOGGING_CONFIG) -> None:
    """Serve an app until the process is told to stop; no client can hold that up for more than a few seconds.

    `log_config` sets up logging, unless it is None.
    """
    # Of the loops the one that this is tested with, whichever others are installed.
    options = {"log_config": log_config, "log_level": "warning", "loop": "asyncio", "ws": "none", **protocol_options()}
    uvicorn.run(app, host=host, port=port, **options)


def protocol_options() -> dict[str, Any]:
    """Return uvicorn's options by which idle and slow connections are closed, and stopping does not wait for them."""
    return {"http": PunctualProtocol, "timeout_graceful_shutdown": int(STOPS_WITHIN_S)}


class PunctualProtocol(H11Protocol):
    """Uvicorn's own protocol, which closes a connection that a request or a reply is stuck in.

    Uvicorn itself waits for ever but between two requests.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """Read on, and wait no more once the request is whole."""
        super().data_received(data)
        if self._is_coming:
            self._start()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for whoever does not read."""
        super().pause_writing()
        self._start()

    def resume_writing(self) -> None:
        """Wait no more: it is read."""
        super().resume_writing()
        self._stop()

    def shutdown(self) -> None:
        """Let a reply that is under way be finished, and drop a request that is not yet whole."""
        if self.cycle is not None and not self.cycle.response_complete and self._is_coming:
            self.transport.abort()
        else:
            super().shutdown()

    @property
    def _is_coming(self) -> bool:
        """Return whether a part of a request is still to come."""
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def _start(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(COMES_WITHIN_S, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

"""Streamlit's server, where its options do not reach: whose pages may open the websocket, and how it is stopped.

Asked by a page of elsewhere, Streamlit looks its own public address up at another machine, in the event loop, and lets
in any page of that address or of this machine, whatever its port. `requirements.lock` and `pyproject.toml` hold the
release whose functions these are.

    confine(["http://127.0.0.1:8501", "http://localhost:8501"])
"""

from collections.abc import Sequence
from typing import Any

from streamlit.web.server.starlette import starlette_server, starlette_websocket

from ui.api.connections import protocol_options


def confine(origins: Sequence[str]) -> None:
    """Let only pages of these origins open the websocket, and no client hold up the end of the process."""
    options = starlette_server._get_uvicorn_config_kwargs

    def punctual() -> dict[str, Any]:
        return options() | protocol_options()

    starlette_websocket._is_origin_allowed = lambda origin, host: (
        starlette_websocket.is_host_allowed(host) and (origin is None or origin in origins)
    )
    starlette_server._get_uvicorn_config_kwargs = punctual

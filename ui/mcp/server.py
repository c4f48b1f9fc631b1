"""Serving the tools: to the process that started this one, or over HTTP.

serve_stdio(home, Engine())
serve_http(home, Engine(), Access(), host="127.0.0.1", port=8001, names=["shop.example"])
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette

from assistant.open import Engine, open_live_assistant
from index import live
from ui.api.access import API_KEY_VARIABLE, Access, KeyRequired
from ui.api.connections import serve_app
from ui.api.server import LOOPBACK
from ui.api.workers import LOG, CurrentAssistant, Limits
from ui.free_port import check_port
from ui.mcp.tools import server_of

PATH = "/mcp"


def serve_stdio(home: Path, engine: Engine) -> None:
    """Serve one client over standard input and output, until it closes them; all else that is said goes to stderr.

    Raises `UserError` where the catalogue, the index or the model cannot be opened.
    """
    with open_live_assistant(home, engine) as assistant:
        _log(LOG.name, live.LOG.name, "mcp")
        server_of(assistant, Limits()).run("stdio")


def serve_http(home: Path, engine: Engine, access: Access, *, host: str, port: int, names: Sequence[str]) -> None:
    """Serve over HTTP until it is stopped; `names` are those by which clients may ask for it, beside its address.

    Raises `UserError` where the catalogue, the index or the model cannot be opened, or the port is taken.
    """
    check_port(host, port, "titlewise mcp --http")
    with open_live_assistant(home, engine) as assistant:
        _log(live.LOG.name, "mcp")
        print(
            f"Serving http://{_bracketed(host)}:{port}{PATH} with {assistant.now().name}; Ctrl+C ends it.", flush=True
        )
        if host not in LOOPBACK and not access.api_key:
            print(f"Anyone who can reach {host} may ask: set {API_KEY_VARIABLE} to let in only those who send it.")
        app = app_of(assistant, Limits(), access, [host, *names])
        serve_app(app, host=host, port=port)


def app_of(assistant: CurrentAssistant, limits: Limits, access: Access, names: Sequence[str]) -> Starlette:
    """Return the tools as an app, which answers only where it is asked for by one of the names, or as this machine."""
    app = server_of(assistant, limits).streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=limits.body_bytes,
        transport_security=security_of([*LOOPBACK, *names]),
    )
    app.add_middleware(KeyRequired, access=access)
    return app


def security_of(names: Sequence[str]) -> TransportSecuritySettings:
    """Return what a request may call the server, and whose pages may ask: its own.

    A page of elsewhere whose name was turned to this machine (DNS rebinding) calls it by another name.
    """
    bracketed = [_bracketed(name) for name in names]
    hosts = [host for name in bracketed for host in (name, f"{name}:*")]
    origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


def _bracketed(host: str) -> str:
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host


def _log(*names: str) -> None:
    """Let warnings and errors of these loggers reach standard error."""
    for name in names:
        logging.getLogger(name).addHandler(logging.StreamHandler())

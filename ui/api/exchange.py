"""A request and its response as operators see them: an id, figures, and one line in the log.

app.add_middleware(Exchanges, count=metrics.request)
current().kind = reply.kind         # whoever learns of it, on the way
"""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = logging.getLogger("titlewise.requests")
ID_HEADER = "X-Request-Id"
HUNG_UP = "hung_up"  # the code of a client that did not wait for the end
WATCHED = ("/healthz", "/readyz", "/metrics")  # asked every few seconds, by machines: counted, and not logged
_SANE_ID = re.compile(r"[\w.:+/=-]{1,128}", re.ASCII)


@dataclass
class Exchange:
    """What is known of a request so far.

    `kind` is that of its reply, `code` that of the fault where there was one; `question` and `reply` are the texts.
    """

    id: str
    method: str = ""
    route: str = "other"
    status: int = 500
    kind: str = ""
    code: str = ""
    question: str = ""
    reply: str = ""


_CURRENT: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def current() -> Exchange:
    """Return the exchange that is going on here; outside of any, one that nobody sees."""
    return _CURRENT.get() or Exchange("")


class Exchanges:
    """Gives each request its id, counts it as its response begins, and logs it once that has ended.

    Whoever answers can still see that the client has hung up.
    """

    def __init__(self, app: ASGIApp, count: Callable[[str, int, float], None]) -> None:
        """Stand before an app; `count` is told route, status and seconds to the first byte."""
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what fails before it is answered becomes a 500 further out."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        exchange = Exchange(_id_of(scope), scope["method"])
        _CURRENT.set(exchange)  # each request has a context of its own
        start_s = time.perf_counter()
        begun = ended = False

        def begin(status: int) -> None:
            nonlocal begun
            begun = True
            exchange.route, exchange.status = _route_of(scope), status
            self._count(exchange.route, status, time.perf_counter() - start_s)

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not ended:
                exchange.code = exchange.code or HUNG_UP
            return message

        async def noted(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                begin(message["status"])
                MutableHeaders(scope=message)[ID_HEADER] = exchange.id
            ended = message["type"] == "http.response.body" and not message.get("more_body")
            await send(message)

        try:
            await self._app(scope, heard, noted)
        except Exception:
            if not begun:
                begin(500)
            exchange.code = exchange.code or "internal"
            raise
        finally:
            exchange.code = exchange.code or ("" if ended else HUNG_UP)
            if scope["path"] not in WATCHED:
                log(exchange, (time.perf_counter() - start_s) * 1000)


def log(exchange: Exchange, took_ms: float) -> None:
    """Write the line of an exchange; its texts where the log takes what is for debugging."""
    row = {
        "method": exchange.method,
        "route": exchange.route,
        "status": exchange.status,
        "ms": round(took_ms, 1),
        "kind": exchange.kind,
        "code": exchange.code,
    }
    if REQUESTS.isEnabledFor(logging.DEBUG):
        row |= {"question": exchange.question, "reply": exchange.reply}
    REQUESTS.info("request", extra={"row": {name: value for name, value in row.items() if value != ""}})


def _id_of(scope: Scope) -> str:
    """Return the id that whoever stands before this server gave the request, else one of our own."""
    given = Headers(scope=scope).get(ID_HEADER, "")
    return given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex


def _route_of(scope: Scope) -> str:
    """Name the route; a path that is none of ours is "other", so that strangers make no new series."""
    return getattr(scope.get("route"), "path", "other")

"""A request and its response as operators see them: an id, figures, a span, and one line in the log.

app.add_middleware(Observed, count=metrics.request)
current().kind = reply.kind         # whoever learns of it, on the way
"""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from opentelemetry import trace
from opentelemetry.trace import StatusCode
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = logging.getLogger("titlewise.requests")
ID_HEADER = "X-Request-Id"
HUNG_UP = "hung_up"  # the code of a client that did not wait for the end
WATCHED = ("/healthz", "/readyz", "/metrics")  # asked every few seconds: counted, but neither logged nor traced
_SANE_ID = re.compile(r"[\w.:+/=-]{1,128}", re.ASCII)


@dataclass
class Observation:
    """What is known of a request so far.

    `kind` is that of its reply, `code` that of the fault where there was one; `question` and `reply` are the texts.
    `trace_id` is there where it is traced.
    """

    id: str
    method: str = ""
    route: str = "other"
    status: int = 500
    kind: str = ""
    code: str = ""
    question: str = ""
    reply: str = ""
    trace_id: str = ""
    start_s: float = field(default_factory=time.perf_counter)
    begun: bool = False
    ended: bool = False


_CURRENT: ContextVar[Observation | None] = ContextVar("observation", default=None)


def current() -> Observation:
    """Return the observation of the request that is answered here; outside of any, one that nobody reads."""
    return _CURRENT.get() or Observation("")


class Observed:
    """Gives each request its id, counts it as its response begins, logs it once that has ended; marks its span.

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
        observation = Observation(_id_of(scope), scope["method"], trace_id=_trace_id())
        _CURRENT.set(observation)  # each request has a context of its own

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not observation.ended:
                observation.code = observation.code or HUNG_UP
            return message

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._begin(observation, scope, message["status"])
                MutableHeaders(scope=message)[ID_HEADER] = observation.id
            elif not message.get("more_body"):
                observation.ended = True
                _mark_span(observation)
            await send(message)

        try:
            await self._app(scope, heard, noted)
        except Exception:
            if not observation.begun:
                self._begin(observation, scope, 500)
            observation.code = observation.code or "internal"
            raise
        finally:
            observation.code = observation.code or ("" if observation.ended else HUNG_UP)
            _mark_span(observation)
            if not is_watched(scope):
                log(observation)

    def _begin(self, observation: Observation, scope: Scope, status: int) -> None:
        observation.begun, observation.route, observation.status = True, _route_of(scope), status
        self._count(observation.route, status, time.perf_counter() - observation.start_s)


def log(observation: Observation) -> None:
    """Write the line of a request; its texts where the log takes what is for debugging."""
    row = {
        "method": observation.method,
        "route": observation.route,
        "status": observation.status,
        "ms": round((time.perf_counter() - observation.start_s) * 1000, 1),
        "kind": observation.kind,
        "code": observation.code,
        "trace_id": observation.trace_id,
    }
    if REQUESTS.isEnabledFor(logging.DEBUG):
        row |= {"question": observation.question, "reply": observation.reply}
    REQUESTS.info("request", extra={"row": {name: value for name, value in row.items() if value != ""}})


def _mark_span(observation: Observation) -> None:
    """Add to the span that FastAPI makes of a request what it does not know of it, before that ends."""
    span = trace.get_current_span()
    if not span.is_recording():
        return
    marks = {
        "titlewise.request_id": observation.id,
        "titlewise.kind": observation.kind,
        "titlewise.code": observation.code,
    }
    span.set_attributes({name: value for name, value in marks.items() if value})
    if observation.status < 400 and observation.code not in ("", HUNG_UP):  # a fault inside a stream
        span.set_status(StatusCode.ERROR)


def is_watched(scope: Scope) -> bool:
    """Return whether a request is one of those that watchers make all the time."""
    return scope["type"] == "http" and scope["path"] in WATCHED


def _trace_id() -> str:
    """Return the id of the trace that a request belongs to, "" where it is not traced."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""


def _id_of(scope: Scope) -> str:
    """Return the id that whoever stands before this server gave the request, else one of our own."""
    given = Headers(scope=scope).get(ID_HEADER, "")
    return given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex


def _route_of(scope: Scope) -> str:
    """Name the route; a path that is none of ours is "other", so that strangers make no new series."""
    return getattr(scope.get("route"), "path", "other")

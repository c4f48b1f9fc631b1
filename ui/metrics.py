"""What the server tells Prometheus: requests, replies by kind, times, and the line before the model.

app.middleware("http")(Metrics(line).count)
"""

import time
from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from assistant.reply import Reply
from ui.line import Line

SECONDS = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The figures of one server."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self, line: Line) -> None:
        """Count from nothing."""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "titlewise_requests", "Requests by route and status.", ("route", "status"), registry=self._registry
        )
        self._replies = Counter("titlewise_replies", "Replies by kind.", ("kind",), registry=self._registry)
        self._seconds = Histogram(
            "titlewise_reply_seconds", "From the turn to the checked reply.", buckets=SECONDS, registry=self._registry
        )
        self._first = Histogram(
            "titlewise_request_seconds",
            "To the first byte of the response, by route.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        Gauge("titlewise_line", "Questions that are being answered or wait.", registry=self._registry).set_function(
            lambda: len(line)
        )

    async def count(self, request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        """Count one request; a path that is no route of ours is "other", so that strangers make no new series."""
        start_s = time.perf_counter()
        response = await go_on(request)
        route = getattr(request.scope.get("route"), "path", "other")
        self._requests.labels(route, response.status_code).inc()
        self._first.labels(route).observe(time.perf_counter() - start_s)
        return response

    def tell(self, reply: Reply) -> None:
        """Count one reply."""
        self._replies.labels(reply.kind).inc()
        self._seconds.observe(reply.timings.get("total_ms", 0.0) / 1000)

    def text(self) -> bytes:
        """Give everything in Prometheus' text form."""
        return generate_latest(self._registry)

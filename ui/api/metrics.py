"""What the server tells Prometheus: requests, replies by kind, errors by code, times, and the queue before the model.

metrics = Metrics(queue)
app.add_middleware(Observed, count=metrics.request)
"""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from assistant.reply import Reply
from ui.api.observed import current
from ui.queue import AdmissionQueue

SECONDS = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The figures of one server."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self, queue: AdmissionQueue) -> None:
        """Count from nothing."""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "titlewise_requests", "Requests by route and status.", ("route", "status"), registry=self._registry
        )
        self._replies = Counter("titlewise_replies", "Replies by kind.", ("kind",), registry=self._registry)
        self._errors = Counter(
            "titlewise_faults", "Faults by code, those told inside a stream too.", ("code",), registry=self._registry
        )
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
            lambda: len(queue)
        )

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(route, status).inc()
        self._first.labels(route).observe(seconds)

    def reply(self, reply: Reply) -> None:
        """Count one reply, and note it of the request that it is to."""
        current().kind, current().reply = reply.kind, reply.text
        self._replies.labels(reply.kind).inc()
        self._seconds.observe(reply.timings.get("total_ms", 0.0) / 1000)

    def error(self, code: str) -> None:
        """Count one error, and note it of the request that met it."""
        current().code = code
        self._errors.labels(code).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus' text form."""
        return generate_latest(self._registry)

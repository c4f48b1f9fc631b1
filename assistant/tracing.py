"""Spans of OpenTelemetry: how long each stage of a question took, for whoever collects traces.

Where nobody has set a tracer provider up nothing is imported, and a span costs nothing. No shopper's text is in one.

    with span("question"):
        start_ns = time.time_ns()
        record("resolve", start_ns)
"""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


def tracer() -> "Tracer | None":
    """Return what makes spans; None where OpenTelemetry is not in use."""
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry import trace

    return trace.get_tracer("titlewise")


def record(name: str, start_ns: int) -> None:
    """Record a span from a time, in nanoseconds since the epoch, to now, below the span that is going on."""
    if made_by := tracer():
        made_by.start_span(name, start_time=start_ns).end(time.time_ns())


@contextlib.contextmanager
def span(name: str) -> Iterator[None]:
    """Record what runs within as a span, and further spans below it; of an error the class alone."""
    made_by = tracer()
    if made_by is None:
        yield
        return
    with made_by.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as own:
        try:
            yield
        except Exception as error:
            own.set_attribute("error.type", type(error).__qualname__)
            raise

"""Traces of OpenTelemetry, sent where its own `OTEL_*` variables say; without them nothing is set up.

set_up_tracing()        # before what is traced
send_spans()            # before the process ends
"""

import os
import sys
from importlib.metadata import version
from typing import Literal

from index.errors import UserError
from index.extras import require

EXPORTER = "OTEL_TRACES_EXPORTER"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"
SENT_WITHIN_MS = 2_000  # when the process ends


def set_up_tracing() -> None:
    """Let spans be sent, unless no variable asks for it, or `opentelemetry-instrument` has seen to it.

    Raises `UserError` where the extra is missing, or what is asked for is not to be had.
    """
    wanted = _exporter_wanted()
    if wanted == "none":
        return
    require("otel")
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    own = Resource({SERVICE_NAME: "titlewise", SERVICE_VERSION: version("titlewise")})
    resource = Resource.create().merge(own).merge(OTELResourceDetector().detect())  # what the variables say comes last
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter() if wanted == "otlp" else ConsoleSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def send_spans() -> None:
    """Send what has not been sent yet, for two seconds at most."""
    if "opentelemetry.sdk.trace" not in sys.modules:
        return
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.force_flush(SENT_WITHIN_MS)


def _exporter_wanted() -> Literal["otlp", "console", "none"]:
    """Return the exporter that the variables ask for. Raises `UserError` where it is not to be had."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return "none"
    asked = os.environ.get(EXPORTER) or ("otlp" if any(os.environ.get(name) for name in ENDPOINTS) else "none")
    protocol = next((os.environ[name] for name in PROTOCOLS if os.environ.get(name)), PROTOCOL)
    match asked:
        case "otlp" if protocol != PROTOCOL:
            raise UserError(
                f"traces by {protocol!r} are not sent",
                f"{PROTOCOL}, which collectors take at port 4318",
                f"export {PROTOCOLS[1]}={PROTOCOL}",
            )
        case "otlp" | "console" | "none":
            return asked
    raise UserError(f"${EXPORTER} is {asked!r}", "otlp, console or none", f"export {EXPORTER}=otlp")

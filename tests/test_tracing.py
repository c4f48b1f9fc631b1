"""Traces: a question's stages as spans of OpenTelemetry, below the request's; sent where its variables say."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex
from ui.api.access import Access
from ui.api.observed import ID_HEADER, REQUESTS
from ui.api.server import app_of
from ui.api.workers import Limits
from ui.cli import main
from ui.queue import AdmissionQueue
from ui.telemetry import ENDPOINTS, EXPORTER, PROTOCOLS
from ui.web.stream import AnswerStream

ROOT = Path(__file__).parents[1]
Shop = tuple[Catalogue, TitleIndex]
RED = "how heavy is the red Harrow electric kettle 1.7 L?"
SAID = "It weighs 1.3 kg. [1]"
CHAT = "/v1/chat/completions"
STAGES = ["queue", "resolve", "evidence", "judge", "first word", "reply"]
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """What takes the spans of this process; OpenTelemetry lets a provider be set once."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    assert trace.get_tracer_provider() is provider
    return exporter


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> InMemorySpanExporter:
    exporter.clear()
    return exporter


@pytest.fixture
def client(shop: Shop) -> Iterator[TestClient]:
    app = app_of(assistant_of(*shop, Scripted(lambda messages: SAID)), Limits(), Access())
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def asked(question: str, **more: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": question}], **more}


def tree(spans: InMemorySpanExporter) -> list[tuple[ReadableSpan, list[ReadableSpan]]]:
    """Return the spans without one above them here, each with those below it, as they began."""
    found = sorted(spans.get_finished_spans(), key=lambda each: each.start_time or 0)
    ids = {each.context.span_id for each in found}
    below: dict[int, list[ReadableSpan]] = {each: [] for each in ids}
    for each in found:
        if each.parent and each.parent.span_id in ids:
            below[each.parent.span_id].append(each)
    return [(each, below[each.context.span_id]) for each in found if not each.parent or each.parent.span_id not in ids]


def names(spans: Sequence[ReadableSpan]) -> list[str]:
    return [each.name for each in spans]


@pytest.mark.parametrize("stream", [False, True])
def test_the_stages_of_a_question_follow_each_other_below_its_request(
    client: TestClient, spans: InMemorySpanExporter, stream: bool
) -> None:
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", ID_HEADER: "r-1"}
    client.post(CHAT, json=asked(RED, stream=stream), headers=headers)
    ((request, stages),) = tree(spans)
    assert (request.name, request.kind) == (f"POST {CHAT}", SpanKind.SERVER)
    assert request.status.status_code == StatusCode.UNSET
    known = {"http.route": CHAT, "http.response.status_code": 200}
    assert known | {"titlewise.request_id": "r-1", "titlewise.kind": "answer"} == {
        name: value
        for name, value in (request.attributes or {}).items()
        if name in known or name.startswith("titlewise")
    }
    assert request.parent is not None
    assert (f"{request.parent.trace_id:032x}", f"{request.parent.span_id:016x}") == (TRACE, SPAN)
    assert names(stages) == STAGES
    times = [time for each in stages for time in (each.start_time or 0, each.end_time or 0)]
    assert [request.start_time, *times, request.end_time] == sorted(
        [request.start_time or 0, *times, request.end_time or 0]
    )
    assert {each.context.trace_id for each in stages} == {int(TRACE, 16)}


def test_no_text_of_a_shopper_is_in_a_span(client: TestClient, spans: InMemorySpanExporter) -> None:
    client.post(CHAT, json=asked(RED))
    client.post("/resolve", json={"question": RED})
    found = spans.get_finished_spans()
    assert len(found) == len(STAGES) + 2
    for each in found:
        assert not re.search("harrow|kettle|1.3 kg", each.to_json(), re.I)


def test_what_no_model_words_has_no_stage_of_a_model(client: TestClient, spans: InMemorySpanExporter) -> None:
    client.post(CHAT, json=asked("how heavy is the Harrow kettle?"))
    ((request, stages),) = tree(spans)
    assert (request.attributes or {})["titlewise.kind"] == "clarify"
    assert names(stages) == ["queue", "resolve", "first word", "reply"]


def test_a_comparison_has_the_stages_of_each_side(client: TestClient, spans: InMemorySpanExporter) -> None:
    client.post(CHAT, json=asked("which is heavier, the Harrow Electric Kettle 1.7 L, Red or the Waxwing Rain Jacket?"))
    ((request, stages),) = tree(spans)
    assert (request.attributes or {})["titlewise.kind"] == "comparison"
    assert names(stages).count("evidence") == 2


@pytest.mark.parametrize("stream", [False, True])
def test_a_fault_marks_the_request_without_its_words(shop: Shop, spans: InMemorySpanExporter, stream: bool) -> None:
    def broken(messages: object) -> str:
        raise ZeroDivisionError("nobody foresaw this")

    app = app_of(assistant_of(*shop, Scripted(broken)), Limits(), Access())
    with TestClient(app, raise_server_exceptions=False) as client:
        client.post(CHAT, json=asked(RED, stream=stream))
        client.post(CHAT, json=asked(" "))
    (failed, stages), (refused, _) = tree(spans)
    assert names(stages) == STAGES[:4]
    assert failed.status.status_code == StatusCode.ERROR
    assert (failed.attributes or {})["titlewise.code"] == "internal"
    assert "foresaw" not in failed.to_json()
    assert refused.status.status_code == StatusCode.UNSET, "a client's error is none of the server's"
    assert (refused.attributes or {})["titlewise.code"] == "question"


def test_requests_at_once_keep_their_spans_apart(client: TestClient, spans: InMemorySpanExporter) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: client.post(CHAT, json=asked(RED)), range(6)))
    found = tree(spans)
    assert len({request.context.trace_id for request, _ in found}) == 6
    for request, stages in found:
        assert sorted(names(stages)) == sorted(STAGES)
        assert {each.context.trace_id for each in stages} == {request.context.trace_id}


def test_watchers_are_not_traced(client: TestClient, spans: InMemorySpanExporter) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        client.get(path)
    assert spans.get_finished_spans() == ()


def test_a_line_of_the_log_names_its_trace(
    client: TestClient, spans: InMemorySpanExporter, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(REQUESTS, "propagate", True)
    with caplog.at_level("INFO", REQUESTS.name):
        client.get("/v1/models", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    (line,) = (each for each in caplog.records if each.name == REQUESTS.name)
    assert line.row["trace_id"] == TRACE  # type: ignore[attr-defined]


def test_a_question_on_the_page_is_a_trace(shop: Shop, spans: InMemorySpanExporter) -> None:
    assistant = assistant_of(*shop, Scripted([SAID]))
    stream = AnswerStream(lambda cancel: assistant.ask(RED, cancel=cancel), AdmissionQueue(1, 1))
    for _ in stream:
        pass
    ((question, stages),) = tree(spans)
    assert question.name == "question"
    assert sorted(names(stages)) == sorted(STAGES)


# Set up by OpenTelemetry's own variables


@pytest.fixture
def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}


def test_unless_it_is_asked_for_nothing_is_imported(environment: dict[str, str]) -> None:
    unasked = [
        {},
        {EXPORTER: "none", ENDPOINTS[1]: "http://127.0.0.1:9"},
        {"OTEL_SDK_DISABLED": "true", EXPORTER: "otlp"},
    ]
    program = (
        "import os, sys, assistant.assistant, ui.queue, ui.web.stream\n"
        "from assistant.answer import Stopwatch\n"
        "from assistant.tracing import span\n"
        "from ui.telemetry import send_spans, set_up_tracing\n"
        f"for variables in {unasked!r}:\n"
        "    os.environ.update(variables)\n"
        "    set_up_tracing()\n"
        "    with span('question'): Stopwatch().lap('resolve_ms')\n"
        "    send_spans()\n"
        "print(sorted(name for name in sys.modules if name.startswith('opentelemetry')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, env=environment, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("asked_for", "said"),
    [
        ({EXPORTER: "zipkin"}, "otlp, console or none"),
        (
            {ENDPOINTS[0]: "http://127.0.0.1:9", PROTOCOLS[1]: "grpc"},
            "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        ),
    ],
)
def test_what_cannot_be_had_is_told_in_one_line(
    tmp_path: Path,
    asked_for: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in asked_for.items():
        monkeypatch.setenv(name, value)
    assert main(["--home", str(tmp_path), "serve"]) == 1
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("verb", ["serve", "mcp", "ui"])
def test_without_the_extra_the_line_says_so(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENDPOINTS[1], "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    assert main(["--home", str(tmp_path), verb]) == 1
    assert capsys.readouterr().err.endswith("mend it with: pip install 'titlewise[otel]'\n")


class Collector(HTTPServer):
    """A collector that takes traces by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.taken: list[ExportTraceServiceRequest] = []


class Receiver(BaseHTTPRequestHandler):
    """What the collector does with a request."""

    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
        self.server.taken.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join(10)


@pytest.mark.slow
def test_a_served_question_reaches_the_collector_though_the_server_is_stopped_at_once(
    sample_home: Path, embedded_model: Path, environment: dict[str, str], collector: Collector
) -> None:
    asked_for = {
        ENDPOINTS[1]: f"http://127.0.0.1:{collector.server_port}",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "ui.cli", "--home", sample_home, "serve", "--port", str(port), "--log", "json"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment | asked_for
    ) as process:
        for _ in range(600):
            with contextlib.suppress(httpx2.ConnectError):
                reply = httpx2.post(
                    f"http://127.0.0.1:{port}{CHAT}", json=asked("Harrow KX-220R, red: weight?"), timeout=60
                )
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=30)[1]
    (line,) = said.splitlines()
    logged = json.loads(line)
    assert (logged["status"], logged["request_id"]) == (200, reply.headers[ID_HEADER])
    resources = [each for request in collector.taken for each in request.resource_spans]
    attributes = {each.key: each.value.string_value for each in resources[0].resource.attributes}
    assert (attributes["service.name"], attributes["deployment.environment"]) == ("titlewise", "test")
    sent = [each for resource in resources for scope in resource.scope_spans for each in scope.spans]
    assert sorted(each.name for each in sent) == sorted([*STAGES, f"POST {CHAT}"])
    assert {each.trace_id.hex() for each in sent} == {logged["trace_id"]}

"""What operators see of a server's requests: ids, one line each, and no shopper's text unless they ask for it."""

import io
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from openai import OpenAI
from serving import running

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from index.catalogue.store import Catalogue
from index.live import LOG as LIVE_LOG
from index.resolver import TitleIndex
from ui.api.access import Access
from ui.api.observed import ID_HEADER, REQUESTS
from ui.api.server import app_of
from ui.api.workers import LOG, Limits
from ui.cli import main
from ui.commands.options import LogForm
from ui.logs import set_up_logging

Shop = tuple[Catalogue, TitleIndex]
RED = "how heavy is the red Harrow electric kettle 1.7 L?"
SAID = "It weighs 1.3 kg. [1]"
CHAT = "/v1/chat/completions"


def asked(question: str, **more: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": question}], **more}


@dataclass
class Model:
    """What a model says: a text, an error, or nothing until it is let go."""

    says: str | Exception = SAID
    free: threading.Event = field(default_factory=threading.Event)

    def __call__(self, messages: object) -> str:
        assert self.free.wait(30)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture(scope="module")
def served(shop: Shop) -> Iterator[tuple[str, Model]]:
    """A server and its model."""
    model = Model()
    model.free.set()
    app = app_of(assistant_of(*shop, Scripted(model)), Limits(), Access(origins=["http://localhost:3000"]))
    with running(app) as address:
        yield address, model


@pytest.fixture
def address(served: tuple[str, Model]) -> str:
    return served[0]


@pytest.fixture
def model(served: tuple[str, Model]) -> Iterator[Model]:
    """The model, which says what it always says again afterwards."""
    yield served[1]
    served[1].says = SAID
    served[1].free.set()


@pytest.fixture
def logged(address: str) -> Iterator[Callable[..., io.StringIO]]:
    """Set up logging, into a text instead of standard error; all is as before at the end.

    Once a further request is answered, which is not logged, the lines of those before it are written.
    """
    loggers = [LIVE_LOG, REQUESTS, logging.getLogger("uvicorn")]
    before = [(each.handlers[:], each.level, each.propagate) for each in loggers]

    def set_up(form: LogForm | None, *, texts: bool = False) -> io.StringIO:
        set_up_logging(form, texts=texts)
        stream = io.StringIO()
        for logger in loggers:
            (handler,) = logger.handlers
            assert isinstance(handler, logging.StreamHandler)
            handler.setStream(stream)
        return stream

    yield set_up
    httpx2.get(f"{address}/healthz")
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def lines(stream: io.StringIO, count: int) -> list[str]:
    """Wait for so many lines: a client may have its response before the line is written."""
    end_s = time.monotonic() + 10
    while stream.getvalue().count("\n") < count and time.monotonic() < end_s:
        time.sleep(0.01)
    found = stream.getvalue().splitlines()
    assert len(found) == count
    return found


def rows(stream: io.StringIO, count: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(stream, count)]


@pytest.mark.parametrize("given", ["0af7651916cd43dd8448eb211c80319c", "c0a8:1/A+b=.-_", "x" * 128])
def test_a_sane_id_is_kept_and_returned(address: str, given: str) -> None:
    for path in ("/healthz", "/nowhere", "/products/K1"):
        assert httpx2.get(address + path, headers={ID_HEADER: given}).headers[ID_HEADER] == given


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "x" * 129, '"', "<b>", "{}", "é".encode(), b"\xff"])
def test_any_other_id_is_replaced_by_one_of_our_own(address: str, given: str | bytes) -> None:
    found = {httpx2.get(f"{address}/healthz", headers={ID_HEADER: given}).headers[ID_HEADER] for _ in range(3)}
    assert len(found) == 3
    assert all(len(each) == 32 and int(each, 16) for each in found)


def test_openais_client_knows_the_id_and_pages_may_read_it(address: str) -> None:
    client = OpenAI(base_url=f"{address}/v1", api_key="none", default_headers={ID_HEADER: "r-1"})
    assert client.chat.completions.create(**asked(RED), model="titlewise")._request_id == "r-1"  # type: ignore[call-overload]
    response = httpx2.get(f"{address}/v1/models", headers={"Origin": "http://localhost:3000"})
    assert response.headers["access-control-expose-headers"] == ID_HEADER


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_is_one_line_of_json_without_the_shoppers_text(
    address: str, logged: Callable[..., io.StringIO], stream: bool
) -> None:
    log = logged("json")
    httpx2.post(address + CHAT, json=asked(RED, stream=stream), headers={ID_HEADER: "r-1"})
    httpx2.post(f"{address}/resolve", json={"question": RED})
    httpx2.get(f"{address}/products/NOPE")
    httpx2.post(address + CHAT, json=asked(" "))
    httpx2.get(f"{address}/no/such/path")
    for path in ("/healthz", "/readyz", "/metrics"):
        httpx2.get(address + path)
    chat, resolve, product, refused, stranger = rows(log, 5)
    names = [name for name in chat if name != "trace_id"]  # where tests/test_tracing.py ran before
    assert names == ["time", "level", "logger", "message", "request_id", "method", "route", "status", "ms", "kind"]
    assert chat["request_id"] == "r-1"
    assert (chat["method"], chat["route"], chat["status"], chat["kind"]) == ("POST", CHAT, 200, "answer")
    assert 0 < chat["ms"] < 30_000
    assert "kind" not in resolve
    assert (product["route"], product["status"], product["code"]) == ("/products/{uid:path}", 404, "product_not_found")
    assert (refused["status"], refused["code"]) == (400, "question")
    assert (stranger["route"], stranger["status"], stranger["code"]) == ("other", 404, "404")
    for word in ("Harrow", "kettle", "1.3 kg", "NOPE", "such"):
        assert word not in log.getvalue()


def test_with_texts_the_line_has_question_and_reply(address: str, logged: Callable[..., io.StringIO]) -> None:
    log = logged("json", texts=True)
    hostile = f"{RED} \n\x1b[2J\u202e"
    httpx2.post(address + CHAT, json=asked(hostile))
    httpx2.post(f"{address}/resolve", json={"question": RED})
    chat, resolve = rows(log, 2)
    assert chat["question"] == hostile
    assert chat["reply"] == SAID
    assert resolve["question"] == RED
    assert not {"\x1b", "\u202e"} & set(log.getvalue())


def test_as_text_a_request_is_one_line_of_fields(address: str, logged: Callable[..., io.StringIO]) -> None:
    log = logged("text", texts=True)
    httpx2.post(address + CHAT, json=asked(f'{RED}\nINFO: "x"'), headers={ID_HEADER: "r-1"})
    (line,) = lines(log, 1)
    assert line.startswith(f"INFO: request request_id=r-1 method=POST route={CHAT} status=200 ms=")
    assert " kind=answer " in line
    assert line.endswith(f' question="{RED}\\nINFO: \\"x\\"" reply="{SAID}"')


def test_without_a_form_no_request_is_logged(address: str, logged: Callable[..., io.StringIO]) -> None:
    log = logged(None)
    httpx2.post(address + CHAT, json=asked(RED))
    LOG.error("all else is")
    lines(log, 1)


@pytest.mark.parametrize("stream", [False, True])
def test_a_fault_is_logged_with_the_id_of_its_request(
    address: str, model: Model, logged: Callable[..., io.StringIO], stream: bool
) -> None:
    log = logged("json")
    model.says = ZeroDivisionError("nobody foresaw this")
    response = httpx2.post(address + CHAT, json=asked(RED, stream=stream), headers={ID_HEADER: "r-1"})
    assert response.headers[ID_HEADER] == "r-1"
    found = rows(log, 2)
    assert {row["request_id"] for row in found} == {"r-1"}
    (request,) = (row for row in found if row["logger"] == REQUESTS.name)
    assert (request["status"], request["code"]) == (200 if stream else 500, "internal")
    (fault,) = (row for row in found if row["logger"] == LOG.name)
    assert fault["level"] == "error"
    assert fault["exception"].endswith("ZeroDivisionError: nobody foresaw this")


@pytest.mark.parametrize("stream", [False, True])
def test_who_hangs_up_is_logged_as_such(
    address: str, model: Model, logged: Callable[..., io.StringIO], stream: bool
) -> None:
    log = logged("json")
    model.free.clear()
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(address + CHAT, json=asked(RED, stream=stream), timeout=0.5)
    model.free.set()
    (row,) = rows(log, 1)
    assert (row["status"], row["code"]) == (200 if stream else 499, "hung_up")


def test_what_a_thread_says_of_a_request_has_its_id(
    address: str, model: Model, logged: Callable[..., io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logged("json")
    speak = model.says

    def say(self: Model, messages: object) -> str:
        LIVE_LOG.warning("said in %s", threading.current_thread().name.partition("_")[0])
        return str(speak)

    monkeypatch.setattr(Model, "__call__", say)
    httpx2.post(address + CHAT, json=asked(RED), headers={ID_HEADER: "r-1"})
    warning, _ = rows(log, 2)
    assert (warning["message"], warning["request_id"], warning["level"]) == ("said in answer", "r-1", "warning")


def test_texts_are_logged_by_a_log_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--log-texts"])
    assert "--log-texts goes with --log" in capsys.readouterr().err

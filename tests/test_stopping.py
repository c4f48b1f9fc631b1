"""Servers that are told to stop, clients that hang, names that are not theirs, disks that are full."""

import asyncio
import contextlib
import http.client
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import small_shop
import uvicorn
from browsing import free_port
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp
from streamlit import net_util
from streamlit.web.server.starlette import starlette_server, starlette_websocket

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from index.catalogue.store import Catalogue
from index.errors import UserError
from index.resolver import TitleIndex
from ui.api import connections
from ui.api.access import Access, HostChecked
from ui.api.connections import PunctualProtocol, protocol_options
from ui.api.server import app_of
from ui.api.workers import Limits
from ui.cli import main
from ui.feedback import FILE, Feedback
from ui.web.serve import _feedback
from ui.web.streamlit_server import confine

OWN = ("http://127.0.0.1:8501", "http://localhost:8501")


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


async def drip(_: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x"
            await asyncio.sleep(0.1)

    return StreamingResponse(parts())


APP = Starlette(routes=[Route("/echo", echo, methods=["GET", "POST"]), Route("/drip", drip)])


@contextlib.contextmanager
def running(app: ASGIApp) -> Iterator[tuple[uvicorn.Server, threading.Thread, int]]:
    config = uvicorn.Config(app, port=0, log_level="critical", ws="none", **protocol_options())
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server, thread, server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)


HALVES = {
    "nothing": b"",
    "half a line": b"GET /ec",
    "half a head": b"GET /echo HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "half a body": b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf",
}


@pytest.mark.parametrize("half", HALVES)
def test_a_connection_that_asks_nothing_whole_is_closed(monkeypatch: pytest.MonkeyPatch, half: str) -> None:
    monkeypatch.setattr(connections, "COMES_WITHIN_S", 0.3)
    with running(APP) as (_, _, port), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(HALVES[half])
        began = time.monotonic()
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(100) == b""
        assert time.monotonic() - began < 3


def test_a_client_that_drips_its_request_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "COMES_WITHIN_S", 0.3)
    with running(APP) as (_, _, port), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET /echo HTTP/1.1\r\n")
        with pytest.raises(OSError):
            for number in range(100):
                client.sendall(b"X-%d: 1\r\n" % number)
                time.sleep(0.05)


def test_a_reply_may_take_longer_than_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "COMES_WITHIN_S", 0.3)
    with running(APP) as (_, _, port):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        client.request("GET", "/drip")
        reply = client.getresponse()
        assert reply.read(10) == b"x" * 10
        client.close()


def test_a_connection_answers_one_request_after_another() -> None:
    with running(APP) as (_, _, port):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        for number in range(3):
            client.request("POST", "/echo", body=str(number))
            assert client.getresponse().read() == str(number).encode()
        client.close()


def test_a_client_that_does_not_read_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "COMES_WITHIN_S", 0.3)
    gone = threading.Event()

    async def flood(_: Request) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield bytes(1 << 20)
                    await asyncio.sleep(0)
            finally:
                gone.set()

        return StreamingResponse(parts())

    app = Starlette(routes=[Route("/", flood)])
    with running(app) as (_, _, port), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert gone.wait(5)


def test_stopping_waits_for_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STOPS_WITHIN_S", 1.0)
    drip_on = b"GET /drip HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with running(APP) as (server, thread, port), contextlib.ExitStack() as open_ones:
        for sent in (*HALVES.values(), drip_on):
            client = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            client.sendall(sent)
        time.sleep(0.2)
        began = time.monotonic()
        server.should_exit = True
        thread.join(10)
        assert time.monotonic() - began < 4
        assert not thread.is_alive()


def test_the_protocol_is_the_servers() -> None:
    assert protocol_options()["http"] is PunctualProtocol
    assert connections.STOPS_WITHIN_S < 10


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8000", 200),
        ("192.168.1.7:8000", 200),
        ("shop.example:8000", 200),
        ("host.docker.internal:8000", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:8000", 421),
        ("[evil.example]", 421),
        ("", 421),
    ],
)
def test_without_a_key_a_server_answers_by_its_own_names(host: str, status: int) -> None:
    client = TestClient(HostChecked(APP, ["shop.example"]))
    answer = client.get("/echo", headers={"Host": host})
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["error"]["code"] == "421"


def test_the_paths_that_need_no_key_are_those_that_the_document_names(shop: tuple[Catalogue, TitleIndex]) -> None:
    app = app_of(assistant_of(*shop, Scripted([])), Limits(), Access("a key"))
    schema = {path: list(methods) for path, methods in app.openapi()["paths"].items()}
    with TestClient(app, raise_server_exceptions=False) as client:
        asked = {
            path: client.request(method, re.sub(r"{.*?}", "x", path)).status_code
            for path, methods in {**schema, "/openapi.json": ["get"]}.items()
            for method in methods
        }
    open_paths = {path for path, status in asked.items() if status != 401}
    page = (Path(__file__).parents[1] / "docs" / "server.md").read_text(encoding="utf-8")
    sentence = page.partition("are answered; ")[2].partition("need none")[0]
    assert open_paths == set(re.findall(r"`(/.*?)`", sentence))


# The page


@pytest.fixture
def confined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's server as it is served, of which nobody may ask another machine; put back afterwards."""

    def never() -> None:
        raise AssertionError("another machine was asked")

    monkeypatch.setattr(starlette_websocket, "_is_origin_allowed", starlette_websocket._is_origin_allowed)
    monkeypatch.setattr(starlette_server, "_get_uvicorn_config_kwargs", starlette_server._get_uvicorn_config_kwargs)
    monkeypatch.setattr(net_util, "get_external_ip", never)
    monkeypatch.setattr(net_util, "get_internal_ip", never)
    confine(OWN)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        *((origin, True) for origin in OWN),
        (None, True),
        ("http://localhost:3000", False),
        ("https://127.0.0.1:8501", False),
        ("http://evil.example", False),
        ("http://evil.example:8501", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_the_served_page_opens_the_websocket(confined: None, origin: str | None, allowed: bool) -> None:
    assert starlette_websocket._is_origin_allowed(origin, "127.0.0.1:8501") is allowed


def test_the_pages_server_closes_what_hangs(confined: None) -> None:
    kwargs = starlette_server._get_uvicorn_config_kwargs()
    assert protocol_options().items() <= kwargs.items()
    assert "ws_max_size" in kwargs


def handshake(port: int, origin: str, host: str) -> int:
    """Return the status of a page's try to open the websocket."""
    headers = {
        "Host": host,
        "Origin": origin,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as client:
        client.request("GET", "/_stcore/stream", headers=headers)
        with contextlib.closing(client.getresponse()) as response:
            return response.status


@pytest.mark.slow
def test_the_page_opens_to_itself_alone_and_ends_in_time(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "ui.cli", "--home", str(tmp_path / "home"), "ui", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        own = f"127.0.0.1:{port}"
        found = [
            handshake(port, f"http://{own}", own),
            handshake(port, "http://evil.example", own),
            handshake(port, f"http://localhost:{port + 1}", own),
            handshake(port, f"http://evil.example:{port}", f"evil.example:{port}"),
        ]
        with socket.create_connection(("127.0.0.1", port)) as hanging:
            hanging.sendall(
                b"PUT /_stcore/upload_file/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"
            )
            time.sleep(0.2)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            printed, _ = process.communicate(timeout=30)
            took_s = time.monotonic() - began
    assert found == [101, 403, 403, 403]
    assert took_s < 10
    assert "Traceback" not in printed


# Opinions, full disks, Ctrl-C


def test_a_damaged_file_of_opinions_is_one_line_and_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / FILE).write_bytes(b"SQLite format 3\0" + b"\xff" * 5_000)
    with pytest.raises(UserError, match=r"is damaged .*mv .*\.damaged"):
        Feedback(tmp_path / FILE)
    assert main(["--home", str(tmp_path), "feedback", "export", "--all"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / FILE).exists()


@pytest.mark.parametrize("history", ["{", "[" * 100_000, "[]"])
def test_an_opinion_that_makes_no_sense_is_one_line(tmp_path: Path, history: str) -> None:
    feedback = Feedback(tmp_path / FILE)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as base, base:
        marks = ", ".join("?" * 14)
        row = ["r", "", 1, "", "", "", "", history, "{", "", "", "{}", "", ""]
        base.execute(f"INSERT INTO opinions VALUES ({marks})", row)
    with pytest.raises(UserError, match="is damaged"):
        list(feedback.opinions())


def test_pages_of_a_damaged_file_are_one_line(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path / FILE)
    content = bytearray((tmp_path / FILE).read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(UserError, match="is damaged"):
        list(feedback.opinions())


def test_a_home_that_cannot_be_written_has_a_page_without_thumbs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    _feedback.clear()
    assert _feedback(tmp_path / "file") is None
    assert "without thumbs" in capsys.readouterr().err
    _feedback.clear()
    assert isinstance(_feedback(tmp_path), Feedback)
    _feedback.clear()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_of_vectors_is_one_line_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_shop.build(tmp_path)
    before = (tmp_path / "index" / "manifest.json").read_bytes()
    monkeypatch.setattr("index.titles.segments.VECTORS_FILE", "/dev/full")
    capsys.readouterr()
    assert main(["--home", str(tmp_path), "index"]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert "No space left on device" in lines[-1]
    assert (tmp_path / "index" / "manifest.json").read_bytes() == before
    assert not list(tmp_path.glob(".index-*"))


INTERRUPTED_BEFORE = """
import sys
class Interrupted:
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            raise KeyboardInterrupt
from ui.cli import main
sys.meta_path.insert(0, Interrupted())
sys.exit(main(["--help"]))
"""


@pytest.mark.parametrize("module", ["index.errors", "argparse", "ui.commands.verbs", "index.artefacts"])
def test_ctrl_c_before_a_command_begins_is_no_traceback(module: str) -> None:
    done = subprocess.run([sys.executable, "-S", "-c", INTERRUPTED_BEFORE, module], capture_output=True, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (130, b"", b"")

"""What `--server` names may send anything: text comes of text alone, all else is one line, soon and bounded."""

import contextlib
import gzip
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.backends.base import BackendError, SamplingParams
from assistant.backends.bounded import MOST_BYTES
from assistant.backends.remote import Remote
from assistant.grounding.evidence import Budget
from assistant.messages import Message
from assistant.retriever import Retriever
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex
from ui.api.client import RemoteAssistant, is_ours

ASK = [Message("user", "how heavy is it?")]
END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
DONE = b"data: [DONE]\n\n"
EVENTS = "text/event-stream"
MOST_ERROR = 700  # characters of one line

Body = Callable[[], Iterator[bytes]]


@contextlib.contextmanager
def answering(*bodies: Body, kind: str = EVENTS, status: int = 200, **headers: str) -> Iterator[str]:
    """A server that answers each request by the next of these bodies, then by the last, and hangs up."""
    left = list(bodies)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in {"Content-Type": kind, **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            body = left.pop(0) if len(left) > 1 else left[0]
            with contextlib.suppress(OSError):
                for piece in body():
                    self.wfile.write(piece)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def sent(*rows: Any) -> Body:
    return lambda: iter([*(f"data: {json.dumps(row)}\n\n".encode() for row in rows), DONE])


def raw(text: bytes) -> Body:
    return lambda: iter([text])


def asked(address: str, prompt: Any = ASK) -> str:
    backend = Remote(address, "m", retries=0)
    try:
        return "".join(backend.stream(prompt, SamplingParams(), deadline_s=20))
    finally:
        backend.close()


def a_choice(**more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None} | more]}


NONSENSE = {
    "no choices": sent({"choices": None}),
    "choices of text": sent({"choices": "none"}, END),
    "a choice of null": sent({"choices": [None]}, END),
    "a number for text": sent(a_choice(delta={"content": 5}), END),
    "a list for text": sent(a_choice(delta={"content": ["a"]}), END),
    "a number for an end": sent(a_choice(finish_reason=7), END),
    "usage in words": sent(
        a_choice(), {"choices": [], "usage": {"prompt_tokens": "many", "completion_tokens": 1}}, END
    ),
    "usage of another form": sent(a_choice(), {"choices": [], "usage": {"tokens": 1}}, END),
    "log-probabilities in words": sent(
        a_choice(logprobs={"content": [{"top_logprobs": [{"token": "a", "logprob": "b"}]}]})
    ),
    "a number": sent(5),
    "a list": sent([1, 2]),
    "a word": sent("hello"),
    "null": sent(None),
    "nested without end": raw(b"data: " + b"[" * 200_000 + b"\n\n"),
    "a number without end": raw(b'data: {"choices": ' + b"9" * 100_000 + b"}\n\n"),
    "no JSON": raw(b"data: {half\n\n"),
    "no UTF-8": raw(b'data: {"choices": "\xff\xfe"}\n\n'),
    "an error of lines": sent({"error": {"message": "first\nsecond\x1b[31m" + "x" * 100_000}}),
    "an error of another form": sent({"error": [1, 2, 3]}),
    "no event": raw(b"<html>" * 1000),
    "nothing": raw(b""),
    "an end alone": raw(DONE),
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
@pytest.mark.parametrize("prompt", [ASK, "how heavy"], ids=["chat", "text"])
def test_nonsense_is_one_line(body: Body, prompt: Any) -> None:
    with answering(body) as address, pytest.raises(BackendError) as caught:
        asked(address, prompt)
    line = str(caught.value)
    assert len(line) < MOST_ERROR
    assert line.isprintable()
    assert address in line


@pytest.mark.parametrize("status", [400, 401, 404, 418, 500])
def test_a_refusal_of_any_length_is_one_short_line(status: int) -> None:
    text = raw(b"\x1b[2Jno\n" * 50_000)
    with answering(text, status=status, kind="text/plain") as address, pytest.raises(BackendError) as caught:
        asked(address)
    assert len(str(caught.value)) < MOST_ERROR
    assert str(caught.value).isprintable()


def endless() -> Iterator[bytes]:
    yield b"data: "
    while True:
        yield b"x" * 65_536


def chattering() -> Iterator[bytes]:
    row = json.dumps(a_choice(delta={"content": "x" * 4000}))
    while True:
        yield f"data: {row}\n\n".encode()


@pytest.mark.parametrize("body", [endless, chattering], ids=["one line", "many"])
@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_without_end_is_left_soon(body: Body, status: int) -> None:
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for piece in body():
            yield piece
            taken += len(piece)

    start_s = time.monotonic()
    with answering(counted, status=status) as address, pytest.raises(BackendError, match="more than 8 MiB"):
        asked(address)
    assert time.monotonic() - start_s < 20
    assert taken < 2 * MOST_BYTES  # and what the machine's own buffers hold


def test_a_packed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(b"data: " + b"x" * 100_000_000)
    with answering(raw(bomb), Content_Encoding="gzip") as address, pytest.raises(BackendError, match="packed by gzip"):
        asked(address)


@pytest.mark.parametrize(
    "extra",
    [
        {"object": "ping"},
        {"type": "heartbeat"},
        {"choices": []},
        a_choice(delta=None),
        a_choice(delta={"content": None}),
    ],
)
def test_a_sign_of_life_is_no_text(extra: Any) -> None:
    with answering(sent(extra, a_choice(), extra, END)) as address:
        assert asked(address).replace("xx", "x") == "x"


def test_an_end_of_an_unknown_kind_is_an_end() -> None:
    with answering(sent(a_choice(), a_choice(finish_reason="eos_token", delta={}))) as address:
        assert asked(address) == "x"


def test_half_characters_become_a_sign_that_can_be_written() -> None:
    with answering(sent(a_choice(delta={"content": "a\ud83d"}), END)) as address:
        assert asked(address) == "a\ufffd"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "delta", "content", "text", "usage", "finish_reason", "logprobs", "error"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(JSON, max_size=3))
def test_whatever_is_sent_is_text_or_one_line(rows: list[Any]) -> None:
    with answering(sent(*rows, END)) as address:
        try:
            assert isinstance(asked(address), str)
        except BackendError as error:
            assert len(str(error)) < MOST_ERROR


MODELS = {"object": "list", "data": [{"id": "titlewise", "object": "model", "created": 0, "owned_by": "titlewise"}]}


@pytest.mark.parametrize(
    "body",
    [{"data": None}, {"data": [None]}, {"data": [{"id": 5}]}, {"data": {"id": "a"}}, {}, [], 5, None, "x"],
    ids=repr,
)
def test_a_list_of_models_that_is_none_is_one_line(body: Any) -> None:
    listing = raw(json.dumps(body).encode())
    with answering(listing, kind="application/json") as address, pytest.raises(BackendError) as caught:
        is_ours(address)
    assert len(str(caught.value)) < MOST_ERROR


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "boast", "text": "x", "quotes": []},
        {"kind": "answer", "text": 5, "quotes": []},
        {"kind": "answer"},
        {"kind": "answer", "text": "x", "quotes": [{"text": "y"}]},
        {"kind": "answer", "text": "x", "quotes": None},
        {},
    ],
    ids=repr,
)
def test_a_reply_of_an_unknown_form_is_one_line(shop: tuple[Catalogue, TitleIndex], row: dict[str, Any]) -> None:
    replies = sent(a_choice(delta={"content": "x"}), a_choice(delta={"titlewise": row}), END)
    retriever = Retriever(*shop, Budget(len))
    with answering(raw(json.dumps(MODELS).encode()), kind="application/json") as address:
        remote = RemoteAssistant(retriever, address)
    with answering(replies) as address, contextlib.closing(remote):
        remote._base_url = address
        with pytest.raises(BackendError, match="cannot be read"):
            _ = remote.ask("how heavy is it?", uid="K1").reply

"""The HTTP door: OpenAI's protocol with the official client, limits, refusals, and hanging up."""

import contextlib
import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from openai import APIStatusError, NotFoundError, OpenAI
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from serving import running

from assistant.assistant import assistant_of
from assistant.backends.base import BackendError
from assistant.backends.scripted import Scripted
from assistant.messages import Message
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex
from ui.api.access import Access
from ui.api.schema import EXTENSION, MAX_MESSAGES, MAX_NEW_TOKENS, MAX_SEED
from ui.api.server import app_of
from ui.api.workers import Limits

RED = "how heavy is the red Harrow electric kettle 1.7 L?"
WEIGHT = "It weighs 1.3 kg. [1]"
LIMITS = Limits()
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 500_000}}
TALK = f"<chat_history>\nUSER: {RED}\nASSISTANT: {WEIGHT}\n</chat_history>"
CLIENT_TASKS = {
    "title": "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n" + TALK,
    "tags": f"### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history.\n{TALK}",
    "follow-ups": f"### Task:\nSuggest 3-5 relevant follow-up questions or prompts that the user might ask.\n{TALK}",
    "searches": f"### Task:\nAnalyze the chat history to determine the necessity of generating search queries.\n{TALK}",
    "picture": f"### Task:\nGenerate a detailed prompt for am image generation task.\n{TALK}",
    "completion": f"### Task:\nYou are an autocompletion system.\n{TALK}\n<type>General</type>\n<text>how h</text>",
    "emoji": "Your task is to reflect the speaker's likely facial expression through a fitting emoji. "
    f"Interpret emotions from the message.\n\nMessage: ```{RED}```",
    "long": f"### Task:\nGenerate a concise title.\n{'x' * 5000}{TALK}",
}
WRAPPING = (
    "### Task:\nRespond to the user query using the provided context, incorporating inline citations in the format "
    '[id] **only when the <source> tag includes an explicit id attribute** (e.g., <source id="1">).\n\n'
    "### Guidelines:\n- If you don't know the answer, clearly state that.\n\n"
    f'<context>\n<source id="1" name="lamps.pdf">the Brint Desk Lamp DL-40, White. {"x" * 5000}</source>\n</context>'
)
ORIGIN = "http://localhost:3000"

Shop = tuple[Catalogue, TitleIndex]


@contextlib.contextmanager
def served(shop: Shop, backend: Scripted, limits: Limits = LIMITS, api_key: str = "") -> Iterator[TestClient]:
    """A client of a server in this process, once its model is warm; what nobody foresaw is answered, as it is there."""
    app = app_of(assistant_of(*shop, backend), limits, Access(api_key))
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/readyz").status_code == 503:
            time.sleep(0.01)
        yield client


@pytest.fixture
def client(shop: Shop) -> Iterator[TestClient]:
    with served(shop, Scripted([WEIGHT] * 20)) as client:
        yield client


@pytest.fixture(scope="module")
def address(shop: Shop) -> Iterator[str]:
    """A real server on a port of its own, with a model that speaks slowly."""
    backend = Scripted(slowly)
    with running(app_of(assistant_of(*shop, backend), Limits(at_once=1), Access("k"))) as address:
        yield address


def slowly(messages: Sequence[Message]) -> str:
    time.sleep(0.05)
    return WEIGHT


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def asked(question: str, **more: object) -> dict[str, object]:
    return {"messages": [user(question)], **more}


def events(text: str) -> list[str]:
    assert text.endswith("\n\n")
    parts = text.removesuffix("\n\n").split("\n\n")
    assert all(part.startswith("data: ") for part in parts)
    return [part.removeprefix("data: ") for part in parts]


def test_a_completion_tells_the_reply_as_text_and_whole(client: TestClient) -> None:
    row = client.post("/v1/chat/completions", json=asked(RED, model="titlewise")).json()
    message = row["choices"][0]["message"]
    assert message["role"] == "assistant"
    assert message["content"] == (
        'It weighs 1.3 kg. [1]\n\n[1] "Weighs 1.3 kg empty." – Harrow Electric Kettle 1.7 L, Red (K1)'
    )
    reply = message[EXTENSION]
    assert (reply["kind"], reply["uid"]) == ("answer", "K1")
    content = client.get("/products/K1").json()["content"]
    assert all(content[quote["start"] : quote["end"]] == quote["text"] for quote in reply["quotes"])
    assert row["usage"]["total_tokens"] == row["usage"]["prompt_tokens"] + row["usage"]["completion_tokens"] > 0
    assert (row["object"], row["choices"][0]["finish_reason"]) == ("chat.completion", "stop")


@pytest.mark.parametrize(("limit", "reason"), [(3, "length"), (30, "stop")])
def test_a_text_that_was_cut_says_so(client: TestClient, limit: int, reason: str) -> None:
    whole = client.post("/v1/chat/completions", json=asked(RED, max_tokens=limit)).json()
    assert whole["choices"][0]["finish_reason"] == reason
    streamed = client.post("/v1/chat/completions", json=asked(RED, max_completion_tokens=limit, stream=True))
    chunks = [json.loads(part) for part in events(streamed.text)[:-1]]
    assert chunks[-1]["choices"][0]["finish_reason"] == reason
    rows = [chunk["choices"][0]["delta"][EXTENSION] for chunk in chunks if EXTENSION in chunk["choices"][0]["delta"]]
    assert [set(row) for row in rows] == [set(whole["choices"][0]["message"][EXTENSION])]


@pytest.mark.parametrize("live", [False, True])
def test_a_stream_adds_up_to_the_completion(client: TestClient, live: bool) -> None:
    body = asked(RED, stream=True, stream_options={"include_usage": True}, titlewise={"live": live})
    response = client.post("/v1/chat/completions", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    *parts, done = events(response.text)
    assert done == "[DONE]"
    chunks = [json.loads(part) for part in parts]
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    text = "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])
    assert text.startswith("It weighs 1.3 kg. [1]\n\n[1] ")
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert [delta[EXTENSION]["uid"] for delta in deltas if EXTENSION in delta] == ["K1"]
    assert [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]][-1] == "stop"
    assert chunks[-1]["usage"]["completion_tokens"] > 0
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


def test_every_body_is_of_openais_own_type(client: TestClient) -> None:
    for model in client.get("/v1/models").json()["data"]:
        assert Model.model_validate(model).id == model["id"]
    whole = ChatCompletion.model_validate(client.post("/v1/chat/completions", json=asked(RED)).json())
    assert whole.usage is not None
    body = asked(RED, stream=True, stream_options={"include_usage": True})
    *parts, _ = events(client.post("/v1/chat/completions", json=body).text)
    chunks = [ChatCompletionChunk.model_validate_json(part) for part in parts]
    assert chunks[-1].usage == whole.usage


def test_what_the_check_takes_back_is_followed_by_what_stands(shop: Shop) -> None:
    with served(shop, Scripted(["It weighs 9 kg and sings. [1]"] * 2)) as client:
        body = asked(RED, stream=True, titlewise={"live": True})
        *parts, _ = events(client.post("/v1/chat/completions", json=body).text)
    text = "".join(json.loads(part)["choices"][0]["delta"].get("content", "") for part in parts)
    assert text.startswith("It weighs 9 kg and sings. [1]\n\n")
    assert "Weighs 1.3 kg empty." in text


def test_the_talk_before_says_what_it_is_about(client: TestClient) -> None:
    messages = [
        {"role": "system", "content": "You sell the Brint Desk Lamp DL-40, White."},
        {"role": "user", "content": [{"type": "text", "text": "tell me of the Harrow Electric Kettle 1.7 L, Red"}]},
        {"role": "assistant", "content": "It boils."},
        {"role": "user", "content": "and how heavy is it?"},
    ]
    row = client.post("/v1/chat/completions", json={"messages": messages}).json()
    assert row["choices"][0]["message"][EXTENSION]["uid"] == "K1"


def test_the_product_may_be_named_by_its_uid(client: TestClient) -> None:
    body = asked("how heavy is it?", titlewise={"product": "K2"})
    assert client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"][EXTENSION]["uid"] == "K2"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("title", "notice"),
    [
        ("Harrow Travel Kettle 0.5 L, Green", "Generated by a model"),
        ("Chaleira elétrica da Ana", "Gerado por um modelo"),
    ],
)
def test_a_description_can_be_invented_and_says_so_first(shop: Shop, stream: bool, title: str, notice: str) -> None:
    backend = Scripted([WEIGHT, "Boils half a litre. It folds. And then"])
    with served(shop, backend) as client:
        body = asked(title, stream=stream, seed=7, titlewise={"describe": True, "live": True, "product": "K1"})
        response = client.post("/v1/chat/completions", json=body)
        counted = client.get("/metrics").text
    if stream:
        deltas = [json.loads(part)["choices"][0]["delta"] for part in events(response.text)[:-1]]
        text = "".join(delta.get("content", "") for delta in deltas)
        (reply,) = [delta[EXTENSION] for delta in deltas if EXTENSION in delta]
    else:
        message = response.json()["choices"][0]["message"]
        text, reply = message["content"], message[EXTENSION]
    assert (reply["kind"], reply["text"], reply["uid"], reply["title"]) == (
        "generated",
        "Boils half a litre. It folds.",
        "",
        title,
    )
    assert text.startswith(notice)
    assert text.endswith("\n\nBoils half a litre. It folds.")
    assert backend.calls[-1].params.seed == 7
    assert 'titlewise_replies_total{kind="generated"} 1.0' in counted


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 400, "messages"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, 400, "user"),
        ({"messages": [{"role": "system", "content": "hi"}]}, 400, "user"),
        ({"messages": [{"role": "user", "content": [PICTURE]}]}, 400, "empty"),
        (asked("   "), 400, "empty"),
        (asked("x" * 4001), 400, "4,001 characters"),
        (asked(" ", titlewise={"describe": True}), 400, "empty"),
        (asked(RED, model="gpt-4"), 404, "no model 'gpt-4'"),
        (asked(RED, titlewise={"product": "nope"}), 404, "nope"),
        (asked(RED, temperature=9), 400, "temperature"),
        (asked(RED, n=3), 400, "n"),
        (asked(RED, max_tokens=0), 400, "max_tokens"),
        (asked(RED, logprobs=True), 400, "logprobs"),
        (asked(RED, tool_choice="required"), 400, "tool_choice"),
        (asked(RED, tool_choice={"type": "function", "function": {"name": "f"}}), 400, "tool_choice"),
        (asked(RED, response_format={"type": "json_object"}), 400, "response_format"),
        (asked(RED, response_format={"type": "json_schema", "json_schema": {"name": "s"}}), 400, "response_format"),
    ],
)
def test_a_refusal_has_openais_form(client: TestClient, body: dict[str, object], status: int, message: str) -> None:
    response = client.post("/v1/chat/completions", json=body)
    assert response.status_code == status
    assert message in response.json()["error"]["message"]


def test_a_field_that_does_not_fit_is_named_where_openais_clients_look(client: TestClient) -> None:
    refused = client.post("/v1/chat/completions", json=asked(RED, response_format={"type": "json_object"})).json()
    assert refused["error"]["param"] == "response_format.type"


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b"[" * 100_000, b'{"seed": ' + b"9" * 5000 + b"}", b"\xff"]
)
def test_a_body_that_is_no_chat_is_refused_by_name(client: TestClient, body: bytes) -> None:
    response = client.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert "body" in response.json()["error"]["message"]


def test_of_a_long_talk_the_newest_messages_are_read(shop: Shop) -> None:
    kettle, lamp = ("tell me of the Harrow Electric Kettle 1.7 L, Red", "and the Brint Desk Lamp DL-40, White?")
    questions = [kettle, *["is it good?"] * MAX_MESSAGES, lamp]
    messages = [message for text in questions for message in (user(text), {"role": "assistant", "content": "Yes."})]
    with served(shop, Scripted(lambda _: WEIGHT)) as client:
        response = client.post("/v1/chat/completions", json={"messages": [*messages, user("how long is its arm?")]})
        described = client.get("/openapi.json").json()["components"]["schemas"]["ChatRequest"]
    assert response.status_code == 200, response.text
    assert response.json()["choices"][0]["message"][EXTENSION]["uid"] == "L1"
    assert response.json()["usage"]["prompt_tokens"] < MAX_MESSAGES * 4
    assert "maxItems" not in described["properties"]["messages"]


@pytest.mark.parametrize(("top_p", "obeyed"), [(0, 1e-6), (0.5, 0.5), (None, 1.0)])
def test_the_least_top_p_takes_the_likeliest_word(shop: Shop, top_p: float | None, obeyed: float) -> None:
    backend = Scripted([WEIGHT] * 2)
    with served(shop, backend) as client:
        assert client.post("/v1/chat/completions", json=asked(RED, top_p=top_p, temperature=1)).status_code == 200
    assert backend.calls[-1].params.top_p == obeyed


def test_half_characters_never_reach_the_model(shop: Shop) -> None:
    backend = Scripted([WEIGHT] * 2)
    with served(shop, backend) as client:
        body = json.dumps(asked("how heavy is it, \ud83d\ude00 or \ud83d?", titlewise={"product": "K1"}))
        response = client.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})
        halved = json.dumps({"question": "the red kettle \udc00"})
        assert client.post("/resolve", content=halved, headers={"Content-Type": "application/json"}).status_code == 200
    assert response.status_code == 200
    assert "\U0001f600 or \ufffd?" in backend.calls[-1].messages[-1].content


@pytest.mark.parametrize(
    ("body", "status"),
    [(asked(" "), 400), (asked(RED, titlewise={"product": "nope"}), 404), (asked(RED, model="gpt-4"), 404)],
)
def test_what_can_never_be_answered_is_refused_before_a_stream_begins(
    client: TestClient, body: dict[str, object], status: int
) -> None:
    response = client.post("/v1/chat/completions", json=body | {"stream": True})
    assert response.status_code == status
    assert response.json()["error"]["message"]


def test_an_error_in_mid_stream_is_an_event(shop: Shop) -> None:
    def breaking(messages: Sequence[Message]) -> str:
        if "Harrow" in messages[-1].content:
            raise BackendError("the engine stopped", "one that runs", "starting it")
        return WEIGHT

    with served(shop, Scripted(breaking)) as client:
        parts = events(client.post("/v1/chat/completions", json=asked(RED, stream=True)).text)
        whole = client.post("/v1/chat/completions", json=asked(RED))
    assert json.loads(parts[-2])["error"] == whole.json()["error"]
    assert "the engine stopped" in whole.json()["error"]["message"]
    assert (parts[-1], whole.status_code) == ("[DONE]", 503)


def broken(messages: Sequence[Message]) -> str:
    if "Harrow" in messages[-1].content:
        raise ZeroDivisionError("nobody foresaw this")
    return WEIGHT


@pytest.fixture
def log() -> Iterator[list[str]]:
    """What the server logs, tracebacks too."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(logging.Formatter().format(record))
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def test_what_nobody_foresaw_is_told_counted_and_logged(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with running(app_of(assistant_of(*shop, Scripted(broken)), LIMITS, Access())) as address:
        whole = httpx2.post(f"{address}/v1/chat/completions", json=asked(RED))
        parts = events(httpx2.post(f"{address}/v1/chat/completions", json=asked(RED, stream=True)).text)
        counted = httpx2.get(f"{address}/metrics").text
    assert capsys.readouterr().err.count("ZeroDivisionError: nobody foresaw this") == 2
    assert (whole.status_code, whole.json()["error"]["code"]) == (500, "internal")
    assert "nobody" not in whole.text
    assert (json.loads(parts[-2]), parts[-1]) == (whole.json(), "[DONE]")
    for status in (200, 500):
        assert f'titlewise_requests_total{{route="/v1/chat/completions",status="{status}"}} 1.0' in counted
    assert 'titlewise_faults_total{code="internal"} 2.0' in counted


class Countless(Scripted):
    """A backend that cannot count the tokens of a reply, and keeps in which threads it was asked to."""

    def __init__(self, script: Any) -> None:
        super().__init__(script)
        self.counted_in: list[str] = []

    def count_tokens(self, text: str) -> int:
        if not text.startswith(("how heavy", f"{WEIGHT}\n")):  # a passage, or what the model said
            return super().count_tokens(text)
        self.counted_in.append(threading.current_thread().name)
        raise BackendError("the engine stopped", "one that runs", "starting it")


def test_tokens_that_cannot_be_counted_cost_no_answer_and_hold_nobody_up(shop: Shop, log: list[str]) -> None:
    body = asked(RED, stream_options={"include_usage": True})
    backend = Countless(lambda _: WEIGHT)
    with served(shop, backend) as client:
        whole = client.post("/v1/chat/completions", json=body)
        *parts, done = events(client.post("/v1/chat/completions", json=body | {"stream": True}).text)
    assert (whole.status_code, whole.json()["usage"], done) == (200, None, "[DONE]")
    assert "1.3 kg" in whole.json()["choices"][0]["message"]["content"]
    assert json.loads(parts[-1])["choices"][0]["finish_reason"] == "stop"
    assert ["the engine stopped" in line for line in log] == [True, True]
    assert backend.counted_in and all(name.startswith("answer") for name in backend.counted_in)


OPEN_WEBUI = {
    "stream_options": {"include_usage": True},
    "user": {"name": "A", "id": "1"},
    "metadata": {"chat_id": "1"},
    "features": {"web_search": False},
    "tools": [{"type": "function", "function": {"name": "search", "parameters": {}}}],
    "tool_choice": "auto",
    "params": {},
    "stop": ["###"],
    "frequency_penalty": 0.1,
    "seed": -1,
    "max_completion_tokens": 1000,
    "response_format": None,
}


@pytest.mark.parametrize("stream", [False, True, None])
def test_fields_of_open_webui_do_no_harm(shop: Shop, stream: bool | None) -> None:
    backend = Scripted([WEIGHT] * 2)
    with served(shop, backend) as client:
        response = client.post("/v1/chat/completions", json=asked(RED, stream=stream, **OPEN_WEBUI))
    assert response.status_code == 200
    assert "1.3" in response.text
    params = backend.calls[-1].params
    assert (params.max_new_tokens, params.seed) == (MAX_NEW_TOKENS, MAX_SEED - 1)


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": [PICTURE, {"type": "text", "text": RED}]}],
        [
            {"role": "user", "content": [PICTURE]},
            {"role": "assistant", "content": ""},
            {"role": "user", "content": RED},
        ],
        [{"role": "user", "content": RED}, {"role": "system", "content": "Answer in one word."}],
        [
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]},
            {"role": "tool", "tool_call_id": "1", "content": "the Brint Desk Lamp DL-40, White"},
            {"role": "user", "content": RED},
        ],
    ],
    ids=["picture", "picture before", "ends with an instruction", "tool"],
)
def test_what_is_no_text_of_the_talk_is_passed_over(client: TestClient, messages: list[dict[str, object]]) -> None:
    response = client.post("/v1/chat/completions", json={"messages": messages})
    assert response.json()["choices"][0]["message"][EXTENSION]["uid"] == "K1"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("task", CLIENT_TASKS.values(), ids=CLIENT_TASKS)
def test_a_task_of_the_chat_client_is_answered_without_the_model(shop: Shop, task: str, stream: bool) -> None:
    backend = Scripted([WEIGHT])
    with served(shop, backend) as client:
        body = asked(task, max_completion_tokens=1000, stream=stream)
        response = client.post("/v1/chat/completions", json=body)
    assert response.status_code == 200
    assert len(backend.calls) == 1  # that of the warm-up
    if not stream:
        message = response.json()["choices"][0]["message"]
        assert (message["content"], message[EXTENSION]["kind"]) == (message[EXTENSION]["text"], "help")


def test_a_chat_is_named_after_its_product_while_the_queue_is_full(shop: Shop) -> None:
    with taken(shop) as client:
        assert client.post("/v1/chat/completions", json=asked(RED)).status_code == 429
        named = client.post("/v1/chat/completions", json=asked(CLIENT_TASKS["title"]))
    assert named.json()["choices"][0]["message"]["content"] == "Harrow Electric Kettle 1.7 L"


@pytest.mark.parametrize(
    "wrapped",
    [
        f"{WRAPPING}\n\n{RED}",
        f"{WRAPPING}\n\n<user_query>\n{RED}\n</user_query>",
        f"### Task:\nSome wording of the administrator's.\n{RED}",
    ],
    ids=["last", "tagged", "other wording"],
)
def test_a_question_that_the_chat_client_has_wrapped_is_answered(client: TestClient, wrapped: str) -> None:
    response = client.post("/v1/chat/completions", json=asked(wrapped))
    assert response.status_code == 200, response.text
    assert response.json()["choices"][0]["message"][EXTENSION]["uid"] == "K1"


def test_pages_of_a_named_origin_may_ask_from_a_browser(shop: Shop) -> None:
    app = app_of(assistant_of(*shop, Scripted([WEIGHT])), Limits(), Access("k", [ORIGIN]))
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    with TestClient(app) as client:
        for origin, allowed in ((ORIGIN, ORIGIN), ("http://elsewhere", None)):
            asks = client.options("/v1/chat/completions", headers={"Origin": origin, **preflight})
            refused = client.get("/v1/models", headers={"Origin": origin})  # its reason is to be readable too
            assert (asks.status_code == 200, refused.status_code) == (allowed is not None, 401)
            assert asks.headers.get("access-control-allow-origin") == allowed
            assert refused.headers.get("access-control-allow-origin") == allowed


def test_without_an_origin_no_page_may_ask(client: TestClient) -> None:
    assert "access-control-allow-origin" not in client.get("/v1/models", headers={"Origin": ORIGIN}).headers


def test_a_body_that_is_too_large_is_refused(shop: Shop) -> None:
    with served(shop, Scripted([WEIGHT]), Limits(body_bytes=1000)) as client:
        response = client.post("/v1/chat/completions", json=asked("x" * 2000))
    assert response.status_code == 413
    assert "1,000 bytes" in response.json()["error"]["message"]


def test_with_a_key_only_those_who_send_it_may_ask(shop: Shop) -> None:
    with served(shop, Scripted([WEIGHT]), api_key="secret") as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic secret"}):
            for call in (client.get("/v1/models", headers=headers), client.get("/products/K1", headers=headers)):
                assert call.status_code == 401
                assert call.json()["error"]["type"] == "authentication_error"
        assert client.get("/v1/models", headers={"Authorization": "Bearer secret"}).status_code == 200
        assert client.get("/healthz").json() == {"status": "alive"}
        assert client.get("/readyz").status_code == 200


def test_products_and_titles_can_be_asked_for(client: TestClient) -> None:
    assert client.get("/products/K1").json()["title"] == "Harrow Electric Kettle 1.7 L, Red"
    assert client.get("/products/none").status_code == 404
    found = client.post("/resolve", json={"question": RED}).json()
    assert (found["decision"], found["hits"][0]["uid"]) == ("found", "K1")
    assert client.post("/resolve", json={"question": ""}).status_code == 400
    assert client.get("/nowhere").status_code == 404


def test_metrics_count_what_happened(client: TestClient) -> None:
    client.post("/v1/chat/completions", json=asked(RED))
    client.get("/nowhere")
    end_s = time.monotonic() + 2  # a reply may be read before its place is free again
    while "titlewise_line 0.0" not in (text := client.get("/metrics").text):
        assert time.monotonic() < end_s
    assert 'titlewise_requests_total{route="/v1/chat/completions",status="200"} 1.0' in text
    assert 'titlewise_requests_total{route="other",status="404"} 1.0' in text
    assert 'titlewise_faults_total{code="404"} 1.0' in text
    assert 'titlewise_replies_total{kind="answer"} 1.0' in text


def test_the_official_client_talks_to_it(address: str) -> None:
    with OpenAI(base_url=f"{address}/v1", api_key="k") as client:
        assert "titlewise" in [model.id for model in client.models.list()]
        whole = client.chat.completions.create(model="titlewise", messages=[{"role": "user", "content": RED}])
        assert "1.3 kg" in str(whole.choices[0].message.content)
        stream = client.chat.completions.create(
            model="titlewise",
            messages=[{"role": "user", "content": RED}],
            stream=True,
            extra_body={"titlewise": {"live": True}},
        )
        assert "1.3 kg" in "".join(part.choices[0].delta.content or "" for part in stream)
    with OpenAI(base_url=f"{address}/v1", api_key="wrong", max_retries=0) as stranger:
        with pytest.raises(APIStatusError) as refused:
            stranger.models.list()
        assert refused.value.status_code == 401


def test_the_official_client_asks_for_one_model(address: str) -> None:
    with OpenAI(base_url=f"{address}/v1", api_key="k") as client:
        assert all(client.models.retrieve(model.id) == model for model in client.models.list())
        for unknown in ("gpt-4", "meta-llama/Llama-3.1-8B"):
            with pytest.raises(NotFoundError) as refused:
                client.models.retrieve(unknown)
            assert refused.value.code == "model_not_found"


def test_the_official_client_comes_again_where_the_queue_was_full(shop: Shop) -> None:
    with held_up() as (backend, go_on):
        go_on.set()  # for the warm-up
        with running(app_of(assistant_of(*shop, backend), Limits(at_once=1, waiting=0), Access())) as address:
            go_on.clear()
            first = threading.Thread(target=lambda: httpx2.post(f"{address}/v1/chat/completions", json=asked(RED)))
            first.start()
            while "titlewise_line 1.0" not in httpx2.get(f"{address}/metrics").text:
                time.sleep(0.01)
            with OpenAI(base_url=f"{address}/v1", api_key="none") as client:
                threading.Timer(0.2, go_on.set).start()
                stream = client.chat.completions.create(
                    model="titlewise", messages=[{"role": "user", "content": RED}], stream=True
                )
                assert "1.3 kg" in "".join(part.choices[0].delta.content or "" for part in stream)
            first.join(10)
            assert 'code="line_full"' in httpx2.get(f"{address}/metrics").text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("words", "delay_s"), [(1, 30.0), (600, 0.05)], ids=["silent", "talking"])
def test_who_hangs_up_stops_the_model_and_leaves_the_queue(
    shop: Shop, stream: bool, words: int, delay_s: float
) -> None:
    texts = iter(["", "word " * words])  # the warm-up's, and half a minute of work
    app = app_of(assistant_of(*shop, Scripted(lambda _: next(texts), delay_s=delay_s)), LIMITS, Access())
    with running(app) as address:
        body = asked(RED, stream=stream, max_tokens=600)
        with pytest.raises(httpx2.ReadTimeout), httpx2.Client(timeout=0.5) as client:
            client.post(f"{address}/v1/chat/completions", json=body)
        freed_s = time.monotonic()
        while "titlewise_line 0.0" not in httpx2.get(f"{address}/metrics").text:
            assert time.monotonic() - freed_s < 2
            time.sleep(0.02)


@contextlib.contextmanager
def held_up() -> Iterator[tuple[Scripted, threading.Event]]:
    """A model that says nothing until it is let go on."""
    go_on = threading.Event()

    def waiting(messages: Sequence[Message]) -> str:
        go_on.wait(10)
        return WEIGHT

    try:
        yield Scripted(waiting), go_on
    finally:
        go_on.set()


@contextlib.contextmanager
def taken(shop: Shop) -> Iterator[TestClient]:
    """A server whose only place is taken by an answer under way."""
    with held_up() as (backend, go_on):
        go_on.set()  # for the warm-up
        with served(shop, backend, Limits(at_once=1, waiting=0)) as client:
            go_on.clear()
            first = threading.Thread(target=lambda: client.post("/v1/chat/completions", json=asked(RED)))
            first.start()
            while "titlewise_line 1.0" not in client.get("/metrics").text:
                time.sleep(0.01)
            yield client
            go_on.set()
            first.join(10)


def test_a_full_queue_is_an_error_before_a_stream_begins_and_when_to_come_again(shop: Shop) -> None:
    with taken(shop) as client:
        for stream in (False, True):
            refused = client.post("/v1/chat/completions", json=asked(RED, stream=stream))
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            assert refused.json()["error"]["type"] == "rate_limit_error"
        assert 'titlewise_faults_total{code="line_full"} 2.0' in client.get("/metrics").text


def test_a_server_answers_while_its_model_is_being_warmed_up(shop: Shop) -> None:
    warm = threading.Event()
    texts = iter([lambda: warm.wait(10) and "", lambda: WEIGHT])
    with running(
        app_of(assistant_of(*shop, Scripted(lambda _: next(texts)())), LIMITS, Access()), warm=False
    ) as address:
        for _ in range(2):
            assert httpx2.get(f"{address}/healthz").status_code == 200
            loading = httpx2.get(f"{address}/readyz")
            assert (loading.status_code, loading.json()) == (503, {"status": "loading"})
        assert "1.3 kg" in httpx2.post(f"{address}/v1/chat/completions", json=asked(RED)).text
        warm.set()
        while (ready := httpx2.get(f"{address}/readyz")).status_code == 503:
            time.sleep(0.01)
    assert ready.json() == {"status": "ready"}


def test_a_warm_up_that_fails_is_logged_and_tried_again(
    shop: Shop, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.api.workers.WARM_UP_PAUSE_S", 0.05)
    with served(shop, Scripted(failing_once())) as client:
        assert client.get("/readyz").status_code == 200
    (entry,) = log
    assert "warm-up failed" in entry
    assert "the engine sleeps" in entry


def failing_once() -> Any:
    came: list[int] = []

    def script(messages: Sequence[Message]) -> str:
        came.append(1)
        if len(came) == 1:
            raise BackendError("the engine sleeps", "one that is awake", "waiting")
        return WEIGHT

    return script


def test_no_page_loads_its_scripts_from_elsewhere(client: TestClient) -> None:
    for path in ("/docs", "/redoc"):
        assert client.get(path).status_code == 404
    assert client.get("/openapi.json").json()["paths"]["/v1/models/{name}"]

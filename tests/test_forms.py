"""One talk in all of OpenAI's forms: the same reply, each form as its own client and types have it, stops, refusals."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from openai import BadRequestError, OpenAI
from openai.types import Completion
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from serving import running

from assistant.assistant import assistant_of
from assistant.backends.base import BackendError
from assistant.backends.scripted import Scripted
from assistant.messages import Message
from assistant.reply import Reply
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex
from ui.api.access import Access
from ui.api.forms.completions import messages_of
from ui.api.schema import first_stop
from ui.api.server import app_of
from ui.api.sse import until_stop
from ui.api.workers import Limits

Shop = tuple[Catalogue, TitleIndex]
Row = dict[str, Any]

RED = "how heavy is the red Harrow electric kettle 1.7 L?"
WEIGHT = "It weighs 1.3 kg. [1]"
WHOLE = 'It weighs 1.3 kg. [1]\n\n[1] "Weighs 1.3 kg empty." – Harrow Electric Kettle 1.7 L, Red (K1)'
PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/completions")
TALKS = {
    "one question": [("user", RED)],
    "after a product": [
        ("user", "tell me of the Brint desk lamp DL-40"),
        ("assistant", "Steel."),
        ("user", "how long?"),
    ],
    "which one": [("user", "how heavy is the Harrow electric kettle?")],
    "a choice": [
        ("user", "how heavy is the Harrow electric kettle?"),
        ("assistant", "Which?"),
        ("user", "the red one"),
    ],
    "an instruction": [("system", "Sell the Brint desk lamp."), ("user", RED)],
    "nothing like it": [("user", "is the Zyxomat 9000 waterproof?")],
    "a task of the client's": [("user", f"Give this conversation a short title.\nUser: {RED}\nAssistant: {WEIGHT}")],
}


@contextlib.contextmanager
def served(shop: Shop, backend: Scripted) -> Iterator[TestClient]:
    with TestClient(app_of(assistant_of(*shop, backend), Limits(), Access())) as client:
        while client.get("/readyz").status_code == 503:
            time.sleep(0.01)
        yield client


@pytest.fixture(scope="module")
def client(shop: Shop) -> Iterator[TestClient]:
    with served(shop, Scripted(lambda _: WEIGHT)) as client:
        yield client


@pytest.fixture(scope="module")
def openai(shop: Shop) -> Iterator[OpenAI]:
    """OpenAI's own client of a real server."""
    app = app_of(assistant_of(*shop, Scripted(lambda _: WEIGHT)), Limits(), Access("k"))
    with running(app) as address, OpenAI(base_url=f"{address}/v1", api_key="k", max_retries=0) as client:
        yield client


def chat_of(talk: Sequence[tuple[str, str]]) -> Row:
    return {"messages": [{"role": role, "content": text} for role, text in talk]}


def input_of(talk: Sequence[tuple[str, str]]) -> Row:
    kinds = {"assistant": "output_text"}
    items = [
        {"type": "message", "role": role, "content": [{"type": kinds.get(role, "input_text"), "text": text}]}
        for role, text in talk
    ]
    return {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}, *items]}


def prompt_of(talk: Sequence[tuple[str, str]]) -> Row:
    if len(talk) == 1:
        return {"prompt": talk[0][1]}
    return {"prompt": "\n".join(f"{role}: {text}" for role, text in talk) + "\nassistant: "}


BODIES = dict(zip(PATHS, (chat_of, input_of, prompt_of), strict=True))


def message_of(row: Row) -> tuple[str, Row]:
    """Return the text of a whole reply, and the row in its extension."""
    if "output" in row:
        (message,) = row["output"]
        return message["content"][0]["text"], message["titlewise"]
    (choice,) = row["choices"]
    message = choice.get("message", choice)
    return message.get("content", message.get("text")), message["titlewise"]


def streamed(text: str) -> list[Row]:
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: {")]


def deltas_of(event: Row) -> str:
    if "type" in event:
        return event["delta"] if event["type"] == "response.output_text.delta" else ""
    return "".join(choice.get("text") or choice.get("delta", {}).get("content") or "" for choice in event["choices"])


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
def test_a_talk_gives_the_same_reply_in_every_form(client: TestClient, talk: list[tuple[str, str]]) -> None:
    replies = []
    for path in PATHS:
        body = BODIES[path](talk)
        whole = client.post(path, json=body)
        assert whole.status_code == 200, whole.text
        text, row = message_of(whole.json())
        stream = client.post(path, json=body | {"stream": True})
        assert "".join(map(deltas_of, streamed(stream.text))) == text
        replies.append((text, {**row, "timings": {}}))
    assert replies[0] == replies[1] == replies[2]


def test_a_response_is_of_openais_own_type(client: TestClient) -> None:
    body = {"input": RED, "instructions": "Be rude.", "metadata": {"a": "b"}, "store": True, "max_output_tokens": 90}
    row = client.post("/v1/responses", json=body).json()
    response = Response.model_validate(row)
    assert (response.output_text, response.status, response.metadata) == (WHOLE, "completed", {"a": "b"})
    assert (row["store"], row["instructions"], row["max_output_tokens"], row["tools"]) == (False, None, 90, [])
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens > 0
    assert row["output"][0]["titlewise"]["quotes"][0]["text"] == "Weighs 1.3 kg empty."


def test_a_completion_is_of_openais_own_type(client: TestClient) -> None:
    row = client.post("/v1/completions", json={"prompt": [RED]}).json()
    completion = Completion.model_validate(row)
    assert (completion.choices[0].text, completion.choices[0].finish_reason) == (WHOLE, "stop")
    assert completion.usage is not None and completion.usage.completion_tokens > 0


def test_the_events_of_a_response_are_openais_in_its_order(client: TestClient) -> None:
    response = client.post("/v1/responses", json={"input": RED, "stream": True})
    names = [line.removeprefix("event: ") for line in response.text.splitlines() if line.startswith("event: ")]
    rows = streamed(response.text)
    events = [TypeAdapter(ResponseStreamEvent).validate_python(row) for row in rows]
    assert names == [event.type for event in events]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [name for name in dict.fromkeys(names) if name != "response.output_text.delta"] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert len({row["response"]["id"] for row in rows if "response" in row}) == 1
    assert len({row["item_id"] for row in rows if "item_id" in row} | {rows[2]["item"]["id"]}) == 1
    assert rows[-1]["response"]["output"][0] == rows[-2]["item"]
    assert "[DONE]" not in response.text


def test_the_official_client_creates_a_response(openai: OpenAI) -> None:
    response = openai.responses.create(model="titlewise", input=RED)
    assert (response.output_text, response.status) == (WHOLE, "completed")
    again = openai.responses.create(
        model="titlewise",
        input=[
            {"role": "user", "content": RED},
            *[item.model_dump(exclude_none=True) for item in response.output],  # type: ignore[list-item]
            {"role": "user", "content": "and how heavy is it?"},
        ],
    )
    assert again.output_text == WHOLE


def test_the_official_client_streams_a_response(openai: OpenAI) -> None:
    with openai.responses.stream(model="titlewise", input=RED) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert text == stream.get_final_response().output_text == WHOLE


def test_the_official_client_creates_and_streams_a_completion(openai: OpenAI) -> None:
    assert openai.completions.create(model="titlewise", prompt=RED).choices[0].text == WHOLE
    options: Any = {"stream": True, "stream_options": {"include_usage": True}}
    parts = list(openai.completions.create(model="titlewise", prompt=RED, **options))
    assert "".join(choice.text for part in parts for choice in part.choices) == WHOLE
    assert parts[-2].choices[0].finish_reason == "stop"
    assert parts[-1].usage is not None and parts[-1].usage.completion_tokens > 0


def test_what_would_have_been_kept_is_refused_and_the_mending_named(openai: OpenAI) -> None:
    for more in ({"previous_response_id": "resp_1"}, {"conversation": "conv_1"}):
        with pytest.raises(BadRequestError, match="send the whole talk as `input`"):
            openai.responses.create(model="titlewise", input=RED, **more)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/responses", {}, "input"),
        ("/v1/responses", {"input": []}, "input"),
        ("/v1/responses", {"input": " "}, "empty"),
        ("/v1/responses", {"input": [{"role": "assistant", "content": "hi"}]}, "user"),
        (
            "/v1/responses",
            {"input": [{"type": "item_reference", "id": "msg_1"}, {"role": "user", "content": RED}]},
            "whole talk",
        ),
        ("/v1/responses", {"input": RED, "text": {"format": {"type": "json_object"}}}, "format"),
        ("/v1/responses", {"input": RED, "tool_choice": "required"}, "tool_choice"),
        ("/v1/responses", {"input": RED, "top_logprobs": 3}, "top_logprobs"),
        ("/v1/responses", {"input": RED, "include": ["message.output_text.logprobs"]}, "log-probabilities"),
        ("/v1/responses", {"input": RED, "background": True}, "background"),
        ("/v1/responses", {"input": RED, "prompt": {"id": "pmpt_1"}}, "prompt"),
        ("/v1/responses", {"input": RED, "max_output_tokens": 0}, "max_output_tokens"),
        ("/v1/completions", {}, "prompt"),
        ("/v1/completions", {"prompt": ""}, "empty"),
        ("/v1/completions", {"prompt": [RED, RED]}, "prompt"),
        ("/v1/completions", {"prompt": [1, 2, 3]}, "prompt"),
        ("/v1/completions", {"prompt": RED, "n": 2}, "n"),
        ("/v1/completions", {"prompt": RED, "best_of": 2}, "best_of"),
        ("/v1/completions", {"prompt": RED, "logprobs": 0}, "logprobs"),
        ("/v1/completions", {"prompt": RED, "echo": True}, "echo"),
        ("/v1/completions", {"prompt": RED, "suffix": "."}, "suffix"),
        ("/v1/chat/completions", chat_of([("user", RED)]) | {"stop": ["."] * 17}, "stop"),
        ("/v1/chat/completions", chat_of([("user", RED)]) | {"stop": 5}, "stop"),
    ],
)
def test_what_cannot_be_given_is_refused(client: TestClient, path: str, body: Row, field: str) -> None:
    response = client.post(path, json=body)
    assert response.status_code == 400
    assert field in response.json()["error"]["message"]


@pytest.mark.parametrize("path", PATHS)
def test_a_model_that_is_not_here_is_refused_in_every_form(client: TestClient, path: str) -> None:
    response = client.post(path, json=BODIES[path]([("user", RED)]) | {"model": "gpt-4"})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("path", PATHS)
def test_fields_that_say_what_is_so_anyway_do_no_harm(client: TestClient, path: str) -> None:
    tool = {"type": "function", "name": "f", "parameters": {}}
    more = {"n": 1, "logprobs": None, "stop": None, "tools": [tool], "tool_choice": "auto", "user": "u", "store": False}
    assert client.post(path, json=BODIES[path]([("user", RED)]) | more).status_code == 200


def test_a_text_that_was_cut_leaves_a_response_incomplete(client: TestClient) -> None:
    body = {"input": RED, "max_output_tokens": 3}
    whole = Response.model_validate(client.post("/v1/responses", json=body).json())
    last = streamed(client.post("/v1/responses", json=body | {"stream": True}).text)[-1]
    assert whole.incomplete_details is not None and whole.incomplete_details.reason == "max_output_tokens"
    assert (whole.status, last["type"]) == ("incomplete", "response.incomplete")


def breaking(messages: Sequence[Message]) -> str:
    if "Harrow" in messages[-1].content:
        raise BackendError("the engine stopped", "one that runs", "starting it")
    return WEIGHT


def test_an_error_in_mid_response_is_told_and_ends_it(shop: Shop) -> None:
    with served(shop, Scripted(breaking)) as client:
        rows = streamed(client.post("/v1/responses", json={"input": RED, "stream": True}).text)
        parts = streamed(client.post("/v1/completions", json={"prompt": RED, "stream": True}).text)
    error, failed = (TypeAdapter(ResponseStreamEvent).validate_python(row) for row in rows[-2:])
    assert (error.type, failed.type) == ("error", "response.failed")
    assert "the engine stopped" in rows[-2]["message"]
    assert rows[-1]["response"]["error"]["code"] == "server_error"
    assert [row["sequence_number"] for row in rows] == list(range(len(rows)))
    assert parts[-1]["error"]["code"] == "backend"


@pytest.mark.parametrize(
    ("stop", "shown"),
    [
        ("\n", "It weighs 1.3 kg. [1]"),
        ([" [1]", "kg"], "It weighs 1.3 "),
        (["never said", ""], WHOLE),
        (" – Harrow Electric Kettle 1.7 L, Red", WHOLE.removesuffix(" – Harrow Electric Kettle 1.7 L, Red (K1)")),
        ("It", ""),
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
@pytest.mark.parametrize("live", [False, True])
def test_a_text_ends_before_its_stop(client: TestClient, path: str, stop: Any, shown: str, live: bool) -> None:
    body = BODIES[path]([("user", RED)]) | {"stop": stop, "titlewise": {"live": live}}
    whole = client.post(path, json=body).json()
    text, row = message_of(whole)
    assert (text, row["text"]) == (shown, "It weighs 1.3 kg. [1]")
    assert whole["usage"]["completion_tokens"] == len(shown.split())
    stream = client.post(path, json=body | {"stream": True})
    assert "".join(map(deltas_of, streamed(stream.text))) == shown


@given(st.lists(st.text("ab\n", max_size=4), max_size=8), st.lists(st.text("ab\n", min_size=1, max_size=3), max_size=3))
def test_a_stop_across_pieces_is_found(pieces: list[str], stops: list[str]) -> None:
    text = "".join(pieces)
    complete = (end for end in range(len(text) + 1) if text[:end].endswith(tuple(stops)))
    end = next(complete, None)
    begin = len(text) if end is None else min(text[:end].rindex(stop) for stop in stops if text[:end].endswith(stop))
    assert "".join(run(until_stop(aiter_of(pieces), stops))) == text[:begin] == text[: first_stop(text, stops)]


@given(st.lists(st.text("ab", max_size=4), max_size=8), st.lists(st.text("ab", min_size=1, max_size=3), max_size=3))
def test_a_reply_passes_a_stop(pieces: list[str], stops: list[str]) -> None:
    reply = Reply("help", "")
    assert reply in run(until_stop(aiter_of([*pieces, reply]), stops))


async def aiter_of(pieces: Sequence[str | Reply]) -> AsyncIterator[str | Reply]:
    for piece in pieces:
        yield piece


def run(pieces: AsyncIterator[Any]) -> list[Any]:
    import asyncio

    async def collected() -> list[Any]:
        return [piece async for piece in pieces]

    return asyncio.run(collected())


@pytest.mark.parametrize(
    ("prompt", "roles"),
    [
        ("how heavy is it?", ["user"]),
        ("user: is it red?", ["user"]),
        ("user: is it red?\nassistant: ", ["user"]),
        ("system: Sell.\nuser: is it red?\nassistant:", ["system", "user"]),
        ("Human: is it red?\nAI: Yes.\nHuman: sure?", ["user", "assistant", "user"]),
        ("user: first line\nsecond line: of it\nassistant: ", ["user"]),
        ("assistant: I said so.", ["user"]),
        ("Colour user: red", ["user"]),
        ("Answer this.\nuser: is it red?", ["user"]),
    ],
)
def test_a_prompt_is_a_question_or_a_talk_that_is_written_down(prompt: str, roles: list[str]) -> None:
    assert [message.role for message in messages_of(prompt)] == roles


@given(st.text(max_size=200))
def test_any_prompt_ends_in_a_question(prompt: str) -> None:
    assert messages_of(prompt)[-1].role == "user"

"""The HTTP door against bodies made to hold it up: what is refused at the first fault, bounded, and given up."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import httpx2
import pytest
from serving import running
from starlette.requests import Request
from starlette.types import Message

from assistant.assistant import Assistant, assistant_of
from assistant.backends.scripted import Scripted
from assistant.grounding.judge import Entailment, Judge, open_judge
from assistant.grounding.pauses import pause
from index.catalogue.store import Catalogue
from index.resolver import Resolution, TitleIndex
from ui.api.access import Access
from ui.api.clients.open_webui import unwrapped
from ui.api.errors import MOST_FAULTS
from ui.api.lookups import Lookups
from ui.api.schema import MOST_MESSAGES, MOST_PARTS
from ui.api.server import app_of
from ui.api.workers import Limits
from ui.queue import GoneError, QueueFullError

LARGEST = Limits().body_bytes
TASK = "### Task:\nRespond to the user query.\n"
CHAT = "/v1/chat/completions"
Shop = tuple[Catalogue, TitleIndex]


def asking(text: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": text}]}


def filled(piece: str, before: str = "", behind: str = "", between: str = ",") -> str:
    """Return a body that is nearly as large as one may be."""
    count = (LARGEST - len(before) - len(behind) - 1000) // (len(piece) + len(between))
    return before + between.join([piece] * count) + behind


@dataclass
class Held:
    """An index whose look-ups take until they are let go."""

    index: TitleIndex
    free: threading.Event = field(default_factory=threading.Event)
    begun: list[str] = field(default_factory=list)

    def resolve(self, question: str) -> Resolution:
        self.begun.append(question)
        assert self.free.wait(30)
        return self.index.resolve(question)


@pytest.fixture
def held(shop: Shop) -> Iterator[tuple[str, Held]]:
    """A server that looks one title up at once while one more waits, and its index."""
    assistant = assistant_of(*shop, Scripted(["It weighs 1.3 kg. [1]"] * 9))
    index = Held(shop[1])
    assistant.retriever.index = index  # type: ignore[assignment]
    with running(app_of(assistant, Limits(at_once=1, waiting=1), Access())) as address:
        yield address, index
        index.free.set()


@pytest.fixture(scope="module")
def address(shop: Shop) -> Iterator[str]:
    assistant: Assistant = assistant_of(*shop, Scripted(lambda messages: "It weighs 1.3 kg. [1]"))
    with running(app_of(assistant, Limits(), Access())) as address:
        yield address


BODIES = {
    "numbers for messages": filled("1", '{"messages": [', "]}"),
    "numbers for parts": filled("1", '{"messages": [{"role": "user", "content": [', "]}]}"),
    "unknown roles": filled('{"role": "x"}', '{"messages": [', "]}"),
    "empty messages": filled('{"role": "user", "content": ""}', '{"messages": [', "]}"),
    "calls of tools": filled('{"role": "tool"}', '{"messages": [', "]}"),
    "empty parts": filled('{"type": "text"}', '{"messages": [{"role": "user", "content": [', "]}]}"),
    "brackets": filled("[", between=""),
    "brackets for messages": filled("[", '{"messages": ', between=""),
    "a number without an end": filled("9", '{"messages": [], "seed": ', "}", between=""),
    "a question without an end": filled("a", '{"messages": [{"role": "user", "content": "', '"}]}', between=""),
    "a wrapping without an end": json.dumps(asking(TASK + "<user_query>" * (LARGEST // 13))),
}


@pytest.mark.parametrize("kind", BODIES)
def test_the_largest_body_of_any_kind_is_refused_at_once_in_a_few_words(address: str, kind: str) -> None:
    start_s = time.process_time()
    response = httpx2.post(address + CHAT, content=BODIES[kind].encode(), timeout=60)
    assert response.status_code == 400
    assert len(response.content) < 2_000
    assert time.process_time() - start_s < 2


def test_of_many_faults_ten_are_named(address: str) -> None:
    fields = "model messages stream stream_options max_tokens max_completion_tokens temperature top_p seed n logprobs"
    wrong: dict[str, object] = {name: ["x"] for name in fields.split()}
    error = httpx2.post(address + CHAT, json=wrong).json()["error"]
    assert error["message"].count("body.") == MOST_FAULTS < len(wrong)
    assert error["param"] == "model"


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": "hi"}] * (MOST_MESSAGES + 1)},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "how heavy?"}] * MOST_PARTS}]},
    ],
    ids=["messages", "parts"],
)
def test_a_talk_of_any_sensible_length_is_read(address: str, body: dict[str, object]) -> None:
    response = httpx2.post(address + CHAT, json=body, timeout=60)
    assert response.status_code == 200 or response.json()["error"]["code"] == "question", response.text


def test_openings_of_a_wrapping_are_read_once() -> None:
    start_s = time.thread_time()
    assert unwrapped(TASK + "<user_query>" * 300_000).startswith(TASK)
    assert time.thread_time() - start_s < 1


@pytest.mark.parametrize(
    ("wrapped", "asked"),
    [
        ("<user_query>how heavy?</user_query>", "how heavy?"),
        (
            "<user_query>is <user_query> a tag?</user_query> and </user_query> too",
            "is <user_query> a tag?</user_query> and",
        ),
        ("</user_query><user_query>how heavy?</user_query>", "how heavy?"),
        ("<user_query>no end</context> how heavy?", "how heavy?"),
    ],
)
def test_what_stands_between_the_outer_marks_is_asked(wrapped: str, asked: str) -> None:
    assert unwrapped(TASK + wrapped) == asked


def test_a_crowd_of_look_ups_is_turned_away_and_holds_no_answer_up(held: tuple[str, Held]) -> None:
    address, index = held
    statuses: list[int] = []

    def resolve() -> None:
        statuses.append(httpx2.post(f"{address}/resolve", json={"question": "the red kettle"}, timeout=30).status_code)

    crowd = [threading.Thread(target=resolve) for _ in range(6)]
    for each in crowd:
        each.start()
    await_until(lambda: len(statuses) == 4)
    assert statuses == [429] * 4
    assert httpx2.get(f"{address}/healthz").status_code == 200
    about = {"titlewise": {"product": "K1"}} | asking("how heavy is it?")
    assert httpx2.post(address + CHAT, json=about).status_code == 200
    index.free.set()
    for each in crowd:
        each.join()
    assert sorted(statuses) == [200, 200, 429, 429, 429, 429]


def test_a_look_up_that_nobody_waits_for_is_not_begun(held: tuple[str, Held]) -> None:
    address, index = held
    first = threading.Thread(target=httpx2.post, args=(f"{address}/resolve",), kwargs={"json": {"question": "first"}})
    first.start()
    await_until(lambda: index.begun == ["first"])

    def is_let_wait(question: str) -> bool:
        try:
            assert httpx2.post(f"{address}/resolve", json={"question": question}, timeout=0.5).status_code == 429
        except httpx2.TimeoutException:
            return True
        return False

    assert is_let_wait("given up")
    await_until(lambda: is_let_wait("in its place"))
    index.free.set()
    first.join()
    assert httpx2.post(f"{address}/resolve", json={"question": "last"}).status_code == 200
    assert index.begun[0] == "first"
    assert "given up" not in index.begun


def test_places_are_free_again_whatever_became_of_the_work() -> None:
    async def many() -> None:
        lookups = Lookups(1, 1)
        with pytest.raises(ZeroDivisionError):
            await lookups.run_for(_request(), lambda: 1 // 0)
        with pytest.raises(GoneError):
            await lookups.run_for(_request(gone=True), time.sleep, 0.2)
        free = threading.Event()
        waiting = [asyncio.create_task(lookups.run_for(_request(), free.wait, 9)) for _ in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(QueueFullError):
            await lookups.run_for(_request(), int)
        free.set()
        assert await asyncio.gather(*waiting) == [True, True]
        assert await lookups.run_for(_request(), int) == 0
        lookups.close()

    asyncio.run(many())


class Endless(Judge):
    """The shipped judge, which reads any question for half a minute."""

    def __init__(self) -> None:
        self.reading = 0
        judge = open_judge()
        super().__init__(judge._network, judge._tokenizer, judge.calibration, judge.digest)

    def read(self, question: str, texts: Sequence[str]) -> list[Entailment]:
        self.reading += bool(question)
        try:
            for _ in range(3_000 if question else 0):
                pause()
                time.sleep(0.01)
        finally:
            self.reading -= bool(question)
        return super().read(question, texts)


@pytest.mark.parametrize("stream", [False, True])
def test_reading_ends_with_its_client(shop: Shop, stream: bool) -> None:
    judge = Endless()
    assistant = assistant_of(*shop, Scripted(lambda messages: "It weighs 1.3 kg. [1]"), judge=judge)
    with running(app_of(assistant, Limits(at_once=1, waiting=1), Access())) as address:
        asked = asking("how heavy is the red Harrow kettle?") | {"stream": stream}
        with contextlib.suppress(httpx2.TimeoutException):
            httpx2.post(address + CHAT, json=asked, timeout=1)
        await_until(lambda: judge.reading == 0)
        await_until(lambda: "titlewise_line 0.0" in httpx2.get(f"{address}/metrics").text)


def _request(*, gone: bool = False) -> Request:
    async def receive() -> Message:
        if not gone:
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    return Request({"type": "http"}, receive)


def await_until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.01)

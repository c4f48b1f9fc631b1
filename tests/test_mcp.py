"""The MCP door: five tools for agents, with the protocol's own client, over standard input and output and over HTTP."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
import small_shop
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult
from serving import running

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from assistant.messages import Message
from assistant.open import Live
from index.catalogue.store import Catalogue
from index.live import LiveIndex
from index.progress import Silent
from index.resolver import TitleIndex
from index.upsert import remove
from ui.api.access import Access
from ui.api.workers import Limits
from ui.cli import main
from ui.mcp.server import app_of

ROOT = Path(__file__).parents[1]
TOOLS = ["search_products", "resolve_product", "get_product", "ask_product", "compare_products"]
RED, BLACK = "TWK0000101", "TWK0000102"
WEIGHT = "It weighs 1.3 kg. [1]"
LIMITS = Limits()

Shop = tuple[Catalogue, TitleIndex]


class Agent:
    """A client of the protocol's, for tests that do not run in an event loop."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self.portal = portal
        self.client = client

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        return self.portal.call(self.client.call_tool, tool, arguments)

    def data(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Give what a tool returns as data, which is its text too, and as its schema says."""
        result = self.call(tool, **arguments)
        assert not result.is_error, result.content
        assert json.loads(text_of(result)) == result.structured_content
        jsonschema.validate(result.structured_content, self.tools[tool].output_schema)
        return result.structured_content

    def refusal(self, tool: str, **arguments: Any) -> str:
        """Give the one line with which a tool refuses its arguments."""
        result = self.call(tool, **arguments)
        assert result.is_error
        assert result.structured_content is None
        assert "\n" not in text_of(result)
        return text_of(result)

    @property
    def tools(self) -> dict[str, Any]:
        return {tool.name: tool for tool in self.portal.call(self.client.list_tools).tools}


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert content.type == "text"
    return content.text


@contextmanager
def agent_of(client: AbstractAsyncContextManager[Client]) -> Iterator[Agent]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(client) as opened:
        yield Agent(portal, opened)


@pytest.fixture(scope="module")
def agent(sample_home: Path, embedded_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """A client that has started `titlewise mcp` as its own process; nothing may go wrong there in silence."""
    log = tmp_path_factory.mktemp("mcp") / "stderr"
    with log.open("w") as stderr:
        command = ["-m", "ui.cli", "--home", str(sample_home), "mcp"]
        program = StdioServerParameters(command=sys.executable, args=command, cwd=ROOT, env=offline())
        with agent_of(Client(stdio_client(program, errlog=stderr))) as opened:
            yield opened
    assert log.read_text() == ""


def offline() -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1"}


@contextmanager
def served(shop: Shop, backend: Scripted, limits: Limits = LIMITS, api_key: str = "") -> Iterator[str]:
    """A real server on a port of its own; gives the address of its tools."""
    app = app_of(assistant_of(*shop, backend), limits, Access(api_key), ["shop.example"])
    with running(app, warm=False) as address:
        yield f"{address}/mcp"


@pytest.fixture(scope="module")
def over_http(shop: Shop) -> Iterator[Agent]:
    with served(shop, Scripted(lambda _: WEIGHT)) as address, agent_of(Client(address)) as opened:
        yield opened


# Standard input and output, the sample catalogue, the embedded model


def test_the_tools_say_what_they_take_and_give(agent: Agent) -> None:
    assert list(agent.tools) == TOOLS
    for tool in agent.tools.values():
        assert len(tool.description) > 60
        assert tool.annotations.read_only_hint
        assert tool.output_schema["type"] == "object"
        assert all(each["description"] for each in tool.input_schema["properties"].values())
    assert agent.tools["ask_product"].input_schema["required"] == ["question"]


def test_products_are_found_by_need_with_quotes_and_what_is_untold(agent: Agent) -> None:
    found = agent.data("search_products", need="I need a kettle under 1 litre for pour-over coffee")
    assert found["kind"] == "suggestions"
    first = found["products"][0]
    assert "Pour-Over Kettle" in first["title"]
    check_quotes(agent, first["uid"], first["quotes"])
    assert isinstance(first["untold"], list)


def test_a_need_gets_no_more_products_than_asked_for(agent: Agent) -> None:
    need = "wireless headphones"
    several = agent.data("search_products", need=need)["products"]
    assert len(several) > 1
    one = agent.data("search_products", need=need, limit=1)
    assert one["products"] == several[:1]
    assert several[1]["title"] not in one["text"]


def test_a_title_is_resolved_with_its_probability(agent: Agent) -> None:
    resolution = agent.data("resolve_product", question="the red Harrow & Finch KX-220R kettle")
    assert (resolution["decision"], resolution["hits"][0]["uid"]) == ("found", RED)
    assert 0.5 < resolution["probability"] <= 1
    either = agent.data("resolve_product", question="Harrow & Finch electric kettle")
    assert either["decision"] == "ambiguous"
    assert {RED, BLACK} <= {hit["uid"] for hit in either["candidates"]}


def test_a_product_is_given_as_stored(agent: Agent, sample_home: Path) -> None:
    product = Catalogue.load(sample_home / "catalogue").find(RED)
    assert agent.data("get_product", uid=RED) == vars(product)


def test_a_question_is_answered_as_the_command_line_answers_it(
    agent: Agent, sample_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = "How heavy is the red Harrow & Finch KX-220R kettle?"
    reply = agent.data("ask_product", question=question)
    assert main(["--home", str(sample_home), "ask", question, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert {name: reply[name] for name in ("kind", "text", "uid", "title")} == {
        name: row[name] for name in ("kind", "text", "uid", "title")
    }
    assert [{name: quote[name] for name in row["quotes"][0]} for quote in reply["quotes"]] == row["quotes"]
    assert reply["sources"] == [{"uid": RED, "title": row["title"]}]
    check_quotes(agent, RED, reply["quotes"])


def test_a_question_about_a_named_product_gets_a_verdict(agent: Agent) -> None:
    reply = agent.data("ask_product", question="Is it dishwasher safe?", uid=BLACK)
    assert (reply["kind"], reply["verdict"], reply["uid"]) == ("answer", "no", BLACK)
    assert reply["text"].startswith("No.")


def test_what_is_not_told_and_what_is_not_clear_say_so(agent: Agent) -> None:
    untold = agent.data("ask_product", question="does it have a built-in radio?", uid=RED)
    assert (untold["kind"], untold["verdict"], untold["quotes"]) == ("not_stated", "", [])
    unclear = agent.data("ask_product", question="Is the Harrow & Finch electric kettle dishwasher safe?")
    assert unclear["kind"] == "clarify"
    assert {RED, BLACK} <= {hit["uid"] for hit in unclear["candidates"]}


def test_products_are_compared_side_by_side(agent: Agent) -> None:
    compared = agent.data("compare_products", question="which is lighter?", uids=[RED, BLACK])
    assert compared["winner"] == BLACK
    assert [side["uid"] for side in compared["sides"]] == [RED, BLACK]
    assert "1.3 kg" in compared["sides"][0]["text"]
    for side in compared["sides"]:
        check_quotes(agent, side["uid"], side["quotes"])
        assert side["text"] in compared["table"]
    assert compared["table"].count("\n") == 3


def check_quotes(agent: Agent, uid: str, quotes: Sequence[dict[str, Any]]) -> None:
    product = agent.data("get_product", uid=uid)
    assert quotes
    for quote in quotes:
        assert product[quote["field"]][quote["start"] : quote["end"]] == quote["text"]


@pytest.mark.parametrize(
    ("tool", "arguments", "mend"),
    [
        ("get_product", {"uid": "NOPE"}, "mend it with: search_products or resolve_product"),
        ("ask_product", {"question": "is it loud?", "uid": "NOPE"}, "no product has the uid 'NOPE'"),
        ("compare_products", {"question": "which is lighter?", "uids": [RED, "NOPE"]}, "no product has the uid 'NOPE'"),
        ("compare_products", {"question": "which is lighter?", "uids": [RED, RED]}, "expected 2 to 3 to compare"),
        ("compare_products", {"question": "which is lighter?", "uids": [RED]}, "at least 2 items"),
        ("ask_product", {"question": " \n"}, "the question is empty"),
        ("search_products", {"need": ""}, "the question is empty"),
        ("resolve_product", {"question": ""}, "the question is empty"),
        ("compare_products", {"question": "", "uids": [RED, BLACK]}, "the question is empty"),
        ("ask_product", {"question": "x" * 4001}, "mend it with: a shorter question"),
        ("search_products", {"need": "x" * 4001}, "4,001 characters"),
        ("search_products", {"need": "a kettle", "limit": 0}, "greater than or equal to 1"),
        ("search_products", {"need": "a kettle", "limit": 6}, "less than or equal to 5"),
        ("ask_product", {}, "question Field required"),
        ("ask_product", {"question": 7}, "valid string"),
        ("wander", {}, "Unknown tool: wander"),
    ],
)
def test_wrong_input_is_told_in_one_line_that_mends_it(
    agent: Agent, tool: str, arguments: dict[str, Any], mend: str
) -> None:
    assert mend in agent.refusal(tool, **arguments)


def test_standard_output_holds_the_protocol_alone(sample_home: Path, embedded_model: Path) -> None:
    parameters = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    question = {"name": "ask_product", "arguments": {"question": "how heavy is it?", "uid": RED}}
    messages = [
        {"id": 1, "method": "initialize", "params": parameters},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": question},
    ]
    command = [sys.executable, "-m", "ui.cli", "--home", sample_home, "mcp"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=offline(),
        text=True,
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        process.stdin.flush()
        begun, replied = (json.loads(process.stdout.readline()) for _ in range(2))
        process.stdin.close()
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
        assert process.wait(30) == 0
    assert begun["result"]["serverInfo"]["name"] == "titlewise"
    assert "1.3 kg" in replied["result"]["structuredContent"]["text"]


@pytest.mark.parametrize("attempt", range(3))
def test_a_client_that_leaves_at_once_ends_the_process_at_once(
    sample_home: Path, embedded_model: Path, attempt: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "--home", sample_home, "mcp"],
        input="",
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=offline(),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("arguments", [("mcp",), ("mcp", "--http")])
def test_a_home_without_a_catalogue_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert main(["--home", str(tmp_path), *arguments]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.endswith("mend it with: titlewise prepare SOURCE\n")


# HTTP, a small shop, a scripted model


def test_all_tools_answer_over_http(over_http: Agent) -> None:
    assert list(over_http.tools) == TOOLS
    assert over_http.data("resolve_product", question="red Harrow electric kettle 1.7 L")["hits"][0]["uid"] == "K1"
    assert over_http.data("get_product", uid="L1")["title"].startswith("Brint Desk Lamp")
    assert over_http.data("ask_product", question="how heavy is it?", uid="K1")["text"] == WEIGHT
    compared = over_http.data("compare_products", question="which is lighter?", uids=["K1", "K2"])
    assert [side["uid"] for side in compared["sides"]] == ["K1", "K2"]
    assert over_http.data("search_products", need="I need a kettle for 1.7 litres")["kind"] in (
        "suggestions",
        "not_found",
    )
    assert "'NOPE'" in over_http.refusal("get_product", uid="NOPE")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "shop.example"}, 200),
        ({"Host": "shop.example:8001", "Origin": "https://shop.example"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "shop.example.evil.example:80"}, 421),
        ({"Origin": "http://evil.example"}, 403),
    ],
)
def test_only_who_calls_the_server_by_its_name_is_answered(
    served_address: str, headers: dict[str, str], status: int
) -> None:
    assert post(served_address, headers).status_code == status


@pytest.fixture(scope="module")
def served_address(shop: Shop) -> Iterator[str]:
    with served(shop, Scripted(lambda _: WEIGHT)) as address:
        yield address


def post(address: str, headers: dict[str, str]) -> httpx2.Response:
    parameters = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": parameters}
    accepted = {"Accept": "application/json, text/event-stream"}
    return httpx2.post(address, json=body, headers={**accepted, **headers})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer other"}, 401),
        ({"Authorization": "Basic secret"}, 401),
        ({"Authorization": "Bearer secret"}, 200),
    ],
)
def test_with_a_key_only_who_sends_it_is_answered(keyed_address: str, headers: dict[str, str], status: int) -> None:
    response = post(keyed_address, headers)
    assert response.status_code == status
    assert ("www-authenticate" in response.headers) == (status == 401)


@pytest.fixture(scope="module")
def keyed_address(shop: Shop) -> Iterator[str]:
    with served(shop, Scripted(lambda _: WEIGHT), api_key="secret") as address:
        yield address


def test_a_client_that_sends_the_key_has_the_tools(keyed_address: str) -> None:
    client = httpx2.AsyncClient(headers={"Authorization": "Bearer secret"})
    with agent_of(Client(streamable_http_client(keyed_address, http_client=client))) as agent:
        assert agent.data("get_product", uid="K1")["uid"] == "K1"
        agent.portal.call(client.aclose)


ASKED = {"question": "how heavy is it?", "uid": "K1"}


class Slow:
    """Texts that take as long as the test lets them; the warm-up's, which asks nothing, takes no time."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def text(self, messages: Sequence[Message]) -> str:
        if ASKED["question"] in messages[-1].content:
            self.begun.set()
            assert self.go_on.wait(30)
        return WEIGHT


def begin(agent: Agent) -> "Future[CallToolResult]":
    return agent.portal.start_task_soon(agent.client.call_tool, "ask_product", ASKED)


def test_what_needs_no_model_is_answered_while_the_model_writes(shop: Shop) -> None:
    slow = Slow()
    with served(shop, Scripted(slow.text)) as address, agent_of(Client(address)) as agent:
        asked = begin(agent)
        assert slow.begun.wait(30)
        assert agent.data("get_product", uid="K1")["uid"] == "K1"
        assert not asked.done()
        slow.go_on.set()
        assert not asked.result(30).is_error


def test_the_tools_see_what_is_changed_beside_them(tmp_path: Path) -> None:
    small_shop.build(tmp_path)
    live = LiveIndex(tmp_path)
    assistant = Live(assistant_of(*live.now(), Scripted(lambda _: WEIGHT)), live)
    app = app_of(assistant, LIMITS, Access(), [])
    with running(app, warm=False) as address, agent_of(Client(f"{address}/mcp")) as agent:
        assert agent.data("get_product", uid="K1")["uid"] == "K1"
        remove(live, ["K1"], progress=Silent)
        assert "no product has the uid" in agent.refusal("get_product", uid="K1")
        assert "no product has the uid" in agent.refusal("ask_product", **ASKED)
        hits = agent.data("resolve_product", question="the red Harrow kettle")["hits"]
        assert "K1" not in [hit["uid"] for hit in hits]


def test_a_full_line_is_told_as_an_error(shop: Shop) -> None:
    slow = Slow()
    limits = Limits(at_once=1, waiting=0)
    with served(shop, Scripted(slow.text), limits) as address, agent_of(Client(address)) as agent:
        asked = begin(agent)
        assert slow.begun.wait(30)
        assert "mend it with: asking again in a moment" in agent.refusal("ask_product", **ASKED)
        slow.go_on.set()
        assert not asked.result(30).is_error


def test_a_call_that_is_given_up_stops_the_model(shop: Shop) -> None:
    texts = iter(["word " * 200])
    begun = threading.Event()

    def text(messages: Sequence[Message]) -> str:
        if ASKED["question"] not in messages[-1].content:
            return WEIGHT
        begun.set()
        return next(texts, WEIGHT)

    limits = Limits(at_once=1, waiting=0)
    with served(shop, Scripted(text, delay_s=0.3), limits) as address, agent_of(Client(address)) as agent:
        asked = begin(agent)
        assert begun.wait(30)
        asked.cancel()
        end_s = time.monotonic() + 10  # the whole text takes longer
        while (again := agent.call("ask_product", **ASKED)).is_error and time.monotonic() < end_s:
            time.sleep(0.05)
        assert not again.is_error

"""Let simulated shoppers talk to `titlewise serve` before a stub engine: errors, its own share of the time, memory.

    python benchmarks/shoppers.py [--shoppers 1000] [--seconds 100] [--think-s 45] [--home DIR]

The server is a process of its own; the shoppers and the engine (`stub_engine`) are this one. First each kind of
question is asked one after another with an instant engine: CPU-milliseconds of the server for one, and for the same one
asked anew. Then a few clients ask without a pause: replies a second. Then the shoppers come: talks of 3 to 6 turns,
about a product page or about a title, with pauses to think; one turn in twenty is hung up in mid-stream. The server's
own share of a reply's time is all of it, as its shopper sees it, less what the engine took for it; it is told of the
replies that the engine worded, as it is known what it took for these. The sample catalogue unless told.
Prints one line of JSON.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psutil
from stub_engine import Speed, StubEngine, serving
from title_shops import indexed

from index.catalogue.store import Catalogue, Product
from index.sample import PATH as SAMPLE

ROOT = Path(__file__).parents[1]
ABOUT_ONE = (
    "how heavy is it?", "what is it made of?", "is it dishwasher safe?", "how big is it?", "what comes with it?",
    "what colour is it?", "does it need batteries?", "is it waterproof?", "how long is the cable?",
    "how much does it hold?", "can I wash it?", "is it made of steel?", "does it come with a case?", "what is it for?",
    "is it suitable for children?", "how is it cleaned?", "does it have a lid?", "how many are in the box?",
    "is assembly needed?", "how tall is it?",
)  # fmt: skip
BY_TITLE = (
    "how heavy is the {}?", "what is the {} made of?", "is the {} dishwasher safe?", "{} - how big is it",
    "does the {} come with a case?", "hi, what colour is the {}?", "is the {} any good for kids",
    "what can the {} hold?",
)  # fmt: skip
ABOUT_NONE = ("hello!", "thanks a lot", "where is my order?", "what can you do?", "will it rain tomorrow?")
COMPARING = "which is heavier, the {} or the {}?"
ON_A_PAGE, ABOUT_NOTHING = 0.4, 0.1  # shares of talks on a product's page, and of turns about no product
LIVE, HUNG_UP = 0.5, 0.05  # shares of turns that are streamed as they come, and that nobody reads to the end
WARMING = 20  # questions
MANY = ("--at-once", "64", "--waiting", "1024")  # of the server: it waits for an engine most of the time


@dataclass(frozen=True)
class ShopperQuestion:
    """A question, and the uid of the product on whose page it is asked, "" for none."""

    question: str
    uid: str = ""


@dataclass
class Figures:
    """What shoppers saw: errors, replies by kind, who hung up, how long they took, and the server's share of those."""

    errors: list[str] = field(default_factory=list)
    replies: Counter[str] = field(default_factory=Counter)
    hung_up: int = 0
    whole_ms: list[float] = field(default_factory=list)
    own_ms: list[float] = field(default_factory=list)
    stages_ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    received_bytes: int = 0

    def take(self, reply: dict[str, Any]) -> str:
        """Count a reply, and return its kind."""
        kind: str = reply["kind"]
        self.replies[kind] += 1
        for stage, ms in reply["timings"].items():
            self.stages_ms[stage].append(ms)
        return kind

    @property
    def summary(self) -> dict[str, Any]:
        """Return the figures as they are printed."""
        p50, p95 = np.percentile(self.own_ms or [0.0], (50, 95))
        return {
            "replies": self.replies.total(),
            "kinds": dict(self.replies),
            "hung_up": self.hung_up,
            "errors": len(self.errors),
            "first_errors": self.errors[:3],
            "worded": len(self.own_ms),
            "own_share_ms": {"p50": round(float(p50), 1), "p95": round(float(p95), 1)},
        }


class Client:
    """Whoever asks one server before a stub engine; each question has a seed, by which the engine knows it."""

    def __init__(
        self, address: str, session: aiohttp.ClientSession, engine: StubEngine, process: psutil.Process
    ) -> None:
        """Hold what others opened."""
        self.process = process
        self.engine = engine
        self._url = f"{address}/v1/chat/completions"
        self._session = session
        self._seeds = itertools.count(1)

    async def ask(
        self, asked: ShopperQuestion, history: list[dict[str, str]], figures: Figures, *, live: bool, leaves: bool
    ) -> str:
        """Ask, and return the text that was streamed; `figures` count what happened. `leaves` hangs up early."""
        seed = next(self._seeds)
        extension: dict[str, Any] = {"live": live, **({"product": asked.uid} if asked.uid else {})}
        messages = [*history, {"role": "user", "content": asked.question}]
        body = {"messages": messages, "stream": True, "seed": seed, "titlewise": extension}
        start_s, text, kind = time.perf_counter(), "", ""
        async with self._session.post(self._url, json=body) as response:
            if response.status != 200:
                figures.errors.append((await response.text())[:200])
                return ""
            async for row in rows_of(response, figures):
                if "error" in row:
                    figures.errors.append(str(row["error"])[:200])
                    return text
                delta = row["choices"][0]["delta"]
                text += delta.get("content") or ""
                if "titlewise" in delta:
                    kind = figures.take(delta["titlewise"])
                if leaves and text:
                    response.close()
                    figures.hung_up += 1
                    return text
        if not kind:
            figures.errors.append("a stream ended without its reply")
        figures.whole_ms.append(1000 * (time.perf_counter() - start_s))
        held_ms = self.engine.held_ms.pop(seed, None)
        if held_ms is not None:
            figures.own_ms.append(figures.whole_ms[-1] - held_ms)
        return text

    def cpu_ms(self) -> float:
        """Return the CPU time of the server so far, of all its threads."""
        times = self.process.cpu_times()
        return 1000 * float(times.user + times.system)


async def rows_of(response: aiohttp.ClientResponse, figures: Figures) -> AsyncIterator[dict[str, Any]]:
    """Yield the events of a stream; one that ends without `[DONE]` is an error."""
    async for line in response.content:
        figures.received_bytes += len(line)
        if line == b"data: [DONE]\n":
            return
        if line.startswith(b"data: "):
            yield json.loads(line[6:])
    yield {"error": "a stream broke off"}


def main() -> None:
    """Prepare the catalogue where none is given, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoppers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=100.0, help="how long they talk (100)")
    parser.add_argument("--think-s", type=float, default=45.0, help="the mean pause before a question (45)")
    parser.add_argument("--first-ms", type=float, default=60.0, help="of the engine: to the first token (60)")
    parser.add_argument("--token-ms", type=float, default=8.0, help="of the engine: from token to token (8)")
    parser.add_argument("--questions", type=int, default=100, help="of each kind, one after another (100)")
    parser.add_argument("--busy-s", type=float, default=20.0, help="how long clients ask without a pause (20)")
    parser.add_argument("--clients", type=int, default=16, help="that do so (16)")
    parser.add_argument("--home", type=Path, help="a prepared and indexed catalogue (the sample's)")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        home = arguments.home or sample_home(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        print(json.dumps(asyncio.run(measure(home, arguments))))


def sample_home(home: Path) -> Path:
    """Prepare and index the sample catalogue in a folder, and return it."""
    indexed(SAMPLE, home)
    return home


async def measure(home: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Ask one after another, then without a pause, then as shoppers do."""
    products = described(Catalogue.load(home / "catalogue"))
    engine = StubEngine(Speed())
    async with serving(engine) as address, served(home, address, *MANY) as (own_address, process):
        # The server closes a connection that is idle for 5 s: one that is older may be closed as it is used.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(120)) as session:
            client = Client(own_address, session, engine, process)
            costs = await costs_of(client, products, arguments.questions)
            busy = await without_pause(client, products, arguments)
            engine.speed = Speed(arguments.first_ms, arguments.token_ms)
            return {"one_question": costs, "without_pause": busy, "shoppers": await crowd(client, products, arguments)}


@contextlib.asynccontextmanager
async def served(home: Path, engine: str, *options: str) -> AsyncIterator[tuple[str, psutil.Process]]:
    """Run `titlewise serve` before an engine, with options; yield its address and its process once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "ui.cli", "--home", str(home), "serve", "--port", port, "--server", engine]
    command += ["--adapter", "shipped", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            await until_ready(address, server)
            yield address, psutil.Process(server.pid)
        finally:
            server.terminate()


async def until_ready(address: str, server: "subprocess.Popen[bytes]") -> None:
    """Wait until a server is ready. Raises `RuntimeError` where it ends before."""
    async with aiohttp.ClientSession() as session:
        while server.poll() is None:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{address}/readyz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise RuntimeError(f"the server ended with {server.returncode}")


async def costs_of(client: Client, products: Sequence[Product], count: int) -> dict[str, Any]:
    """Return what one question of each kind costs, asked by one client with an instant engine."""
    draw = random.Random(0)
    makes: dict[str, Callable[[], ShopperQuestion]] = {
        "on a page": lambda: ShopperQuestion(draw.choice(ABOUT_ONE), draw.choice(products).uid),
        "by title": lambda: ShopperQuestion(draw.choice(BY_TITLE).format(draw.choice(products).title)),
        "about none": lambda: ShopperQuestion(draw.choice(ABOUT_NONE)),
        "comparison": lambda: ShopperQuestion(COMPARING.format(*(each.title for each in draw.sample(products, 2)))),
    }
    costs = {}
    for kind, make in makes.items():
        await cost(client, [make() for _ in range(WARMING)])
        questions = [make() for _ in range(count)]
        costs[kind] = await cost(client, questions)
        costs[f"{kind}, again"] = await cost(client, questions)
    first = [makes["by title"]() for _ in range(count)]
    costs["second turn"] = await cost(client, [ShopperQuestion(draw.choice(ABOUT_ONE)) for _ in first], first)
    return costs


async def cost(
    client: Client, questions: Sequence[ShopperQuestion], before: Sequence[ShopperQuestion] = ()
) -> dict[str, Any]:
    """Ask questions one after another, each after another one where these are given; return what one costs."""
    engine, figures = client.engine, Figures()
    start = np.array([client.cpu_ms(), engine.received_bytes, engine.sent_bytes, engine.requests, engine.tokens])
    for number, asked in enumerate(questions):
        history = turns_of(before[number].question, "That is stated. [1]") if before else []
        await client.ask(asked, history, figures, live=True, leaves=False)
    end = np.array([client.cpu_ms(), engine.received_bytes, engine.sent_bytes, engine.requests, engine.tokens])
    names = ("cpu_ms", "bytes_to_engine", "bytes_from_engine", "engine_requests", "engine_tokens")
    spent = dict(zip(names, (round(float(each), 1) for each in (end - start) / len(questions)), strict=True))
    stages = {name: round(float(np.mean(ms)), 1) for name, ms in figures.stages_ms.items()}
    bytes_sent = round(figures.received_bytes / len(questions))
    return {**spent, "bytes_to_client": bytes_sent, "stages_ms": stages, "kinds": dict(figures.replies)} | (
        {"first_errors": figures.errors[:3]} if figures.errors else {}
    )


async def without_pause(client: Client, products: Sequence[Product], arguments: argparse.Namespace) -> dict[str, Any]:
    """Let clients talk without a pause, with an instant engine; return replies a second and what one costs."""
    figures, start_ms, start_s = Figures(), client.cpu_ms(), time.perf_counter()
    await talking(client, products, figures, Manners(arguments.clients, arguments.busy_s))
    seconds = time.perf_counter() - start_s
    count = figures.replies.total() + figures.hung_up
    return {
        "clients": arguments.clients,
        "questions_a_second": round(count / seconds, 1),
        "server_cpu_ms": round((client.cpu_ms() - start_ms) / max(1, count), 1),
        **figures.summary,
    }


async def crowd(client: Client, products: Sequence[Product], arguments: argparse.Namespace) -> dict[str, Any]:
    """Let shoppers talk, with pauses; return what they saw, and how the server's memory grew meanwhile."""
    manners = Manners(arguments.shoppers, arguments.seconds, arguments.think_s)
    figures, start_ms, start_s = Figures(), client.cpu_ms(), time.perf_counter()
    memory: list[tuple[float, float]] = []
    watching = asyncio.create_task(watch_memory(client.process, memory))
    await talking(client, products, figures, manners)
    watching.cancel()
    seconds = time.perf_counter() - start_s
    count = figures.replies.total() + figures.hung_up
    settled = np.array(memory[len(memory) // 2 :])
    slope = float(np.polyfit(settled[:, 0], settled[:, 1], 1)[0]) * seconds / max(1, count)
    return {
        "shoppers": arguments.shoppers,
        "questions_a_second": round(count / seconds, 2),
        "server_cpu_ms": round((client.cpu_ms() - start_ms) / max(1, count), 1),
        "cores_busy": round((client.cpu_ms() - start_ms) / seconds / 1000, 2),
        "memory_mb": {"first": round(memory[0][1]), "peak": round(max(mb for _, mb in memory))},
        "memory_mb_a_thousand_questions": round(1000 * slope, 2),  # of the second half
        **figures.summary,
    }


async def watch_memory(process: psutil.Process, memory: list[tuple[float, float]]) -> None:
    """Note the seconds and the MB that a process has resident, twice a second."""
    while True:
        memory.append((time.perf_counter(), process.memory_info().rss / 2**20))
        await asyncio.sleep(0.5)


@dataclass(frozen=True)
class Manners:
    """How many shoppers there are, how long they go on, how long they think before a question on average, and who."""

    shoppers: int
    seconds: float
    think_s: float = 0.0
    first: int = 0  # number of the first shopper: others ask other things


async def talking(client: Client, products: Sequence[Product], figures: Figures, manners: Manners) -> None:
    """Let shoppers talk at once, each in one talk after another; what is asked at the end is still answered."""
    end_s = time.monotonic() + manners.seconds

    async def shop(number: int) -> None:
        draw = random.Random(number)
        while True:
            history: list[dict[str, str]] = []
            for asked in talk(draw, products):
                pause_s = draw.expovariate(1 / manners.think_s) if manners.think_s else 0.0
                await asyncio.sleep(min(pause_s, end_s - time.monotonic()))
                if time.monotonic() >= end_s:
                    return
                live, leaves = draw.random() < LIVE, draw.random() < HUNG_UP
                text = await client.ask(asked, history, figures, live=live or leaves, leaves=leaves)
                history += turns_of(asked.question, text)

    await asyncio.gather(*(shop(manners.first + number) for number in range(manners.shoppers)))


def talk(draw: random.Random, products: Sequence[Product]) -> Iterator[ShopperQuestion]:
    """Yield the 3 to 6 questions of a talk about one product: on its page, or named by its title and then by "it"."""
    product = draw.choice(products)
    uid = product.uid if draw.random() < ON_A_PAGE else ""
    for number in range(draw.randint(3, 6)):
        if number and draw.random() < ABOUT_NOTHING:
            yield ShopperQuestion(draw.choice(ABOUT_NONE))
        elif number or uid:
            yield ShopperQuestion(draw.choice(ABOUT_ONE), uid)
        else:
            yield ShopperQuestion(draw.choice(BY_TITLE).format(product.title))


def turns_of(question: str, text: str) -> list[dict[str, str]]:
    """Return a question and its reply as messages; none where nothing came."""
    return [{"role": "user", "content": question}, {"role": "assistant", "content": text}] if text else []


def described(catalogue: Catalogue) -> list[Product]:
    """Return products that have a description, 20,000 at most."""
    rows = random.Random(0).sample(range(len(catalogue)), min(len(catalogue), 20_000))
    return [product for row in rows if (product := catalogue.product(row)).content]


if __name__ == "__main__":
    main()

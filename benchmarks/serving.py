"""Measure the server: many clients beside one, what it costs beside the bare engine, errors, mixed text, memory.

    python benchmarks/serving.py [--clients 16] [--seconds 30] [--rounds 4]

The sample catalogue and the embedded model. In each round one client asks for so many seconds, then all do: every one
about a product of its own choice by uid, and a reply counts as mixed if it names another product, or quotes what is not
in that product's description. Then one client asks by title, and after each question the very same prompts of one
before go to the same engine without the server: tokens a second of both. At last a client hangs up in mid-reply,
twenty times, half of them without a stream. Clients are a process of their own. Prints one line of JSON.
"""

import argparse
import contextlib
import dataclasses
import functools
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil
import uvicorn

from assistant.assistant import Assistant, assistant_of
from assistant.backends.base import Backend, SamplingParams, TextStream
from assistant.messages import Prompt
from assistant.open import Engine, open_assistant
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue, Product
from index.progress import Progress
from index.resolver import TitleIndex
from index.sample import PATH as SAMPLE
from ui.api.access import Access
from ui.api.server import app_of
from ui.api.workers import Limits

QUESTIONS = (
    "how heavy is it?",
    "what is it made of?",
    "is it dishwasher safe?",
    "how big is it?",
    "what comes with it?",
)
BY_TITLE = 200  # questions beside the bare engine
EARLIER = 3  # so many questions later, no engine has the prompt in its cache any more
HANG_UPS = 20
SOON_S = 0.2  # no reply is whole by then


def main() -> None:
    """Start a server of its own, and measure it; or be its clients."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--at-once", type=int, default=Limits().at_once)
    parser.add_argument("--ask", metavar="ADDRESS", default="", help="be the clients of this server")
    parser.add_argument("--home", type=Path, help="with --ask: the server's catalogue")
    parser.add_argument("--seed", type=int, default=0, help="with --ask: what is asked")
    parser.add_argument("--by-title", action="store_true", help="with --ask: one question for each line of input")
    arguments = parser.parse_args()
    if arguments.ask:
        products = described(Catalogue.load(arguments.home / "catalogue"))
        if arguments.by_title:
            ask_by_title(arguments.ask, products)
        else:
            print(json.dumps(crowd(arguments, products)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        prepare(SAMPLE, home / "catalogue", progress=Progress)
        TitleIndex.build(Catalogue.load(home / "catalogue"), home / "index", progress=Progress)
        with open_assistant(home, Engine()) as opened:
            print(json.dumps(measure(home, opened, arguments)))


def measure(home: Path, opened: Assistant, arguments: argparse.Namespace) -> dict[str, Any]:
    """Ask alone and together in turns, then beside the bare engine, then hang up."""
    recorder = Recorder(opened.backend)
    catalogue = opened.retriever.catalogue
    assistant = assistant_of(catalogue, opened.retriever.index, recorder)
    app = app_of(assistant, Limits(at_once=arguments.at_once, waiting=64), Access())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    process = psutil.Process()
    try:
        before_mb = process.memory_info().rss >> 20
        alone, together = [], []
        for seed in range(arguments.rounds):
            asked = ["--seconds", str(arguments.seconds), "--seed", str(seed)]
            alone.append(clients(address, home, [*asked, "--clients", "1"]))
            together.append(clients(address, home, [*asked, "--clients", str(arguments.clients)]))
        rates = [sum(len(one["ms"]) for one in crowds) / arguments.seconds for crowds in (alone, together)]
        return {
            "alone": figures(alone, arguments.seconds),
            f"{arguments.clients} clients": figures(together, arguments.seconds),
            "throughput_ratio": round(rates[1] / rates[0], 2),
            "ratio_by_round": [
                round(len(two["ms"]) / len(one["ms"]), 2) for one, two in zip(alone, together, strict=True)
            ],
            "beside_the_bare_engine": beside_bare(address, home, recorder),
            "rss_mb": [before_mb, process.memory_info().rss >> 20],
            "freed_ms_after_hanging_up": [hang_up(address, described(catalogue), number) for number in range(HANG_UPS)],
        }
    finally:
        server.should_exit = True
        thread.join(30)


class Recorder:
    """A backend that remembers what it was asked, and counts the pieces that it gave: tokens, all but a few."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.name, self.adapters = backend.name, backend.adapters
        self._asked: list[Callable[[], Iterable[str]]] = []
        self._pieces = 0

    def stream(self, prompt: Prompt, params: SamplingParams, **how: Any) -> TextStream:
        self._asked.append(functools.partial(self._backend.stream, prompt, params, **how | {"cancel": None}))
        completion = yield from self._backend.stream(prompt, params, **how)
        self._pieces += completion.completion_tokens
        return completion

    def first_token_logprobs(self, prompt: Prompt, **how: Any) -> dict[str, float]:
        ask = functools.partial(self._backend.first_token_logprobs, prompt, **how)
        self._asked.append(functools.partial(ask, cancel=None))
        return ask()

    def as_text(self, text: str) -> str:
        return self._backend.as_text(text)

    def count_tokens(self, text: str) -> int:
        return self._backend.count_tokens(text)

    def close(self) -> None:
        """Leave the backend to whoever opened it."""

    def taken(self) -> "Recorded":
        """Return what was asked since the last time."""
        asked = Recorded(tuple(self._asked), self._pieces)
        self._asked, self._pieces = [], 0
        return asked

    def again(self, asked: "Recorded") -> float:
        """Ask the bare engine the same once more; return the seconds that it took."""
        start_s = time.perf_counter()
        for call in asked.calls:
            for _ in call():
                pass
        return time.perf_counter() - start_s


@dataclasses.dataclass(frozen=True)
class Recorded:
    """What one question led to: the calls of the backend, and the pieces of text that they gave."""

    calls: tuple[Callable[[], Iterable[str]], ...]
    pieces: int


def beside_bare(address: str, home: Path, recorder: Recorder) -> dict[str, Any]:
    """Return tokens a second through the server and without it, and what the server costs."""
    command = [sys.executable, __file__, "--ask", address, "--home", str(home), "--by-title"]
    questions: list[Recorded] = []
    served_s: list[float] = []
    bare_s: list[float] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as asking:
        assert asking.stdin and asking.stdout
        recorder.taken()
        for number in range(BY_TITLE + EARLIER):
            print(number, file=asking.stdin, flush=True)
            served_s.append(float(asking.stdout.readline()))
            questions.append(recorder.taken())
            if number >= EARLIER:
                bare_s.append(recorder.again(questions[number - EARLIER]))
        asking.stdin.close()
    pieces = sum(asked.pieces for asked in questions[:BY_TITLE])
    return {
        "served_tokens_a_second": round(pieces / sum(served_s[:BY_TITLE]), 1),
        "bare_tokens_a_second": round(pieces / sum(bare_s), 1),
        "overhead": round(1 - sum(bare_s) / sum(served_s[:BY_TITLE]), 3),
        "overhead_in_quarters": [
            round(1 - sum(bare_s[at : at + BY_TITLE // 4]) / sum(served_s[at : at + BY_TITLE // 4]), 3)
            for at in range(0, BY_TITLE, BY_TITLE // 4)
        ],
    }


def clients(address: str, home: Path, asked: list[str]) -> dict[str, Any]:
    """Let another process ask, so that clients and server share no interpreter."""
    command = [sys.executable, __file__, "--ask", address, "--home", str(home), *asked]
    measured: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return measured


def crowd(arguments: argparse.Namespace, products: list[Product]) -> dict[str, Any]:
    """Let so many clients ask for so many seconds, each of them one question after the other.

    Replies that come after the end are not counted, so that a queue of waiting ones makes no rate.
    """
    measured: dict[str, Any] = {"ms": [], "errors": [], "mixed": 0}
    end_s = time.monotonic() + arguments.seconds

    def ask(number: int) -> None:
        draw = random.Random(1000 * arguments.seed + number)
        with httpx2.Client(timeout=120) as client:
            while time.monotonic() < end_s:
                product = draw.choice(products)
                start_s = time.perf_counter()
                answer = client.post(f"{arguments.ask}/v1/chat/completions", json=_body(product, draw))
                if answer.status_code != 200:
                    measured["errors"].append(answer.text[:200])
                    continue
                if time.monotonic() < end_s:
                    measured["ms"].append(1000 * (time.perf_counter() - start_s))
                reply = answer.json()["choices"][0]["message"]["titlewise"]
                quotes = all(product.content[each["start"] : each["end"]] == each["text"] for each in reply["quotes"])
                measured["mixed"] += not (reply["uid"] == product.uid and quotes)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(arguments.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return measured


def ask_by_title(address: str, products: list[Product]) -> None:
    """Ask a question that has to be resolved for each line of input; print the seconds that it took."""
    with httpx2.Client(timeout=120) as client:
        client.get(f"{address}/healthz")  # the connection is not what is measured
        for seed in sys.stdin:
            draw = random.Random(int(seed))
            question = f"{draw.choice(QUESTIONS)} I mean the {draw.choice(products).title}"
            start_s = time.perf_counter()
            body = {"messages": [{"role": "user", "content": question}]}
            client.post(f"{address}/v1/chat/completions", json=body).raise_for_status()
            print(time.perf_counter() - start_s, flush=True)


def hang_up(address: str, products: list[Product], number: int) -> int:
    """Abandon a reply that is being written, every second time one that is not streamed.

    Returns the milliseconds until nobody is in the queue any more.
    """
    draw = random.Random(number)
    door, body = f"{address}/v1/chat/completions", _body(draw.choice(products), draw)
    if number % 2:
        with contextlib.suppress(httpx2.ReadTimeout):
            httpx2.post(door, json=body, timeout=SOON_S)
    else:
        body["titlewise"] |= {"live": True}
        with httpx2.stream("POST", door, json=body | {"stream": True}, timeout=60) as stream:
            lines = stream.iter_lines()
            for _ in range(3):
                next(lines)
    start_s = time.perf_counter()
    while "titlewise_line 0.0" not in httpx2.get(f"{address}/metrics").text:
        time.sleep(0.005)
    return round(1000 * (time.perf_counter() - start_s))


def figures(crowds: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Sum the rounds up."""
    ms = [one for crowd in crowds for one in crowd["ms"]]
    errors = [one for crowd in crowds for one in crowd["errors"]]
    p50, p95 = np.percentile(ms, (50, 95))
    return {
        "replies": len(ms),
        "replies_a_second": round(len(ms) / seconds / len(crowds), 2),
        "ms_p50": round(p50),
        "ms_p95": round(p95),
        "errors": len(errors),
        "first_errors": errors[:3],
        "mixed": sum(crowd["mixed"] for crowd in crowds),
    }


def described(catalogue: Catalogue) -> list[Product]:
    """Return the products that have a description."""
    return [product for row in range(len(catalogue)) if (product := catalogue.product(row)).content]


def _body(product: Product, draw: random.Random) -> dict[str, Any]:
    question = draw.choice(QUESTIONS)
    return {"messages": [{"role": "user", "content": question}], "titlewise": {"product": product.uid}}


if __name__ == "__main__":
    main()

"""Measure the server with many clients at once: replies a second beside one client, errors, mixed text, memory.

    python benchmarks/serving.py [--clients 16] [--seconds 300]

The sample catalogue and the embedded model; every client asks about a product of its own choice by uid, and a reply
counts as mixed if it names another product, or quotes what is not in that product's description. One client alone
first, then all, then one that hangs up in mid-reply twenty times. Prints one line of JSON.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil

from index.prepare import prepare
from index.products import Catalogue, Product
from index.progress import Progress
from index.resolver import TitleIndex
from ui.demo import SAMPLE

QUESTIONS = (
    "how heavy is it?",
    "what is it made of?",
    "is it dishwasher safe?",
    "how big is it?",
    "what comes with it?",
)
ALONE_S = 30.0
HANG_UPS = 20


def main() -> None:
    """Start a server of its own, and measure it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--port", type=int, default=8765)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        prepare(SAMPLE, home / "catalogue", progress=Progress)
        catalogue = Catalogue.load(home / "catalogue")
        TitleIndex.build(catalogue, home / "index", progress=Progress)
        products = [product for row in range(len(catalogue)) if (product := catalogue.product(row)).content]
        command = [sys.executable, "-m", "ui.cli", "--home", str(home), "serve", "--port", str(arguments.port)]
        server = subprocess.Popen([*command, "--waiting", "64"], stdout=subprocess.DEVNULL)
        try:
            figures = measure(f"http://127.0.0.1:{arguments.port}", server.pid, products, arguments)
        finally:
            server.terminate()
            server.wait(30)
    print(json.dumps(figures))


def measure(address: str, pid: int, products: list[Product], arguments: argparse.Namespace) -> dict[str, Any]:
    """Ask alone, then together, then hang up."""
    while not _is_ready(address):
        time.sleep(0.2)
    process = psutil.Process(pid)
    alone = Crowd(address, products, 1, ALONE_S)
    before_mb = process.memory_info().rss >> 20
    together = Crowd(address, products, arguments.clients, arguments.seconds)
    return {
        "alone": alone.figures(),
        f"{arguments.clients} clients": together.figures(),
        "throughput_ratio": round(together.rate / alone.rate, 2),
        "rss_mb": [before_mb, process.memory_info().rss >> 20],
        "freed_ms_after_hanging_up": [hang_up(address, products, number) for number in range(HANG_UPS)],
    }


class Crowd:
    """So many clients asking for so many seconds, each of them one question after the other."""

    def __init__(self, address: str, products: list[Product], clients: int, seconds: float) -> None:
        self._address = address
        self._products = products
        self._seconds = seconds
        self.ms: list[float] = []
        self.errors: list[str] = []
        self.mixed = 0
        threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.rate = len(self.ms) / seconds

    def figures(self) -> dict[str, Any]:
        p50, p95 = np.percentile(self.ms, (50, 95))
        return {
            "replies": len(self.ms),
            "replies_a_second": round(self.rate, 2),
            "ms_p50": round(p50),
            "ms_p95": round(p95),
            "errors": len(self.errors),
            "first_errors": self.errors[:3],
            "mixed": self.mixed,
        }

    def _ask(self, number: int) -> None:
        draw = random.Random(number)
        end_s = time.monotonic() + self._seconds
        with httpx2.Client(timeout=120) as client:
            while time.monotonic() < end_s:
                product = draw.choice(self._products)
                start_s = time.perf_counter()
                answer = client.post(f"{self._address}/v1/chat/completions", json=_body(product, draw))
                if answer.status_code != 200:
                    self.errors.append(answer.text[:200])
                    continue
                self.ms.append(1000 * (time.perf_counter() - start_s))
                reply = answer.json()["choices"][0]["message"]["titlewise"]
                quotes = all(product.content[each["start"] : each["end"]] == each["text"] for each in reply["quotes"])
                self.mixed += not (reply["uid"] == product.uid and quotes)


def hang_up(address: str, products: list[Product], number: int) -> int:
    """Close a live stream at its first words; give the milliseconds until nobody stands in line any more."""
    draw = random.Random(number)
    body = _body(draw.choice(products), draw) | {"stream": True}
    body["titlewise"] |= {"live": True}
    with httpx2.stream("POST", f"{address}/v1/chat/completions", json=body, timeout=60) as stream:
        lines = stream.iter_lines()
        for _ in range(3):
            next(lines)
    start_s = time.perf_counter()
    while "titlewise_line 0.0" not in httpx2.get(f"{address}/metrics").text:
        time.sleep(0.005)
    return round(1000 * (time.perf_counter() - start_s))


def _body(product: Product, draw: random.Random) -> dict[str, Any]:
    question = draw.choice(QUESTIONS)
    return {"messages": [{"role": "user", "content": question}], "titlewise": {"product": product.uid}}


def _is_ready(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


if __name__ == "__main__":
    main()

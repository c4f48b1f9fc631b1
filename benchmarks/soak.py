"""Let shoppers and attackers ask `titlewise serve` together for long: errors, times beside those without the attackers.

    python benchmarks/soak.py [--minutes 30] [--rounds 10] [--clients 16] [--think-s 2] [--home DIR]

The server is a process of its own, with the limits of one before an engine elsewhere, which is a stub of a set speed.
Half of the clients are the shoppers of `shoppers`, on the sample catalogue; the others send the texts of `hostile`,
bodies that are none, and requests that are never sent whole, and hang up. The hostile products of `hostile` are in the
catalogue too. In each round the shoppers are alone for as long as they then are beside the attackers; after a minute
with all of them that nobody counts. `--minutes` are those with attackers. Prints one line of JSON.
"""

import argparse
import asyncio
import contextlib
import functools
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psutil
from hostile import TEXTS, WAYS, hostile_products
from shoppers import MANY, Client, Figures, Manners, described, served, talking, watch_memory
from stub_engine import Speed, StubEngine, serving
from title_shops import indexed
from yarl import URL

from index.catalogue.store import Catalogue, Product
from index.sample import PATH as SAMPLE

WARMING_S = 60.0
SOON_S = 0.3  # after which whoever hangs up does so
JSON = {"Content-Type": "application/json"}
ASKED = "/v1/chat/completions"
BODIES = (
    b"",
    b"{",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"messages": ' * 20_000,
    b'{"messages": [' + b"1," * 2_000_000 + b"1]}",
    b'{"messages": [{"role": "user", "content": "' + b"<user_query>" * 16_000 + b'"}]}',
    b'{"messages": [{"role": "user", "content": 7}], "n": 1e999}',
    b'{"messages": [{"role": "user", "content": "is it heavy?"}], "seed": -1e400, "stream": "maybe"}',
    b" " * (5 << 20),
)
UNSENT = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n{",
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n{",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 60_000,
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET /%00%ff HTTP/9.9\r\n\r\n" * 50,
    b"GET /healthz HTTP/1.1\r\nHost: 198.51.100.7\r\nOrigin: http://198.51.100.7\r\n\r\n",
)


def main() -> None:
    """Prepare the catalogue where none is given, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0, help="with attackers, and as many without (30)")
    parser.add_argument("--rounds", type=int, default=10, help="in so many turns (10)")
    parser.add_argument("--clients", type=int, default=16, help="half of them hostile (16)")
    parser.add_argument("--think-s", type=float, default=2.0, help="the mean pause before a request, of all (2)")
    parser.add_argument("--home", type=Path, help="where the catalogue is made (a temporary folder)")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        home = arguments.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = home / "products.json"
        source.write_text(SAMPLE.read_text(encoding="utf-8") + hostile_products(), encoding="utf-8")
        indexed(source, home)
        print(json.dumps(asyncio.run(measure(home, arguments))))


async def measure(home: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Let the shoppers ask alone and beside the attackers, in turns."""
    hostile = {json.loads(line)["uid"] for line in hostile_products().splitlines()}
    products = [each for each in described(Catalogue.load(home / "catalogue")) if each.uid not in hostile]
    engine, half = StubEngine(Speed(60, 8)), arguments.clients // 2
    alone, beside, statuses = Figures(), Figures(), Counter[str]()
    memory_mb: list[float] = []
    async with serving(engine) as engine_address, served(home, engine_address, *MANY) as (address, process):
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)  # the server closes idle ones after 5 s
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(120)) as session:
            client = Client(address, session, engine, process)
            shopping = Shopping(client, products, half, arguments.think_s)

            def attackers(number: int, seconds: float, statuses: Counter[str]) -> list[Awaitable[None]]:
                draws = [random.Random(number * half + each) for each in range(half)]
                return [attack(address, draw, seconds, arguments.think_s, statuses) for draw in draws]

            await remembered(process, shopping.go_on(WARMING_S, Figures()), *attackers(0, WARMING_S, Counter()))
            seconds = 60 * arguments.minutes / arguments.rounds
            for number in range(1, arguments.rounds + 1):
                memory_mb.append(await remembered(process, shopping.go_on(seconds, alone)))
                attacking = attackers(number, seconds, statuses)
                memory_mb.append(await remembered(process, shopping.go_on(seconds, beside), *attacking))
    settled_mb = memory_mb[arguments.rounds :]
    p95 = [float(np.percentile(figures.whole_ms, 95)) for figures in (alone, beside)]
    return {
        "alone": summary(alone),
        "beside_attackers": summary(beside),
        "p95_ratio": round(p95[1] / p95[0], 2),
        "attacks": dict(sorted(statuses.items())),
        "memory_mb": [round(each) for each in memory_mb],  # the median of each turn
        "memory_growth": round(max(settled_mb) / settled_mb[0] - 1, 3),  # in the second half
    }


class Shopping:
    """Shoppers who go on where they stopped, with other questions."""

    def __init__(self, client: Client, products: Sequence[Product], shoppers: int, think_s: float) -> None:
        """Hold who they are, and what they ask about."""
        self._client, self._products = client, products
        self._shoppers, self._think_s = shoppers, think_s
        self._first = 0

    async def go_on(self, seconds: float, figures: Figures) -> None:
        """Ask for so long; `figures` count what happened."""
        self._first += self._shoppers
        manners = Manners(self._shoppers, seconds, self._think_s, self._first)
        await talking(self._client, self._products, figures, manners)


async def remembered(process: psutil.Process, *work: Awaitable[None]) -> float:
    """Do work at once, and return the median of the MB that a process has resident meanwhile."""
    memory: list[tuple[float, float]] = []
    watching = asyncio.create_task(watch_memory(process, memory))
    await asyncio.gather(*work)
    watching.cancel()
    return float(np.median([mb for _, mb in memory]))


async def attack(address: str, draw: random.Random, seconds: float, think_s: float, statuses: Counter[str]) -> None:
    """Send one hostile thing after another; `statuses` count what came of it."""
    end_s = time.monotonic() + seconds
    part = functools.partial(send_part, URL(address))
    ways: tuple[Callable[..., Awaitable[str]], ...] = (send_text, send_text, send_text, hang_up, send_body, part)
    async with aiohttp.ClientSession(address, timeout=aiohttp.ClientTimeout(120)) as session:
        while time.monotonic() < end_s:
            await asyncio.sleep(draw.expovariate(1 / think_s))
            try:
                statuses[await draw.choice(ways)(session, draw)] += 1
            except (OSError, aiohttp.ClientError, TimeoutError) as error:
                statuses[type(error).__name__] += 1


async def send_text(session: aiohttp.ClientSession, draw: random.Random) -> str:
    """Send a hostile text in one of the ways of `hostile`; return the status.

    It begins anywhere in the text: nothing that was read before helps.
    """
    number = draw.randrange(len(TEXTS))
    text = list(TEXTS.values())[number]
    begins = draw.randrange(len(text))
    method, path, body = draw.choice(list(WAYS.values()))(text[begins:] + text[:begins], number)
    data = json.dumps(body) if body else None
    async with session.request(method, URL(path, encoded=True), data=data, headers=JSON) as response:
        await response.read()
        return str(response.status)


async def hang_up(session: aiohttp.ClientSession, draw: random.Random) -> str:
    """Send a hostile text, and be gone before there is a reply."""
    try:
        return await asyncio.wait_for(send_text(session, draw), SOON_S)
    except TimeoutError:
        return "hung up"


async def send_body(session: aiohttp.ClientSession, draw: random.Random) -> str:
    """Send a body that is no request; return the status."""
    async with session.post(
        draw.choice((ASKED, "/v1/responses", "/resolve")), data=draw.choice(BODIES), headers=JSON
    ) as response:
        await response.read()
        return str(response.status)


async def send_part(address: URL, session: aiohttp.ClientSession, draw: random.Random) -> str:
    """Send a part of a request over a connection of its own, and leave it a while."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(draw.choice(UNSENT))
    await writer.drain()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(reader.read(), draw.uniform(1, 10))
    writer.close()
    return "half a request"


def summary(figures: Figures) -> dict[str, Any]:
    """Return what the shoppers saw."""
    p50, p95 = np.percentile(figures.whole_ms, (50, 95))
    return {
        "replies": figures.replies.total(),
        "ms": {"p50": round(float(p50)), "p95": round(float(p95))},
        "hung_up": figures.hung_up,
        "errors": len(figures.errors),
        "first_errors": figures.errors[:3],
    }


if __name__ == "__main__":
    main()

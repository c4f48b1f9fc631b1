"""A stub engine: OpenAI's chat completions without a model, at a set speed, with first-token log-probabilities.

    python benchmarks/stub_engine.py [--port 8080] [--first-ms 60] [--token-ms 8]
    titlewise serve --server http://127.0.0.1:8080/v1 --adapter shipped

It says the first passage that it is shown, a word a token, as an engine would that always copies. It answers any number
at once at that speed: what it stands for is an engine that is never short of anything.
"""

import argparse
import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

# Such as the shipped adapter begins with where a passage states what was asked.
FIRST_TOKENS = {"The": -0.2, "It": -2.0, "Yes": -4.0, "No": -4.5, "Not": -5.0}
NOTHING_SHOWN = "Not stated."


@dataclass(frozen=True)
class Speed:
    """How fast an engine is: milliseconds from the request to the first token, and from each token to the next."""

    first_ms: float = 0.0
    token_ms: float = 0.0


class StubEngine:
    """Answers, and keeps how long it took: `held_ms` by the seed that a question was asked with.

    What a question's first request took, which asks for the first token alone and carries no seed, is counted to the
    request for the text that has the same prompt.
    """

    def __init__(self, speed: Speed) -> None:
        """Set the speed, which may be set anew between two questions."""
        self.speed = speed
        self.held_ms: defaultdict[int, float] = defaultdict(float)
        self.received_bytes = self.sent_bytes = self.requests = self.tokens = 0
        self._first_ms: dict[str, float] = {}  # by the prompt whose first token was asked for

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Stream the reply to one request, as long as somebody reads it."""
        start_s = asyncio.get_running_loop().time()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        with contextlib.suppress(ConnectionResetError):
            asked = await request.read()
            self.requests, self.received_bytes = self.requests + 1, self.received_bytes + len(asked)
            await response.prepare(request)
            await self._reply(response, json.loads(asked), start_s)
        return response

    async def _reply(self, response: web.StreamResponse, body: dict[str, Any], start_s: float) -> None:
        prompt, first_alone = body["messages"][-1]["content"], body.get("logprobs", False)
        words = text_for(prompt).split(" ")[: body["max_tokens"]]
        for number, word in enumerate(words):
            await asyncio.sleep((self.speed.token_ms if number else self.speed.first_ms) / 1000)
            await self._send(response, chunk(f" {word}" if number else word, FIRST_TOKENS if first_alone else {}))
        await self._send(response, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        held_ms = 1000 * (asyncio.get_running_loop().time() - start_s)
        if first_alone:
            self._first_ms[prompt] = held_ms
        else:
            self.tokens += len(words)
            self.held_ms[body["seed"]] += held_ms + self._first_ms.pop(prompt, 0.0)
        await response.write(b"data: [DONE]\n\n")

    async def _send(self, response: web.StreamResponse, row: dict[str, Any]) -> None:
        event = f"data: {json.dumps(row)}\n\n".encode()
        self.sent_bytes += len(event)
        await response.write(event)


def text_for(prompt: str) -> str:
    """Return the first passage of a prompt with its mark, or that nothing is stated."""
    shown = next((line[4:] for line in prompt.splitlines() if line.startswith("[1] ")), "")
    return f"{shown} [1]" if shown else NOTHING_SHOWN


def chunk(piece: str, likely: dict[str, float]) -> dict[str, Any]:
    """Return a part of a stream; `likely` are the tokens that were likely in its place, where they are asked for."""
    choice: dict[str, Any] = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
    if likely:
        top = [{"token": token, "logprob": logprob, "bytes": None} for token, logprob in likely.items()]
        choice["logprobs"] = {"content": [top[0] | {"top_logprobs": top}]}
    envelope = {"id": "chatcmpl-stub", "object": "chat.completion.chunk", "created": 0, "model": "stub"}
    return envelope | {"choices": [choice]}


@contextlib.asynccontextmanager
async def serving(engine: StubEngine, port: int = 0) -> AsyncIterator[str]:
    """Serve an engine in this event loop, on a free port unless told; yield its address up to `/v1`."""
    app = web.Application(client_max_size=1 << 22)
    app.router.add_post("/v1/chat/completions", engine.chat)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=2048)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def serve_for_ever(engine: StubEngine, port: int) -> None:
    """Serve until the process is stopped."""
    async with serving(engine, port) as address:
        print(f"Serving {address}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serve a stub engine by itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--first-ms", type=float, default=60.0, help="from the request to the first token (60)")
    parser.add_argument("--token-ms", type=float, default=8.0, help="from each token to the next (8)")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_for_ever(StubEngine(Speed(arguments.first_ms, arguments.token_ms)), arguments.port))


if __name__ == "__main__":
    main()

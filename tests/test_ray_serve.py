"""Two replicas on Ray Serve by `deploy/ray_serve.py`, one of them killed under load."""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import openai
import psutil
import pytest
from browsing import free_port
from serving import running
from test_other_server import DONE, END, answering

from assistant.open import Engine, open_live_assistant
from ui.api.access import Access
from ui.api.schema import EXTENSION
from ui.api.server import app_of
from ui.api.workers import Limits

serve = pytest.importorskip(
    "ray.serve", reason="no Ray Serve (pip install 'titlewise[replicas]')", exc_type=ImportError
)
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CHAT = "/v1/chat/completions"
HEADPHONES = "TWA0000101"
SPOKEN = "The battery life is 38 hours. [1]"
BODY = {
    "messages": [{"role": "user", "content": "how long is the battery life?"}],
    "titlewise": {"product": HEADPHONES},
}
PLAIN, RETRYING = 6, 6  # clients


@dataclass
class HeldEngine:
    """An engine that begins every answer, and ends it once it is released."""

    released: threading.Event = field(default_factory=threading.Event)
    begun: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def body(self) -> Iterator[bytes]:
        """Yield one answer as a stream of events, its first token with a probability."""
        with self.lock:
            self.begun += 1
        assert self.released.wait(60)
        likely = [{"token": "The", "logprob": -0.1, "bytes": None}]
        logprobs = {"content": [likely[0] | {"top_logprobs": likely}]}
        choice = {"index": 0, "delta": {"content": SPOKEN}, "finish_reason": None, "logprobs": logprobs}
        for row in ({"choices": [choice]}, END):
            yield f"data: {json.dumps({'id': 'x', 'object': 'chat.completion.chunk', 'model': 'x'} | row)}\n\n".encode()
        yield DONE


@pytest.fixture(scope="module")
def engine() -> HeldEngine:
    made = HeldEngine()
    made.released.set()  # the replicas' warm-up asks it
    return made


@pytest.fixture(scope="module")
def engine_url(engine: HeldEngine) -> Iterator[str]:
    with answering(engine.body) as url:
        yield url


@pytest.fixture(scope="module")
def address(sample_home: Path, engine_url: str) -> Iterator[str]:
    """The address of two replicas on a Ray of the test's own."""
    import ray

    port = free_port()
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(ROOT / "deploy"))
        patched.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "deploy")]))
        patched.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init("local", num_cpus=2, include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False)
        try:
            from ray_serve import Settings, application

            settings = Settings(
                home=sample_home,
                server=engine_url,
                adapter="shipped",
                at_once=16,
                replicas=2,
                most_replicas=2,
                cpus=0.5,
            )
            serve.start(http_options={"host": "127.0.0.1", "port": port})
            serve.run(application(settings))
            yield f"http://127.0.0.1:{port}"
        finally:
            ray.shutdown()


def replicas() -> list[psutil.Process]:
    """Return the processes of the replicas."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.cmdline()[:1] and process.cmdline()[0].startswith("ray::ServeReplica"):
                found.append(process)
    return found


def wait_for(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 40
    while not holds():
        assert time.monotonic() < end_s, "it never came to pass"
        time.sleep(0.05)


def ask(address: str) -> httpx2.Response:
    return httpx2.post(address + CHAT, json=BODY, timeout=60)


def reply_of(body: dict[str, Any]) -> dict[str, Any]:
    reply: dict[str, Any] = body["choices"][0]["message"][EXTENSION]
    return {name: value for name, value in reply.items() if name != "timings"}


def test_replicas_answer_as_the_server_itself_does(
    address: str, sample_home: Path, engine: HeldEngine, engine_url: str
) -> None:
    assert httpx2.get(f"{address}/readyz").json() == {"status": "ready"}
    with (
        open_live_assistant(sample_home, Engine(server=engine_url, adapters=("shipped",))) as assistant,
        running(app_of(assistant, Limits(), Access())) as own,
    ):
        expected = reply_of(ask(own).json())
    assert reply_of(ask(address).json()) == expected
    assert expected["text"] == SPOKEN
    with httpx2.stream("POST", address + CHAT, json={**BODY, "stream": True}, timeout=60) as response:
        assert response.read().endswith(DONE)
    assert httpx2.get(f"{address}/v1/models", headers={"Host": "evil.example"}).status_code == 421


def test_of_a_killed_replica_no_reply_is_lost_to_who_asks_again(address: str, engine: HeldEngine) -> None:
    engine.released.clear()
    begun = engine.begun
    client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", timeout=60)  # which asks again twice by itself
    with ThreadPoolExecutor(PLAIN + RETRYING) as threads, client:
        plain = [threads.submit(ask, address) for _ in range(PLAIN)]
        retrying = [
            threads.submit(
                client.chat.completions.create,
                model="titlewise",
                messages=[{"role": "user", "content": "how long is the battery life?"}],
                extra_body={"titlewise": BODY["titlewise"]},
            )
            for _ in range(RETRYING)
        ]
        try:
            wait_for(lambda: engine.begun == begun + PLAIN + RETRYING)
            killed = replicas()[0]
            killed.kill()
            wait_for(lambda: engine.begun > begun + PLAIN + RETRYING)
        finally:
            engine.released.set()
        assert {reply_of(each.result().model_dump())["text"] for each in retrying} == {SPOKEN}
        responses = [each.result() for each in plain]
    assert {each.status_code for each in responses} <= {200, 500}, "what was lost is said, and may be asked again"
    assert {reply_of(each.json())["text"] for each in responses if each.status_code == 200} == {SPOKEN}
    wait_for(lambda: len(replicas()) == 2 and killed not in replicas())
    assert reply_of(ask(address).json())["text"] == SPOKEN

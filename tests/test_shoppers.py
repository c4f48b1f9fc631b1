"""The load benchmark: its stub engine keeps time, its shoppers are answered, its tables are the plain arithmetic."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assistant.backends.base import SamplingParams
from assistant.backends.remote import Remote
from assistant.messages import Message

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
ASK = [Message("user", "Product: Kettle\n[1] Weighs 1.3 kg.\nQuestion: how heavy is it?")]
SLOW_MS, TOKEN_MS = 60.0, 20.0


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def run(script: str, *options: str) -> str:
    command = [sys.executable, str(BENCHMARKS / script), *options]
    return subprocess.run(command, cwd=BENCHMARKS.parent, check=True, capture_output=True, text=True).stdout


def test_the_stub_engine_answers_as_fast_as_it_is_set_to_and_says_how_long_it_took(benchmarks: None) -> None:
    from stub_engine import FIRST_TOKENS, Speed, StubEngine, serving

    engine = StubEngine(Speed(SLOW_MS, TOKEN_MS))

    def ask(address: str) -> tuple[dict[str, float], list[str]]:
        backend = Remote(address, "stub", retries=0)
        try:
            return backend.first_token_logprobs(ASK), list(backend.stream(ASK, SamplingParams(seed=7)))
        finally:
            backend.close()

    async def asked() -> tuple[dict[str, float], list[str]]:
        async with serving(engine) as address:
            return await asyncio.to_thread(ask, address)

    first_tokens, pieces = asyncio.run(asked())
    assert first_tokens == FIRST_TOKENS
    assert "".join(pieces) == "Weighs 1.3 kg. [1]"
    assert engine.held_ms[7] >= 2 * SLOW_MS + 3 * TOKEN_MS  # both requests, the text has four tokens
    assert (engine.requests, engine.tokens) == (2, 4)


@pytest.mark.slow
def test_shoppers_are_answered_by_the_server_and_some_hang_up() -> None:
    options = {"--shoppers": 12, "--seconds": 5, "--think-s": 0.3, "--questions": 2, "--busy-s": 1, "--clients": 2}
    printed = run("shoppers.py", *(str(part) for pair in options.items() for part in pair))
    measured: dict[str, Any] = json.loads(printed)
    crowd, costs = measured["shoppers"], measured["one_question"]
    assert crowd["errors"] == measured["without_pause"]["errors"] == 0
    assert crowd["replies"] >= 10
    assert crowd["worded"] > 0
    assert crowd["own_share_ms"]["p50"] > 0
    assert {"on a page", "by title", "about none", "comparison", "second turn"} <= costs.keys()
    assert costs["about none"]["engine_requests"] == 0
    assert costs["by title"]["bytes_to_client"] > 1000


def test_machines_are_counted_from_what_a_question_and_a_title_cost() -> None:
    questions, titles = run("machines.py", "--question-ms", "60", "--cores", "10", "--memory-gb", "100").split("\n\n")
    assert questions.splitlines()[3].startswith("| 10,000 | 17 |")  # 167 a second, 60 ms each, six tenths busy
    assert "| 1,000,000,000 | 504.0 | no |" in titles

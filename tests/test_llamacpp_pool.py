"""The engines of llama.cpp: which one takes a text, when another is loaded, and that nobody waits for ever."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.backends.base import BackendError, SamplingParams
from assistant.backends.llamacpp import LlamaCpp
from assistant.backends.llamacpp_pool import Engines
from assistant.backends.streaming import Clock, Workers
from assistant.messages import Message


def go_on() -> bool:
    return False


def named(*names: str) -> tuple[list[str], Engines]:
    """Engines that are only names, in the order in which they are loaded."""
    left, loaded = list(names), []

    def load() -> str:
        loaded.append(left.pop(0))
        return loaded[-1]

    return loaded, Engines(load, most=len(names), texts=1)  # type: ignore[arg-type]


def test_another_engine_is_loaded_only_when_it_is_needed() -> None:
    loaded, engines = named("a", "b")
    for _ in range(2):
        with engines.taken([1], go_on) as engine:
            assert engine == "a"
    assert loaded == ["a"]
    with engines.taken([1], go_on) as one, engines.taken([1], go_on) as other:
        assert (one, other, loaded) == ("a", "b", ["a", "b"])


def test_where_no_other_can_be_loaded_the_first_one_does_for_all() -> None:
    tries: list[str] = []

    def load() -> str:
        tries.append("load")
        if len(tries) > 1:
            raise BackendError("no memory is left", "some", "close something")
        return "a"

    engines = Engines(load, most=3, texts=1)  # type: ignore[arg-type]
    with ThreadPoolExecutor(3) as pool:

        def text(_: int) -> str | None:
            with engines.taken([1], go_on) as engine:
                time.sleep(0.1)
                return engine  # type: ignore[return-value]

        assert list(pool.map(text, range(6))) == ["a"] * 6
    assert 2 <= len(tries) <= 3


def test_a_text_goes_to_the_engine_that_has_read_most_of_it() -> None:
    _, engines = named("a", "b")
    with engines.taken([1, 2, 3], go_on), engines.taken([1, 2, 4], go_on):
        pass
    with engines.taken([1, 2, 4, 5], go_on) as engine:
        assert engine == "b"
    with engines.taken([1, 2, 3, 5], go_on) as engine:
        assert engine == "a"


def test_what_fits_no_engine_better_takes_the_one_freed_first() -> None:
    _, engines = named("a", "b")
    with engines.taken([1, 3], go_on), engines.taken([1, 4], go_on):
        pass  # b is freed first
    with engines.taken([1, 5], go_on) as engine:
        assert engine == "b"


def test_a_text_waits_for_a_free_engine_and_no_longer_than_it_is_wanted() -> None:
    _, engines = named("a")
    stopped = threading.Event()
    with engines.taken([1], go_on), ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(lambda: engines.taken([2], stopped.is_set).__enter__())
        time.sleep(0.1)
        assert not waiting.done()
        stopped.set()
        assert waiting.result(timeout=5) is None
    with engines.taken([2], go_on) as engine:
        assert engine == "a"


def test_an_engine_that_cannot_be_loaded_leaves_the_others_at_work() -> None:
    _, engines = named("a")
    engines._most = 2  # there is no name left for a second one
    with engines.taken([1], go_on), pytest.raises(IndexError), engines.taken([2], go_on):
        pass
    with engines.taken([2], go_on) as engine:
        assert engine == "a"


def test_texts_written_together_are_those_written_alone(embedded_model: Path) -> None:
    backend = LlamaCpp(embedded_model, context_tokens=512)
    prompts = [[Message("user", f"Count from {first} to ten.")] for first in ("one", "two", "three", "four")]

    def written(prompt: list[Message]) -> str:
        return "".join(backend.stream(prompt, SamplingParams(max_new_tokens=8)))

    try:
        alone = [written(prompt) for prompt in prompts]
        with ThreadPoolExecutor(len(prompts)) as threads:
            together = list(threads.map(written, prompts))
    finally:
        backend.close()
    assert together == alone
    assert len(set(alone)) > 1


def test_engines_are_freed_once_nobody_holds_one() -> None:
    _, engines = named("a")
    let_go, closed = threading.Event(), threading.Event()
    began = threading.Event()

    def hold() -> None:
        with engines.held() as engine:
            assert engine == "a"
            began.set()
            let_go.wait(10)

    holder = threading.Thread(target=hold)
    closer = threading.Thread(target=lambda: (engines.close(), closed.set()))
    holder.start()
    assert began.wait(10)
    closer.start()
    assert not closed.wait(0.2)
    let_go.set()
    assert closed.wait(10)
    holder.join()
    closer.join()
    with pytest.raises(RuntimeError, match="closed"), engines.held():
        pass


def test_a_backend_that_is_closed_while_a_text_begins_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    workers, starting = Workers(), threading.Event()
    start = threading.Thread.start

    def late(thread: threading.Thread) -> None:
        if thread.name == "titlewise-generate":
            starting.set()
            time.sleep(0.2)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", late)
    with ThreadPoolExecutor(1) as pool:
        text = pool.submit(lambda: list(workers.stream(lambda outlet: outlet.put("word"), Clock(10), None)))
        assert starting.wait(10)
        workers.close()
        assert text.result(10) in ([], ["word"])

"""The engines of llama.cpp behind one backend: which of them takes a text, and when another one is loaded.

engines = Engines(load, most=2, texts=1)
with engines.taken(ids, lambda: outlet.stopped) as engine:    # None where it stopped before one was free
    ...
"""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.backends.base import BackendError

if TYPE_CHECKING:
    import xllamacpp

POLL_S = 0.05  # how late it may be noticed that nobody waits any more


@dataclass(eq=False)
class _Engine:
    server: "xllamacpp.Server"
    texts: int = 0  # under way
    read: Sequence[int] = ()  # the tokens of the last prompt
    freed: int = 0  # the higher, the later


class Engines:
    """One engine or more of the same model; one instance serves many threads."""

    def __init__(self, load: Callable[[], "xllamacpp.Server"], *, most: int, texts: int) -> None:
        """Load an engine; others follow, up to `most`, when one is needed. Each takes so many `texts` at once."""
        self._load = load
        self._most = most
        self._texts = texts
        self._freed = threading.Condition()
        self._count = itertools.count(1)
        self._loading = 0
        self._held = 0
        self._engines = [_Engine(load())]

    @property
    def first(self) -> "xllamacpp.Server":
        """Return the engine that is always there."""
        if not self._engines:
            raise RuntimeError("this backend has been closed")
        return self._engines[0].server

    @contextlib.contextmanager
    def taken(self, ids: Sequence[int], stopped: Callable[[], bool]) -> Iterator["xllamacpp.Server | None"]:
        """Take the free engine that has read most of a prompt, waiting for one where none is.

        Yields None where `stopped` says so before.
        """
        engine = self._take(ids, stopped)
        try:
            yield engine.server if engine else None
        finally:
            if engine:
                with self._freed:
                    engine.texts -= 1
                    engine.freed = next(self._count)
                    self._freed.notify()

    @contextlib.contextmanager
    def held(self) -> "Iterator[xllamacpp.Server]":
        """Hold the first engine, whatever it does beside: it is not freed meanwhile.

        Raises `RuntimeError` once the engines are freed.
        """
        with self._freed:
            engine = self.first
            self._held += 1
        try:
            yield engine
        finally:
            with self._freed:
                self._held -= 1
                self._freed.notify_all()

    def close(self) -> None:
        """Free the engines, once nobody holds one; no text may be under way.

        An engine that is freed waits for its requests, and they for the interpreter's lock that freeing it keeps.
        """
        with self._freed:
            self._freed.wait_for(lambda: not self._held)
            self._engines.clear()

    def _take(self, ids: Sequence[int], stopped: Callable[[], bool]) -> _Engine | None:
        with self._freed:
            while not stopped():
                free = [engine for engine in self._engines if engine.texts < self._texts]
                if free:
                    # Of two that fit alike, the one freed last may be about to go on from what it read.
                    engine = max(free, key=lambda one: (_shared(one.read, ids), -one.freed))
                    engine.texts += 1
                    engine.read = ids
                    return engine
                if len(self._engines) + self._loading < self._most:
                    self._add()
                else:
                    self._freed.wait(POLL_S)
        return None

    def _add(self) -> None:
        """Load one more, the lock left open meanwhile; where it cannot be had, those that are there must do."""
        self._loading += 1
        self._freed.release()
        try:
            loaded = [_Engine(self._load())]
        except BackendError:
            loaded = []
        finally:
            self._freed.acquire()
            self._loading -= 1
        self._engines += loaded
        if not loaded:
            self._most = len(self._engines)


def _shared(read: Sequence[int], ids: Sequence[int]) -> int:
    """Count the tokens in which two prompts begin alike."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(read, ids, strict=False)))

"""Carries text from the thread that generates it to the generator that a caller reads.

The reading end minds cancel and deadline, whatever the engine is busy with; the
producing end learns that nobody listens any more and may finish in its own time.

    workers = Workers()
    yield from workers.stream(lambda outlet: outlet.put("text"), generation, clock)
"""

import queue
import threading
from collections.abc import Callable, Iterator

from assistant.backends.base import Clock, Generation

POLL_S = 0.02  # how late a cancel or a deadline may be noticed while the engine is silent


class Outlet:
    """One text under way: a producer puts pieces in, one reader takes them out."""

    def __init__(self, cancel: threading.Event) -> None:
        self._cancel = cancel
        self._stop = threading.Event()
        self._items: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()

    @property
    def stopped(self) -> bool:
        """Say whether the producer should give up: nobody reads any more."""
        return self._stop.is_set() or self._cancel.is_set()

    def put(self, piece: str) -> None:
        """Hand over one piece of text; an empty one is dropped."""
        if piece:
            self._items.put(piece)

    def end(self, error: BaseException | None = None) -> None:
        """Say that the text is whole, or that `error` cut it short."""
        self._items.put(error)

    def stop(self) -> None:
        """Say that nobody reads any more."""
        self._stop.set()

    def read(self, generation: Generation, clock: Clock) -> Iterator[str]:
        """Yield the pieces until the end, the cancel or the deadline.

        Raises `DeadlineError` once the deadline has passed, and the producer's error.
        """
        while not generation.cancel.is_set():
            clock.check()
            try:
                item = self._items.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item


class Workers:
    """The threads in which one backend's texts are made; `close` waits for all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[threading.Thread, Outlet] = {}
        self._closed = False

    def stream(self, produce: Callable[[Outlet], None], generation: Generation, clock: Clock) -> Iterator[str]:
        """Run `produce(outlet)` in a thread of its own and yield what it puts."""
        outlet = Outlet(generation.cancel)
        thread = threading.Thread(target=self._work, args=(produce, outlet), name="titlewise-generate")
        with self._lock:
            if self._closed:
                raise RuntimeError("this backend has been closed")
            self._live[thread] = outlet
        thread.start()
        try:
            yield from outlet.read(generation, clock)
        finally:
            outlet.stop()

    def close(self) -> None:
        """Stop every text and wait until no thread uses the model any more."""
        with self._lock:
            self._closed = True
            live = dict(self._live)
        for outlet in live.values():
            outlet.stop()
        for thread in live:
            thread.join()

    def _work(self, produce: Callable[[Outlet], None], outlet: Outlet) -> None:
        try:
            produce(outlet)
        except BaseException as exc:  # raised again in the thread that reads
            outlet.end(exc)
        else:
            outlet.end()
        finally:
            with self._lock:
                del self._live[threading.current_thread()]

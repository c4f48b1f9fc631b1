"""Carries text from the thread that generates it to the generator that a caller reads.

The reading end minds cancel and deadline, whatever the engine is busy with; the
producing end learns that nobody listens any more and may finish in its own time.

    workers = Workers()
    completion = yield from workers.stream(produce, clock, cancel)     # produce(outlet) puts pieces, returns the end
"""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

from assistant.backends.base import Clock, Completion, TextStream

POLL_S = 0.02  # how late a cancel or a deadline may be noticed while the engine is silent

End = TypeVar("End")  # what the producer returns


def drained(stream: Generator[str, None, End]) -> End:
    """Return what a stream returns at its end; its pieces are dropped."""
    while True:
        try:
            next(stream)
        except StopIteration as end:
            returned: End = end.value
            return returned


def completed(stream: Generator[str, None, Completion | None]) -> TextStream:
    """Yield the pieces of a stream and return how it ended: cancelled, where it returns nothing."""
    return (yield from stream) or Completion("cancelled", 0, 0)


class Outlet:
    """One text under way: a producer puts pieces in, one reader takes them out."""

    def __init__(self, cancel: threading.Event) -> None:
        self._cancel = cancel
        self._stop = threading.Event()
        self._items: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()

    @property
    def stopped(self) -> bool:
        """Return whether the producer should give up: nobody reads any more."""
        return self._stop.is_set() or self._cancel.is_set()

    def put(self, piece: str) -> None:
        """Hand over one piece of text; an empty one is dropped."""
        if piece:
            self._items.put(piece)

    def end(self, error: BaseException | None = None) -> None:
        """Tell the reader that the text is whole, or that `error` cut it short."""
        self._items.put(error)

    def stop(self) -> None:
        """Tell the producer that nobody reads any more."""
        self._stop.set()

    def read(self, clock: Clock) -> Generator[str, None, bool]:
        """Yield the pieces until the end, the cancel or the deadline; return whether it was the end.

        Raises `DeadlineError` once the deadline has passed, and the producer's error.
        """
        while not self._cancel.is_set():
            clock.check()
            try:
                item = self._items.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if item is None:
                return True
            if isinstance(item, BaseException):
                raise item
            yield item
        return False


class Workers:
    """The threads in which one backend's texts are made; `close` waits for all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[threading.Thread, Outlet] = {}
        self._closed = False

    def stream(
        self, produce: Callable[[Outlet], End], clock: Clock, cancel: threading.Event | None
    ) -> Generator[str, None, End | None]:
        """Run `produce(outlet)` in a thread of its own, yield what it puts and return what it returns.

        Returns None where it was cancelled before its end.
        """
        outlet = Outlet(cancel or threading.Event())
        ends: list[End] = []
        work = (lambda: ends.append(produce(outlet)), outlet)
        thread = threading.Thread(target=self._work, args=work, name="titlewise-generate")
        with self._lock:
            if self._closed:
                raise RuntimeError("this backend has been closed")
            self._live[thread] = outlet
            thread.start()  # `close` waits for threads, and cannot for one that is yet to start
        try:
            return ends[0] if (yield from outlet.read(clock)) else None
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

    def _work(self, produce: Callable[[], None], outlet: Outlet) -> None:
        try:
            produce()
        except BaseException as exc:  # raised again in the thread that reads
            outlet.end(exc)
        else:
            outlet.end()
        finally:
            with self._lock:
                del self._live[threading.current_thread()]

"""The queue before the model: so many answers at once, so many more wait, first come, first served.

queue = AdmissionQueue(at_once=2, waiting=32)
with queue.admission(cancel, at_most_s=60) as admitted:    # QueueFullError where every place is taken
    if admitted:
        ...
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from assistant.tracing import record
from index.errors import UserError

POLL_S = 0.05  # how late a cancel may be noticed while waiting


class QueueFullError(UserError):
    """Every place in the queue is taken."""


class AdmissionQueue:
    """Places before the model; one instance serves many threads."""

    def __init__(self, at_once: int, waiting: int) -> None:
        """Let so many answer at once, and so many more wait."""
        self._at_once = at_once
        self._places = at_once + waiting
        self._taken: list[object] = []
        self._moved = threading.Condition()

    def __len__(self) -> int:
        """Count who is being answered or waits."""
        return len(self._taken)

    def check_room(self) -> None:
        """Raise `QueueFullError` where every place is taken."""
        if len(self._taken) >= self._places:
            raise QueueFullError(
                f"{len(self._taken)} questions are being answered or wait",
                "a free place in the line",
                "asking again in a moment",
            )

    @contextlib.contextmanager
    def admission(
        self, cancel: threading.Event, *, at_most_s: float, moved: Callable[[int], None] = lambda before: None
    ) -> Iterator[bool]:
        """Take the last place and wait for the turn; it is given back where the `with` ends.

        Yields whether the turn came: not where it was cancelled or took too long. `moved` hears how many have to be
        done before, whenever that changes. Raises `QueueFullError`.
        """
        place, start_ns = object(), time.time_ns()
        with self._moved:
            self.check_room()
            self._taken.append(place)
        try:
            admitted = self._admitted(place, cancel, time.monotonic() + at_most_s, moved)
            record("queue", start_ns)
            yield admitted
        finally:
            with self._moved:
                self._taken.remove(place)
                self._moved.notify_all()

    def _admitted(self, place: object, cancel: threading.Event, end_s: float, moved: Callable[[int], None]) -> bool:
        last = -1
        while not cancel.is_set() and time.monotonic() < end_s:
            with self._moved:
                before = max(0, self._taken.index(place) - self._at_once + 1)
                if before and before == last:
                    self._moved.wait(POLL_S)
            if before != last:
                last = before
                moved(before)
            if before == 0:
                return True
        return False

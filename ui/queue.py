"""The queue before the model: so many answers at once, so many more wait, first come, first served.

Whoever reads for long lets those go first who come meanwhile, and of several turns, and of several cores, one is left
free of such reading: texts that are made to be slow hold nobody up.

queue = AdmissionQueue(at_once=2, waiting=32)
with queue.admission(cancel, at_most_s=60) as admitted:    # QueueFullError where every place is taken
    if admitted:
        ...
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.grounding.pauses import pausing
from assistant.tracing import record
from index.errors import UserError
from index.parallel.processes import cores

POLL_S = 0.05  # how late a cancel may be noticed while waiting
LONG_S = 0.1  # of reading, by the clock of the thread that does it, after which others go first; most take less
PATIENCE_S = 5.0  # for which others go first


class QueueFullError(UserError):
    """Every place in the queue is taken."""


class GoneError(Exception):
    """Whoever asked has hung up."""


@dataclass(eq=False)
class _Place:
    """Someone's place.

    `began_s` is when its turn began, by the clock of its thread, which stands still while the model writes; `paused_s`
    since when it lets others go first, by everyone's clock. `is_long` says that it read for long already.
    """

    began_s: float = 0.0
    paused_s: float = 0.0
    is_long: bool = False


class AdmissionQueue:
    """Places before the model; one instance serves many threads."""

    def __init__(self, at_once: int, waiting: int) -> None:
        """Let so many answer at once, and so many more wait."""
        self._at_once = at_once
        self._most_long = max(1, min(at_once, cores()) - 1)
        self._places = at_once + waiting
        self._running: list[_Place] = []
        self._waiting: list[_Place] = []
        self._paused: list[_Place] = []
        self._moved = threading.Condition()

    def __len__(self) -> int:
        """Count who is being answered or waits."""
        return len(self._running) + len(self._waiting) + len(self._paused)

    def check_room(self) -> None:
        """Raise `QueueFullError` where every place is taken."""
        if len(self) >= self._places:
            raise QueueFullError(
                f"{len(self)} questions are being answered or wait",
                "a free place in the line",
                "asking again in a moment",
            )

    @contextlib.contextmanager
    def admission(
        self, cancel: threading.Event, *, at_most_s: float, moved: Callable[[int], None] = lambda before: None
    ) -> Iterator[bool]:
        """Take the last place and wait for the turn; it is given back where the `with` ends.

        Yields whether the turn came: not where it was cancelled or took too long. `moved` hears how many have to be
        done before, whenever that changes. What this thread reads meanwhile lets others go first, and ends with
        `GoneError` once it is cancelled. Raises `QueueFullError`.
        """
        place, start_ns = _Place(), time.time_ns()
        with self._moved:
            self.check_room()
            self._waiting.append(place)
        try:
            admitted = self._admitted(place, cancel, time.monotonic() + at_most_s, moved)
            record("queue", start_ns)
            place.began_s = time.thread_time()
            with pausing(lambda: self._let_others_go_first(place, cancel)):
                yield admitted
        finally:
            with self._moved:
                next(line for line in (self._running, self._waiting, self._paused) if place in line).remove(place)
                self._moved.notify_all()

    def _admitted(self, place: _Place, cancel: threading.Event, end_s: float, moved: Callable[[int], None]) -> bool:
        last = -1
        while not cancel.is_set() and time.monotonic() < end_s:
            with self._moved:
                self._fill()
                before = self._waiting.index(place) + 1 if place in self._waiting else 0
                if before and before == last:
                    self._moved.wait(POLL_S)
            if before != last:
                last = before
                moved(before)
            if before == 0:
                return True
        return False

    def _let_others_go_first(self, place: _Place, cancel: threading.Event) -> None:
        """Let whoever waits have the turn where it has been long, and return once it has come again."""
        with self._moved:
            if place in self._running and time.thread_time() > place.began_s + LONG_S:
                place.is_long = True
                if self._waiting or self._long > self._most_long:
                    self._running.remove(place)
                    self._paused.append(place)
                    place.paused_s = time.monotonic()
                    self._moved.notify_all()
            while place in self._paused and not cancel.is_set():
                self._fill()
                if place in self._running:
                    place.began_s = time.thread_time()
                else:
                    self._moved.wait(POLL_S)
        if cancel.is_set():
            raise GoneError

    def _fill(self) -> None:
        """Fill free turns with those who wait, and those who let others go first where nobody waits, or for long."""
        now_s = time.monotonic()
        while len(self._running) < self._at_once:
            is_due = self._paused and self._long < self._most_long
            if is_due and self._waiting:
                is_due = now_s > self._paused[0].paused_s + PATIENCE_S
            line = self._paused if is_due else self._waiting
            if not line:
                return
            self._running.append(line.pop(0))
            self._moved.notify_all()

    @property
    def _long(self) -> int:
        """Count the turns of those who read for long."""
        return sum(place.is_long for place in self._running)

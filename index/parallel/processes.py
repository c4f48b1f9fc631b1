"""A map in this process, or in several of this machine that end with it.

for cleaned in in_processes(4)(read, sources, clean):
    …
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from index.errors import UserError
from index.parallel.mapping import Item, Map, Part, Result


def in_processes(workers: int) -> Map:
    """Return what maps in so many processes, a bounded number of items at a time; parts are read in this one."""

    def mapped(
        read: Callable[[Part], Iterable[Item]], parts: Sequence[Part], work: Callable[[Item], Result]
    ) -> Iterator[Result]:
        items = (item for part in parts for item in read(part))
        return map(work, items) if workers == 1 else _pooled(items, work, workers)

    return mapped


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _pooled(items: Iterator[Item], work: Callable[[Item], Result], workers: int) -> Iterator[Result]:
    # Spawned, not forked, on every system: threads of this process (a server, PyTorch) would make a fork unsafe.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_live_with_parent)
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a process starts here, and inherits the mask
            pending.append(pool.submit(work, item))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            if len(pending) > 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as exc:
        raise UserError(
            "a process that shares the work was killed", "about 300 MB of memory for each", "close other programs"
        ) from exc
    finally:
        pool.shutdown(cancel_futures=True)


def _live_with_parent() -> None:
    """Leave interrupts to the parent, and end when it ends: a killed parent must leave no process behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

"""Short work without the model, in threads of its own: no crowd of it holds up an answer, or has no end.

lookups = Lookups(at_once=2, waiting=32)
resolution = await lookups.run_for(request, index.resolve, question)        # QueueFullError where it is full
"""

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.requests import Request

from ui.queue import GoneError, QueueFullError

HANG_UP_POLL_S = 0.1

T = TypeVar("T")


def in_context(work: Callable[..., T], *arguments: Any) -> Callable[[], T]:
    """Return work for another thread that knows there, as here, which request it is for."""
    return functools.partial(contextvars.copy_context().run, work, *arguments)


class Lookups:
    """Places for short work; all of it is asked for in one event loop."""

    def __init__(self, at_once: int, waiting: int) -> None:
        """Let so much run at once, and so much more wait."""
        self._places = at_once + waiting
        self._taken = 0
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="lookup")

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run work in its turn; where its task is cancelled before, it is not begun.

        Raises `QueueFullError`, and what the work raises.
        """
        if self._taken >= self._places:
            raise QueueFullError(
                f"{self._taken} questions are being looked up or wait", "a free place", "asking again in a moment"
            )
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, in_context(work, *arguments))
        finally:
            self._taken -= 1

    async def run_for(self, request: Request, work: Callable[..., T], *arguments: Any) -> T:
        """Run work for a client, and give it up once that has hung up. Raises as `run`, and `GoneError`."""
        running = asyncio.ensure_future(self.run(work, *arguments))
        try:
            while not running.done():
                if await request.is_disconnected():
                    raise GoneError
                await asyncio.wait({running}, timeout=HANG_UP_POLL_S)
            return running.result()
        finally:
            running.cancel()

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

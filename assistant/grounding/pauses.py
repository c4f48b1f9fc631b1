"""Pauses in long reading: whoever runs an answer may let others go first there, or end it.

with pausing(let_others_go_first):
    judge.read(question, texts)  # calls it before each batch of texts
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar


def _go_on() -> None:
    """Do nothing: nobody else is there."""


_PAUSE: ContextVar[Callable[[], None]] = ContextVar("pause", default=_go_on)


@contextlib.contextmanager
def pausing(do: Callable[[], None]) -> Iterator[None]:
    """Have `do` called in the pauses of what this thread reads meanwhile; what it raises ends the reading."""
    token = _PAUSE.set(do)
    try:
        yield
    finally:
        _PAUSE.reset(token)


def pause() -> None:
    """Let others go first, where there are any."""
    _PAUSE.get()()

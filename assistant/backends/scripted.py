"""A backend without a model: gives prepared texts, piece by piece, and records its calls.

For tests and demonstrations of whatever stands on a backend.

    backend = Scripted(["It weighs 2 kg. [1]"])
    backend = Scripted(lambda messages: messages[-1].content.upper(), delay_s=0.01)

A prompt that is a text reaches the script, and the record, as one message of a user.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.backends.base import Clock, Generation, check_loaded
from assistant.backends.streaming import POLL_S
from assistant.messages import Message, Prompt
from assistant.models.adapters import Adapter

Script = Sequence[str] | Callable[[Sequence[Message]], str]


@dataclass(frozen=True)
class Call:
    """One call of `stream`, as it came in."""

    messages: tuple[Message, ...]
    generation: Generation
    text: bool = False  # whether the prompt was a text


class Scripted:
    """Gives one text a call: the next of a list, or what a function makes of the messages."""

    def __init__(
        self,
        script: Script,
        adapters: Sequence[Adapter] = (),
        *,
        delay_s: float = 0.0,
        openings: Mapping[str, float] | None = None,
    ) -> None:
        """Take the texts; wait `delay_s` before each piece (a word with the space before it).

        `openings` is what every call of that method gives.
        """
        self._openings = dict(openings or {})
        self._script = script
        self._adapters = tuple(adapters)
        self._delay_s = delay_s
        self._lock = threading.Lock()
        self.calls: list[Call] = []

    @property
    def name(self) -> str:
        """Name the backend, for people."""
        return "scripted"

    @property
    def adapters(self) -> Sequence[Adapter]:
        """Give the adapters that it was told of."""
        return self._adapters

    def stream(self, prompt: Prompt, generation: Generation) -> Iterator[str]:
        """Yield the call's text, a word a piece and a piece a token.

        Raises `IndexError` when a list of texts is used up, `DeadlineError` when time is,
        `BackendError` for an adapter that it was not told of.
        """
        clock = Clock(generation.deadline_s)
        check_loaded(self._adapters, generation.adapter)
        is_text = isinstance(prompt, str)
        messages = (Message("user", prompt),) if isinstance(prompt, str) else tuple(prompt)
        with self._lock:
            number = len(self.calls)
            self.calls.append(Call(messages, generation, is_text))
        text = self._script(messages) if callable(self._script) else self._script[number]
        return self._pieces(text, generation, clock)

    def openings(self, prompt: Prompt, generation: Generation) -> dict[str, float]:
        """Give what it was told to; such calls are not recorded."""
        check_loaded(self._adapters, generation.adapter)
        return dict(self._openings)

    def count_tokens(self, text: str) -> int:
        """Count words, which are this backend's tokens."""
        return len(_words(text))

    def close(self) -> None:
        """Do nothing: there is no memory to free."""

    def _pieces(self, text: str, generation: Generation, clock: Clock) -> Iterator[str]:
        for piece in _words(text)[: generation.max_new_tokens]:
            due_s = time.monotonic() + self._delay_s
            while (wait_s := due_s - time.monotonic()) > 0 and not generation.cancel.wait(min(wait_s, POLL_S)):
                clock.check()
            if generation.cancel.is_set():
                return
            clock.check()
            yield piece


def _words(text: str) -> list[str]:
    """Cut a text into words that join to the whole again."""
    return re.findall(r"\s*\S+(?:\s+$)?", text)

"""A backend without a model: gives prepared texts, piece by piece, and records its calls.

For tests and demonstrations of whatever stands on a backend.

    backend = Scripted(["It weighs 2 kg. [1]"])
    backend = Scripted(lambda messages: messages[-1].content.upper(), delay_s=0.01)

A prompt that is a text reaches the script, and the record, as one message of a user.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.backends.base import DEADLINE_S, Clock, Completion, SamplingParams, TextStream, check_loaded
from assistant.backends.streaming import POLL_S
from assistant.messages import Message, Prompt
from assistant.models.adapters import Adapter

Script = Sequence[str] | Callable[[Sequence[Message]], str]


@dataclass(frozen=True)
class Call:
    """One call of `stream`, as it came in."""

    messages: tuple[Message, ...]
    params: SamplingParams
    adapter: str = ""
    prefill: str = ""
    deadline_s: float = DEADLINE_S
    text: bool = False  # whether the prompt was a text


class Scripted:
    """Gives one text a call: the next of a list, or what a function makes of the messages."""

    def __init__(
        self,
        script: Script,
        adapters: Sequence[Adapter] = (),
        *,
        delay_s: float = 0.0,
        first_token_logprobs: Mapping[str, float] | None = None,
    ) -> None:
        """Take the texts; wait `delay_s` before each piece (a word with the space before it).

        `first_token_logprobs` is what every call of that method returns.
        """
        self._first_token_logprobs = dict(first_token_logprobs or {})
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
        """Return the adapters that it was given."""
        return self._adapters

    def stream(
        self,
        prompt: Prompt,
        params: SamplingParams,
        *,
        adapter: str = "",
        prefill: str = "",
        deadline_s: float = DEADLINE_S,
        cancel: threading.Event | None = None,
    ) -> TextStream:
        """Yield the call's text, a word a piece and a piece a token; a prefill is left to the script.

        Raises `IndexError` when a list of texts is used up, `DeadlineError` when time is,
        `BackendError` for an adapter that it was not given.
        """
        clock = Clock(deadline_s)
        check_loaded(self._adapters, adapter)
        messages = (Message("user", prompt),) if isinstance(prompt, str) else tuple(prompt)
        with self._lock:
            number = len(self.calls)
            self.calls.append(Call(messages, params, adapter, prefill, deadline_s, isinstance(prompt, str)))
        text = self._script(messages) if callable(self._script) else self._script[number]
        asked = sum(self.count_tokens(message.content) for message in messages)
        return self._pieces(_words(text), params.max_new_tokens, asked, clock, cancel or threading.Event())

    def first_token_logprobs(
        self,
        prompt: Prompt,
        *,
        adapter: str = "",
        deadline_s: float = DEADLINE_S,
        cancel: threading.Event | None = None,
    ) -> dict[str, float]:
        """Return what it was given; such calls are not recorded."""
        check_loaded(self._adapters, adapter)
        return dict(self._first_token_logprobs)

    def count_tokens(self, text: str) -> int:
        """Count words, which are this backend's tokens."""
        return len(_words(text))

    def as_text(self, text: str) -> str:
        """Return the text: there is no model."""
        return text

    def close(self) -> None:
        """Do nothing: there is no memory to free."""

    def _pieces(
        self, words: Sequence[str], most: int, prompt_tokens: int, clock: Clock, cancel: threading.Event
    ) -> TextStream:
        for number, piece in enumerate(words[:most]):
            due_s = time.monotonic() + self._delay_s
            while (wait_s := due_s - time.monotonic()) > 0 and not cancel.wait(min(wait_s, POLL_S)):
                clock.check()
            if cancel.is_set():
                return Completion("cancelled", prompt_tokens, number)
            clock.check()
            yield piece
        return Completion("stop" if len(words) < most else "length", prompt_tokens, min(len(words), most))


def _words(text: str) -> list[str]:
    """Cut a text into words that join to the whole again."""
    return re.findall(r"(?<!\s)\s*\S+(?:\s+$)?", text)

"""The seam between the assistant and whatever generates text.

A backend turns messages into a stream of text pieces, by the model's own chat
template; a prompt that is a text is read as it stands. It knows nothing of products.

    for piece in backend.stream(messages, Generation(max_new_tokens=96)):
        print(piece, end="")
"""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assistant.messages import Prompt
from assistant.models.adapters import Adapter
from assistant.prompt import BASE_FORMAT, PromptFormat
from index.errors import UserError

# Llama 3 templates print the day's date unless told one; a prompt must not change overnight.
DATE_STRING = "26 Jul 2024"

OPENINGS = 20  # first tokens that `Backend.openings` tells; OpenAI allows no more


@dataclass(frozen=True)
class Generation:
    """How one text is to be generated, and when to stop."""

    max_new_tokens: int = 96
    temperature: float = 0.0  # 0 means greedy: the likeliest token, always
    top_p: float = 1.0
    seed: int = 0
    adapter: str = ""  # the name of a loaded adapter; "" is the base model
    opening: str = ""  # what the text begins with, where the engine can be told; its first piece, and not counted
    deadline_s: float = 60.0  # counted from the call of `stream`
    cancel: threading.Event = field(default_factory=threading.Event)  # set it to stop


class Backend(Protocol):
    """What turns messages into text. One instance serves many threads."""

    @property
    def name(self) -> str:
        """Name the engine and the model, for people."""

    @property
    def adapters(self) -> Sequence[Adapter]:
        """Give the loaded adapters; the first is the one that answers where none is named."""

    def stream(self, prompt: Prompt, generation: Generation) -> Iterator[str]:
        """Yield pieces of text as they come.

        Ends early, without an error, within 0.2 s once `generation.cancel` is set.

        Raises `DeadlineError` when `deadline_s` has passed, `BackendError` for a
        fault of the engine that a person can mend, or for an adapter that is not loaded.
        """

    def openings(self, prompt: Prompt, generation: Generation) -> dict[str, float]:
        """Give the likeliest first tokens of the text, about 20, with their natural log-probabilities, best first.

        The prompt is then read, so that `stream` begins at once. Empty once cancelled, and
        where a server does not tell. Raises as `stream` does.
        """

    def count_tokens(self, text: str) -> int:
        """Count the tokens of `text` alone, without template or BOS; never too few.

        Local backends ask the model's tokenizer (about 1 ms); a remote one estimates.
        """

    def close(self) -> None:
        """Free the model's memory; further calls are a bug."""


class BackendError(UserError):
    """A backend that cannot answer, and what to do about it."""


class DeadlineError(BackendError):
    """The deadline passed before the text was whole."""


class PromptTooLongError(BackendError):
    """More prompt tokens than the model's context holds."""


@dataclass(frozen=True)
class Clock:
    """Says when a generation has used up its time."""

    deadline_s: float
    start_s: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise `DeadlineError` once the deadline has passed."""
        if time.monotonic() - self.start_s > self.deadline_s:
            raise DeadlineError(
                f"no whole reply within {self.deadline_s:g} s", "a faster model or more time", "raise the deadline"
            )


def answering(adapters: Sequence[Adapter], wanted: str | None) -> tuple[str, PromptFormat]:
    """Say who answers, and how it is asked: the name of one of these adapters, or "" for the base model.

    `wanted` None is the first adapter, where there is one.

    Raises `BackendError` for a name that is not among them.
    """
    if wanted is None:
        wanted = adapters[0].name if adapters else ""
    check_loaded(adapters, wanted)
    formats = {adapter.name: adapter.prompt_format for adapter in adapters}
    return wanted, formats.get(wanted, BASE_FORMAT)


def check_loaded(adapters: Sequence[Adapter], name: str) -> None:
    """Raise `BackendError` unless `name` is one of these adapters', or "" for the base model."""
    names = [adapter.name for adapter in adapters]
    if name and name not in names:
        raise BackendError(
            f"no adapter {name} is loaded", f"{', '.join(names) or 'none'}, or the base model", f"--adapter {name}"
        )


def check_names(adapters: Sequence[Adapter]) -> None:
    """Raise `BackendError` where two adapters have the same name: neither could be asked for."""
    names = [adapter.name for adapter in adapters]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BackendError(
            f"two adapters are named {', '.join(twice)}", "names that differ", "rename one of their folders"
        )

"""The seam between the assistant and whatever generates text.

A backend turns messages into a stream of text pieces, by the model's own chat
template, which alone sets special tokens: what messages hold is text. A prompt that
is a text is read as it stands. It knows nothing of products.

    for piece in backend.stream(messages, SamplingParams(max_new_tokens=96)):
        print(piece, end="")
"""

import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from assistant.grounding.calibration import Calibration
from assistant.messages import Prompt
from assistant.models.adapters import Adapter
from assistant.prompt import BASE_FORMAT, PromptFormat
from index.errors import UserError

# Llama 3 templates print the day's date unless told one; a prompt must not change overnight.
DATE_STRING = "26 Jul 2024"

FIRST_TOKENS = 20  # that `Backend.first_token_logprobs` tells; OpenAI allows no more
DEADLINE_S = 60.0


@dataclass(frozen=True)
class SamplingParams:
    """How the tokens of a text are drawn, and how many there may be.

    Temperature 0 is greedy: the likeliest token, always.
    """

    max_new_tokens: int = 64
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Completion:
    """The end of a text: why it ended, and what it cost in tokens; a prefill counts as part of the prompt."""

    finish_reason: Literal["stop", "length", "cancelled"]
    prompt_tokens: int
    completion_tokens: int


TextStream = Generator[str, None, Completion]  # yields pieces of text, returns how it ended


class Backend(Protocol):
    """What turns messages into text. One instance serves many threads."""

    @property
    def name(self) -> str:
        """Name the engine and the model, for people."""

    @property
    def adapters(self) -> Sequence[Adapter]:
        """Return the loaded adapters; the first is the one that answers where none is named."""

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
        """Yield pieces of text as they come, and return how it ended.

        `adapter` is the name of a loaded one, "" for the base model; `prefill` is what the text begins with, where
        the engine can be told: its first piece. Ends early, without an error, within 0.2 s once `cancel` is set.

        Raises `DeadlineError` when `deadline_s` has passed since the call, `BackendError` for a
        fault of the engine that a person can mend, or for an adapter that is not loaded.
        """

    def first_token_logprobs(
        self,
        prompt: Prompt,
        *,
        adapter: str = "",
        deadline_s: float = DEADLINE_S,
        cancel: threading.Event | None = None,
    ) -> dict[str, float]:
        """Return the likeliest first tokens of the text, about 20, with their natural log-probabilities, best first.

        The prompt is then read, so that `stream` begins at once. Empty once cancelled, and
        where a server does not tell. Raises as `stream` does.
        """

    def count_tokens(self, text: str) -> int:
        """Count the tokens of `text` alone, without template or BOS; never too few.

        Local backends ask the model's tokenizer (about 1 ms); a remote one estimates.
        """

    def as_text(self, text: str) -> str:
        """Return a text in which the model reads no special token, as it reads those of messages anyway.

        For what goes into a prompt that is a text. A remote backend does not know the model's, and changes nothing.
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
    """Says when a text has used up its time."""

    deadline_s: float
    start_s: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise `DeadlineError` once the deadline has passed."""
        if time.monotonic() - self.start_s > self.deadline_s:
            raise DeadlineError(
                f"no whole reply within {self.deadline_s:g} s", "a faster model or more time", "raise the deadline"
            )


class Speaker(NamedTuple):
    """Who answers and how it is asked: an adapter by its name, or "" for the base model.

    `calibration` says how far its first word is trusted; None where it is not trained to begin with a verdict.
    """

    name: str = ""
    prompt_format: PromptFormat = BASE_FORMAT
    calibration: Calibration | None = None


def answering(adapters: Sequence[Adapter], wanted: str | None) -> Speaker:
    """Return who answers: one of these adapters, or the base model for "".

    `wanted` None is the first adapter, where there is one.

    Raises `BackendError` for a name that is not among them.
    """
    if wanted is None:
        wanted = adapters[0].name if adapters else ""
    check_loaded(adapters, wanted)
    speakers = (Speaker(each.name, each.prompt_format, each.calibration) for each in adapters)
    return next((speaker for speaker in speakers if speaker.name == wanted), Speaker())


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

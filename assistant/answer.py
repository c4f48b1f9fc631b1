"""An answer on its way: how it was asked for, its stream, its reply, its time.

answer = assistant.ask("how heavy is the Harrow kettle?", asking=Asking(seed=7))
for piece in answer:
    print(piece, end="")
answer.reply.text
"""

import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Self

from assistant.conversation import State
from assistant.reply import Reply

Pieces = Generator[str, None, Reply]  # yields pieces of text, returns the checked reply


@dataclass(frozen=True)
class Asking:
    """What a caller may set for one question.

    `adapter` is the name of a loaded adapter, "" for the base model, None for the
    backend's first adapter where it has one; `cancel` stops the text. `max_new_tokens` is the assistant's
    setting where it is None; temperature 0 takes the likeliest token, always.
    """

    adapter: str | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    seed: int = 0
    max_new_tokens: int | None = None
    temperature: float = 0.0
    top_p: float = 1.0


class Answer:
    """A reply on its way: iterate for the pieces of its text; `reply` and `state` are there afterwards.

    The pieces are the model's own words as they come; `reply.text` is what stands after checking.
    `question` is what is answered: that of an earlier turn where this one chose its product. `state` is the talk's
    after it. `probability` is that of its product being the one meant, where the question was resolved to it alone;
    None where the product was named, chosen or kept.
    """

    def __init__(self, pieces: Pieces, question: str, state: State, probability: float | None = None) -> None:
        """Hold the running reply; made by `Assistant.ask` and `describe`."""
        self._pieces = pieces
        self._reply: Reply | None = None
        self.question = question
        self.state = state
        self.probability = probability

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        try:
            return next(self._pieces)
        except StopIteration as end:
            self._reply = self._reply or end.value
            raise

    @property
    def reply(self) -> Reply:
        """Give the finished reply, reading the rest of the stream first."""
        for _ in self:
            pass
        if self._reply is None:
            raise RuntimeError("an error ended this answer before its reply")
        return self._reply


class Stopwatch:
    """Milliseconds by stage, and in all."""

    def __init__(self) -> None:
        self._start_s = self._lap_s = time.perf_counter()
        self._timings: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """End a stage that began where the last one ended."""
        now_s = time.perf_counter()
        self._timings[name] = round((now_s - self._lap_s) * 1000, 1)
        self._lap_s = now_s

    def finish(self, reply: Reply) -> Reply:
        """Give the reply with its timings."""
        self._timings["total_ms"] = round((time.perf_counter() - self._start_s) * 1000, 1)
        return replace(reply, timings=dict(self._timings))

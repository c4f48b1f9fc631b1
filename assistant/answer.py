"""An answer on its way: its stream, its reply, its time.

answer = assistant.ask("how heavy is the Harrow kettle?")
for piece in answer:
    print(piece, end="")
answer.reply.text
"""

import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Literal, Self, TypeVar

from assistant.backends.base import Completion
from assistant.conversation import State
from assistant.messages import Prompt
from assistant.reply import Reply
from assistant.tracing import record

STAGES = {"resolve_ms": "resolve", "passages_ms": "evidence", "first_token_ms": "first word"}  # the spans of the laps

T = TypeVar("T")


@dataclass(frozen=True)
class Generated:
    """What a model was asked, what it wrote, and how that ended; `text` is as it came, before any checking."""

    prompt: Prompt
    text: str
    completion: Completion


@dataclass(frozen=True)
class Judged:
    """How a question was judged: what would be claimed, by which passage, and how probably it is right, in [0, 1].

    The reply claims it where the confidence reaches the limit, and refuses elsewhere.
    """

    claim: Literal["yes", "no", "answer"]
    passage: str
    confidence: float


@dataclass(frozen=True)
class End:
    """What a stream of pieces ends in: the checked reply, what a model wrote for it, and how it was judged.

    The last two are None where no model wrote, and where there was nothing to judge.
    """

    reply: Reply
    generated: Generated | None = None
    judged: Judged | None = None


Pieces = Generator[str, None, End]


class Answer:
    """A reply on its way: iterate for the pieces of its text; `reply` and `generated` are there afterwards.

    The pieces are the model's own words as they come; `reply.text` is what stands after checking.
    `question` is what is answered: that of an earlier turn where this one chose its product. `state` is the talk's
    after it. `probability` is that of its product being the one meant, where the question was resolved to it alone;
    None where the product was named, chosen or kept.
    """

    def __init__(self, pieces: Pieces, question: str, state: State, probability: float | None = None) -> None:
        """Hold the running reply; made by `Assistant.ask` and `describe`."""
        self._pieces = pieces
        self._end: End | None = None
        self.question = question
        self.state = state
        self.probability = probability

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        try:
            return next(self._pieces)
        except StopIteration as end:
            self._end = self._end or end.value
            raise

    @property
    def reply(self) -> Reply:
        """Return the finished reply, reading the rest of the stream first."""
        return self._finished().reply

    @property
    def judged(self) -> Judged | None:
        """Return how the question was judged, reading the rest of the stream first."""
        return self._finished().judged

    @property
    def generated(self) -> Generated | None:
        """Return what a model wrote for the reply, reading the rest of the stream first."""
        return self._finished().generated

    def _finished(self) -> End:
        for _ in self:
            pass
        if self._end is None:
            raise RuntimeError("an error ended this answer before its reply")
        return self._end


class Stopwatch:
    """Milliseconds by stage, and in all; each stage is recorded as a span, too."""

    def __init__(self) -> None:
        self._start_s = self._lap_s = time.perf_counter()
        self._timings: dict[str, float] = {}
        self.begin_stage()

    def lap(self, name: str) -> None:
        """End a stage that began where the last one ended."""
        now_s = time.perf_counter()
        self._timings[name] = round((now_s - self._lap_s) * 1000, 1)
        self._lap_s = now_s
        self.end_stage(STAGES[name])

    def begin_stage(self) -> None:
        """Begin the span of the next stage now: nothing was done since the last one."""
        self._stage_ns = time.time_ns()

    def end_stage(self, stage: str) -> None:
        """Record the span of a stage, and begin the next one's."""
        record(stage, self._stage_ns)
        self.begin_stage()

    def finish(self, reply: Reply, generated: Generated | None = None, judged: Judged | None = None) -> End:
        """Return the end of an answer, the timings in its reply."""
        self._timings["total_ms"] = round((time.perf_counter() - self._start_s) * 1000, 1)
        self.end_stage("reply")
        return End(replace(reply, timings=dict(self._timings)), generated, judged)


def gathered(stream: Generator[str, None, T], watch: Stopwatch) -> Generator[str, None, tuple[str, T]]:
    """Yield the pieces of a text as they come, return all of it and what it ends in; `watch` times the first."""
    pieces: list[str] = []
    while True:
        try:
            piece = next(stream)
        except StopIteration as end:
            return "".join(pieces), end.value
        if not pieces:
            watch.lap("first_token_ms")
        pieces.append(piece)
        yield piece


def immediate(reply: Reply, watch: Stopwatch, judged: Judged | None = None) -> Pieces:
    """Yield the text of a reply that no model has to write, and return its end."""
    watch.lap("first_token_ms")
    yield reply.text
    return watch.finish(reply, judged=judged)

"""What all visitors of the page share.

Shop(home, retriever, assistant, feedback, line, visits)
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from assistant.answer import Answer
from assistant.backends.base import SamplingParams
from assistant.conversation import State
from assistant.retriever import Retriever
from ui.feedback import Feedback
from ui.queue import Line
from ui.web.sessions import Visit, Visits


class Clerk(Protocol):
    """Who answers on the page: an `Assistant` with a model of its own, or one whose model a server has."""

    @property
    def model(self) -> str:
        """Name the engine and the model."""

    @property
    def adapters(self) -> Mapping[str, str]:
        """Return the digests of the adapters that can be asked for by their names, "" where out of reach.

        The first answers where none is asked for.
        """

    def ask(
        self,
        question: str,
        *,
        uid: str = "",
        state: State = State(),
        params: SamplingParams = SamplingParams(),
        adapter: str | None = None,
        cancel: threading.Event | None = None,
    ) -> Answer:
        """Answer a question; see `Assistant.ask`."""

    def describe(
        self, title: str, *, seed: int = 0, adapter: str | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Invent a description."""


@dataclass(frozen=True)
class Shop:
    """One home on one page: what finds, who answers, the line before it, everyone's opinions and visits.

    `models` are other models that can answer, by name, each with what opens it.
    """

    home: Path
    retriever: Retriever
    assistant: Clerk
    feedback: Feedback
    line: Line
    visits: Visits
    models: Mapping[str, Callable[[], Clerk]] = field(default_factory=dict)

    def assistant_for(self, visit: Visit) -> Clerk:
        """Return the assistant with the model that a visitor chose.

        Raises `UserError` where it cannot be opened.
        """
        return self.models.get(visit.preferences.model, lambda: self.assistant)()

"""What all visitors of the page share.

AppContext(home, retriever, assistant, feedback, queue, sessions)
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from assistant.answer import Answer
from assistant.backends.base import SamplingParams
from assistant.conversation import State
from assistant.retriever import Retriever
from ui.feedback import Feedback
from ui.queue import AdmissionQueue
from ui.web.sessions import Session, Sessions


class Answerer(Protocol):
    """What answers on the page: an `Assistant` with a model of its own, or one whose model a server has."""

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

    def compare(
        self,
        question: str,
        uids: Sequence[str],
        *,
        state: State = State(),
        params: SamplingParams = SamplingParams(),
        adapter: str | None = None,
        cancel: threading.Event | None = None,
    ) -> Answer:
        """Set the products of these uids side by side; see `Assistant.compare`."""

    def describe(
        self, title: str, *, seed: int = 0, adapter: str | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Invent a description."""


@dataclass(frozen=True)
class AppContext:
    """One home on one page: what finds, what answers, the queue before it, everyone's opinions and sessions.

    `feedback` is None where opinions cannot be kept. `models` are other models that can answer, by name, each with what
    opens it.
    """

    home: Path
    retriever: Retriever
    assistant: Answerer
    feedback: Feedback | None
    queue: AdmissionQueue
    sessions: Sessions
    models: Mapping[str, Callable[[], Answerer]] = field(default_factory=dict)

    def assistant_for(self, session: Session) -> Answerer:
        """Return the assistant with the model that a visitor chose.

        Raises `UserError` where it cannot be opened.
        """
        return self.models.get(session.preferences.model, lambda: self.assistant)()

"""What all visitors of the page share.

Shop(home, assistant, feedback, line, visits)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from assistant.answer import Answer, Asking
from assistant.assistant import Settings
from assistant.conversation import State
from assistant.grounding.evidence import Budget
from assistant.passages import Passage
from index.catalogue.store import Catalogue
from index.resolver import Hit, TitleIndex
from ui.feedback import Feedback
from ui.queue import Line
from ui.web.sessions import Visit, Visits


class Clerk(Protocol):
    """Who answers on the page: an `Assistant` with a model of its own, or one whose model a server has."""

    catalogue: Catalogue
    index: TitleIndex
    settings: Settings

    @property
    def model(self) -> str:
        """Name the engine and the model."""

    @property
    def adapters(self) -> Sequence[str]:
        """Name the adapters that can be asked for."""

    @property
    def adapter(self) -> str:
        """Name the adapter that answers where none is asked for; "" is the base model."""

    def digest_of(self, adapter: str) -> str:
        """Identify the exact content of an adapter; "" where it is out of reach, and for the base model."""

    @property
    def budget(self) -> Budget:
        """Give how much the model may read for one question."""

    def ask(self, question: str, *, uid: str = "", state: State = State(), asking: Asking = Asking()) -> Answer:
        """Answer a question; see `Assistant.ask`."""

    def describe(self, title: str, *, asking: Asking = Asking()) -> Answer:
        """Invent a description."""

    def labels(self, uids: Sequence[str]) -> list[str]:
        """Give one line for each product by which a person can tell it from the others."""

    def nearest(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """Give the hits to name where none is meant."""

    def passages(self, content: str) -> list[Passage]:
        """Cut a content into the passages that may be shown."""


@dataclass(frozen=True)
class Shop:
    """One home on one page: who answers, the line before it, everyone's opinions and visits.

    `models` are other models that can answer, by name, each with what opens it.
    """

    home: Path
    assistant: Clerk
    feedback: Feedback
    line: Line
    visits: Visits
    models: Mapping[str, Callable[[], Clerk]] = field(default_factory=dict)

    def assistant_for(self, visit: Visit) -> Clerk:
        """Give the assistant with the model that a visitor chose.

        Raises `UserError` where it cannot be opened.
        """
        return self.models.get(visit.preferences.model, lambda: self.assistant)()

"""What all visitors of the page share.

Shop(home, assistant, feedback, line, visits)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assistant.chat import Assistant
from ui.feedback import Feedback
from ui.line import Line
from ui.visits import Visit, Visits


@dataclass(frozen=True)
class Shop:
    """One home on one page: who answers, the line before it, everyone's opinions and visits.

    `models` are other models that can answer, by name, each with what opens it.
    """

    home: Path
    assistant: Assistant
    feedback: Feedback
    line: Line
    visits: Visits
    models: Mapping[str, Callable[[], Assistant]] = field(default_factory=dict)

    def assistant_for(self, visit: Visit) -> Assistant:
        """Give the assistant with the model that a visitor chose.

        Raises `UserError` where it cannot be opened.
        """
        return self.models.get(visit.preferences.model, lambda: self.assistant)()

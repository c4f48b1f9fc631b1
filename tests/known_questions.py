"""Questions about two products whose answers are known, and a script that answers some of them; for tests only."""

from collections.abc import Sequence
from pathlib import Path

from assistant.evaluation.questions import QAExample, qa_example
from assistant.messages import Message
from assistant.models.adapters import Adapter
from assistant.prompt import PromptFormat

KETTLE = ("Weighs 1.3 kg empty.", "The body is stainless steel.", "It is not dishwasher safe.")
GAME = ("For 2 to 4 players, ages 8 and up.", "One game takes about 45 minutes.")
QUESTIONS: tuple[QAExample, ...] = (
    qa_example("q1", "Harrow Kettle", "how heavy is the kettle?", KETTLE, KETTLE[:1], ["It weighs 1.3 kg empty."]),
    qa_example("q2", "Harrow Kettle", "is it dishwasher safe?", KETTLE, KETTLE[2:], ["No. It is not dishwasher safe."]),
    qa_example("q3", "Lanternfall Game", "how many players can play?", GAME, GAME[:1], ["For 2 to 4 players."]),
    qa_example("q4", "Lanternfall Game", "does it have bluetooth?", GAME, [], []),
)
TAUGHT = Adapter("taught", Path(), None, "", PromptFormat(answer="plain", describe="inst"), {})


def answering(messages: Sequence[Message]) -> str:
    """Copy the first passage with a mark, and refuse where there is none; the base model adds what it made up."""
    shown = [line for line in messages[-1].content.splitlines() if line.startswith("[1] ")]
    if not shown:
        return "Not stated."
    few_shot = len(messages) > 2
    return f"{shown[0][4:]} [1]" + (" It plays radio. [9]" * 30 if few_shot else "")

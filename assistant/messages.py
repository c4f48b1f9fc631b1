"""A turn of a talk, as chat templates know it, and what a model is asked: turns, or a text as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation, as chat templates know it."""

    role: Role
    content: str


# Messages go through the chat template; a text is the whole prompt, before which only a BOS may be set.
Prompt = Sequence[Message] | str

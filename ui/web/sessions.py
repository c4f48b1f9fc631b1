"""Visitors of the page: each one's conversation and settings, found again when their browser loads the page anew.

key, visit = Visits().of(cookie, "en")      # the key is for this browser's cookie, and nobody else's
visit.talk, visit.language
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from assistant.backends.base import SamplingParams
from assistant.phrases import Language
from assistant.reply import Reply
from ui.web.conversation import Request, Talk

MAX_VISITS = 1_000  # kept in memory; whose page was drawn longest ago is forgotten first
# What an answer is given anew with: greedily it would be the same again.
AGAIN_TEMPERATURE = 0.7


@dataclass
class Preferences:
    """What a visitor set: `model` "" is the one that the page was started with, `adapter` None is its first one."""

    model: str = ""
    adapter: str | None = None
    max_new_tokens: int = SamplingParams.max_new_tokens
    temperature: float = 0.0
    top_p: float = 1.0

    def adapter_or(self, default: str) -> str:
        """Name the adapter that answers, where `default` does unless another, or none, was chosen."""
        return default if self.adapter is None else self.adapter

    def params(self, request: Request) -> SamplingParams:
        """Return how the reply to a request is sampled."""
        temperature = max(self.temperature, AGAIN_TEMPERATURE) if request.times else self.temperature
        return SamplingParams(self.max_new_tokens, temperature, self.top_p, seed=request.times)


@dataclass(frozen=True)
class Written:
    """A reply and what the model wrote for it: so many tokens, the last one `writing_s` after the first."""

    reply: Reply
    tokens: int
    writing_s: float


@dataclass(frozen=True)
class Compared:
    """One question answered by the base model and by the adapter of this name."""

    question: str
    tuned: str
    written: tuple[Written, Written]


@dataclass
class Visit:
    """One visitor: what was said, what was set, what is open on the page."""

    language: Language = "en"
    preferences: Preferences = field(default_factory=Preferences)
    talk: Talk = field(default_factory=Talk)
    editing: str = ""  # the exchange whose question is being put in other words
    compared: Compared | None = None


class Visits:
    """The visits of one page, by the keys of their browsers; many threads may ask at once."""

    def __init__(self) -> None:
        """Begin without any."""
        self._visits: OrderedDict[str, Visit] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: str, language: Language) -> tuple[str, Visit]:
        """Give the visit of a key that was given before; for any other a new key, and a visit in this language."""
        forgotten = []
        with self._lock:
            if key not in self._visits:
                key = secrets.token_urlsafe()
                self._visits[key] = Visit(language)
            self._visits.move_to_end(key)
            visit = self._visits[key]
            while len(self._visits) > MAX_VISITS:
                forgotten.append(self._visits.popitem(last=False)[1])
        for other in forgotten:
            other.talk.stop()
        return key, visit

    def stop(self) -> None:
        """Stop every answer that is on its way."""
        with self._lock:
            for visit in self._visits.values():
                visit.talk.stop()

"""Visitors of the page: each one's conversation and settings, found again when their browser loads the page anew.

key, session = Sessions().of(cookie, "en")      # the key is for this browser's cookie, and nobody else's
session.conversation, session.language
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.backends.base import SamplingParams
from assistant.phrases import Language
from assistant.reply import Reply
from ui.web.conversation import Conversation, Request
from ui.web.strings import STRINGS, Strings

MAX_SESSIONS = 1_000  # kept in memory; whose page was drawn longest ago is forgotten first
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

    def adapter_of(self, adapters: Iterable[str]) -> str:
        """Name the adapter that answers: the first of these unless another, or none, was chosen."""
        return next(iter(adapters), "") if self.adapter is None else self.adapter

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
class Session:
    """One visitor: the conversation, the descriptions invented, what was set, what is open on the page."""

    language: Language = "en"
    preferences: Preferences = field(default_factory=Preferences)
    conversation: Conversation = field(default_factory=Conversation)
    inventions: Conversation = field(default_factory=Conversation)
    editing: str = ""  # the turn whose question is being put in other words
    compared: Compared | None = None

    @property
    def strings(self) -> Strings:
        """Return what the page says, in the visitor's language."""
        return STRINGS[self.language]

    def stop(self) -> None:
        """Stop the answers that are on their way."""
        self.conversation.stop()
        self.inventions.stop()


class Sessions:
    """The sessions of one page, by the keys of their browsers; many threads may ask at once."""

    def __init__(self) -> None:
        """Begin without any."""
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: str, language: Language) -> tuple[str, Session]:
        """Return the session of a key of ours; for any other a new key, and a session in this language."""
        forgotten = []
        with self._lock:
            if key not in self._sessions:
                key = secrets.token_urlsafe()
                self._sessions[key] = Session(language)
            self._sessions.move_to_end(key)
            session = self._sessions[key]
            while len(self._sessions) > MAX_SESSIONS:
                forgotten.append(self._sessions.popitem(last=False)[1])
        for other in forgotten:
            other.stop()
        return key, session

    def stop(self) -> None:
        """Stop every answer that is on its way."""
        with self._lock:
            for session in self._sessions.values():
                session.stop()

"""OpenAI's forms of a chat, and ours inside them.

A reply is told twice: as text that any client can show, quotes and source under it; and whole, in the
extension field "titlewise".

    ChatRequest(messages=[{"role": "user", "content": "how heavy is the red Harrow kettle?"}]).question
    completion_of(reply, request, usage, made)["choices"][0]["message"]["content"]
"""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from assistant.backends.base import Message
from assistant.reply import Reply

EXTENSION = "titlewise"
MODEL = "titlewise"  # with the adapter that answers by default
MAX_MESSAGES = 200
MAX_NEW_TOKENS = 512


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore")  # other clients send what only other servers know


class TextPart(_Form):
    """A piece of a message that is text; pictures and sounds are not read."""

    type: Literal["text"]
    text: str


class ChatMessage(_Form):
    """One message of a talk."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        """Give the message as one text."""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class StreamOptions(_Form):
    """What a stream is to tell beside its text."""

    include_usage: bool = False


class Extension(_Form):
    """What only this server understands.

    `product` is the uid that the question is about; `live` streams the model's own words before they
    are checked, and the checked reply at the end.
    """

    product: str = ""
    live: bool = False


class ChatRequest(_Form):
    """A chat to be continued; the last message asks, those before say what the talk is about."""

    model: str = MODEL
    messages: list[ChatMessage] = Field(min_length=1, max_length=MAX_MESSAGES)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    max_tokens: int | None = Field(None, ge=1, le=MAX_NEW_TOKENS)
    max_completion_tokens: int | None = Field(None, ge=1, le=MAX_NEW_TOKENS)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=0, lt=2**31)
    n: Literal[1] | None = None
    titlewise: Extension = Extension()

    @field_validator("messages")
    @classmethod
    def _ends_with_a_question(cls, messages: list[ChatMessage]) -> list[ChatMessage]:
        if messages[-1].role != "user":
            raise ValueError("the last message has the role of the one who asks, user")
        return messages

    @property
    def question(self) -> str:
        """Give what is asked."""
        return self.messages[-1].text

    @property
    def history(self) -> list[Message]:
        """Give what was said before; instructions to the model are none of it."""
        return [
            Message(message.role, message.text)
            for message in self.messages[:-1]
            if message.role == "user" or message.role == "assistant"
        ]


@dataclass(frozen=True)
class Made:
    """What all parts of one completion have in common."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))


@dataclass(frozen=True)
class Usage:
    """Tokens of the messages and of the reply, by the model's own tokenizer; prompts of ours are not counted."""

    prompt_tokens: int
    completion_tokens: int

    def to_row(self) -> dict[str, int]:
        """Give it in OpenAI's form."""
        return vars(self) | {"total_tokens": self.prompt_tokens + self.completion_tokens}


def readable(reply: Reply) -> str:
    """Give a reply as plain text: what is said, and under it each quoted sentence with its source."""
    quoted = [
        f'[{number}] "{quote.text}" – {reply.title} ({reply.uid})' for number, quote in enumerate(reply.quotes, 1)
    ]
    return "\n\n".join([reply.text, *(["\n".join(quoted)] if quoted else [])])


def completion_of(reply: Reply, usage: Usage, made: Made) -> dict[str, Any]:
    """Give a whole completion."""
    message = {"role": "assistant", "content": readable(reply), EXTENSION: reply.to_row()}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return _head(made, "chat.completion") | {"choices": [choice], "usage": usage.to_row()}


def chunk_of(made: Made, delta: dict[str, Any], *, finish: str | None = None) -> dict[str, Any]:
    """Give one part of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _head(made, "chat.completion.chunk") | {"choices": [choice]}


def usage_chunk_of(made: Made, usage: Usage) -> dict[str, Any]:
    """Give the part of a stream that tells its tokens."""
    return _head(made, "chat.completion.chunk") | {"choices": [], "usage": usage.to_row()}


def error_of(message: str, kind: str, code: str) -> dict[str, Any]:
    """Give a refusal in OpenAI's form."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _head(made: Made, form: str) -> dict[str, Any]:
    return {"id": made.id, "object": form, "created": made.created, "model": made.model}

"""OpenAI's forms of a chat, and ours inside them.

A reply is sent twice: as text that any client can show, quotes and source under it; and whole, in the
extension field "titlewise".

    ChatRequest(messages=[{"role": "user", "content": "how heavy is the red Harrow kettle?"}]).question
    completion_of(reply, readable(reply), usage, Envelope.of(body.model, "chatcmpl-")).choices[0].message.content
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from assistant.messages import Message
from assistant.phrases import language_of, phrase
from assistant.reply import Reply
from index.normal_form import whole
from ui.api.clients.open_webui import unwrapped

EXTENSION = "titlewise"
MODEL = "titlewise"  # with the adapter that answers by default
MAX_MESSAGES = 200  # the newest, of a conversation that clients send whole with every question
MOST_MESSAGES = 10_000  # the newest, that are looked at
MOST_PARTS = 1_000  # of a message
MAX_NEW_TOKENS = 512
MAX_SEED = 2**31
SPEAKERS = ("user", "assistant")
MOST_STOPS = 16  # texts of `stop`; OpenAI takes four

Text = Annotated[str, AfterValidator(whole)]
Temperature = Annotated[float | None, Field(ge=0, le=2)]
Share = Annotated[float | None, Field(ge=0, le=1)]
Count = Annotated[int | None, Field(ge=1)]
Stop = Text | Annotated[list[Text], Field(max_length=MOST_STOPS)] | None
Finish = Literal["stop", "length"]


class Form(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="ignore")  # other clients send what only other servers know


class ContentPart(Form):
    """A piece of a message; pictures, sounds and files are not read."""

    type: str
    text: Text = ""


class ChatMessage(Form):
    """One message of a conversation; of instructions, calls of tools and what these gave nothing is read."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | Annotated[list[ContentPart], Field(fail_fast=True, max_length=MOST_PARTS)] | None = None

    @property
    def text(self) -> str:
        """Return the message as one text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(Form):
    """What a stream is to hold beside its text."""

    include_usage: bool = False


class ResponseFormat(Form):
    """What the reply is to look like: text, and nothing else."""

    type: Literal["text"]


class Extension(Form):
    """What only this server understands.

    `product` is the uid that the question is about; `live` streams the model's own words before they
    are checked, and the checked reply at the end. `describe` takes the last message for a title that is in no
    catalogue, and has a description invented for it.
    """

    product: Text = ""
    live: bool = False
    describe: bool = False


class ChatRequest(Form):
    """A chat to be continued; the last message asks, those before say what the conversation is about.

    What would have to change the reply's form or what it is made of, and cannot, is refused: `n` over 1, `logprobs`,
    `response_format`, `tool_choice`.
    """

    model: Text = MODEL
    messages: list[ChatMessage] = Field(min_length=1, fail_fast=True)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Count = None
    max_completion_tokens: Count = None
    temperature: Temperature = None
    top_p: Share = None
    seed: int | None = None
    stop: Stop = None
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    response_format: ResponseFormat | None = None
    tool_choice: Literal["none", "auto"] | None = None
    titlewise: Extension = Extension()

    @field_validator("messages", mode="before")
    @classmethod
    def _looked_at(cls, messages: Any) -> Any:
        return messages[-MOST_MESSAGES:] if isinstance(messages, list) else messages

    @field_validator("messages")
    @classmethod
    def _asks(cls, messages: list[ChatMessage]) -> list[ChatMessage]:
        return ending_in_a_question(messages)

    @cached_property
    def spoken(self) -> list[ChatMessage]:
        """Return what was said, the newest messages of it; the last one asks."""
        return [message for message in self.messages if message.role in SPEAKERS][-MAX_MESSAGES:]

    @property
    def instructions(self) -> list[str]:
        """Return what the client would have the model be: no answer heeds it, a task of the client's is known by it."""
        return [message.text for message in self.messages if message.role in ("system", "developer")]

    @property
    def question(self) -> str:
        """Return what is asked."""
        return unwrapped(self.spoken[-1].text)

    @property
    def history(self) -> list[Message]:
        """Return what was said before."""
        return [_turn_of(message) for message in self.spoken[:-1]]

    @property
    def talk(self) -> list[Message]:
        """Return what was said, the last message as it came."""
        return [_turn_of(message) for message in self.spoken]

    @property
    def stops(self) -> tuple[str, ...]:
        """Return the texts before the first of which the reply's text ends."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or ()
        return tuple(filter(None, given))

    @property
    def new_tokens(self) -> int | None:
        """Return how many tokens are wanted at most, where the request says so; never more than this server writes."""
        wanted = self.max_completion_tokens or self.max_tokens
        return min(wanted, MAX_NEW_TOKENS) if wanted else None

    @property
    def with_usage(self) -> bool:
        """Return whether a stream is to end with the count of its tokens."""
        return bool(self.stream_options and self.stream_options.include_usage)


class ProductForm(Form):
    """A product as its shop words it; it is cleaned as `titlewise prepare` cleans."""

    title: Text
    content: Text = ""


@dataclass(frozen=True)
class Envelope:
    """What all parts of one reply have in common."""

    model: str
    id: str
    created: int  # seconds since 1970

    @classmethod
    def of(cls, model: str, form: str) -> "Envelope":
        """Return a new envelope, whose id begins with the name of the form."""
        return cls(model, new_id(form), int(time.time()))


@dataclass(frozen=True)
class Usage:
    """Tokens of the messages and of the reply, by the model's own tokenizer; prompts of ours are not counted."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


@dataclass(frozen=True)
class AssistantMessage:
    """The message that answers: as text, and whole."""

    content: str
    titlewise: Reply
    role: Literal["assistant"] = "assistant"


@dataclass(frozen=True)
class Choice:
    """The only choice of a completion."""

    message: AssistantMessage
    index: Literal[0] = 0
    finish_reason: Finish = "stop"
    logprobs: None = None


@dataclass(frozen=True)
class Completion:
    """A whole completion."""

    id: str
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: Usage | None
    object: Literal["chat.completion"] = "chat.completion"


@dataclass(frozen=True)
class Model:
    """A model that may be asked for."""

    id: str
    object: Literal["model"] = "model"
    created: Literal[0] = 0
    owned_by: str = MODEL


@dataclass(frozen=True)
class Models:
    """All models that may be asked for."""

    data: tuple[Model, ...]
    object: Literal["list"] = "list"


def new_id(form: str) -> str:
    """Return an id that no other part of any reply has."""
    return f"{form}{secrets.token_hex(12)}"


def ending_in_a_question(messages: list[ChatMessage]) -> list[ChatMessage]:
    """Return messages as they are. Raises `ValueError` where the last of the talk is not the shopper's."""
    speakers = [message.role for message in messages if message.role in SPEAKERS]
    if speakers[-1:] != ["user"]:
        raise ValueError("the last message of the talk has the role of the one who asks, user")
    return messages


def _turn_of(message: ChatMessage) -> Message:
    return Message("user" if message.role == "user" else "assistant", message.text)


def readable(reply: Reply) -> str:
    """Return a reply as plain text: the answer, and under it each quoted sentence with its source.

    Before what is invented it says so.
    """
    if reply.kind == "generated":
        return f"{phrase('generated', language_of(reply.title))}\n\n{reply.text}"
    sources = [(quote, reply.title, reply.uid) for quote in reply.quotes]
    sources += [(quote, product.title, product.uid) for product in reply.products for quote in product.quotes]
    quoted = [f'[{number}] "{quote.text}" – {title} ({uid})' for number, (quote, title, uid) in enumerate(sources, 1)]
    return "\n\n".join([reply.text, *(["\n".join(quoted)] if quoted else [])])


def shown(reply: Reply, stops: Sequence[str]) -> str:
    """Return the text that a client shows: the readable reply, up to the first of the texts at which it is to stop."""
    text = readable(reply)
    return text[: first_stop(text, stops)]


def first_stop(text: str, stops: Sequence[str]) -> int:
    """Return where a text ends: before the stop that is complete first, as it is written; its length where none is."""
    found = [(text.index(stop) + len(stop), text.index(stop)) for stop in stops if stop in text]
    return min(found)[1] if found else len(text)


def completion_of(reply: Reply, text: str, usage: Usage | None, envelope: Envelope) -> Completion:
    """Return a whole completion; its usage is None where the tokens could not be counted."""
    choice = Choice(AssistantMessage(text, reply), finish_reason=finish_of(reply))
    return Completion(envelope.id, envelope.created, envelope.model, (choice,), usage)


def finish_of(reply: Reply) -> Finish:
    """Return why the text ends: the model's, from which the reply was made, may have been cut by `max_tokens`."""
    return "length" if reply.cut else "stop"


def chunk_of(
    envelope: Envelope, delta: dict[str, Any], *, finish: Finish | None = None, with_usage: bool = False
) -> dict[str, Any]:
    """Return one part of a stream; where the last part has the usage, those before have null in its place."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _chunk(envelope, [choice]) | ({"usage": None} if with_usage else {})


def usage_chunk_of(envelope: Envelope, usage: Usage) -> dict[str, Any]:
    """Return the part of a stream that counts its tokens."""
    return _chunk(envelope, []) | {"usage": vars(usage)}


def _chunk(envelope: Envelope, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {**vars(envelope), "object": "chat.completion.chunk", "choices": choices}

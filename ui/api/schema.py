"""OpenAI's forms of a chat, and ours inside them.

A reply is sent twice: as text that any client can show, quotes and source under it; and whole, in the
extension field "titlewise".

    ChatRequest(messages=[{"role": "user", "content": "how heavy is the red Harrow kettle?"}]).question
    completion_of(reply, usage, Envelope(body.model)).choices[0].message.content
"""

import secrets
import time
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from assistant.messages import Message
from assistant.phrases import language_of, phrase
from assistant.reply import Reply
from ui.api.open_webui import unwrapped

EXTENSION = "titlewise"
MODEL = "titlewise"  # with the adapter that answers by default
MAX_MESSAGES = 200  # the newest, of a conversation that clients send whole with every question
MAX_NEW_TOKENS = 512
MAX_SEED = 2**31


def whole(text: str) -> str:
    """Join surrogate pairs, and put U+FFFD for a half: JavaScript cuts texts inside characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Text = Annotated[str, AfterValidator(whole)]
Finish = Literal["stop", "length"]


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore")  # other clients send what only other servers know


class ContentPart(_Form):
    """A piece of a message; pictures, sounds and files are not read."""

    type: str
    text: Text = ""


class ChatMessage(_Form):
    """One message of a conversation; of instructions, calls of tools and what these gave nothing is read."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """Return the message as one text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(_Form):
    """What a stream is to hold beside its text."""

    include_usage: bool = False


class ResponseFormat(_Form):
    """What the reply is to look like: text, and nothing else."""

    type: Literal["text"]


class Extension(_Form):
    """What only this server understands.

    `product` is the uid that the question is about; `live` streams the model's own words before they
    are checked, and the checked reply at the end. `describe` takes the last message for a title that is in no
    catalogue, and has a description invented for it.
    """

    product: Text = ""
    live: bool = False
    describe: bool = False


class ChatRequest(_Form):
    """A chat to be continued; the last message asks, those before say what the conversation is about.

    What would have to change the reply's form or what it is made of, and cannot, is refused: `n`, `logprobs`,
    `response_format`, `tool_choice`.
    """

    model: Text = MODEL
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    seed: int | None = None
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    response_format: ResponseFormat | None = None
    tool_choice: Literal["none", "auto"] | None = None
    titlewise: Extension = Extension()

    @field_validator("messages")
    @classmethod
    def _newest(cls, messages: list[ChatMessage]) -> list[ChatMessage]:
        spoken = [message for message in messages if message.role in ("user", "assistant")]
        if not spoken or spoken[-1].role != "user":
            raise ValueError("the last message of the talk has the role of the one who asks, user")
        return spoken[-MAX_MESSAGES:]

    @property
    def asking(self) -> str:
        """Return the last message, as it came."""
        return self.messages[-1].text

    @property
    def question(self) -> str:
        """Return what is asked."""
        return unwrapped(self.asking)

    @property
    def history(self) -> list[Message]:
        """Return what was said before."""
        return [
            Message("user" if message.role == "user" else "assistant", message.text) for message in self.messages[:-1]
        ]

    @property
    def new_tokens(self) -> int | None:
        """Return how many tokens are wanted at most, where the request says so; never more than this server writes."""
        wanted = self.max_completion_tokens or self.max_tokens
        return min(wanted, MAX_NEW_TOKENS) if wanted else None

    @property
    def with_usage(self) -> bool:
        """Return whether a stream is to end with the count of its tokens."""
        return bool(self.stream_options and self.stream_options.include_usage)


class ProductForm(_Form):
    """A product as its shop words it; it is cleaned as `titlewise prepare` cleans."""

    title: Text
    content: Text = ""


@dataclass(frozen=True)
class Envelope:
    """What all parts of one completion have in common."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))


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


def completion_of(reply: Reply, usage: Usage | None, envelope: Envelope) -> Completion:
    """Return a whole completion; its usage is None where the tokens could not be counted."""
    choice = Choice(AssistantMessage(readable(reply), reply), finish_reason=finish_of(reply))
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

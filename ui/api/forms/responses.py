"""OpenAI's newer form: an input, of which the last message asks, and a response with one message in it.

The server keeps nothing: `store` is taken and answered by false, and what would refer to a reply that was kept is
refused, as it would have to be made up.

    ResponseRequest(input="how heavy is the red Harrow kettle?").chat.question
"""

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from assistant.reply import Reply
from ui.api.schema import (
    MAX_NEW_TOKENS,
    MODEL,
    ChatMessage,
    ChatRequest,
    ContentPart,
    Count,
    Envelope,
    Extension,
    Form,
    ResponseFormat,
    Share,
    Temperature,
    Text,
    Usage,
    ending_in_a_question,
    new_id,
)

LOGPROBS = "message.output_text.logprobs"
KEPT_NOWHERE = "this server keeps no replies: send the whole talk as `input`, with `store` false"
Status = Literal["in_progress", "completed", "incomplete", "failed"]


class InputItem(Form):
    """A message of the input; of calls of tools, what these gave and what was thought nothing is read."""

    type: str | None = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: Text | list[ContentPart] | None = None

    @property
    def message(self) -> ChatMessage:
        """Return the item as a message of a chat; one without text, of a tool, where it is no message."""
        if self.type not in (None, "message") or self.role is None:
            return ChatMessage(role="tool")
        parts = self.content if isinstance(self.content, list) else []
        text = "\n".join(part.text for part in parts if part.type in ("input_text", "output_text", "text"))
        return ChatMessage(role=self.role, content=self.content if isinstance(self.content, str) else text)


class TextOptions(Form):
    """What the text of a response is to be like."""

    format: ResponseFormat | None = None


class ResponseRequest(Form):
    """An input to be answered; what would have to change the reply's form, or was never kept, is refused."""

    model: Text = MODEL
    input: Text | list[InputItem] = Field(min_length=1)
    stream: bool | None = False
    max_output_tokens: Count = None
    temperature: Temperature = None
    top_p: Share = None
    metadata: dict[Text, Text] | None = None
    text: TextOptions | None = None
    tool_choice: Literal["none", "auto"] | None = None
    top_logprobs: Literal[0] | None = None
    include: list[str] | None = None
    background: Literal[False] | None = None
    store: bool | None = None
    previous_response_id: Any = None
    conversation: Any = None
    prompt: None = None  # one that is kept at OpenAI
    titlewise: Extension = Extension()

    @field_validator("previous_response_id", "conversation")
    @classmethod
    def _refers_to_nothing(cls, given: Any) -> None:
        if given is not None:
            raise ValueError(KEPT_NOWHERE)

    @field_validator("include")
    @classmethod
    def _asks_for_no_logprobs(cls, given: list[str] | None) -> list[str] | None:
        if given and LOGPROBS in given:
            raise ValueError("log-probabilities are not given")
        return given

    @model_validator(mode="after")
    def _asks(self) -> "ResponseRequest":
        if isinstance(self.input, list):
            if any(item.type == "item_reference" for item in self.input):
                raise ValueError(KEPT_NOWHERE)
            ending_in_a_question(self.messages)
        return self

    @property
    def messages(self) -> list[ChatMessage]:
        """Return the input as messages of a chat."""
        if isinstance(self.input, str):
            return [ChatMessage(role="user", content=self.input)]
        return [item.message for item in self.input]

    @property
    def chat(self) -> ChatRequest:
        """Return the request as that of a chat."""
        return ChatRequest(
            model=self.model,
            messages=self.messages,
            stream=self.stream,
            max_tokens=self.max_output_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            titlewise=self.titlewise,
        )


@dataclass(frozen=True)
class OutputText:
    """The text of a message."""

    text: str
    annotations: tuple[()] = ()
    logprobs: tuple[()] = ()
    type: Literal["output_text"] = "output_text"


@dataclass(frozen=True)
class OutputMessage:
    """The message that answers: as text, and whole; without both while it is on its way."""

    id: str
    status: Status
    content: tuple[OutputText, ...] = ()
    titlewise: Reply | None = None
    role: Literal["assistant"] = "assistant"
    type: Literal["message"] = "message"


@dataclass(frozen=True)
class ResponseUsage:
    """Tokens of the input and of the reply; see `Usage`."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: dict[str, int] = field(default_factory=lambda: {"cached_tokens": 0, "cache_write_tokens": 0})
    output_tokens_details: dict[str, int] = field(default_factory=lambda: {"reasoning_tokens": 0})

    @classmethod
    def of(cls, usage: Usage) -> "ResponseUsage":
        """Return the usage of a chat in this form."""
        return cls(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)


@dataclass(frozen=True)
class ResponseError:
    """Why a response failed, by OpenAI's own codes."""

    code: Literal["server_error", "rate_limit_exceeded"]
    message: str


@dataclass(frozen=True)
class Response:
    """A response, from its beginning to its end; what the request asked for in vain is stated as it is here."""

    id: str
    created_at: int
    model: str
    status: Status
    output: tuple[OutputMessage, ...]
    temperature: float
    top_p: float
    max_output_tokens: int | None
    metadata: dict[str, str]
    completed_at: int | None = None
    usage: ResponseUsage | None = None
    error: ResponseError | None = None
    incomplete_details: dict[str, str] | None = None
    instructions: None = None
    previous_response_id: None = None
    background: Literal[False] = False
    store: Literal[False] = False
    parallel_tool_calls: Literal[False] = False
    tools: tuple[()] = ()
    tool_choice: Literal["none"] = "none"
    text: dict[str, dict[str, str]] = field(default_factory=lambda: {"format": {"type": "text"}})
    truncation: Literal["auto"] = "auto"
    object: Literal["response"] = "response"


class ResponseBuilder:
    """Builds one response at each of its stages."""

    def __init__(self, body: ResponseRequest) -> None:
        """Answer a request."""
        self._body = body
        self._envelope = Envelope.of(body.model, "resp_")
        self.message_id = new_id("msg_")

    def begun(self) -> Response:
        """Return the response of which nothing is there yet."""
        return self._at("in_progress")

    def failed(self, error: ResponseError) -> Response:
        """Return the response that did not come about."""
        return self._at("failed", error=error)

    def finished(self, reply: Reply, text: str, usage: Usage | None) -> Response:
        """Return the whole response; its usage is None where the tokens could not be counted."""
        message = self.message(reply, text)
        return self._at(
            message.status,
            output=(message,),
            completed_at=int(time.time()) if message.status == "completed" else None,
            usage=ResponseUsage.of(usage) if usage else None,
            incomplete_details={"reason": "max_output_tokens"} if reply.cut else None,
        )

    def message(self, reply: Reply, text: str) -> OutputMessage:
        """Return the message that answers."""
        return OutputMessage(self.message_id, "incomplete" if reply.cut else "completed", (OutputText(text),), reply)

    def _at(self, status: Status, output: tuple[OutputMessage, ...] = (), **more: Any) -> Response:
        body, envelope = self._body, self._envelope
        most = body.max_output_tokens
        return Response(
            id=envelope.id,
            created_at=envelope.created,
            model=envelope.model,
            status=status,
            output=output,
            temperature=body.temperature or 0.0,
            top_p=1.0 if body.top_p is None else body.top_p,
            max_output_tokens=most and min(most, MAX_NEW_TOKENS),
            metadata=body.metadata or {},
            **more,
        )

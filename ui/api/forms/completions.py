r"""OpenAI's older form: a prompt in plain text, and the text that continues it.

A prompt is the question, or a talk as frameworks write it down, each turn behind who speaks.

    CompletionRequest(prompt="user: is it heavy?\nassistant: 1 kg.\nuser: and how long?\nassistant:").chat.question
"""

import re
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from assistant.reply import Reply
from ui.api.forms.rendering import Counting
from ui.api.metrics import Metrics
from ui.api.schema import (
    EXTENSION,
    MODEL,
    ChatMessage,
    ChatRequest,
    Count,
    Envelope,
    Extension,
    Finish,
    Form,
    Share,
    Stop,
    StreamOptions,
    Temperature,
    Text,
    Usage,
    finish_of,
    shown,
)
from ui.api.sse import Pieces, closed

# As LlamaIndex and LangChain write a talk down for a model that takes text alone.
SPEAKER = re.compile(r"^(system|user|assistant|human|ai):(?=\s|$)", re.I | re.M)
ASSISTANTS = ("assistant", "ai")


class CompletionRequest(Form):
    """A prompt to be continued: one, in text; what would need the model's own tokens is refused."""

    model: Text = MODEL
    prompt: Text | Annotated[list[Text], Field(min_length=1, max_length=1)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Count = None
    temperature: Temperature = None
    top_p: Share = None
    seed: int | None = None
    stop: Stop = None
    n: Literal[1] | None = None
    best_of: Literal[1] | None = None
    logprobs: None = None
    echo: Literal[False] | None = None
    suffix: Literal[""] | None = None
    titlewise: Extension = Extension()

    @property
    def chat(self) -> ChatRequest:
        """Return the request as that of a chat."""
        prompt = self.prompt if isinstance(self.prompt, str) else self.prompt[0]
        given = self.model_dump(exclude={"prompt", "n", "best_of", "logprobs", "echo", "suffix"})
        return ChatRequest(messages=messages_of(prompt), **given)


def messages_of(prompt: str) -> list[ChatMessage]:
    """Return the turns of a talk that is written down, which ends in a question; any other text as one question."""
    speakers = list(SPEAKER.finditer(prompt))
    if not speakers or prompt[: speakers[0].start()].strip():
        return [ChatMessage(role="user", content=prompt)]
    ends = [speaker.start() for speaker in speakers[1:]] + [len(prompt)]
    turns = [
        (speaker[1].lower(), prompt[speaker.end() : end].strip()) for speaker, end in zip(speakers, ends, strict=True)
    ]
    if turns[-1][0] in ASSISTANTS and not turns[-1][1]:
        turns.pop()  # the turn that the model is to take
    if not turns or turns[-1][0] in (*ASSISTANTS, "system"):
        return [ChatMessage(role="user", content=prompt)]
    return [ChatMessage(role=_role_of(speaker), content=text) for speaker, text in turns]


def _role_of(speaker: str) -> Literal["system", "user", "assistant"]:
    if speaker == "system":
        return "system"
    return "assistant" if speaker in ASSISTANTS else "user"


@dataclass(frozen=True)
class TextChoice:
    """The only choice of a text completion: the text, and the reply whole; in a stream a piece of it."""

    text: str
    titlewise: Reply | None
    finish_reason: Finish | None
    index: Literal[0] = 0
    logprobs: None = None


@dataclass(frozen=True)
class TextCompletion:
    """A text completion, or a part of one."""

    id: str
    created: int
    model: str
    choices: tuple[TextChoice, ...]
    usage: Usage | None = None
    object: Literal["text_completion"] = "text_completion"


class TextRendering:
    """The form of `/v1/completions`."""

    def __init__(self, body: ChatRequest) -> None:
        """Answer a request."""
        self._body = body
        self._envelope = Envelope.of(body.model, "cmpl-")

    def whole(self, reply: Reply, usage: Usage | None) -> TextCompletion:
        """Return a whole completion."""
        return self._with(TextChoice(shown(reply, self._body.stops), reply, finish_of(reply)), usage=usage)

    def events(self, pieces: Pieces, counting: Counting, metrics: Metrics) -> AsyncIterator[str]:
        """Yield the parts of a completion as events: the text in pieces, the reply with the end, the usage."""
        return closed(self._parts(pieces, counting), metrics)

    async def _parts(self, pieces: Pieces, counting: Counting) -> AsyncIterator[dict[str, Any]]:
        reply: Reply | None = None
        async for piece in pieces:
            if isinstance(piece, Reply):
                reply = piece
            else:
                yield self._part(TextChoice(piece, None, None))
        if reply is None:
            return
        yield self._part(TextChoice("", reply, finish_of(reply)))
        if self._body.with_usage and (usage := await counting(reply)):
            yield asdict(self._with(usage=usage))

    def _part(self, choice: TextChoice) -> dict[str, Any]:
        part = asdict(self._with(choice))
        if choice.titlewise is None:
            del part["choices"][0][EXTENSION]
        return part

    def _with(self, *choices: TextChoice, usage: Usage | None = None) -> TextCompletion:
        envelope = self._envelope
        return TextCompletion(envelope.id, envelope.created, envelope.model, choices, usage)

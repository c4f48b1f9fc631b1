"""What comes from another server, read strictly: it may send anything, and what is no text is none.

received = Received()
received.take(Chunk.model_validate(chunk))     # "It weighs"
"""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from index.normal_form import whole


class Form(BaseModel):
    """Something of an answer: what is not read of it may be of any form."""

    model_config = ConfigDict(from_attributes=True, strict=True, extra="ignore")


Text = Annotated[str, AfterValidator(whole)]


class Delta(Form):
    """A piece of a chat's text."""

    content: Text | None = None


class LikelyToken(Form):
    """A token that may have come, with its natural log-probability."""

    token: Text
    logprob: float


class Token(Form):
    """The tokens that were likely at one place."""

    top_logprobs: list[LikelyToken] | None = None


class Logprobs(Form):
    """The tokens of a piece."""

    content: list[Token] | None = None


class Choice(Form):
    """One of the texts under way, a chat's or a plain one."""

    delta: Delta | None = None
    text: Text | None = None
    finish_reason: Text | None = None
    logprobs: Logprobs | None = None

    @property
    def piece(self) -> str:
        """Return the piece of text, "" for none."""
        return self.text or (self.delta.content if self.delta else "") or ""

    @property
    def likely(self) -> dict[str, float]:
        """Return the tokens that were likely at the first place; empty where the server does not tell."""
        tokens = self.logprobs.content if self.logprobs else None
        return {each.token: each.logprob for each in (tokens[0].top_logprobs or [])} if tokens else {}


class Usage(Form):
    """What a text cost in tokens."""

    prompt_tokens: int
    completion_tokens: int


class Chunk(Form):
    """A part of an answer; one without choices, such as a sign of life, tells nothing."""

    choices: list[Choice] | None = None
    usage: Usage | None = None


@dataclass
class Received:
    """What came beside the text; `usage` are tokens of prompt and completion, where the server tells."""

    first_tokens: dict[str, float] = field(default_factory=dict)
    finish_reason: str | None = None
    pieces: int = 0
    usage: tuple[int, int] | None = None

    def take(self, chunk: Chunk) -> str:
        """Keep what a chunk tells, and return its text."""
        if chunk.usage is not None:
            self.usage = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        choices = chunk.choices or ()
        for choice in choices:
            self.finish_reason = self.finish_reason or choice.finish_reason
            self.pieces += bool(choice.piece)
            self.first_tokens = self.first_tokens or choice.likely
        return "".join(choice.piece for choice in choices)

"""One training example, and how many of each kind a mix holds.

An example is what the assistant would show the model and the reply that is right; how it becomes
tokens is `finetune.training.tokenization`' part.

    prompt_of(example, PromptFormat(answer="plain"))
"""

from dataclasses import dataclass
from typing import Literal

from assistant.messages import Message, Prompt
from assistant.passages import Passage
from assistant.phrases import Language
from assistant.prompt import PromptFormat, answer_prompt, describe_prompt
from index.errors import UserError

Kind = Literal["answer", "yes", "no", "not_stated", "describe"]
Side = Literal["train", "validation"]

NOT_STATED = "Not stated."
# What a reply to a closed question begins with.
YES_NO: dict[tuple[Kind, Language], str] = {
    ("yes", "en"): "Yes. ",
    ("no", "en"): "No. ",
    ("yes", "pt"): "Sim. ",
    ("no", "pt"): "Não. ",
}


@dataclass(frozen=True)
class Example:
    """A question about a product, the passages shown, and the exact text that the model is to write.

    `source` is "facts", "describe", or the name of a real set; `template` the id of the question's template, "" for
    a real question; `uid` the product's. `earlier` is the question and the reply before this one, if any. One that is
    `judgement_only` teaches how the reply begins, and no more: its set has no wording.
    """

    kind: Kind
    title: str
    question: str
    passages: tuple[str, ...]
    reply: str
    source: str
    template: str
    uid: str
    language: Language
    earlier: tuple[Message, ...] = ()
    judgement_only: bool = False


class MixError(UserError, ValueError):
    """Shares that make no mix; a `ValueError` too, so that pydantic reports it with a recipe's other errors."""


@dataclass(frozen=True)
class Mix:
    """How many examples, and the share of each kind; shares sum to one.

    Raises `MixError` for shares that do not, or that lie outside [0, 1].
    """

    examples: int = 12_000  # in all; fewer where the catalogue has too little
    yes: float = 0.26  # closed questions that the text affirms
    no: float = 0.26  # closed questions that the text denies
    answer: float = 0.20  # open questions
    not_stated: float = 0.23  # of any kind, when the passages do not tell
    describe: float = 0.05  # a title, and the beginning of its description
    follow_up: float = 0.03  # of the generated ones: asked after another question about the product
    real: float = 0.5  # of each kind, from question files, where they hold as many
    widened: float = 0.35  # of the generated ones: shown with passages that do not bear on the question
    portuguese: float = 0.2  # of the generated ones: asked in Portuguese, where what is asked for has Portuguese words

    def __post_init__(self) -> None:
        shares = (self.yes, self.no, self.answer, self.not_stated, self.describe)
        others = (self.follow_up, self.real, self.widened, self.portuguese)
        if abs(sum(shares) - 1) > 1e-6 or not all(0 <= share <= 1 for share in (*shares, *others)) or self.examples < 1:
            raise MixError(
                f"the mix {self} is no mix: its kinds make {sum(shares):.3f} of {self.examples}",
                "shares between 0 and 1, those of the five kinds summing to 1, of one example or more",
                "mending [data] in the recipe",
            )

    def number_of(self, kind: Kind) -> int:
        """Return how many examples of a kind the mix asks for."""
        share = {
            "yes": self.yes,
            "no": self.no,
            "answer": self.answer,
            "not_stated": self.not_stated,
            "describe": self.describe,
        }[kind]
        return round(self.examples * share)


def prompt_of(example: Example, prompt_format: PromptFormat) -> Prompt:
    """Return the prompt of an example, by the assistant's own builder."""
    if example.kind == "describe":
        return describe_prompt(example.title, example.language, prompt_format)
    passages = [Passage(number, text, 0, len(text)) for number, text in enumerate(example.passages, 1)]
    return answer_prompt(example.title, passages, example.question, prompt_format, example.earlier)

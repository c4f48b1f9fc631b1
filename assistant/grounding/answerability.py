"""Answerability: whether the passages answer the question, whether a yes or a no is wanted, and which.

Joins what the judge reads in the best passage, what arithmetic says of amounts, and how a trained model would begin
its reply: "Yes", "No" or "Not stated". Words nothing.

    assessment = assess(question, evidence, backend.first_token_logprobs(prompt), adapter.calibration)
    assessment.confidence, assessment.verdict
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from assistant.attributes import speaks_of
from assistant.grounding.calibration import Calibration
from assistant.grounding.evidence import Evidence
from assistant.question import ReadQuestion
from index.quantities import compare

JUDGE, MODEL = "judge", "model"  # the features of what each of the two readers says
# Of an asked amount beside a stated one: in a range or the same, out of it, or unequal to a value.
AMOUNT_FITS, AMOUNT_EXCEEDS, AMOUNT_BELOW = "the amount fits", "the amount exceeds", "the amount is below"
FORM = "the question's form"

_YES, _NO, _NOT_STATED = ("Yes", "Sim"), ("No", "Não", "N"), ("Not",)
_LEAST_LOGPROB = -12.0  # of a first token that is not among the likeliest
_LARGEST_LOGIT = 8.0  # of the model: it is surer of itself than it should be


@dataclass(frozen=True)
class Assessment:
    """Probabilities, in [0, 1]: that the passages answer; and, if they do and it is closed, that the answer is yes.

    `closed` says that the reply is to begin with yes or no, `model_asked` that the model's first token was weighed.
    """

    answerability: float
    yes: float
    closed: bool
    model_asked: bool = False

    @property
    def verdict(self) -> Literal["yes", "no"]:
        """Return what a reply to a closed question is to begin with."""
        return "yes" if self.yes > 0.5 else "no"

    @property
    def claim(self) -> Literal["yes", "no", "answer"]:
        """Return what would be claimed: the verdict on a closed question, else an answer."""
        return self.verdict if self.closed else "answer"

    @property
    def confidence(self) -> float:
        """Return the probability, in [0, 1], that what is claimed is right."""
        return self.answerability * (max(self.yes, 1 - self.yes) if self.closed else 1.0)

    def permits(self, limit: float) -> Literal["claim", "quotation", "refusal"]:
        """Return what a limit of confidence, in [0, 1], lets be said.

        Where the passage is surely the right one, half as far from certainty as the limit, and only the verdict is
        unsure, it is quoted without one.
        """
        if self.confidence >= limit:
            return "claim"
        return "quotation" if self.answerability >= (1 + limit) / 2 else "refusal"


def assess(
    question: ReadQuestion, evidence: Evidence, first_token_logprobs: Mapping[str, float], calibration: Calibration
) -> Assessment:
    """Assess chosen evidence, one passage at least.

    `first_token_logprobs` are the likeliest first tokens of the reply with their natural log-probabilities, by a
    model that was trained to begin with yes, no or "Not stated."; empty for any other. `calibration` is that model's,
    or the judge's own.
    """
    model_asked = bool(first_token_logprobs)
    if evidence.is_overview:
        return Assessment(1.0, 1.0, closed=False, model_asked=model_asked)
    if question.matter and not speaks_of(evidence.best_passage.text, question.matter):
        return Assessment(0.0, 0.5, closed=False, model_asked=model_asked)
    return Assessment(
        calibration.answerable.probability(answerable_features(evidence, first_token_logprobs)),
        calibration.yes.probability(yes_features(question, evidence, first_token_logprobs)),
        calibration.closed.logit(closed_features(question, evidence, first_token_logprobs)) > 0,
        model_asked,
    )


def answerable_features(evidence: Evidence, first_token_logprobs: Mapping[str, float]) -> dict[str, float]:
    """Return the features of `Calibration.answerable`, logits."""
    return {JUDGE: evidence.entailment.answers_logit, MODEL: model_answers_logit(first_token_logprobs)}


def yes_features(
    question: ReadQuestion, evidence: Evidence, first_token_logprobs: Mapping[str, float]
) -> dict[str, float]:
    """Return the features of `Calibration.yes`, logits and indicators."""
    relation = compare(question.text, evidence.best_passage.text)
    return {
        JUDGE: evidence.entailment.yes_logit,
        MODEL: model_yes_logit(first_token_logprobs),
        AMOUNT_FITS: float(relation == "within"),  # the same amount is a yes no more often than a no
        AMOUNT_EXCEEDS: float(relation in ("outside", "above")),
        AMOUNT_BELOW: float(relation == "below"),
    }


def closed_features(
    question: ReadQuestion, evidence: Evidence, first_token_logprobs: Mapping[str, float]
) -> dict[str, float]:
    """Return the features of `Calibration.closed`, logits and an indicator."""
    return {
        JUDGE: evidence.entailment.closed_logit,
        MODEL: model_verdict_logit(first_token_logprobs),
        FORM: float(question.closed),
    }


def is_verdict(token: str) -> bool:
    """Return whether a first token begins a yes, a no or a refusal."""
    return token.strip() in _YES + _NO + _NOT_STATED


def model_answers_logit(first_token_logprobs: Mapping[str, float]) -> float:
    """Return the model's logit that it would say anything but "Not stated."; 0 where none was asked."""
    if not first_token_logprobs:
        return 0.0
    refuses = math.exp(_logprob(first_token_logprobs, _NOT_STATED))
    return _bounded(math.log(max(1 - refuses, 1e-6) / refuses))


def model_yes_logit(first_token_logprobs: Mapping[str, float]) -> float:
    """Return the model's logit of yes over no; 0 where none was asked."""
    return _bounded(_logprob(first_token_logprobs, _YES) - _logprob(first_token_logprobs, _NO))


def model_verdict_logit(first_token_logprobs: Mapping[str, float]) -> float:
    """Return the model's logit that it would begin with yes or no, if it does not refuse; 0 where none was asked.

    "Nylon or cotton?" wants neither.
    """
    if not first_token_logprobs:
        return 0.0
    verdict, refusal = (math.exp(_logprob(first_token_logprobs, words)) for words in (_YES + _NO, _NOT_STATED))
    return _bounded(math.log(max(verdict, 1e-6) / max(1 - refusal - verdict, 1e-6)))


def _bounded(logit: float) -> float:
    return max(-_LARGEST_LOGIT, min(_LARGEST_LOGIT, logit))


def _logprob(first_token_logprobs: Mapping[str, float], words: tuple[str, ...]) -> float:
    total = sum(math.exp(first_token_logprobs[word]) for word in words if word in first_token_logprobs)
    return math.log(total) if total > 0 else _LEAST_LOGPROB

"""Answerability: whether the passages answer the question, whether a yes or a no is wanted, and which.

Joins what the small scorers say of question and passages (`evidence`, `yes_no`) with how a trained model would
begin its reply: "Yes", "No" or "Not stated". Words nothing.

    assessment = assess(question, evidence, backend.first_token_logprobs(prompt))
    assessment.answerability, assessment.yes, assessment.closed
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.grounding.evidence import Evidence
from assistant.grounding.yes_no import yes_logit
from assistant.question import ReadQuestion
from index.linear_model import LinearModel, logit_of, sigmoid

# How the scorers' logits and the model's are joined: logistic regressions on held-out questions.
# `python benchmarks/answerability.py --fit` measures and prints them.
ANSWERABLE = LinearModel({"evidence": 0.99, "the model would not say: not stated": 0.38}, bias=-0.05)
YES = LinearModel({"yes over no in the best passage": 0.51, "the model's yes over its no": 0.48}, bias=-0.22)

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


def assess(question: ReadQuestion, evidence: Evidence, first_token_logprobs: Mapping[str, float]) -> Assessment:
    """Assess chosen evidence, one passage at least.

    `first_token_logprobs` are the likeliest first tokens of the reply with their natural log-probabilities, by a
    model that was trained to begin with yes, no or "Not stated."; empty for any other.
    """
    passage_yes = yes_logit(question, evidence.best_passage)
    if not first_token_logprobs or evidence.answerability == 1.0:
        return Assessment(evidence.answerability, sigmoid(passage_yes), question.closed, bool(first_token_logprobs))
    answerability = ANSWERABLE.probability(answerable_features(evidence, first_token_logprobs))
    yes = YES.probability(yes_features(passage_yes, first_token_logprobs))
    return Assessment(answerability, yes, expects_verdict(first_token_logprobs), model_asked=True)


def answerable_features(evidence: Evidence, first_token_logprobs: Mapping[str, float]) -> dict[str, float]:
    """Return the features of `ANSWERABLE`, logits both."""
    return {
        "evidence": logit_of(evidence.answerability),
        "the model would not say: not stated": model_answers_logit(first_token_logprobs),
    }


def yes_features(passage_yes: float, first_token_logprobs: Mapping[str, float]) -> dict[str, float]:
    """Return the features of `YES`, logits both; `passage_yes` is the `yes_logit` of the best passage."""
    return {
        "yes over no in the best passage": passage_yes,
        "the model's yes over its no": model_yes_logit(first_token_logprobs),
    }


def expects_verdict(first_token_logprobs: Mapping[str, float]) -> bool:
    """Return whether the model would begin with yes or no, if it does not refuse: "nylon or cotton?" wants neither."""
    verdict, refusal = (math.exp(_logprob(first_token_logprobs, words)) for words in (_YES + _NO, _NOT_STATED))
    return verdict > (1 - refusal) / 2


def is_verdict(token: str) -> bool:
    """Return whether a first token begins a yes, a no or a refusal."""
    return token.strip() in _YES + _NO + _NOT_STATED


def model_answers_logit(first_token_logprobs: Mapping[str, float]) -> float:
    """Return the model's logit that it would say anything but "Not stated."."""
    refuses = math.exp(_logprob(first_token_logprobs, _NOT_STATED))
    return max(-_LARGEST_LOGIT, min(_LARGEST_LOGIT, math.log(max(1 - refuses, 1e-6) / refuses)))


def model_yes_logit(first_token_logprobs: Mapping[str, float]) -> float:
    """Return the model's logit of yes over no."""
    difference = _logprob(first_token_logprobs, _YES) - _logprob(first_token_logprobs, _NO)
    return max(-_LARGEST_LOGIT, min(_LARGEST_LOGIT, difference))


def _logprob(first_token_logprobs: Mapping[str, float], words: tuple[str, ...]) -> float:
    total = sum(math.exp(first_token_logprobs[word]) for word in words if word in first_token_logprobs)
    return math.log(total) if total > 0 else _LEAST_LOGPROB

"""Judgement: whether the passages answer the question, whether a yes or a no is wanted, and which.

Joins what the small scorers say of question and passages (`evidence`, `polarity`) with
how a taught model would begin its reply: "Yes", "No" or "Not stated". Words nothing.

    judgement = judge("is it dishwasher safe?", "Harrow Kettle", evidence, backend.openings(prompt, generation))
    judgement.answered, judgement.affirmed, judgement.closed
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.grounding.evidence import Evidence, is_closed
from assistant.grounding.linear_model import linear, logit, probability
from assistant.grounding.yes_no import affirms

# How the evidence scorer's logit and the model's are joined: a logistic regression on held-out questions.
# `python benchmarks/answerability.py --fit` measures and prints them.
ANSWERED_WEIGHTS = (0.99, 0.38)  # of the evidence, of "the model would not say: not stated"
ANSWERED_BIAS = -0.05
AFFIRMED_WEIGHTS = (0.51, 0.48)  # of the polarity of the best passage, of the model's yes over its no
AFFIRMED_BIAS = -0.22

_YES, _NO, _NOT_STATED = ("Yes", "Sim"), ("No", "Não", "N"), ("Not",)
_LEAST_LOGPROB = -12.0  # of a beginning that is not among the likeliest
_LARGEST_LOGIT = 8.0  # of the model: it is surer of itself than it should be


@dataclass(frozen=True)
class Judgement:
    """Probabilities, in [0, 1]: that the passages answer; and, if they do and it is closed, that the answer is yes.

    `closed` says that the reply is to begin with yes or no.
    """

    answered: float
    affirmed: float
    closed: bool


def judge(question: str, title: str, evidence: Evidence, openings: Mapping[str, float]) -> Judgement:
    """Judge chosen evidence, one passage at least.

    `openings` are the likeliest first tokens of the reply with their log-probabilities, by a model
    that was taught to begin with yes, no or "Not stated."; empty for any other.
    """
    polarity = affirms(question, title, evidence.best_passage.text)
    if not openings or evidence.strength == 1.0:
        return Judgement(evidence.strength, probability(polarity), is_closed(question))
    answered = linear(ANSWERED_BIAS, ANSWERED_WEIGHTS, (logit(evidence.strength), says_something_of(openings)))
    affirmed = linear(AFFIRMED_BIAS, AFFIRMED_WEIGHTS, (polarity, says_yes(openings)))
    return Judgement(probability(answered), probability(affirmed), wants_yes_or_no(openings))


def wants_yes_or_no(openings: Mapping[str, float]) -> bool:
    """Say whether the model would begin with yes or no, if it does not refuse: "nylon or cotton?" wants neither."""
    verdict, refusal = (math.exp(_logprob(openings, words)) for words in (_YES + _NO, _NOT_STATED))
    return verdict > (1 - refusal) / 2


def is_verdict(token: str) -> bool:
    """Say whether a first token begins a yes, a no or a refusal."""
    return token.strip() in _YES + _NO + _NOT_STATED


def says_something_of(openings: Mapping[str, float]) -> float:
    """Give the model's logit that it would say anything but "Not stated."."""
    refuses = math.exp(_logprob(openings, _NOT_STATED))
    return max(-_LARGEST_LOGIT, min(_LARGEST_LOGIT, math.log(max(1 - refuses, 1e-6) / refuses)))


def says_yes(openings: Mapping[str, float]) -> float:
    """Give the model's logit of yes over no."""
    difference = _logprob(openings, _YES) - _logprob(openings, _NO)
    return max(-_LARGEST_LOGIT, min(_LARGEST_LOGIT, difference))


def _logprob(openings: Mapping[str, float], words: tuple[str, ...]) -> float:
    total = sum(math.exp(openings[word]) for word in words if word in openings)
    return math.log(total) if total > 0 else _LEAST_LOGPROB

"""Linear models whose value is a logit: the sum itself, and the way from logits to probabilities and back.

probability(linear(bias, weights, features))
"""

import math
from collections.abc import Sequence


def linear(bias: float, weights: Sequence[float], values: Sequence[float]) -> float:
    """Give the bias and the weighted sum of as many values as there are weights."""
    return bias + sum(weight * value for weight, value in zip(weights, values, strict=True))


def probability(logit: float) -> float:
    """Give the probability, in (0, 1), of a logit."""
    return 1 / (1 + math.exp(-logit))


def logit(share: float) -> float:
    """Give the logit of a probability in (0, 1)."""
    return math.log(share / (1 - share))

"""A linear model over named features, whose value is a logit.

For one row of features at a time; many rows at once are the affair of `index.titles.standardised`.

    model = LinearModel({"share of the asked words": 1.2, "cosine": 5.4}, bias=-3.4)
    model.probability({"share of the asked words": 0.5, "cosine": 0.3})
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class LinearModel:
    """A bias, and a weight for each feature by its name; what it gives is a logit, higher is likelier."""

    weights: Mapping[str, float]
    bias: float = 0.0

    def logit(self, features: Mapping[str, float]) -> float:
        """Return the bias and the weighted sum of the features, each of which has to be there."""
        return self.bias + sum(weight * features[name] for name, weight in self.weights.items())

    def probability(self, features: Mapping[str, float]) -> float:
        """Return the probability, in (0, 1), that the logit stands for."""
        return sigmoid(self.logit(features))

    def explain(self, features: Mapping[str, float]) -> dict[str, float]:
        """Return what each feature adds to the logit, the weightiest first; the bias is left out."""
        parts = {name: weight * features[name] for name, weight in self.weights.items()}
        return dict(sorted(parts.items(), key=lambda part: -abs(part[1])))


def sigmoid(logit: float) -> float:
    """Return the probability, in (0, 1), of a logit."""
    return 1 / (1 + math.exp(-logit))


def logit_of(probability: float) -> float:
    """Return the logit of a probability in (0, 1)."""
    return math.log(probability / (1 - probability))

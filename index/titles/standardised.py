"""A linear model over standardised features by name: as `index.linear_model`, for many candidates at once.

What it gives is exactly the sum over (value - mean) / spread · weight: weights can be compared with each other.

    model = StandardisedModel({"trigram_cosine": Term(mean=0.3, spread=0.2, weight=1.4)}, bias=-0.5)
    model.logits(matrix)                            # (n,) float64, one for each candidate
    model.probability({"trigram_cosine": 0.7})
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.titles.features import FeatureMatrix

Doubles = NDArray[np.float64]
MAX_LOGIT = 30.0  # either way; more would leave no doubt


class Term(NamedTuple):
    """What a model knows of one feature: its mean and spread where it was trained, and its weight in spreads."""

    mean: float
    spread: float
    weight: float


@dataclass(frozen=True)
class StandardisedModel:
    """A bias, and a term for each feature by its name; what it gives is a logit, higher is likelier."""

    terms: Mapping[str, Term]
    bias: float = 0.0

    @classmethod
    def of(
        cls, names: Sequence[str], mean: Doubles, spread: Doubles, weights: Doubles, bias: float = 0.0
    ) -> "StandardisedModel":
        """Return the model of d names, with an array (d,) of each part of the terms."""
        rows = zip(names, mean.tolist(), spread.tolist(), weights.tolist(), strict=True)
        return cls({name: Term(*term) for name, *term in rows}, bias)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "StandardisedModel":
        """Read what `to_json` gave."""
        return cls({name: Term(**term) for name, term in data["weights"].items()}, float(data["intercept"]))

    def to_json(self) -> dict[str, Any]:
        """Return the model as JSON, each weight beside the name of its feature."""
        return {"intercept": self.bias, "weights": {name: term._asdict() for name, term in self.terms.items()}}

    def logits(self, matrix: FeatureMatrix) -> Doubles:
        """Return the logit of each candidate, (n,) float64; the matrix holds every feature of the model."""
        logits: Doubles = self._logits(matrix.values_of(self._names))
        return logits

    def logit(self, features: Mapping[str, float]) -> float:
        """Return the logit of one row of features, each of which has to be there."""
        return float(self._logits(np.array([features[name] for name in self._names])))

    def probability(self, features: Mapping[str, float]) -> float:
        """Return the probability, in (0, 1), that the logit stands for."""
        return float(1 / (1 + np.exp(-np.clip(self.logit(features), -MAX_LOGIT, MAX_LOGIT))))

    def explain(self, features: Mapping[str, float]) -> dict[str, float]:
        """Return what each feature adds to the logit, the weightiest first; the bias is left out."""
        parts = {name: (features[name] - term.mean) / term.spread * term.weight for name, term in self.terms.items()}
        return dict(sorted(parts.items(), key=lambda part: -abs(part[1])))

    def _logits(self, values: NDArray[Any]) -> Any:
        mean, spread, weights = self._arrays
        return ((values - mean) / spread) @ weights + self.bias

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.terms)

    @cached_property
    def _arrays(self) -> Doubles:
        """The terms as (3, d) float64: means, spreads, weights."""
        arrays: Doubles = np.ascontiguousarray(np.array(list(self.terms.values())).T)
        return arrays

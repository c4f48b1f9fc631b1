"""A conditional logit: which of some options is chosen, by what speaks for each; fitted for the models of the talk.

names, matrices = as_matrices(options_of_each_choice)
weights = fit([Choice(matrix, right) for matrix, right in zip(matrices, rights)], shrinkage=1e-3)
softmax(matrix @ weights)           # (options,): the chance of each
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """What speaks for each option, (options, features), which one is right, and how much that counts."""

    matrix: Floats
    right: int
    weight: float = 1.0


def as_matrices(choices: Sequence[Sequence[Mapping[str, float]]]) -> tuple[list[str], list[Floats]]:
    """Return the names of all features, and for each choice those of its options, (options, features)."""
    names = list(dict.fromkeys(name for options in choices for features in options for name in features))
    return names, [np.array([[each.get(name, 0.0) for name in names] for each in options]) for options in choices]


def fit(choices: Sequence[Choice], shrinkage: float) -> Floats:
    """Return the weights, (features,), of the largest penalised likelihood; `shrinkage` is that of their squares."""
    from scipy.optimize import minimize

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, gradient = 0.0, np.zeros_like(weights)
        for choice in choices:
            shares = softmax(choice.matrix @ weights)
            total -= choice.weight * float(np.log(shares[choice.right] + 1e-12))
            shares[choice.right] -= 1
            gradient += choice.weight * (choice.matrix.T @ shares)
        penalty = shrinkage * weights
        return total / len(choices) + float(penalty @ weights) / 2, gradient / len(choices) + penalty

    found: Floats = minimize(loss, np.zeros(choices[0].matrix.shape[1]), jac=True, method="L-BFGS-B").x
    return found


def softmax(logits: Floats) -> Floats:
    """Return the shares, (n,), that logits stand for."""
    raised = np.exp(logits - logits.max())
    shares: Floats = raised / raised.sum()
    return shares


def as_weights(names: Sequence[str], weights: Floats) -> dict[str, float]:
    """Return weights by the names of their features, as they are shipped."""
    return {name: round(float(weight), 3) for name, weight in zip(names, weights, strict=True)}

"""Training the ranker on questions whose product is known, or known to be absent.

The ranker that is shipped was trained by `benchmarks/title_ranker.py` on real questions about two shops; its features
are relative to a catalogue, so that what it learnt there holds in another one.

    ranker = fit_ranker([LabelledQuery(query, matrix, relevant)])
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.settings import IndexSettings
from index.titles.features import FeatureMatrix
from index.titles.query import Query
from index.titles.ranker import Ranker, examine
from index.titles.standardised import Doubles, StandardisedModel

# What can only speak against a candidate, and what may speak either way; all else speaks for it or not at all. Without
# these signs, features that go together get weights that cancel out on the training queries and on nothing else.
AGAINST = frozenset(
    {
        "model_number_conflict",
        "model_digits_conflict",
        "number_conflict",
        "number_swapped",
        "variant_conflict",
        "rivals",
        "unmatched_mass",
        "unmatched_beside",
        "unmatched_novel_beside",
        "unmatched_beside_share",
        "unmatched_number_beside",
        "unmatched_code_beside",
        "unmatched_apart",
        "unmatched_number_apart",
        "contradicted_though_covered",
        "pointing",
    }
)
EITHER = frozenset({"length_ratio", "content_words"})
FOLDS = 2
LEAST_SPREAD = 1e-3  # is added to every spread: a feature that never varied is divided by it
CERTAIN = 3.0  # logit of what always happened


@dataclass(frozen=True)
class LabelledQuery:
    """A query with its n candidates; `relevant` (n,) bool marks those that are meant, none where absent.

    It counts `weight` times, and `absent_weight` times more with its titles taken away. Where it fits k titles alike,
    the first of them is the one that is meant in one case of k.
    """

    query: Query
    matrix: FeatureMatrix
    relevant: NDArray[np.bool_]
    weight: float = 1.0
    absent_weight: float = 0.0

    @property
    def with_both(self) -> bool:
        """Return whether it has a right and a wrong candidate."""
        return bool(self.relevant.any() and not self.relevant.all())

    @property
    def meant(self) -> int:
        """Count the titles that are meant, 1 at least."""
        return max(1, len({title for title, right in zip(self.matrix.titles, self.relevant, strict=True) if right}))

    def without_relevant(self) -> "LabelledQuery":
        """Take the right candidates away, as if the catalogue did not hold them."""
        kept = ~self.relevant
        return replace(self, matrix=self.matrix.only(kept), relevant=self.relevant[kept], weight=self.absent_weight)


def fit_ranker(queries: Sequence[LabelledQuery], settings: IndexSettings = IndexSettings(), *, seed: int = 0) -> Ranker:
    """Fit the order and the probabilities; these on orders by a model that never saw the query (two folds).

    Raises `ValueError` where too few queries have a right and a wrong candidate.
    """
    mixed = random.Random(seed).sample(list(queries), len(queries))  # noqa: S311 - an order, no secret
    folds = [mixed[number::FOLDS] for number in range(FOLDS)]
    if not all(any(one.with_both for one in fold) for fold in folds):
        raise ValueError("a ranker needs queries with right and wrong candidates in both halves")
    rows: list[dict[str, float]] = []
    first: list[float] = []
    four: list[float] = []
    weights: list[float] = []
    for number, unseen in enumerate(folds):
        utility = _fit_utility([one for other in folds if other is not folds[number] for one in other], settings)
        absent = [one.without_relevant() for one in unseen if one.with_both and one.absent_weight]
        for one in [*unseen, *absent]:
            examined = examine(utility, one.query, one.matrix, settings)
            rows.append(examined.features)
            first.append(float(one.relevant[examined.order[0]]) / one.meant)
            four.append(float(one.relevant[examined.order[: settings.max_candidates]].any()))
            weights.append(one.weight)
    return Ranker(
        _fit_utility(mixed, settings),
        _fit_probability(rows, first, weights),
        _fit_probability(rows, four, weights),
        settings,
    )


def _fit_utility(queries: Sequence[LabelledQuery], settings: IndexSettings) -> StandardisedModel:
    """Maximise the softmax share of the right candidates, with a ridge on the weights."""
    from scipy.optimize import minimize

    queries = [one for one in queries if one.with_both]
    names = queries[0].matrix.names
    features = np.concatenate([one.matrix.values_of(names) for one in queries]).astype(np.float64)
    relevant = np.concatenate([one.relevant for one in queries])
    lengths = np.array([len(one.relevant) for one in queries])
    starts = np.cumsum(lengths) - lengths
    query = np.repeat(np.arange(len(queries)), lengths)
    mean, spread = features.mean(axis=0), features.std(axis=0) + LEAST_SPREAD
    table = (features - mean) / spread
    ridge = settings.ridge

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        value = table @ weights
        value -= np.maximum.reduceat(value, starts)[query]
        weight = np.exp(value)
        share = weight / np.add.reduceat(weight, starts)[query]
        right_share = np.add.reduceat(share * relevant, starts) + 1e-12
        slope = table.T @ (share - share * relevant / right_share[query]) / len(queries)
        return float(-np.log(right_share).mean() + ridge * weights @ weights), slope + 2 * ridge * weights

    weights = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", bounds=_bounds(names)).x
    return StandardisedModel.of(names, mean, spread, weights)


def _fit_probability(
    rows: Sequence[dict[str, float]], happened: Sequence[float], weights: Sequence[float]
) -> StandardisedModel:
    """Fit a logistic regression to rows that count so much, `happened` in [0, 1].

    Where one outcome never came, it says so with little doubt.
    """
    from scipy.optimize import minimize

    names = tuple(rows[0])
    features = np.array([[row[name] for name in names] for row in rows])
    mean, spread = features.mean(axis=0), features.std(axis=0) + LEAST_SPREAD
    if set(happened) in ({0.0}, {1.0}):
        return StandardisedModel.of(names, mean, spread, np.zeros(len(names)), CERTAIN if happened[0] else -CERTAIN)
    table = np.column_stack([(features - mean) / spread, np.ones(len(rows))])
    wanted, count = np.array(happened), np.array(weights)

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        logits = table @ weights
        slope = (count * (1 / (1 + np.exp(-np.clip(logits, -500, 500))) - wanted)) @ table
        slope[:-1] += weights[:-1]
        return float(count @ (np.logaddexp(0, logits) - wanted * logits) + weights[:-1] @ weights[:-1] / 2), slope

    bounds = [*_bounds(names), (None, None)]
    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return StandardisedModel.of(names, mean, spread, found[:-1], float(found[-1]))


def _bounds(names: Sequence[str]) -> list[tuple[float | None, float | None]]:
    """Return the least and the greatest weight of each feature."""
    return [(None, None) if name in EITHER else (None, 0.0) if name in AGAINST else (0.0, None) for name in names]

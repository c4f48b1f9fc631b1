"""Which candidate is meant, and how sure that is: two small linear models over named features.

The first orders the candidates: a conditional logit (McFadden 1974), a softmax over the
candidates of one question. The second says how probable it is that the best one is meant
at all, and that one of the best four is. Both are fit at index time on noisy views of the
catalogue's own titles, some with the title left out, and stored as readable JSON.

    ranker = Ranker.fit(samples, seed=0)
    judgement = ranker.judge(question, comparison)
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.text import FRAME_WORDS
from index.titles.features import NAMES, Comparison
from index.titles.query import Question

RANKER_FILE = "ranker.json"
OFFERED = 4
ABSENT_SHARE = 0.35  # every view serves again with its title taken away, and counts as so much of one
RIDGE = 0.03
TOLD_APART = 0.1  # of the weight of the question's rarest word: less than this tells no two titles apart
FULLY_COVERED = 0.98
# Of the best candidate's features, those that tell whether it is the one; the others are about all candidates.
OF_BEST = (
    "trigram_cosine",
    "question_trigrams_covered",
    "title_trigrams_covered",
    "question_words_nearly_covered",
    "best_run_of_question_covered",
    "title_words_covered",
    "title_words_nearly_covered",
    "rarest_word_covered",
    "model_number_in_question",
    "model_number_nearly",
    "model_number_conflict",
    "model_digits_conflict",
    "number_conflict",
    "variant_conflict",
    "title_in_question",
)
DECISION_NAMES = (
    "utility",
    "share_of_best",
    "share_of_four",
    "margin",
    "rivals",
    "matched_mass",
    "unmatched_mass",
    "contradicted_though_covered",
    "content_words",
    "pointing",
    *OF_BEST,
)

# What can only speak against a candidate, and what may speak either way; all else speaks for it or not at all. Without
# these signs, features that go together get weights that cancel out on the lessons and on nothing else.
AGAINST = frozenset(
    {
        "model_number_conflict",
        "model_digits_conflict",
        "number_conflict",
        "variant_conflict",
        "rivals",
        "unmatched_mass",
        "contradicted_though_covered",
        "pointing",
    }
)
EITHER = frozenset({"length_ratio", "content_words"})

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """A view with its candidates; `right` (n,) bool marks those that are meant, none where absent."""

    question: Question
    comparison: Comparison
    right: NDArray[np.bool_]


@dataclass(frozen=True)
class Judgement:
    """Candidates in order, best first, and what is believed of them.

    `order` (n,) are rows of the comparison, `share` (n,) of the best one's weight, in that order;
    `rivals` are places in that order whose titles the question cannot tell from the best;
    `first` is the probability that the best is meant, `four` that one of the best four is.
    """

    order: NDArray[np.int64]
    share: Doubles
    rivals: tuple[int, ...]
    first: float
    four: float


@dataclass(frozen=True)
class Reason:
    """What one feature said: its value, that of the runner-up where one is compared with, and how much it weighed.

    `weight` is in logits: above 0 it spoke for the best candidate, or for being sure of it.
    """

    feature: str
    value: float
    other: float | None
    weight: float


@dataclass(frozen=True)
class Linear:
    """A linear model over standardised features."""

    mean: Doubles
    spread: Doubles
    weights: Doubles
    intercept: float = 0.0

    def __call__(self, features: Any) -> Any:
        """Give one number a row; higher is likelier."""
        return ((features - self.mean) / self.spread) @ self.weights + self.intercept

    def parts(self, features: Any) -> Any:
        """Give what each feature adds to the number, the intercept apart; (…, n) → (…, n)."""
        return (features - self.mean) / self.spread * self.weights


@dataclass(frozen=True)
class Ranker:
    """The order and the two calibrated probabilities."""

    utility: Linear
    first: Linear
    four: Linear

    def judge(self, question: Question, comparison: Comparison) -> Judgement:
        """Order the candidates of a question and say how sure that order is."""
        order, utilities, rivals, features = _examine(self.utility, question, comparison)
        share = np.exp(utilities - utilities[0])
        first, four = _sigmoid(self.first(features)), _sigmoid(self.four(features))
        return Judgement(order, share, rivals, first, max(first, four))

    def explain(self, question: Question, comparison: Comparison) -> tuple[list[Reason], list[Reason]]:
        """Say why the best candidate is before the second, and why it is so sure; the weightiest reason first."""
        order, _, _, features = _examine(self.utility, question, comparison)
        best = comparison.features[order[0]].astype(np.float64)
        second = comparison.features[order[min(1, len(order) - 1)]].astype(np.float64)
        apart = self.utility.parts(best) - self.utility.parts(second)
        before = [
            Reason(name, float(one), float(other), float(weight))
            for name, one, other, weight in zip(NAMES, best, second, apart, strict=True)
        ]
        sure = [
            Reason(name, float(value), None, float(weight))
            for name, value, weight in zip(DECISION_NAMES, features, self.first.parts(features), strict=True)
        ]
        return _weightiest(before), _weightiest(sure)

    @classmethod
    def fit(cls, samples: Sequence[Sample]) -> "Ranker":
        """Fit on views of titles.

        The probabilities are fit on orders by a ranker that never saw the view (two folds);
        some views serve again with their title taken away. Raises `ValueError` where
        too few views have a right and a wrong candidate.
        """
        if len(_learnable(samples[0::2])) == 0 or len(_learnable(samples[1::2])) == 0:
            raise ValueError("a ranker needs views with right and wrong candidates in both halves")
        rows: list[Doubles] = []
        first: list[bool] = []
        four: list[bool] = []
        counts: list[float] = []
        for seen, unseen in ((samples[0::2], samples[1::2]), (samples[1::2], samples[0::2])):
            utility = _fit_utility(_learnable(seen))
            absent = [_without_right(sample) for sample in _learnable(unseen)]
            counts += [1.0] * len(unseen) + [ABSENT_SHARE] * len(absent)
            for sample in [*unseen, *absent]:
                order, _, _, features = _examine(utility, sample.question, sample.comparison)
                rows.append(features)
                first.append(bool(sample.right[order[0]]))
                four.append(bool(sample.right[order[:OFFERED]].any()))
        table = np.stack(rows)
        return cls(
            _fit_utility(_learnable(samples)),
            _fit_probability(table, first, counts),
            _fit_probability(table, four, counts),
        )

    def save(self, folder: Path) -> None:
        """Write the weights as JSON, each beside the name of its feature."""
        (folder / RANKER_FILE).write_text(
            json.dumps(
                {
                    "utility": _to_json(self.utility, NAMES),
                    "first": _to_json(self.first, DECISION_NAMES),
                    "four": _to_json(self.four, DECISION_NAMES),
                },
                indent=1,
            ),
            encoding="utf-8",
        )

    @classmethod
    def load(cls, folder: Path) -> "Ranker":
        """Read what `save` wrote."""
        data = json.loads((folder / RANKER_FILE).read_text(encoding="utf-8"))
        return cls(
            _from_json(data["utility"], NAMES),
            _from_json(data["first"], DECISION_NAMES),
            _from_json(data["four"], DECISION_NAMES),
        )


def _weightiest(reasons: Sequence[Reason]) -> list[Reason]:
    return sorted(reasons, key=lambda reason: -abs(reason.weight))


def _examine(
    utility: Linear, question: Question, comparison: Comparison
) -> tuple[NDArray[np.int64], Doubles, tuple[int, ...], Doubles]:
    """Give the order, the utilities in that order, the rivals of the best and the decision features."""
    values = utility(comparison.features)
    order = np.argsort(-values, kind="stable")
    utilities = values[order]
    best = int(order[0])
    title = comparison.titles[best]
    others = np.array([comparison.titles[place] != title for place in order])
    rivals = _rivals(question, comparison, best, order)
    weight = np.exp(utilities - utilities[0])
    # Products of one title count once: which of them is meant no title can say.
    distinct = np.concatenate([[1.0], weight[others]])
    margin = utilities[0] - utilities[others][0] if others.any() else 10.0
    content_words = sum(word not in FRAME_WORDS for word in question.words)
    features = [
        utilities[0],
        1 / distinct.sum(),
        distinct[:OFFERED].sum() / distinct.sum(),
        min(margin, 10.0),
        np.log1p(len(rivals)),
        np.log1p(float(comparison.covered[best] @ question.weights)),
        np.log1p(float((1 - comparison.covered[best]) @ question.weights)),
        _of(comparison, best, "question_words_nearly_covered")
        * max(_of(comparison, best, name) for name in ("variant_conflict", "number_conflict", "model_digits_conflict")),
        np.log1p(content_words),
        float(question.pointing),
        *comparison.features[best, [NAMES.index(name) for name in OF_BEST]],
    ]
    return order, utilities, rivals, np.array(features, dtype=np.float64)


def _of(comparison: Comparison, place: int, feature: str) -> float:
    return float(comparison.features[place, NAMES.index(feature)])


def _rivals(question: Question, comparison: Comparison, best: int, order: NDArray[np.int64]) -> tuple[int, ...]:
    """Give the places in the order of other titles that cover all that the best one covers.

    A title that stands in the question in full has no rivals: its longer twin would have been named so.
    """
    if comparison.features[best, NAMES.index("title_words_covered")] >= FULLY_COVERED:
        return ()
    lost = np.maximum(comparison.covered[best] - comparison.covered, 0) @ question.weights
    near = lost <= TOLD_APART * question.weights.max(initial=0)
    title = comparison.titles[best]
    return tuple(place for place, row in enumerate(order.tolist()) if near[row] and comparison.titles[row] != title)


def _learnable(samples: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.right.any() and not sample.right.all()]


def _without_right(sample: Sample) -> Sample:
    """Take the right candidates away, as if the catalogue did not hold them."""
    kept = ~sample.right
    titles = tuple(title for title, keep in zip(sample.comparison.titles, kept, strict=True) if keep)
    comparison = Comparison(titles, sample.comparison.features[kept], sample.comparison.covered[kept])
    return Sample(sample.question, comparison, sample.right[kept])


def _fit_utility(samples: Sequence[Sample]) -> Linear:
    """Maximise the softmax share of the right candidates, with a ridge on the weights."""
    from scipy.optimize import minimize

    features = np.concatenate([sample.comparison.features for sample in samples]).astype(np.float64)
    right = np.concatenate([sample.right for sample in samples])
    lengths = np.array([len(sample.right) for sample in samples])
    starts = np.cumsum(lengths) - lengths
    question = np.repeat(np.arange(len(samples)), lengths)
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-3
    table = (features - mean) / spread

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        value = table @ weights
        value -= np.maximum.reduceat(value, starts)[question]
        weight = np.exp(value)
        share = weight / np.add.reduceat(weight, starts)[question]
        right_share = np.add.reduceat(share * right, starts) + 1e-12
        slope = table.T @ (share - share * right / right_share[question]) / len(samples)
        return float(-np.log(right_share).mean() + RIDGE * weights @ weights), slope + 2 * RIDGE * weights

    weights = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B", bounds=_bounds(NAMES)).x
    return Linear(mean, spread, weights)


def _fit_probability(table: Doubles, happened: Sequence[bool], counts: Sequence[float]) -> Linear:
    """Fit a logistic regression to rows that count so much; where one outcome never came, say so with little doubt."""
    from scipy.optimize import minimize

    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-3
    if len(set(happened)) == 1:
        return Linear(mean, spread, np.zeros(table.shape[1]), 3.0 if happened[0] else -3.0)
    rows = np.column_stack([(table - mean) / spread, np.ones(len(table))])
    sign, count = np.where(happened, 1.0, -1.0), np.array(counts)

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        agreed = sign * (rows @ weights)
        slope = -(count * sign / (1 + np.exp(np.clip(agreed, -500, 500)))) @ rows
        slope[:-1] += weights[:-1]
        return float(count @ np.logaddexp(0, -agreed) + weights[:-1] @ weights[:-1] / 2), slope

    bounds = [*_bounds(DECISION_NAMES), (None, None)]
    weights = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Linear(mean, spread, weights[:-1], float(weights[-1]))


def _bounds(names: Sequence[str]) -> list[tuple[float | None, float | None]]:
    """Give the least and the greatest weight of each feature."""
    return [(None, None) if name in EITHER else (None, 0.0) if name in AGAINST else (0.0, None) for name in names]


def _to_json(model: Linear, names: Sequence[str]) -> dict[str, Any]:
    rows = zip(names, model.mean, model.spread, model.weights, strict=True)
    weights = {name: {"mean": float(a), "spread": float(b), "weight": float(c)} for name, a, b, c in rows}
    return {"intercept": model.intercept, "weights": weights}


def _from_json(data: dict[str, Any], names: Sequence[str]) -> Linear:
    rows = [data["weights"][name] for name in names]
    mean, spread, weights = (np.array([row[key] for row in rows]) for key in ("mean", "spread", "weight"))
    return Linear(mean, spread, weights, float(data["intercept"]))


def _sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(value, -30, 30))))

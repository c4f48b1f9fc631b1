"""Which candidate is meant, and how sure that is: two small linear models over named features.

The first orders the candidates: a conditional logit (McFadden 1974), a softmax over the
candidates of one query. The second says how probable it is that the best one is meant
at all, and that one of the best four is. `index.titles.ranker_training` trains both when the index
is built; they are stored as readable JSON.

    query, rows, matrix = retriever.candidates("is the Harrow kettle loud?")
    ranked = Ranker.load(folder).rank(query, matrix)
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.settings import IndexSettings
from index.text import FRAME_WORDS
from index.titles.features import FeatureMatrix
from index.titles.query import Query
from index.titles.standardised import Doubles, StandardisedModel

RANKER_FILE = "ranker.json"
MAX_MARGIN = 10.0  # in logits; more makes nothing surer
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
CONTRADICTIONS = ("variant_conflict", "number_conflict", "model_digits_conflict")


@dataclass(frozen=True)
class RankedCandidates:
    """n candidates in order, best first, and what is believed of them.

    `order` (n,) int64 are rows of the feature matrix, `share` (n,) float64 of the best one's weight, in that order;
    `rivals` are places in that order whose titles the query cannot tell from the best;
    `first` is the probability that the best is meant, `four` that one of the best four is.
    """

    order: NDArray[np.int64]
    share: Doubles
    rivals: tuple[int, ...]
    first: float
    four: float


@dataclass(frozen=True)
class Reason:
    """What one feature adds: its value, that of the runner-up where one is compared with, and how much it weighs.

    `weight` is in logits: above 0 it speaks for the best candidate, or for being sure of it.
    """

    feature: str
    value: float
    other: float | None
    weight: float


@dataclass(frozen=True)
class Examined:
    """n candidates as the model of the order sees them: `order`, `rivals` as in `RankedCandidates`.

    `utilities` (n,) float64 are the logits in that order; `features` are those of the probabilities, by name.
    """

    order: NDArray[np.int64]
    utilities: Doubles
    rivals: tuple[int, ...]
    features: dict[str, float]


@dataclass(frozen=True)
class Ranker:
    """The order and the two calibrated probabilities."""

    utility: StandardisedModel
    first: StandardisedModel
    four: StandardisedModel
    settings: IndexSettings = IndexSettings()

    def rank(self, query: Query, matrix: FeatureMatrix) -> RankedCandidates:
        """Order the candidates of a query, and say how sure that order is."""
        seen = examine(self.utility, query, matrix, self.settings)
        first, four = self.first.probability(seen.features), self.four.probability(seen.features)
        share = np.exp(seen.utilities - seen.utilities[0])
        return RankedCandidates(seen.order, share, seen.rivals, first, max(first, four))

    def explain(self, query: Query, matrix: FeatureMatrix) -> tuple[list[Reason], list[Reason]]:
        """Return why the best candidate is before the second, and why it is so sure; the weightiest reason first."""
        seen = examine(self.utility, query, matrix, self.settings)
        best, second = (matrix.row(int(seen.order[min(place, len(seen.order) - 1)])) for place in (0, 1))
        for_best, for_second = self.utility.explain(best), self.utility.explain(second)
        before = [Reason(name, best[name], second[name], for_best[name] - for_second[name]) for name in matrix.names]
        sure = [
            Reason(name, seen.features[name], None, part) for name, part in self.first.explain(seen.features).items()
        ]
        return sorted(before, key=lambda reason: -abs(reason.weight)), sure

    def save(self, folder: Path) -> None:
        """Write the weights as JSON, each beside the name of its feature."""
        models = {"utility": self.utility, "first": self.first, "four": self.four}
        data = {name: model.to_json() for name, model in models.items()}
        (folder / RANKER_FILE).write_text(json.dumps(data, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, settings: IndexSettings = IndexSettings()) -> "Ranker":
        """Read what `save` wrote."""
        data = json.loads((folder / RANKER_FILE).read_text(encoding="utf-8"))
        utility, first, four = (StandardisedModel.from_json(data[name]) for name in ("utility", "first", "four"))
        return cls(utility, first, four, settings)


def examine(utility: StandardisedModel, query: Query, matrix: FeatureMatrix, settings: IndexSettings) -> Examined:
    """Order the candidates by their utilities, and measure what tells how sure that order is."""
    values = utility.logits(matrix)
    order = np.argsort(-values, kind="stable")
    utilities = values[order]
    best = int(order[0])
    others = np.array([matrix.titles[place] != matrix.titles[best] for place in order])
    rivals = _rivals(query, matrix, order, settings)
    weight = np.exp(utilities - utilities[0])
    # Products of one title count once: which of them is meant no title can say.
    distinct = np.concatenate([[1.0], weight[others]])
    margin = utilities[0] - utilities[others][0] if others.any() else MAX_MARGIN
    row, covered = matrix.row(best), matrix.covered[best]
    features = {
        "utility": float(utilities[0]),
        "share_of_best": float(1 / distinct.sum()),
        "share_of_four": float(distinct[: settings.max_candidates].sum() / distinct.sum()),
        "margin": float(min(margin, MAX_MARGIN)),
        "rivals": float(np.log1p(len(rivals))),
        "matched_mass": float(np.log1p(float(covered @ query.weights))),
        "unmatched_mass": float(np.log1p(float((1 - covered) @ query.weights))),
        "contradicted_though_covered": row["question_words_nearly_covered"] * max(row[name] for name in CONTRADICTIONS),
        "content_words": float(np.log1p(sum(word not in FRAME_WORDS for word in query.words))),
        "pointing": float(query.pointing),
    }
    return Examined(order, utilities, rivals, features | {name: row[name] for name in OF_BEST})


def _rivals(query: Query, matrix: FeatureMatrix, order: NDArray[np.int64], settings: IndexSettings) -> tuple[int, ...]:
    """Return the places in the order of other titles that cover all that the best one covers.

    A title that stands in the query in full has no rivals: its longer twin would have been named so.
    """
    best = int(order[0])
    if matrix.column("title_words_covered")[best] >= settings.fully_covered:
        return ()
    with np.errstate(invalid="ignore"):  # OpenBLAS's AVX-512 kernels raise it now and then, for finite numbers
        lost = np.maximum(matrix.covered[best] - matrix.covered, 0) @ query.weights
    near = lost <= settings.least_difference * query.weights.max(initial=0)
    title = matrix.titles[best]
    return tuple(place for place, row in enumerate(order.tolist()) if near[row] and matrix.titles[row] != title)

"""Which candidate is meant, and how sure that is: two small linear models over named features.

The first orders the candidates: a conditional logit (McFadden 1974), a softmax over the
candidates of one query. The second says how probable it is that the best one is meant
at all, and that one of the best four is. `index.titles.ranker_training` trains both; those that
are shipped are readable JSON, and serve every catalogue.

    query, rows, matrix = retriever.candidates("is the Harrow kettle loud?")
    ranked = Ranker.shipped().rank(query, matrix)
"""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.artefacts import read_json
from index.errors import ArtefactError
from index.settings import IndexSettings
from index.text import ATTRIBUTE_WORDS, FRAME_WORDS
from index.titles.encoder import Floats
from index.titles.features import FeatureMatrix
from index.titles.query import Query
from index.titles.standardised import Doubles, StandardisedModel

ASKED_WITH = FRAME_WORDS | ATTRIBUTE_WORDS
SHIPPED = Path(__file__).with_name("ranker.json")
NUMBERS_COUNT = 2.0  # times as much as another word, where the best candidate lacks one
HELD = 0.75  # a word so well covered is one of the title
MAX_MARGIN = 6.0  # in logits; more makes nothing surer
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
    "number_swapped",
    "variant_conflict",
    "title_in_question",
)
CONFLICTS = ("model_number_conflict", "model_digits_conflict", "number_conflict", "variant_conflict")
CONTRADICTIONS = ("variant_conflict", "number_conflict", "number_swapped", "model_digits_conflict")


@dataclass(frozen=True)
class RankedCandidates:
    """n candidates in order, best first, and what is believed of them.

    `order` (n,) int64 are rows of the feature matrix, `share` (n,) float64 of the best one's weight, in that order;
    `rivals` are places in that order whose titles the query cannot tell from the best; `first` is the probability
    that the best is meant, `four` that one of the best four is; `unmatched` is the share, 0 to 1, of what the query
    names that the best title leaves out; `missing` are words of the query that no likely one of the four holds, though
    they stand beside those that one does.
    """

    order: NDArray[np.int64]
    share: Doubles
    rivals: tuple[int, ...]
    first: float
    four: float
    unmatched: float
    missing: tuple[str, ...]


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
class Explanation:
    """Why the best candidate is the best: what each word of the question weighs, and what each feature adds.

    `before_second` compares it with the next one, `sure` says how probable it is that it is meant at all; both have
    the weightiest reason first. Against it speak the words of the question that it `lacks`, the `conflicts` (of
    `CONFLICTS`), and the `rivals` that fit as well. An identifier in the question decides alone, and is not among them.
    """

    words: tuple[tuple[str, float], ...]
    before_second: tuple[Reason, ...]
    sure: tuple[Reason, ...]
    lacks: tuple[str, ...]
    conflicts: tuple[str, ...]
    rivals: int


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
        four_best = seen.order[: self.settings.max_candidates]
        likely = four_best[share[: len(four_best)] >= self.settings.least_share]
        missing = _missing(query, matrix.covered[likely])
        unmatched = seen.features["unmatched_beside_share"]
        return RankedCandidates(seen.order, share, seen.rivals, first, max(first, four), unmatched, missing)

    def explain(self, query: Query, matrix: FeatureMatrix) -> "Explanation":
        """Return why the best candidate is before the second, and what speaks against it."""
        seen = examine(self.utility, query, matrix, self.settings)
        best, second = (matrix.row(int(seen.order[min(place, len(seen.order) - 1)])) for place in (0, 1))
        for_best, for_second = self.utility.explain(best), self.utility.explain(second)
        before = [Reason(name, best[name], second[name], for_best[name] - for_second[name]) for name in matrix.names]
        sure = [
            Reason(name, seen.features[name], None, part) for name, part in self.first.explain(seen.features).items()
        ]
        words = sorted(zip(query.words, query.weights.tolist(), strict=True), key=lambda pair: -pair[1])
        lacks = _missing(query, matrix.covered[seen.order[:1]])
        conflicts = tuple(name for name in CONFLICTS if best[name] > 0)
        before.sort(key=lambda reason: -abs(reason.weight))
        return Explanation(tuple(words), tuple(before), tuple(sure), lacks, conflicts, len(seen.rivals))

    def save(self, path: Path) -> None:
        """Write the weights as JSON, each beside the name of its feature."""
        models = {"utility": self.utility, "first": self.first, "four": self.four}
        data = {name: model.to_json() for name, model in models.items()}
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path, settings: IndexSettings = IndexSettings()) -> "Ranker":
        """Read what `save` wrote. Raises `ArtefactError` where it is something else."""
        try:
            data = read_json(path)
            utility, first, four = (StandardisedModel.from_json(data[name]) for name in ("utility", "first", "four"))
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ArtefactError(
                f"{path} is damaged",
                "the weights of a ranker",
                "pip install --force-reinstall --no-deps titlewise",
            ) from exc
        return cls(utility, first, four, settings)

    @classmethod
    def shipped(cls, settings: IndexSettings = IndexSettings()) -> "Ranker":
        """Return the ranker that serves every catalogue."""
        return cls.load(SHIPPED, settings)


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
        **_unmatched(query, covered),
        "contradicted_though_covered": row["question_words_nearly_covered"] * max(row[name] for name in CONTRADICTIONS),
        "content_words": float(np.log1p(sum(word not in FRAME_WORDS for word in query.words))),
        "pointing": float(query.pointing) / max(1, len(set(query.words) - ASKED_WITH)),
    }
    features |= {name: row[name] for name in OF_BEST}
    features["title_in_question"] *= 1 - features["unmatched_beside_share"]
    return Examined(order, utilities, rivals, features)


def _unmatched(query: Query, covered: Floats) -> dict[str, float]:
    """Return the weight of what the best candidate leaves out of the question, by where and what it is.

    A word beside the title's own, no word to ask with between, names what is asked for ("flux capacitor"); one that
    stands apart is the question's own ("will it work with my solar panel?"). Numbers and codes ("v15") count apart.
    """
    missing = 1 - covered
    beside = _beside(query, covered)
    numbers = _numbers(query)
    codes = numbers & np.array([any(map(str.isalpha, word)) for word in query.words], dtype=bool)
    parts = {
        "unmatched_beside": beside & ~numbers,
        "unmatched_novel_beside": beside & query.novel & ~numbers,
        "unmatched_number_beside": beside & numbers & ~codes,
        "unmatched_code_beside": beside & codes,
        "unmatched_apart": ~beside & ~numbers,
        "unmatched_number_apart": ~beside & numbers,
    }
    masses = {name: float((missing * chosen) @ query.weights) for name, chosen in parts.items()}
    named = float((missing * beside * np.where(numbers, NUMBERS_COUNT, 1)) @ query.weights)
    share = named / max(1e-6, named + float(covered @ query.weights)) if beside.any() else 1.0  # no word is held at all
    return {name: float(np.log1p(mass)) for name, mass in masses.items()} | {"unmatched_beside_share": share}


def _missing(query: Query, covered: Floats) -> tuple[str, ...]:
    """Return the words that none of k candidates holds, though they stand beside those that one does.

    Words that other titles of the catalogue have are left out, numbers are not. `covered` is (k, words) float32.
    """
    held = covered.max(axis=0)
    missing = _beside(query, held) & (held < HELD) & (query.novel | _numbers(query))
    return tuple(word for word, lacks in zip(query.words, missing.tolist(), strict=True) if lacks)


def _numbers(query: Query) -> NDArray[np.bool_]:
    return np.array([any(map(str.isdigit, word)) for word in query.words], dtype=bool)


def _beside(query: Query, covered: Floats) -> NDArray[np.bool_]:
    """Return which words stand in a run of the question, between words to ask with, with one that is covered."""
    place = {word: number for number, word in enumerate(query.words)}
    beside = np.zeros(len(query.words), dtype=bool)
    for framed, run in itertools.groupby(query.folded.split(), key=ASKED_WITH.__contains__):
        places = [place[word] for word in run if word in place]
        if not framed and places and covered[places].max() >= HELD:
            beside[places] = True
    return beside


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

"""How well titles are found: any way of searching, over slices of questions whose title is known.

Equal titles count as equal. Where nothing is meant, the surest hit is held against those of the
questions that mean something.

    results = [search(query.question) for query in queries]
    figures_of(queries, results, resamples=1000, seed=0)["accuracy_1"].value
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from assistant.evaluation.bootstrap import Interval, Quantile, Ratio, draws, interval
from assistant.evaluation.resolver.queries import TitleQuery
from index.resolver import Resolution
from index.text import fold

BINS = 10  # of probability
DECISIONS = ("found", "ambiguous", "unknown")
FIGURES = {
    "accuracy_1": "share whose title comes first",
    "accuracy_4": "share whose title is among the first four",
    "accuracy_10": "share whose title is among the first ten",
    "mrr": "mean of one over the place of the title, 0 where it is not among ten",
    "found": "share called found",
    "ambiguous": "share called ambiguous",
    "unknown": "share called unknown",
    "wrong_when_found": "of those called found, share with another title first",
    "shown": "share whose title is the one found, or among the four or fewer offered",
    "calibration": "expected calibration error of the probability that the first is right, ten bins",
    "ms_p50": "milliseconds a question, median",
    "ms_p99": "milliseconds a question, of 99 in 100 at most",
}


@dataclass(frozen=True)
class SearchResult:
    """What a search returned: folded titles, best first; how sure it is of the first; and what it decided, if it does.

    `offered` are the folded titles that it asks among.
    """

    titles: tuple[str, ...]
    score: float
    ms: float
    decision: str = ""
    offered: tuple[str, ...] = ()

    def place(self, title: str) -> int:
        """Return the place of a title, from 0; -1 where it is not among them."""
        folded = fold(title)
        return self.titles.index(folded) if title and folded in self.titles else -1


Search = Callable[[str], SearchResult]


def search_of(resolve: Callable[[str], Resolution]) -> Search:
    """Return the title index as a search."""

    def search(question: str) -> SearchResult:
        start = time.perf_counter()
        found = resolve(question)
        ms = 1000 * (time.perf_counter() - start)
        titles, offered = (tuple(fold(hit.title) for hit in hits) for hits in (found.hits, found.candidates))
        return SearchResult(titles, found.probability, ms, found.decision, offered)

    return search


def figures_of(
    queries: Sequence[TitleQuery], results: Sequence[SearchResult], *, resamples: int, seed: int
) -> dict[str, Interval]:
    """Return every figure of `FIGURES` that there is, with its interval; decisions' only where some were made."""
    rows = len(queries)
    places = np.array([result.place(query.title) for query, result in zip(queries, results, strict=True)])
    score = np.array([result.score for result in results])
    ms = np.array([result.ms for result in results])
    every, first = np.ones(rows), (places == 0).astype(np.float64)
    measures: dict[str, Any] = {
        **{f"accuracy_{k}": Ratio(((places >= 0) & (places < k)).astype(np.float64), every) for k in (1, 4, 10)},
        "mrr": Ratio(np.where(places >= 0, 1 / (np.maximum(places, 0) + 1), 0.0), every),
    }
    if any(result.decision for result in results):
        decided = {
            name: np.array([result.decision == name for result in results], dtype=np.float64) for name in DECISIONS
        }
        offered = np.array(
            [fold(query.title) in result.offered for query, result in zip(queries, results, strict=True)],
            dtype=np.float64,
        )
        measures |= {name: Ratio(share, every) for name, share in decided.items()}
        measures["wrong_when_found"] = Ratio(decided["found"] * (1 - first), decided["found"])
        measures["shown"] = Ratio(decided["found"] * first + decided["ambiguous"] * offered, every)
    measures |= {"ms_p50": Quantile(ms, 0.5), "ms_p99": Quantile(ms, 0.99)}
    drawn = draws(rows, resamples, seed)
    figures = {name: interval(measure, drawn) for name, measure in measures.items()}
    if any(result.decision for result in results):
        error = calibration_error(score, first)
        resampled = [calibration_error(score[rows], first[rows]) for rows in drawn[:200]]
        figures["calibration"] = Interval(
            error, float(np.quantile(resampled, 0.025)), float(np.quantile(resampled, 0.975))
        )
    return {name: figures[name] for name in FIGURES if name in figures}


@dataclass(frozen=True)
class Bin:
    """Queries of about one probability: the mean one predicted, the share that was right, how many they are."""

    predicted: Annotated[float, Field(alias="said")]
    right: float
    count: int


def reliability(score: ArrayLike, right: ArrayLike) -> list[Bin]:
    """Return the bins of probability that hold any, of the probabilities and whether each came true, both (n,)."""
    score, right = np.asarray(score, dtype=np.float64), np.asarray(right, dtype=np.float64)
    bins = np.minimum((score * BINS).astype(int), BINS - 1)
    return [
        Bin(float(score[own].mean()), float(right[own].mean()), int(own.sum()))
        for own in (bins == each for each in range(BINS))
        if own.any()
    ]


def calibration_error(score: ArrayLike, right: ArrayLike) -> float:
    """Return the expected calibration error: how far predicted and true shares are apart, by bins, weighed by count."""
    bins = reliability(score, right)
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.predicted - each.right) for each in bins) / max(1, total)


def auroc(present: Sequence[float], absent: Sequence[float]) -> float:
    """Return the chance that a question that means something is surer than one that does not; ties count half."""
    from sklearn.metrics import roc_auc_score

    if not len(present) or not len(absent):
        return float("nan")
    return float(roc_auc_score([True] * len(present) + [False] * len(absent), [*present, *absent]))

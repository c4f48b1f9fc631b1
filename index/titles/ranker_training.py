"""Training the ranker: noisy queries about a catalogue's own titles, each with its candidates.

Everything is drawn by the seed: the same catalogue gives the same ranker.

    contents = some_contents(catalogue, seed)
    ranker = train_ranker(retriever, titles, contents, "", seed, Progress)
"""

import contextlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from index.catalogue.store import Catalogue
from index.progress import Progress
from index.settings import IndexSettings
from index.text import fold
from index.titles.features import FeatureMatrix
from index.titles.hybrid_retriever import HybridRetriever
from index.titles.noisy_queries import NoisyQueries
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
        "variant_conflict",
        "rivals",
        "unmatched_mass",
        "contradicted_though_covered",
        "pointing",
    }
)
EITHER = frozenset({"length_ratio", "content_words"})
LEAST_SPREAD = 1e-3  # is added to every spread: a feature that never varied is divided by it
CERTAIN = 3.0  # logit of what always happened


@dataclass(frozen=True)
class LabelledQuery:
    """A query with its n candidates; `relevant` (n,) bool marks those that are meant, none where absent."""

    query: Query
    matrix: FeatureMatrix
    relevant: NDArray[np.bool_]


def some_contents(catalogue: Catalogue, seed: int, settings: IndexSettings = IndexSettings()) -> list[str]:
    """Draw descriptions; those of the sample catalogue are added to a small catalogue's."""
    draw = random.Random(seed)  # noqa: S311 - noise, not a secret
    rows = draw.sample(range(len(catalogue)), min(settings.noise_contents, len(catalogue)))
    contents = [catalogue.product(row).content for row in rows]
    small = len(catalogue) < settings.small_catalogue
    return contents + ([content for _, content in _sample_products()] if small else [])


def train_ranker(
    retriever: HybridRetriever,
    titles: Sequence[str],
    contents: Sequence[str],
    encoder: str,
    seed: int,
    progress: type[Progress],
) -> Ranker:
    """Train the ranker of a retriever on noisy queries, a small catalogue's with the sample catalogue beside it."""
    settings = retriever.settings
    if len(set(map(fold, titles))) < settings.small_catalogue:  # one title a thousand times teaches nothing
        titles = [*titles, *(title for title, _ in _sample_products())]
        retriever = HybridRetriever.build(titles, contents, encoder, settings, progress)
    return fit_ranker(list(_labelled_queries(retriever, titles, contents, seed, progress)), settings)


def fit_ranker(queries: Sequence[LabelledQuery], settings: IndexSettings = IndexSettings()) -> Ranker:
    """Fit the order and the probabilities.

    The probabilities are fit on orders by a model that never saw the query (two folds);
    some queries serve again with their title taken away. Raises `ValueError` where
    too few queries have a right and a wrong candidate.
    """
    halves = queries[0::2], queries[1::2]
    if not all(map(_with_both, halves)):
        raise ValueError("a ranker needs views with right and wrong candidates in both halves")
    rows: list[dict[str, float]] = []
    first: list[bool] = []
    four: list[bool] = []
    counts: list[float] = []
    for seen, unseen in (halves, halves[::-1]):
        utility = _fit_utility(_with_both(seen), settings)
        absent = [_without_relevant(one) for one in _with_both(unseen)]
        counts += [1.0] * len(unseen) + [settings.absent_weight] * len(absent)
        for one in [*unseen, *absent]:
            examined = examine(utility, one.query, one.matrix, settings)
            rows.append(examined.features)
            first.append(bool(one.relevant[examined.order[0]]))
            four.append(bool(one.relevant[examined.order[: settings.max_candidates]].any()))
    return Ranker(
        _fit_utility(_with_both(queries), settings),
        _fit_probability(rows, first, counts),
        _fit_probability(rows, four, counts),
        settings,
    )


def _sample_products() -> list[tuple[str, str]]:
    """Return title and content of the shipped sample catalogue's whole rows."""
    rows = []
    for line in resources.files("index.sample").joinpath("trn.json").read_bytes().splitlines():
        # The sample holds broken rows on purpose, to show how `prepare` counts them.
        with contextlib.suppress(ValueError):
            rows.append(json.loads(line))
    pairs = [(row.get("title"), row.get("content")) for row in rows]
    return [
        (title, content)
        for title, content in pairs
        if isinstance(title, str) and isinstance(content, str) and title.strip()
    ]


def _labelled_queries(
    retriever: HybridRetriever, titles: Sequence[str], contents: Sequence[str], seed: int, progress: type[Progress]
) -> Iterator[LabelledQuery]:
    """Yield noisy queries about the titles with their candidates, and queries that name no product."""
    settings = retriever.settings
    draw = random.Random(seed)  # noqa: S311 - noise, not a secret
    noise = NoisyQueries(draw.sample(titles, min(settings.noise_titles, len(titles))), contents, seed)
    meant = draw.sample(titles, min(settings.noisy_queries, len(titles)))
    with progress("learning to rank", settings.noisy_queries, unit="views") as bar:
        for number in range(settings.noisy_queries):
            title = meant[number % len(meant)]
            absent = number % settings.without_title_every == 0
            query, _, matrix = retriever.candidates(noise.without_title() if absent else noise.about(title))
            folded = fold(title)
            relevant = np.array([not absent and other == folded for other in matrix.titles], dtype=bool)
            yield LabelledQuery(query, matrix, relevant)
            bar.update()


def _with_both(queries: Sequence[LabelledQuery]) -> list[LabelledQuery]:
    """Return the queries with a right and a wrong candidate."""
    return [one for one in queries if one.relevant.any() and not one.relevant.all()]


def _without_relevant(one: LabelledQuery) -> LabelledQuery:
    """Take the right candidates away, as if the catalogue did not hold them."""
    return LabelledQuery(one.query, one.matrix.only(~one.relevant), one.relevant[~one.relevant])


def _fit_utility(queries: Sequence[LabelledQuery], settings: IndexSettings) -> StandardisedModel:
    """Maximise the softmax share of the right candidates, with a ridge on the weights."""
    from scipy.optimize import minimize

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
    rows: Sequence[dict[str, float]], happened: Sequence[bool], counts: Sequence[float]
) -> StandardisedModel:
    """Fit a logistic regression to rows that count so much; where one outcome never came, say so with little doubt."""
    from scipy.optimize import minimize

    names = tuple(rows[0])
    features = np.array([[row[name] for name in names] for row in rows])
    mean, spread = features.mean(axis=0), features.std(axis=0) + LEAST_SPREAD
    if len(set(happened)) == 1:
        return StandardisedModel.of(names, mean, spread, np.zeros(len(names)), CERTAIN if happened[0] else -CERTAIN)
    table = np.column_stack([(features - mean) / spread, np.ones(len(rows))])
    sign, count = np.where(happened, 1.0, -1.0), np.array(counts)

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        agreed = sign * (table @ weights)
        slope = -(count * sign / (1 + np.exp(np.clip(agreed, -500, 500)))) @ table
        slope[:-1] += weights[:-1]
        return float(count @ np.logaddexp(0, -agreed) + weights[:-1] @ weights[:-1] / 2), slope

    bounds = [*_bounds(names), (None, None)]
    weights = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return StandardisedModel.of(names, mean, spread, weights[:-1], float(weights[-1]))


def _bounds(names: Sequence[str]) -> list[tuple[float | None, float | None]]:
    """Return the least and the greatest weight of each feature."""
    return [(None, None) if name in EITHER else (None, 0.0) if name in AGAINST else (0.0, None) for name in names]

"""Intervals by the paired bootstrap: rows are drawn anew, the same ones for all that is compared.

drawn = draws(rows=224, resamples=1000, seed=0)
interval(Ratio(parts, wholes), drawn)                # 95 of 100 resamples lie between its ends
interval_of_difference(tuned, base, drawn)           # Koehn 2004, for any metric
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Draws = NDArray[np.int64]  # (resamples, rows)

COVERED = 0.95
BLEU_COUNTS = (
    "length",
    "reference length",
    *(f"{n}-gram matches" for n in range(1, 5)),
    *(f"{n}-grams" for n in range(1, 5)),
)


class Measure(Protocol):
    """A metric's figures by row, from which its value over any choice of rows follows."""

    def values(self, drawn: Draws) -> Floats:
        """Return the value of each resample, (k, n) int64 → (k,) float64; NaN where it has nothing to measure."""

    @property
    def rows(self) -> int:
        """Count the rows that take part."""


@dataclass(frozen=True)
class Ratio:
    """What is a sum over a sum: means, shares, precision and recall; `parts` and `wholes` (n,)."""

    parts: Floats
    wholes: Floats

    def values(self, drawn: Draws) -> Floats:
        """Return Σ parts / Σ wholes of each resample."""
        wholes = self.wholes[drawn].sum(axis=1)
        found = np.full(len(drawn), np.nan)
        np.divide(self.parts[drawn].sum(axis=1), wholes, out=found, where=wholes > 0)
        return found

    @property
    def rows(self) -> int:
        """Count the rows with something to share."""
        return int((self.wholes > 0).sum())


@dataclass(frozen=True)
class Corpus:
    """BLEU, from the counts of its rows, (n, 10) of `BLEU_COUNTS`; rows without a reference are zeros."""

    counts: Floats

    def values(self, drawn: Draws) -> Floats:
        """Return the BLEU of each resample."""
        from assistant.evaluation.metrics import bleu_of

        summed = np.array([self.counts[rows].sum(axis=0) for rows in drawn])
        return np.array([bleu_of([int(count) for count in row]) if row[1] else np.nan for row in summed])

    @property
    def rows(self) -> int:
        """Count the rows with a reference."""
        return int((self.counts[:, 1] > 0).sum())


@dataclass(frozen=True)
class Quantile:
    """A quantile of numbers (n,), NaN where a row takes no part."""

    numbers: Floats
    share: float

    def values(self, drawn: Draws) -> Floats:
        """Return the quantile of each resample."""
        resampled = self.numbers[drawn]
        empty = np.isnan(resampled).all(axis=1)
        found = np.full(len(drawn), np.nan)
        if not empty.all():
            found[~empty] = np.nanquantile(resampled[~empty], self.share, axis=1)
        return found

    @property
    def rows(self) -> int:
        """Count the numbers."""
        return int((~np.isnan(self.numbers)).sum())


@dataclass(frozen=True)
class RiskCoverage:
    """The area under the risk–coverage curve: the mean share of wrong claims, the surest claimed first.

    `confidence` (n,) in [0, 1], NaN where a row takes no part; `wrong` (n,) 0 or 1.
    """

    confidence: Floats
    wrong: Floats

    def values(self, drawn: Draws) -> Floats:
        """Return the area of each resample, in [0, 1]."""
        return np.array([self._area(rows) for rows in drawn])

    @property
    def rows(self) -> int:
        """Count the rows with a claim to make."""
        return int((~np.isnan(self.confidence)).sum())

    def _area(self, rows: NDArray[np.int64]) -> float:
        rows = rows[~np.isnan(self.confidence[rows])]
        if not len(rows):
            return float("nan")
        wrong = self.wrong[rows[np.argsort(-self.confidence[rows], kind="stable")]]
        return float((wrong.cumsum() / np.arange(1, len(rows) + 1)).mean())


@dataclass(frozen=True)
class Interval:
    """A value and the ends between which it lies in 95 of 100 resamples; None where nothing was measured."""

    value: float | None
    low: float | None
    high: float | None


def draws(rows: int, resamples: int, seed: int) -> Draws:
    """Draw rows with replacement, (resamples, rows) int64; the same for the same seed."""
    return np.random.default_rng(seed).integers(0, max(rows, 1), size=(resamples, rows))


def value(measure: Measure, rows: int) -> float:
    """Return the value over all rows; NaN where there is nothing to measure."""
    return float(measure.values(np.arange(rows)[None])[0]) if rows else float("nan")


def interval(measure: Measure, drawn: Draws) -> Interval:
    """Return the value with its interval."""
    return _interval(value(measure, drawn.shape[1]), measure.values(drawn))


def interval_of_difference(one: Measure, other: Measure, drawn: Draws) -> Interval:
    """Return `one` minus `other` over the same rows, with its interval."""
    rows = drawn.shape[1]
    return _interval(value(one, rows) - value(other, rows), one.values(drawn) - other.values(drawn))


def _interval(at: float, resampled: Floats) -> Interval:
    kept = resampled[~np.isnan(resampled)]
    if np.isnan(at) or not len(kept):
        return Interval(None, None, None)
    tail = (1 - COVERED) / 2
    return Interval(at, float(np.quantile(kept, tail)), float(np.quantile(kept, 1 - tail)))

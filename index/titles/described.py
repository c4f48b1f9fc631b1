"""What descriptions tell about words: those that descriptions use and titles do not are asked with, and name nothing.

rates = word_rates(some_contents(catalogue, seed=0))
rates_of(["switch"], rates)         # (1,) float64: in which share of the descriptions
"""

import contextlib
import json
import random
from collections.abc import Sequence
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from index.catalogue.store import Catalogue
from index.hashing import word_hashes
from index.settings import IndexSettings
from index.text import fold
from index.titles.encoder import Floats

RATE_BUCKETS = 1 << 16


def some_contents(catalogue: Catalogue, seed: int, settings: IndexSettings = IndexSettings()) -> list[str]:
    """Draw descriptions; those of the sample catalogue are added to a small catalogue's."""
    draw = random.Random(seed)  # noqa: S311 - a choice, not a secret
    rows = draw.sample(range(len(catalogue)), min(settings.described_contents, len(catalogue)))
    contents = [catalogue.product(row).content for row in rows]
    small = len(catalogue) < settings.small_catalogue
    return contents + (_sample_contents() if small else [])


def word_rates(texts: Sequence[str]) -> Floats:
    """Return the share of texts that hold each word, by hash: (RATE_BUCKETS,) float32."""
    count = np.zeros(RATE_BUCKETS, dtype=np.float32)
    for text in texts:
        count[np.unique(_rate_buckets(fold(text).split()))] += 1
    return count / np.float32(max(1, len(texts)))


def rates_of(words: Sequence[str], rates: Floats) -> NDArray[np.float64]:
    """Return the share of descriptions that hold each of n words, (n,) float64."""
    return rates[_rate_buckets(words)].astype(np.float64)


def _sample_contents() -> list[str]:
    """Return the descriptions of the shipped sample catalogue's whole rows."""
    rows = []
    for line in resources.files("index.sample").joinpath("trn.json").read_bytes().splitlines():
        # The sample holds broken rows on purpose, to show how `prepare` counts them.
        with contextlib.suppress(ValueError):
            rows.append(json.loads(line))
    contents = [row.get("content") for row in rows if isinstance(row.get("title"), str)]
    return [content for content in contents if isinstance(content, str)]


def _rate_buckets(words: Sequence[str]) -> NDArray[np.int64]:
    return (word_hashes(words) & np.uint64(RATE_BUCKETS - 1)).astype(np.int64)

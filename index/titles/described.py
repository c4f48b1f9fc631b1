"""What descriptions tell about words: those that descriptions use and titles do not are asked with, and name nothing.

words = DescribedWords.of(some_contents(catalogue, seed=0))
words.rates(["switch"])             # (1,) float64: in which share of the descriptions
"""

import contextlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.catalogue.arrays import check, read_array
from index.catalogue.store import Catalogue
from index.hashing import word_hashes
from index.settings import IndexSettings
from index.text import fold
from index.titles.encoder import Floats

HASHES_FILE, RATES_FILE = "description_words.npy", "description_word_rates.npy"


@dataclass(frozen=True)
class DescribedWords:
    """The n words of some descriptions.

    `hashes` (n,) uint32 ascend, `shares` (n,) float32 are those of the descriptions that hold each.
    """

    hashes: NDArray[np.uint32]
    shares: Floats

    @classmethod
    def of(cls, texts: Sequence[str]) -> "DescribedWords":
        """Count in how many texts each word stands."""
        distinct = [np.unique(_hashes(fold(text).split())) for text in texts]
        hashes, count = np.unique(np.concatenate([np.zeros(0, np.uint32), *distinct]), return_counts=True)
        return cls(hashes, (count / max(1, len(texts))).astype(np.float32))

    def rates(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return the share of descriptions that hold each of n words, (n,) float64."""
        if not len(self.hashes):
            return np.zeros(len(words))
        wanted = _hashes(words)
        place = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        return np.where(self.hashes[place] == wanted, self.shares[place], 0).astype(np.float64)

    def save(self, folder: Path) -> None:
        """Write both columns."""
        np.save(folder / HASHES_FILE, self.hashes, allow_pickle=False)
        np.save(folder / RATES_FILE, self.shares, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "DescribedWords":
        """Open what `save` wrote. Raises `ValueError` where it is something else."""
        hashes, shares = read_array(folder / HASHES_FILE, "uint32"), read_array(folder / RATES_FILE, "float32")
        check(len(hashes) == len(shares) and bool((hashes[1:] > hashes[:-1]).all()), "the words of descriptions")
        return cls(hashes, shares)


def some_contents(catalogue: Catalogue, seed: int, settings: IndexSettings = IndexSettings()) -> list[str]:
    """Draw descriptions; those of the sample catalogue are added to a small catalogue's."""
    draw = random.Random(seed)  # noqa: S311 - a choice, not a secret
    rows = draw.sample(range(len(catalogue)), min(settings.described_contents, len(catalogue)))
    contents = [catalogue.product(row).content for row in rows]
    small = len(catalogue) < settings.small_catalogue
    return contents + (_sample_contents() if small else [])


def _sample_contents() -> list[str]:
    """Return the descriptions of the shipped sample catalogue's whole rows."""
    rows = []
    for line in resources.files("index.sample").joinpath("trn.json").read_bytes().splitlines():
        # The sample holds broken rows on purpose, to show how `prepare` counts them.
        with contextlib.suppress(ValueError):
            rows.append(json.loads(line))
    contents = [row.get("content") for row in rows if isinstance(row.get("title"), str)]
    return [content for content in contents if isinstance(content, str)]


def _hashes(words: Sequence[str]) -> NDArray[np.uint32]:
    return (word_hashes(words) >> np.uint64(32)).astype(np.uint32)

"""Which of the rows that were read become products.

A uid counts once; rows of equal text merge into the first; a sample is drawn by
seed and uid alone. How texts come to be equal is not known here.

    selection = select(facts, sample=40_000, seed=0)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.catalogue.near_duplicates import UInt64s
from index.hashing import splitmix64


@dataclass(frozen=True)
class Selection:
    """What becomes of the n rows read, (n,) each."""

    kept: NDArray[np.bool_]
    repeated: NDArray[np.bool_]  # the uid was there before: refused
    merged: NDArray[np.bool_]  # the text was there before, under another uid
    merged_into: NDArray[np.int64]  # for those merged the row of that text, else the row itself

    @property
    def aliases(self) -> NDArray[np.bool_]:
        """Return which rows were merged into one that is kept, (n,) bool."""
        return self.merged & self.kept[self.merged_into]


def select(facts: NDArray[np.void], *, sample: int | None, seed: int) -> Selection:
    """Refuse repeated uids, merge equal texts into the first, and draw the sample.

    `facts` (n,) of `index.catalogue.rows.FACTS`; `sample` None keeps all.
    """
    rows = np.arange(len(facts))
    repeated = first_equal(facts["uid"]) != rows
    distinct = np.flatnonzero(~repeated)
    merged_into = rows.copy()
    merged_into[distinct] = distinct[first_equal(facts["text"][distinct])]
    merged = merged_into != rows
    kept = ~repeated & ~merged
    if sample is not None and sample < kept.sum():
        # A product's lot is the least of all uids it goes by, whichever of them came first.
        lots = splitmix64(facts["uid"][:, 0] ^ splitmix64(np.array([seed % 2**64], np.uint64)))
        np.minimum.at(lots, merged_into[distinct], lots[distinct])
        candidates = np.flatnonzero(kept)
        drawn = candidates[np.argsort(lots[candidates], kind="stable")[:sample]]
        kept = np.zeros(len(facts), np.bool_)
        kept[drawn] = True
    return Selection(kept, repeated, merged, merged_into)


def first_equal(digests: UInt64s) -> NDArray[np.int64]:
    """Return, for each of (n, 2) digests, the first place of one that equals it."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: equal ones stay in the order of places
    ordered = digests[order]
    is_first = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))
    first: NDArray[np.int64] = np.empty_like(order)
    first[order] = order[np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))]
    return first

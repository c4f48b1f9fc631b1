"""The index of products that came since the last full build, by upserts: small, and beside that of all others.

How rare words are and how vectors are rounded stays what the last full build learnt.

    CameIndex.of(products, retriever, descriptions, Progress).save(folder)
    came = CameIndex.load(folder, settings).standing_from(1_300_000)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.catalogue.arrays import check_below
from index.descriptions import DescriptionIndex, Part, load_part, save_part
from index.progress import Progress
from index.settings import IndexSettings
from index.text import fold
from index.titles.segments import Segment

if TYPE_CHECKING:
    from index.catalogue.store import Product
    from index.titles.hybrid_retriever import HybridRetriever

_TITLES, _DESCRIPTIONS = "titles", "descriptions"  # folders


@dataclass(frozen=True)
class CameIndex:
    """The titles and the descriptions of n products, which stand in rows 0 to n - 1 until `standing_from`."""

    titles: Segment
    descriptions: Part

    @classmethod
    def of(
        cls,
        products: Sequence["Product"],
        retriever: "HybridRetriever",
        descriptions: DescriptionIndex,
        progress: type[Progress],
    ) -> "CameIndex":
        """Index products as they would be in the index that both belong to."""
        titles, rows = [product.title for product in products], np.arange(len(products))
        segment = retriever.segments[0].beside(titles, list(map(fold, titles)), rows, retriever.encoder, progress)
        return cls(segment, descriptions.part_of(products, rows))

    def save(self, folder: Path) -> None:
        """Write both."""
        self.titles.save(folder / _TITLES)
        save_part(self.descriptions, folder / _DESCRIPTIONS)

    @classmethod
    def load(cls, folder: Path, settings: IndexSettings) -> "CameIndex":
        """Open what `save` wrote; the files must have been verified."""
        titles, descriptions = Segment.load(folder / _TITLES, settings), load_part(folder / _DESCRIPTIONS, settings)
        for rows in (titles.rows, descriptions[1]):
            check_below(rows, len(titles), "rows of what came")
        return cls(titles, descriptions)

    def standing_from(self, row: int) -> "CameIndex":
        """Return the index of the same products where they stand from a row on."""
        index, rows = self.descriptions
        return CameIndex(replace(self.titles, rows=self.titles.rows + np.int32(row)), (index, rows + np.int32(row)))

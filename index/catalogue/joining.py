"""Joining a catalogue's tables with what came and went since: views of what lies on the disk, not copies of it.

tables, standing = joined(Tables(products, aliases, hashes, entries), changes)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.catalogue.arrays import check_below
from index.catalogue.changes import Changes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GONE = -1  # the row of a product that the catalogue has no more


@dataclass(frozen=True)
class Tables:
    """The tables of a catalogue, as `index.catalogue.store` names their files; the first two are Arrow tables."""

    products: Any
    aliases: Any
    hashes: "NDArray[np.uint64]"
    entries: "NDArray[np.int64]"


def joined(tables: Tables, changes: Changes) -> "tuple[Tables, NDArray[np.int32]]":
    """Return tables with changes to them, and where each of their rows stands then, `GONE` where it does no more.

    Rows that stay keep their order, and those that came stand at the end; so do aliases.

    Raises `ValueError` where the changes are to other tables.
    """
    import numpy as np
    import pyarrow as pa

    size = tables.products.num_rows
    check_below(changes.gone, size + tables.aliases.num_rows, "entries that went")
    check_below(changes.aliases.column("row").to_numpy(), size + changes.products.num_rows, "rows of aliases")
    stays = np.ones(size + tables.aliases.num_rows, dtype=np.bool_)
    stays[changes.gone] = False
    of_rows, of_aliases = stays[:size], stays[size:]
    kept_rows, kept_aliases = int(of_rows.sum()), int(of_aliases.sum())
    products = pa.concat_tables([*_runs(tables.products, of_rows), changes.products])

    standing = np.where(of_rows, np.cumsum(of_rows) - 1, GONE)
    row_of = np.append(standing, kept_rows + np.arange(changes.products.num_rows))
    merged = pa.concat_tables([*_runs(tables.aliases, of_aliases), changes.aliases])
    rows = pa.array(row_of[merged.column("row").to_numpy()], pa.int64())
    aliases = merged.set_column(1, "row", rows)

    came = np.append(row_of[size:], products.num_rows + kept_aliases + np.arange(changes.aliases.num_rows))
    entry_of = np.append(standing, products.num_rows + np.cumsum(of_aliases) - 1)
    kept = stays[tables.entries]
    hashes, entries = tables.hashes[kept], entry_of[tables.entries[kept]]
    order = np.argsort(changes.hashes, kind="stable")
    places = np.searchsorted(hashes, changes.hashes[order])
    hashes, entries = (np.insert(old, places, new[order]) for old, new in ((hashes, changes.hashes), (entries, came)))
    return Tables(products, aliases, hashes, entries), standing.astype(np.int32)


def _runs(table: Any, stays: "NDArray[np.bool_]") -> Sequence[Any]:
    """Return the runs of rows that stay, as slices of a table: nothing is copied."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], stays, [False]]).astype(np.int8)))
    return [table.slice(start, stop - start) for start, stop in edges.reshape(-1, 2).tolist()]

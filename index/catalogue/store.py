"""A prepared catalogue on disk: products by row, rows by uid.

The catalogue is an artefact made by `index.catalogue.prepare`. Products lie in one Arrow
stream, memory-mapped, so a catalogue of millions opens at once and a single
product is read in microseconds. What came and went since is beside it, and joined to it here:
nothing of the catalogue is copied or written anew.

    catalogue = Catalogue.load(home / "catalogue")
    catalogue.find("B000123")
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from index.artefacts import MAKER, Manifest, open_verified, read_manifest
from index.catalogue.arrays import PRODUCT_COLUMNS, check, check_below, read_aliases, read_array, read_table
from index.catalogue.changes import PublishedChanges
from index.catalogue.joining import Tables, joined
from index.errors import ArtefactError, UnknownProductError

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray

PRODUCTS = "products.arrow"  # uid, title, content, cluster, train, described: one row a product
# uid, row, identifier: the uids of exact duplicates that were merged into the product of that row, and its further
# identifiers, which are no uids.
ALIASES = "aliases.arrow"
READ_CHARACTERS = 20_000  # twice as many as the longest of 9,576 real descriptions has
UID_HASHES = "uid_hashes.npy"  # (products + aliases,) uint64, sorted
UID_ENTRIES = "uid_entries.npy"  # (products + aliases,) int64: a row, or the number of products + an alias


@dataclass(frozen=True)
class Product:
    """One product as stored: cleaned text.

    `content` is "" where the source has none. A content that is no usable description
    ("N/A", the title again) is kept as it stands: the catalogue's column `described`
    tells them apart.
    """

    uid: str
    title: str
    content: str

    @property
    def beginning(self) -> str:
        """Return what is read of the content for a question: all of it, unless it is far too long for a description."""
        return self.content[:READ_CHARACTERS]


class Catalogue:
    """A catalogue opened for reading; one instance serves many threads.

    `digest` identifies its content: whatever is made from it carries that. `changed` says what came and went since it
    was prepared, None for nothing.
    """

    def __init__(self, folder: Path, digest: str, tables: Tables, changed: "Changed | None" = None) -> None:
        """Hold what `load` opened; call that instead."""
        self.digest = digest
        self.tables = tables
        self.changed = changed
        self._folder = folder
        self._products, self._aliases = tables.products, tables.aliases
        self._hashes, self._entries = tables.hashes, tables.entries

    @classmethod
    def load(cls, folder: Path) -> "Catalogue":
        """Verify and open the catalogue in `folder`, with the changes beside it.

        Raises `ArtefactError` where it is missing or damaged, naming the file.
        """
        while True:
            catalogue = open_verified(folder, "catalogue", _open).followed()
            if read_manifest(folder, "catalogue").digest == catalogue.base.digest:  # else the changes are of another
                return catalogue

    @property
    def base(self) -> "Catalogue":
        """Return the catalogue as it was prepared."""
        return self.changed.base if self.changed else self

    def followed(self) -> "Catalogue":
        """Return the same catalogue with the changes that are beside it now; raises as `PublishedChanges.beside`."""
        changes = PublishedChanges.beside(self._folder, self.base.digest)
        if changes is None:
            return self.base
        try:
            tables, standing = joined(self.base.tables, changes)
        except ValueError as exc:
            raise ArtefactError(
                f"the changes in {changes.folder} do not fit the catalogue ({exc})", "those to it", MAKER["changes"]
            ) from exc
        return Catalogue(self._folder, changes.digest, tables, Changed(self.base, changes, standing))

    def __len__(self) -> int:
        return cast(int, self._products.num_rows)

    def product(self, row: int) -> Product:
        """Return the product of a row, 0 ≤ row < len; in microseconds.

        Raises `IndexError` for a row outside.
        """
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of a catalogue of {len(self)}")
        return Product(*(self._products.column(name)[row].as_py() for name in ("uid", "title", "content")))

    def row_of(self, uid: str) -> int:
        """Return the row of a uid; that of a merged duplicate, or a further identifier, leads to the product kept.

        Raises `UnknownProductError`.
        """
        for entry in self.entries_of(uid):
            alias = entry - len(self)
            return entry if alias < 0 else cast(int, self._aliases.column("row")[alias].as_py())
        raise unknown_product(uid)

    def entries_of(self, uid: str) -> Iterator[int]:
        """Yield the entries of a uid or a further identifier: its row, or the number of products + its alias."""
        wanted = uid_hash(uid)
        first, last = (int(self._hashes.searchsorted(wanted, side)) for side in ("left", "right"))
        for entry in map(int, self._entries[first:last]):
            alias = entry - len(self)
            table, place = (self._products, entry) if alias < 0 else (self._aliases, alias)
            if table.column("uid")[place].as_py() == uid:
                yield entry

    def __contains__(self, uid: str) -> bool:
        """Return whether a uid leads to a product."""
        return any(True for _ in self.entries_of(uid))

    def find(self, uid: str) -> Product:
        """Return the product of a uid, as `row_of` finds it; raises `UnknownProductError`."""
        return self.product(self.row_of(uid))

    def record(self, row: int) -> dict[str, Any]:
        """Return all columns of a row."""
        return cast(dict[str, Any], self._products.slice(row, 1).to_pylist()[0])

    def aliases_of(self, row: int, *, identifiers: bool) -> dict[int, str]:
        """Return by their entries the uids that were merged into the product of a row, or its further identifiers."""
        order, rows = self._aliases_by_row
        first, last = (int(rows.searchsorted(row, side)) for side in ("left", "right"))
        entries = [len(self) + alias for alias in sorted(order[first:last].tolist())]
        uids = self._aliases.column("uid")
        return {at: uids[at - len(self)].as_py() for at in entries if self.is_identifier(at) == identifiers}

    @cached_property
    def _aliases_by_row(self) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        """Return the aliases in the order of their rows, and these rows, (aliases,) each."""
        rows = self._aliases.column("row").to_numpy()
        order = rows.argsort(kind="stable")
        return order, rows[order]

    def is_identifier(self, entry: int) -> bool:
        """Return whether an entry is that of a further identifier, and of no uid."""
        alias = entry - len(self)
        return alias >= 0 and bool(self._aliases.column("identifier")[alias].as_py())

    def rows_titled(self, titles: Iterable[str]) -> list[int]:
        """Return the rows of the products that have one of these titles, ascending."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = pc.is_in(self._products.column("title"), value_set=pa.array(set(titles), pa.string()))
        rows: list[int] = found.to_numpy().nonzero()[0].tolist()
        return rows

    def titles(self) -> list[str]:
        """Return all titles in row order."""
        return cast(list[str], self._products.column("title").to_pylist())

    def uids(self) -> list[str]:
        """Return the uids of all products in row order."""
        return cast(list[str], self._products.column("uid").to_pylist())

    def identifiers(self) -> tuple[list[str], list[int]]:
        """Return every identifier with its product's row: all uids in row order, those merged, then further ones."""
        aliases = self._aliases
        merged: list[str] = aliases.column("uid").to_pylist()
        return [*self.uids(), *merged], [*range(len(self)), *aliases.column("row").to_pylist()]

    def identifiers_that_came(self) -> tuple[list[str], list[int]]:
        """Return as `identifiers` does those that came since the catalogue was prepared."""
        changes = self.changed.changes if self.changed else None
        if changes is None:
            return [], []
        rows = range(len(self) - changes.products.num_rows, len(self))
        aliases = self._aliases.slice(self._aliases.num_rows - changes.aliases.num_rows)
        uids = [*changes.products.column("uid").to_pylist(), *aliases.column("uid").to_pylist()]
        return uids, [*rows, *aliases.column("row").to_pylist()]

    def column(self, name: str) -> "NDArray[Any]":
        """Return one column in row order, (n,).

        `cluster` uint64: equal for near-duplicates. `train` bool: in the training
        split, else validation; whole clusters are on one side. `described` bool:
        the content is a usable description.

        Raises `KeyError` for another name.
        """
        dtypes = {"cluster": "uint64", "train": "bool", "described": "bool"}
        values: NDArray[Any] = self._products.column(name).to_numpy().astype(dtypes[name], copy=False)
        return values

    def dataset(self) -> "Dataset":
        """Open the products as a memory-mapped `datasets.Dataset` (uid, title, content, cluster, train, described).

        `datasets` comes with the extras `train` and `evaluate`, and takes a second to import; single products need
        no dataset.
        """
        from datasets import Dataset

        if self.changed:
            return Dataset(self._products, fingerprint=self.digest)
        return Dataset.from_file(str(self._folder / PRODUCTS))


@dataclass(frozen=True)
class Changed:
    """How a catalogue came about: the one that was prepared, and the changes to it.

    `standing` (rows of the base,) int32 says where the base's products stand now, below 0 where they do no more.
    """

    base: Catalogue
    changes: PublishedChanges
    standing: "NDArray[np.int32]"


def unknown_product(uid: str) -> UnknownProductError:
    """Return the error that a uid is of no product."""
    return UnknownProductError(
        f"no product has the uid {uid!r}", "a uid of the catalogue", "titlewise resolve QUESTION (its hits show uids)"
    )


def uid_digest(uid: str) -> bytes:
    """Hash a uid to 16 bytes, the same on every machine and in every run."""
    return hashlib.blake2b(uid.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def uid_hash(uid: str) -> "np.uint64":
    """Return the first half of a uid's digest, as `UID_HASHES` holds it."""
    import numpy as np

    first_half: np.uint64 = np.frombuffer(uid_digest(uid), "<u8")[0]
    return first_half


def _open(folder: Path, manifest: Manifest) -> Catalogue:
    products, aliases = read_table(folder / PRODUCTS, PRODUCT_COLUMNS), read_aliases(folder / ALIASES)
    hashes, entries = read_array(folder / UID_HASHES, "uint64"), read_array(folder / UID_ENTRIES, "int64")
    size = products.num_rows + aliases.num_rows
    check(len(hashes) == len(entries) == size and bool((hashes[1:] >= hashes[:-1]).all()), "ascending uid hashes")
    check_below(entries, size, UID_ENTRIES)
    check_below(aliases.column("row").to_numpy(), products.num_rows, f"rows in {ALIASES}")
    return Catalogue(folder, manifest.digest, Tables(products, aliases, hashes, entries))

"""A prepared catalogue on disk: products by row, rows by uid.

The catalogue is an artefact made by `index.catalogue.prepare`. Products lie in one Arrow
stream, memory-mapped, so a catalogue of millions opens at once and a single
product is read in microseconds. Nothing here changes a catalogue.

    catalogue = Catalogue.load(home / "catalogue")
    catalogue.find("B000123")
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from index.artefacts import Manifest, open_verified
from index.catalogue.arrays import check, check_below, read_array
from index.errors import UnknownProductError

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray

PRODUCTS = "products.arrow"  # uid, title, content, cluster, train, described: one row a product
ALIASES = "aliases.arrow"  # uid, row: exact duplicates that were merged into the product of that row
UID_HASHES = "uid_hashes.npy"  # (products + aliases,) uint64, sorted
UID_ENTRIES = "uid_entries.npy"  # (products + aliases,) int64: a row, or the number of products + an alias
COLUMNS = {
    PRODUCTS: {
        **dict.fromkeys(("uid", "title", "content"), "string"),
        **{"cluster": "uint64", "train": "bool", "described": "bool"},
    },
    ALIASES: {"uid": "string", "row": "int64"},
}


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


class Catalogue:
    """A catalogue opened for reading; one instance serves many threads."""

    def __init__(self, folder: Path, digest: str, products: Any, aliases: Any, hashes: Any, entries: Any) -> None:
        """Hold what `load` opened; call that instead."""
        self.digest = digest  # of the artefact; whatever is made from this catalogue carries it
        self._folder = folder
        self._products = products
        self._aliases = aliases
        self._hashes = hashes
        self._entries = entries

    @classmethod
    def load(cls, folder: Path) -> "Catalogue":
        """Verify and open the catalogue in `folder`.

        Raises `ArtefactError` where it is missing or damaged, naming the file.
        """
        return open_verified(folder, "catalogue", _open)

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
        """Return the row of a uid; the uid of a merged duplicate leads to the product that was kept.

        Raises `UnknownProductError`.
        """
        wanted = uid_hash(uid)
        first, last = (int(self._hashes.searchsorted(wanted, side)) for side in ("left", "right"))
        for entry in map(int, self._entries[first:last]):
            alias = entry - len(self)
            if alias < 0 and self._products.column("uid")[entry].as_py() == uid:
                return entry
            if alias >= 0 and self._aliases.column("uid")[alias].as_py() == uid:
                return cast(int, self._aliases.column("row")[alias].as_py())
        raise UnknownProductError(
            f"no product has the uid {uid!r}",
            "a uid of the catalogue",
            "titlewise resolve QUESTION (its hits show uids)",
        )

    def find(self, uid: str) -> Product:
        """Return the product of a uid, as `row_of` finds it; raises `UnknownProductError`."""
        return self.product(self.row_of(uid))

    def titles(self) -> list[str]:
        """Return all titles in row order."""
        return cast(list[str], self._products.column("title").to_pylist())

    def uids(self) -> list[str]:
        """Return the uids of all products in row order."""
        return cast(list[str], self._products.column("uid").to_pylist())

    def identifiers(self) -> tuple[list[str], list[int]]:
        """Return every identifier with its product's row: all uids in row order, then those that were merged."""
        aliases = self._aliases
        merged: list[str] = aliases.column("uid").to_pylist()
        return [*self.uids(), *merged], [*range(len(self)), *aliases.column("row").to_pylist()]

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

        return Dataset.from_file(str(self._folder / PRODUCTS))


def uid_digest(uid: str) -> bytes:
    """Hash a uid to 16 bytes, the same on every machine and in every run."""
    return hashlib.blake2b(uid.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def uid_hash(uid: str) -> "np.uint64":
    """Return the first half of a uid's digest, as `UID_HASHES` holds it."""
    import numpy as np

    first_half: np.uint64 = np.frombuffer(uid_digest(uid), "<u8")[0]
    return first_half


def _open(folder: Path, manifest: Manifest) -> Catalogue:
    products, aliases = (_read_table(folder, name) for name in (PRODUCTS, ALIASES))
    hashes, entries = read_array(folder / UID_HASHES, "uint64"), read_array(folder / UID_ENTRIES, "int64")
    size = products.num_rows + aliases.num_rows
    check(len(hashes) == len(entries) == size and bool((hashes[1:] >= hashes[:-1]).all()), "ascending uid hashes")
    check_below(entries, size, UID_ENTRIES)
    check_below(aliases.column("row").to_numpy(), products.num_rows, f"rows in {ALIASES}")
    return Catalogue(folder, manifest.digest, products, aliases, hashes, entries)


def _read_table(folder: Path, name: str) -> Any:
    """Map a table, every text of which lies inside it and is UTF-8 (0.4 s for 1.3 million products).

    Arrow itself reads what its offsets point to, wherever that is.
    """
    import pyarrow as pa

    table = pa.ipc.open_stream(pa.memory_map(str(folder / name))).read_all()
    table.validate(full=True)
    found = {field.name: str(field.type) for field in table.schema}
    check(found == COLUMNS[name] and not any(column.null_count for column in table.columns), f"all columns of {name}")
    return table

"""What came and went since a catalogue was prepared: a small artefact beside it, which reading adds to it.

The catalogue itself stays as it is on disk. `index.catalogue.editing` says what an upsert or a removal changes,
`index.upsert` publishes it, and `index.catalogue.store` joins the two.

    changes = PublishedChanges.beside(home / "catalogue", digest)
    changes.count, changes.index_digest
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.artefacts import MANIFEST, Manifest, open_verified, read_manifest
from index.catalogue.arrays import PRODUCT_COLUMNS, check, read_aliases, read_array, read_table
from index.errors import ArtefactError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KIND = "changes"
_PRODUCTS, _ALIASES, _HASHES, _GONE = "products.arrow", "aliases.arrow", "uid_hashes.npy", "gone.npy"


@dataclass(frozen=True)
class Changes:
    """What came, in its order, and what went.

    `products` and `aliases` are Arrow tables with the columns of the catalogue's; the row of an alias is that of a
    product of the catalogue, or as many more as it has products and came before. `hashes` (products + aliases,) uint64
    are those of what came, in that order. `gone` (k,) int64 ascend: entries of the catalogue's uid table that hold no
    more.
    """

    products: Any
    aliases: Any
    hashes: "NDArray[np.uint64]"
    gone: "NDArray[np.int64]"

    @property
    def count(self) -> int:
        """Return how many uids came, or how many entries went, whichever is more; of identifiers none that came."""
        identifiers = int(self.aliases.column("identifier").to_numpy().sum())
        return max(len(self.hashes) - identifiers, len(self.gone))

    def save(self, folder: Path) -> None:
        """Write the tables."""
        import numpy as np
        import pyarrow as pa

        for name, table in ((_PRODUCTS, self.products), (_ALIASES, self.aliases)):
            with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
        np.save(folder / _HASHES, self.hashes, allow_pickle=False)
        np.save(folder / _GONE, self.gone, allow_pickle=False)


@dataclass(frozen=True)
class PublishedChanges(Changes):
    """Changes as they were published: where, with which digest, and for which index."""

    folder: Path
    digest: str
    index_digest: str

    @classmethod
    def beside(cls, catalogue: Path, digest: str) -> "PublishedChanges | None":
        """Verify and open the changes to the catalogue in a folder, of this digest; None where there are none.

        Those to an earlier catalogue count no more. Raises `ArtefactError` where they are damaged.
        """
        folder = folder_of(catalogue)
        try:
            if read_manifest(folder, KIND).made_from != digest:
                return None
            return open_verified(folder, KIND, _open)
        except ArtefactError:
            if (folder / MANIFEST).exists():
                raise
            return None


def folder_of(catalogue: Path) -> Path:
    """Return where the changes to the catalogue in a folder lie."""
    return catalogue.with_name(f"{catalogue.name}-changes")


def _open(folder: Path, manifest: Manifest) -> PublishedChanges:
    products, aliases = read_table(folder / _PRODUCTS, PRODUCT_COLUMNS), read_aliases(folder / _ALIASES)
    hashes, gone = read_array(folder / _HASHES, "uint64"), read_array(folder / _GONE, "int64")
    check(len(hashes) == products.num_rows + aliases.num_rows, "a hash for each uid")
    check(bool((gone[1:] > gone[:-1]).all()), f"{_GONE} that ascends")
    return PublishedChanges(products, aliases, hashes, gone, folder, manifest.digest, manifest.made_by["index"])

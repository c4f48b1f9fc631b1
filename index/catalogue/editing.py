"""What upserting products or removing them changes in a catalogue: as if its source had had those rows, last of all.

Products merge as `prepare` merges them: a text that is there under another uid stays one product, and where the
product goes that others were merged into, the first of those takes its place. Nothing is written here.

    changes = with_rows(catalogue, read_rows(Path("new.jsonl")))
    changes = without_uids(catalogue, ["B000123"])
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from index.catalogue.changes import Changes
from index.catalogue.store import Catalogue, uid_hash
from index.errors import UnknownProductError

Row = dict[str, Any]  # all columns of one product


def with_rows(catalogue: Catalogue, rows: Sequence[Row]) -> Changes:
    """Return the changes to a catalogue by which it has these products, each new or in place of the one of its uid."""
    edit = _Edit(catalogue)
    edit.put(rows)
    return edit.changes()


def without_uids(catalogue: Catalogue, uids: Iterable[str]) -> Changes:
    """Return the changes to a catalogue by which it has these uids no more. Raises `UnknownProductError`."""
    edit = _Edit(catalogue)
    for uid in uids:
        edit.remove(uid)
    return edit.changes()


class _Edit:
    """The changes to a catalogue, being made: `came` are rows by uid, `merged` uids with that of their product.

    `uids` are those of the rows that came, by their texts; `gone` are entries of the base.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.base = catalogue.base
        self.came: dict[str, Row] = {}
        self.merged: dict[str, str] = {}
        self.gone: set[int] = set()
        if catalogue.changed:
            changes = catalogue.changed.changes
            self.came = {row["uid"]: row for row in changes.products.to_pylist()}
            uids = [*self.came]
            for alias in changes.aliases.to_pylist():
                new = alias["row"] - len(self.base)
                self.merged[alias["uid"]] = uids[new] if new >= 0 else self.base.product(alias["row"]).uid
            self.gone = set(changes.gone.tolist())
        self.uids = {_text(row): uid for uid, row in self.came.items()}

    def put(self, rows: Sequence[Row]) -> None:
        """Have these rows, the last ones of all."""
        twins = defaultdict(list)
        for place in self.base.rows_titled(row["title"] for row in rows):
            twins[self.base.product(place).title].append(place)
        for row in rows:
            before = self._row_of(row["uid"])
            if before is not None and _text(before) == _text(row):
                continue
            if before is not None:
                self.remove(row["uid"])
            if of := self.uids.get(_text(row)) or self._twin_of(row, twins[row["title"]]):
                self.merged[row["uid"]] = of
            else:
                self._add(row)

    def remove(self, uid: str) -> None:
        """Have a uid no more; what was merged into its product stays. Raises `UnknownProductError`."""
        if self.merged.pop(uid, ""):
            return
        row = self.came.pop(uid, None)
        heirs: list[str] = []
        if row is None:
            entry = self._entry_of(uid)
            self.gone.add(entry)
            if entry >= len(self.base):
                return
            row = self.base.record(entry)
            others = {at: other for at, other in self.base.merged_into(entry).items() if at not in self.gone}
            self.gone |= others.keys()
            heirs += others.values()
        self.uids.pop(_text(row), None)
        heirs += [other for other, of in self.merged.items() if of == uid]
        if heirs:
            self._add(row | {"uid": heirs[0]})
            self.merged |= dict.fromkeys(heirs, heirs[0])
            del self.merged[heirs[0]]

    def _add(self, row: Row) -> None:
        self.came[row["uid"]] = row
        self.uids[_text(row)] = row["uid"]

    def changes(self) -> Changes:
        """Return what was made."""
        import numpy as np
        import pyarrow as pa

        products = pa.Table.from_pylist([*self.came.values()], self.base.tables.products.schema)
        new = {uid: len(self.base) + place for place, uid in enumerate(self.came)}
        rows = [new[of] if of in new else self.base.row_of(of) for of in self.merged.values()]
        aliases = pa.table({"uid": [*self.merged], "row": rows}, self.base.tables.aliases.schema)
        hashes = np.array([uid_hash(uid) for uid in (*self.came, *self.merged)], dtype=np.uint64)
        return Changes(products, aliases, hashes, np.array(sorted(self.gone), dtype=np.int64))

    def _row_of(self, uid: str) -> Row | None:
        """Return the row of the product that a uid leads to, None where it leads to none."""
        uid = self.merged.get(uid, uid)
        if uid in self.came:
            return self.came[uid]
        try:
            self._entry_of(uid)
        except UnknownProductError:
            return None
        return self.base.record(self.base.row_of(uid))

    def _entry_of(self, uid: str) -> int:
        """Return the entry of a uid in the base. Raises `UnknownProductError` where it is gone, too."""
        entry = self.base.entry_of(uid)
        if entry in self.gone:
            raise UnknownProductError(
                f"the product {uid!r} was removed", "a uid of the catalogue", "titlewise upsert FILE, to have it again"
            )
        return entry

    def _twin_of(self, row: Row, places: Iterable[int]) -> str:
        """Return the uid of the base's product with the text of a row, among some rows of the base; "" for none."""
        products = (self.base.product(place) for place in places if place not in self.gone)
        return next((one.uid for one in products if (one.title, one.content) == _text(row)), "")


def _text(row: Row) -> tuple[str, str]:
    return row["title"], row["content"]

"""What upserting products or removing them changes in a catalogue: as if its source had had those rows, last of all.

Products merge as `prepare` merges them: a text that is there under another uid stays one product, and where the
product goes that others were merged into, the first of those takes its place. Further identifiers go with their
product; a row that names none leaves those that its product has. One that is the uid of a product is that uid alone,
and does not come back when that product goes. Nothing is written here.

    changes = with_rows(catalogue, read_rows(Path("new.jsonl")))
    changes = without_uids(catalogue, ["B000123"])
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from index.catalogue.changes import Changes
from index.catalogue.store import Catalogue, uid_hash, unknown_product
from index.errors import UnknownProductError

Row = dict[str, Any]  # all columns of one product, and where it is upserted its further "identifiers"


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
    """The changes to a catalogue, being made.

    `came` are rows by uid, `uids` theirs by their texts, `merged` uids with that of their product; `identifiers` are
    further ones, each once and in their order, by the uid of their product; `gone` are entries of the base.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.base = catalogue.base
        self.came: dict[str, Row] = {}
        self.merged: dict[str, str] = {}
        self.identifiers: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self.gone: set[int] = set()
        if catalogue.changed:
            changes = catalogue.changed.changes
            self.came = {row["uid"]: row for row in changes.products.to_pylist()}
            self.gone = set(changes.gone.tolist())
            uids = [*self.came]
            for alias in changes.aliases.to_pylist():
                new = alias["row"] - len(self.base)
                of = uids[new] if new >= 0 else self.base.product(alias["row"]).uid
                if alias["identifier"]:
                    self.identifiers[of][alias["uid"]] = None
                else:
                    self.merged[alias["uid"]] = of
        self.uids = {_text(row): uid for uid, row in self.came.items()}

    def put(self, rows: Sequence[Row]) -> None:
        """Have these rows, the last ones of all."""
        twins = defaultdict(list)
        for place in self.base.rows_titled(row["title"] for row in rows):
            twins[self.base.product(place).title].append(place)
        for row in rows:
            uid, before = row["uid"], self._row_of(row["uid"])
            held = self._identifiers_taken(uid)
            if before is not None and _text(before) == _text(row):
                of = before["uid"]
            else:
                if before is not None:
                    self.remove(uid)
                of = self.uids.get(_text(row)) or self._twin_of(row, twins[row["title"]]) or uid
                if of == uid:
                    self._add(row)
                else:
                    self.merged[uid] = of
            self._lead(row["identifiers"] or held, of)
            # What is a uid now is no further identifier any more.
            self.gone |= {entry for entry in self.base.entries_of(uid) if self.base.is_identifier(entry)}

    def remove(self, uid: str) -> None:
        """Have a uid no more; what was merged into its product stays. Raises `UnknownProductError`."""
        if self.merged.pop(uid, ""):
            return
        held = self._identifiers_taken(uid)
        row = self.came.pop(uid, None)
        heirs: list[str] = []
        if row is None:
            entry = self._entry_of(uid)
            self.gone.add(entry)
            if entry >= len(self.base):
                return
            row = self.base.record(entry)
            others = self._aliases_of(entry, identifiers=False)
            self.gone |= others.keys()
            heirs += others.values()
        self.uids.pop(_text(row), None)
        heirs += [other for other, of in self.merged.items() if of == uid]
        if heirs:
            self._add(row | {"uid": heirs[0]})
            self.merged |= dict.fromkeys(heirs, heirs[0])
            del self.merged[heirs[0]]
            self._lead(held, heirs[0])

    def changes(self) -> Changes:
        """Return what was made."""
        import numpy as np
        import pyarrow as pa

        named = [(each, of) for of, all_of in self.identifiers.items() for each in all_of if not self._is_uid(each)]
        pairs = [*self.merged.items(), *named]
        new = {uid: len(self.base) + place for place, uid in enumerate(self.came)}
        aliases: dict[str, list[Any]] = {
            "uid": [uid for uid, _ in pairs],
            "row": [new[of] if of in new else self._entry_of(of) for _, of in pairs],
            "identifier": [place >= len(self.merged) for place in range(len(pairs))],
        }
        hashes = np.array([uid_hash(uid) for uid in (*self.came, *aliases["uid"])], dtype=np.uint64)
        tables = self.base.tables
        return Changes(
            pa.Table.from_pylist([*self.came.values()], tables.products.schema),
            pa.table(aliases, tables.aliases.schema),
            hashes,
            np.array(sorted(self.gone), dtype=np.int64),
        )

    def _add(self, row: Row) -> None:
        self.came[row["uid"]] = row
        self.uids[_text(row)] = row["uid"]

    def _lead(self, identifiers: Iterable[str], of: str) -> None:
        """Let further identifiers lead to the product of a uid."""
        self.identifiers[of] |= dict.fromkeys(identifiers)

    def _identifiers_taken(self, uid: str) -> list[str]:
        """Return the further identifiers of the product that has a uid for its own, and take them from it."""
        entries = [entry for entry in self.base.entries_of(uid) if entry < len(self.base) and entry not in self.gone]
        held = {at: each for entry in entries for at, each in self._aliases_of(entry, identifiers=True).items()}
        self.gone |= held.keys()
        return [*held.values(), *self.identifiers.pop(uid, {})]

    def _aliases_of(self, row: int, *, identifiers: bool) -> dict[int, str]:
        """Return those aliases of a row of the base that still hold."""
        aliases = self.base.aliases_of(row, identifiers=identifiers)
        return {entry: uid for entry, uid in aliases.items() if entry not in self.gone}

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

    def _is_uid(self, uid: str) -> bool:
        return self._row_of(uid) is not None

    def _entry_of(self, uid: str) -> int:
        """Return the entry of a uid in the base. Raises `UnknownProductError` where it is gone, or no uid."""
        for entry in self.base.entries_of(uid):
            if entry not in self.gone and not self.base.is_identifier(entry):
                return entry
        raise unknown_product(uid)

    def _twin_of(self, row: Row, places: Iterable[int]) -> str:
        """Return the uid of the base's product with the text of a row, among some rows of the base; "" for none."""
        products = (self.base.product(place) for place in places if place not in self.gone)
        return next((one.uid for one in products if (one.title, one.content) == _text(row)), "")


def _text(row: Row) -> tuple[str, str]:
    return row["title"], row["content"]

"""Writing a catalogue's tables, from the rows that were spooled and what was decided of them.

`index.catalogue.store` says what the files are and reads them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index.artefacts import link, publish, read_manifest
from index.catalogue.deduplication import Selection
from index.catalogue.report import REPORT_JSON, REPORT_MD
from index.catalogue.rows import ROW_COLUMNS, first_samples
from index.catalogue.sources.blocks import SAMPLE_CHARACTERS, Rejection
from index.catalogue.store import ALIASES, PRODUCTS, UID_ENTRIES, UID_HASHES, Catalogue, uid_hash
from index.progress import Progress

REJECTED = "rejected.jsonl"
_ROWS_PER_BATCH = 8192


@dataclass(frozen=True)
class Spooled:
    """The files in which what was read waits, and what is known of its n rows, (n,) of `index.catalogue.rows.FACTS`.

    `rows` is an Arrow stream of `ROW_COLUMNS`; `identifiers` one of further ones, each with its row (uid, row).
    """

    rows: Path
    identifiers: Path
    facts: NDArray[np.void]
    sources: Sequence[str]  # the names of several, by number; of one none is told


def write_tables(
    spooled: Spooled,
    folder: Path,
    selection: Selection,
    numbers: dict[str, NDArray[Any]],
    progress: type[Progress],
) -> list[Rejection]:
    """Write products, aliases and the uid table into `folder`; return the first rows of repeated uids.

    `numbers` are further columns of the products, (kept,) each.
    """
    facts = spooled.facts
    product_of = np.cumsum(selection.kept) - 1  # row read → row of the catalogue, where kept
    aliased = selection.aliases
    uids = np.concatenate([facts["uid"][selection.kept, 0], facts["uid"][aliased, 0]])
    identifiers = _identifiers_of(spooled.identifiers, selection, uids)
    alias_numbers = {
        "row": product_of[np.concatenate([selection.merged_into[aliased], identifiers.rows])],
        "identifier": np.append(np.zeros(aliased.sum(), np.bool_), np.ones(len(identifiers.rows), np.bool_)),
    }
    repeats: list[Rejection] = []
    with (
        _BatchWriter(folder / PRODUCTS, ROW_COLUMNS, numbers) as products,
        _BatchWriter(folder / ALIASES, ("uid",), alias_numbers) as aliases,
        pa.OSFile(str(spooled.rows), "rb") as file,  # read, not mapped: mapped pages would count as memory
        progress("writing the catalogue", len(facts), unit="rows") as bar,
    ):
        done = 0
        for batch in pa.ipc.open_stream(file):
            part = slice(done, done + batch.num_rows)
            products.add(batch.filter(pa.array(selection.kept[part])))
            aliases.add(batch.select(["uid"]).filter(pa.array(aliased[part])))
            repeats = first_samples(repeats + _repeats(batch, selection.repeated[part], facts[part], spooled.sources))
            done += batch.num_rows
            bar.update(batch.num_rows)
        for batch in identifiers.texts.to_batches():
            aliases.add(batch)
    hashes = np.concatenate([uids, identifiers.hashes])
    entries = np.argsort(hashes, kind="stable")
    np.save(folder / UID_HASHES, hashes[entries])
    np.save(folder / UID_ENTRIES, entries)
    return repeats


def write_joined(catalogue: Catalogue, last: Path, folder: Path) -> None:
    """Publish in `folder` a catalogue with the changes to it folded in; `last` is where it lies without them.

    What is reported of its source stays as it was.
    """
    tables = catalogue.tables
    made_by = read_manifest(last, "catalogue").made_by
    made_by = {key: value for key, value in made_by.items() if key != "titlewise"}
    with publish(folder, kind="catalogue", made_by=made_by, made_from=catalogue.digest) as scratch:
        for name, table in ((PRODUCTS, tables.products), (ALIASES, tables.aliases)):
            with pa.OSFile(str(scratch / name), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
                for start in range(0, table.num_rows, _ROWS_PER_BATCH):
                    stream.write_table(table.slice(start, _ROWS_PER_BATCH).combine_chunks())
        np.save(scratch / UID_HASHES, tables.hashes, allow_pickle=False)
        np.save(scratch / UID_ENTRIES, tables.entries, allow_pickle=False)
        for name in (REJECTED, REPORT_JSON, REPORT_MD):
            link(last / name, scratch / name)


def write_rejected(samples: list[Rejection], folder: Path) -> None:
    """Write samples of what was rejected, in the order of their lines."""
    ordered = sorted(samples, key=lambda rejection: (rejection.source, rejection.line, rejection.reason))
    rows = [asdict(rejection) for rejection in ordered]
    for row in rows:
        if not row["source"]:
            del row["source"]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / REJECTED).write_text(text, encoding="utf-8")


class _BatchWriter:
    """Writes an Arrow stream in batches of one size, adding columns of numbers to the text."""

    def __init__(self, path: Path, texts: Iterable[str], numbers: dict[str, NDArray[Any]]) -> None:
        self._numbers = {name: pa.array(values) for name, values in numbers.items()}
        self._text_schema = pa.schema([(name, pa.string()) for name in texts])
        kinds = [(name, values.type) for name, values in self._numbers.items()]
        self._schema = pa.schema([*self._text_schema, *(pa.field(*kind) for kind in kinds)])
        self._sink = pa.OSFile(str(path), "wb")
        self._stream = pa.ipc.new_stream(self._sink, self._schema)
        self._waiting: list[Any] = []
        self._waiting_rows = self._written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._stream.close()
        self._sink.close()

    def add(self, batch: Any) -> None:
        """Take the next rows of text."""
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        if self._waiting_rows >= _ROWS_PER_BATCH:
            self._flush()

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._text_schema).combine_chunks()
        for name, values in self._numbers.items():
            table = table.append_column(name, values.slice(self._written, table.num_rows))
        self._stream.write_table(table)
        self._written += table.num_rows
        self._waiting, self._waiting_rows = [], 0


@dataclass(frozen=True)
class _Identifiers:
    """Further identifiers, k of them: a table (uid) of their texts; the rows that they lead to, and hashes, (k,)."""

    texts: pa.Table
    rows: NDArray[np.int64]
    hashes: NDArray[np.uint64]


def _identifiers_of(path: Path, selection: Selection, uids: NDArray[np.uint64]) -> _Identifiers:
    """Read the identifiers of the rows that are kept or merged; one that is the uid of a product is left to that."""
    with pa.OSFile(str(path), "rb") as file:
        table = pa.ipc.open_stream(file).read_all()
    rows = table.column("row").to_numpy().astype(np.int64)
    hashes = np.array([uid_hash(uid) for uid in table.column("uid").to_pylist()], np.uint64)
    leads_to = selection.merged_into[rows]
    wanted = ~selection.repeated[rows] & selection.kept[leads_to] & ~np.isin(hashes, uids)
    return _Identifiers(table.select(["uid"]).filter(pa.array(wanted)), leads_to[wanted], hashes[wanted])


def _repeats(
    batch: Any, repeated: NDArray[np.bool_], facts: NDArray[np.void], sources: Sequence[str]
) -> list[Rejection]:
    return [
        Rejection(
            int(facts["line"][place]),
            "duplicate uid",
            json.dumps(batch.slice(int(place), 1).to_pylist()[0], ensure_ascii=False)[:SAMPLE_CHARACTERS],
            sources[facts["source"][place]] if sources else "",
        )
        for place in repeated.nonzero()[0]
    ]

"""Parquet, Arrow and data sets of the hub: record batches, read one after another and cut small.

table = open_table(Path("shop.parquet"), "Parquet", "shop.parquet")
for block in table.blocks(chosen, Ending(), bar.update):
    …
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from index.catalogue.sources.blocks import Read, Rejection
from index.catalogue.sources.columns import Chosen
from index.catalogue.sources.formats import PARQUET
from index.catalogue.sources.streams import Ending
from index.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import IterableDatasetDict

_ROWS_PER_BLOCK = 1000
_BUFFER_BYTES = 1 << 20
_FLOAT32_DIGITS = 7
_SHOWN_CHARACTERS = 120  # of what a library says


@dataclass(frozen=True)
class BatchBlock:
    """Rows as an Arrow stream, the first of which has the number `first_row`."""

    first_row: int
    stream: bytes
    rejections: tuple[Rejection, ...] = ()
    joined: int = 0

    def rows(self) -> Iterator[Read]:
        """Yield the rows."""
        import pyarrow as pa

        if not self.stream:
            return
        table = pa.ipc.open_stream(self.stream).read_all()
        columns = [_values(column) for column in table.columns]
        for number, cells in enumerate(zip(*columns, strict=True), self.first_row):
            row = dict(zip(table.column_names, cells, strict=True))
            yield number, row, row


@dataclass(frozen=True)
class Table:
    """Rows that come in record batches; `columns` are the names at the top of their schema."""

    columns: tuple[str, ...]
    batches: Callable[[Sequence[str]], Iterable[Any]]  # of the columns named
    num_rows: int = 0  # 0 where it is not known before they are read

    def blocks(self, chosen: Chosen, ending: Ending, on_rows: Callable[[int], None]) -> Iterator[BatchBlock]:
        """Yield the chosen columns of all rows, some thousand at a time; `ending` says where they break off."""
        import pyarrow as pa

        names = chosen.read_of(self.columns) or self.columns[:1]  # without a column there would be no rows
        row = 1
        try:
            for batch in self.batches(names):
                for start in range(0, batch.num_rows, _ROWS_PER_BLOCK):
                    part = batch.slice(start, _ROWS_PER_BLOCK)
                    yield BatchBlock(row, _streamed(part))
                    row += part.num_rows
                    on_rows(part.num_rows)
        except (pa.ArrowException, OSError) as exc:
            ending.broken = f"damaged file: {' '.join(str(exc).split())[:_SHOWN_CHARACTERS]}"
        if ending.broken:
            yield BatchBlock(row, b"", (Rejection(row, ending.broken, ""),))


def open_table(place: Path | BinaryIO, format_name: str, name: str) -> Table:
    """Open a file of batches by its path, or one that is open already; `name` is what errors call it.

    Raises `SourceError` where it is damaged or cut off.
    """
    import pyarrow as pa

    try:
        return (_parquet if format_name == PARQUET else _arrow)(place)
    except (pa.ArrowException, OSError) as exc:
        happened = f"{name} is no whole {format_name} file ({' '.join(str(exc).split())[:_SHOWN_CHARACTERS]})"
        expected = f"a {format_name} file that ends where it should"
        raise SourceError(happened, expected, "copy or export the file anew") from exc


def open_hub_table(name: str) -> Table:
    """Open a data set of the Hugging Face hub, by "owner/name" or "owner/name:configuration", all its splits in order.

    Raises `SourceError` where there is none, or the hub cannot be reached.
    """
    from datasets import load_dataset
    from huggingface_hub import HfApi

    place, _, configuration = name.partition(":")
    try:
        HfApi().dataset_info(place)  # says at once what `load_dataset` would try again and again
        return table_of_splits(load_dataset(place, configuration or None, streaming=True))
    except Exception as exc:  # whatever the hub, its client or a data set's reader says
        happened = f"there is no file {name}, and no data set of that name could be opened at the hub"
        reason = " ".join(str(exc).split())[:_SHOWN_CHARACTERS]
        mend = "titlewise prepare SOURCE, with the path of a file or folder"
        raise SourceError(f"{happened} ({reason})", "a file, a folder, or owner/name at the hub", mend) from exc


def table_of_splits(splits: "IterableDatasetDict") -> Table:
    """Return the rows of a data set's splits, one split after the other."""
    first = next(iter(splits.values()))
    columns = first.column_names or next(iter(first.take(1)))
    tables = (table for split in splits.values() for table in split.with_format("arrow").iter(_ROWS_PER_BLOCK))
    return Table(tuple(columns), lambda names: (table.select(names) for table in tables))


def _parquet(place: Path | BinaryIO) -> Table:
    import pyarrow.parquet as pq

    # Read in small buffers: the row groups of a file may be of hundreds of megabytes.
    file = pq.ParquetFile(place, buffer_size=_BUFFER_BYTES, pre_buffer=False)

    def batches(names: Sequence[str]) -> Iterator[Any]:
        yield from file.iter_batches(_ROWS_PER_BLOCK, columns=list(names))

    return Table(tuple(file.schema_arrow.names), batches, file.metadata.num_rows)


def _arrow(place: Path | BinaryIO) -> Table:
    import pyarrow as pa

    opened = pa.memory_map(str(place)) if isinstance(place, Path) else pa.PythonFile(place, mode="r")
    try:
        file = pa.ipc.open_file(opened)
    except pa.ArrowInvalid:
        opened.seek(0)
        stream = pa.ipc.open_stream(opened)
        return Table(tuple(stream.schema.names), lambda names: (batch.select(names) for batch in stream))
    batches = (file.get_batch(place) for place in range(file.num_record_batches))
    return Table(tuple(file.schema.names), lambda names: (batch.select(names) for batch in batches))


def _streamed(rows: "pa.RecordBatch | pa.Table") -> bytes:
    """Return rows as bytes for another process, without what their slice leaves out."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write(rows)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _values(column: "pa.ChunkedArray") -> list[Any]:
    import pyarrow as pa

    values: list[Any] = column.to_pylist(maps_as_pydicts="lossy")
    if pa.types.is_float32(column.type):  # 0.1, not 0.10000000149011612
        return [value if value is None else float(f"{value:.{_FLOAT32_DIGITS}g}") for value in values]
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):  # texts, as some programs write them
        return [value if value is None else value.decode("utf-8", "replace") for value in values]
    return values

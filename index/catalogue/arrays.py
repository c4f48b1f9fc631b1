"""Arrays and tables on disk: a `.npy` or an Arrow file each, mapped into memory and of the very type that was written.

A sealed file may still hold nonsense. What is read here fits its type; that its numbers fit their neighbours is
`check`ed by whoever knows what they mean.

    rows = read_array(folder / "rows.npy", "int32")
    check(len(rows) == len(titles), "a row for each title")
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


PRODUCT_COLUMNS = {
    **dict.fromkeys(("uid", "title", "content"), "string"),
    **{"cluster": "uint64", "train": "bool", "described": "bool"},
}
# NumPy reads a header by `ast.literal_eval`, which CPython 3.11 cannot do in two threads at once (gh-106905).
_HEADERS = threading.Lock()
ALIAS_COLUMNS = {"uid": "string", "row": "int64", "identifier": "bool"}


def read_array(path: Path, dtype: str) -> "NDArray[Any]":
    """Map a `.npy` file of one dimension, (n,), as a plain array: slices of a `np.memmap` cost microseconds each.

    Raises `ValueError` where it is none, or of another type.
    """
    import numpy as np

    with _HEADERS:
        array = np.lib.format.open_memmap(path, mode="r")
    check(array.dtype == np.dtype(dtype) and array.ndim == 1, f"{path.name} of {dtype}, in one dimension")
    return np.asarray(array)


def read_aliases(path: Path) -> Any:
    """Map the table of aliases as `read_table` does; in one that was made before there were any, none identifies."""
    import pyarrow as pa

    with pa.ipc.open_stream(pa.memory_map(str(path))) as stream:
        if "identifier" in stream.schema.names:
            return read_table(path, ALIAS_COLUMNS)
    aliases = read_table(path, {name: kind for name, kind in ALIAS_COLUMNS.items() if name != "identifier"})
    return aliases.append_column("identifier", pa.array([False] * aliases.num_rows, pa.bool_()))


def read_table(path: Path, columns: dict[str, str]) -> Any:
    """Map an Arrow table of these columns, every text of which lies inside it and is UTF-8.

    Arrow itself reads what its offsets point to, wherever that is. 1.3 million products take 0.4 s.

    Raises `ValueError` where it is another.
    """
    import pyarrow as pa

    table = pa.ipc.open_stream(pa.memory_map(str(path))).read_all()
    table.validate(full=True)
    found = {field.name: str(field.type) for field in table.schema}
    check(found == columns and not any(column.null_count for column in table.columns), f"all columns of {path.name}")
    return table


def check(sound: bool, expected: str) -> None:
    """Raise `ValueError` where what was read is not as expected."""
    if not sound:
        raise ValueError(f"expected {expected}")


def check_starts(starts: "NDArray[Any]", size: int, name: str) -> None:
    """Raise `ValueError` unless `starts` (n + 1,) cut something of a size into n parts, in order."""
    whole = len(starts) > 0 and starts[0] == 0 and starts[-1] == size and bool((starts[1:] >= starts[:-1]).all())
    check(whole, f"{name} that ascend from 0 to {size}")


def check_below(numbers: "NDArray[Any]", limit: int, name: str, *, least: int = 0) -> None:
    """Raise `ValueError` unless all numbers (n,) are at least `least` and below `limit`."""
    inside = len(numbers) == 0 or (least <= int(numbers.min()) and int(numbers.max()) < limit)
    check(inside, f"{name} of {least} to {limit - 1}")

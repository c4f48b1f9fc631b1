"""A map on a Ray cluster, by Ray Data: items stream through it, and what a lost worker had is done anew.

Parts are read on the cluster too, so each node must find them under the same path, and have the same packages. What
comes out passes through this process, in order.

    with connected("local") as mapped:
        for cleaned in mapped(read, sources, clean):
            …
"""

import functools
import importlib.metadata
import logging
import os
import socket
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import ray
import ray.data
from ray.data.block import BlockAccessor, BlockMetadata
from ray.exceptions import RayError, RayTaskError

from index.errors import UserError
from index.parallel.mapping import Item, Map, Part, Result
from index.parallel.processes import cores

LOCAL = "local"
# A worker that reads is half idle, and needs room beside those that work even where there is one core.
_READING_CPUS, _WORKING_CPUS = 0.25, 0.75
_BLOCK_BYTES = 4 << 20  # what a task is given at a time
_STORE_BYTES_A_CORE = 100 << 20  # of memory that Ray's processes share; it takes a third of the machine's otherwise
_PACKAGES = ("ftfy", "numpy", "pyarrow", "titlewise")  # what results depend on
_REACHED_S = 5.0
_SHOWN_CHARACTERS = 160  # of what Ray says
_MEND = "pip install 'titlewise[cluster]' of one version on every node, and ray start"
_ITEM = "item"  # the one column: an item, or its result


@contextmanager
def connected(address: str) -> Iterator[Map]:
    """Connect this process to Ray: "local" starts it on this machine for as long, else the address of a cluster.

    Where the process is connected already, it stays so. Raises `UserError` where there is no cluster.
    """
    if ray.is_initialized():
        yield _mapped
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told
    started = cores() if address == LOCAL else None
    try:
        if ":" in address:
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), _REACHED_S).close()  # Ray itself would try for minutes
        ray.init(
            address,
            num_cpus=started,
            object_store_memory=started and started * _STORE_BYTES_A_CORE,
            include_dashboard=False if started else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (OSError, RayError, RuntimeError, ValueError) as exc:
        reason = " ".join(str(exc).split())[:_SHOWN_CHARACTERS]
        raise UserError(
            f"no Ray cluster could be reached at {address!r} ({reason})",
            "local, or the address of a cluster that this machine is part of, such as 10.0.0.5:6379",
            "ray start on this machine, or titlewise prepare SOURCE --ray local",
        ) from exc
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what fails is raised, and told once
    try:
        yield _mapped
    finally:
        ray.shutdown()


def _mapped(
    read: Callable[[Part], Iterable[Item]], parts: Sequence[Part], work: Callable[[Item], Result]
) -> Iterator[Result]:
    """Map as `index.parallel.mapping.Map` says."""
    if not parts:
        return
    context = ray.data.DataContext.get_current().copy()
    context.execution_options.preserve_order = True
    context.target_max_block_size = _BLOCK_BYTES
    context.enable_progress_bars = False
    context.raise_original_map_exception = True
    task = _Task(work, _versions())
    with ray.data.DataContext.current(context):
        items = ray.data.read_datasource(_Parts(read, parts), num_cpus=_READING_CPUS, override_num_blocks=len(parts))
        results = items.map_batches(task, batch_size=None, batch_format="numpy", num_cpus=_WORKING_CPUS)
    try:
        for batch in results.iter_batches(batch_size=None, batch_format="numpy"):
            yield from _items_in(batch)
    except RayTaskError as exc:
        if isinstance(exc.cause, UserError):
            raise exc.cause from exc
        raise
    except RayError as exc:
        reason = " ".join(str(exc).split())[:_SHOWN_CHARACTERS]
        raise UserError(f"the work on Ray failed ({reason})", "a cluster that is whole", "ray status") from exc


class _Parts(ray.data.Datasource):
    """The items of all parts, one task a part."""

    def __init__(self, read: Callable[[Part], Iterable[Item]], parts: Sequence[Part]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._read = read
        self._parts = [ray.put(part) for part in parts]  # titles are too much for what a task is sent with

    def estimate_inmemory_data_size(self) -> int | None:
        """Return None: it is not known before they are read."""
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ray.data.ReadTask]:
        """Return a task for each part."""
        unknown = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [ray.data.ReadTask(functools.partial(_blocks, self._read, part), unknown) for part in self._parts]


def _blocks(read: Callable[[Part], Iterable[Item]], part: "ray.ObjectRef[Part]") -> Iterator[Any]:
    """Yield the items of a part as tables of a row each."""
    return (BlockAccessor.batch_to_block(_column([item])) for item in read(ray.get(part)))


@dataclass(frozen=True)
class _Boxed:
    """Any item or result; Arrow would make an array of one that is a list."""

    item: Any


@dataclass(frozen=True)
class _Task:
    """What a worker does with some items; `versions` are those of where the command runs."""

    work: Callable[[Any], Any]
    versions: Mapping[str, str]

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        if self.versions != _versions():
            raise UserError(
                f"a worker of the cluster has {_named(_versions())}", f"{_named(self.versions)}, as here", _MEND
            )
        return _column([self.work(item) for item in _items_in(batch)])


def _column(items: Sequence[Any]) -> dict[str, Any]:
    column = np.empty(len(items), dtype=object)
    column[:] = [_Boxed(item) for item in items]
    return {_ITEM: column}


def _items_in(batch: Mapping[str, Any]) -> Iterator[Any]:
    return (boxed.item for boxed in batch[_ITEM])


@functools.cache
def _versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {**found, "unicode": unicodedata.unidata_version}


def _named(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())

"""Opening what maps: processes of this machine, or a Ray cluster.

with opened_map(workers=4, ray="") as mapped:
    …
"""

from collections.abc import Iterator
from contextlib import contextmanager

from index.extras import require
from index.parallel.mapping import Map
from index.parallel.processes import in_processes


@contextmanager
def opened_map(workers: int, ray: str) -> Iterator[Map]:
    """Open what maps: Ray by its address, if any ("local" starts it here), else so many processes of this machine.

    Where this process is connected to Ray already, it stays so. Raises `UserError` where the cluster cannot be
    reached, or Ray is not installed.
    """
    if not ray:
        yield in_processes(workers)
        return
    require("cluster")
    from index.parallel.cluster import connected

    with connected(ray) as mapped:
        yield mapped

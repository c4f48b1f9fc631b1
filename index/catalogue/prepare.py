"""Preparing a catalogue: a source of any size becomes the catalogue artefact.

Lines are read and cleaned in several processes, in bounded memory; exact duplicates
are merged, near-duplicates clustered and split 80/20 by cluster. The same source and
options give the same artefact, byte for byte, whatever the number of processes.

    report = prepare(Path("trn.json.gz"), home / "catalogue")
"""

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import unicodedata
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.artefacts import publish, remove
from index.catalogue.changes import KIND, folder_of
from index.catalogue.report import Report, write_report
from index.catalogue.rows import FACTS, LENGTHS, ROW_COLUMNS, Cleaned, clean_block, first_samples
from index.catalogue.source import Block, Rejection, Source
from index.errors import SourceError
from index.progress import Progress
from index.settings import CatalogueSettings, Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from index.catalogue.deduplication import Selection

__all__ = ["CatalogueSettings", "Columns", "Report", "prepare"]

_SMALL_SOURCE_BYTES = 4 << 20  # read in this process: others take half a second to start
_MAX_WORKERS = 8  # more than one reading process can feed
_QUANTILES = {"min": 0.0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "99 %": 0.99, "max": 1.0}


@dataclass(frozen=True)
class _Tally:
    """How reading the whole source went; the rows themselves are in files."""

    lines: int
    rows: int
    rejected: Counter[str]
    samples: list[Rejection]


@dataclass(frozen=True)
class _Choice:
    """Which of the n rows read become products, and what is known of those that do, (kept,) each."""

    facts: "NDArray[np.void]"  # (n,) of `FACTS`
    selection: "Selection"
    clusters: "NDArray[np.uint64]"
    train: "NDArray[np.bool_]"

    @property
    def kept(self) -> "NDArray[np.void]":
        """The facts of the rows that become products."""
        return self.facts[self.selection.kept]


def prepare(
    source: Path,
    folder: Path,
    settings: CatalogueSettings = CatalogueSettings(),
    *,
    progress: type[Progress] = Progress,
) -> Report:
    """Make the catalogue artefact in `folder` from JSON Lines, plain or gzipped.

    A sample is of the same products in whatever order the source has them.

    Raises `SourceError` where the source cannot be read or holds no usable row,
    `ArtefactError` where `folder` holds something else.
    """
    from index.catalogue.writer import write_rejected, write_tables

    if settings.sample is not None and settings.sample < 1:
        raise SourceError(
            f"a sample of {settings.sample} products", "one product or more", "titlewise prepare SOURCE --sample 40000"
        )
    start_s = time.monotonic()
    made_by = _made_by(source, settings)
    with (
        Source(source, settings) as opened,
        publish(folder, kind="catalogue", made_by=made_by) as scratch,
        tempfile.TemporaryDirectory(dir=scratch) as temporary,
    ):
        work = Path(temporary)
        with progress(f"reading {source.name}", opened.size_bytes, unit="B") as bar:
            blocks = opened.blocks(bar.update)
            workers = settings.workers or _default_workers(opened.size_bytes)
            tally = _spool(_cleaned(blocks, settings.columns, workers), work)
        made_by["source_sha256"] = opened.sha256  # known only now; the manifest is written at the end
        if not tally.rows:
            raise _nothing_usable(source, tally)
        choice = _choose(work, settings)
        numbers = {"cluster": choice.clusters, "train": choice.train, "described": choice.kept["described"]}
        repeats = write_tables(work / "rows", scratch, choice.facts, choice.selection, numbers, progress)
        write_rejected(tally.samples + repeats, scratch)
        report = _account(source, tally, choice, start_s)
        write_report(report, scratch)
    remove(folder_of(folder), KIND)  # changes by upsert and remove were to the catalogue before
    return report


def _made_by(source: Path, settings: CatalogueSettings) -> dict[str, Any]:
    """Return what a catalogue's content depends on, as its manifest holds it."""
    versions = {name: version(name) for name in ("ftfy", "numpy", "pyarrow")} | {"unicode": unicodedata.unidata_version}
    return {
        "source": source.name,
        "columns": asdict(settings.columns),
        "sample": settings.sample,
        "seed": settings.seed,
        "versions": versions,
    }


def _choose(work: Path, settings: CatalogueSettings) -> _Choice:
    """Choose the products from what `_spool` wrote, and find their clusters and sides."""
    import numpy as np

    from index.catalogue.deduplication import select
    from index.catalogue.near_duplicates import in_training

    facts = np.fromfile(work / "facts", FACTS)
    selection = select(facts, sample=settings.sample, seed=settings.seed)
    # Clusters and sides are those of the whole source: a sample must not move a product to the other side.
    distinct = ~(selection.repeated | selection.merged)
    clusters = _cluster(work / "signatures", facts, distinct)[selection.kept[distinct]]
    return _Choice(facts, selection, clusters, in_training(clusters))


def _account(source: Path, tally: _Tally, choice: _Choice, start_s: float) -> Report:
    """Account for every row of the source."""
    import numpy as np

    kept, selection = choice.kept, choice.selection
    repeated, merged, train = (int(rows.sum()) for rows in (selection.repeated, selection.merged, choice.train))
    rejected = tally.rejected + Counter({"duplicate uid": repeated})
    cluster_sizes = np.unique(choice.clusters, return_counts=True)[1]
    return Report(
        source=source.name,
        rows_in=tally.lines,
        kept=len(kept),
        rejected=dict(sorted(rejected.items(), key=lambda item: (-item[1], item[0]))),
        merged=merged,
        left_out=tally.rows - len(kept) - merged - repeated,
        without_description=int((~kept["described"]).sum()),
        clusters=len(cluster_sizes),
        largest_cluster=int(cluster_sizes.max()),
        train=train,
        validation=len(kept) - train,
        lengths={name: _quantiles(kept["lengths"][:, place]) for place, name in enumerate(LENGTHS)},
        seconds=time.monotonic() - start_s,
    )


def _nothing_usable(source: Path, tally: _Tally) -> SourceError:
    reasons = ", ".join(f"{count:,} × {reason}" for reason, count in tally.rejected.most_common(3))
    return SourceError(
        f"{source} holds no usable row ({tally.lines:,} lines{': ' + reasons if reasons else ''})",
        "JSON Lines, each with a uid, a title and a content",
        "titlewise prepare SOURCE, with the names of its columns as options",
    )


def _default_workers(size_bytes: int) -> int:
    if size_bytes < _SMALL_SOURCE_BYTES:
        return 1
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(cores, _MAX_WORKERS)


def _cleaned(blocks: Iterator[Block], columns: Columns, workers: int) -> Iterator[Cleaned]:
    """Clean blocks in several processes, a bounded number at a time; the results come in order."""
    if workers == 1:
        yield from (clean_block(block, columns) for block in blocks)
        return
    # Spawned, not forked, on every system: threads of this process (a server, PyTorch) would make a fork unsafe.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_live_with_parent)
    pending: deque[Future[Cleaned]] = deque()
    try:
        for block in blocks:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a process starts here, and inherits the mask
            pending.append(pool.submit(clean_block, block, columns))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            if len(pending) > 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as exc:
        raise SourceError(
            "a process that cleans rows was killed", "about 300 MB of memory for each of them", "close other programs"
        ) from exc
    finally:
        pool.shutdown(cancel_futures=True)


def _live_with_parent() -> None:
    """Leave interrupts to the parent, and end when it ends: a killed parent must leave no process behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _spool(cleaned: Iterator[Cleaned], work: Path) -> _Tally:
    """Write the rows, their facts and signatures to files, as they come."""
    import pyarrow as pa

    lines = written = 0
    rejected: Counter[str] = Counter()
    samples: list[Rejection] = []
    schema = pa.schema([(name, pa.string()) for name in ROW_COLUMNS])
    with (
        pa.OSFile(str(work / "rows"), "wb") as sink,
        pa.ipc.new_stream(sink, schema) as rows,
        (work / "facts").open("wb") as facts,
        (work / "signatures").open("wb") as signatures,
    ):
        for part in cleaned:
            rows.write_batch(part.rows)
            part.facts.tofile(facts)
            part.signatures.tofile(signatures)
            lines += part.lines
            written += len(part.facts)
            rejected += part.rejected
            samples = first_samples(samples + part.samples)
    return _Tally(lines, written, rejected, samples)


def _cluster(path: Path, facts: "NDArray[np.void]", kept: "NDArray[np.bool_]") -> "NDArray[np.uint64]":
    """Return the cluster keys of the rows that are kept, reading only their signatures."""
    import numpy as np

    from index.catalogue.near_duplicates import SIGNATURE_SIZE, cluster_keys

    wanted = kept[facts["signed"]]
    signatures = np.empty((int(wanted.sum()), SIGNATURE_SIZE), np.uint16)
    done = 0
    with path.open("rb") as file:
        for start in range(0, len(wanted), 100_000):
            part = wanted[start : start + 100_000]
            chosen = np.fromfile(file, np.uint16, len(part) * SIGNATURE_SIZE).reshape(-1, SIGNATURE_SIZE)[part]
            signatures[done : done + len(chosen)] = chosen
            done += len(chosen)
    return cluster_keys(facts["title_key"][kept], signatures, np.flatnonzero(facts["signed"][kept]))


def _quantiles(values: "NDArray[np.int32]") -> dict[str, int]:
    import numpy as np

    return {name: int(np.quantile(values, share, method="nearest")) for name, share in _QUANTILES.items()}

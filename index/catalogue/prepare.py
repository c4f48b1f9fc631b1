"""Preparing a catalogue: sources of any size and format become the catalogue artefact.

Rows are read and cleaned in several processes or on a Ray cluster, in bounded memory; exact
duplicates are merged, near-duplicates clustered and split 80/20 by cluster. The same source and
options give the same artefact, byte for byte, whatever the number of processes and wherever they are.

    report = prepare(Path("trn.json.gz"), home / "catalogue")
"""

import functools
import hashlib
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.artefacts import publish, remove
from index.catalogue.changes import KIND, folder_of
from index.catalogue.report import Report, write_report
from index.catalogue.rows import (
    FACTS,
    LENGTHS,
    ROW_COLUMNS,
    Cleaned,
    CleanedPiece,
    clean_piece,
    first_samples,
    pieces_at,
    pieces_of,
)
from index.catalogue.sources.blocks import Rejection
from index.catalogue.sources.columns import absent, named, no_such_column
from index.catalogue.sources.source import ReadOutcome, Source, files_of
from index.errors import SourceError
from index.parallel.open import opened_map
from index.parallel.processes import cores
from index.progress import Progress
from index.remote.paths import AnyPath
from index.settings import CatalogueSettings, Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from index.catalogue.deduplication import Selection

__all__ = ["CatalogueSettings", "Columns", "Report", "prepare"]

_SMALL_SOURCE_BYTES = 4 << 20  # read in this process: others take half a second to start
_MAX_WORKERS = 8  # more than one reading process can feed
_QUANTILES = {"min": 0.0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "99 %": 0.99, "max": 1.0}


@dataclass
class _Tally:
    """How reading the whole source went; the rows themselves are in files."""

    lines: int = 0
    joined: int = 0
    unread: int = 0
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    samples: list[Rejection] = field(default_factory=list)

    def add(self, part: Cleaned, source: str) -> None:
        """Count a block; `source` is told with its rejections."""
        self.lines += part.lines
        self.joined += part.joined
        self.unread += part.unread
        self.rows += len(part.facts)
        self.rejected += part.rejected
        samples = [replace(each, source=source) for each in part.samples] if source else part.samples
        self.samples = first_samples(self.samples + samples)


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
    source: AnyPath | Sequence[AnyPath],
    folder: Path,
    settings: CatalogueSettings = CatalogueSettings(),
    *,
    announce: Callable[[Sequence[Source]], None] = lambda sources: None,
    progress: type[Progress] = Progress,
) -> Report:
    """Make the catalogue artefact in `folder` from one source or several.

    A source is a file of JSON Lines, JSON, CSV, TSV, Parquet, Arrow or XML, packed by gzip or zstd or not; a folder of
    such files, here or elsewhere; "-", standard input; or owner/name of a data set at the Hugging Face hub. `announce`
    is given them when they are recognised, before they are read. A sample is of the same products in whatever order
    the source has them.

    Raises `SourceError` where a source cannot be read, ends too early or holds no usable row, or has no column of a
    name that was asked for; `ArtefactError` where `folder` holds something else.
    """
    from index.catalogue.writer import Spooled, write_rejected, write_tables

    if settings.sample is not None and settings.sample < 1:
        raise SourceError(
            f"a sample of {settings.sample} products", "one product or more", "titlewise prepare SOURCE --sample 40000"
        )
    start_s = time.monotonic()
    paths, passed_over = files_of([source] if isinstance(source, AnyPath) else source)
    with ExitStack() as stack:
        sources = [stack.enter_context(Source(path, settings)) for path in paths]
        _check_columns(sources, settings.columns)
        announce(sources)
        made_by = _made_by(sources, settings)
        scratch = stack.enter_context(publish(folder, kind="catalogue", made_by=made_by))
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch)))
        tally = _read(sources, settings, work, progress)
        made_by["source_sha256"] = _sha256_of(sources)  # known only now; the manifest is written at the end
        made_by["sources"] = [_provenance(each) for each in sources]
        choice = _choose(work, settings)
        spooled = Spooled(work / "rows", work / "identifiers", choice.facts, _names_of_several(sources))
        numbers = {"cluster": choice.clusters, "train": choice.train, "described": choice.kept["described"]}
        repeats = write_tables(spooled, scratch, choice.selection, numbers, progress)
        write_rejected(tally.samples + repeats, scratch)
        report = _account(sources, passed_over, tally, choice, start_s)
        write_report(report, scratch)
    remove(folder_of(folder), KIND)  # changes by upsert and remove were to the catalogue before
    return report


def _check_columns(sources: Sequence[Source], columns: Columns, *, is_read: bool = False) -> None:
    """Raise `SourceError` for a column that no row has: where all show their columns, before anything is read."""
    if not is_read and any(source.is_open_ended for source in sources):
        return
    names = sorted(set().union(*(source.met for source in sources)))
    title = _title_of(sources)
    for field_name, name in absent(columns, names):
        raise no_such_column(field_name, name, names, title)
    for field_name in ("uid", "title"):
        if not is_read and not any(getattr(source.chosen, field_name) in source.met for source in sources):
            raise SourceError(
                f"{title} has no column that is known to hold the {field_name}",
                f"a first row with the names of the columns, which here reads {named(names)}",
                f"titlewise prepare SOURCE --{field_name} COLUMN",
            )


def _read(sources: Sequence[Source], settings: CatalogueSettings, work: Path, progress: type[Progress]) -> _Tally:
    """Read and clean all sources into files in `work`.

    Raises `SourceError` where one ends too early, a column is nowhere, or nothing is usable.
    """
    if settings.ray and any(source.is_read_once for source in sources):
        raise SourceError(
            "standard input and pipes cannot be read on Ray",
            "files that all its nodes see under the same path",
            "titlewise prepare FILE --ray ADDRESS, or titlewise prepare - without --ray",
        )
    sizes = [source.size_bytes for source in sources]
    total = sum(size or 0 for size in sizes) if None not in sizes else None
    with (
        opened_map(settings.workers or _default_workers(total), settings.ray) as mapped,
        progress(f"reading {_title_of(sources)}", total, unit="B") as bar,
    ):
        if settings.ray:
            read, paths = functools.partial(pieces_at, settings=settings), [source.path for source in sources]
            cleaned = mapped(read, paths, clean_piece)
        else:
            cleaned = mapped(pieces_of, sources, clean_piece)
        tally = _spool(cleaned, work, sources, bar)
    _check_columns(sources, settings.columns, is_read=True)
    if not tally.rows:
        raise _nothing_usable(sources, tally)
    for source in sources:
        if source.ending.broken and not settings.accept_truncated:
            raise SourceError(
                f"{source.name} ends in mid-stream ({source.ending.broken}); {tally.rows:,} rows were read until there",
                "a whole source",
                "copy or download it anew, or titlewise prepare SOURCE --accept-truncated for what is there",
            )
    return tally


def _made_by(sources: Sequence[Source], settings: CatalogueSettings) -> dict[str, Any]:
    """Return what a catalogue's content depends on, as its manifest holds it."""
    versions = {name: version(name) for name in ("ftfy", "numpy", "pyarrow")} | {"unicode": unicodedata.unidata_version}
    return {
        "source": ", ".join(source.name for source in sources),
        "columns": asdict(settings.columns),
        "sample": settings.sample,
        "seed": settings.seed,
        "versions": versions,
    }


def _provenance(source: Source) -> dict[str, Any]:
    return {"sha256": source.sha256, **asdict(source.recognised)}


def _sha256_of(sources: Sequence[Source]) -> str:
    """Return the SHA-256 of a source; of several, that of theirs."""
    digests = [source.sha256 for source in sources]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _title_of(sources: Sequence[Source]) -> str:
    return sources[0].name if len(sources) == 1 else f"{len(sources)} sources"


def _names_of_several(sources: Sequence[Source]) -> list[str]:
    return [source.name for source in sources] if len(sources) > 1 else []


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


def _account(
    sources: Sequence[Source], passed_over: Sequence[AnyPath], tally: _Tally, choice: _Choice, start_s: float
) -> Report:
    """Account for every row of the sources."""
    import numpy as np

    kept, selection = choice.kept, choice.selection
    repeated, merged, train = (int(rows.sum()) for rows in (selection.repeated, selection.merged, choice.train))
    rejected = tally.rejected + Counter({"duplicate uid": repeated})
    cluster_sizes = np.unique(choice.clusters, return_counts=True)[1]
    return Report(
        source=", ".join(source.name for source in sources),
        recognised=[source.recognised for source in sources],
        passed_over=[path.name for path in passed_over],
        rows_in=tally.lines,
        kept=len(kept),
        rejected=dict(sorted(rejected.items(), key=lambda item: (-item[1], item[0]))),
        merged=merged,
        joined=tally.joined,
        left_out=tally.rows - len(kept) - merged - repeated,
        without_description=int((~kept["described"]).sum()),
        unread=tally.unread,
        clusters=len(cluster_sizes),
        largest_cluster=int(cluster_sizes.max()),
        train=train,
        validation=len(kept) - train,
        lengths={name: _quantiles(kept["lengths"][:, place]) for place, name in enumerate(LENGTHS)},
        seconds=time.monotonic() - start_s,
    )


def _nothing_usable(sources: Sequence[Source], tally: _Tally) -> SourceError:
    reasons = ", ".join(f"{count:,} × {reason}" for reason, count in tally.rejected.most_common(3))
    names = sorted(set().union(*(source.met for source in sources)))
    lines = f"{tally.lines:,} lines{': ' + reasons if reasons else ''}"
    return SourceError(
        f"{_title_of(sources)} {'holds' if len(sources) == 1 else 'hold'} no usable row ({lines})",
        f"rows with a uid and a title; its columns: {named(names)}",
        "titlewise prepare SOURCE --uid COLUMN --title COLUMN --content COLUMN",
    )


def _default_workers(size_bytes: int | None) -> int:
    if size_bytes is not None and size_bytes < _SMALL_SOURCE_BYTES:
        return 1
    return min(cores(), _MAX_WORKERS)


def _spool(cleaned: Iterable[CleanedPiece], work: Path, sources: Sequence[Source], bar: Progress) -> _Tally:
    """Write the rows, their facts, signatures and further identifiers to files, as they come."""
    import pyarrow as pa

    tally = _Tally()
    several = _names_of_several(sources)
    number = 0  # of the source that is being read
    schema = pa.schema([(name, pa.string()) for name in ROW_COLUMNS])
    identifier_schema = pa.schema([("uid", pa.string()), ("row", pa.int64())])
    with (
        pa.OSFile(str(work / "rows"), "wb") as sink,
        pa.ipc.new_stream(sink, schema) as rows,
        pa.OSFile(str(work / "identifiers"), "wb") as identifier_sink,
        pa.ipc.new_stream(identifier_sink, identifier_schema) as identifiers,
        (work / "facts").open("wb") as facts,
        (work / "signatures").open("wb") as signatures,
    ):
        for piece in cleaned:
            part = piece.cleaned
            bar.update(piece.read_bytes)
            if isinstance(part, ReadOutcome):
                sources[number].was_read(part)
                number += 1
                continue
            sources[number].meet(part.names)
            part.facts["source"] = number
            rows.write_batch(part.rows)
            part.facts.tofile(facts)
            part.signatures.tofile(signatures)
            if part.identifiers:
                texts, places = zip(*part.identifiers, strict=True)
                columns = [pa.array(texts), pa.array([place + tally.rows for place in places])]
                identifiers.write_batch(pa.record_batch(columns, schema=identifier_schema))
            tally.add(part, several[number] if several else "")
    return tally


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

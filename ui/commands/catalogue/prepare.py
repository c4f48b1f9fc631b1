"""`titlewise prepare`: a catalogue from sources of products."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from index.remote.paths import AnyPath, path_of
from ui.commands.command import Command, UsageError, option, positional, switch
from ui.commands.options import Ray, folder, positive
from ui.commands.terminal import report_line

if TYPE_CHECKING:
    from index.catalogue.sources.source import Source

LONG_BYTES = 4 << 20  # sources that take seconds to read are announced before


@dataclass(frozen=True)
class Options:
    home: Path
    source: Annotated[
        list[AnyPath],
        positional(
            "a file, a folder, the URL of one (s3://bucket/shop/), - for standard input, or owner/name at the Hugging "
            "Face hub",
            type=path_of,
            nargs="+",
            metavar="SOURCE",
        ),
    ]
    out: Annotated[Path | None, option("the catalogue's folder (HOME/catalogue)", type=folder, metavar="DIR")]
    uid: Annotated[str, option("the source's name for the uid (guessed)", default="", metavar="COLUMN")]
    title: Annotated[str, option("the source's name for the title (guessed)", default="", metavar="COLUMN")]
    content: Annotated[
        list[str],
        option(
            "a column of the content; may be given again, in order (guessed)",
            action="append",
            default=[],
            metavar="COLUMN",
        ),
    ]
    id: Annotated[
        list[str],
        option("a column of further identifiers; may be given again", action="append", default=[], metavar="COLUMN"),
    ]
    accept_truncated: Annotated[bool, switch("prepare what is there of a source that ends in mid-stream")]
    sample: Annotated[int | None, option("keep N products, the same ones every time", type=positive, metavar="N")]
    seed: Annotated[int, option("of the sample (%(default)s)", type=int, default=0)]
    workers: Annotated[int | None, option("processes (one a core)", type=positive, metavar="N")]
    ray: Ray

    def __post_init__(self) -> None:
        """Refuse options that do not go together."""
        if self.ray and self.workers:
            raise UsageError("--workers are processes of this machine: with --ray, the cluster says how many there are")


def run(options: Options) -> None:
    from index.catalogue.changes import folder_of
    from index.catalogue.prepare import CatalogueSettings, Columns, prepare
    from index.catalogue.sources.shop_file import read_columns
    from index.progress import Progress

    catalogue = options.out or options.home / "catalogue"
    named = read_columns(options.home)
    columns = Columns(
        options.uid or named.uid,
        options.title or named.title,
        tuple(options.content) or named.content,
        tuple(options.id) or named.ids,
    )
    settings = CatalogueSettings(
        columns,
        options.sample,
        options.seed,
        options.workers,
        options.ray,
        accept_truncated=options.accept_truncated,
    )
    had_changes = folder_of(catalogue).exists()
    report = prepare(options.source, catalogue, settings, announce=_announce, progress=Progress)
    print(report_line(report))
    for recognised in report.recognised:
        print(f"Read as {recognised}")
    if report.passed_over:
        print(f"Passed over: {', '.join(report.passed_over)}")
    if had_changes and not folder_of(catalogue).exists():
        print("What was upserted and removed since the last preparation is gone: products are as the source says.")
    print(f"The catalogue is in {catalogue}; its report in {catalogue / 'report.md'}.")


def _announce(sources: "Sequence[Source]") -> None:
    """Say what sources are read as before work that is long, so that a wrong guess costs nobody a coffee."""
    sizes = [source.size_bytes for source in sources]
    if None in sizes or sum(size or 0 for size in sizes) >= LONG_BYTES:
        for source in sources:
            print(f"Reading {source.recognised}", file=sys.stderr, flush=True)


COMMAND = Command("prepare", "make a catalogue from JSON Lines, JSON, CSV, TSV, Parquet, Arrow or XML", Options, run)

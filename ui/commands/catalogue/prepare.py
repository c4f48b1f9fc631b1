"""`titlewise prepare`: a catalogue from a source of products."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, option, positional
from ui.commands.options import positive
from ui.commands.terminal import report_line


@dataclass(frozen=True)
class Options:
    home: Path
    source: Annotated[Path, positional(type=Path, metavar="SOURCE")]
    out: Annotated[Path | None, option("the catalogue's folder (HOME/catalogue)", type=Path, metavar="DIR")]
    uid: Annotated[str, option("the source's name for the uid", default="uid", metavar="COLUMN")]
    title: Annotated[str, option("the source's name for the title", default="title", metavar="COLUMN")]
    content: Annotated[str, option("the source's name for the content", default="content", metavar="COLUMN")]
    sample: Annotated[int | None, option("keep N products, the same ones every time", type=positive, metavar="N")]
    seed: Annotated[int, option("of the sample (%(default)s)", type=int, default=0)]
    workers: Annotated[int | None, option("processes (one a core)", type=positive, metavar="N")]


def run(options: Options) -> None:
    from index.catalogue.changes import folder_of
    from index.catalogue.prepare import CatalogueSettings, Columns, prepare
    from index.progress import Progress

    folder = options.out or options.home / "catalogue"
    columns = Columns(options.uid, options.title, options.content)
    settings = CatalogueSettings(columns, options.sample, options.seed, options.workers)
    had_changes = folder_of(folder).exists()
    report = prepare(options.source, folder, settings, progress=Progress)
    print(report_line(report))
    if had_changes and not folder_of(folder).exists():
        print("What was upserted and removed since the last preparation is gone: products are as the source says.")
    print(f"The catalogue is in {folder}; its report in {folder / 'report.md'}.")


COMMAND = Command("prepare", "make a catalogue from trn.json, trn.json.gz or any JSON Lines", Options, run)

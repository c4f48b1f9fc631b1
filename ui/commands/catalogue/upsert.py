"""`titlewise upsert`: single products, new or in place of those of their uids, without a rebuild."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, option, positional
from ui.commands.terminal import changed_line


@dataclass(frozen=True)
class Options:
    home: Path
    file: Annotated[Path, positional('JSON Lines; "-" is standard input', type=Path, metavar="FILE")]
    uid: Annotated[str, option("the file's name for the uid", default="uid", metavar="COLUMN")]
    title: Annotated[str, option("the file's name for the title", default="title", metavar="COLUMN")]
    content: Annotated[str, option("the file's name for the content", default="content", metavar="COLUMN")]


def run(options: Options) -> None:
    from index.live import LiveIndex
    from index.progress import Progress
    from index.settings import CatalogueSettings, Columns
    from index.upsert import read_rows, upsert

    rows = read_rows(options.file, CatalogueSettings(Columns(options.uid, options.title, options.content)))
    catalogue = upsert(LiveIndex(options.home), rows, progress=Progress)
    print(changed_line(len(rows), "upserted", catalogue))


COMMAND = Command("upsert", "add products to the catalogue or change them, in seconds", Options, run)

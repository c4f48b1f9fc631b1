"""`titlewise upsert`: single products, new or in place of those of their uids, without a rebuild."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from index.remote.paths import AnyPath, path_of
from ui.commands.command import Command, option, positional
from ui.commands.terminal import changed_line


@dataclass(frozen=True)
class Options:
    home: Path
    file: Annotated[AnyPath, positional("a file as prepare reads them, or -", type=path_of, metavar="FILE")]
    uid: Annotated[str, option("the file's name for the uid (guessed)", default="", metavar="COLUMN")]
    title: Annotated[str, option("the file's name for the title (guessed)", default="", metavar="COLUMN")]
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


def run(options: Options) -> None:
    from index.catalogue.sources.shop_file import read_columns
    from index.live import LiveIndex
    from index.progress import Progress
    from index.settings import CatalogueSettings, Columns
    from index.upsert import read_rows, upsert

    named = read_columns(options.home)
    columns = Columns(
        options.uid or named.uid,
        options.title or named.title,
        tuple(options.content) or named.content,
        tuple(options.id) or named.ids,
    )
    rows = read_rows(options.file, CatalogueSettings(columns))
    catalogue = upsert(LiveIndex(options.home), rows, progress=Progress)
    print(changed_line(len(rows), "upserted", catalogue))


COMMAND = Command("upsert", "add products to the catalogue or change them, in seconds", Options, run)

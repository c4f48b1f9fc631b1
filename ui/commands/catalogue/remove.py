"""`titlewise remove`: single products out of the catalogue, without a rebuild."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, positional
from ui.commands.options import text
from ui.commands.terminal import changed_line


@dataclass(frozen=True)
class Options:
    home: Path
    uid: Annotated[list[str], positional(nargs="+", type=text, metavar="UID")]


def run(options: Options) -> None:
    from index.live import LiveIndex
    from index.progress import Progress
    from index.upsert import remove

    catalogue = remove(LiveIndex(options.home), options.uid, progress=Progress)
    print(changed_line(len(options.uid), "removed", catalogue))


COMMAND = Command("remove", "take products out of the catalogue, in seconds", Options, run)

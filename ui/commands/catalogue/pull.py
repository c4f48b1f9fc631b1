"""`titlewise pull`: the catalogue and its index from a folder elsewhere."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from index.remote.paths import RemotePath
from ui.commands.command import Command, positional
from ui.commands.options import remote_folder
from ui.commands.terminal import copied_line


@dataclass(frozen=True)
class Options:
    home: Path
    url: Annotated[RemotePath, positional("the URL that was pushed to", type=remote_folder, metavar="URL")]


def run(options: Options) -> None:
    from index.progress import Progress
    from index.remote.home import pull

    transfer = pull(options.home, options.url, progress=Progress)
    print(copied_line("Fetched", transfer.names, transfer.size_bytes))


COMMAND = Command("pull", "make the catalogue and its index those that were pushed elsewhere", Options, run)

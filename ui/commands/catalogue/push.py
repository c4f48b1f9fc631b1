"""`titlewise push`: the catalogue and its index to a folder elsewhere."""

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
    url: Annotated[
        RemotePath, positional("a folder by its URL, such as s3://bucket/shop/", type=remote_folder, metavar="URL")
    ]


def run(options: Options) -> None:
    from index.progress import Progress
    from index.remote.home import push

    transfer = push(options.home, options.url, progress=Progress)
    print(copied_line("Sent", transfer.names, transfer.size_bytes))
    print(f"titlewise pull {options.url} fetches them into another home.")


COMMAND = Command("push", "copy the catalogue and its index to a folder elsewhere, as in an object store", Options, run)

"""`titlewise show`: one product as stored."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, positional
from ui.commands.options import Json
from ui.commands.terminal import print_json, product_lines


@dataclass(frozen=True)
class Options:
    home: Path
    uid: Annotated[str, positional(metavar="UID")]
    json: Json


def run(options: Options) -> None:
    from index.catalogue.store import Catalogue

    product = Catalogue.load(options.home / "catalogue").find(options.uid)
    if options.json:
        print_json(asdict(product))
    else:
        print(product_lines(product))


COMMAND = Command("show", "show one product as stored", Options, run)

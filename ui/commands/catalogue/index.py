"""`titlewise index`: the title index of a catalogue."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, option, switch


@dataclass(frozen=True)
class Options:
    home: Path
    encoder: Annotated[
        str, option("a sentence-transformers model (built in)", either=True, default="", metavar="NAME_OR_PATH")
    ]
    update: Annotated[bool, switch("index only what came, changed or went", either=True)]
    seed: Annotated[int, option("(%(default)s)", type=int, default=0)]


def run(options: Options) -> None:
    from index.catalogue.store import Catalogue
    from index.progress import Progress
    from index.resolver import TitleIndex

    catalogue = Catalogue.load(options.home / "catalogue")
    folder = options.home / "index"
    changed = ""
    if options.update:
        change = TitleIndex.update(catalogue, folder, progress=Progress)
        changed = f"; since the last full build {change.added:,} came or changed, {change.gone:,} went"
        changed = "; built anew" if change.anew else changed
    else:
        TitleIndex.build(catalogue, folder, encoder=options.encoder, seed=options.seed, progress=Progress)
    titles = "1 title is" if len(catalogue) == 1 else f"{len(catalogue):,} titles are"
    print(f"{titles} indexed in {folder}{changed}.")


COMMAND = Command("index", "make the title index of the catalogue", Options, run)

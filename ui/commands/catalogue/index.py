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
    from index.upsert import rebuild

    def build(catalogue: Catalogue, folder: Path) -> tuple[int, str]:
        """Build or update the index in a folder, and return how many titles it has and what changed."""
        if not options.update:
            TitleIndex.build(catalogue, folder, encoder=options.encoder, seed=options.seed, progress=Progress)
            return len(catalogue), ""
        change = TitleIndex.update(catalogue, folder, progress=Progress)
        changed = f"; since the last full build {change.added:,} came or changed, {change.gone:,} went"
        return len(catalogue), "; built anew" if change.anew else changed

    count, changed = rebuild(options.home, build)
    titles = "1 title is" if count == 1 else f"{count:,} titles are"
    print(f"{titles} indexed in {options.home / 'index'}{changed}.")


COMMAND = Command("index", "make the title index of the catalogue", Options, run)

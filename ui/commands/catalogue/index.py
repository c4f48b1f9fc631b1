"""`titlewise index`: the title index of a catalogue."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from ui.commands.command import Command, UsageError, option, switch
from ui.commands.options import Ray


@dataclass(frozen=True)
class Options:
    home: Path
    encoder: Annotated[
        str, option("a sentence-transformers model (built in)", either=True, default="", metavar="NAME_OR_PATH")
    ]
    update: Annotated[bool, switch("index only what came, changed or went", either=True)]
    seed: Annotated[int, option("(%(default)s)", type=int, default=0)]
    store: Annotated[
        Literal["local", "qdrant"],
        option("where titles are searched (%(default)s)", choices=("local", "qdrant"), default="local"),
    ]
    qdrant: Annotated[
        str, option("a server, or a folder for the engine in this process", default="", metavar="URL|PATH")
    ]
    ray: Ray

    def __post_init__(self) -> None:
        """Refuse options that do not go together."""
        if self.update and (self.qdrant or self.store == "qdrant"):
            raise UsageError("--update keeps the index where it is: neither --store nor --qdrant goes with it")
        if (self.store == "qdrant") != bool(self.qdrant):
            raise UsageError("--store qdrant and --qdrant URL|PATH go together")


def run(options: Options) -> None:
    from assistant.shopping.shop import read_shop
    from index.catalogue.store import Catalogue
    from index.parallel.open import opened_map
    from index.progress import Progress
    from index.resolver import TitleIndex
    from index.upsert import rebuild

    settings = replace(read_shop(options.home).index.at(options.qdrant), ray=options.ray)

    def build(catalogue: Catalogue, folder: Path) -> tuple[int, str]:
        """Build or update the index in a folder, and return how many titles it has and what changed."""
        if not options.update:
            TitleIndex.build(
                catalogue,
                folder,
                encoder=options.encoder,
                seed=options.seed,
                settings=settings,
                progress=Progress,
            )
            return len(catalogue), ""
        change = TitleIndex.update(catalogue, folder, settings=settings, progress=Progress)
        changed = f"; since the last full build {change.added:,} came or changed, {change.gone:,} went"
        return len(catalogue), "; built anew" if change.anew else changed

    with opened_map(1, options.ray):  # once for all that is encoded
        count, changed = rebuild(options.home, build)
    titles = "1 title is" if count == 1 else f"{count:,} titles are"
    print(f"{titles} indexed in {options.home / 'index'}{changed}.")


COMMAND = Command("index", "make the title index of the catalogue", Options, run)

"""`titlewise models list` and `models fetch`: the named models, and how to get one."""

from dataclasses import asdict, dataclass
from typing import Annotated

from assistant.models.named import EMBEDDED
from ui.commands.command import Command, Group, positional
from ui.commands.options import Json
from ui.commands.terminal import print_json, visible


@dataclass(frozen=True)
class ListOptions:
    json: Json


@dataclass(frozen=True)
class FetchOptions:
    name: Annotated[str, positional("a named model, a hub name or a path (%(default)s)", nargs="?", default=EMBEDDED)]


def run_list(options: ListOptions) -> None:
    from assistant.models.named import entries

    if options.json:
        print_json([asdict(entry.model) | {"place": str(entry.place) if entry.place else None} for entry in entries()])
        return
    for entry in entries():
        model, place = entry.model, entry.place or f"not here: titlewise models fetch {entry.model.name}"
        print(f"{model.name:16}{model.size_bytes / 1e6:>8,.0f} MB  {model.licence:20}{model.source:40}{place}")


def run_fetch(options: FetchOptions) -> None:
    from assistant.models.download import fetch
    from index.progress import Progress

    print(visible(str(fetch(options.name, progress=Progress))))


LIST = Command("list", "show the named models, and which are here", ListOptions, run_list)
FETCH = Command("fetch", "fetch a model, once for all homes", FetchOptions, run_fetch)
COMMAND = Group("models", "list and fetch models", (LIST, FETCH), metavar="ACTION")

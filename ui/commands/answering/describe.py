"""`titlewise describe`: a description invented for a title, and marked as such."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from ui.commands.command import Command, option, positional
from ui.commands.options import EngineOptions, Json, text
from ui.commands.terminal import print_json, reply_lines

LanguageChoice = Literal["en", "pt"]


@dataclass(frozen=True)
class Options:
    home: Path
    title: Annotated[str, positional(type=text, metavar="TITLE")]
    language: Annotated[LanguageChoice | None, option("of the prompt (the title's)", choices=get_args(LanguageChoice))]
    seed: Annotated[int, option("another seed gives another description (%(default)s)", type=int, default=0)]
    json: Json
    engine: EngineOptions


def run(options: Options) -> None:
    from assistant.describe import describe
    from assistant.open import open_backend

    backend = open_backend(options.home, options.engine.engine())
    try:
        reply = describe(backend, options.title, language=options.language, seed=options.seed).reply
    finally:
        backend.close()
    if options.json:
        print_json(reply.to_row())
    else:
        print(reply_lines(reply))


COMMAND = Command("describe", "invent a description for a title that is in no catalogue", Options, run)

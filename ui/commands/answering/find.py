"""`titlewise find`: products that fit a need, each with the quote that shows it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, positional
from ui.commands.options import Json, text
from ui.commands.terminal import print_json, reply_lines


@dataclass(frozen=True)
class Options:
    home: Path
    need: Annotated[str, positional("what is needed, in your own words", type=text, metavar="NEED")]
    json: Json


def run(options: Options) -> None:
    from assistant.open import open_retriever
    from index.resolver import check_question

    check_question(options.need)
    reply = open_retriever(options.home).suggested(options.need)
    if options.json:
        print_json(reply.to_row())
    else:
        print(reply_lines(reply))


COMMAND = Command("find", "find products that fit a need", Options, run)

"""Write the help texts of the command line into docs/commands.md: `python docs/make_commands.py`."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from ui.cli import build_parser

PAGE = Path(__file__).with_name("commands.md")
HEAD = "# Commands\n\nMade by `make docs` from the command line itself; `titlewise COMMAND --help` says the same.\n"


def page() -> str:
    """Return the whole page."""
    parser = plain_parser(columns=100)
    parsers = [parser, *commands_of(parser)]
    return HEAD + "".join(f"\n## {each.prog}\n\n```\n{each.format_help()}```\n" for each in parsers)


def plain_parser(columns: int) -> argparse.ArgumentParser:
    """Return the parser as it is where nothing is set, its help of this width and without colours."""
    os.environ.update(COLUMNS=str(columns), NO_COLOR="1", TITLEWISE_HOME="artifacts")
    return build_parser()


def commands_of(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Return the parsers of all commands below one, in their order."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield command
                yield from commands_of(command)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

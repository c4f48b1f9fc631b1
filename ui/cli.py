"""The command line: `titlewise COMMAND …`.

The verbs are modules of `ui.commands`. Exit codes: 0 done, 1 an error that a person can mend (one line on standard
error), 2 wrong usage.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

INTERRUPTED = 130  # what shells give for a program stopped by Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    All else is imported in here: a Ctrl-C while Python still reads the modules is one too.
    """
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    import os
    import shlex

    from index.errors import UserError
    from ui.commands.terminal import visible

    _set_streams()
    words = sys.argv[1:] if arguments is None else list(arguments)
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what may come next; see `titlewise completions`
        import argcomplete

        argcomplete.autocomplete(parser)
    parsed = parser.parse_args(words)
    parsed.command_line = shlex.join(["titlewise", *words]).encode(errors="backslashreplace").decode()  # for reports
    try:
        parsed.run(parsed)
        sys.stdout.flush()
    except UserError as error:
        print(visible(f"titlewise: {error}"), file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader went away (as `head` does): nothing is left to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        # A full disk, a folder of somebody else's, a name too long: wherever it strikes, a person can mend it.
        mendable = UserError(str(error), "files that can be read and written", "another path, or room on the disk")
        print(visible(f"titlewise: {mendable}"), file=sys.stderr)
        return 1
    return 0


def build_parser() -> "argparse.ArgumentParser":
    """Return the parser of the whole command line."""
    from index.artefacts import default_home
    from ui.commands.options import folder
    from ui.commands.parser import Parser
    from ui.commands.verbs import COMMANDS

    parser = Parser(
        prog="titlewise", description="Answers questions about half-remembered products, from their descriptions."
    )
    parser.add_argument(
        "--home", type=folder, default=default_home(), help="where everything made is kept (%(default)s)"
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(subparsers)
    return parser


def _set_streams() -> None:
    import io
    import logging
    import os

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    # What libraries log of their own accord is no part of what a command says.
    logging.getLogger().addHandler(logging.NullHandler())
    # llama.cpp's threads must sleep, not spin, between texts; whichever OpenMP loads first reads this.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


if __name__ == "__main__":
    sys.exit(main())

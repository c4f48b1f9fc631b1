"""Write the manual page docs/titlewise.1 from the help texts of the command line: `python docs/make_manual.py`."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from make_commands import commands_of, plain_parser

PAGE = Path(__file__).with_name("titlewise.1")
COLUMNS = 74  # what is left of 80 between the margins of `man`
END = r"""
.SH EXIT STATUS
.TP
0
Done.
.TP
1
An error that a person can mend: one line on standard error says what happened, what was expected and what mends it.
.TP
2
Wrong usage.
.SH ENVIRONMENT
.TP
\fBTITLEWISE_HOME\fR
Where everything made is kept, unless \fB\-\-home\fR says so.
.TP
\fBTITLEWISE_MODELS\fR
Where fetched models are kept, in place of the user's cache folder.
.TP
\fBTITLEWISE_API_KEY\fR, \fBOPENAI_API_KEY\fR
The key for the server that \fB\-\-server\fR names; the first is also what \fBserve\fR and \fBmcp\fR ask of clients.
"""


def page() -> str:
    """Return the whole page; it has no date, so that it is the same whenever it is made."""
    parser = plain_parser(COLUMNS)
    verbs = [each for each in commands_of(parser) if not any(commands_of(each))]
    parts = [
        '.TH TITLEWISE 1 "" titlewise "User Commands"',
        ".SH NAME",
        rf"titlewise \- {roff(uncapitalised(parser.description or ''))}",
        ".SH SYNOPSIS",
        *usage(parser),
        ".SH OPTIONS",
        *arguments(parser),
        ".SH COMMANDS",
        *(line for verb in verbs for line in section(verb)),
    ]
    return "\n".join(parts) + END


def section(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the lines about one command."""
    yield f'.SS "{roff(parser.prog)}"'
    yield roff(parser.description or "")
    yield ".PP"
    yield from usage(parser)
    yield from arguments(parser)
    if parser.epilog:
        yield ".PP"
        yield roff(parser.epilog)


def usage(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield how a command is called, its lines as they stand."""
    formatter = parser._get_formatter()
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups, prefix="")
    yield ".nf"
    yield from map(roff, formatter.format_help().splitlines())
    yield ".fi"


def arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the arguments of a command, each with its help."""
    formatter = parser._get_formatter()
    for action in parser._actions:
        if action.help and not isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            yield ".TP"
            yield rf"\fB{roff(formatter._format_action_invocation(action))}\fR"
            yield roff(formatter._expand_help(action))


def roff(text: str) -> str:
    """Return a text as it is written in a manual page."""
    return re.sub(r"^([.'])", r"\\&\1", text.replace("\\", r"\e").replace("-", r"\-"))


def uncapitalised(sentence: str) -> str:
    """Return a sentence as a manual page's name line has it."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

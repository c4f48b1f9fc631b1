"""What a verb of the command line is: a name, a summary, its options as a frozen dataclass, a function of them.

A field of the options says by its type what the function gets, and by an argument beside it how the command line asks
for it. A field without one is a dataclass of further options, or what every command has: `home`, or `command_line` as
it was typed.

    @dataclass(frozen=True)
    class Options:
        home: Path
        uid: Annotated[str, positional(metavar="UID")]

    COMMAND = Command("show", "show one product as stored", Options, run)
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from index.extras import Extra, install_command, require

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Options = TypeVar("Options", bound="DataclassInstance")
Subparsers = Any  # argparse keeps the type that add_subparsers returns to itself


class UsageError(ValueError):
    """Options that do not go together; their dataclass raises it when it is made."""


@dataclass(frozen=True)
class Argument:
    """How the command line asks for an option: by its place, or by its name behind two dashes."""

    positional: bool
    either: bool  # of those that are, one may be given
    settings: dict[str, Any]  # as `add_argument` of argparse takes them


def positional(help: str | None = None, **settings: Any) -> Argument:
    """Return an argument that is given by its place."""
    return Argument(True, False, {"help": help, **settings})


def option(help: str, *, either: bool = False, **settings: Any) -> Argument:
    """Return an argument that is given by its name and a value."""
    return Argument(False, either, {"help": help, **settings})


def switch(help: str, *, either: bool = False) -> Argument:
    """Return an argument that is given by its name alone."""
    return Argument(False, either, {"help": help, "action": "store_true"})


@dataclass(frozen=True)
class Command(Generic[Options]):
    """One verb; `needs` is the extra without which it cannot run."""

    name: str
    summary: str
    options: type[Options]
    run: Callable[[Options], None]
    needs: Extra | None = None

    def add_to(self, subparsers: Subparsers) -> None:
        """Add the verb's parser; it leaves in `run` a function of the arguments that it parsed."""
        parser = _add_parser(subparsers, self.name, self.summary)
        parser.epilog = f"Needs: {install_command(self.needs)}" if self.needs else None
        _add_arguments(parser, self.options)

        def run(arguments: argparse.Namespace) -> None:
            try:
                options = _read(arguments, self.options)
            except UsageError as error:
                parser.error(str(error))
            if self.needs:
                require(self.needs)
            self.run(options)

        parser.set_defaults(run=run)


@dataclass(frozen=True)
class Group:
    """A verb that has others below it, as `models` has `list` and `fetch`."""

    name: str
    summary: str
    commands: tuple[Command[Any], ...]
    metavar: str
    title: str = ""

    def add_to(self, subparsers: Subparsers) -> None:
        """Add the parser of the group, and those of its verbs below."""
        parser = _add_parser(subparsers, self.name, self.summary)
        titled = {"title": self.title} if self.title else {}  # None would be a title too
        below = parser.add_subparsers(metavar=self.metavar, required=True, **titled)
        for command in self.commands:
            command.add_to(below)


def _add_parser(subparsers: Subparsers, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    return parser


def _add_arguments(parser: argparse.ArgumentParser, options: type["DataclassInstance"]) -> None:
    either: argparse._MutuallyExclusiveGroup | None = None
    for each in fields(options):
        if nested := _nested(each.type):
            _add_arguments(parser, nested)
        for argument in getattr(each.type, "__metadata__", ()):
            if argument.either:
                either = either or parser.add_mutually_exclusive_group()
            place = either if argument.either and either else parser
            name = each.name if argument.positional else "--" + each.name.replace("_", "-")
            place.add_argument(name, **argument.settings)


def _read(arguments: argparse.Namespace, options: type[Options]) -> Options:
    """Return parsed arguments as options. Raises `UsageError` where they do not go together."""
    values = {}
    for each in fields(options):
        nested = _nested(each.type)
        values[each.name] = _read(arguments, nested) if nested else getattr(arguments, each.name)
    return options(**values)


def _nested(kind: Any) -> "type[DataclassInstance] | None":
    return kind if isinstance(kind, type) and is_dataclass(kind) else None

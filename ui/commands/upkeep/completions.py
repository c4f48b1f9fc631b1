"""`titlewise completions`: what makes a shell complete commands and options.

The shell asks `titlewise` itself, by argcomplete's protocol, so that what it offers is never out of date.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from ui.commands.command import Command, positional

Shell = Literal["bash", "zsh", "fish"]


@dataclass(frozen=True)
class Options:
    shell: Annotated[
        Shell,
        positional(
            'eval "$(titlewise completions bash)" in ~/.bashrc, zsh likewise in ~/.zshrc; '
            "titlewise completions fish | source in ~/.config/fish/config.fish",
            choices=get_args(Shell),
        ),
    ]


def run(options: Options) -> None:
    from argcomplete.shell_integration import shellcode

    print(shellcode(["titlewise"], shell=options.shell))


COMMAND = Command("completions", "print what makes a shell complete commands and options", Options, run)

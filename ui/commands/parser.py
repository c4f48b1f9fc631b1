"""The parser of the command line, which shows the words that it refuses as what they are."""

import argparse
from typing import NoReturn

from ui.commands.terminal import visible


class Parser(argparse.ArgumentParser):
    """A parser whose errors do not steer the terminal, whatever was typed."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the words given, and exit with 2."""
        super().error(visible(message))

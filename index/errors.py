"""Errors that a person can mend, each in one line.

A `UserError` says what happened (with the value), what was expected, and the
command that mends it. Everything else that goes wrong is a bug and keeps its
built-in exception.

    raise UserError("no catalogue in ./artifacts", "one made by prepare", "titlewise prepare SOURCE")
"""


class UserError(Exception):
    """An error that a person can mend.

    `happened` holds the offending value, `expected` what would have been right,
    `mend` the command (or the act) that puts it right. `str()` is one line.
    """

    def __init__(self, happened: str, expected: str, mend: str) -> None:
        super().__init__(happened, expected, mend)
        self.happened = happened
        self.expected = expected
        self.mend = mend

    def __str__(self) -> str:
        line = f"{self.happened}; expected {self.expected}; mend it with: {self.mend}"
        return " ".join(line.split())


class ArtefactError(UserError):
    """An artefact that is missing, damaged, or does not belong to its neighbour."""


class SourceError(UserError):
    """A catalogue source that cannot be read."""


class QuestionError(UserError):
    """A question that is empty or too long."""


class StoreError(UserError):
    """What searches the titles elsewhere, which cannot be reached or refuses."""


class UnknownProductError(UserError):
    """A uid that is in no product of the catalogue."""

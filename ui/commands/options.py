"""Options that several verbs share, and the types of texts and numbers.

engine = EngineOptions("smollm2-135m", "auto", "", base=False, adapter=None, caution=None).engine()
"""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from assistant.models.named import EMBEDDED
from ui.commands.command import UsageError, option, positional, switch

if TYPE_CHECKING:
    from assistant.open import Engine
    from index.remote.paths import RemotePath

BackendChoice = Literal["auto", "llamacpp", "transformers"]
LogForm = Literal["text", "json"]
Json = Annotated[bool, switch("print JSON")]
Ray = Annotated[
    str,
    option("work on a Ray cluster: its address, or local to start one here", default="", metavar="local|ADDRESS"),
]
Base = Annotated[bool, switch("the adapter off: ask the base model", either=True)]


def text(given: str) -> str:
    """Return a text. Raises `argparse.ArgumentTypeError` for bytes of the shell's that are no UTF-8."""
    try:
        given.encode()
    except UnicodeEncodeError as exc:
        raise argparse.ArgumentTypeError(f"{given!r} is not valid UTF-8") from exc
    return given


def positive(given: str) -> int:
    """Return a number of 1 or more. Raises `argparse.ArgumentTypeError` for anything else."""
    return _at_least(1, given)


def zero_or_more(given: str) -> int:
    """Return a number of 0 or more. Raises `argparse.ArgumentTypeError` for anything else."""
    return _at_least(0, given)


def _at_least(least: int, given: str) -> int:
    if not given.isdecimal() or int(given) < least:
        raise argparse.ArgumentTypeError(f"{given} is not a number of {least} or more")
    return int(given)


def share(given: str) -> float:
    """Read a number from 0 to 1."""
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{given} is not a number from 0 to 1")
    return value


def origin_and_key(given: str) -> tuple[str, str]:
    """Return an origin, as browsers write it, and its key. Raises `argparse.ArgumentTypeError` for anything else."""
    origin, _, key = given.partition("=")
    if not re.fullmatch(r"https?://[a-z0-9.\[\]:-]+", origin) or not re.fullmatch(r"[\w.~-]{16,}", key, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"{given} is not an origin and a key of 16 letters and digits or more, as in https://shop.example=..."
        )
    return origin, key


def folder(given: str) -> Path:
    """Return the path of a folder here. Raises `argparse.ArgumentTypeError` for a URL."""
    if "://" in given:
        raise argparse.ArgumentTypeError(f"{given} is a URL: what is made lies on a disk, and titlewise push copies it")
    return Path(given)


def remote_folder(given: str) -> "RemotePath":
    """Return the folder that a URL names. Raises `argparse.ArgumentTypeError` for anything else."""
    from index.remote.paths import RemotePath

    if "://" not in given:
        raise argparse.ArgumentTypeError(f"{given} is no URL such as s3://bucket/shop/")
    return RemotePath(given.rstrip("/") + "/")


def database_url(given: str) -> str:
    """Return a URL of PostgreSQL's. Raises `argparse.ArgumentTypeError` for anything else, which is not repeated."""
    if not given.startswith(("postgresql://", "postgres://")):
        raise argparse.ArgumentTypeError("it is not a URL such as postgresql://USER@HOST/DATABASE")
    return given


FeedbackUrl = Annotated[
    str | None,
    option(
        "PostgreSQL that keeps opinions, such as postgresql://shop@db.example/titlewise (feedback.sqlite in the home)",
        type=database_url,
        metavar="URL",
    ),
]


@dataclass(frozen=True)
class QuestionOptions:
    """A question, or the files of a batch of them."""

    question: Annotated[str | None, positional(nargs="?", type=text, metavar="QUESTION")]
    batch: Annotated[Path | None, option("answer the rows of a JSON Lines file instead", type=Path, metavar="IN")]
    out: Annotated[Path | None, option("where the rows of --batch go", type=Path, metavar="OUT")]

    def __post_init__(self) -> None:
        if (self.question is None) == (self.batch is None):
            raise UsageError("give either a QUESTION or --batch IN --out OUT")
        if (self.batch is None) != (self.out is None):
            raise UsageError("--batch and --out go together")

    @property
    def files(self) -> tuple[Path, Path] | None:
        """The file of a batch and the one for its answers; None where one question is asked."""
        return (self.batch, self.out) if self.batch and self.out else None


@dataclass(frozen=True)
class EngineOptions:
    """Which model answers, with which adapter, and what runs it."""

    model: Annotated[str, option("a named model, a hub name or a path (%(default)s)", default=EMBEDDED)]
    backend: Annotated[BackendChoice, option("what runs it", choices=get_args(BackendChoice), default="auto")]
    server: Annotated[
        str, option("ask an OpenAI-compatible server, such as http://127.0.0.1:8080/v1", default="", metavar="URL")
    ]
    base: Base
    adapter: Annotated[
        list[str] | None,
        option(
            "what answers; may be given again, to choose from (the shipped one, for the model it is for)",
            either=True,
            action="append",
            metavar="NAME_OR_PATH",
        ),
    ]

    caution: Annotated[
        float | None,
        option(
            "claim nothing that is less probably right than P, 0 to 1 (the limit that was learnt with the weights)",
            type=share,
            metavar="P",
        ),
    ]

    def engine(self) -> "Engine":
        """Return the engine that the arguments name."""
        from assistant.open import Engine

        named = None if self.adapter is None else tuple(self.adapter)
        return Engine(self.model, self.backend, self.server, () if self.base else named, self.caution)

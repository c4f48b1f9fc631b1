"""Opening: from a home folder and the name of a model to an assistant that answers.

with open_assistant(home, Engine(model="smollm2-135m")) as assistant:
    assistant.ask("how heavy is the Harrow kettle?").reply
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, Protocol, Self, TypeVar

from assistant.assistant import Assistant, Settings, assistant_of
from assistant.backends.base import Backend
from assistant.backends.trial import try_out
from assistant.grounding.evidence import Budget
from assistant.grounding.judge import SHIPPED_JUDGE, Judge, open_judge
from assistant.models.adapters import SHIPPED, SHIPPED_NAME, Adapter, open_adapter, place_of_adapter
from assistant.models.named import EMBEDDED, find
from assistant.retriever import Retriever
from assistant.shopping.shop import read_shop
from index.catalogue.store import Catalogue
from index.extras import require
from index.live import LiveIndex, open_both
from index.resolver import TitleIndex

BackendName = Literal["auto", "llamacpp", "transformers", "server"]


@dataclass(frozen=True)
class Engine:
    """Which model answers, with which adapter, and what runs it.

    `model` is a named model, a hub name or a path; with a server, the server's name for it.
    `backend` "auto" takes llama.cpp for a `.gguf` file, transformers for a folder, and the
    server where `server` (a base URL up to and with `/v1`) is given.
    `adapters` are names in the home, "shipped" or paths, the first of which answers where none is asked for; without
    any it is the base model alone. None is the shipped adapter where it is there and the model is the embedded one.
    `caution`: nothing is claimed that is less probably right, in [0, 1]; None is the limit that belongs to the weights.
    """

    model: str = EMBEDDED
    backend: BackendName = "auto"
    server: str = ""
    adapters: tuple[str, ...] | None = None
    caution: float | None = None

    @property
    def settings(self) -> Settings:
        """Return the assistant's settings."""
        return Settings(caution=self.caution)


def open_catalogue(home: Path) -> tuple[Catalogue, TitleIndex]:
    """Open the catalogue in a home and the title index that belongs to it.

    Raises `ArtefactError` where one is missing, damaged, or they do not belong together, `UserError` for a faulty
    `shop.toml`.
    """
    return open_both(home, read_shop(home).index)


def open_live(home: Path) -> LiveIndex:
    """Open both as they are now, to be followed as they change; raises as `open_catalogue`."""
    return LiveIndex(home, read_shop(home).index)


def open_retriever(home: Path) -> Retriever:
    """Open what finds products, without a model that words answers; raises as `open_catalogue`."""
    return Retriever(*open_catalogue(home), Budget(len), judge_of(home), read_shop(home))


def judge_folder(home: Path) -> Path:
    """Return where the judge of a home lies: one that was trained there, else the shipped one."""
    own = home / "judge"
    return own if own.is_dir() else SHIPPED_JUDGE


def judge_of(home: Path) -> Judge:
    """Open the judge that was trained in a home, where there is one, else the shipped one.

    Raises `ArtefactError` where it is damaged.
    """
    return open_judge(judge_folder(home))


def open_backend(home: Path, engine: Engine) -> Backend:
    """Load the model and the adapter that an engine names.

    Raises `UserError` where one is missing, damaged or unfit.
    """
    if engine.server:
        from assistant.backends.remote import Remote

        return Remote(engine.server, engine.model, _adapters(home, engine, None))
    place = find(engine.model)
    folders = [place_of_adapter(name, home)[1] for name in _adapter_names(engine, place)]
    if engine.backend == "llamacpp" or (engine.backend == "auto" and place.suffix == ".gguf"):
        from assistant.backends.llamacpp import LlamaCpp

        try_out(place, folders, "llamacpp")
        return LlamaCpp(place, _adapters(home, engine, place))
    require("transformers")
    try_out(place, folders, "transformers")
    adapters = _adapters(home, engine, place)
    from assistant.backends.hf import Transformers

    # As it was trained: weights rounded otherwise are those of another model.
    precision = adapters[0].made_by.get("precision") if adapters and place.is_dir() else None
    return Transformers(place, adapters, precision=precision)


class AboutCatalogue(Protocol):
    """What answers about a catalogue: an assistant, or one whose model a server has."""

    retriever: Retriever

    def about(self, catalogue: Catalogue, index: TitleIndex) -> Self:
        """Return the same about another catalogue."""


Answering = TypeVar("Answering", bound=AboutCatalogue)


class Live(Generic[Answering]):
    """What answers, always about the catalogue of its home as it is now; one instance serves many threads.

    Answers that are under way go on about the catalogue as it was when they began.
    """

    def __init__(self, answering: Answering, index: LiveIndex) -> None:
        """Join what answers with what it is about."""
        self.index = index
        self._answering = answering

    def now(self) -> Answering:
        """Return what answers about the catalogue as it is now; see `LiveIndex.now`."""
        catalogue, index = self.index.now()
        if self._answering.retriever.catalogue is not catalogue:
            self._answering = self._answering.about(catalogue, index)
        return self._answering


@contextlib.contextmanager
def open_live_assistant(home: Path, engine: Engine) -> Iterator[Live[Assistant]]:
    """Open as `open_assistant` does what then follows its home."""
    live = open_live(home)
    backend = open_backend(home, engine)
    try:
        assistant = assistant_of(*live.now(), backend, engine.settings, judge_of(home), read_shop(home))
        yield Live(assistant, live)
    finally:
        backend.close()


@contextlib.contextmanager
def open_assistant(home: Path, engine: Engine) -> Iterator[Assistant]:
    """Open everything that answering takes, and close the model at the end.

    Raises `UserError` for whatever a person can mend.
    """
    catalogue, index = open_catalogue(home)
    backend = open_backend(home, engine)
    try:
        yield assistant_of(catalogue, index, backend, engine.settings, judge_of(home), read_shop(home))
    finally:
        backend.close()


def _adapters(home: Path, engine: Engine, place: Path | None) -> list[Adapter]:
    """Open the adapters; `place` is the model's, None where it is a server's."""
    return [open_adapter(name, home, place) for name in _adapter_names(engine, place)]


def _adapter_names(engine: Engine, place: Path | None) -> Sequence[str]:
    if engine.adapters is not None:
        return engine.adapters
    shipped = engine.model == EMBEDDED and place is not None and SHIPPED.is_dir()
    return (SHIPPED_NAME,) if shipped else ()

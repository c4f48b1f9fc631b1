"""Asking the same questions in many ways, and keeping all that was said.

Two levels: the whole assistant, to which the product alone is given, and the bare model with given
passages, in a grid of models and passages. Copying baselines stand beside both.

    with open_shop(questions, progress) as shop:
        said = say(Way("base, whole assistant", "whole"), questions, shop, backend, progress)
"""

import contextlib
import json
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.answer import Asking
from assistant.assistant import Assistant, Settings
from assistant.backends.base import Backend, Generation
from assistant.evaluation.questions import Asked
from assistant.grounding.answerability import judge
from assistant.grounding.citations import check
from assistant.grounding.compose import settle
from assistant.grounding.evidence import Evidence, choose
from assistant.messages import Prompt
from assistant.passages import Passage
from assistant.prompt import BASE_FORMAT, PromptFormat, answer_prompt
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.errors import UnknownProductError
from index.progress import Progress
from index.resolver import TitleIndex

if TYPE_CHECKING:
    from assistant.models.adapters import Adapter

Shown = Literal["no", "gold", "retrieved", "wrong"]  # the passages that a bare model is given
Level = Literal["whole", "bare", "judged sentence", "best sentence", "gold sentence", "description"]

DESCRIPTION_WORDS = 40  # of the description that the baseline prints: people's answers have 15 words, some twice that
_NUMBERED = re.compile(r"^\[(\d+)\] (.*)$", re.M)


@dataclass(frozen=True)
class Way:
    """One way of replying: the whole assistant, the bare model, or a copy of the text."""

    name: str
    level: Level
    adapter: str = ""  # a loaded adapter's name; "" is the base model
    prompt_format: PromptFormat = BASE_FORMAT  # of the bare model; the assistant knows its own
    shown: Shown = "retrieved"


@dataclass(frozen=True)
class Said:
    """What came back for one question; `raw` is the model's own text, None where no model was asked."""

    text: str
    refused: bool
    latency_ms: float
    raw: str | None = None
    ended: bool | None = None  # by itself, before the limit of tokens
    shown: tuple[str, ...] = ()  # the passages before the model, or copied from
    quotes: tuple[str, ...] = ()
    verbatim: tuple[bool, ...] = ()  # for each quote: it stands at its place in the content


@dataclass(frozen=True)
class Shop:
    """A catalogue of the questions' own products, indexed."""

    catalogue: Catalogue
    index: TitleIndex


class Listening:
    """A backend that keeps what went through it last; for one thread."""

    def __init__(self, backend: Backend) -> None:
        """Stand before a backend, which stays the caller's to close."""
        self._backend = backend
        self.prompt: Prompt = ""
        self.raw: str | None = None
        self.ended: bool | None = None

    @property
    def name(self) -> str:
        """Name the engine and the model, for people."""
        return self._backend.name

    @property
    def adapters(self) -> "Sequence[Adapter]":
        """Give the loaded adapters."""
        return self._backend.adapters

    def openings(self, prompt: Prompt, generation: Generation) -> dict[str, float]:
        """Give the likeliest first tokens."""
        return self._backend.openings(prompt, generation)

    def stream(self, prompt: Prompt, generation: Generation) -> Iterator[str]:
        """Yield the pieces as they come, and remember them."""
        self.prompt = prompt
        pieces: list[str] = []
        for piece in self._backend.stream(prompt, generation):
            pieces.append(piece)
            yield piece
        self.raw = "".join(pieces)
        # No engine tells why it stopped: a text as long as the limit was cut. A character may take several
        # tokens, which come as one piece, so the longer count is taken.
        length = max(len(pieces), self._backend.count_tokens(self.raw))
        begun = bool(generation.opening) and pieces[:1] == [generation.opening]  # a server begins as it likes
        given = self._backend.count_tokens(generation.opening) if begun else 0
        self.ended = length - given < generation.max_new_tokens

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text."""
        return self._backend.count_tokens(text)

    def close(self) -> None:
        """Do nothing: the backend is its owner's."""

    def forget(self) -> None:
        """Be ready for the next question, for which the model may not be asked at all."""
        self.prompt, self.raw, self.ended = "", None, None


@contextlib.contextmanager
def open_shop(questions: Sequence[Asked], progress: type[Progress] = Progress) -> Iterator[Shop]:
    """Prepare and index the products of the questions in a scratch folder, which goes at the end."""
    with tempfile.TemporaryDirectory(prefix="titlewise-") as scratch:
        home = Path(scratch)
        source = home / "trn.json"
        rows = ({"uid": one.uid, "title": one.title, "content": one.content} for one in questions)
        source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        prepare(source, home / "catalogue", progress=progress)
        catalogue = Catalogue.load(home / "catalogue")
        TitleIndex.build(catalogue, home / "index", progress=progress)
        yield Shop(catalogue, TitleIndex.load(home / "index", catalogue))


def say(
    way: Way, questions: Sequence[Asked], shop: Shop, backend: Backend, progress: type[Progress] = Progress
) -> list[Said | None]:
    """Reply to each question; None where the way does not apply: no gold passage, or no such product in the shop.

    Raises `BackendError`.
    """
    listening = Listening(backend)
    assistant = Assistant(shop.catalogue, shop.index, listening)
    said: list[Said | None] = []
    with progress(way.name, len(questions), unit="questions") as bar:
        for place, one in enumerate(questions):
            said.append(_reply(way, one, _other(questions, place), assistant, listening))
            bar.update()
    return said


def generate(prompt: Prompt, generation: Generation, backend: Backend) -> Said:
    """Let the bare model write, whatever it is asked."""
    listening = Listening(backend)
    start_s = time.perf_counter()
    text = "".join(listening.stream(prompt, generation))
    latency_ms = (time.perf_counter() - start_s) * 1000
    return Said(text.strip(), False, latency_ms, text, listening.ended)


def _reply(way: Way, one: Asked, other: Asked, assistant: Assistant, listening: Listening) -> Said | None:
    try:
        content = assistant.catalogue.find(one.uid).content
    except UnknownProductError:  # preparing left it out
        return None
    listening.forget()
    if way.level == "whole":
        return _whole(way, one, content, assistant, listening)
    if way.level == "judged sentence":
        return _judged(one, content, assistant)
    if way.shown == "gold" and not one.gold:
        return None
    start_s = time.perf_counter()
    passages, best = _passages(way.shown, one, other, content, assistant)
    chosen_ms = (time.perf_counter() - start_s) * 1000
    if way.level == "bare":
        return _bare(way, one, passages, chosen_ms, assistant.settings, listening)
    copied = {
        "best sentence": best,
        "gold sentence": one.gold[0] if one.gold else "",
        "description": " ".join(content.split()[:DESCRIPTION_WORDS]),
    }[way.level]
    return Said(copied, False, chosen_ms, shown=tuple(passage.text for passage in passages))


def _whole(way: Way, one: Asked, content: str, assistant: Assistant, listening: Listening) -> Said:
    reply = assistant.ask(one.question, uid=one.uid, asking=Asking(adapter=way.adapter)).reply
    return Said(
        reply.text,
        reply.kind != "answer",
        reply.timings["total_ms"],
        listening.raw,
        listening.ended,
        shown_in(listening.prompt),
        tuple(quote.text for quote in reply.quotes),
        tuple(content[quote.start : quote.end] == quote.text for quote in reply.quotes),
    )


def _bare(
    way: Way, one: Asked, passages: Sequence[Passage], chosen_ms: float, settings: Settings, listening: Listening
) -> Said:
    generation = Generation(max_new_tokens=settings.max_new_tokens, adapter=way.adapter, deadline_s=settings.deadline_s)
    prompt = answer_prompt(one.title, passages, one.question, way.prompt_format)
    start_s = time.perf_counter()
    text = "".join(listening.stream(prompt, generation)).strip()
    latency_ms = chosen_ms + (time.perf_counter() - start_s) * 1000
    shown = tuple(passage.text for passage in passages)
    return Said(text, _refuses(text, one), latency_ms, listening.raw, listening.ended, shown)


def _judged(one: Asked, content: str, assistant: Assistant) -> Said:
    """Let the scorers decide and quote, as where a model's words do not stand the check; no model is asked."""
    start_s = time.perf_counter()
    evidence = chosen(one, content, assistant)
    if not evidence.passages:
        return Said("", True, (time.perf_counter() - start_s) * 1000)
    judgement = judge(one.question, one.title, evidence, {})
    settled = settle(
        "", one.question, one.title, evidence, judgement, least_answered=assistant.settings.least_answered, taught=True
    )
    latency_ms = (time.perf_counter() - start_s) * 1000
    shown = tuple(passage.text for passage in evidence.passages)
    return Said(settled.text, settled.kind != "answer", latency_ms, shown=shown)


def _passages(
    shown: Shown, one: Asked, other: Asked, content: str, assistant: Assistant
) -> tuple[tuple[Passage, ...], str]:
    """Give the passages for the model, and the best of them as text."""
    if shown == "no":
        return (), ""
    if shown == "gold":
        return tuple(Passage(number, text, 0, len(text)) for number, text in enumerate(one.gold, 1)), one.gold[0]
    evidence = chosen(one, other.content if shown == "wrong" else content, assistant)
    return evidence.passages, evidence.best_passage.text if evidence.passages else ""


def chosen(one: Asked, content: str, assistant: Assistant) -> Evidence:
    """Choose the passages of a content as the assistant would for this question."""
    return choose(one.question, one.title, assistant.passages(content), assistant.index.encode, assistant.budget)


def _other(questions: Sequence[Asked], place: int) -> Asked:
    """Give the next question about a product of another title; the question's own where there is none."""
    after = [*questions[place + 1 :], *questions[:place]]
    return next((other for other in after if other.title != questions[place].title), questions[place])


def _refuses(text: str, one: Asked) -> bool:
    nothing = [Passage(1, "", 0, 0)]
    return not text or check(text, nothing, title=one.title, question=one.question).refuses


def shown_in(prompt: Prompt) -> tuple[str, ...]:
    """Give the numbered passages of a prompt's last turn."""
    last = prompt if isinstance(prompt, str) else prompt[-1].content if prompt else ""
    return tuple(text for _, text in _NUMBERED.findall(last))

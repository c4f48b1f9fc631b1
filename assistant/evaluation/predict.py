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
from typing import Literal

from assistant.answer import Generated, Stopwatch, gathered
from assistant.assistant import Assistant, assistant_of
from assistant.backends.base import Backend, SamplingParams
from assistant.backends.streaming import drained
from assistant.evaluation.questions import Asked
from assistant.grounding.answerability import assess
from assistant.grounding.citations import check
from assistant.grounding.compose import compose_reply, not_stated
from assistant.grounding.evidence import Evidence, choose
from assistant.messages import Prompt
from assistant.passages import Passage
from assistant.prompt import BASE_FORMAT, PromptFormat, answer_prompt
from assistant.question import ReadQuestion, read_question
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.errors import UnknownProductError
from index.progress import Progress
from index.resolver import TitleIndex

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
    assistant = assistant_of(shop.catalogue, shop.index, backend)
    said: list[Said | None] = []
    with progress(way.name, len(questions), unit="questions") as bar:
        for place, one in enumerate(questions):
            said.append(_reply(way, one, _other(questions, place), assistant))
            bar.update()
    return said


def generate(prompt: Prompt, params: SamplingParams, backend: Backend, adapter: str = "") -> Said:
    """Let the bare model write, whatever it is asked."""
    generated, latency_ms = _written(prompt, params, backend, adapter)
    return Said(generated.text.strip(), False, latency_ms, generated.text, _ended(generated))


def _written(prompt: Prompt, params: SamplingParams, backend: Backend, adapter: str) -> tuple[Generated, float]:
    """Return what the bare model wrote, and in how many milliseconds."""
    start_s = time.perf_counter()
    watch = Stopwatch()
    stream = gathered(backend.stream(prompt, params, adapter=adapter), watch)
    text, completion = drained(stream)
    return Generated(prompt, text, completion), (time.perf_counter() - start_s) * 1000


def _ended(generated: Generated | None) -> bool | None:
    """Return whether the model ended a text by itself, before the limit of tokens; None where it wrote none."""
    return generated.completion.finish_reason != "length" if generated else None


def _reply(way: Way, one: Asked, other: Asked, assistant: Assistant) -> Said | None:
    try:
        content = assistant.retriever.catalogue.find(one.uid).content
    except UnknownProductError:  # preparing left it out
        return None
    if way.level == "whole":
        return _whole(way, one, content, assistant)
    if way.level == "judged sentence":
        return _judged(one, content, assistant)
    if way.shown == "gold" and not one.gold:
        return None
    start_s = time.perf_counter()
    passages, best = _passages(way.shown, one, other, content, assistant)
    chosen_ms = (time.perf_counter() - start_s) * 1000
    if way.level == "bare":
        return _bare(way, one, passages, chosen_ms, assistant.backend)
    copied = {
        "best sentence": best,
        "gold sentence": one.gold[0] if one.gold else "",
        "description": " ".join(content.split()[:DESCRIPTION_WORDS]),
    }[way.level]
    return Said(copied, False, chosen_ms, shown=tuple(passage.text for passage in passages))


def _whole(way: Way, one: Asked, content: str, assistant: Assistant) -> Said:
    answer = assistant.ask(one.question, uid=one.uid, adapter=way.adapter)
    reply, generated = answer.reply, answer.generated
    return Said(
        reply.text,
        reply.kind != "answer",
        reply.timings["total_ms"],
        generated.text if generated else None,
        _ended(generated),
        shown_in(generated.prompt if generated else ""),
        tuple(quote.text for quote in reply.quotes),
        tuple(content[quote.start : quote.end] == quote.text for quote in reply.quotes),
    )


def _bare(way: Way, one: Asked, passages: Sequence[Passage], chosen_ms: float, backend: Backend) -> Said:
    prompt = answer_prompt(one.title, passages, one.question, way.prompt_format)
    generated, latency_ms = _written(prompt, SamplingParams(), backend, way.adapter)
    text = generated.text.strip()
    shown = tuple(passage.text for passage in passages)
    return Said(text, _refuses(text, one), chosen_ms + latency_ms, generated.text, _ended(generated), shown)


def _judged(one: Asked, content: str, assistant: Assistant) -> Said:
    """Let the scorers decide and quote, as where a model's words do not stand the check; no model is asked."""
    start_s = time.perf_counter()
    question = read_question(one.question, one.title)
    evidence = chosen(question, content, assistant)
    if not evidence.passages:
        return Said("", True, (time.perf_counter() - start_s) * 1000)
    assessment = assess(question, evidence, {})
    answers = assessment.answerability >= assistant.settings.least_answered
    composed = compose_reply("", question, evidence, assessment) if answers else not_stated(question)
    latency_ms = (time.perf_counter() - start_s) * 1000
    shown = tuple(passage.text for passage in evidence.passages)
    return Said(composed.text, composed.kind != "answer", latency_ms, shown=shown)


def _passages(
    shown: Shown, one: Asked, other: Asked, content: str, assistant: Assistant
) -> tuple[tuple[Passage, ...], str]:
    """Give the passages for the model, and the best of them as text."""
    if shown == "no":
        return (), ""
    if shown == "gold":
        return tuple(Passage(number, text, 0, len(text)) for number, text in enumerate(one.gold, 1)), one.gold[0]
    question = read_question(one.question, one.title)
    evidence = chosen(question, other.content if shown == "wrong" else content, assistant)
    return evidence.passages, evidence.best_passage.text if evidence.passages else ""


def chosen(question: ReadQuestion, content: str, assistant: Assistant) -> Evidence:
    """Choose the passages of a content as the assistant would for this question."""
    retriever = assistant.retriever
    return choose(question, retriever.passages(content), retriever.index.encode, retriever.budget)


def _other(questions: Sequence[Asked], place: int) -> Asked:
    """Give the next question about a product of another title; the question's own where there is none."""
    after = [*questions[place + 1 :], *questions[:place]]
    return next((other for other in after if other.title != questions[place].title), questions[place])


def _refuses(text: str, one: Asked) -> bool:
    nothing = [Passage(1, "", 0, 0)]
    return not text or check(text, nothing, read_question(one.question, one.title)).refuses


def shown_in(prompt: Prompt) -> tuple[str, ...]:
    """Give the numbered passages of a prompt's last turn."""
    last = prompt if isinstance(prompt, str) else prompt[-1].content if prompt else ""
    return tuple(text for _, text in _NUMBERED.findall(last))

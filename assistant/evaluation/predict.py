"""Predictions: the same questions put to many systems, and all that came back.

Two levels: the whole assistant, to which the product alone is given, and the bare model with a given
context, in a grid of models and contexts. Copying baselines stand beside both.

    with open_index(examples, progress) as products:
        predictions = predict(System("base, whole assistant", "whole"), examples, products, backend, progress)
"""

import contextlib
import json
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from assistant.answer import Generated, Stopwatch, gathered
from assistant.assistant import Assistant, assistant_of
from assistant.backends.base import Backend, SamplingParams, answering
from assistant.backends.streaming import drained
from assistant.evaluation.questions import QAExample
from assistant.grounding.answerability import assess
from assistant.grounding.citations import check, leading_verdict, quotes_of
from assistant.grounding.compose import Composed, compose_reply, not_stated, quoted
from assistant.grounding.evidence import choose, described, nearest_in_words
from assistant.messages import Prompt
from assistant.passages import Passage
from assistant.phrases import phrase
from assistant.prompt import BASE_FORMAT, PromptFormat, answer_prompt
from assistant.question import read_question
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue, Product
from index.errors import UnknownProductError
from index.progress import Progress
from index.resolver import TitleIndex

Context = Literal["no", "gold", "retrieved", "wrong"]  # the passages that a bare model is given, as reports name them
# Of the assistant: whole; with the passage for a wording; and the model without the judge, as it words, and its verdict
# with the passage that it cites. The others: the bare model, and copies of the text.
Level = Literal[
    "whole", "judged sentence", "unjudged", "unjudged sentence", "bare", "best sentence", "gold sentence", "description"
]

DISTRACTORS: Context = "wrong"  # those of another product
DESCRIPTION_WORDS = 40  # of the description that the baseline prints: people's answers have 15 words, some twice that
_NUMBERED = re.compile(r"^\[(\d+)\] (.*)$", re.M)


@dataclass(frozen=True)
class System:
    """What is evaluated: the whole assistant, the bare model, or a copy of the text."""

    name: str
    level: Level
    adapter: str = ""  # a loaded adapter's name; "" is the base model
    prompt_format: PromptFormat = BASE_FORMAT  # of the bare model; the assistant knows its own
    context: Context = "retrieved"
    rivals: str = ""  # systems of the same are compared; none: those of the same context


@dataclass(frozen=True)
class Prediction:
    """What came back for one question; `raw` is the model's own text, None where no model was asked."""

    text: str
    refused: bool
    latency_ms: float
    raw: str | None = None
    ended: bool | None = None  # by itself, before the limit of tokens
    shown: tuple[str, ...] = ()  # the passages before the model, or copied from
    quotes: tuple[str, ...] = ()
    verbatim: tuple[bool, ...] = ()  # for each quote: it stands at its place in the content
    claim: str = ""  # what would be claimed, whether it is or not: "yes", "no", "answer"; "" for nothing
    claimed_by: str = ""  # the passage that would be claimed by
    confidence: float | None = None  # that the claim is right, in [0, 1]; None where nothing was judged


@dataclass(frozen=True)
class IndexedProducts:
    """A catalogue and its title index."""

    catalogue: Catalogue
    index: TitleIndex


class ProductText(Protocol):
    """A product's texts: of a catalogue's own, or of those that questions are about."""

    @property
    def uid(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def content(self) -> str: ...  # noqa: D102


@contextlib.contextmanager
def open_index(products: Sequence[ProductText], progress: type[Progress] = Progress) -> Iterator[IndexedProducts]:
    """Prepare and index products in a scratch folder, which goes at the end."""
    with tempfile.TemporaryDirectory(prefix="titlewise-") as scratch:
        home = Path(scratch)
        source = home / "trn.json"
        rows = ({"uid": one.uid, "title": one.title, "content": one.content} for one in products)
        source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        prepare(source, home / "catalogue", progress=progress)
        catalogue = Catalogue.load(home / "catalogue")
        TitleIndex.build(catalogue, home / "index", progress=progress)
        yield IndexedProducts(catalogue, TitleIndex.load(home / "index", catalogue))


def predict(
    system: System,
    examples: Sequence[QAExample],
    products: IndexedProducts,
    backend: Backend,
    progress: type[Progress] = Progress,
) -> list[Prediction | None]:
    """Reply to each question; None where the system has no say: no gold passage, or no such product.

    Raises `BackendError`.
    """
    assistant = assistant_of(products.catalogue, products.index, backend)
    predictions: list[Prediction | None] = []
    with progress(system.name, len(examples), unit="questions") as bar:
        for place, example in enumerate(examples):
            predictions.append(_predict_one(system, example, _other(examples, place), assistant))
            bar.update()
    return predictions


def generate(prompt: Prompt, params: SamplingParams, backend: Backend, adapter: str = "") -> Prediction:
    """Let the bare model write, whatever it is asked."""
    generated, latency_ms = _written(prompt, params, backend, adapter)
    return Prediction(generated.text.strip(), False, latency_ms, generated.text, _ended(generated))


def _written(prompt: Prompt, params: SamplingParams, backend: Backend, adapter: str) -> tuple[Generated, float]:
    """Return what the bare model wrote, and in how many milliseconds."""
    start_s = time.perf_counter()
    watch = Stopwatch()
    stream = gathered(backend.stream(prompt, params, adapter=adapter), watch)
    text, completion = drained(stream)
    return Generated(prompt, text, completion), _ms_since(start_s)


def _ended(generated: Generated | None) -> bool | None:
    """Return whether the model ended a text by itself, before the limit of tokens; None where it wrote none."""
    return generated.completion.finish_reason != "length" if generated else None


def _predict_one(system: System, example: QAExample, other: QAExample, assistant: Assistant) -> Prediction | None:
    try:
        product = assistant.retriever.catalogue.find(example.uid)
    except UnknownProductError:  # preparing left it out
        return None
    if system.level == "whole":
        return _whole(system, example, product, assistant)
    if system.level == "judged sentence":
        return _judged(system, example, product, assistant)
    if system.level in ("unjudged", "unjudged sentence"):
        return _unjudged(system, example, product, assistant)
    if system.context == "gold" and not example.gold:
        return None
    start_s = time.perf_counter()
    passages, best = _passages(system.context, example, other, product, assistant)
    retrieval_ms = _ms_since(start_s)
    if system.level == "bare":
        return _bare(system, example, passages, retrieval_ms, assistant.backend)
    copied = {
        "best sentence": best,
        "gold sentence": example.gold[0] if example.gold else "",
        "description": " ".join(product.content.split()[:DESCRIPTION_WORDS]),
    }[system.level]
    return Prediction(copied, False, retrieval_ms, shown=tuple(passage.text for passage in passages))


def _whole(system: System, example: QAExample, product: Product, assistant: Assistant) -> Prediction:
    answer = assistant.ask(example.question, uid=example.uid, adapter=system.adapter)
    reply, generated = answer.reply, answer.generated
    return Prediction(
        reply.text,
        reply.kind != "answer",
        reply.timings["total_ms"],
        generated.text if generated else None,
        _ended(generated),
        shown_in(generated.prompt if generated else ""),
        tuple(quote.text for quote in reply.quotes),
        tuple(quote.stands_in(product) for quote in reply.quotes),
        *((judged.claim, judged.passage, judged.confidence) if (judged := answer.judged) else ()),
    )


def _bare(
    system: System, example: QAExample, passages: Sequence[Passage], retrieval_ms: float, backend: Backend
) -> Prediction:
    prompt = answer_prompt(example.title, passages, example.question, system.prompt_format)
    generated, latency_ms = _written(prompt, SamplingParams(), backend, system.adapter)
    text = generated.text.strip()
    shown = tuple(passage.text for passage in passages)
    refuses = _refuses(text, example)
    return Prediction(text, refuses, retrieval_ms + latency_ms, generated.text, _ended(generated), shown)


def _judged(system: System, example: QAExample, product: Product, assistant: Assistant) -> Prediction:
    """Let what judges decide and quote, as where a model's words do not stand the check; nothing is worded.

    An adapter's first token is heard; without one the judge decides alone.
    """
    start_s = time.perf_counter()
    question = read_question(example.question, example.title)
    adapter, prompt_format, calibration = answering(assistant.backend.adapters, system.adapter)
    evidence = assistant.retriever.evidence(question, product, prompt_format.shows)
    if not evidence.passages:
        return Prediction("", True, _ms_since(start_s))
    judge = assistant.retriever.judge
    first_tokens = {}
    if adapter:
        prompt = answer_prompt(question.title, evidence.passages, question.heard, prompt_format)
        first_tokens = assistant.backend.first_token_logprobs(prompt, adapter=adapter)
    calibration = judge.calibration_beside(calibration)
    assessment = assess(question, evidence, first_tokens, calibration)
    composed = {
        "claim": lambda: compose_reply("", question, evidence, assessment, judge.read),
        "quotation": lambda: quoted(question, evidence),
        "refusal": lambda: not_stated(question),
    }[assessment.permits(calibration.least_confidence)]()
    return _quoting(composed, evidence.passages, product, _ms_since(start_s))


def _unjudged(system: System, example: QAExample, product: Product, assistant: Assistant) -> Prediction:
    """Let the model alone read the passages that share most words with the question, and decide by its own text."""
    start_s = time.perf_counter()
    question = read_question(example.question, example.title)
    passages = nearest_in_words(question, described(product), assistant.retriever.budget)
    if not passages:
        return Prediction("", True, _ms_since(start_s))
    adapter, prompt_format, _ = answering(assistant.backend.adapters, system.adapter)
    prompt = answer_prompt(question.title, passages, question.text, prompt_format)
    generated, _ = _written(prompt, SamplingParams(), assistant.backend, adapter)
    checked = check(generated.text.strip(), passages, question)
    if not checked.text or checked.refuses:
        return Prediction(checked.text, True, _ms_since(start_s), generated.text, _ended(generated))
    quotes = quotes_of(checked.cited, passages)
    text = checked.text
    if system.level == "unjudged sentence":
        verdict, _ = leading_verdict(text)
        begins = phrase(verdict, question.language) + " " if verdict in ("yes", "no") else ""
        text = begins + phrase("quoted", question.language, text=" ".join(quote.text for quote in quotes))
    composed = Composed("answer", text, quotes)
    return replace(_quoting(composed, passages, product, _ms_since(start_s)), raw=generated.text)


def _quoting(composed: Composed, passages: Sequence[Passage], product: Product, latency_ms: float) -> Prediction:
    return Prediction(
        composed.text,
        composed.kind != "answer",
        latency_ms,
        shown=tuple(passage.text for passage in passages),
        quotes=tuple(quote.text for quote in composed.quotes),
        verbatim=tuple(quote.stands_in(product) for quote in composed.quotes),
    )


def _passages(
    context: Context, example: QAExample, other: QAExample, product: Product, assistant: Assistant
) -> tuple[tuple[Passage, ...], str]:
    """Return the passages for the model, and the best of them as text."""
    if context == "no":
        return (), ""
    if context == "gold":
        gold = tuple(Passage(number, text, 0, len(text)) for number, text in enumerate(example.gold, 1))
        return gold, example.gold[0]
    question = read_question(example.question, example.title)
    retriever = assistant.retriever
    if context == DISTRACTORS:
        foreign = described(replace(product, content=other.content))
        evidence = choose(question, foreign, retriever.judge.read, retriever.budget)
    else:
        evidence = retriever.evidence(question, product)
    return evidence.passages, evidence.best_passage.text if evidence.passages else ""


def _other(examples: Sequence[QAExample], place: int) -> QAExample:
    """Return the next question about a product of another title; the question's own where there is none."""
    after = [*examples[place + 1 :], *examples[:place]]
    return next((other for other in after if other.title != examples[place].title), examples[place])


def _refuses(text: str, example: QAExample) -> bool:
    nothing = [Passage(1, "", 0, 0)]
    return not text or check(text, nothing, read_question(example.question, example.title)).refuses


def _ms_since(start_s: float) -> float:
    return (time.perf_counter() - start_s) * 1000


def shown_in(prompt: Prompt) -> tuple[str, ...]:
    """Return the numbered passages of a prompt's last turn."""
    last = prompt if isinstance(prompt, str) else prompt[-1].content if prompt else ""
    return tuple(text for _, text in _NUMBERED.findall(last))

"""The assistant: from a question to a checked reply, streaming on the way.

What is decided by code stays out of the model's hands: which product, whether two
fit, whether there is evidence at all, and what is quoted. The model words the answer.

    assistant = assistant_of(catalogue, index, backend)
    answer = assistant.ask("how heavy is the Harrow kettle?")
    for piece in answer:
        print(piece, end="")
    answer.reply, answer.state
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.answer import Answer, Generated, Judged, Pieces, Stopwatch, gathered, immediate
from assistant.backends.base import Backend, SamplingParams, answering
from assistant.backends.streaming import drained
from assistant.conversation import State, Turn
from assistant.describe import describe
from assistant.grounding.answerability import assess
from assistant.grounding.compose import Composed, choose_prefill, compose_reply, not_stated, quoted
from assistant.grounding.evidence import Budget, Evidence, described
from assistant.grounding.judge import Judge
from assistant.messages import Prompt
from assistant.prompt import answer_prompt
from assistant.question import ReadQuestion, read_question
from assistant.reply import Reply
from assistant.retriever import Retriever
from assistant.shopping.shop import AS_SHIPPED, ShopSettings
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex

LEAST_SETTLED = -5.0  # logit of the judge: below it no model is asked


@dataclass(frozen=True)
class Settings:
    """How much the assistant reads and writes."""

    max_passages: int = 3
    max_passage_tokens: int = 110
    # A claim that is less probably right, in [0, 1], is not made; None: the limit that belongs to the weights.
    caution: float | None = None
    deadline_s: float = 60.0


@dataclass(frozen=True)
class _Request:
    """How one question is put to the model: by which adapter, with which sampling, until when."""

    adapter: str | None
    params: SamplingParams
    cancel: threading.Event


class Assistant:
    """Answers questions about the products of one catalogue; one instance serves many threads."""

    def __init__(self, retriever: Retriever, backend: Backend, settings: Settings = Settings()) -> None:
        """Join what finds with what words; the backend stays the caller's to close."""
        self.retriever = retriever
        self.backend = backend
        self.settings = settings

    def about(self, catalogue: Catalogue, index: TitleIndex) -> "Assistant":
        """Return an assistant that differs in its catalogue and its index alone."""
        return Assistant(self.retriever.about(catalogue, index), self.backend, self.settings)

    def now(self) -> "Assistant":
        """Return the assistant itself, whose catalogue stays as it was opened; that of `Live` follows its home."""
        return self

    @property
    def model(self) -> str:
        """Name the engine and the model."""
        return self.backend.name

    @property
    def adapters(self) -> Mapping[str, str]:
        """Return the digests of the loaded adapters by their names; the first answers where none is asked for."""
        return {adapter.name: adapter.digest for adapter in self.backend.adapters}

    @property
    def name(self) -> str:
        """Name what answers, for people: the engine, the model, and the adapter where one is on."""
        adapter = next(iter(self.adapters), "")
        return f"{self.model} with the {adapter} adapter" if adapter else self.model

    def ask(
        self,
        question: str,
        *,
        uid: str = "",
        state: State = State(),
        params: SamplingParams = SamplingParams(),
        adapter: str | None = None,
        cancel: threading.Event | None = None,
    ) -> Answer:
        """Answer a question, about the product `uid` where it is given, else about the one that is meant.

        `adapter` is the name of a loaded one, "" for the base model, None for the first one where there is one.
        `cancel` stops the text.

        Raises `QuestionError` (blank, or over 4,000 characters), `UnknownProductError`; while
        streaming, `BackendError` and `DeadlineError`.
        """
        watch = Stopwatch()
        turn = self.retriever.turn_of(question, uid=uid, state=state)
        watch.lap("resolve_ms")
        request = _Request(adapter, params, cancel or threading.Event())
        return Answer(self._answer(turn, request, watch), turn.question, turn.state, turn.probability)

    def compare(
        self,
        question: str,
        uids: Sequence[str],
        *,
        state: State = State(),
        params: SamplingParams = SamplingParams(),
        adapter: str | None = None,
        cancel: threading.Event | None = None,
    ) -> Answer:
        """Set the products of these uids side by side by what a question asks; `ask` does so where it names them.

        Raises as `ask` does, and `UserError` where they are not two or three products.
        """
        watch = Stopwatch()
        turn = self.retriever.turn_comparing(question, uids, state=state)
        watch.lap("resolve_ms")
        request = _Request(adapter, params, cancel or threading.Event())
        return Answer(self._answer(turn, request, watch), turn.question, turn.state)

    def describe(
        self, title: str, *, seed: int = 0, adapter: str | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Invent a description for a title that is in no catalogue; see `assistant.describe`."""
        return describe(self.backend, title, seed=seed, adapter=adapter, cancel=cancel)

    def warm_up(self) -> None:
        """Let judge and model read what stands first in every prompt: the first question then waits no longer."""
        self.retriever.judge.read("", [""])
        adapter, prompt_format, _ = answering(self.backend.adapters, None)
        prompt = answer_prompt("", (), "", prompt_format)
        drained(self.backend.stream(prompt, SamplingParams(max_new_tokens=1), adapter=adapter))

    def _answer(self, turn: Turn, request: _Request, watch: Stopwatch) -> Pieces:
        watch.begin_stage()  # the answer may have waited in a queue
        if turn.wants == "comparison":
            reply = self.retriever.compared(turn, lambda one: drained(self._answer(one, request, Stopwatch())).reply)
        elif not turn.uid:
            reply = self.retriever.reply_without_product(turn, read_question(turn.question))
        else:
            product = self.retriever.catalogue.find(turn.uid)
            question = read_question(turn.question, product.title)
            if question.asks_what_it_is(product.uid):
                question, evidence = question.overview(), self.retriever.overview(product)
            else:
                _, prompt_format, _ = answering(self.backend.adapters, request.adapter)
                evidence = self.retriever.evidence(question, product, prompt_format.shows)
            watch.lap("passages_ms")
            if evidence.passages and evidence.entailment.answers_logit >= LEAST_SETTLED:
                return (yield from self._worded(turn, question, evidence, request, watch))
            reply = self._not_stated(turn, question)
        return (yield from immediate(reply, watch))

    def _not_stated(self, turn: Turn, question: ReadQuestion) -> Reply:
        product = self.retriever.catalogue.find(turn.uid)
        return _reply(turn, question, not_stated(question, described=bool(described(product))))

    def _worded(
        self, turn: Turn, question: ReadQuestion, evidence: Evidence, request: _Request, watch: Stopwatch
    ) -> Pieces:
        """Let the model word the answer, then check what it says against the passages."""
        adapter, prompt_format, calibration = answering(self.backend.adapters, request.adapter)
        deadline_s, cancel = self.settings.deadline_s, request.cancel

        def first_tokens_of(asked: Prompt) -> Mapping[str, float]:
            return self.backend.first_token_logprobs(asked, adapter=adapter, deadline_s=deadline_s, cancel=cancel)

        prompt, heard = (
            answer_prompt(question.title, evidence.passages, text, prompt_format)
            for text in (question.text, question.heard)
        )
        first_tokens = first_tokens_of(heard) if adapter else {}
        judge = self.retriever.judge
        calibration = judge.calibration_beside(calibration)
        assessment = assess(question, evidence, first_tokens, calibration)
        watch.end_stage("judge")
        judged = Judged(assessment.claim, evidence.best_passage.text, assessment.confidence)
        caution = self.settings.caution
        permitted = assessment.permits(calibration.least_confidence if caution is None else caution)
        if permitted == "refusal":
            return (yield from immediate(self._not_stated(turn, question), watch, judged))
        if permitted == "quotation":
            return (yield from immediate(_reply(turn, question, quoted(question, evidence)), watch, judged))
        if first_tokens and not assessment.closed and heard != prompt:
            first_tokens = first_tokens_of(prompt)  # of what is worded
        prefill = choose_prefill(question, assessment, first_tokens) if first_tokens else ""
        stream = self.backend.stream(
            prompt, request.params, adapter=adapter, prefill=prefill, deadline_s=deadline_s, cancel=cancel
        )
        text, completion = yield from gathered(stream, watch)
        stopped, cut = (completion.finish_reason == reason for reason in ("cancelled", "length"))
        composed = compose_reply(text, question, evidence, None if stopped else assessment, judge.read)
        return watch.finish(_reply(turn, question, composed, cut=cut), Generated(prompt, text, completion), judged)


def assistant_of(
    catalogue: Catalogue,
    index: TitleIndex,
    backend: Backend,
    settings: Settings = Settings(),
    judge: Judge | None = None,
    shop: ShopSettings = AS_SHIPPED,
) -> Assistant:
    """Return an assistant for a catalogue and its index, whose passages are counted in the backend's tokens.

    `judge` is the shipped one unless given.
    """
    budget = Budget(backend.count_tokens, settings.max_passages, settings.max_passage_tokens)
    return Assistant(Retriever(catalogue, index, budget, judge, shop), backend, settings)


def _reply(turn: Turn, question: ReadQuestion, composed: Composed, *, cut: bool = False) -> Reply:
    return Reply(composed.kind, composed.text, turn.uid, question.title, composed.quotes, hits=turn.hits, cut=cut)

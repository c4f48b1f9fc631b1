"""The assistant: from a question to a checked reply, streaming on the way.

What is decided by code stays out of the model's hands: which product, whether two
fit, whether there is evidence at all, and what is quoted. The model words the answer.

    assistant = Assistant(catalogue, index, backend)
    answer = assistant.ask("how heavy is the Harrow kettle?")
    for piece in answer:
        print(piece, end="")
    answer.reply, answer.state
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.answer import Answer, Asking, Pieces, Stopwatch
from assistant.backends.base import Backend, Generation, answering
from assistant.conversation import State, Turn, points, replay, understand
from assistant.describe import describe
from assistant.grounding.answerability import judge
from assistant.grounding.citations import check, quotes_of
from assistant.grounding.compose import beginning, settle
from assistant.grounding.evidence import Budget, Evidence, asks_what_it_is, choose, content_words, overview
from assistant.messages import Message
from assistant.passages import Passage, split
from assistant.phrases import Language, language_of, phrase
from assistant.prompt import answer_prompt, gives_orders
from assistant.reply import Reply
from index.catalogue.cleaning import says_something
from index.catalogue.store import Catalogue, Product
from index.resolver import Hit, TitleIndex, check_question

MAX_NEAREST = 3  # titles named in a "not found"


@dataclass(frozen=True)
class Settings:
    """How much the assistant reads and writes."""

    max_passages: int = 3
    max_passage_tokens: int = 110
    # Below this probability that any passage answers, no model is asked.
    least_strength: float = 0.06
    # Nor is anything claimed below this one, the model heard: see `python benchmarks/answerability.py`.
    least_answered: float = 0.21
    max_new_tokens: int = 64
    deadline_s: float = 60.0


class Assistant:
    """Answers questions about the products of one catalogue; one instance serves many threads."""

    def __init__(
        self, catalogue: Catalogue, index: TitleIndex, backend: Backend, settings: Settings = Settings()
    ) -> None:
        """Join the parts; the backend stays the caller's to close."""
        self.catalogue = catalogue
        self.index = index
        self.backend = backend
        self.settings = settings

    @property
    def name(self) -> str:
        """Name what answers, for people: the engine, the model, and the adapter where one is on."""
        return f"{self.model} with the {self.adapter} adapter" if self.adapter else self.model

    def ask(self, question: str, *, uid: str = "", state: State = State(), asking: Asking = Asking()) -> Answer:
        """Answer a question, about the product `uid` where it is given, else about the one that is meant.

        Raises `QuestionError` (blank, or over 4,000 characters), `UnknownProductError`; while
        streaming, `BackendError` and `DeadlineError`.
        """
        watch = Stopwatch()
        turn = self.turn(question, uid=uid, state=state)
        watch.lap("resolve_ms")
        return self.answer(turn, asking, watch)

    def turn(self, question: str, *, uid: str = "", state: State = State()) -> Turn:
        """Say what a question means, without answering it; raises as `ask`."""
        if not uid:
            return understand(state, question, self.index, self.catalogue)
        check_question(question)
        self.catalogue.row_of(uid)
        return Turn(question, uid, (), (), State(uid))

    def answer(self, turn: Turn, asking: Asking, watch: Stopwatch) -> Answer:
        """Answer a turn that is understood already; `watch` has timed that. Raises as `ask` while streaming."""
        return Answer(self._answer(turn, asking, watch), turn.question, turn.state, turn.probability)

    def describe(self, title: str, *, asking: Asking = Asking()) -> Answer:
        """Invent a description for a title that is in no catalogue; see `assistant.describe`."""
        return describe(self.backend, title, asking=asking)

    @property
    def model(self) -> str:
        """Name the engine and the model."""
        return self.backend.name

    @property
    def adapters(self) -> tuple[str, ...]:
        """Name the loaded adapters."""
        return tuple(adapter.name for adapter in self.backend.adapters)

    @property
    def adapter(self) -> str:
        """Name the adapter that answers where none is asked for; "" is the base model."""
        return next(iter(self.adapters), "")

    def digest_of(self, adapter: str) -> str:
        """Identify the exact content of a loaded adapter; "" for the base model."""
        return next((each.digest for each in self.backend.adapters if each.name == adapter), "")

    @property
    def budget(self) -> Budget:
        """Give how much the model may read for one question."""
        return Budget(self.backend.count_tokens, self.settings.max_passages, self.settings.max_passage_tokens)

    def passages(self, content: str) -> list[Passage]:
        """Cut a content into the passages that may be shown: those that speak to the model are left out."""
        return [passage for passage in split(content) if not gives_orders(passage.text)]

    def warm_up(self) -> None:
        """Let the model read what stands first in every prompt: the first question then waits no longer."""
        adapter, prompt_format = answering(self.backend.adapters, None)
        generation = Generation(max_new_tokens=1, adapter=adapter)
        for _ in self.backend.stream(answer_prompt("", (), "", prompt_format), generation):
            pass

    def recall(self, history: Sequence[Message]) -> State:
        """Give the state that a talk has reached, from its turns in plain text."""
        return replay(history, self.index, self.catalogue)

    def _answer(self, turn: Turn, asking: Asking, watch: Stopwatch) -> Pieces:
        language = language_of(turn.question)
        if not turn.uid:
            reply = self._clarify(turn, language) if turn.candidates else self._not_found(turn, language)
        else:
            product = self.catalogue.find(turn.uid)
            evidence, question = self._evidence(turn.question, product)
            watch.lap("passages_ms")
            if evidence.passages and evidence.strength >= self.settings.least_strength:
                return (yield from self._worded(turn, product, evidence, question, asking, watch))
            reply = self._not_stated(turn, product, "not_stated" if evidence.passages else "no_description")
        watch.lap("first_token_ms")
        yield reply.text
        return watch.finish(reply)

    def _evidence(self, question: str, product: Product) -> tuple[Evidence, str]:
        """Choose passages, and the question to put: a bare title asks what the product is."""
        passages = self.passages(product.content) if says_something(product.content, product.title) else []
        if question.strip() == product.uid or asks_what_it_is(question, f"{product.title} {product.uid}"):
            overviewed = "O que é este produto?" if language_of(question) == "pt" else "What is this product?"
            return overview(passages, self.budget), overviewed
        return choose(question, product.title, passages, self.index.encode, self.budget), question

    def _worded(
        self, turn: Turn, product: Product, evidence: Evidence, question: str, asking: Asking, watch: Stopwatch
    ) -> Pieces:
        """Let the model word the answer, then check what it says against the passages."""
        adapter, prompt_format = answering(self.backend.adapters, asking.adapter)
        prompt = answer_prompt(product.title, evidence.passages, question, prompt_format)
        generation = Generation(
            max_new_tokens=asking.max_new_tokens or self.settings.max_new_tokens,
            temperature=asking.temperature,
            top_p=asking.top_p,
            adapter=adapter,
            deadline_s=self.settings.deadline_s,
            cancel=asking.cancel,
            seed=asking.seed,
        )
        openings = self.backend.openings(prompt, generation) if adapter else {}
        judgement = judge(question, product.title, evidence, openings)
        if judgement.answered < self.settings.least_answered:
            watch.lap("first_token_ms")
            refusal = self._not_stated(turn, product)
            yield refusal.text
            return watch.finish(refusal)
        pieces: list[str] = []
        opening = beginning(question, judgement, openings) if openings else ""
        for piece in self.backend.stream(prompt, replace(generation, opening=opening)):
            if not pieces:
                watch.lap("first_token_ms")
            pieces.append(piece)
            yield piece
        text = "".join(pieces)
        if asking.cancel.is_set():  # what came before a stop is kept as it is
            checked = check(text, evidence.passages, title=product.title, question=question)
            kept = quotes_of(checked.cited, evidence.passages)
            return watch.finish(Reply("answer", checked.text, product.uid, product.title, kept, turn.hits))
        settled = settle(
            text,
            question,
            product.title,
            evidence,
            judgement,
            least_answered=self.settings.least_answered,
            taught=bool(openings),
        )
        quotes = quotes_of(settled.cited, evidence.passages)
        cut = self.backend.count_tokens(text) >= generation.max_new_tokens
        reply = Reply(settled.kind, settled.text, product.uid, product.title, quotes, turn.hits, cut=cut)
        return watch.finish(reply)

    def _not_stated(self, turn: Turn, product: Product, said: str = "not_stated") -> Reply:
        text = phrase(said, language_of(turn.question), title=product.title)
        return Reply("not_stated", text, product.uid, product.title, hits=turn.hits)

    def _clarify(self, turn: Turn, language: Language) -> Reply:
        lines = [
            f"{number}. {label}" for number, label in enumerate(self.labels([hit.uid for hit in turn.candidates]), 1)
        ]
        asked = phrase("compare" if turn.compares else "clarify", language)
        return Reply("clarify", "\n".join([asked, *lines]), hits=turn.hits)

    def _not_found(self, turn: Turn, language: Language) -> Reply:
        near = self.nearest(turn.question, turn.hits)
        if not near:
            return Reply("not_found", phrase("no_product", language), hits=turn.hits)
        lines = [phrase("not_found", language), *(f"- {hit.title}" for hit in near)]
        return Reply("not_found", "\n".join(lines), hits=turn.hits)

    def nearest(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """Give the hits to name where none is meant: up to three that share a word; none for "is it heavy?"."""
        if points(question):
            return []
        named = content_words(question)
        near: dict[str, Hit] = {}
        for hit in hits:
            if named & content_words(hit.title):
                near.setdefault(hit.title, hit)
        return list(near.values())[:MAX_NEAREST]

    def labels(self, uids: Sequence[str]) -> list[str]:
        """Give one line for each product by which a person can tell it from the others.

        It is the title; where two are the same, what the descriptions say differently goes with it.
        """
        products = [self.catalogue.find(uid) for uid in uids]
        titles = [product.title for product in products]
        labels = []
        for product in products:
            others = [other for other in products if other is not product and other.title == product.title]
            labels.append(
                product.title + _difference(product, others) if titles.count(product.title) > 1 else product.title
            )
        return labels


def _difference(product: Product, others: Sequence[Product]) -> str:
    """Give the first sentence that the others' descriptions lack, as the rest of a label."""
    theirs = {passage.text for other in others for passage in split(other.content)}
    own = next((passage.text for passage in split(product.content) if passage.text not in theirs), f"({product.uid})")
    return f" — {own}"

"""What is known without a model: which product a turn is about, and which of its passages bear on the question.

retriever = Retriever(catalogue, index, Budget(backend.count_tokens))
turn = retriever.turn_of("how heavy is the red Harrow kettle?")
evidence = retriever.evidence(read_question(turn.question, product.title), product)
"""

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from assistant.conversation import State, Turn, replay, understand
from assistant.grounding.citations import without_marks
from assistant.grounding.compose import Composed, quoted
from assistant.grounding.evidence import MOST_READ, Budget, Evidence, choose, described, overview
from assistant.grounding.judge import Judge, open_judge
from assistant.messages import Message
from assistant.passages import split, title_passage
from assistant.phrases import language_of, phrase
from assistant.prompt import Shows
from assistant.question import ReadQuestion, read_question
from assistant.reply import Reply, Side
from assistant.shopping.comparison import ComparisonQuery, read_comparison
from assistant.shopping.discovery import MOST_OFFERED, Found, discover
from assistant.shopping.fit import Fitter
from assistant.shopping.help import help_text
from assistant.shopping.mentions import MOST_TOGETHER
from assistant.shopping.needs import read_need
from assistant.shopping.shop import AS_SHIPPED, ShopSettings
from assistant.shopping.wording import side_by_side, suggestions
from index.catalogue.store import Catalogue, Product
from index.errors import UserError
from index.linear_model import sigmoid
from index.normal_form import whole
from index.resolver import Hit, TitleIndex, check_question
from index.text import content_words, fold

LEAST_LIKELY_AMOUNT = -1.5  # logit of the judge that a passage settles a question, where it states such an amount
NEEDS_KEPT = 256  # with what fits them
MAX_MISSING = 3  # words that no title has, and that are named
MAX_NEAREST = 3  # titles named in a "not found"


class Retriever:
    """Finds products and passages in one catalogue; one instance serves many threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        index: TitleIndex,
        budget: Budget,
        judge: Judge | None = None,
        shop: ShopSettings = AS_SHIPPED,
    ) -> None:
        """Join a catalogue with its index; `budget` is how much the model may read for one question.

        `judge` is the shipped one unless given; it is opened when it is first needed.
        """
        self.catalogue = catalogue
        self.index = index
        self.budget = budget
        self.shop = shop
        self._judge = judge
        self._found: dict[str, Found] = {}  # by the needs asked for last

    def about(self, catalogue: Catalogue, index: TitleIndex) -> "Retriever":
        """Return a retriever that differs in its catalogue and its index alone."""
        return Retriever(catalogue, index, self.budget, self._judge, self.shop)

    @property
    def judge(self) -> Judge:
        """Return what reads the passages."""
        return self._judge or open_judge()

    def turn_of(self, question: str, *, uid: str = "", state: State = State()) -> Turn:
        """Return what a question means, about the product `uid` where it is given, else about the one that is meant.

        Raises `QuestionError` (blank, or over 4,000 characters), `UnknownProductError`.
        """
        question = whole(question)
        check_question(question)
        state = state.within(self.catalogue)
        if not uid:
            return understand(state, question, self.index, self.catalogue, self.fitting)
        uid = self.catalogue.find(uid).uid  # that of the product into which it was merged, if it was
        return Turn(question, uid, (), (), state.about(uid, question))

    def turn_comparing(self, question: str, uids: Sequence[str], *, state: State = State()) -> Turn:
        """Return the turn that asks a question of these products, to set them side by side; nothing is resolved.

        Raises `QuestionError`, `UnknownProductError`, and `UserError` where they are not two or three products.
        """
        question = whole(question)
        check_question(question)
        state = state.within(self.catalogue)
        products = {product.uid: product for product in map(self.catalogue.find, uids)}
        if not 2 <= len(products) <= MOST_TOGETHER:
            raise UserError(
                f"products named by the uids: {len(products)}",
                f"2 to {MOST_TOGETHER} to compare",
                "the uids of others",
            )
        hits = tuple(Hit(uid, product.title, 1.0) for uid, product in products.items())
        return Turn(question, "", (), (), state.comparing(hits), "comparison", tuple(products))

    def recall(self, history: Sequence[Message], cancel: threading.Event | None = None) -> State:
        """Return the state that a talk has reached, from its turns in plain text; `cancel` stops between two turns."""
        talk = [Message(turn.role, whole(turn.content)) for turn in history]
        return replay(talk, self.index, self.catalogue, self.fitting, cancel)

    def evidence(self, question: ReadQuestion, product: Product, shows: Shows = "best") -> Evidence:
        """Choose the passages that settle a question about a product, its title among them."""
        passages = [title_passage(product.title), *described(product)]
        return choose(question, passages, self.judge.read, self.budget.showing(shows))

    def overview(self, product: Product) -> Evidence:
        """Return the passages that say what a product is."""
        return overview(described(product), self.budget)

    def reply_without_product(self, turn: Turn, question: ReadQuestion) -> Reply:
        """Return the reply to a turn that no single product is meant by.

        Which one is asked, products that fit a need are offered, or it is said that none was found, or what is known.
        """
        if turn.wants in ("help", "order", "other"):
            return Reply("help", help_text(turn.question, turn.wants, self.shop.help))
        if turn.wants == "need":
            return replace(suggestions(read_need(turn.question), turn.found), hits=turn.hits)
        if turn.candidates:
            lead = phrase("clarify", question.language)
            lines = [
                f"{place}. {label}" for place, label in enumerate(self.labels([hit.uid for hit in turn.candidates]), 1)
            ]
            return Reply("clarify", "\n".join([_with_missing(lead, turn, question), *lines]), hits=turn.hits)
        near = self.nearest(question, turn.hits)
        lines = [f"- {hit.title}" for hit in near]
        lead = phrase("not_found" if near else "no_product", question.language)
        lead = _with_missing(lead, turn, question) if near else lead
        return Reply("not_found", "\n".join([lead, *lines]), hits=turn.hits)

    def suggested(self, need: str, limit: int = MOST_OFFERED) -> Reply:
        """Return the reply to a need: the products that fit it best, `limit` at most, or that none does."""
        found = self.fitting(need)
        return suggestions(read_need(need), replace(found, fitting=found.fitting[:limit]))

    def compared(self, turn: Turn, answer: Callable[[Turn], Reply]) -> Reply:
        """Return the reply that sets products side by side; `answer` replies to a turn about one of them."""
        products = [self.catalogue.find(uid) for uid in turn.compared]
        comparison = read_comparison(turn.question, [product.title for product in products])
        questions = comparison.questions or (phrase("at_large", language_of(turn.question)),)
        question = self._best_worded(questions, products)
        sides = []
        for product in products:
            reply = answer(Turn(question, product.uid, (), (), turn.state))
            kind: Literal["answer", "not_stated"] = "answer" if reply.kind == "answer" else "not_stated"
            text, quotes = without_marks(reply.text), reply.quotes
            if amount := self._amount_of(comparison, question, product, text if kind == "answer" else ""):
                kind, text, quotes = amount.kind, amount.text, amount.quotes
            sides.append(Side(product.uid, product.title, kind, text, quotes))
        return replace(side_by_side(comparison, sides, language_of(turn.question)), hits=turn.hits)

    def _amount_of(
        self, comparison: ComparisonQuery, question: str, product: Product, answered: str
    ) -> Composed | None:
        """Return what states the amount by which products are compared, where what was answered does not.

        That is the title, where it tells such amounts; else, of the passages that state one, the likeliest, if likely.
        """
        read = read_question(question, product.title)
        title = title_passage(product.title)
        if comparison.in_titles and comparison.states(product.title):
            return quoted(read, Evidence((title,), 1))
        if not comparison.measures or comparison.states(answered):
            return None
        stating = [passage for passage in (title, *described(product)) if comparison.states(passage.text)][:MOST_READ]
        entailments = self.judge.read(read.judged, [passage.text for passage in stating])
        logits = [entailment.answers_logit for entailment in entailments]
        if max(logits, default=-math.inf) < LEAST_LIKELY_AMOUNT:
            return None
        return quoted(read, Evidence((stating[logits.index(max(logits))].numbered(1),), 1))

    def _best_worded(self, questions: Sequence[str], products: Sequence[Product]) -> str:
        """Return the wording of a question that the products' texts settle best."""
        if len(questions) < 2:
            return questions[0]

        def settled(question: str) -> float:
            read = [self.evidence(read_question(question, product.title), product) for product in products]
            return sum(sigmoid(evidence.entailment.answers_logit) for evidence in read)

        return max(questions, key=settled)

    def fitting(self, need: str) -> Found:
        """Return the products that fit a need, as its words say it; kept, as a talk is replayed with every turn."""
        found = self._found.get(need)
        if found is None:
            fitter = Fitter(self.judge.read, self.index.descriptions.rarity)
            found = discover(read_need(need), self.catalogue, self.index.descriptions, fitter)
            if len(self._found) >= NEEDS_KEPT:
                self._found.clear()
            self._found[need] = found
        return found

    def nearest(self, question: ReadQuestion, hits: Sequence[Hit]) -> list[Hit]:
        """Return the hits to name where none is meant: up to three that share a word; none for "is it heavy?"."""
        near: dict[str, Hit] = {}
        for hit in hits if not question.points else ():
            if question.words & content_words(hit.title):
                near.setdefault(hit.title, hit)
        return list(near.values())[:MAX_NEAREST]

    def labels(self, uids: Sequence[str]) -> list[str]:
        """Return one line for each product by which a person can tell it from the others.

        It is the title; where two are the same, what the descriptions say differently goes with it.
        """
        products = [self.catalogue.find(uid) for uid in uids]
        titles = [product.title for product in products]
        return [
            product.title + (_difference(product, products) if titles.count(product.title) > 1 else "")
            for product in products
        ]


def _with_missing(lead: str, turn: Turn, question: ReadQuestion) -> str:
    """Put before a lead which words of the question no title has, as the shopper wrote them."""
    if not turn.missing:
        return lead
    written = {fold(word): word for word in turn.question.split()}
    words = ", ".join(f'"{written.get(word, word).strip(".,;:!?()")}"' for word in turn.missing[:MAX_MISSING])
    return f"{phrase('missing', question.language, words=words)} {lead}"


def _difference(product: Product, products: Sequence[Product]) -> str:
    """Return the first sentence that others of the same title lack, as the rest of a label."""
    others = [other for other in products if other is not product and other.title == product.title]
    theirs = {passage.text for other in others for passage in split(other.beginning)}
    own = next((passage.text for passage in split(product.beginning) if passage.text not in theirs), f"({product.uid})")
    return f" — {own}"

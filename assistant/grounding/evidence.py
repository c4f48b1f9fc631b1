"""Evidence: the few passages of a product that bear on a question, and what the judge reads in the best of them.

evidence = choose(read_question("how heavy is it?", title), passages, judge.read, Budget(backend.count_tokens))
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.attributes import carries
from assistant.grounding.judge import Entailment, Read
from assistant.passages import Passage, split
from assistant.prompt import Shows, gives_orders
from assistant.question import ReadQuestion
from index.catalogue.cleaning import says_something
from index.catalogue.store import Product
from index.quantities import only_limits

MOST_PASSAGES = 400  # of one product; the longest of 9,576 real descriptions has 82
MOST_READ = 24  # passages that the judge reads of one product; of more, those that share words with the question
READ_AGAIN = 4  # passages, the likeliest, that are read once more where a question can be put otherwise
FEWEST_WORDS = 3  # of a clause that is read by itself
WHOLE_TOKENS = 525  # of a description that is shown as a whole: nine in ten have fewer

_CLAUSE_END = re.compile(
    r"(?<=[.!?])\s+|\s{0,9};\s+|,\s+(?=(?:but|while|not|no|and the|mas|e o|e a)\b)|\s{1,9}(?:but|mas)\s+"
)
_OVERVIEW = Entailment(none=0.0, yes=0.0, no=0.0, answer=1.0)
_NOTHING = Entailment(none=1.0, yes=0.0, no=0.0, answer=0.0)


@dataclass(frozen=True)
class Budget:
    """How much the model is given to read; reading is the slower half on a CPU."""

    count_tokens: Callable[[str], int]
    max_passages: int = 3
    max_tokens: int = 110  # a third of a second at 320 tokens/s
    # A passage is shown beside the best one only if its logit is this near: a small model is easily led astray.
    largest_step_down: float = 2.0

    def showing(self, shows: Shows) -> "Budget":
        """Return the budget of a model that is shown the best passages, as here, or the whole description."""
        if shows == "best":
            return self
        return replace(self, max_passages=MOST_READ, max_tokens=WHOLE_TOKENS, largest_step_down=math.inf)


@dataclass(frozen=True)
class Evidence:
    """The passages chosen for a question, in the order of the text, numbered as the prompt shows them.

    `best` is the number of the best one, 0 where there is none; `entailment` is what the judge reads in it.
    """

    passages: tuple[Passage, ...] = ()
    best: int = 0
    entailment: Entailment = _NOTHING

    @property
    def best_passage(self) -> Passage:
        """Return the best passage; there has to be one."""
        return self.passages[self.best - 1]

    @property
    def is_overview(self) -> bool:
        """Return whether the passages say what a product is, and so answer whatever the judge would say."""
        return self.entailment is _OVERVIEW


def described(product: Product) -> list[Passage]:
    """Return the passages of a product's content that may be shown, none where it says nothing.

    Those that speak to the model are left out.
    """
    if not says_something(product.beginning, product.title):
        return []
    return [passage for passage in split(product.beginning)[:MOST_PASSAGES] if not gives_orders(passage.text)]


def choose(question: ReadQuestion, passages: Sequence[Passage], read: Read, budget: Budget) -> Evidence:
    """Choose the passages that settle the question, the best first until the budget is full.

    Returns them in the order of the text, numbered anew from 1; at least one where there is any.
    """
    if not passages:
        return Evidence()
    kept = _worth_reading(question, passages)
    entailments = read(question.judged, [passage.text for passage in kept])
    likely = _ranked(entailments)[:READ_AGAIN]
    again = _read_again(
        question, [kept[place].text for place in likely], [entailments[place] for place in likely], read
    )
    for place, entailment in zip(likely, again, strict=True):
        entailments[place] = entailment
    ranked = _ranked(entailments)
    best = entailments[ranked[0]]
    near = [
        place for place in ranked if entailments[place].answers_logit >= best.answers_logit - budget.largest_step_down
    ]
    return _within(budget, near, kept, _by_its_clause(question, kept[ranked[0]].text, best, read))


def _read_again(
    question: ReadQuestion, texts: Sequence[str], entailments: list[Entailment], read: Read
) -> list[Entailment]:
    """Return what texts say to a question, read once more as it can be put otherwise: "it" in place of a name."""
    if not question.judged_again:
        return entailments
    return [one.together(other) for one, other in zip(entailments, read(question.judged_again, texts), strict=True)]


def _ranked(entailments: Sequence[Entailment]) -> list[int]:
    return sorted(range(len(entailments)), key=lambda place: -entailments[place].answers_logit)


def _by_its_clause(question: ReadQuestion, passage: str, entailment: Entailment, read: Read) -> Entailment:
    """Return what a passage says to a question by the clause that settles it; where none does, by the whole.

    "The filter may be rinsed; the kettle must never go into water" says yes of one thing and no of another.
    """
    clauses = [clause for clause in _CLAUSE_END.split(passage) if len(clause.split()) >= FEWEST_WORDS]
    if len(clauses) < 2:
        return entailment
    entailments = _read_again(question, clauses, read(question.judged, clauses), read)
    best = max(entailments, key=lambda one: one.answers_logit)
    if best.answers_logit < 0:
        return entailment
    share = (1 - entailment.none) / (1 - best.none)
    return Entailment(entailment.none, best.yes * share, best.no * share, best.answer * share)


def nearest_in_words(question: ReadQuestion, passages: Sequence[Passage], budget: Budget) -> tuple[Passage, ...]:
    """Return the passages that share most with a question, numbered anew: what a reader without the judge is shown."""
    return _within(budget, _by_words(question, passages), passages, _NOTHING).passages if passages else ()


def overview(passages: Sequence[Passage], budget: Budget) -> Evidence:
    """Return the first passages: what the product is, for a question that names it and asks nothing."""
    return _within(budget, range(len(passages)), passages, _OVERVIEW) if passages else Evidence()


def _worth_reading(question: ReadQuestion, passages: Sequence[Passage]) -> Sequence[Passage]:
    """Return the passages to be read, in their order: all, or those with most of what is asked.

    What tells only how much a product bears tells nothing of its own weight.
    """
    if question.own_weight:
        passages = [passage for passage in passages if not only_limits(passage.text, "mass")] or passages
    if len(passages) <= MOST_READ:
        return passages
    return [passages[place] for place in sorted(_by_words(question, passages)[:MOST_READ])]


def _by_words(question: ReadQuestion, passages: Sequence[Passage]) -> list[int]:
    """Return the places of passages by the words that they share with a question, most first."""
    asked = question.without_mention or question

    def shares(passage: Passage) -> int:
        return len(asked.words & passage.words) + sum(carries(passage.text, name) for name in asked.attributes)

    return sorted(range(len(passages)), key=lambda place: -shares(passages[place]))


def _within(budget: Budget, ranked: Sequence[int], passages: Sequence[Passage], entailment: Entailment) -> Evidence:
    """Take passages in the order of rank while the budget lasts, the first in any case; number them by place."""
    chosen: list[int] = []
    tokens = 0
    for place in ranked[: budget.max_passages]:
        cost = budget.count_tokens(passages[place].text)
        if not chosen or tokens + cost <= budget.max_tokens:
            chosen.append(place)
            tokens += cost
    places = sorted(chosen)
    kept = tuple(passages[place].numbered(number) for number, place in enumerate(places, 1))
    return Evidence(kept, 1 + places.index(ranked[0]), entailment)

"""Evidence: the few passages of a description that bear on a question.

Scores passages by shared words, by the attribute asked about and by the title encoder's cosine, and says how
probable it is that the best of them answers. It does not read: whether a passage answers is the model's part.

    evidence = choose(read_question("how heavy is it?", title), split(content), encode, Budget(backend.count_tokens))
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.attributes import carries
from assistant.passages import Passage
from assistant.phrases import language_of
from assistant.question import ReadQuestion
from index.linear_model import LinearModel, sigmoid
from index.text import content_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], "NDArray[np.float32]"]  # texts → (n, d), unit rows; higher products are nearer

# A passage is shown beside the best one only if its logit is this near: a small model is easily led astray.
LARGEST_STEP_DOWN = 1.0
# The weights of a passage's features, in a logistic regression on the labelled candidates of ePQA, hetPQA and semiPQA.
# `python benchmarks/evidence.py --fit` measures and prints them.
ANSWERABILITY = LinearModel(
    {
        "share of the asked words, the title's left out": 1.172,
        "share of the asked words": 1.231,
        "share of the asked attributes that it states": 0.888,
        "an attribute is asked and none is stated": -0.57,
        "no attribute is recognised in the question": -0.177,
        "cosine of the title encoder": 5.438,
        "log of its number of words": 0.369,
        "the question asks yes or no": 0.08,
    },
    bias=-3.429,
)


@dataclass(frozen=True)
class Budget:
    """How much the model is given to read; reading is the slower half on a CPU."""

    count_tokens: Callable[[str], int]
    max_passages: int = 3
    max_tokens: int = 110  # a third of a second at 320 tokens/s


@dataclass(frozen=True)
class Evidence:
    """The passages chosen for a question, in the order of the text, numbered as the prompt shows them.

    `best` is the number of the best one, 0 where there is none; `answerability` is the probability, in [0, 1],
    that it answers the question.
    """

    passages: tuple[Passage, ...] = ()
    best: int = 0
    answerability: float = 0.0

    @property
    def best_passage(self) -> Passage:
        """Return the best passage; there has to be one."""
        return self.passages[self.best - 1]


def choose(question: ReadQuestion, passages: Sequence[Passage], encode: Encode, budget: Budget) -> Evidence:
    """Choose the passages that bear on the question, the best first until the budget is full.

    Returns them in the order of the text, numbered anew from 1; at least one where there is any.
    """
    if not passages:
        return Evidence()
    scores = [ANSWERABILITY.logit(row) for row in passage_features(question, passages, encode)]
    near = [place for place, score in enumerate(scores) if score >= max(scores) - LARGEST_STEP_DOWN]
    ranked = sorted(near, key=lambda place: -scores[place])
    return _within(budget, ranked, passages, answerability=sigmoid(max(scores)))


def overview(passages: Sequence[Passage], budget: Budget) -> Evidence:
    """Return the first passages: what the product is, for a question that names it and asks nothing."""
    return _within(budget, range(len(passages)), passages, answerability=1.0) if passages else Evidence()


def passage_features(question: ReadQuestion, passages: Sequence[Passage], encode: Encode) -> list[dict[str, float]]:
    """Return the features of each passage, by the names of `ANSWERABILITY`: how it bears on the question."""
    title_words, question = question.title_words, question.without_mention or question
    asked = question.words
    # "How heavy" is answered by "1.3 kg": a word that asks for an attribute is met by a text that states it.
    asking = {name: content_words(words) for name, words in question.attributes.items()}
    if asking and question.language != language_of(" ".join(passage.text for passage in passages)):
        # Across languages only the attribute can be met, not the other words.
        asked = frozenset().union(*asking.values()) or asked
    beyond_title = asked - title_words or asked
    stated = [frozenset(name for name in asking if carries(passage.text, name)) for passage in passages]
    met = [
        passage.words.union(*(asking[name] for name in names)) for passage, names in zip(passages, stated, strict=True)
    ]
    vectors = encode([question.text, *(passage.text for passage in passages)])
    cosines = vectors[1:] @ vectors[0]
    return [
        {
            "share of the asked words, the title's left out": _share(beyond_title, words, met),
            "share of the asked words": _share(asked, words, met),
            "share of the asked attributes that it states": len(names) / len(asking) if asking else 0.0,
            "an attribute is asked and none is stated": float(bool(asking) and not names),
            "no attribute is recognised in the question": float(not asking),
            "cosine of the title encoder": float(cosine),
            "log of its number of words": math.log(1 + len(words)),
            "the question asks yes or no": float(question.closed),
        }
        for words, names, cosine in zip(met, stated, cosines, strict=True)
    ]


def _within(budget: Budget, ranked: Sequence[int], passages: Sequence[Passage], answerability: float) -> Evidence:
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
    return Evidence(kept, 1 + places.index(ranked[0]), answerability)


def _share(asked: frozenset[str], own: frozenset[str], every: Sequence[frozenset[str]]) -> float:
    """Return the share of the asked words that a passage has, rarer ones (among the passages) counting more."""
    rarity = {word: math.log((len(every) + 1) / (sum(word in other for other in every) + 0.5)) for word in asked}
    total = sum(rarity.values())
    return sum(value for word, value in rarity.items() if word in own) / total if total else 0.0

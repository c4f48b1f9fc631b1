"""Evidence: a description cut into passages, and the few that bear on a question.

Cuts by sentence with exact offsets, scores by shared words, by the attribute
asked about and by the title encoder's cosine, and says how strong the best
evidence is. It does not read: whether a passage answers is the model's part.

    passages = split(product.content)
    evidence = choose(question, product.title, passages, encode, Budget(backend.count_tokens))
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.attributes import asked_about, carries
from assistant.grounding.linear_model import linear, probability
from assistant.passages import Passage
from assistant.phrases import language_of
from index.text import FRAME_WORDS, unaccented

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], "NDArray[np.float32]"]  # texts → (n, d), unit rows; higher products are nearer

# A passage is shown beside the best one only if its logit is this near: a small model is easily led astray.
LARGEST_STEP_DOWN = 1.0
WORDS_OF_A_MENTION = 3  # of a title's words in a question; fewer are as likely part of what is asked
MOST_WORDS_OF_A_FRAGMENT = 3  # "cor e tamanho?" asks for both

_CLOSED = re.compile(
    r"(?:^|[.,:;!?]\s*|\b(?:and|so|but|hi|hello|oi) )\s*"
    r"(?:is|are|does|do|did|can|could|will|would|has|have|was|were|e|tem|vem|serve|funciona|posso|pode|da|acompanha)\b"
)
_OPEN_PORTUGUESE = re.compile(r"\b(?:qual|quais|quant[oa]s?|quando|onde|quem|como|por que|o que)\b")
# What is asked for by name counts even where the title has the word: "how many compartments has the 7 Compartment …".
_OBJECT = re.compile(r"\b(?:how many|how much|what|which|quant[oa]s|que|qual)\s+(\w+)")
_COPULAS = frozenset({"is", "are", "e", "sao"})  # "what is it?" asks for no object
# "what is it for?", "who is it by?"
_MORE_THAN_WHAT = re.compile(r"\bfor\W*$|\b(?:who|whose|where|when|why|how|quem|onde|quando|como)\b")
# What a question at large is put with: "tell me more", "fale mais sobre ele".
_AT_LARGE = "what's more describe explain information details mais fale descreva explique informações detalhes"
WORD = re.compile(r"\w+(?:[.,'’]\w+)*")
_FRAME = FRAME_WORDS | frozenset("book got having he her his item our then too".split())


# What `score_features` gives for a passage, and the weights that make a probability of it: a logistic regression on
# the labelled candidates of ePQA, hetPQA and semiPQA. `python benchmarks/evidence.py --fit` measures and prints them.
FEATURES = (
    "share of the asked words, the title's left out",
    "share of the asked words",
    "share of the asked attributes that it states",
    "an attribute is asked and none is stated",
    "no attribute is recognised in the question",
    "cosine of the title encoder",
    "log of its number of words",
    "the question asks yes or no",
)
WEIGHTS = (1.172, 1.231, 0.888, -0.57, -0.177, 5.438, 0.369, 0.08)
BIAS = -3.429


@dataclass(frozen=True)
class Budget:
    """How much the model is given to read; reading is the slower half on a CPU."""

    count_tokens: Callable[[str], int]
    max_passages: int = 3
    max_tokens: int = 110  # a third of a second at 320 tokens/s


@dataclass(frozen=True)
class Evidence:
    """The passages chosen for a question, in the order of the text, numbered as the prompt shows them.

    `best` is the number of the best one, 0 where there is none; `strength` is the probability, in [0, 1],
    that it answers the question.
    """

    passages: tuple[Passage, ...] = ()
    best: int = 0
    strength: float = 0.0

    @property
    def best_passage(self) -> Passage:
        """Give the best passage; there has to be one."""
        return self.passages[self.best - 1]


def choose(question: str, title: str, passages: Sequence[Passage], encode: Encode, budget: Budget) -> Evidence:
    """Choose the passages that bear on the question, the best first until the budget is full.

    Gives them in the order of the text, numbered anew from 1; at least one where there is any.
    """
    if not passages:
        return Evidence()
    features = score_features(question, title, [passage.text for passage in passages], encode)
    scores = [linear(BIAS, WEIGHTS, row) for row in features]
    near = [place for place, score in enumerate(scores) if score >= max(scores) - LARGEST_STEP_DOWN]
    ranked = sorted(near, key=lambda place: -scores[place])
    return _within(budget, ranked, passages, strength=probability(max(scores)))


def overview(passages: Sequence[Passage], budget: Budget) -> Evidence:
    """Give the first passages: what the product is, for a question that names it and asks nothing."""
    return _within(budget, range(len(passages)), passages, strength=1.0) if passages else Evidence()


def score_features(question: str, title: str, texts: Sequence[str], encode: Encode) -> list[tuple[float, ...]]:
    """Give one row of `FEATURES` for each text: how it bears on the question about the product of that title."""
    question = without_mention(question, title)
    attributes = asked_about(question)
    asked = content_words(question)
    if attributes and language_of(question) != language_of(" ".join(texts)):
        # Across languages only the attribute can be met, not the other words.
        asked = frozenset(word for words in attributes.values() for word in content_words(words)) or asked
    beyond_title = asked - content_words(title) or asked
    carried = [frozenset(name for name in attributes if carries(text, name)) for text in texts]
    # "How heavy" is answered by "1.3 kg": a word that asks for an attribute is met by a text that states it.
    asking = {name: content_words(words) for name, words in attributes.items()}
    met = [
        content_words(text) | frozenset(word for name in stated for word in asking[name])
        for text, stated in zip(texts, carried, strict=True)
    ]
    vectors = encode([question, *texts])
    cosines = vectors[1:] @ vectors[0]
    closed = float(is_closed(question.strip()))
    rows: list[tuple[float, ...]] = []
    for words, stated, cosine in zip(met, carried, cosines, strict=True):
        rows.append(
            (
                _share(beyond_title, words, met),
                _share(asked, words, met),
                len(stated) / len(attributes) if attributes else 0.0,
                float(bool(attributes) and not stated),
                float(not attributes),
                float(cosine),
                math.log(1 + len(words)),
                closed,
            )
        )
    return rows


def is_closed(question: str) -> bool:
    """Say whether a question can be answered by yes or no."""
    plain = unaccented(question)
    if _CLOSED.search(plain):
        return True
    # Portuguese asks so by the tone alone: what has a question mark and no word that asks is closed.
    whole = "?" in plain and len(plain.split()) > MOST_WORDS_OF_A_FRAGMENT
    return whole and language_of(question) == "pt" and not _OPEN_PORTUGUESE.search(plain)


def asks_what_it_is(question: str, product: str) -> bool:
    """Say whether a question asks for nothing but what a product is; `product` is its title, or title and uid."""
    plain = unaccented(question)
    if asked_about(question) or is_closed(question) or _MORE_THAN_WHAT.search(plain):
        return False
    if set(_OBJECT.findall(plain)) - _COPULAS:
        return False
    return content_words(question) <= content_words(f"{product} {_AT_LARGE}")


def content_words(text: str) -> frozenset[str]:
    """Give the stems of the words that carry meaning; those of questions and grammar are left out."""
    return frozenset(stem(word) for word in WORD.findall(unaccented(text)) if word not in _FRAME)


def _within(budget: Budget, ranked: Sequence[int], passages: Sequence[Passage], strength: float) -> Evidence:
    """Take passages in the order of rank while the budget lasts, the first in any case; number them by place."""
    chosen: list[int] = []
    tokens = 0
    for place in ranked[: budget.max_passages]:
        cost = budget.count_tokens(passages[place].text)
        if not chosen or tokens + cost <= budget.max_tokens:
            chosen.append(place)
            tokens += cost
    places = sorted(chosen)
    kept = tuple(replace(passages[place], number=number) for number, place in enumerate(places, 1))
    return Evidence(kept, 1 + places.index(ranked[0]), strength)


def without_mention(question: str, title: str) -> str:
    """Leave a title out that a question mentions, by three words or by half of them: what is left is what it asks."""
    own = content_words(title)
    words = WORD.findall(unaccented(question))
    objects = frozenset(_OBJECT.findall(unaccented(question)))
    mentioned = [word for word in words if word not in _FRAME and word not in objects and stem(word) in own]
    rest = " ".join(word for word in words if word not in mentioned)
    starts = WORD.search(unaccented(title))
    names_brand = starts is not None and starts.group() in mentioned
    is_mention = len(mentioned) >= (WORDS_OF_A_MENTION - names_brand) or 2 * len(mentioned) >= len(own)
    return rest if is_mention and content_words(rest) else question


def stem(word: str) -> str:
    """Fold the commonest English endings, so that "batteries" meets "battery" and "charging" meets "charge"."""
    for ending, instead in (("ies", "y"), ("ing", ""), ("ers", "er"), ("es", ""), ("ed", ""), ("s", ""), ("e", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + instead
    return word


def _share(asked: frozenset[str], own: frozenset[str], every: Sequence[frozenset[str]]) -> float:
    """Give the share of the asked words that a passage has, rarer ones (among the passages) counting more."""
    rarity = {word: math.log((len(every) + 1) / (sum(word in other for other in every) + 0.5)) for word in asked}
    total = sum(rarity.values())
    return sum(value for word, value in rarity.items() if word in own) / total if total else 0.0

"""Questions to ask, made from the catalogue at hand so that it can answer them.

suggest(retriever, 4)     # ["How heavy is the Harrow & Finch TR-4 Four-Slice Toaster?", …]
stated_matters(retriever, product, STRINGS["en"])["weight"].asked_of_it     # "How heavy is it?"
"""

import random
import re
from collections.abc import Iterator

from assistant.attributes import carries
from assistant.grounding.answerability import assess
from assistant.phrases import language_of
from assistant.question import read_question
from assistant.retriever import Retriever
from finetune.data.facts import facts_in
from index.catalogue.store import Product
from ui.web.strings import STRINGS, Matter, Strings

MAX_TRIES = 80  # products looked at
MAX_QUESTION_CHARACTERS = 80
LEAST_CONFIDENCE = 0.52  # of the judge alone, a little above its limit

# Denied, these answer their question too.
STATED_EITHER_WAY = frozenset({"batteries", "batteries included", "not included", "water", "wireless", "assembly"})

_TAIL = re.compile(r"(?<!\s)\s*(?:[,:;(\[|]| [-–—] ).*$", re.S)


def suggest(retriever: Retriever, count: int, *, seed: int = 0) -> list[str]:
    """Return up to `count` questions about different products and, while there are any, different matters.

    Each is in its product's language, and is kept only if it leads back to its product and finds its evidence.
    """
    draw = random.Random(seed)  # noqa: S311 - a choice, not a secret
    rows = draw.sample(range(len(retriever.catalogue)), min(MAX_TRIES, len(retriever.catalogue)))
    questions: dict[str, str] = {}
    for row in rows:
        if len(questions) == count:
            break
        product = retriever.catalogue.product(row)
        strings = STRINGS[language_of(f"{product.title} {product.content}")]
        for name, matter in _stated(product, strings):
            if matter.asked and name not in questions and not carries(product.title, name):
                question = _fitting(retriever, product, matter.asked)
                if question:
                    questions[name] = question
                    break
    return list(questions.values())


def stated_matters(retriever: Retriever, product: Product, strings: Strings) -> dict[str, Matter]:
    """Return the matters that a description states, by attribute, as far as it answers the question for each."""
    return {
        name: matter for name, matter in _stated(product, strings) if _answers(retriever, product, matter.asked_of_it)
    }


def _stated(product: Product, strings: Strings) -> Iterator[tuple[str, Matter]]:
    """Yield the matters that a description may state: by the narrow patterns that training takes its facts from."""
    stated = {
        fact.attribute for fact in facts_in(product.content) if fact.polarity or fact.attribute in STATED_EITHER_WAY
    }
    if carries(product.content, "material"):
        stated.add("material")
    return ((name, matter) for name, matter in strings.matters.items() if name in stated)


def _fitting(retriever: Retriever, product: Product, form: str) -> str:
    """Return the question with the title, shortened where that still means the same product; "" where none fits."""
    for title in dict.fromkeys((_TAIL.sub("", product.title), product.title)):
        question = form.format(title=title)
        if len(question) <= MAX_QUESTION_CHARACTERS and _leads_back(retriever, product, question):
            return question
    return ""


def _leads_back(retriever: Retriever, product: Product, question: str) -> bool:
    resolution = retriever.index.resolve(question)
    found = resolution.decision == "found" and resolution.hits[0].uid == product.uid
    return found and _answers(retriever, product, question)


def _answers(retriever: Retriever, product: Product, question: str) -> bool:
    """Return whether the description answers a question, by the judge that decides it for a visitor's."""
    read = read_question(question, product.title)
    assessment = assess(read, retriever.evidence(read, product), {}, retriever.judge.calibration)
    return assessment.confidence >= LEAST_CONFIDENCE

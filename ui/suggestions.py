"""Questions to begin with, made from the catalogue at hand so that it can answer them.

Takes titles at random, asks for what their descriptions state, and keeps a question
only if it leads back to its product and finds its evidence.

    suggest(assistant, 4)   # ["How heavy is the Harrow & Finch TR-4 Four-Slice Toaster?", …]
"""

import random
import re

from assistant.attributes import carries
from assistant.chat import Assistant
from assistant.evidence import Budget, choose, split
from assistant.phrases import language_of
from index.products import Product
from ui.strings import SUGGESTIONS

MAX_TRIES = 80  # products looked at
MAX_QUESTION_CHARACTERS = 80
LEAST_STRENGTH = 0.6  # of the evidence, as `assistant.evidence` gives it

_TAIL = re.compile(r"\s*(?:[,:;(\[|]| [-–—] ).*$")


def suggest(assistant: Assistant, count: int, *, seed: int = 0) -> list[str]:
    """Give up to `count` questions about different products and, while there are any, different matters."""
    draw = random.Random(seed)  # noqa: S311 - a choice, not a secret
    rows = draw.sample(range(len(assistant.catalogue)), min(MAX_TRIES, len(assistant.catalogue)))
    questions: dict[str, str] = {}
    for row in rows:
        if len(questions) == count:
            break
        product = assistant.catalogue.product(row)
        for matter, form in SUGGESTIONS[language_of(f"{product.title} {product.content}")].items():
            told = carries(product.content, matter) and not carries(product.title, matter)
            if told and matter not in questions:
                question = _fitting(assistant, product, form)
                if question:
                    questions[matter] = question
                    break
    return list(questions.values())


def _fitting(assistant: Assistant, product: Product, form: str) -> str:
    """Give the question with the title, shortened where that still means the same product; "" where none fits."""
    for title in dict.fromkeys((_TAIL.sub("", product.title), product.title)):
        question = form.format(title=title)
        if len(question) <= MAX_QUESTION_CHARACTERS and _answerable(assistant, product, question):
            return question
    return ""


def _answerable(assistant: Assistant, product: Product, question: str) -> bool:
    resolution = assistant.index.resolve(question)
    if resolution.decision != "found" or resolution.hits[0].uid != product.uid:
        return False
    budget = Budget(assistant.backend.count_tokens)
    evidence = choose(question, product.title, split(product.content), assistant.index.encode, budget)
    return evidence.strength >= LEAST_STRENGTH

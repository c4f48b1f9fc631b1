"""A generated question made an example: the passages that are shown with it, and its reply.

Passages are chosen as the assistant chooses them; the one that answers is always among them, or none is.

    example = example_of(question, pool, draw, with_distractors=False)
"""

import random
from collections.abc import Sequence
from dataclasses import replace

from assistant.grounding.evidence import Evidence
from assistant.messages import Message
from assistant.passages import Passage
from finetune.data.answers import realise
from finetune.data.example import NOT_STATED, YES_NO, Example
from finetune.data.generated_questions import GeneratedQuestion
from finetune.data.product_pool import ProductPool, renumbered, with_gold
from finetune.data.unanswerable import is_silent


def example_of(
    question: GeneratedQuestion, pool: ProductPool, draw: random.Random, *, with_distractors: bool
) -> Example | None:
    """Choose the passages of a question and word its reply; None where it does not come about."""
    product = pool.products[question.place]
    earlier: tuple[Message, ...] = ()
    if question.follows is not None:
        before = example_of(question.follows, pool, draw, with_distractors=False)
        if before is None:
            return None
        earlier = (Message("user", before.question), Message("assistant", before.reply))
    if question.fact is not None and question.kind != "not_stated":
        sentence = realise(question.fact, draw)
        if not sentence:
            return None
        evidence = pool.select(question.question, product.product.title, product.passages)
        shown, number = with_gold(evidence, question.fact.passage, pool.select.budget.max_passages)
        if with_distractors:
            shown, number = renumbered(_with_distractors(shown, question, pool, draw), question.fact.passage)
        reply = f"{YES_NO.get((question.kind, question.language), '')}{sentence} [{number}]"
    else:
        shown, reply = list(_silent_passages(question, pool, draw).passages), NOT_STATED
        if not shown:
            return None
        if with_distractors and question.absent != "foreign":
            shown = _with_distractors(shown, question, pool, draw)
    return Example(
        question.kind,
        product.product.title,
        question.question,
        tuple(passage.text for passage in shown),
        reply,
        "facts",
        question.template,
        product.product.uid,
        question.language,
        earlier,
    )


def _silent_passages(question: GeneratedQuestion, pool: ProductPool, draw: random.Random) -> Evidence:
    """Choose passages that do not answer: of the silent text, of what is left of it, or of another product."""
    product = pool.products[question.place]
    title = product.product.title
    if question.absent == "silent":
        return pool.select(question.question, title, product.passages)
    if question.absent == "removed":
        rest = [passage for passage in product.passages if _is_silent(question, passage.text)]
        return pool.select(question.question, title, rest)
    for other in [*pool.neighbours(question.place), *draw.sample(pool.products, min(5, len(pool.products)))]:
        if _is_silent(question, other.product.content):
            found = pool.select(question.question, title, other.passages)
            if found.passages and other.row != product.row:
                return found
    return Evidence()


def _with_distractors(
    shown: Sequence[Passage], question: GeneratedQuestion, pool: ProductPool, draw: random.Random
) -> list[Passage]:
    """Put one or two passages among those shown that say nothing of what is asked."""
    mixed = list(shown)
    near = pool.neighbours(question.place)[:3] if draw.random() < 0.4 else []
    others = [passage for each in (near or [pool.products[question.place]]) for passage in each.passages]
    texts = {passage.text for passage in shown}
    silent = [passage for passage in others if _is_silent(question, passage.text) and passage.text not in texts]
    for passage in draw.sample(silent, min(len(silent), draw.randint(1, 2))):
        if len(mixed) < pool.select.budget.max_passages:
            mixed.insert(draw.randint(0, len(mixed)), passage)
    return [replace(passage, number=number) for number, passage in enumerate(mixed, 1)]


def _is_silent(question: GeneratedQuestion, text: str) -> bool:
    return is_silent(question.attribute, question.thing, text)

"""Title → description, the task in which a model invents: examples from a catalogue's own rows.

describe_example(product)
"""

from assistant.passages import split
from assistant.phrases import language_of
from assistant.prompt import gives_orders
from finetune.data.example import Example
from index.catalogue.store import Product

FEWEST_WORDS, MOST_WORDS = 12, 110


def describe_example(product: Product) -> Example | None:
    """Give the first whole sentences of a description as the reply to its title; None where they are too few."""
    kept: list[str] = []
    for passage in split(product.content):
        text = passage.text.strip()
        if gives_orders(text) or sum(len(each.split()) for each in kept) + len(text.split()) > MOST_WORDS:
            break
        kept.append(text)
    while kept and not kept[-1].endswith((".", "!", "?")):
        kept.pop()
    reply = " ".join(kept)
    if len(reply.split()) < FEWEST_WORDS:
        return None
    language = language_of(f"{product.title} {product.content}")
    return Example("describe", product.title, "", (), reply, "describe", "", product.uid, language)

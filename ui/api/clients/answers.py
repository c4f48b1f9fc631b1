"""Answers to a chat client's own tasks, without the model: what the talk is about, by the product's name.

answer_task(read_task([], [Message("user", "Name this chat in 3 words: is the red Harrow kettle heavy?")]), retriever)
"""

import json
import re
from collections.abc import Sequence
from textwrap import shorten

from assistant.conversation import replay
from assistant.messages import Message
from assistant.phrases import language_of
from assistant.reply import Reply
from assistant.retriever import Retriever
from index.catalogue.store import Product
from index.text import GRAMMAR_WORDS, content_words, fold
from ui.api.clients.talk import talk_in
from ui.api.clients.tasks import ClientTask
from ui.web.strings import STRINGS
from ui.web.suggestions import stated_matters

TITLE_CHARACTERS = 50
READ_CHARACTERS = 200  # of what a title is made of
MOST_TAGS, MOST_QUESTIONS = 3, 3
SPEECH = "💬"
NAMELESS = "…"  # a talk in which nothing was said
_TAIL = re.compile(r"(?<!\s)\s*(?:[,:;(\[|]| [-–—] ).*$", re.S)  # of a product's title: its size, its colour


def answer_task(task: ClientTask, retriever: Retriever) -> Reply:
    """Return what a client asked for, as text, or as an object of JSON where it asked for one."""
    talk = talk_in(task.messages)
    uid = next(iter(replay(talk, retriever.index, retriever.catalogue).spoken_of), "")
    product = retriever.catalogue.find(uid) if uid else None
    made = _made(task, talk, product, retriever)
    if task.key:
        text = json.dumps({task.key: made}, ensure_ascii=False)
    elif task.kind == "memories" or (task.as_array and not isinstance(made, str)):
        text = json.dumps(made, ensure_ascii=False)
    else:
        text = made if isinstance(made, str) else "\n".join(made)
    return Reply("help", text, uid, product.title if product else "")


def _made(task: ClientTask, talk: Sequence[Message], product: Product | None, retriever: Retriever) -> str | list[str]:
    title = short_title(product.title) if product else _first_words(talk)
    match task.kind:
        case "title":
            return title
        case "tags":
            return [word for word in fold(title).split() if word.isalpha() and word not in GRAMMAR_WORDS][:MOST_TAGS]
        case "follow_ups":
            return _questions_about(product, talk, retriever) if product else []
        case "queries":
            return []  # the catalogue is what is searched
        case "memories":
            return []  # nothing is kept of a shopper
        case "emoji":
            return SPEECH
        case _:
            return ""  # no picture, and nothing to complete


def short_title(title: str) -> str:
    """Return a title without what follows its first mark, of a few words."""
    begun = title[:READ_CHARACTERS]
    return shorten(_TAIL.sub("", begun) or begun, TITLE_CHARACTERS, placeholder=NAMELESS)


def _first_words(talk: Sequence[Message]) -> str:
    asked = next((message.content for message in talk if message.role == "user"), "")
    return short_title(asked.strip(" ?!.\n")) or NAMELESS


def _questions_about(product: Product, talk: Sequence[Message], retriever: Retriever) -> list[str]:
    """Return questions that the product's description answers, and that were not asked yet."""
    strings = STRINGS[language_of(f"{product.title} {product.content}")]
    questions = [matter.asked_of_it for matter in stated_matters(retriever, product, strings).values()]
    asked = content_words(" ".join(message.content for message in talk if message.role == "user"))
    return [question for question in questions if not content_words(question) <= asked][:MOST_QUESTIONS]

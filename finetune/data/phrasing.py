"""How shoppers word a question: templates in two languages, chatter in front, and their typing.

A whole template is either trained on or kept for testing, by a hash of its id, so that a figure on
held-out templates tells of wordings never seen. What is asked, and what is right, comes from
`finetune.data.question_forms`.

    template = templates_for("weight", "open", "en", held_out=False)[0]
    worded(template, {"v": "2 pounds"}, title, draw)      # "how much does it weigh"
"""

import hashlib
import random
import re
from dataclasses import dataclass
from functools import cache
from typing import get_args

from assistant.phrases import Language
from finetune.data.tables import table

HELD_OUT_SHARE = 0.15
LOWER_SHARE, UNMARKED_SHARE, TYPO_SHARE, CHATTER_SHARE, TITLE_SHARE = 0.7, 0.3, 0.12, 0.12, 0.2
SHORTEST_TYPO_WORD = 5  # letters; shorter words are seldom mistyped and soon unreadable
WORDS_OF_A_SHORT_TITLE = 4

_NEAR_KEYS = str.maketrans("abcdeghiklmnoprstuvwy", "svxfrhjolknmpotayibeu")  # each letter, and one beside it


@dataclass(frozen=True)
class Template:
    """A question with places: `attribute`, form and language say where it may be used."""

    attribute: str
    form: str
    language: Language
    text: str

    @property
    def id(self) -> str:
        """Name the template, the same in every run."""
        return f"{self.language}/{self.attribute}/{self.form}/{self.text}"


@cache
def templates() -> dict[tuple[str, str, Language], tuple[str, ...]]:
    """Return the texts of all templates by attribute, form and language."""
    texts: dict[tuple[str, str, Language], tuple[str, ...]] = {}
    for language in get_args(Language):
        attributes = table("question_templates")[language]
        included = attributes["included"]  # one asks for what is in the box, and for what is not, alike
        alike = {"not included": {form: included[form] for form in ("has", "follow") if form in included}}
        for attribute, forms in (attributes | alike).items():
            texts |= {(attribute, form, language): tuple(each) for form, each in forms.items()}
    return texts


def is_held_out(template: Template) -> bool:
    """Return whether a template is kept from training; one share of all, by hash."""
    digest = hashlib.sha256(template.id.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < HELD_OUT_SHARE


def templates_for(attribute: str, form: str, language: Language, *, held_out: bool) -> list[Template]:
    """Return the templates of one side; an empty list where there are none."""
    texts = templates().get((attribute, form, language), ())
    every = [Template(attribute, form, language, text) for text in texts]
    return [template for template in every if is_held_out(template) == held_out]


def worded(template: Template, values: dict[str, str], title: str, draw: random.Random) -> str:
    """Fill a template and type it as a shopper would."""
    language = template.language
    subject = draw.choice(table("phrasing")["subject"][language])
    if draw.random() < TITLE_SHARE and language == "en":
        subject = f"the {short_title(title)}"
    text = template.text.format(it=subject, **{"v": "", "thing": "", "unit": "", **values})
    return typed(" ".join(text.split()), language, draw)


def typed(text: str, language: Language, draw: random.Random) -> str:
    """Type a question: mostly lower case, at times unmarked, mistyped, or with chatter around it."""
    if draw.random() < CHATTER_SHARE:
        text = f"{draw.choice(table('phrasing')['before'][language])} {text}"
        if draw.random() < 0.4:
            text = f"{text} {draw.choice(table('phrasing')['after'][language])}"
    if draw.random() < LOWER_SHARE:
        text = text.lower()
    elif text[:1].islower():
        text = text[:1].upper() + text[1:]
    if draw.random() < UNMARKED_SHARE:
        text = text.replace("?", "").strip()
    if draw.random() < TYPO_SHARE:
        text = mistyped(text, draw)
    return text


def mistyped(text: str, draw: random.Random) -> str:
    """Mistype one word without a digit: a letter doubled, dropped, swapped or hit beside; or an apostrophe left out."""
    if draw.random() < 0.3 and re.search(r"['’]", text):
        return re.sub(r"['’]", "", text)
    words = text.split(" ")
    places = [place for place, word in enumerate(words) if len(word) >= SHORTEST_TYPO_WORD and word.isalpha()]
    if not places:
        return text
    place = draw.choice(places)
    word, at = words[place], draw.randint(1, len(words[place]) - 2)
    kinds = (
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at].lower().translate(_NEAR_KEYS) + word[at + 1 :],
    )
    words[place] = draw.choice(kinds)
    return " ".join(words)


def short_title(title: str) -> str:
    """Return the first words of a title, as a shopper would name the product."""
    head = re.split(r"[,(|:]| - ", title)[0].split()
    return " ".join(head[:WORDS_OF_A_SHORT_TITLE]) or title

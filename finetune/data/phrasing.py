"""How shoppers word a question: templates in two languages, chatter in front, and their typing.

A whole template is either trained on or kept for testing, by a hash of its id, so that a figure on
held-out templates tells of wordings never seen. What is asked, and what is right, comes from
`finetune.data.questions`.

    template = templates_for("weight", "open", "en", held_out=False)[0]
    worded(template, {"v": "2 pounds"}, title, draw)      # "how much does it weigh"
"""

import hashlib
import random
import re
from dataclasses import dataclass

from assistant.phrases import Language
from finetune.data.question_templates import TEMPLATES

HELD_OUT_SHARE = 0.15
LOWER_SHARE, UNMARKED_SHARE, TYPO_SHARE, CHATTER_SHARE, TITLE_SHARE = 0.7, 0.3, 0.12, 0.12, 0.2
SHORTEST_TYPO_WORD = 5  # letters; shorter words are seldom mistyped and soon unreadable
WORDS_OF_A_SHORT_TITLE = 4

_CHATTER: dict[Language, list[str]] = {
    "en": (
        "hi,|hello,|hi there!|question:|quick question -|just wondering,|before i order,|i want to buy this.|"
        "thinking of getting this for my daughter.|looking for a gift.|i can't find it in the description.|"
        "hey,|does anyone know,|sorry if this was asked before.|need to know,|can you tell me please,|"
        "i read the description but|my old one broke.|i need this for work.|"
        "hi i am interested in this product,"
    ).split("|"),
    "pt": ("oi,|olá,|bom dia,|boa tarde,|por favor,|gostaria de saber,|uma dúvida:|quero comprar.").split("|"),
}
_AFTER: dict[Language, tuple[str, ...]] = {
    "en": ("thanks", "thank you", "please", "thx", "thanks!", "anyone know?"),
    "pt": ("obrigado", "obrigada", "por favor", "grato"),
}
_THIS: dict[Language, tuple[str, ...]] = {
    "en": ("it", "it", "it", "this", "this", "the item", "this product", "the product", "this one"),
    "pt": ("ele", "isso", "o produto", "este produto", "esse produto"),
}
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


def is_held_out(template: Template) -> bool:
    """Return whether a template is kept from training; one share of all, by hash."""
    digest = hashlib.sha256(template.id.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < HELD_OUT_SHARE


def templates_for(attribute: str, form: str, language: Language, *, held_out: bool) -> list[Template]:
    """Return the templates of one side; an empty list where there are none."""
    texts = TEMPLATES.get((attribute, form, language), ())
    every = [Template(attribute, form, language, text) for text in texts]
    return [template for template in every if is_held_out(template) == held_out]


def worded(template: Template, values: dict[str, str], title: str, draw: random.Random) -> str:
    """Fill a template and type it as a shopper would."""
    language = template.language
    subject = draw.choice(_THIS[language])
    if draw.random() < TITLE_SHARE and language == "en":
        subject = f"the {short_title(title)}"
    text = template.text.format(it=subject, **{"v": "", "thing": "", "unit": "", **values})
    return typed(" ".join(text.split()), language, draw)


def typed(text: str, language: Language, draw: random.Random) -> str:
    """Type a question: mostly lower case, at times unmarked, mistyped, or with chatter around it."""
    if draw.random() < CHATTER_SHARE:
        text = f"{draw.choice(_CHATTER[language])} {text}"
        if draw.random() < 0.4:
            text = f"{text} {draw.choice(_AFTER[language])}"
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

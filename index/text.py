"""Words of titles and questions: folded, cut, joined, and parted from the frame around a title.

fold("Sony WH-1000XM4, Café")       # "sony wh1000xm4 cafe"
tokens("Sony WH-1000XM4")           # ["sony", "wh1000xm4", "wh", "1000xm4"]
title_part("does the Harrow kettle come with a lid?")    # "harrow kettle lid"
"""

import itertools
import re
import unicodedata
from functools import lru_cache

# Hyphens and apostrophes inside a word; "2-8" stays two numbers, "WH-1000" becomes one word.
_COMPOUND = re.compile(r"[^\W_]+(?:[-‐‑–'’´`][^\W_]+)+")
_INNER = re.compile(r"[-‐‑–'’´`]")
_WORD = re.compile(r"\d+\.\d+|[^\W_]+")
_DIGIT = re.compile(r"\d")
_MEASURE = re.compile(r"\d{1,3}[a-z]{1,5}")
_QUOTED = re.compile(r"(?<![\w\"])[\"“”«»„]([^\"“”«»„]{3,})[\"“”«»„](?!\w)")  # 2" by 4" are inches
LETTERS_BESIDE_A_NUMBER = 4

# What people put around a title, in English and in Portuguese. Such words count for little when a
# question is matched; a title that holds them ("What If?") is still found by its other words or in full.
FRAME_WORDS = frozenset(
    fragment
    for line in (
        "a about all also am an and any anyone are as ask asking at be been but buy by can come comes could did do",
        "does for from get give had has have hello help hey hi how i if im in info information into is it its just",
        "know let like looking many may me much my need of on one or please product question same say show should",
        "so some tell than thank thanks that the their them there these they thing this those to us use used want",
        "was we were what whats when where which who whose why will with would you your exactly sell available",
        "included include includes agora ai ajuda algum alguma ao aos boa bom com como da das de dele dela deste",
        "desta desse dessa dos dia e ela ele em entre era essa esse esta este eu faz favor foi gostaria ha",
        "informacao isso isto ja la mais meu minha muito na nas no nos numa num o obrigado obrigada oi ola onde os",
        "ou para pela pelo pode poderia por porque posso pra preciso produto qual quais quando quanto quantos",
        "quantas que quem quero queria saber se sem ser seu sobre sua tambem tem ter tenho tipo tudo um uma vem",
        "voce voces sao serve funciona vcs",
    )
    for fragment in line.split()
)
# What is often asked about, and sometimes stands in titles too.
ATTRIBUTE_WORDS = frozenset(
    fragment
    for line in (
        "age ages assembly batteries battery charger color colors colour colours compatible cost costs dimension",
        "dimensions dishwasher fit fits good heavy height kids last long made mac material old outdoors pages",
        "pieces price quality safe size sizes stock suitable tall version warranty waterproof weigh weighs weight",
        "wide width work working works year altura bateria carregador comprimento cor cores criancas custa estoque",
        "feito feita garantia largura medidas paginas pecas pesa peso pilha pilhas preco qualidade resistente",
        "tamanho tamanhos versao",
    )
    for fragment in line.split()
)
# What twins differ by, where it is not a number.
VARIANT_WORDS = frozenset(
    fragment
    for line in (
        "beige black blue bronze brown clear copper cyan gold golden gray green grey ivory magenta maroon navy",
        "orange pink purple red rose silver tan teal transparent turquoise violet white yellow amarelo amarela",
        "azul bege branco branca cinza dourado dourada laranja marrom prata preto preta rosa roxo roxa verde",
        "vermelho vermelha large medium small mini xl xxl big jumbo little long short wide narrow left right",
        "single double triple grande medio media pequeno pequena hardcover paperback kindle audiobook deluxe",
        "premium standard basic pro plus lite junior senior men women boys girls",
    )
    for fragment in line.split()
)
POINTING_WORDS = frozenset(
    "it its this that these those they them one ele ela isso isto este esta esse essa dele dela".split()
)


def fold(text: str) -> str:
    """Return the words of a text in lower case without accents, joined by single spaces."""
    plain = unaccented(text)
    return " ".join(_WORD.findall(_COMPOUND.sub(_join, plain)))


def unaccented(text: str) -> str:
    """Return a text in lower case without accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return plain if plain.isascii() else "".join(sign for sign in plain if not unicodedata.combining(sign))


def tokens(text: str) -> list[str]:
    """Cut a text into the tokens of the BM25 index.

    A compound gives its joined form and its parts; a short word beside a number is also
    joined to it, so that "WH 1000XM4", "WH-1000XM4" and "wh1000xm4" (or "12 oz" and "12oz") meet.
    """
    plain = unaccented(text)
    found = _WORD.findall(_COMPOUND.sub(_join, plain))
    parts = [part for compound in _COMPOUND.findall(plain) if _join_of(compound) for part in _INNER.split(compound)]
    return found + parts + joins(found)


def joins(found: list[str]) -> list[str]:
    """Return neighbours written as one word, where one is a number-like word and the other is short."""
    return [one + other for one, other in itertools.pairwise(found) if _belong_together(one, other)]


def title_part(folded_question: str) -> str:
    """Return a folded question without its frame words; the whole question where nothing else is left."""
    kept = [word for word in folded_question.split() if word not in FRAME_WORDS]
    return " ".join(kept) or folded_question


def quoted_part(question: str) -> str:
    """Return the longest part between double quotes that holds two words or more, else ""."""
    parts = [part for part in _QUOTED.findall(question) if len(part.split()) > 1]
    return max(parts, key=len, default="")


@lru_cache(1 << 16)
def is_model_number(word: str) -> bool:
    """Return whether a folded word looks like a part number: four characters or more, a digit among them.

    A year ("1999") and a measure ("64gb", "18inch") are none.
    """
    if len(word) < 4 or not _DIGIT.search(word):
        return False
    return not (word.isdigit() and len(word) == 4) and not _MEASURE.fullmatch(word) and "." not in word


def _join(match: re.Match[str]) -> str:
    compound = match.group()
    return _join_of(compound) or " ".join(_INNER.split(compound))


def _join_of(compound: str) -> str:
    """Return a compound as one word, or "" where all its parts are numbers ("2-8")."""
    parts = _INNER.split(compound)
    return "" if all(part.isdigit() for part in parts) else "".join(parts)


def _belong_together(one: str, other: str) -> bool:
    letters, number = (one, other) if other[0].isdigit() else (other, one)
    return letters.isalpha() and len(letters) <= LETTERS_BESIDE_A_NUMBER and number[0].isdigit()

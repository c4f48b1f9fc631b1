"""Questions about titles whose product is known: full, short, misspelt, translated, absent, twins.

Drawn from a catalogue's own titles by a seed, with frames and noise of their own: never those that the
shipped ranker was trained on.

    slices = slices_of(titles, limit=500, seed=0)
    slices["noisy question"][0]          # TitleQuery("hi, what is the weight of harow kettle", "Harrow Kettle, Red")
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.catalogue.store import Product
from index.text import FRAME_WORDS, VARIANT_WORDS, fold

DROPPED, MISSPELT = 0.25, 0.15  # shares of a noisy question's words
TYPOS = 0.35  # share of the words in a title with typos
MOST_TWINS = 4  # as many as may be offered
LETTERS = "abcdefghijklmnopqrstuvwxyz"
FRAMES = (
    "does the {} come with a charger?",
    "hi, what is the weight of {}?",
    "is {} any good for kids",
    "do you have the {} in stock?",
    "{} - is it dishwasher safe?",
    "I want to know if the {} works with a mac",
    "how much does {} weigh",
    "what colour is the {}",
)
PORTUGUESE_FRAMES = (
    "qual é o tamanho do {}?",
    "o {} vem com bateria?",
    "quanto pesa a {}?",
    "olá, {} é à prova d'água?",
    "vocês têm {} em estoque?",
    "queria saber se {} funciona com 220v",
)
# What a shopper would call it in the other language, word by word.
_GLOSSARY = {
    "black": "preto", "white": "branco", "red": "vermelho", "blue": "azul", "green": "verde", "yellow": "amarelo",
    "pink": "rosa", "silver": "prata", "gold": "dourado", "gray": "cinza", "grey": "cinza", "brown": "marrom",
    "small": "pequeno", "large": "grande", "kit": "kit", "set": "conjunto", "pack": "pacote", "case": "capa",
    "cover": "capa", "box": "caixa", "bag": "bolsa", "pen": "caneta", "pens": "canetas", "pencil": "lápis",
    "pencils": "lápis", "paper": "papel", "notebook": "caderno", "book": "livro", "game": "jogo", "puzzle":
    "quebra-cabeça", "toy": "brinquedo", "doll": "boneca", "car": "carro", "truck": "caminhão", "train": "trem",
    "house": "casa", "dog": "cachorro", "cat": "gato", "bear": "urso", "horse": "cavalo", "table": "mesa", "chair":
    "cadeira", "desk": "mesa", "lamp": "luminária", "light": "luz", "lights": "luzes", "battery": "bateria",
    "batteries": "pilhas", "charger": "carregador", "cable": "cabo", "wire": "fio", "phone": "telefone",
    "telephone": "telefone", "headphones": "fones de ouvido", "earphones": "fones de ouvido", "speaker":
    "caixa de som", "speakers": "caixas de som", "camera": "câmera", "printer": "impressora", "ink": "tinta",
    "cartridge": "cartucho", "keyboard": "teclado", "mouse": "mouse", "screen": "tela", "glass": "vidro",
    "steel": "aço", "stainless": "inoxidável", "wood": "madeira", "wooden": "de madeira", "plastic": "plástico",
    "metal": "metal", "rubber": "borracha", "leather": "couro", "cotton": "algodão", "water": "água", "bottle":
    "garrafa", "cup": "copo", "bowl": "tigela", "knife": "faca", "oven": "forno", "refrigerator": "geladeira",
    "washer": "lavadora", "dryer": "secadora", "vacuum": "aspirador", "fan": "ventilador", "filter": "filtro",
    "pump": "bomba", "drill": "furadeira", "saw": "serra", "screw": "parafuso", "screws": "parafusos", "tape": "fita",
    "glue": "cola", "brush": "escova", "gloves": "luvas", "mask": "máscara", "safety": "segurança", "tool":
    "ferramenta", "tools": "ferramentas", "hose": "mangueira", "wheel": "roda", "baby": "bebê", "kids": "infantil",
    "children": "crianças", "girls": "meninas", "boys": "meninos", "women": "mulheres", "men": "homens", "wall":
    "parede", "door": "porta", "window": "janela", "kitchen": "cozinha", "home": "casa", "office": "escritório",
    "wireless": "sem fio", "digital": "digital", "portable": "portátil", "electric": "elétrico", "remote":
    "remoto", "control": "controle", "with": "com", "and": "e", "for": "para", "of": "de", "in": "em",
}  # fmt: skip


@dataclass(frozen=True)
class TitleQuery:
    """A question, and the title that it means; "" where the catalogue has none."""

    question: str
    title: str


def slices_of(titles: Sequence[str], limit: int, seed: int) -> dict[str, list[TitleQuery]]:
    """Ask for up to `limit` titles in each of the ways; a way without a fit title is left out."""
    draw = random.Random(seed)  # noqa: S311 - a choice, not a secret
    sampled = draw.sample(list(titles), min(limit, len(titles)))
    phrasings: dict[str, Callable[[str], str]] = {
        "full title in a question": lambda title: draw.choice(FRAMES).format(title),
        "Portuguese frame": lambda title: draw.choice(PORTUGUESE_FRAMES).format(title),
        "noisy question": lambda title: noisy(title, draw),
        "few distinctive words": lambda title: few_words(title, draw),
        "typos": lambda title: with_typos(title, draw),
    }
    slices = {name: [TitleQuery(phrase(title), title) for title in sampled] for name, phrase in phrasings.items()}
    foreign = [(title, translated(title)) for title in draw.sample(list(titles), len(titles))]
    slices["translated name"] = [TitleQuery(text, title) for title, text in foreign if text][:limit]
    slices["twins"] = twins(titles, limit, draw)
    return {name: queries for name, queries in slices.items() if queries}


def halves(products: Sequence[Product]) -> tuple[list[Product], list[Product]]:
    """Part products into those that a catalogue is to hold and those that it lacks: no title is on both sides."""
    present = list(products[: len(products) // 2])
    known = {fold(product.title) for product in present}
    return present, [product for product in products[len(present) :] if fold(product.title) not in known]


def noisy(title: str, draw: random.Random) -> str:
    """Drop a quarter of the words, misspell some of the rest, put a question around them."""
    words = title.split()
    kept = [word for word in words if draw.random() > DROPPED] or words[:1]
    text = " ".join(misspelt(word, draw) if draw.random() < MISSPELT else word for word in kept)
    return draw.choice(FRAMES + PORTUGUESE_FRAMES).format(text)


def with_typos(title: str, draw: random.Random) -> str:
    """Misspell a third of the words, one at least where it is long enough."""
    words = title.split()
    long = [place for place, word in enumerate(words) if len(word) >= 4]
    hit = {place for place in long if draw.random() < TYPOS} or set(long[:1])
    return " ".join(misspelt(word, draw) if place in hit else word for place, word in enumerate(words))


def misspelt(word: str, draw: random.Random) -> str:
    """Leave out, swap, replace or add one letter of a word of four letters or more."""
    if len(word) < 4:
        return word
    at = draw.randrange(1, len(word) - 1)
    letter = draw.choice(LETTERS)
    return draw.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + letter + word[at + 1 :],
            word[:at] + letter + word[at:],
        )
    )


def few_words(title: str, draw: random.Random) -> str:
    """Return three to five of the longest words of a title, in its order."""
    words = [word for word in title.split() if len(word) > 2 and word.lower() not in FRAME_WORDS]
    longest = sorted(words, key=len, reverse=True)[: draw.randint(3, 5)]
    return " ".join(word for word in words if word in longest) or title


def translated(title: str) -> str:
    """Return a title in Portuguese where two of its words or more have a name there, "" elsewhere."""
    known = [word for word in re.findall(r"[a-z]+", title.lower()) if word in _GLOSSARY]
    if len([word for word in known if len(word) > 3]) < 2:
        return ""
    return re.sub(r"[A-Za-z]+", lambda found: _GLOSSARY.get(found.group().lower(), found.group()), title)


def twins(titles: Sequence[str], limit: int, draw: random.Random) -> list[TitleQuery]:
    """Ask for titles without the colour, size, edition or number that tells them from their two to four twins."""
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for title in titles:
        folded = fold(title)
        bare = " ".join(word for word in folded.split() if not _tells_twins_apart(word))
        if len(bare.split()) >= 3:
            groups[bare].setdefault(folded, title)
    fit = [(bare, list(each.values())) for bare, each in groups.items() if 2 <= len(each) <= MOST_TWINS]
    return [TitleQuery(bare, draw.choice(each)) for bare, each in draw.sample(fit, min(limit, len(fit)))]


def _tells_twins_apart(word: str) -> bool:
    return word in VARIANT_WORDS or any(sign.isdigit() for sign in word)

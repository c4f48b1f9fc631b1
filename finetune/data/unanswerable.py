"""Whether a text leaves something open: only then is "not stated" right.

Stricter than finding no fact: a text that merely speaks of weights, or of one word of what is asked
for, may tell in a way that no pattern reads, and is not taken.

    is_silent("weight", "", "A wooden stool.")      # True
"""

import re

from finetune.data.fact_patterns import COLOUR, COUNTRIES, LANGUAGES, LENGTH, MATERIAL, VOLUME, WEIGHT
from index.text import content_words

_SIZE = rf"size|dimension|measur|\d\s?-?{LENGTH}|\d ?[x×] ?\d|diameter|length|width|height|tall\b|tamanho|medida|mede\b"
_TELLING: dict[str, str] = {
    "age": r"\bages?\b|\baged\b|years?\b|months?\b|child|kid|toddler|bab(?:y|ies)|adult|anos\b|idade|criança",
    "players": r"player|people|persons?\b|jogador|pessoas|two|solo",
    "weight": rf"weigh|lightweight|heavy|\d\s?-?{WEIGHT}|pesa\b|peso\b",
    "size": _SIZE,
    "length": _SIZE,
    "capacity": rf"capacit|\bholds?\b|up to \d|\d\s?-?(?:{WEIGHT}|{VOLUME})|gb\b|sheets|accommodat|cabe",
    "duration": r"hours?\b|minutes?\b|hrs?\b|mins?\b|battery life|lasts?\b|horas|minutos",
    "pages": r"pages?\b|páginas|\bpp\b|leaves\b|sheets",
    "count": r"\d|two|three|four|five|six|pair|set of|pack",
    "pack": r"\d|two|three|four|five|six|pair|set of|pack|each|single|one\b",
    "material": rf"\b(?:{MATERIAL})|material|made (?:of|from)|fabric|feito",
    "colour": rf"\b(?:{COLOUR})\b|colou?r|\bcor\b|cores|tan\b|multi|clear",
    "washing": r"wash|clean|launder|lava|dry\b",
    "author": r"\bby\b|author|writ|wrote|novel|autor|escrit",
    "language": rf"{LANGUAGES}|languag|translat|bilingual|idioma",
    "format": r"hardcover|paperback|hardback|dvd|cd\b|book|audio|edition|binding|format",
    "origin": rf"made in|manufactur|import|{COUNTRIES}|origin|country|(?:german|italian|french|american|british)\b",
    "warranty": r"warrant|guarant|garanti|return|refund",
    "water": r"water|rain|wet\b|splash|moist|ipx?\d|weather|swim|submer|liquid|água|wash",
    "assembly": r"assembl|put together|set[- ]?up|install|montar|montagem|easy to build",
    "batteries included": r"batter|pilhas?|includ|comes with|supplied|inclu",
    "batteries": r"batter|pilhas?|power|electr|usb|charg|solar|plug|volt|cordless",
    "voltage": r"volt|\d ?v\b|\bac\b|\bdc\b|power",
    "wattage": r"watt|\d ?w\b|power",
    "power": r"batter|power|electr|usb|charg|solar|plug|volt|cord|manual",
    "wireless": r"bluetooth|wi-?fi|wireless|network|connect",
    "certified": r"\bul\b|nsf|fda|osha|ansi|\bce\b|certif|approv|listed|complian|standard",
}
# What is asked for by name is open where no word of the name stands anywhere.
NAMED = frozenset({"free", "property", "included", "not included", "compatibility", "use", "feature", "requirement"})
# A question for one of these is answered by a list that claims to be whole.
_AKIN = {"batteries included": "included", "feature": "included", "included": "feature"}

# A text that tells the first is often taken to tell the second; it does so only where one of these words stands.
CONFUSED: dict[str, tuple[str, str]] = {
    "batteries": ("batteries included", r"includ|comes|supplied|sold|with (?:\w+ )?batter|inclu|acompanha"),
    "weight": ("capacity", r"capacit|hold|up to|support|carr|max|load|capacidade|suporta"),
    "capacity": ("weight", r"weigh|lightweight|heavy|pesa|peso"),
    "power": ("batteries", r"\bAAA?\b|lithium|volt|\b[CD]\b|\d ?v\b|cell"),
    "age": ("players", r"player|people|person|two|three|four|jogador"),
    "washing": ("material", rf"\b(?:{MATERIAL})|made|fabric|material"),
    "count": ("size", _SIZE),
    "voltage": ("wattage", r"watt|\d ?w\b"),
    "warranty": ("origin", r"made|manufactur|import|country|USA"),
}


def is_confusing(attribute: str, text: str) -> str:
    """Return the attribute that a text with a fact of this one seems to tell and does not; "" where there is none."""
    asked, telling = CONFUSED.get(attribute, ("", ""))
    return "" if not asked or re.search(telling, text, re.I) else asked


def is_silent(attribute: str, thing: str, text: str) -> bool:
    """Return whether a text, title included, says nothing of an attribute, or of the thing where one is asked for."""
    if attribute in NAMED:
        words = content_words(thing)
        return bool(words) and not words & content_words(text)
    return not re.search(_TELLING[attribute], text, re.I)


def akin(attribute: str) -> tuple[str, ...]:
    """Return the attributes whose facts may answer a question about this one."""
    return (attribute, _AKIN[attribute]) if attribute in _AKIN else (attribute,)

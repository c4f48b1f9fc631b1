"""How descriptions state facts: the patterns, one table, in English and Portuguese.

A pattern's groups have fixed names: `value` is the words that state the fact, `n` and `m` its
numbers, `unit` their unit, `thing` what a question would name, `items` a list. A rule's `unless`
names the words in whose company the pattern means something else. Which facts come of them is
`finetune.data.facts`' part.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from finetune.data.tables import table

N = r"\d+(?:,\d{3})*(?:\.\d+)?(?:[- ]\d/\d{1,2}|\s?[¼½¾])?(?![\d/])|\d/\d{1,2}|[¼½¾]"
W = r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dois|duas|três|quatro|cinco|seis"
LENGTH = (
    r"(?:inch(?:es)?\b|in\b\.?(?! the| a\b| an\b| one\b)|[\"”″]|''|cm\b|mm\b|meters?\b|metres?\b|metros?\b|centímetros?\b"
    r"|feet\b|foot\b|ft\b\.?|yards?\b|yds?\b\.?|centimet(?:er|re)s?\b|millimet(?:er|re)s?\b)"
)
WEIGHT = r"(?:kilograms?\b|kilos?\b|kgs?\b|grams?\b|gramas?\b|quilos?\b|g\b|lbs?\b\.?|pounds?\b|ounces?\b|oz\b\.?)"
VOLUME = r"(?:fl\.? ?oz\b\.?|ounces?\b|oz\b\.?|ml\b|lit(?:er|re)s?\b|litros?\b|gallons?\b|quarts?\b|cups?\b|pints?\b)"
SIDE = r"(?:\s?-?\s?(?:[LWHD]\b|long\b|wide\b|high\b|tall\b|deep\b|thick\b|length\b|width\b|height\b|depth\b))?"
ABOUT = r"(?:(?:about|only|just|approximately|approx\.?|around|a mere|cerca de|aproximadamente)\s+)?"
COLOUR = (
    r"(?:black|white|red|blue|green|yellow|orange|purple|violet|pink|brown|gr[ae]y|silver|gold|beige|navy|teal|ivory|clear|olive|tan|cream|charcoal|burgundy|khaki|turquoise|maroon|multicolou?r(?:ed)?"
    r"|preto|branco|vermelho|azul|verde|amarelo|roxo|rosa|marrom|cinza)"
)
# Materials by family: one denies another only across families.
MATERIALS: dict[str, str] = {
    "metal": r"stainless steel|carbon steel|alloy steel|hardened steel|steel|alumini?um|brass|copper|cast iron|wrought iron|iron"
    r"|titanium|zinc|metal|chrome|aço inoxidável|aço|alumínio",
    "plastic": r"abs plastic|plastic|abs|pvc|vinyl|polypropylene|polyethylene|polycarbonate|polystyrene|acrylic|plástico",
    "wood": r"solid wood|wood|hardwood|oak|pine|birch|beech|bamboo|plywood|mdf|madeira|pinho|carvalho",
    "glass": r"borosilicate glass|tempered glass|glass|vidro",
    "paper": r"recycled paper|paper|cardboard|cardstock|papel|papelão",
    "textile": r"100% cotton|organic cotton|cotton|merino wool|wool|polyester|nylon|fleece|felt|canvas|linen|silk|velvet|plush|denim"
    r"|algodão|lã|linho",
    "leather": r"genuine leather|leather|suede|couro",
    "rubber": r"natural rubber|rubber|silicone|latex|nitrile|neoprene|borracha",
    "ceramic": r"ceramic|porcelain|stoneware|cerâmica|porcelana",
}
MATERIAL = "|".join(MATERIALS.values())
COUNTRIES = (
    r"(?:the )?(?:USA|U\.S\.A\.?|United States(?: of America)?|US\b|America|China|Germany|Japan|Italy|France|England|Taiwan|India"
    r"|Canada|Mexico|Korea|UK|United Kingdom|Spain|Switzerland|Sweden|Brasil|Brazil|Portugal|Vietnam|Thailand|Turkey)"
)
LANGUAGES = r"English|Spanish|French|German|Portuguese|Italian|Japanese|Chinese|Dutch|Russian|inglês|português|espanhol"
PERSON = r"[A-ZÀ-Ý](?:[\w'’]|\.|-(?=[A-Z]))+(?: (?:[A-ZÀ-Ý](?:[\w'’]|\.(?! [A-Z][a-z]+ed)|-(?=[A-Z]))*|de|van|von|da|dos)){1,3}(?<![.,])"
BATTERY = r"(?:AAAA?|AA|[CD]|CR\d{4}|LR\d{2,4}|AG\d{2}|9[- ]?V(?:olt)?|button cell|lithium(?:[- ]ion)?|li-ion|alkaline|coin cell)"
PROPERTY = (
    r"adjustable|removable|detachable|foldable|collapsible|stackable|reusable|refillable|portable|rechargeable|magnetic"
    r"|self[- ]adhesive|reversible|recyclable|non[- ]slip|washable|acid[- ]free|fire[- ]retardant|heat[- ]resistant|flame[- ]resistant"
    r"|scratch[- ]resistant|stain[- ]resistant|tear[- ]resistant|rust[- ]?(?:proof|resistant)|autoclavable|sterile|disposable|biodegradable"
    r"|retractable|expandable|waterproof|water[- ]resistant|water[- ]repellent|weather[- ]?(?:proof|resistant)|shatter[- ]?(?:proof|resistant)"
    r"|non[- ]toxic|hypoallergenic|odorless|unscented|washable|dustproof|lockable|dimmable|submersible|ambidextrous|ergonomic"
)
NOT_THIS = r"\b(?:not|non|never|isn't|without|no)[ -]"


@dataclass(frozen=True)
class Rule:
    """One way to state an attribute; `value` stands for the words where those differ from case to case."""

    attribute: str
    pattern: str
    polarity: bool = True
    unless: str = ""
    value: str = ""
    phrase: bool = False  # `thing` runs on: its noun phrase is taken
    closed: bool = False  # what is stated is all there is
    opened: bool = False  # of a number: "or more"
    case: bool = False  # capitals count in the pattern

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Yield where a text states the attribute; nothing where the pattern means something else there."""
        if not self.unless or not self._unless.search(text):
            yield from self._pattern.finditer(text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.pattern, 0 if self.case else re.I)

    @cached_property
    def _unless(self) -> re.Pattern[str]:
        return re.compile(self.unless, re.I)


_YEARS = r"(?P<unit>years?|yrs?|months?|mos?|anos?|meses)"
_UP = r"(?:\+|(?:\s?(?:and|&|or|e|ou)\s(?:up|older|above|over|upwards?|acima|mais)))"
_LIST = r"(?P<items>[^.:!?|•]{3,160})"

_PIECES = {
    "ABOUT": ABOUT, "BATTERY": BATTERY, "COLOUR": COLOUR, "COUNTRIES": COUNTRIES, "LANGUAGES": LANGUAGES,
    "LENGTH": LENGTH, "LIST": _LIST, "MATERIAL": MATERIAL, "N": N, "NOT_THIS": NOT_THIS, "PERSON": PERSON,
    "PROPERTY": PROPERTY, "SIDE": SIDE, "UP": _UP, "VOLUME": VOLUME, "W": W, "WEIGHT": WEIGHT, "YEARS": _YEARS,
}  # fmt: skip


def _whole(pattern: str) -> str:
    """Return a pattern of the table with the pieces above in it."""
    return re.sub(r"{([A-Z_]+)}", lambda name: _PIECES[name[1]], pattern)


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(**row | {name: _whole(value) for name, value in row.items() if isinstance(value, str)})


RULES = tuple(map(_rule, table("fact_patterns")["rules"]))

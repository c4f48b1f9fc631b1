"""The assistant's own sentences, in English and Portuguese, and which of the two a question is in.

phrase("not_stated", "en", title="Oak stool")   # 'The description of "Oak stool" does not say.'
"""

import re
from typing import Literal

Language = Literal["en", "pt"]

PHRASES: dict[str, dict[Language, str]] = {
    "not_stated": {
        "en": 'The description of "{title}" does not say.',
        "pt": 'A descrição de "{title}" não diz.',
    },
    "no_description": {
        "en": 'No description is known for "{title}".',
        "pt": 'Não há descrição conhecida para "{title}".',
    },
    "compare": {
        "en": "I tell about one product at a time. Which one first?",
        "pt": "Falo de um produto de cada vez. Qual primeiro?",
    },
    "clarify": {"en": "Which one do you mean?", "pt": "Qual deles você quer dizer?"},
    "not_found": {
        "en": "I do not know which product you mean. The nearest titles are:",
        "pt": "Não sei de qual produto você fala. Os títulos mais próximos são:",
    },
    "no_product": {
        "en": "Which product is it about? Please name its title, as far as you remember it.",
        "pt": "De qual produto se trata? Diga o título, até onde você lembra.",
    },
    "yes": {"en": "Yes.", "pt": "Sim."},
    "no": {"en": "No.", "pt": "Não."},
    "quoted": {"en": 'The description says: "{text}"', "pt": 'A descrição diz: "{text}"'},
}

# "E002" and "e-bike" hold no Portuguese "e".
_WORD = re.compile(r"(?<![\w-])[a-zà-ÿ]+(?![\w-])")
_PORTUGUESE = frozenset(
    """
    à às acompanha ao aos as com como cor da das de do dos e ela ele em essa esse esta este eu é feito foi há
    isso isto já meu na nas nos não o os ou para pela pelo pilhas por posso qual quais quando quanto quantas
    quantos que quem se sem ser pode serve seu sobre são também tem tamanho têm um uma vai você vem peso pesa
    bateria fones
    """.split()
)
_ENGLISH = frozenset(
    """
    a about an and any are as at be been by can come comes could did do does for from has have how i if in is
    it its made many much my of on or so that the this to was what when where which who why will with would
    you heavy
    """.split()
)


def language_of(text: str) -> Language:
    """Say which of the two languages a question is in; English where nothing tells."""
    words = _WORD.findall(text.casefold())
    portuguese = sum(word in _PORTUGUESE for word in words)
    english = sum(word in _ENGLISH for word in words)
    return "pt" if portuguese > english else "en"


def phrase(name: str, language: Language, **values: str) -> str:
    """Give one of the assistant's sentences, its places filled in."""
    return PHRASES[name][language].format(**values)

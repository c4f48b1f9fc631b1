"""The values of a question in Portuguese, where the passages are in English.

Numbers, units, ages, materials, colours and countries have their words here. What has none is asked
in English instead: from a question half in each language nothing is learnt.

    in_portuguese("material", "is", {"v": "glass"}, "en")      # {"v": "vidro"}
"""

import re

from assistant.phrases import Language
from finetune.data.tables import table

# Asked without a value, or with one that is the same in both languages.
_NEUTRAL = frozenset(
    {"author", "warranty", "water", "assembly", "batteries included", "batteries", "players", "pages", "pack"}
)
_TRANSLATED = frozenset({"material", "colour", "origin", "property", "free", "use", "wireless"})
_MEASURED = frozenset({"weight", "size", "capacity", "voltage"})


def in_portuguese(attribute: str, form: str, values: dict[str, str], passages: Language) -> dict[str, str] | None:
    """Return a question's values in Portuguese, None where they have no Portuguese words."""
    if passages == "pt" or (
        form == "open" and attribute in _NEUTRAL | _TRANSLATED | _MEASURED | {"age", "included", "compatibility"}
    ):
        return values
    if attribute == "age":
        months = re.sub(r"(?<!\d)(\d+) month old", r"\1 meses", values.get("v", ""))
        return {"v": re.sub(r"(?<!\d)(\d+) year old", r"\1 anos", months)}
    if attribute in _NEUTRAL:
        return values
    if attribute in _TRANSLATED:
        name = "v" if attribute in ("material", "colour", "origin") else "thing"
        word = table("portuguese").get(values.get(name, "").casefold())
        return {**values, name: word} if word else None
    if attribute in _MEASURED:
        measure = re.fullmatch(r"([\d.,x×/ -]+?)\s?([A-Za-z]*)", values.get("v", ""))
        unit = table("portuguese").get(measure.group(2), "") if measure else ""
        return {**values, "v": f"{measure.group(1)} {unit}"} if measure and unit else None
    if attribute == "compatibility" and re.match(r"[A-Z]", values.get("thing", "")):
        return values
    return None

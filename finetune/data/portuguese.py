"""The values of a question in Portuguese, where the passages are in English.

Numbers, units, ages, materials, colours and countries have their words here. What has none is asked
in English instead: from a question half in each language nothing is learnt.

    in_portuguese("material", "is", {"v": "glass"}, "en")      # {"v": "vidro"}
"""

import re

from assistant.phrases import Language

_TABLE = (
    "inches=polegadas|feet=pés|pounds=libras|ounces=onças|grams=gramas|yards=jardas|hours=horas|minutes=minutos|"
    "liters=litros|liter=litros|gallons=galões|sheets=folhas|stainless steel=aço inoxidável|steel=aço|"
    "aluminum=alumínio|aluminium=alumínio|metal=metal|brass=latão|copper=cobre|plastic=plástico|"
    "abs plastic=plástico abs|vinyl=vinil|wood=madeira|solid wood=madeira maciça|bamboo=bambu|glass=vidro|"
    "paper=papel|cardboard=papelão|recycled paper=papel reciclado|cotton=algodão|wool=lã|polyester=poliéster|"
    "nylon=náilon|felt=feltro|leather=couro|real leather=couro legítimo|genuine leather=couro legítimo|"
    "rubber=borracha|silicone=silicone|latex=látex|ceramic=cerâmica|porcelain=porcelana|acrylic=acrílico|"
    "black=preto|white=branco|red=vermelho|blue=azul|green=verde|yellow=amarelo|orange=laranja|purple=roxo|"
    "pink=rosa|brown=marrom|silver=prata|gold=dourado|usa=EUA|the usa=EUA|the united states=EUA|china=China|"
    "germany=Alemanha|japan=Japão|italy=Itália|taiwan=Taiwan|india=Índia|england=Inglaterra|mexico=México|"
    "canada=Canadá|waterproof=impermeável|portable=portátil|adjustable=ajustável|washable=lavável|"
    "removable=removível|reusable=reutilizável|magnetic=magnético|rechargeable=recarregável|foldable=dobrável|"
    "disposable=descartável|recyclable=reciclável|sterile=estéril|non-toxic=atóxico|ergonomic=ergonômico|bpa=bpa|"
    "lead=chumbo|pvc=pvc|alcohol=álcool|gluten=glúten|acid=ácido|volts=volts|watts=watts|cm=cm|mm=mm|kg=kg|ml=ml|"
    "outdoors=ao ar livre|indoors=dentro de casa|outside=fora de casa|bluetooth=bluetooth|wi-fi=wi-fi|wifi=wifi"
)
_WORDS = dict(entry.split("=") for entry in _TABLE.split("|"))
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
        return {
            "v": re.sub(r"(\d+) year old", r"\1 anos", re.sub(r"(\d+) month old", r"\1 meses", values.get("v", "")))
        }
    if attribute in _NEUTRAL:
        return values
    if attribute in _TRANSLATED:
        name = "v" if attribute in ("material", "colour", "origin") else "thing"
        word = _WORDS.get(values.get(name, "").casefold())
        return {**values, name: word} if word else None
    if attribute in _MEASURED:
        measure = re.fullmatch(r"([\d.,x×/ -]+?)\s?([A-Za-z]*)", values.get("v", ""))
        unit = _WORDS.get(measure.group(2), "") if measure else ""
        return {**values, "v": f"{measure.group(1)} {unit}"} if measure and unit else None
    if attribute == "compatibility" and re.match(r"[A-Z]", values.get("thing", "")):
        return values
    return None

"""What shoppers ask about, in the words of questions and in the words of descriptions.

A question says "how heavy", the description "1.2 kg": no word is shared. Each
attribute here pairs the patterns of its question, in English and Portuguese,
with the patterns of text that can answer it. A passage that carries an asked
attribute bears on the question even where their words differ.

    asked_about("how heavy is it?")            # {"weight": "heavy"}
    carries("Weighs just 1.2 kg.", "weight")   # True
"""

import re
import unicodedata
from dataclasses import dataclass

_NUMBER = (
    r"(?:\d+(?:[.,/]\d+)*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|um|uma|dois|duas|três|quatro|cinco)"
)
_LENGTH_UNIT = r"(?:mm|cm|m|km|in|ft|yd|inch(?:es)?|foot|feet|yards?|met(?:er|re)s?|centimet(?:er|re)s?|metros?|centímetros?|polegadas?|\"|”|′|″)"
_COLOUR = (
    r"(?:black|white|red|blue|green|yellow|orange|purple|violet|pink|brown|gr[ae]y|silver|gold|beige|navy|teal|turquoise"
    r"|cream|ivory|charcoal|burgundy|copper|bronze|clear|transparent|preto|branco|vermelho|azul|verde|amarelo|laranja|roxo"
    r"|rosa|marrom|cinza|prata|dourado|preta|branca|vermelha)"
)
_MATERIAL = (
    r"(?:cotton|wool|linen|silk|polyester|nylon|leather|suede|canvas|denim|fleece|acrylic|plastic|abs|pvc|vinyl|silicone"
    r"|rubber|latex|foam|glass|ceramic|porcelain|stoneware|bamboo|wood(?:en)?|oak|pine|beech|walnut|maple|plywood|metal"
    r"|steel|stainless|alumin(?:i)?um|brass|copper|iron|titanium|zinc|paper|cardboard|felt|resin|woven|jute|merino|cashmere|velvet|rattan|marble|stone|granite"
    r"|algodão|lã|linho|couro|plástico|borracha|vidro|cerâmica|madeira|metal|aço|alumínio|silicone|papel)"
)


@dataclass(frozen=True)
class Attribute:
    """An attribute of products: how it is asked about and how it is stated."""

    name: str
    asked: re.Pattern[str]
    stated: re.Pattern[str]


def _plain(text: str) -> str:
    """Take the accents off, in patterns as in texts: shoppers leave them out."""
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


def _attribute(name: str, asked: str, stated: str) -> Attribute:
    return Attribute(
        name, re.compile(rf"\b(?:{_plain(asked)})", re.I), re.compile(rf"(?<!\w)(?:{_plain(stated)})", re.I)
    )


ATTRIBUTES = (
    _attribute(
        "weight",
        r"heavy|light(?:er|weight)\b|weigh|weight|pesad[oa]|pesa\b|peso\b|quantos (?:quilos|gramas)",
        rf"weigh|lightweight|heavy|pesa\b|peso\b|{_NUMBER}[- ]?(?:kg|g|mg|lbs?|oz|pounds?|ounces?|grams?|kilos?|quilos?|gramas?)\b",
    ),
    _attribute(
        "size",
        r"how (?:big|large|long|tall|wide|deep|high|thick)\b|size|dimension|measure|length|width|height|depth|diameter|thickness"
        r"|small\b|big\b|large\b|tamanho|medidas?|mede\b|comprimento|largura|altura|diâmetro|dimens",
        rf"measur|dimension|diameter|sizes?\b|mede\b|medidas?|tamanhos?|{_NUMBER}[- ]?{_LENGTH_UNIT}(?!\w)|\d+ ?[x×] ?\d+",
    ),
    _attribute(
        "capacity",
        r"capacity|how much (?:does|will|can|water|liquid).*\bhold|hold\b|volume\b|lit(?:er|re)s?\b|how many (?:cups|ounces|gallons)"
        r"|capacidade|quantos litros|cabe\b|cabem\b",
        rf"capacity|holds?\b|capacidade|{_NUMBER}[- ]?(?:ml|cl|l|gb|tb|mb|fl\.? ?oz|lit(?:er|re)s?|cups?|quarts?|qt|gallons?|litros?)\b",
    ),
    _attribute(
        "age",
        r"how old|what ages?\b|age\b|ages\b|old enough|years? old|year[- ]olds?|month[- ]olds?|toddler|kids?\b|child|adults?\b|bab(?:y|ies)\b"
        r"|idades?\b|anos\b|crianças?",
        rf"ages?\b|aged\b|{_NUMBER}\+? ?(?:-|–|to|a)? ?\d* ?(?:years?|months?|anos|meses)|children|toddler|adults?\b|idades?\b|crianças?",
    ),
    _attribute(
        "players",
        r"how many (?:players|people|persons|can play)|players?\b|quantos jogadores|jogadores|quantas pessoas",
        rf"players?\b|jogadores|{_NUMBER}[- ]?(?:person|people|pessoas)",
    ),
    _attribute(
        "colour", rf"colou?rs?\b|cores\b|cor\b|is it {_COLOUR}\b|{_COLOUR}\?", rf"colou?r|cor\b|cores\b|{_COLOUR}(?!\w)"
    ),
    _attribute(
        "material",
        rf"material|made (?:of|from|out)|fabric|leather\b|plastic\b|metal\b|wood(?:en)?\b|cotton\b|glass\b|feit[oa] de|tecido|{_MATERIAL}\?",
        rf"made (?:of|from|with)|material|fabric|feit[oa]s? (?:de|em)|{_MATERIAL}(?!\w)",
    ),
    _attribute(
        "author",
        r"who (?:wrote|is the author|writes)|author|written by|illustrat|quem (?:escreveu|é o autor)|autora?\b",
        r"(?:co-?)?author|writing as|written by|writes|wrote|illustrat|novelist|memoir|escrit[oa] por|autora?\b|by (?-i:[A-ZÀ-Ý])",
    ),
    _attribute(
        "pages",
        r"pages?\b|how long is (?:the|this) book|páginas",
        rf"{_NUMBER}[- ]?(?:pages?|pp|páginas)\b|pages\b|páginas\b",
    ),
    _attribute(
        "language",
        r"languages?\b|in (?:english|spanish|french|german|portuguese)\b|idioma|língua|em (?:português|inglês|espanhol)",
        r"english|spanish|french|german|portuguese|italian|bilingual|translat|languages?\b|português|inglês|espanhol|idioma",
    ),
    _attribute(
        "power",
        r"batter(?:y|ies)|power(?:ed)?\b|volts?\b|voltage|watts?\b|wattage|plug\b|charg(?:e|es|er|ing)\b|rechargeable|electric|usb\b|cordless"
        r"|bateria|pilhas?|voltagem|potência|carrega|recarreg",
        rf"batter(?:y|ies)|rechargeabl|charg(?:e|es|er|ing)\b|usb\b|mains|cordless|plug|{_NUMBER}[- ]?(?:v|w|mah|wh|volts?|watts?|hz|amps?)\b"
        r"|aaa?\b|power|bateria|pilhas?|recarreg|bivolt|potência",
    ),
    _attribute(
        "duration",
        r"how (?:long|many hours) (?:does|do|will|can|is).*\b(?:last|charge|run|play|battery|stay|take)|battery life|hours?\b|minutes?\b"
        r"|quanto tempo|quantas horas|dura\b|duração|autonomia",
        rf"{_NUMBER}[- ]?(?:hours?|hrs?|h|minutes?|mins?|days?|weeks?|horas?|minutos?|dias)\b|battery life|autonomia",
    ),
    _attribute(
        "included",
        r"includ|come(?:s)? with|in the box|what'?s in\b|what is in\b|accessor|contents?\b|supplied|inclu|acompanha|vem com|na caixa",
        r"includ|comes? with|in the box|supplied|contains|accessor|set of|kit\b|inclu|acompanha|vem com|na caixa|complete with|plus\b",
    ),
    _attribute(
        "count",
        r"how many\b|number of|count\b|quantity|per (?:pack|box|set)|quant[oa]s\b",
        rf"{_NUMBER}[- ]?(?:pcs?|pieces?|pack|count|ct|sets?|pairs?|sheets?|cards?|peças|unidades|folhas)\b|(?:pack|set|box|case) of {_NUMBER}|{_NUMBER} \w+s\b",
    ),
    _attribute(
        "compatibility",
        r"compatib|work(?:s)? (?:with|on|in|for)|fit(?:s)?\b|suitable|use (?:it|this|them)? ?(?:with|on|in|for)|support|compatível|funciona (?:com|em)|serve\b",
        r"compatib|works? (?:with|on|in)|fits?\b|suitable|supports?\b|designed for|for use|compatível|funciona (?:com|em)|serve\b|bluetooth|ios\b|android|windows|mac\b",
    ),
    _attribute(
        "washing",
        r"(?:machine[- ])?wash|clean\b|dry(?:er|[- ]clean)?\b|care\b|iron\b|lav(?:ar|avel|a\b)|limp|passar a ferro",
        r"(?:hand[- ]|machine[- ])?wash|clean|wipe|iron\b|tumble|rinse|lav(?:ar|avel|e\b)|limp|degrees\b",
    ),
    _attribute("dishwasher", r"dishwasher|lava[- ]loucas", r"dishwasher|lava[- ]loucas"),
    _attribute(
        "heat",
        r"oven|microwav|hob\b|stove|forno|micro[- ]?ondas|fogao",
        r"oven|microwav|hob\b|stove|forno|micro[- ]?ondas|fogao",
    ),
    _attribute("warranty", r"warrant|guarantee|garantia", r"warrant|guarantee|garantia"),
    _attribute(
        "water",
        r"water[- ]?(?:proof|resistant)|rain\b|swim|shower|wet\b|splash|ipx?\d|à prova d|resistente à água|chuva",
        r"water|rain|splash|ipx?\d|wet\b|swim|shower|à prova d|água|chuva|hydrostatic",
    ),
    _attribute(
        "origin",
        r"where (?:is|are|was|were).*\bmade|made in\b|country|manufactur|origin|onde é feit|fabricad|feito no|origem",
        r"made in\b|manufactured in|imported|origin|fabricad|feito n[oa]|product of|handmade in",
    ),
    _attribute(
        "wireless",
        r"bluetooth|wi-?fi\b|wireless|cordless|sem fio",
        r"bluetooth|wi-?fi\b|wireless|wired|2\.4 ?ghz|sem fio|cordless",
    ),
)
_BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}


def asked_about(question: str) -> dict[str, str]:
    """Return the attributes that the question asks about, each with the words that ask: {"weight": "how heavy"}."""
    plain = _plain(question)
    found = ((attribute.name, attribute.asked.search(plain)) for attribute in ATTRIBUTES)
    return {name: match.group() for name, match in found if match}


def carries(text: str, name: str) -> bool:
    """Return whether a text states something about the attribute called `name`."""
    return _BY_NAME[name].stated.search(_plain(text)) is not None

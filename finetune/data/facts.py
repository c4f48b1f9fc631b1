"""Facts in descriptions, each with its exact place: what a question can be asked about.

Finds by pattern, passage by passage: ages, sizes, weights, counts, materials, what is included and
what is not, what it works with, and so on. A fact that is missed costs nothing; from a wrong one
a wrong answer is learnt. So patterns are narrow, and whole passages are left alone where a word tells
that the number is about something else. Nothing is inferred across passages.

    for fact in facts_in(product.content):
        fact.attribute, fact.value      # "weight", "1.3 kg"; content[fact.start:fact.end] == fact.text
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.passages import Passage, split
from finetune.data.fact_patterns import LENGTH, RULES, Rule

MONTHS_A_YEAR = 12
MOST_ITEMS = 12  # of a list; longer ones are specifications run together
LONGEST_ITEM = 5  # words
_NOUNS_IN_ING = frozenset(
    "ring string spring ceiling lighting packaging coating lining clothing wiring opening carpeting flooring".split()
)

NUMBER_WORDS = {
    word: number
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "zero um dois três quatro cinco seis sete oito nove dez onze doze",
    )
    for number, word in enumerate(words.split())
} | {"uma": 1, "duas": 2, "a": 1, "an": 1, "dozen": 12, "twenty": 20, "thirty": 30}

_ITEM_END = re.compile(r"\s{0,9}(?:,|;|/|\s-\s|\band\b|\bor\b|&|\bplus\b|\be\b|\+)\s*", re.I)
_ITEM_START = re.compile(
    r"^(?:\W*(?:\(?\d+\)?\s*(?:x\b|pcs?\b)?|one|two|three|four|five|six|an?|the|its own|your|all|um|uma"
    r"|(?:pairs?|sets?|packs?) of)"
    r"(?![\w-])\W*)+",
    re.I,
)
_PHRASE_END = re.compile(
    r"\b(?:that|which|who|whose|when|where|while|so|because|if|is|are|was|were|can|will|to|for|from|of|in"
    r"|on|at|by|with|into"
    r"|and|or|but|as|than|the|this|these|your|you|it|its|make|makes|made|allow\w*|provid\w*|ensur\w*"
    r"|designed|helps?|keeps?|gives?)\b",
    re.I,
)
_VAGUE = re.compile(
    r"^(?:such|easier|better|best|more|most|any|all|every|many|various|several|different|other|variety"
    r"|wide|great|good|new|both"
    r"|multiple|hours|years|lots?|plenty|number|choice|no|not|only|just|use|those|each|everyone|anyone|sure"
    r"|inside|outside|overhead|areas?|direct|contact|place|stock|front|back)\b|\b(?:applications?|situations?"
    r"|needs|uses|ways?|look|feel|touch|variety|range|years?|way|things?|people|everyone|hours|fun|experience)$",
    re.I,
)
_RANGE_BEFORE = re.compile(r"\d\s?(?:-|–|to|or|~|/|and|±)\s?$", re.I)
_RANGE_AFTER = re.compile(r"^[\"”]?\s?(?:-|–|to|or|~|/|and)\s?\d", re.I)
_SINGLE_NUMBERS = frozenset(
    {"weight", "size", "capacity", "duration", "pages", "count", "voltage", "wattage", "warranty"}
)
_WITHIN = re.compile(r"\s{0,9}[\w(]")  # what follows a list that was cut short
_ANY = re.compile(
    r"\b(?:most|all|any|every|many|more|other|others|etc|such as|including|like|various|universal|standard"
    r"|variety|range)\b",
    re.I,
)


@dataclass(frozen=True)
class Fact:
    """What a passage states: `content[start:end] == text`, in characters of the whole content.

    `polarity` is False where the text denies it. `numbers` are its amounts in `unit`; of ages the bounds in
    months, of players the bounds, the upper one infinite where it is open. `thing` is what the number counts or
    the phrase that a question names; `items` are the parts of a list. `closed` says that the text tells all there
    is, so that what it leaves out is denied.
    """

    attribute: str
    value: str
    text: str
    start: int
    end: int
    polarity: bool
    passage: Passage
    numbers: tuple[float, ...] = ()
    unit: str = ""
    thing: str = ""
    items: tuple[str, ...] = ()
    closed: bool = False


def facts_in(content: str) -> list[Fact]:
    """Return the facts of a content in the order of the text."""
    return [fact for passage in split(content) for fact in facts_of(passage)]


def facts_of(passage: Passage) -> list[Fact]:
    """Return the facts of one passage; where two overlap in one attribute, the first rule's is kept."""
    kept: list[Fact] = []
    for rule in RULES:
        for fact in _found(rule, passage):
            if not any(fact.attribute == other.attribute and _overlap(fact, other) for other in kept):
                kept.append(fact)
    return sorted(kept, key=lambda fact: (fact.start, fact.end, fact.attribute))


def number_of(text: str) -> float:
    """Read "1,200", "7 1/2", "3-1/4", "¾" or "two"; raises `ValueError` for anything else."""
    plain = text.strip().casefold().replace("¼", " 1/4").replace("½", " 1/2").replace("¾", " 3/4")
    if plain in NUMBER_WORDS:
        return float(NUMBER_WORDS[plain])
    total = 0.0
    for part in re.split(r"[\s-]+", re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain).strip()):
        top, _, bottom = part.replace(",", ".").partition("/")
        if bottom and float(bottom) == 0:
            raise ValueError(f"no number: {text!r}")
        total += float(top) / float(bottom or 1)
    return total


def _found(rule: Rule, passage: Passage) -> Iterator[Fact]:
    for match in rule.matches(passage.text):
        groups = match.groupdict()
        name = "value" if groups.get("value") else "items" if groups.get("items") else "thing"
        start, end = match.span(name) if groups.get(name) else match.span()
        thing = groups.get("thing") or ""
        items: tuple[str, ...] = ()
        if rule.phrase:
            thing = _phrase(groups["thing"])
            end = start + len(thing) if name == "thing" else end
            if not thing:
                continue
        if groups.get("items"):
            items, length = _items(groups["items"])
            end = start + length
            if not items:
                continue
        text = passage.text[start:end].rstrip(" .,;:")
        try:
            numbers = _numbers(rule, groups)
        except ValueError:
            continue
        if rule.attribute in _SINGLE_NUMBERS and numbers and _is_range(passage.text, start, end):
            continue
        if rule.attribute == "size" and not re.search(rf"{LENGTH}|\d ?[LWHD]\b", text, re.I):
            continue
        first = passage.start + start
        yield Fact(
            rule.attribute,
            rule.value or " ".join(text.casefold().split()),
            text,
            first,
            first + len(text),
            rule.polarity,
            passage,
            numbers,
            (groups.get("unit") or "").casefold().rstrip("."),
            " ".join(thing.casefold().split()) if rule.attribute not in ("author", "origin") else thing,
            items,
            rule.closed and not _ANY.search(text) and not (items and _WITHIN.match(passage.text, end)),
        )


def _is_range(text: str, start: int, end: int) -> bool:
    """Return whether a number is one end of a range, or one of several: "12-14 minutes" is not 14."""
    return bool(_RANGE_BEFORE.search(text, 0, start) or _RANGE_AFTER.match(text[end : end + 12]))


def _numbers(rule: Rule, groups: dict[str, str | None]) -> tuple[float, ...]:
    least, most = groups.get("n"), groups.get("m")
    if not least:
        return ()
    low = number_of(least)
    high = number_of(most) if most else float("inf") if rule.attribute in ("age", "players") else low
    if rule.attribute == "players" and not most and not rule.opened:
        high = low
    if rule.attribute == "age":
        unit, first_unit = (groups.get("unit") or "years").casefold(), groups.get("unit_of_first")
        first = (first_unit or unit).casefold()
        low *= 1 if first.startswith(("m", "mês")) else MONTHS_A_YEAR
        high *= 1 if unit.startswith(("m", "mês")) else MONTHS_A_YEAR
        if low > high or low > 99 * MONTHS_A_YEAR:
            raise ValueError("no range of ages")
        return low, high
    if rule.attribute == "players" and low > high:
        raise ValueError("no range of players")
    return (low, high) if most or rule.attribute == "players" else (low,)


def _phrase(rest: str) -> str:
    """Return the noun phrase a text begins with, "" where there is none of two to four words, or one long one."""
    end = _PHRASE_END.search(rest)
    phrase = (rest[: end.start()] if end else rest).rstrip(" -")
    words = phrase.split()
    if words and re.search(r"\w{3}(?:ing|ed)$", words[-1]) and words[-1].lower() not in _NOUNS_IN_ING:
        words = words[:-1]
        phrase = rest[: rest.find(words[-1]) + len(words[-1])] if words else ""
    if not words or _VAGUE.search(phrase) or (end and len(words) == 1 and end.group().lower() in ("and", "or")):
        return ""
    if not 1 <= len(words) <= LONGEST_ITEM - 1 or not re.fullmatch(r"[A-Za-zÀ-ÿ'’-]{3,}", words[-1]):
        return ""
    return phrase if len(words) > 1 or len(phrase) > 4 else ""


def _items(text: str) -> tuple[tuple[str, ...], int]:
    """Cut a list into its items without their articles and numbers, and return the length of text that they take."""
    end = re.search(
        r"[.:!?|•()*>]|\s(?:that|which|so|for|to|from|when|if|is|are|of which|making|allowing|perfect)\s", text
    )
    part = text[: end.start()] if end else text
    items = []
    for piece in _ITEM_END.split(part):
        item = _ITEM_START.sub("", piece).strip(" -*'\"")
        if not item or _ANY.search(item):
            continue
        words = item.split()
        if any(word.endswith("ly") and word.islower() for word in words):
            return (), 0
        if len(words) > LONGEST_ITEM or not re.search(r"[A-Za-zÀ-ÿ]{3}", item) or _PHRASE_END.match(item):
            return (), 0
        items.append(item)
    return (tuple(dict.fromkeys(items)), len(part)) if 1 <= len(items) <= MOST_ITEMS else ((), 0)


def _overlap(one: Fact, other: Fact) -> bool:
    return one.start < other.end and other.start < one.end

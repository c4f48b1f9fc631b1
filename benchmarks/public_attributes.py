"""Attributes of the public question sets: their notation read, and questions made where a set brings none.

    flatten('item_weight:  { unit:pounds, value:27.5 }')      # "Item weight: 27.5 pounds"

The sets write an attribute as a name and nested braces, JSON in spirit only. `attribute_questions`
asks about the pairs of attribute and sentence that semiPQA brings without questions: open, yes,
no (another value of the same attribute), and not stated (another attribute).
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Value = str | list["Value"] | dict[str, "Value"]

_NUMBER = re.compile(r"-?\d+\.\d*")
_DROPPED = frozenset({"language_tag", "standardized_values", "marketplace_id", "value_id"})
_UNTELLING = frozenset({"value", "name", "string_value", "quantity", "role", "type"})
_COUNTRIES = {"cn": "China", "us": "United States", "in": "India", "jp": "Japan", "de": "Germany", "tw": "Taiwan"}
_PLACEHOLDERS = frozenset({"yes", "no", "n/a", "na", "none", "unknown", "not known", "other", "0"})
OTHERS_SHOWN = 2  # attributes beside the one that is asked about
LONGEST_ASKED = 4  # words of a value that a question names


@dataclass(frozen=True)
class Pair:
    """An attribute, its value as text, and a person's sentence about it."""

    name: str
    value: str
    sentence: str

    @property
    def passage(self) -> str:
        """Return the attribute as a description would state it."""
        return f"{self.name.capitalize()}: {self.value}."


def flatten(candidate: str) -> str:
    """Return an attribute as readable text, "Item weight: 27.5 pounds."; a text that is none is given as it is."""
    name, value = split_attribute(candidate)
    return f"{name.capitalize()}: {value}." if name and value else " ".join(candidate.split())


def split_attribute(candidate: str) -> tuple[str, str]:
    """Return name and value of an attribute, both empty where the text is none."""
    found = re.match(r"\s*([a-z][a-z0-9_]*)\s*:\s*(?=\{)", candidate)
    if not found:
        return "", ""
    name = found.group(1).replace("_", " ")
    values = [_Reader(part).value() for part in _parts(candidate[found.end() :])]
    only = next(iter(values[0]), "") if len(values) == 1 and isinstance(values[0], dict) and len(values[0]) == 1 else ""
    if only and only not in _UNTELLING and isinstance(values[0], dict):
        name, values = f"{name} {only.replace('_', ' ')}", [values[0][only]]
    return name, ", ".join(dict.fromkeys(text for value in values if (text := _as_text(value))))


def attribute_questions(pairs: Sequence[Pair], seed: int) -> Iterator[dict[str, object]]:
    """Ask about each pair in several ways; rows as in `public_questions`."""
    draw = random.Random(seed)
    values: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        if pair.value not in values[pair.name]:
            values[pair.name].append(pair.value)
    for pair in pairs:
        if pair.value.lower() in _PLACEHOLDERS - {"yes", "no"}:
            continue
        others = _unlike(pair, pairs, draw)
        shown = [pair.passage, *(other.passage for other in others[: draw.randint(0, OTHERS_SHOWN)])]
        draw.shuffle(shown)
        gold = [shown.index(pair.passage) + 1]
        absent = [other.passage for other in others]
        opened, closed = _templates(pair.name)
        words = {"name": pair.name, "it": draw.choice(("it", "it", "this", "this", "the product", "this item"))}
        words["thing"] = re.sub(
            r"^(?:number of|num|included|compatible) | (?:count|name|type|description|style)$", "", pair.name
        )
        yield _row(draw.choice(opened).format(**words), shown, pair.sentence, "answer", gold)
        yield _row(draw.choice(opened).format(**words), absent, "", "not_stated", [])
        if pair.value in ("yes", "no"):
            question = draw.choice(_BARE).format(**words)
            yield _row(question, shown, f"{pair.value.capitalize()}. {pair.sentence}", pair.value, gold)
            continue
        # The same template for yes, no and not stated: the passages decide, never the wording.
        asked = draw.choice(closed)
        foreign = [value for value in values[pair.name] if _can_be_asked(value) and _excludes(pair.value, value)]
        if _can_be_asked(pair.value):
            question = asked.format(value=pair.value.lower(), **words)
            yield _row(question, shown, f"Yes. {pair.sentence}", "yes", gold)
            yield _row(question, absent, "", "not_stated", [])
        if foreign:
            question = asked.format(value=draw.choice(foreign).lower(), **words)
            yield _row(question, shown, f"No. {pair.sentence}", "no", gold)
        yield from _compared(pair, shown, gold, words, draw)


def _compared(
    pair: Pair, shown: Sequence[str], gold: Sequence[int], words: dict[str, str], draw: random.Random
) -> Iterator[dict[str, object]]:
    """Ask whether a number is above or below another: "is the talk time longer than 6 hours?"."""
    measure = re.fullmatch(r"(\d+(?:\.\d+)?) ([a-z ]+)", pair.value)
    if not measure or float(measure.group(1)) <= 0:
        return
    number, unit = float(measure.group(1)), measure.group(2)
    for factor in (draw.uniform(0.3, 0.9), draw.uniform(1.15, 3)):
        bound = number * factor
        bound = float(round(bound)) if bound >= 3 else round(bound, 1)
        above = draw.random() < 0.5
        comparing = draw.choice(
            ("more than", "over", "greater than", "at least") if above else ("less than", "under", "below")
        )
        label = "yes" if (number > bound) == above else "no"
        if bound != number:
            question = draw.choice(_COMPARING).format(bound=f"{comparing} {bound:g} {unit}", **words)
            yield _row(question, shown, f"{label.capitalize()}. {pair.sentence}", label, gold)


def _row(question: str, shown: Sequence[str], answer: str, label: str, cited: Sequence[int]) -> dict[str, object]:
    return {
        "question": question,
        "title": "",
        "passages": list(shown),
        "answer": answer,
        "label": label,
        "cited": list(cited),
        "source": "semipqa",
        "group": "",
    }


_OPEN = (
    "what is the {name}?",
    "what's the {name}?",
    "what is the {name} of {it}?",
    "{name}?",
    "can you tell me the {name}",
    "tell me the {name}.",
    "hi, what is the {name} of {it}? thanks",
    "which {name} does {it} have?",
    "does anyone know the {name}?",
    "i need to know the {name}",
)
_CLOSED = (
    "is the {name} {value}?",
    "is the {name} of {it} {value}?",
    "does {it} have {value} {thing}?",
    "is {it} {value}?",
    "i am looking for {value}. does {it} match?",
    "{value}?",
    "i need a {value} {thing}, is this it?",
)
_BARE = ("{name}?", "{name} or not?", "is that {name}?")
_COMPARING = ("is the {name} {bound}?", "is {it} {bound}?", "is the {thing} {bound}?", "i need {bound}. will {it} do?")
# Names that are asked about in ways of their own: pattern of the name, open questions, closed questions.
_ASKED: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        r"^number of|^num | count$",
        (
            "how many {thing} does {it} have?",
            "how many {thing} are there?",
            "how many {thing}?",
            "how many {thing} come with {it}?",
        ),
        ("does {it} have {value} {thing}?", "are there {value} {thing}?", "is the number of {thing} {value}?"),
    ),
    (
        r"colou?r",
        ("what color is {it}?", "what {name} is {it}?", "which color is {it}?", "what's the {name}?"),
        (
            "is {it} {value}?",
            "do you have {it} in {value}?",
            "does {it} come in {value}?",
            "is the {name} {value}?",
            "have in {value}?",
        ),
    ),
    (
        r"material|fabric",
        ("what is {it} made of?", "what material is {it}?", "what is the {name}?", "what kind of {name} is it?"),
        ("is {it} made of {value}?", "is {it} {value}?", "is the {name} {value}?", "is this real {value}?"),
    ),
    (
        r"compatible|platform|operating system|supported|vehicle",
        (
            "what does {it} work with?",
            "what is {it} compatible with?",
            "which {thing} is {it} for?",
            "what can i use {it} with?",
        ),
        (
            "will {it} work with {value}?",
            "is {it} compatible with {value}?",
            "does {it} fit {value}?",
            "can i use {it} with {value}?",
            "will this work on my {value}?",
        ),
    ),
    (
        r"weight$",
        ("how much does {it} weigh?", "how heavy is {it}?", "what is the {name}?", "weight?"),
        ("does {it} weigh {value}?", "is the {name} {value}?", "is {it} {value}?"),
    ),
    (
        r"dimensions|^size| size|length|width|height|diameter",
        ("what is the {name}?", "how big is {it}?", "what size is {it}?", "what are the measurements?", "{name}?"),
        ("is {it} {value}?", "is the {name} {value}?", "is {it} {value} in {name}?", "i need {value}, will {it} do?"),
    ),
    (
        r"^brand|manufacturer",
        ("who makes {it}?", "what brand is {it}?", "what is the {name}?"),
        ("is {it} made by {value}?", "is this a {value} product?", "is {it} {value}?", "is this a genuine {value}?"),
    ),
    (
        r"power source|batter|fuel",
        ("what does {it} run on?", "what kind of {thing} does {it} need?", "what is the {name}?"),
        (
            "does {it} run on {value}?",
            "can i use {value} with {it}?",
            "does {it} use {value}?",
            "does {it} need {value}?",
        ),
    ),
    (
        r"age range|audience|gender|department",
        ("who is {it} for?", "what ages is {it} for?", "what is the {name}?"),
        ("is {it} for {value}?", "is {it} ok for {value}?", "would {it} suit {value}?"),
    ),
    (
        r"flavor|scent|ingredient|allergen",
        ("what {name} is {it}?", "what are the {name}?", "what's in {it}?"),
        ("is {it} {value}?", "does {it} contain {value}?", "is there {value} in {it}?"),
    ),
    (
        r"capacity|maximum weight|minimum weight|recommendation",
        ("what is the {name}?", "how much can {it} hold?", "what's the limit?"),
        ("is the {name} {value}?", "is {it} good for {value}?"),
    ),
    (
        r"components|include",
        ("what comes with {it}?", "what is included?", "does anything come with {it}?"),
        ("does {it} come with {value}?", "is {value} included?", "does {it} include a {value}?"),
    ),
)


def _templates(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for pattern, opened, closed in _ASKED:
        if re.search(pattern, name):
            return opened, closed
    return _OPEN, _CLOSED


def _unlike(pair: Pair, pairs: Sequence[Pair], draw: random.Random) -> list[Pair]:
    """Draw pairs of other attributes, none of which may tell the same."""
    others: list[Pair] = []
    for other in draw.sample(pairs, len(pairs)):
        if not _akin(other.name, pair.name):
            others.append(other)
        if len(others) > OTHERS_SHOWN:
            break
    return others


def _akin(name: str, other: str) -> bool:
    """Return whether two attributes may tell the same: "item weight" and "total metal weight"."""
    kinds = [
        frozenset(number for number, (pattern, _, _) in enumerate(_ASKED) if re.search(pattern, each))
        for each in (name, other)
    ]
    return bool(kinds[0] & kinds[1]) or bool(set(name.split()) & set(other.split()))


def _can_be_asked(value: str) -> bool:
    return len(value.split()) <= LONGEST_ASKED and "," not in value and value.lower() not in _PLACEHOLDERS


def _excludes(stated: str, asked: str) -> bool:
    """Return whether two values share no word: only then does one deny the other."""
    return not set(re.findall(r"[a-z0-9.]+", stated.lower())) & set(re.findall(r"[a-z0-9.]{2,}|\d", asked.lower())) or (
        stated.split()[1:] == asked.split()[1:] and stated.split()[0] != asked.split()[0] and stated[:1].isdigit()
    )


def _parts(text: str) -> list[str]:
    """Cut "{ … }; { … }" at the outer level."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in "{[") - (sign in "}]")
        if sign == ";" and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


class _Reader:
    """Reads one value: braces, brackets, a quoted string, or a bare word up to the next comma or closing sign."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def value(self) -> Value:
        self._space()
        sign = self.text[self.place : self.place + 1]
        if sign == "{":
            return self._braces()
        if sign == "[":
            return self._brackets()
        quoted = re.compile(r'"((?:[^"\\]|\\.)*)"?(?=\s*[,}\]]|\s*$)|"((?:[^"\\]|\\.)*)"?').match(self.text, self.place)
        if quoted:
            self.place = quoted.end()
            return re.sub(r"\\(.)", r"\1", quoted.group(1) or quoted.group(2) or "")
        bare = re.compile(r"[^,}\]]*").match(self.text, self.place)
        assert bare is not None
        self.place = bare.end()
        return bare.group().strip().replace("_", " ")

    def _braces(self) -> Value:
        self.place += 1
        fields: dict[str, Value] = {}
        while self.place < len(self.text):
            self._space()
            if self.text[self.place : self.place + 1] == "}":
                self.place += 1
                break
            key = re.compile(r"\s*([\w.]+)\s*:").match(self.text, self.place)
            if key is None:
                self.place += 1
                continue
            self.place = key.end()
            fields[key.group(1)] = self.value()
        return fields

    def _brackets(self) -> Value:
        self.place += 1
        values: list[Value] = []
        while self.place < len(self.text):
            self._space()
            if self.text[self.place : self.place + 1] == "]":
                self.place += 1
                break
            before = self.place
            values.append(self.value())
            self.place += self.place == before
        return values

    def _space(self) -> None:
        while self.text[self.place : self.place + 1] in (" ", ",", "\n") and self.place < len(self.text):
            self.place += 1


def _as_text(value: Value, *, within: bool = False) -> str:
    """Put a value into words; a measure is given in the unit that people here use, its own in brackets.

    `within` others the brackets are left out.
    """
    if isinstance(value, str):
        return _say_plain(value)
    if isinstance(value, list):
        return ", ".join(dict.fromkeys(text for entry in value if (text := _as_text(entry))))
    normalised = value.get("normalized_value")
    if isinstance(normalised, dict) and normalised.get("unit") != value.get("unit"):
        own = _as_text({key: entry for key, entry in value.items() if key != "normalized_value"})
        return _as_text(normalised) if within else f"{_as_text(normalised)} ({own})"
    parts = []
    unit = _as_text(value["unit"]) if "unit" in value else ""
    for key, entry in value.items():
        words = _as_text(entry, within=True)
        if key in _DROPPED or key in ("unit", "normalized_value") or not words or words == "unknown":
            continue
        if key in _UNTELLING or (key in ("minimum", "maximum") and len(value) == 1):
            parts.append(f"{words} {unit}".strip() if key != "type" else words)
        else:
            parts.append(f"{key.replace('_', ' ')} {words}".strip())
    return ", ".join(parts)


def _say_plain(text: str) -> str:
    text = " ".join(text.split())
    if text in ("true", "false"):
        return "yes" if text == "true" else "no"
    if _NUMBER.fullmatch(text):
        return text.rstrip("0").rstrip(".")
    return _COUNTRIES.get(text, text.replace('|"', '"').rstrip("."))

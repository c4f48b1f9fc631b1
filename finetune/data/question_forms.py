"""What can be asked about a fact so that yes or no is certain, and by which value.

The same form of question is asked with a value that the text gives and with one that it rules out:
another number, another material, something a closed list leaves out. What the text does not rule
out is never asked for a "no".

    for form in question_forms(fact, content, ValuePool(), random.Random(7)):
        form.form, form.label, form.values      # "is", "no", {"v": "glass"}
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from finetune.data.fact_patterns import MATERIALS
from finetune.data.facts import MONTHS_A_YEAR, Fact
from finetune.data.tables import table
from index.text import content_words

Label = Literal["answer", "yes", "no"]


@dataclass(frozen=True)
class QuestionForm:
    """One way to ask: the form of its template, the values for its places, and what the reply starts with."""

    form: str
    label: Label
    values: dict[str, str]


@dataclass(frozen=True)
class ValuePool:
    """Things that other products are stated to have, by attribute: what a question may ask for in vain."""

    things: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> "ValuePool":
        """Gather from the facts of many products."""
        things: dict[str, dict[str, None]] = defaultdict(dict)
        for fact in facts:
            if fact.items and len(fact.items) <= 6:
                things[fact.attribute].update(dict.fromkeys(fact.items))
            elif fact.thing and fact.polarity:
                things[fact.attribute][fact.thing] = None
        return cls({attribute: list(each) for attribute, each in things.items()})

    def foreign(self, attribute: str, known: str, draw: random.Random) -> str:
        """Return a thing that shares no word with what is known of a product, "" where none is found soon."""
        own = content_words(known)
        things = self.things.get(attribute, [])
        for _ in range(min(20, len(things))):
            thing = draw.choice(things)
            if not content_words(thing) & own and content_words(thing):
                return thing
        return ""


def question_forms(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    """Yield what can be asked about a fact of a product; `known` is its title and whole description."""
    if fact.attribute in _FORMS_OF:
        forms = _FORMS_OF[fact.attribute](fact, known, values, draw)
    else:
        forms = _measured(fact, draw) if fact.numbers else _plain(fact, draw)
    for form in forms:
        # What stands anywhere in the text, be it of something else, is not asked for a "no".
        if form.label != "no" or form.form != "is" or form.values["v"].casefold() not in known.casefold():
            yield form


def _listed(name: str) -> Any:
    return table("question_values")[name]


def _measured(fact: Fact, draw: random.Random) -> Iterator[QuestionForm]:
    """QuestionForm for a number: the one stated, another, more, less."""
    number, unit = fact.numbers[-1], _listed("units").get(fact.unit, fact.unit)
    values = {"unit": unit, "thing": fact.thing}
    yield QuestionForm("open", "answer", values)
    if fact.attribute == "size" and not fact.thing:
        yield QuestionForm("is", "yes", {**values, "v": fact.text})
        other = re.sub(r"\d+", lambda found: str(int(found.group()) + draw.choice((1, 2, 3, 4))), fact.text, count=1)
        yield QuestionForm("is", "no", {**values, "v": other})
        return
    higher, lower = _shifted(number, draw.uniform(1.2, 2.5)), _shifted(number, draw.uniform(0.3, 0.8))
    unlike = draw.choice((higher, lower))
    if usual := _listed("usual").get(fact.attribute):
        unlike = float(draw.choice([each for each in usual if abs(each - number) > 0.15 * number]))
    if fact.attribute == "capacity" and fact.value.startswith(("up to", "as many", "até")):
        yield QuestionForm("upto", "yes", {**values, "v": f"{_number_text(lower)} {unit}".strip()})
        yield QuestionForm("upto", "no", {**values, "v": f"{_number_text(higher)} {unit}".strip()})
        return
    yield QuestionForm("is", "yes", {**values, "v": f"{_number_text(number)} {unit}".strip()})
    yield QuestionForm("is", "no", {**values, "v": f"{_number_text(unlike)} {unit}".strip()})
    if fact.attribute == "voltage":
        return
    if lower < number < higher and number >= 2:
        yield QuestionForm("more", "yes", {**values, "v": f"{_number_text(lower)} {unit}".strip()})
        yield QuestionForm("more", "no", {**values, "v": f"{_number_text(higher)} {unit}".strip()})
        yield QuestionForm("less", "yes", {**values, "v": f"{_number_text(higher)} {unit}".strip()})
        yield QuestionForm("less", "no", {**values, "v": f"{_number_text(lower)} {unit}".strip()})


def _plain(fact: Fact, draw: random.Random) -> Iterator[QuestionForm]:
    """QuestionForm whether it has what the fact states or denies."""
    values = {"thing": fact.thing, "v": fact.thing or fact.text}
    yield QuestionForm("has", "yes" if fact.polarity else "no", values)
    if fact.attribute in ("warranty", "assembly"):
        yield QuestionForm("open", "answer", values)


def _age(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    low, high = fact.numbers
    if not fact.polarity:
        asked = draw.randint(1, max(1, int(low) - 1))
        yield QuestionForm("is", "no", {"v": _age_text(asked)})
        return
    yield QuestionForm("open", "answer", {})
    top = int(min(high, low + 6 * MONTHS_A_YEAR))
    first = max(1, int(low))
    within = draw.randint(first, max(first, top))
    whole_years = max(first, within // MONTHS_A_YEAR * MONTHS_A_YEAR)
    asked = within if not within % MONTHS_A_YEAR or within < 24 else whole_years
    if asked < 24 or not asked % MONTHS_A_YEAR:  # "2 year old" would not say 27 months
        yield QuestionForm("is", "yes", {"v": _age_text(asked)})
    below = low - draw.choice((MONTHS_A_YEAR, 2 * MONTHS_A_YEAR, low // 2))
    if 2 <= below < low:
        yield QuestionForm("is", "no", {"v": _age_text(int(below))})
    if high < 18 * MONTHS_A_YEAR and draw.random() < 0.5:
        yield QuestionForm(
            "is",
            "no",
            {"v": _age_text(int(high) // MONTHS_A_YEAR * MONTHS_A_YEAR + draw.choice((2, 3, 5)) * MONTHS_A_YEAR)},
        )


def _players(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    low, high = fact.numbers
    yield QuestionForm("open", "answer", {})
    yield QuestionForm("is", "yes", {"v": str(draw.randint(int(low), int(min(high, low + 4))))})
    if low > 1:
        yield QuestionForm("is", "no", {"v": str(int(low) - 1)})
    if high < 30:
        yield QuestionForm("is", "no", {"v": str(int(high) + draw.randint(1, 4))})


def _material(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    yield QuestionForm("open", "answer", {})
    yield QuestionForm("is", "yes", {"v": fact.value})
    stated = {family for family, words in MATERIALS.items() if re.search(rf"\b(?:{words})", known, re.I)}
    families = [family for family in _listed("materials") if family not in stated]
    if fact.closed and families:
        yield QuestionForm("is", "no", {"v": draw.choice(_listed("materials")[draw.choice(families)])})


def _one_of(fact: Fact, values: Sequence[str], known: str, draw: random.Random) -> Iterator[QuestionForm]:
    """QuestionForm for the stated one of several that exclude each other, and for another that is nowhere named."""
    yield QuestionForm("open", "answer", {"thing": fact.thing})
    yield QuestionForm("is", "yes", {"v": fact.thing or fact.value})
    others = [value for value in values if value.lower().removeprefix("the ") not in known.lower()]
    if fact.closed and others:
        yield QuestionForm("is", "no", {"v": draw.choice(others)})


def _colour(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    yield from _one_of(fact, _listed("colours"), known, draw)
    # A product that is white may come in gold too: only what is stated is asked for so.
    yield QuestionForm("has", "yes", {"v": fact.thing or fact.value})


def _origin(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    american = re.search(r"US|America|United States|U\.S", fact.text)
    countries = [country for country in _listed("countries") if not (american and "USA" in country)]
    yield from _one_of(fact, countries, known, draw)


def _language(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    for form in _one_of(fact, _listed("languages"), known, draw):
        yield QuestionForm(form.form, form.label, {**form.values, "v": form.values.get("v", "").capitalize()})


def _author(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    other = values.foreign("author", known, draw)
    yield from _one_of(fact, [other] if other else [], known, draw)


def _format(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    other = _listed("formats").get(fact.thing)
    yield from _one_of(fact, [other] if other else [], known, draw)


def _batteries(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    yield QuestionForm("has", "yes" if fact.polarity else "no", {})
    if fact.polarity:
        yield QuestionForm("open", "answer", {})
        yield QuestionForm("is", "yes", {"v": fact.thing.upper() if len(fact.thing) < 4 else fact.thing})
        others = [kind for kind in _listed("batteries") if not re.search(rf"\b{kind}\b|{kind}s? batter", known, re.I)]
        if others:
            yield QuestionForm("is", "no", {"v": draw.choice(others)})


def _free(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    yield QuestionForm("has", "yes", {"thing": fact.thing})
    if fact.thing in _listed("allergens"):
        yield QuestionForm(
            "contains",
            "no",
            {"thing": f"{fact.thing}s" if fact.thing in ("phthalate", "paraben", "nut") else fact.thing},
        )


def _property(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    yield QuestionForm("has", "yes" if fact.polarity else "no", {"thing": fact.thing})
    opposite = _listed("opposites").get(fact.thing)
    if fact.polarity and opposite and not re.search(rf"\b{opposite}\b", known, re.I):
        yield QuestionForm("has", "no", {"thing": opposite})


def _washing(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    yield QuestionForm("open", "answer", {})
    by_machine = "machine" in fact.value
    others = "machine wash" in known.lower() and not by_machine
    if by_machine or (("only" in fact.value or "hand" in fact.value or "dry clean" in fact.value) and not others):
        yield QuestionForm("has", "yes" if by_machine else "no", {})


def _power(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    yield QuestionForm("open", "answer", {})
    yield QuestionForm("is", "yes", {"v": fact.text})
    if fact.thing in ("cordless", "corded"):
        opposite = "corded" if fact.thing == "cordless" else "cordless"
        if not re.search(rf"\b{opposite}\b", known, re.I):
            yield QuestionForm("is", "no", {"v": opposite})
        return
    others = [power for power in _listed("powers") if not re.search(power, known, re.I)]
    if fact.thing in _listed("powers") and others:
        yield QuestionForm("is", "no", {"v": f"{draw.choice(others)} {draw.choice(('powered', 'operated'))}"})


def _included(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    yield QuestionForm("open", "answer", {})
    yield QuestionForm("has", "yes", {"thing": _lowered(draw.choice(fact.items))})
    foreign = values.foreign("included", known, draw)
    if fact.closed and len(fact.items) > 1 and foreign:
        yield QuestionForm("has", "no", {"thing": _lowered(foreign)})


def _not_included(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    yield QuestionForm("has", "no", {"thing": fact.thing.removeprefix("the ").removeprefix("optional ")})


def _compatibility(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    if not fact.polarity:
        yield QuestionForm("has", "no", {"thing": fact.thing})
        return
    yield QuestionForm("open", "answer", {})
    yield QuestionForm(
        "has", "yes", {"thing": draw.choice(fact.items)}
    )  # a list of what fits does not rule out the rest


def _use(fact: Fact, known: str, values: ValuePool, draw: random.Random) -> Iterator[QuestionForm]:
    if fact.value.endswith("only"):
        yield QuestionForm("place", "yes", {"thing": f"{fact.thing}s"})
        yield QuestionForm("place", "no", {"thing": "outdoors" if fact.thing == "indoor" else "indoors"})
    elif fact.value == "indoor and outdoor":
        yield QuestionForm("place", "yes", {"thing": draw.choice(("indoors", "outdoors", "outside"))})
    else:
        yield QuestionForm("has", "yes", {"thing": fact.thing})
        yield QuestionForm("open", "answer", {})


_FORMS_OF = {
    "age": _age,
    "players": _players,
    "material": _material,
    "colour": _colour,
    "origin": _origin,
    "language": _language,
    "author": _author,
    "format": _format,
    "batteries": _batteries,
    "free": _free,
    "property": _property,
    "washing": _washing,
    "power": _power,
    "included": _included,
    "not included": _not_included,
    "compatibility": _compatibility,
    "use": _use,
}


def _shifted(number: float, factor: float) -> float:
    shifted = number * factor
    if shifted >= 30:  # people ask for round numbers
        step = 10 ** (len(str(int(shifted))) - 1) // 2
        return float(round(shifted / step) * step)
    return float(round(shifted)) if shifted >= 3 or number == int(number) else round(shifted, 1)


def _number_text(number: float) -> str:
    return f"{number:g}"


def _age_text(months: int) -> str:
    if months < 24 and months % MONTHS_A_YEAR:
        return f"{months} month old"
    return f"{max(1, months // MONTHS_A_YEAR)} year old"


def _lowered(text: str) -> str:
    return text if re.search(r"[A-Z].*[A-Z]|\d", text) else text[:1].lower() + text[1:]

"""What a reply says of a fact: the passage's own words as a sentence.

A short passage is repeated nearly word for word, a long one by the clause that states the fact,
and where no clause stands alone, by a plain statement around the fact's own words. Whether the
reply starts with yes or no, and what it cites, is not decided here.

    realise(facts_in("Measures 13 x 11 inches.")[0], draw)      # "It measures 13 x 11 inches."
"""

import random
import re

from finetune.data.facts import Fact
from finetune.data.tables import table

SHORTEST_WORDS, LONGEST_WORDS = 3, 22  # of a passage or clause that is repeated
PLAIN_SHARE = 0.3  # of the facts that could be put either way

_SUBJECTS = ("It", "It", "It", "The item", "The item", "The item", "This", "This product", "The product")
_HEADING = re.compile(
    r"^(?:(?:product|manufacturer's) (?:description|features?|details)|features?|specifications?"
    r"|description|note|please note|safety warning"
    r"|warning|important|descrição|características)\b\s*[:!.-]*\s*",
    re.I,
)
_LEAD_IN = re.compile(r"^[\s\-–—*•·|>,;:.)]+")
# Verbs with which catalogue phrases start, without a subject.
_THIRD = re.compile(
    r"^(?:measures|includes|comes|features|holds|fits|weighs|accommodates|contains|works|has|offers"
    r"|provides|supports|uses|runs"
    r"|requires|needs|stands|keeps|allows|makes|lets|helps|stores|converts|adjusts|folds|attaches|mounts"
    r"|consists|operates"
    r"|carries|ships|covers|protects|resists|meets|produces|delivers|easily|also|plugs|takes|teaches|can|will)\b",
    re.I,
)
_STATE = re.compile(
    r"^(?:made|designed|suitable|compatible|recommended|available|ideal|perfect|great|constructed|crafted"
    r"|built|equipped|rated"
    r"|manufactured|powered|fully|not (?:suitable|recommended|for|intended|compatible|included|waterproof)"
    r"|safe|machine washable"
    r"|dishwasher|microwave|for (?:ages?|use|indoor|outdoor|children|kids|\d)|approx|handmade|proudly made"
    r"|printed|packed|sold"
    r"|adjustable|portable|lightweight|washable|reusable|removable|acid|bpa|latex|non|intended|excellent|aged)\b",
    re.I,
)
_AGES = re.compile(r"^ages?\b", re.I)
_LABEL = re.compile(r"^([A-Z][A-Za-z' ]{2,28}?)\s?:\s*([^:]{1,60})$")
_VERB = re.compile(
    r"\b(?:is|are|was|has|have|can|will|comes?|includes?|features?|measures?|fits?|holds?|contains?|works?"
    r"|requires?|makes?|made"
    r"|offers?|provides?|weighs?|keeps?|gives?|lets?|allows?|uses?|needs?|supports?|stands?|é|são|tem|vem"
    r"|mede|pesa|inclui)\b",
    re.I,
)
_CLAUSE_BREAK = re.compile(
    r"\s{0,9}(?:[;|•]|\*+|>>)\s*|(?<=[a-z\d)])\.\s?(?=[A-Z])|\s{1,9}[–—-]\s+|,\s+(?:and|but|so|which|while)\s+|:\s+"
)


def realise(fact: Fact, draw: random.Random) -> str:
    """Put a fact as one sentence; "" where none can be made that holds the fact's own words."""
    clause = _clause(fact)
    plain = _plain(fact, draw)
    if clause and plain and draw.random() < PLAIN_SHARE:
        return plain
    return as_sentence(clause, draw) if clause else plain


def as_sentence(text: str, draw: random.Random) -> str:
    """Make a sentence of a catalogue phrase: "Measures 5 in." is "It measures 5 in."."""
    plain = text.strip(" ,;:|-–—*•·")
    subject = draw.choice(_SUBJECTS)
    label = _LABEL.match(plain)
    if (
        label
        and len(label.group(1).split()) <= 3
        and not _VERB.search(label.group(1))
        and not re.match(r"^\W*$", label.group(2))
    ):
        plain = f"The {label.group(1).strip().lower()} is {label.group(2)}"
    elif _THIRD.match(plain):
        plain = f"{subject} {plain[:1].lower()}{plain[1:]}"
    elif _STATE.match(plain):
        plain = f"{subject} is {plain[:1].lower()}{plain[1:]}" if not plain[:4].isupper() else f"{subject} is {plain}"
    elif _AGES.match(plain):
        plain = f"{subject} is for {plain[:1].lower()}{plain[1:]}"
    plain = plain[:1].upper() + plain[1:]
    return plain if plain.endswith((".", "!", "?")) else plain.rstrip(" ,;:(") + "."


def _clause(fact: Fact) -> str:
    """Return the passage, or the clause of it that states the fact, if it can stand alone; else ""."""
    text = _HEADING.sub("", _LEAD_IN.sub("", fact.passage.text))
    if SHORTEST_WORDS <= len(text.split()) <= LONGEST_WORDS and fact.text in text and _stands(text, whole=True):
        return text
    whole = fact.passage.text
    first, last = fact.start - fact.passage.start, fact.end - fact.passage.start
    starts, ends = [0], [len(whole)]
    for mark in _CLAUSE_BREAK.finditer(whole):
        if mark.end() <= first:
            starts.append(mark.end())
        elif mark.start() >= last:
            ends.append(mark.start())
    clause = _HEADING.sub("", _LEAD_IN.sub("", whole[max(starts) : min(ends)]))
    fits = SHORTEST_WORDS <= len(clause.split()) <= LONGEST_WORDS and fact.text in clause
    return clause if fits and _stands(clause, whole=False) else ""


def _stands(text: str, *, whole: bool) -> bool:
    """Return whether a phrase is understood without what stood before it."""
    if text.count("(") != text.count(")") or re.match(r"^(?:and|but|or|which|that|to|of|by|as well)\b", text, re.I):
        return False
    if (
        text.count(":") > 1
        or re.search(r"[|•>*]|\.\.\.|\b\d\. ?$", text)
        or re.search(r"[a-z\d)][.!?] ?[A-Z].*[.!?] ?[A-Z]", text)
    ):
        return False
    return whole or bool(_VERB.search(text)) or bool(_STATE.match(text) or _THIRD.match(text) or _LABEL.match(text))


def _plain(fact: Fact, draw: random.Random) -> str:
    form: str = table("statements")["affirmed" if fact.polarity else "denied"].get(fact.attribute, "")
    if fact.attribute == "size":
        form = "{It} is {text}" if fact.thing else "{It} measures {text}"
    elif fact.attribute == "capacity":
        form = "{It} holds {text}" if fact.text.startswith(("up to", "as many", "até")) else "The capacity is {text}"
    elif fact.attribute == "count":
        packed = fact.thing in ("set", "pack", "piece", "kit", "package", "box", "case", "bag", "carton", "count")
        form = "{It} is a {text}" if packed and not fact.text.lower().endswith("s") else "There are {text}"
    elif fact.attribute == "pages":
        form = f"{{It}} has {fact.numbers[0]:g} pages"
    elif fact.attribute == "duration":
        form = "The {thing} is {text}" if fact.thing and fact.thing not in fact.value else "{It} has {text}"
    elif fact.attribute in ("use", "power") and fact.text.lower().startswith(("for ", "indoor", "outdoor", "both")):
        form = "{It} is {text}" if fact.text.lower().startswith("for ") else "{It} is for {text}"
    elif fact.attribute == "feature" and fact.polarity and not fact.text.lower().endswith("s"):
        form = "{It} has an {text}" if fact.text[:1].lower() in "aeio" else "{It} has a {text}"
    if not form:
        return ""
    text = fact.text.strip(" ().,;:")
    sentence = form.format(It=draw.choice(_SUBJECTS), text=text, thing=fact.thing)
    return sentence if sentence.endswith(".") else sentence + "."

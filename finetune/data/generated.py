"""Questions about the products of a shelf, with replies known to be right by construction.

A draft is a question and what it rests on; which passages are shown is settled when it is taken, and
only then costs time. Yes and no come in pairs: the same template, the same passages, another value.
*Not stated* comes in three kinds: the description is silent, the passage that tells is taken away, the
passages are another product's.

    for draft in drafts_of(shelf, place, pool, side, draw):
        example = settled(draft, shelf, draw, widened=False)
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.grounding.evidence import Evidence
from assistant.messages import Message
from assistant.passages import Passage
from assistant.phrases import Language
from finetune.data.answers import restate
from finetune.data.example import NOT_STATED, Example, Kind, Side
from finetune.data.facts import Fact
from finetune.data.phrasing import Template, templates_for, worded
from finetune.data.portuguese import in_portuguese
from finetune.data.product_pool import Shelf, Stocked, renumbered, with_gold
from finetune.data.questions import Ask, Pool, asks_of
from finetune.data.unanswerable import akin, is_confusing, is_silent

MOST_FACTS = 5  # of one product that are asked about
_PACKS = frozenset("set pack package box case bag carton kit count piece conjunto pacote".split())
_FOLLOWED_BY_HAS = frozenset(
    {
        "batteries included",
        "water",
        "property",
        "feature",
        "included",
        "not included",
        "assembly",
        "wireless",
        "compatibility",
        "requirement",
    }
)
_PREFIX: dict[tuple[Kind, Language], str] = {
    ("yes", "en"): "Yes. ",
    ("no", "en"): "No. ",
    ("yes", "pt"): "Sim. ",
    ("no", "pt"): "Não. ",
}


@dataclass(frozen=True)
class Draft:
    """A question without its passages yet: `fact` is what answers it, none where nothing does.

    `absent` says how a *not stated* one comes about: "silent", "removed" or "foreign".
    """

    kind: Kind
    place: int
    attribute: str
    question: str
    template: str
    language: Language
    thing: str = ""
    fact: Fact | None = None
    absent: str = ""
    pair: int = 0  # equal for the yes and the no of one template and fact
    follows: "Draft | None" = None


def drafts_of(
    shelf: Shelf, place: int, pool: Pool, side: Side, draw: random.Random, portuguese: float
) -> Iterator[Draft]:
    """Yield drafts about one product that its description answers."""
    stocked = shelf.stocked[place]
    facts = [fact for fact in stocked.facts if not _disputed(fact, stocked.facts)]
    draw.shuffle(facts)
    told: Draft | None = None
    for fact in _varied(facts)[:MOST_FACTS]:
        language: Language = "pt" if stocked.language == "pt" or draw.random() < portuguese else "en"
        made = list(_about(fact, stocked, place, pool, side, draw, language))
        yield from made
        first = next((draft for draft in made if draft.kind == "answer" or draft.kind == "yes"), None)
        if told is not None:
            yield from _following(told, fact, stocked, place, pool, side, draw)
        told = first or told


def unanswerable_drafts(
    shelf: Shelf, place: int, pool: Pool, side: Side, draw: random.Random, portuguese: float
) -> Iterator[Draft]:
    """Yield drafts that a product's description is silent about: what its neighbours tell, asked of it."""
    stocked = shelf.stocked[place]
    neighbours = shelf.neighbours(place)
    asked: set[str] = set()
    yield from _confused_drafts(stocked, place, pool, side, draw)
    for neighbour in [*neighbours[:5], *draw.sample(shelf.stocked, min(1, len(shelf.stocked)))]:
        for fact in draw.sample(neighbour.facts, min(4, len(neighbour.facts))):
            attribute = template_attribute(fact)
            if attribute in asked or any(_tells(stocked, akin_to) for akin_to in akin(fact.attribute)):
                continue
            language: Language = "pt" if stocked.language == "pt" or draw.random() < portuguese else "en"
            asks = [ask for ask in asks_of(fact, neighbour.known, pool, draw) if ask.form != "contains"]
            if not asks:
                continue
            ask = draw.choice(asks)
            thing = ask.values.get("thing", "") or fact.thing
            if attribute == "included" and ask.form == "open":
                continue
            if is_silent(attribute, thing, stocked.known):
                asked.add(attribute)
                made = _draft(ask, fact, stocked, place, side, draw, language)
                if made is not None:
                    yield replace(made, kind="not_stated", fact=None, absent="silent")


def _confused_drafts(stocked: Stocked, place: int, pool: Pool, side: Side, draw: random.Random) -> Iterator[Draft]:
    """Yield questions that what is told comes near to: which batteries it takes is not whether they are included."""
    told = {template_attribute(fact) for fact in stocked.facts}
    for fact in stocked.facts:
        asked = is_confusing(fact.attribute, stocked.known)
        if not asked or asked in told or not fact.polarity:
            continue
        told.add(asked)
        forms = [form for form in ("open", "has") if templates_for(asked, form, "en", held_out=side == "validation")]
        if forms:
            template = draw.choice(templates_for(asked, draw.choice(forms), "en", held_out=side == "validation"))
            question = worded(template, {"unit": "pounds"}, stocked.product.title, draw)
            yield Draft("not_stated", place, asked, question, template.id, "en", absent="silent")


def settled(draft: Draft, shelf: Shelf, draw: random.Random, *, widened: bool) -> Example | None:
    """Choose the passages of a draft and word its reply; None where it does not come about."""
    stocked = shelf.stocked[draft.place]
    earlier: tuple[Message, ...] = ()
    if draft.follows is not None:
        before = settled(draft.follows, shelf, draw, widened=False)
        if before is None:
            return None
        earlier = (Message("user", before.question), Message("assistant", before.reply))
    if draft.fact is not None and draft.kind != "not_stated":
        said = restate(draft.fact, draw)
        if not said:
            return None
        evidence = shelf.choose(draft.question, stocked.product.title, stocked.passages)
        shown, number = with_gold(evidence, draft.fact.passage, shelf.budget.max_passages)
        if widened:
            shown, number = _widened(shown, draft, shelf, draw)
        reply = f"{_PREFIX.get((draft.kind, draft.language), '')}{said} [{number}]"
        return _example(draft, stocked, shown, reply, earlier)
    shown = list(_unanswering(draft, shelf, stocked, draw).passages)
    if widened and shown and draft.absent != "foreign":
        shown = _beside(shown, draft, shelf, draw)
    return _example(draft, stocked, shown, NOT_STATED, earlier) if shown else None


def template_attribute(fact: Fact) -> str:
    """Give the name by which the templates of a fact are found."""
    if fact.attribute == "size" and fact.thing:
        return "length"
    return "pack" if fact.attribute == "count" and fact.thing in _PACKS else fact.attribute


def _about(
    fact: Fact, stocked: Stocked, place: int, pool: Pool, side: Side, draw: random.Random, language: Language
) -> Iterator[Draft]:
    """Yield the drafts about one fact: an open one, and each closed form asked for yes and for no alike."""
    forms: dict[str, list[Ask]] = defaultdict(list)
    several = any(_same_kind(fact, other) and other.value != fact.value for other in stocked.facts)
    for ask in asks_of(fact, stocked.known, pool, draw):
        # Where a text states two sizes, none denies another, nor is it clear which one is meant.
        unclear = ask.label != "yes" or ask.form in ("more", "less")
        if not (
            several and unclear and (fact.numbers or fact.attribute in ("colour", "batteries", "power", "language"))
        ):
            forms[ask.form].append(ask)
    for form in sorted(forms):
        if form == "follow":
            continue
        template = _template(fact, form, side, draw, language)
        pair = draw.getrandbits(48)
        for ask in forms[form]:
            made = _draft(ask, fact, stocked, place, side, draw, language, template)
            if made is not None:
                yield replace(made, pair=pair)
                # The title is shown too: what it tells is not "not stated".
                if is_silent(made.attribute, made.thing, stocked.product.title) and draw.random() < 0.3:
                    yield replace(made, kind="not_stated", absent=draw.choice(("removed", "removed", "foreign")))


def _following(
    told: Draft, fact: Fact, stocked: Stocked, place: int, pool: Pool, side: Side, draw: random.Random
) -> Iterator[Draft]:
    """Yield a question that leans on the one before it."""
    attribute = template_attribute(fact)
    if attribute == told.attribute:
        return
    form = "has" if fact.attribute in _FOLLOWED_BY_HAS else "open"
    ask = next((ask for ask in asks_of(fact, stocked.known, pool, draw) if ask.form == form), None)
    templates = templates_for(attribute, "follow", told.language, held_out=side == "validation")
    if ask is not None and templates:
        made = _draft(ask, fact, stocked, place, side, draw, told.language, draw.choice(templates))
        if made is not None:
            yield replace(made, follows=replace(told, follows=None))


def _template(fact: Fact, form: str, side: Side, draw: random.Random, language: Language) -> Template | None:
    templates = templates_for(template_attribute(fact), form, language, held_out=side == "validation")
    return draw.choice(templates) if templates else None


def _draft(
    ask: Ask,
    fact: Fact,
    stocked: Stocked,
    place: int,
    side: Side,
    draw: random.Random,
    language: Language,
    template: Template | None = None,
) -> Draft | None:
    values = ask.values
    if language == "pt":
        translated = in_portuguese(template_attribute(fact), ask.form, values, stocked.language)
        if translated is None:
            language, template = "en", None
        else:
            values = translated
    template = template or _template(fact, ask.form, side, draw, language)
    if template is None:
        return None
    if template.attribute == "length" and ask.form == "open" and values["thing"].startswith(("in ", "diameter", "de ")):
        return None
    if template.attribute == "pack":
        values = {**values, "thing": "pack" if values["thing"] in ("count", "piece") else values["thing"]}
    if template.attribute == "feature" and not re.match(r"(?:an? |the )", values["thing"]) and draw.random() < 0.5:
        values = {**values, "thing": _articled(values["thing"])}
    question = worded(template, values, stocked.product.title, draw)
    thing = values.get("thing", "")
    return Draft(ask.label, place, template.attribute, question, template.id, language, thing, fact)


def _unanswering(draft: Draft, shelf: Shelf, stocked: Stocked, draw: random.Random) -> Evidence:
    """Choose passages that do not tell: of the silent description, of what is left of it, or of another product."""
    title = stocked.product.title
    if draft.absent == "silent":
        return shelf.choose(draft.question, title, stocked.passages)
    if draft.absent == "removed":
        rest = [passage for passage in stocked.passages if is_silent(draft.attribute, draft.thing, passage.text)]
        return shelf.choose(draft.question, title, rest)
    for other in [*shelf.neighbours(draft.place), *draw.sample(shelf.stocked, min(5, len(shelf.stocked)))]:
        if is_silent(draft.attribute, draft.thing, other.product.content):
            found = shelf.choose(draft.question, title, other.passages)
            if found.passages and other.row != stocked.row:
                return found
    return Evidence()


def _widened(shown: Sequence[Passage], draft: Draft, shelf: Shelf, draw: random.Random) -> tuple[list[Passage], int]:
    """Put passages beside those shown that say nothing of what is asked."""
    assert draft.fact is not None
    return renumbered(_beside(list(shown), draft, shelf, draw), draft.fact.passage)


def _beside(shown: list[Passage], draft: Draft, shelf: Shelf, draw: random.Random) -> list[Passage]:
    stocked = shelf.stocked[draft.place]
    near = shelf.neighbours(draft.place)[:3] if draw.random() < 0.4 else []
    others = [passage for each in (near or [stocked]) for passage in each.passages]
    silent = [
        passage
        for passage in others
        if is_silent(draft.attribute, draft.thing, passage.text) and not any(passage.text == one.text for one in shown)
    ]
    for passage in draw.sample(silent, min(len(silent), draw.randint(1, 2))):
        if len(shown) < shelf.budget.max_passages:
            shown.insert(draw.randint(0, len(shown)), passage)
    return [replace(passage, number=number) for number, passage in enumerate(shown, 1)]


def _example(
    draft: Draft, stocked: Stocked, shown: Sequence[Passage], reply: str, earlier: tuple[Message, ...]
) -> Example:
    return Example(
        draft.kind,
        stocked.product.title,
        draft.question,
        tuple(passage.text for passage in shown),
        reply,
        "facts",
        draft.template,
        stocked.product.uid,
        draft.language,
        earlier,
    )


def _varied(facts: Sequence[Fact]) -> list[Fact]:
    """Order facts so that each attribute comes once before any comes twice."""
    seen: dict[str, int] = defaultdict(int)
    ranked: list[tuple[int, int, Fact]] = []
    for fact in facts:
        ranked.append((seen[fact.attribute], len(ranked), fact))
        seen[fact.attribute] += 1
    return [fact for _, _, fact in sorted(ranked, key=lambda entry: entry[:2])]


def _disputed(fact: Fact, facts: Sequence[Fact]) -> bool:
    """Say whether a text both affirms and denies an attribute."""
    return any(
        _same_kind(fact, other) and other.polarity != fact.polarity and fact.attribute not in ("age", "feature")
        for other in facts
    )


def _same_kind(one: Fact, other: Fact) -> bool:
    named = (
        "property",
        "feature",
        "requirement",
        "included",
        "not included",
        "compatibility",
        "use",
        "free",
        "certified",
        "wireless",
    )
    if one.attribute in named:
        return one.attribute == other.attribute and one.thing == other.thing
    return one.attribute == other.attribute and (one.attribute != "size" or one.thing == other.thing)


def _tells(stocked: Stocked, attribute: str) -> bool:
    """Say whether a description has a fact that may answer: a list that claims to be whole denies what it lacks."""
    named = ("property", "feature", "requirement", "use", "free")
    return any(fact.attribute == attribute and (fact.closed or attribute not in named) for fact in stocked.facts)


def _articled(thing: str) -> str:
    if thing.endswith("s") and not thing.endswith("ss"):
        return thing
    return f"an {thing}" if thing[:1].lower() in "aeio" else f"a {thing}"

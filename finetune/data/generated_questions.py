"""Questions about the products of a pool, each with what its right reply rests on.

Which passages are shown is chosen when a question is made an example (`finetune.data.question_examples`), and
only then costs time. Yes and no come in pairs: the same template, the same passages, another value.
*Not stated* comes in three kinds: the description is silent, the passage that answers is taken away, the
passages are another product's.

    generator = QuestionGenerator(pool, ValuePool.of(facts), "train", draw, portuguese=0.2)
    questions = [*generator.answerable(0), *generator.unanswerable(0)]
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.phrases import Language
from finetune.data.example import Kind, Side
from finetune.data.facts import Fact
from finetune.data.phrasing import Template, templates_for, worded
from finetune.data.portuguese import in_portuguese
from finetune.data.product_pool import PooledProduct, ProductPool
from finetune.data.question_forms import QuestionForm, ValuePool, question_forms
from finetune.data.unanswerable import akin, is_confusing, is_silent

MOST_FACTS = 5  # of one product that are asked about
_PACKS = frozenset("set pack package box case bag carton kit count piece conjunto pacote".split())
_FOLLOWED_BY_HAS = frozenset(
    {"batteries included", "water", "property", "feature", "included", "not included", "assembly", "wireless"}
    | {"compatibility", "requirement"}
)
# Facts of these are the same only where they name the same thing.
_NAMED = frozenset(
    {"property", "feature", "requirement", "included", "not included", "compatibility", "use", "free", "certified"}
    | {"wireless"}
)
# Here a product that lacks a fact may still have the thing.
_NEVER_WHOLE = frozenset({"property", "feature", "requirement", "use", "free"})


@dataclass(frozen=True)
class GeneratedQuestion:
    """A question without its passages yet: `fact` is what answers it, none where nothing does.

    `absent` tells how a *not stated* one comes about: "silent", "removed" or "foreign".
    """

    kind: Kind
    place: int  # of the product in its pool
    attribute: str
    question: str
    template: str
    language: Language
    thing: str = ""
    fact: Fact | None = None
    absent: str = ""
    pair: int = 0  # equal for the yes and the no of one template and fact
    follows: "GeneratedQuestion | None" = None


@dataclass(frozen=True)
class QuestionGenerator:
    """Asks about the products of a pool, in the wordings of one side."""

    pool: ProductPool
    values: ValuePool
    side: Side
    draw: random.Random
    portuguese: float  # share of questions, where what is asked for has Portuguese words

    def answerable(self, place: int) -> Iterator[GeneratedQuestion]:
        """Yield questions about one product that its description answers."""
        product = self.pool.products[place]
        facts = [fact for fact in product.facts if not _disputed(fact, product.facts)]
        self.draw.shuffle(facts)
        previous: GeneratedQuestion | None = None
        for fact in _varied(facts)[:MOST_FACTS]:
            made = list(self._about(fact, place, self._language(product)))
            yield from made
            first = next((question for question in made if question.kind in ("answer", "yes")), None)
            if previous is not None:
                yield from self._following(previous, fact, place)
            previous = first or previous

    def unanswerable(self, place: int) -> Iterator[GeneratedQuestion]:
        """Yield questions that a product's description is silent about: what its neighbours state, asked of it."""
        product, products = self.pool.products[place], self.pool.products
        neighbours = self.pool.neighbours(place)
        asked: set[str] = set()
        yield from self._confused(place)
        for neighbour in [*neighbours[:5], *self.draw.sample(products, min(1, len(products)))]:
            for fact in self.draw.sample(neighbour.facts, min(4, len(neighbour.facts))):
                attribute = template_attribute(fact)
                if attribute in asked or any(_may_answer(product, each) for each in akin(fact.attribute)):
                    continue
                language = self._language(product)
                forms = [form for form in self._forms(fact, neighbour) if form.form != "contains"]
                if not forms:
                    continue
                form = self.draw.choice(forms)
                thing = form.values.get("thing", "") or fact.thing
                if attribute == "included" and form.form == "open":
                    continue
                if is_silent(attribute, thing, product.known):
                    asked.add(attribute)
                    made = self._question(form, fact, place, language)
                    if made is not None:
                        yield replace(made, kind="not_stated", fact=None, absent="silent")

    def _confused(self, place: int) -> Iterator[GeneratedQuestion]:
        """Yield what a stated fact comes near to: which batteries it takes is not whether they are included."""
        product = self.pool.products[place]
        stated = {template_attribute(fact) for fact in product.facts}
        for fact in product.facts:
            asked = is_confusing(fact.attribute, product.known)
            if not asked or asked in stated or not fact.polarity:
                continue
            stated.add(asked)
            forms = [form for form in ("open", "has") if self._templates(asked, form, "en")]
            if forms:
                template = self.draw.choice(self._templates(asked, self.draw.choice(forms), "en"))
                question = worded(template, {"unit": "pounds"}, product.product.title, self.draw)
                yield GeneratedQuestion("not_stated", place, asked, question, template.id, "en", absent="silent")

    def _about(self, fact: Fact, place: int, language: Language) -> Iterator[GeneratedQuestion]:
        """Yield the questions about one fact: an open one, and each closed form asked for yes and for no alike."""
        product = self.pool.products[place]
        forms: dict[str, list[QuestionForm]] = defaultdict(list)
        several = any(_same_kind(fact, other) and other.value != fact.value for other in product.facts)
        exclusive = fact.numbers or fact.attribute in ("colour", "batteries", "power", "language")
        for each in self._forms(fact, product):
            # Where a text states two sizes, none denies another, nor is it clear which one is meant.
            unclear = each.label != "yes" or each.form in ("more", "less")
            if not (several and unclear and exclusive):
                forms[each.form].append(each)
        for form in sorted(forms.keys() - {"follow"}):
            template = self._template(fact, form, language)
            pair = self.draw.getrandbits(48)
            for each in forms[form]:
                made = self._question(each, fact, place, language, template)
                if made is not None:
                    yield replace(made, pair=pair)
                    # The title is shown too: what it states is not "not stated".
                    if is_silent(made.attribute, made.thing, product.product.title) and self.draw.random() < 0.3:
                        absent = self.draw.choice(("removed", "removed", "foreign"))
                        yield replace(made, kind="not_stated", absent=absent)

    def _following(self, previous: GeneratedQuestion, fact: Fact, place: int) -> Iterator[GeneratedQuestion]:
        """Yield a question that leans on the one before it."""
        attribute = template_attribute(fact)
        if attribute == previous.attribute:
            return
        wanted = "has" if fact.attribute in _FOLLOWED_BY_HAS else "open"
        forms = self._forms(fact, self.pool.products[place])
        form = next((each for each in forms if each.form == wanted), None)
        templates = self._templates(attribute, "follow", previous.language)
        if form is not None and templates:
            made = self._question(form, fact, place, previous.language, self.draw.choice(templates))
            if made is not None:
                yield replace(made, follows=replace(previous, follows=None))

    def _question(
        self, form: QuestionForm, fact: Fact, place: int, language: Language, template: Template | None = None
    ) -> GeneratedQuestion | None:
        """Word a question, in English where its values have no Portuguese words; None where no template fits."""
        product, values = self.pool.products[place], form.values
        if language == "pt":
            translated = in_portuguese(template_attribute(fact), form.form, values, product.language)
            if translated is None:
                language, template = "en", None
            else:
                values = translated
        template = template or self._template(fact, form.form, language)
        if template is None:
            return None
        thing = values.get("thing", "")
        if template.attribute == "length" and form.form == "open" and thing.startswith(("in ", "diameter", "de ")):
            return None
        if template.attribute == "pack" and thing in ("count", "piece"):
            thing = "pack"
        if template.attribute == "feature" and not re.match(r"(?:an? |the )", thing) and self.draw.random() < 0.5:
            thing = _with_article(thing)
        question = worded(template, {**values, "thing": thing}, product.product.title, self.draw)
        return GeneratedQuestion(form.label, place, template.attribute, question, template.id, language, thing, fact)

    def _forms(self, fact: Fact, product: PooledProduct) -> Iterator[QuestionForm]:
        return question_forms(fact, product.known, self.values, self.draw)

    def _language(self, product: PooledProduct) -> Language:
        return "pt" if product.language == "pt" or self.draw.random() < self.portuguese else "en"

    def _template(self, fact: Fact, form: str, language: Language) -> Template | None:
        templates = self._templates(template_attribute(fact), form, language)
        return self.draw.choice(templates) if templates else None

    def _templates(self, attribute: str, form: str, language: Language) -> list[Template]:
        return templates_for(attribute, form, language, held_out=self.side == "validation")


def template_attribute(fact: Fact) -> str:
    """Return the name by which the templates of a fact are found."""
    if fact.attribute == "size" and fact.thing:
        return "length"
    return "pack" if fact.attribute == "count" and fact.thing in _PACKS else fact.attribute


def _varied(facts: Sequence[Fact]) -> list[Fact]:
    """Order facts so that each attribute comes once before any comes twice."""
    seen: dict[str, int] = defaultdict(int)
    ranked: list[tuple[int, int, Fact]] = []
    for fact in facts:
        ranked.append((seen[fact.attribute], len(ranked), fact))
        seen[fact.attribute] += 1
    return [fact for _, _, fact in sorted(ranked, key=lambda entry: entry[:2])]


def _disputed(fact: Fact, facts: Sequence[Fact]) -> bool:
    """Return whether a text both affirms and denies an attribute."""
    return any(
        _same_kind(fact, other) and other.polarity != fact.polarity and fact.attribute not in ("age", "feature")
        for other in facts
    )


def _same_kind(one: Fact, other: Fact) -> bool:
    by_thing = one.attribute in _NAMED or one.attribute == "size"
    return one.attribute == other.attribute and (not by_thing or one.thing == other.thing)


def _may_answer(product: PooledProduct, attribute: str) -> bool:
    """Return whether a product has a fact that may answer: a list that claims to be whole denies what it lacks."""
    return any(fact.attribute == attribute and (fact.closed or attribute not in _NEVER_WHOLE) for fact in product.facts)


def _with_article(thing: str) -> str:
    if thing.endswith("s") and not thing.endswith("ss"):
        return thing
    return f"an {thing}" if thing[:1].lower() in "aeio" else f"a {thing}"

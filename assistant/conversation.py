"""Conversation: what each turn wants, and which product or products the talk is about, turn by turn.

The state is a function of the shopper's turns alone, so a history in plain text
gives the same state as the live talk. No model is asked.

    turn = understand(State(), "is the Harrow kettle loud?", index, catalogue)
    turn.candidates                                   # two kettles fit
    turn = understand(turn.state, "the red one", index, catalogue)
    turn.uid, turn.question                           # the red kettle, "is the Harrow kettle loud?"
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

from assistant.choice import LONGEST_CHOICE_WORDS, chosen, denies
from assistant.messages import Message
from assistant.question import read_question
from assistant.shopping.comparison import measured_against, points_at_both
from assistant.shopping.discovery import NOTHING, Found
from assistant.shopping.help import is_courtesy, is_of_itself
from assistant.shopping.intents import Intent, Intents
from assistant.shopping.mentions import MOST_TOGETHER, named_together
from index.catalogue.store import Catalogue, Product
from index.errors import QuestionError
from index.resolver import MAX_QUESTION_CHARACTERS, Hit, Resolution, TitleIndex, check_question
from index.text import FRAME_WORDS, POINTING_WORDS, content_words, fold, title_part

MAX_TURNS_REPLAYED = 50  # of the shopper; 5 ms each, a need half a second where it was not judged before
MAX_EARLIER = 4  # products that the talk can go back to
# A question that fits no title for sure leaves the product only if this many of its words name, or look like the
# name of, another one: "how loud is the Zephyr X9?", but not "and the warranty?".
WORDS_TO_LEAVE = 2
LEAST_SURE = 0.5  # probability from which a turn is taken for what it wants
LIKELY_A_NEED, SURELY_A_NEED = 0.4, 0.95  # the second where the talk is about a product
SURELY_NO_TITLE = 0.8  # where one was found all the same
SURE_OF_A_TITLE = 0.9
ONE_OF_ALL = frozenset("it its this that ele ela isso isto".split())  # point at a single product
SEVERAL_OF_ALL = frozenset("them two three deles delas dois duas tres".split())  # point at all of them
MUCH_LIKELIER = 2.0  # the first of the products offered than the second, for it to be taken unchosen
SURELY_NAMED = 0.5  # probability that a product is meant, against which the talk's own is measured
SURELY_BESIDE = 0.9  # where the talk is about a product

Want = Literal["product", "need", "comparison", "help", "order", "other"]
_BESIDE: dict[Intent, Want] = {"help": "help", "order": "order", "other": "other"}  # what is about no product

# A turn that carries the last question over to another product, or corrects which one is meant.
_CARRIES_OVER = re.compile(
    r"^\W*(?:(?:and|e|ok|so|mas|but|no|nope|não|nao|sorry|desculpa|oh|ah|well)\b[\s,.!]*)*"
    r"(?:(?:what|how) about|and|e (?:o|a|os|as)(?: d[aeo]s?)?|i mean[t]?|quis dizer|quero dizer|no|nope|não|nao"
    r"|(?:ok )?now|voltando (?:pr[oa]|a[o]?|para [oa])|back to|going back to|i(?:'d| would)? want|quero)\b[\s,.!]*",
    re.I,
)
_BACK = re.compile(
    r"\b(?:back to|voltando|(?:the )?(?:first|previous|other|earlier) one|the other(?=\W*$)"
    r"|[oa] outr[oa]|[oa] primeir[oa]|[oa] anterior)\b",
    re.I,
)
_FIRST = re.compile(r"\b(?:first|primeir[oa])\b", re.I)


@dataclass(frozen=True)
class State:
    """What the talk is about.

    `uid` is its product, "" for none; `candidates` were offered last, to choose from or to correct a choice, and
    `waiting` is the question that waits for one. `question` is what was asked last about a product, and `earlier` are
    the products spoken of before, the newest first.
    """

    uid: str = ""
    candidates: tuple[Hit, ...] = ()
    waiting: str = ""
    question: str = ""
    earlier: tuple[str, ...] = ()

    def about(self, uid: str, question: str) -> "State":
        """Return the state in which a question was asked about a product."""
        earlier = tuple(each for each in self.spoken_of if each != uid)
        return State(uid, self.candidates, "", question, earlier[:MAX_EARLIER])

    def offering(self, candidates: tuple[Hit, ...], waiting: str) -> "State":
        """Return the state in which products are offered, of which one is to be chosen for a question."""
        return State("", candidates, waiting, self.question, self.spoken_of[:MAX_EARLIER])

    def comparing(self, products: tuple[Hit, ...]) -> "State":
        """Return the state in which products are set side by side, all of them spoken of."""
        return replace(self.offering(products, ""), earlier=tuple(hit.uid for hit in reversed(products)))

    def within(self, catalogue: Catalogue) -> "State":
        """Return the state without products that a catalogue has no more: they may be removed in mid talk."""
        uid = self.uid if self.uid in catalogue else ""
        candidates = tuple(hit for hit in self.candidates if hit.uid in catalogue)
        earlier = tuple(each for each in self.earlier if each in catalogue)
        return replace(self, uid=uid, candidates=candidates, earlier=earlier)

    def without_product(self, waiting: str = "") -> "State":
        """Return the state in which it is not known which product is meant; a question may wait for it."""
        return self.offering((), waiting)

    @property
    def spoken_of(self) -> tuple[str, ...]:
        """Return the product of the talk and those before it, the newest first."""
        return tuple(dict.fromkeys(each for each in (self.uid, *self.earlier) if each))


@dataclass(frozen=True)
class Turn:
    """One understood turn: what it wants, the question to answer, and about what.

    `uid` is empty where no single product is meant; then `candidates` are offered, if any, or `compared` are the uids
    of those to set side by side. `hits` are the titles that the question may have meant, best first.
    `probability` is that of the product being the one meant; None where it was chosen or kept. `missing` are words of
    the question that no title has, though it names one by the rest. `found` is what fits a need.
    """

    question: str
    uid: str
    candidates: tuple[Hit, ...]
    hits: tuple[Hit, ...]
    state: State
    wants: Want = "product"
    compared: tuple[str, ...] = ()
    probability: float | None = None
    missing: tuple[str, ...] = ()
    found: Found = NOTHING


Fitting = Callable[[str], Found]  # a need → the products that fit it


@dataclass(frozen=True)
class _Wording:
    """The folded words of a turn: all, those that may name a product, and those that look like names of one."""

    words: tuple[str, ...]
    naming: frozenset[str]
    names: frozenset[str]


def find_nothing(_: str) -> Found:
    """Return that no product fits a need."""
    return NOTHING


def understand(
    state: State, question: str, index: TitleIndex, catalogue: Catalogue, fitting: Fitting = find_nothing
) -> Turn:
    """Return what a checked question means in the light of the talk so far; `fitting` finds products for a need."""
    return _Understanding(state, question, index, catalogue, fitting).turn()


@dataclass(frozen=True)
class _Understanding:
    """One turn on its way to being understood: each step returns what the turn means, or None where it is not it."""

    state: State
    question: str
    index: TitleIndex
    catalogue: Catalogue
    fitting: Fitting

    @cached_property
    def words(self) -> frozenset[str]:
        """Return the folded words of the turn."""
        return frozenset(fold(self.question).split())

    def turn(self) -> Turn:
        if turn := self._chosen():
            return turn
        resolution = self.index.resolve(self.question)
        intents = Intents.shipped().probabilities(self.question, resolution)
        return (
            self._compared(resolution, intents)
            or self._back()
            or self._beside(resolution, intents)
            or self._carried_over(resolution)
            or self._kept(resolution, intents)
            or self._assumed(resolution)
            or self._needed(resolution, intents)
            or self._named(resolution)
        )

    def _about(self, uid: str, question: str, hits: tuple[Hit, ...], probability: float | None = None) -> Turn:
        return Turn(question, uid, (), hits, self.state.about(uid, question), probability=probability)

    def _chosen(self) -> Turn | None:
        """Choose one of the products offered, or another one of them in its place."""
        offered = [self.catalogue.find(hit.uid) for hit in self.state.candidates]
        compared = {product.uid for product in offered} <= set(self.state.earlier)
        if offered and compared and points_at_both(self.question):  # "which of the two …?" compares them again
            return None
        lead = _CARRIES_OVER.match(self.question)
        if not offered or (self.state.uid and not lead and not denies(self.question)):
            return None
        text = self.question[lead.end() :] if lead and self.state.uid else self.question
        choice = chosen(text, offered)
        if choice is None or (self.state.uid and text.strip(" ?.!").isdecimal()):
            return None
        product = offered[choice.place]
        if product.uid == self.state.uid:
            return None
        carried = self.state.question if self.state.uid else ""
        question = choice.question or self.state.waiting or carried or product.title
        return self._about(product.uid, question, self.state.candidates)

    def _compared(self, resolution: Resolution, intents: dict[Intent, float]) -> Turn | None:
        """Set products side by side: those that are named, else those that were spoken of or offered last."""
        named = self._named_together(resolution, intents["compare"])
        if len(named) < 2:
            return None
        state = self.state.comparing(self._hits_of(named))
        return Turn(self.question, "", (), resolution.hits, state, "comparison", named)

    def _named_together(self, resolution: Resolution, compares: float) -> tuple[str, ...]:
        current = self.state.uid
        near = tuple(hit.uid for hit in self.state.candidates) if not current else ()
        near = near or tuple(reversed(self.state.spoken_of[:2]))
        pointed_at = near if 1 < len(near) <= MOST_TOGETHER and points_at_both(self.question) else ()
        if current and self.words & ONE_OF_ALL:  # "does it need the two batteries?"
            pointed_at = ()
        named: tuple[str, ...] = ()
        if not (current and POINTING_WORDS & self.words):
            rarity = self.index.descriptions.rarity
            named = named_together(self.question, resolution, rarity, compares=compares)
        if named and not (pointed_at and self.words & SEVERAL_OF_ALL and set(named).isdisjoint(near)):
            return named
        behind = content_words(measured_against(self.question)) if current else frozenset()
        if behind and resolution.probability >= SURELY_NAMED and behind & content_words(resolution.hits[0].title):
            return tuple(dict.fromkeys((current, resolution.hits[0].uid)))
        return pointed_at if resolution.decision != "found" else ()

    def _beside(self, resolution: Resolution, intents: dict[Intent, float]) -> Turn | None:
        """Leave the talk's product and what waits as they are: the turn is about no product."""
        intent: Intent = max(_BESIDE, key=lambda each: intents[each])
        itself = intents["product"] < LEAST_SURE and is_of_itself(self.question)
        intent = "help" if itself else intent
        of_none = sum(intents[each] for each in _BESIDE)
        if self.state.uid or self.state.candidates:
            points = POINTING_WORDS & self.words
            surely = not points and intent != "help" and of_none >= SURELY_BESIDE
            beside = is_courtesy(self.question) or surely
        else:
            sure_of_title = resolution.decision == "found" and resolution.probability >= SURE_OF_A_TITLE
            likely = of_none >= (SURELY_NO_TITLE if sure_of_title else LEAST_SURE)
            beside = likely or (itself and not sure_of_title)
        return Turn(self.question, "", (), (), self.state, _BESIDE[intent]) if beside else None

    def _back(self) -> Turn | None:
        """Go back to a product spoken of before, named by its place in the talk or in a few of its words."""
        if not self.state.uid or not self.state.earlier or not _BACK.search(self.question):
            return None
        earlier = [self.catalogue.find(uid) for uid in self.state.earlier]
        rest = _BACK.sub(" ", self.question)
        place = len(earlier) - 1 if _FIRST.search(self.question) else 0
        choice = chosen(rest, earlier) if len(earlier) > 1 else None
        product = earlier[choice.place if choice else place]
        own = content_words(product.title)
        tail = choice.question if choice else re.sub(r"^[\s,.;]*(?:and|e)?\b", "", rest).strip()
        asks = tail if content_words(tail) - own else ""
        return self._about(product.uid, asks or self.state.question, ())

    def _carried_over(self, resolution: Resolution) -> Turn | None:
        """Ask the last question of another product: "and the 24 cm?", "i mean the red one"."""
        waiting = self.state.question if self.state.uid else self.state.waiting
        lead = _CARRIES_OVER.match(self.question)
        if not waiting or not (lead or not self.state.uid):
            return None
        rest = self.question[lead.end() :] if lead else self.question
        if not title_part(fold(rest)).strip() or POINTING_WORDS & set(fold(rest).split()) - {"one"}:
            return None
        found = self._meant(rest, resolution)
        if found is None or found.uid == self.state.uid:
            return None
        if not read_question(rest, found.title).asks_what_it_is(found.uid):
            return None
        return self._about(found.uid, waiting, resolution.hits)

    def _meant(self, rest: str, resolution: Resolution) -> Product | None:
        """Return the product that the rest of an elliptical turn names, by itself or beside the talk's product."""
        alone = self.index.resolve(rest)
        for found in (alone, resolution):
            if found.decision == "found":
                return self.catalogue.find(found.hits[0].uid)
        if not self.state.uid:
            return None
        words = content_words(rest)
        current = self.catalogue.find(self.state.uid)
        kin = self.index.resolve(_short(f"{title_part(fold(current.title))} {rest}")).hits
        others = [hit for hit in kin if hit.uid != current.uid and words <= content_words(hit.title)]
        return self.catalogue.find(others[0].uid) if others and words - content_words(current.title) else None

    def _kept(self, resolution: Resolution, intents: dict[Intent, float]) -> Turn | None:
        """Stay with the product of the talk, unless something else is looked for."""
        if not self.state.uid or (intents["need"] >= SURELY_A_NEED and not POINTING_WORDS & self.words):
            return None
        if not _stays(_wording_of(self.question), resolution, self.catalogue.find(self.state.uid)):
            return None
        return self._about(self.state.uid, self.question, resolution.hits)

    def _assumed(self, resolution: Resolution) -> Turn | None:
        """Take the likeliest of the products offered, where the next question points at it instead of choosing."""
        offered = self.state.candidates
        if self.state.uid or len(offered) < 2 or resolution.decision == "found" or not POINTING_WORDS & self.words:
            return None
        likeliest, second = offered[:2]
        if likeliest.score < MUCH_LIKELIER * second.score:
            return None
        return self._about(likeliest.uid, self.question, resolution.hits)

    def _needed(self, resolution: Resolution, intents: dict[Intent, float]) -> Turn | None:
        """Look for products that fit a need, and offer them to choose from."""
        # What sets nothing side by side is no comparison: "gel pens, 6 or 8, smelly or fruity".
        needs = intents["need"] + (intents["compare"] if resolution.decision == "unknown" else 0.0)
        if needs < LIKELY_A_NEED:
            return None
        found = self.fitting(self.question)
        state = self.state.offering(self._hits_of([fit.product.uid for fit in found.fitting]), "")
        return Turn(self.question, "", (), resolution.hits, state, "need", found=found)

    def _named(self, resolution: Resolution) -> Turn:
        """Take the question for itself: about one product, some to choose from, or none."""
        question, hits = self.question, resolution.hits
        if resolution.decision == "found":
            return self._about(hits[0].uid, question, hits, resolution.probability)
        if resolution.decision == "ambiguous":
            state = self.state.offering(resolution.candidates, question)
            return Turn(question, "", resolution.candidates, hits, state, missing=resolution.missing)
        wording = _wording_of(question)
        short = len(wording.words) <= LONGEST_CHOICE_WORDS
        if self.state.candidates and not self.state.uid and short and len(wording.names) < WORDS_TO_LEAVE:
            return Turn(question, "", self.state.candidates, self.state.candidates, self.state)
        return Turn(question, "", (), hits, self.state.without_product(question), missing=resolution.missing)

    def _hits_of(self, uids: Sequence[str]) -> tuple[Hit, ...]:
        return tuple(Hit(uid, self.catalogue.find(uid).title, 1.0) for uid in uids)


def replay(
    history: Sequence[Message], index: TitleIndex, catalogue: Catalogue, fitting: Fitting = find_nothing
) -> State:
    """Return the state after a history; turns that hold no question change nothing.

    Where the shopper's own turns lead to no product, the newest assistant turn that names one decides.
    """
    state = State()
    asked = [message.content for message in history if message.role == "user"]
    for question in asked[-MAX_TURNS_REPLAYED:]:
        state = _after(state, question, index, catalogue, fitting)
    if state != State():
        return state
    for message in reversed(history[-MAX_TURNS_REPLAYED:]):
        if message.role == "assistant":
            state = _after(State(), message.content, index, catalogue, find_nothing)
            if state.uid:
                return state
    return State()


def _short(question: str) -> str:
    """Return a question that was put together, no longer than one may be."""
    return question[:MAX_QUESTION_CHARACTERS]


def _wording_of(question: str) -> _Wording:
    """Read the words of a turn; the first one may have a capital without being a name."""
    words = question.split()
    capitals = [word for word in words[1:] if word[:1].isupper()]
    numbers = [word for word in words if any(sign.isdigit() for sign in word)]
    names = frozenset(fold(" ".join(capitals + numbers)).split()) - FRAME_WORDS
    folded = fold(question)
    return _Wording(tuple(folded.split()), frozenset(title_part(folded).split()), names)


def _after(state: State, text: str, index: TitleIndex, catalogue: Catalogue, fitting: Fitting) -> State:
    try:
        check_question(text)
    except QuestionError:
        return state
    return understand(state, text, index, catalogue, fitting).state


def _stays(wording: _Wording, resolution: Resolution, current: Product) -> bool:
    """Return whether a question is still about the current product rather than about another one that it names."""
    own = _words_of(f"{current.uid} {current.title} {current.content}")
    if _points_first(wording, own):
        return True
    foreign = (wording.naming & _words_of(resolution.hits[0].title)) - own
    if resolution.decision == "unknown":
        return max(len(foreign), len(wording.names - own)) < WORDS_TO_LEAVE
    meant = [resolution.hits[0]] if resolution.decision == "found" else resolution.candidates
    if any(hit.uid == current.uid for hit in meant) or not foreign:
        return True
    return resolution.decision == "ambiguous" and len(foreign) < WORDS_TO_LEAVE


def _points_first(wording: _Wording, own: frozenset[str]) -> bool:
    """Return whether "it" stands before any word foreign to the product, as in "does it fit the X200?"."""
    pointing = [place for place, word in enumerate(wording.words) if word in POINTING_WORDS]
    foreign = [place for place, word in enumerate(wording.words) if word in wording.naming - own]
    return bool(pointing) and (not foreign or pointing[0] < foreign[0])


@lru_cache(64)
def _words_of(text: str) -> frozenset[str]:
    """Return the folded words of a product's text, which is read once while a talk stays with it: it may be long."""
    return frozenset(fold(text).split())

"""Conversation: what each turn wants, and which product or products the talk is about, turn by turn.

The state is a function of the shopper's turns alone, so a history in plain text
gives the same state as the live talk. No model is asked.

    turn = understand(State(), "is the Harrow kettle loud?", index, catalogue)
    turn.candidates                                   # two kettles fit
    turn = understand(turn.state, "the red one", index, catalogue)
    turn.uid, turn.question                           # the red kettle, "is the Harrow kettle loud?"
"""

import itertools
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from assistant.attributes import asked_about, matter_of
from assistant.choice import LONGEST_CHOICE_WORDS, asks_behind_a_name, asks_something, chosen, denies
from assistant.messages import Message
from assistant.question import is_closed, pointing, read_question
from assistant.shopping.comparison import named_beside, points_at_both
from assistant.shopping.discovery import NOTHING, Found
from assistant.shopping.help import is_courtesy, is_of_itself
from assistant.shopping.intents import Intent, Intents
from assistant.shopping.mentions import MOST_TOGETHER, named_together
from assistant.shopping.reference import (
    Antecedents,
    Utterance,
    meant,
    names_beyond,
    names_in,
    points_before_it_names,
    referents,
)
from index.catalogue.store import Catalogue
from index.errors import QuestionError
from index.resolver import MAX_QUESTION_CHARACTERS, Hit, Resolution, TitleIndex, check_question
from index.text import POINTING_WORDS, WORD, content_words, fold, stem, unaccented

MAX_TURNS_REPLAYED = 50  # of the shopper; 5 ms each, a need half a second where it was not judged before
MAX_CHARACTERS_REPLAYED = 20_000  # of all these turns
MAX_EARLIER = 4  # products that the talk can go back to
# A question leaves the product of the talk, whatever else speaks for it, where so many of its words look like names of
# another one: "how loud is the Zephyr X9?".
WORDS_TO_LEAVE = 2
LEAST_SURE = 0.5  # probability from which a turn is taken for what it wants
LIKELY_A_NEED = 0.4
SURELY_NO_TITLE = 0.8  # where one was found all the same
SURE_OF_A_TITLE = 0.9
ONE_OF_ALL = frozenset("it its this that ele ela isso isto".split())  # point at a single product
SEVERAL_OF_ALL = frozenset("them two three deles delas dois duas tres".split())  # point at all of them
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
# An amount, at the end of a question: "more than 15 pounds", "12 inch wide paper".
_ASKED_AMOUNT = re.compile(
    r"(?P<compared>\b(?:(?:more|less|fewer|[a-z]{3,20}er|mais|menos) (?:than|de|que|do que)"
    r"|over|under|at least|at most|up to|até) )?"
    r"(?<![\w.,-])\d[\d.,/]{0,9}[^\W\d]{0,4}(?: [^\W\d]{1,20}){0,3}\W{0,3}$",
    re.I,
)
_BACK = re.compile(
    r"\b(?:back to|voltando|(?:the )?(?:first|previous|other|earlier) one|the other(?=\W*$)"
    r"|[oa] outr[oa]|[oa] primeir[oa]|[oa] anterior)\b",
    re.I,
)


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
    def antecedents(self) -> Antecedents:
        """Return the products of the talk, as what refers to them is read."""
        return Antecedents(self.uid, [uid for uid in self.spoken_of if uid != self.uid], self.candidates)

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

    def turn(self) -> Turn:
        if turn := self._chosen():
            return turn
        asked = asked_in(self.question, self.index)
        return (
            self._compared(asked)
            or self._beside(asked)
            or self._referred(asked)
            or self._needed(asked.resolution, asked.intents)
            or self._named(asked.resolution)
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

    def _compared(self, asked: Utterance) -> Turn | None:
        """Set products side by side: those that are named, else those that were spoken of or offered last."""
        named = self._named_together(asked)
        if len(named) < 2:
            return None
        state = self.state.comparing(self._hits_of(named))
        return Turn(self.question, "", (), asked.resolution.hits, state, "comparison", named)

    def _named_together(self, asked: Utterance) -> tuple[str, ...]:
        current = self.state.uid
        near = tuple(hit.uid for hit in self.state.candidates) if not current else ()
        near = near or tuple(reversed(self.state.spoken_of[:2]))
        pointed_at = near if 1 < len(near) <= MOST_TOGETHER and points_at_both(self.question) else ()
        if current and asked.words & ONE_OF_ALL:  # "does it need the two batteries?"
            pointed_at = ()
        named: tuple[str, ...] = ()
        if not (current and POINTING_WORDS & asked.words):
            rarity = self.index.descriptions.rarity
            amount = _ASKED_AMOUNT.search(self.question)  # "heavier than 20 pounds" names no second product
            question = self.question[: amount.start()] if amount and amount["compared"] else self.question
            named = named_together(question, asked.resolution, rarity, compares=asked.intents["compare"])
        if named and not (pointed_at and asked.words & SEVERAL_OF_ALL and set(named).isdisjoint(near)):
            return named
        if current and (beside := named_beside(self.question)) and (other := self._another(beside)):
            return (current, other)
        return pointed_at if asked.resolution.decision != "found" else ()

    def _another(self, named: str) -> str:
        """Return the uid of the product besides the talk's own that a few words name, "" where that is not sure."""
        rest = Antecedents("", self.state.antecedents.earlier, self.state.candidates)
        options = referents(asked_in(named, self.index), rest, self.catalogue.find, self.index.descriptions.rarity)
        return meant([option for option in options if option.uid != self.state.uid])

    def _beside(self, asked: Utterance) -> Turn | None:
        """Leave the talk's product and what waits as they are: the turn is about no product."""
        resolution, intents = asked.resolution, asked.intents
        intent: Intent = max(_BESIDE, key=lambda each: intents[each])
        itself = intents["product"] < LEAST_SURE and is_of_itself(self.question)
        intent = "help" if itself else intent
        of_none = sum(intents[each] for each in _BESIDE)
        if self.state.uid or self.state.candidates:
            points = POINTING_WORDS & asked.words or _BACK.search(self.question)
            surely = not points and intent != "help" and of_none >= SURELY_BESIDE
            chats = bool(self.state.uid) and intents["help"] >= LEAST_SURE and self._asks_nothing
            polite = is_courtesy(self.question) or chats
            intent = "help" if polite else intent
            beside = polite or (surely and not self._asks_a_fact(intent))
        else:
            sure_of_title = resolution.decision == "found" and resolution.probability >= SURE_OF_A_TITLE
            likely = of_none >= (SURELY_NO_TITLE if sure_of_title else LEAST_SURE)
            beside = (likely and not self._asks_a_fact(intent)) or (itself and not sure_of_title)
        return Turn(self.question, "", (), (), self.state, _BESIDE[intent]) if beside else None

    @cached_property
    def _asks_nothing(self) -> bool:
        """Return whether a turn asks nothing by its words: "aw he's cute", "que bom"."""
        return not ("?" in self.question or asks_something(self.question) or asked_about(self.question))

    def _asks_a_fact(self, intent: Intent) -> bool:
        """Return whether a turn of another topic asks what products have: "how heavy is the Wexcombe scarf".

        An order's matters, as its price, are none of these.
        """
        beside = intent == "other" or (intent == "order" and matter_of(self.question) is None)
        return beside and bool(asked_about(self.question))

    def _referred(self, asked: Utterance) -> Turn | None:
        """Take the product of the talk that the turn means, or another one that it names."""
        current = self.state.uid
        of_what_is_not_there = not current and not self.state.candidates and asked.words & ONE_OF_ALL
        if self.state == State() or of_what_is_not_there:
            return None
        if current and points_before_it_names(self.question, self.catalogue.find(current)):
            return self._about(current, self.question, asked.resolution.hits)
        options = referents(asked, self.state.antecedents, self.catalogue.find, self.index.descriptions.rarity)
        uid = meant(options)
        if (
            uid == current
            and current
            and len(names_beyond(self.question, self.catalogue.find(current))) >= WORDS_TO_LEAVE
        ):
            return None
        return self._about(uid, self._question_of(uid), asked.resolution.hits) if uid else None

    @cached_property
    def rest(self) -> str:
        """Return the turn without what leads over to another product."""
        return _behind_the_lead(self.question)

    def _question_of(self, uid: str) -> str:
        """Return what a turn asks of the product that it means: the last question, where it only names it."""
        last = self.state.waiting or self.state.question
        leads = self.rest != self.question or _BACK.search(self.question) is not None or not self.state.uid
        if uid == self.state.uid or not last or not leads:
            return self.question
        title = self.catalogue.find(uid).title
        rest = _BACK.sub(" ", self.rest)
        asks = not read_question(rest, title).asks_what_it_is(uid) and content_words(rest) - content_words(title)
        if asks and (asks_something(rest) or asks_behind_a_name(rest)):
            return self.question
        return pointing(last, self.catalogue.find(self.state.uid).title) if self.state.uid else last

    def _needed(self, resolution: Resolution, intents: Mapping[Intent, float]) -> Turn | None:
        """Look for products that fit a need, and offer them to choose from."""
        # What sets nothing side by side is no comparison: "gel pens, 6 or 8, smelly or fruity".
        needs = intents["need"] + (intents["compare"] if resolution.decision == "unknown" else 0.0)
        if needs < LIKELY_A_NEED:
            return None
        found = self.fitting(self.question)
        if not found.fitting and resolution.decision == "found":
            return None
        state = self.state.offering(self._hits_of([fit.product.uid for fit in found.fitting or found.near]), "")
        return Turn(self.question, "", (), resolution.hits, state, "need", found=found)

    def _named(self, resolution: Resolution) -> Turn:
        """Take the question for itself: about one product, some to choose from, or none."""
        question, hits = self.question, resolution.hits
        if resolution.decision == "found":
            return self._about(hits[0].uid, question, hits, resolution.probability)
        if resolution.decision == "ambiguous":
            state = self.state.offering(resolution.candidates, question)
            return Turn(question, "", resolution.candidates, hits, state, missing=resolution.missing)
        short = len(fold(question).split()) <= LONGEST_CHOICE_WORDS
        if self.state.candidates and not self.state.uid and short and len(names_in(question)) < WORDS_TO_LEAVE:
            return Turn(question, "", self.state.candidates, self.state.candidates, self.state)
        return Turn(question, "", (), hits, self.state.without_product(question), missing=resolution.missing)

    def _hits_of(self, uids: Sequence[str]) -> tuple[Hit, ...]:
        return tuple(Hit(uid, self.catalogue.find(uid).title, 1.0) for uid in uids)


def asked_in(question: str, index: TitleIndex) -> Utterance:
    """Return a turn as what it refers to is read from it, whatever the talk."""
    resolution = _resolved(question, index)
    intents = Intents.shipped().probabilities(question, resolution)
    words = frozenset(fold(question).split())
    rest = _behind_the_lead(question)
    leads = rest != question and bool(rest.strip())
    return Utterance(question, words, resolution, intents, leads, index.resolve(rest).hits if leads else ())


def _resolved(question: str, index: TitleIndex) -> Resolution:
    """Return what titles a question names; a closed one beside an amount that it asks about, where that finds more.

    "does the versacart weigh more than 15 pounds" is about no product of 15 pounds; "the 2014 edition?" is another one.
    """
    whole = index.resolve(question)
    amount = _ASKED_AMOUNT.search(question)
    if amount is None or whole.decision == "found" or not is_closed(question):
        return whole
    rest = question[: amount.start()]
    named = index.resolve(rest)
    if amount["compared"]:
        return named
    if named.decision == "unknown" or (named.decision == "ambiguous" and whole.decision != "unknown"):
        return whole
    if named.missing:  # "is the Zyxomat desk robot 9000 waterproof?"
        return whole
    before = WORD.findall(unaccented(rest))[-1:]
    is_named = before and stem(before[0]) in content_words(named.hits[0].title)  # "taj mahal 1000 pieces"
    return whole if is_named else named


def _behind_the_lead(question: str) -> str:
    """Return a turn without what leads over to another product: "and the", "no, i mean"."""
    lead = _CARRIES_OVER.match(question)
    return question[lead.end() :] if lead else question


def replay(
    history: Sequence[Message],
    index: TitleIndex,
    catalogue: Catalogue,
    fitting: Fitting = find_nothing,
    cancel: threading.Event | None = None,
) -> State:
    """Return the state after a history, or after as much of it as was read before `cancel` was set.

    Turns that hold no question change nothing. Where the shopper's own turns lead to no product, the newest assistant
    turn that names one decides.
    """
    cancelled = cancel or threading.Event()
    state = State()
    for question in reversed(_newest([message.content for message in history if message.role == "user"])):
        state = state if cancelled.is_set() else _after(state, question, index, catalogue, fitting)
    if state != State():
        return state
    for text in _newest([message.content for message in history[-MAX_TURNS_REPLAYED:] if message.role == "assistant"]):
        state = State() if cancelled.is_set() else _after(State(), text, index, catalogue, find_nothing)
        if state.uid:
            return state
    return State()


def _newest(texts: Sequence[str]) -> list[str]:
    """Return the turns that are replayed, the newest first; those that are no question cost nothing."""
    newest = [text for text in reversed(texts[-MAX_TURNS_REPLAYED:]) if len(text) <= MAX_QUESTION_CHARACTERS]
    lengths = itertools.accumulate(map(len, newest))
    return [text for text, length in zip(newest, lengths, strict=True) if length <= MAX_CHARACTERS_REPLAYED]


def _short(question: str) -> str:
    """Return a question that was put together, no longer than one may be."""
    return question[:MAX_QUESTION_CHARACTERS]


def _after(state: State, text: str, index: TitleIndex, catalogue: Catalogue, fitting: Fitting) -> State:
    try:
        check_question(text)
    except QuestionError:
        return state
    return understand(state, text, index, catalogue, fitting).state

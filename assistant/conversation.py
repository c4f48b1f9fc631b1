"""Conversation: which product the talk is about, turn by turn.

The state is a function of the shopper's turns alone, so a history in plain text
gives the same state as the live talk. No model is asked.

    turn = understand(State(), "is the Harrow kettle loud?", index, catalogue)
    turn.candidates                                   # two kettles fit
    turn = understand(turn.state, "the red one", index, catalogue)
    turn.uid, turn.question                           # the red kettle, "is the Harrow kettle loud?"
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.messages import Message
from index.catalogue.store import Catalogue, Product
from index.errors import QuestionError
from index.resolver import Hit, Resolution, TitleIndex, check_question
from index.text import FRAME_WORDS, POINTING_WORDS, fold, title_part

MAX_TURNS_REPLAYED = 50  # of the shopper; 5 ms each
LONGEST_CHOICE_WORDS = 12  # of an answer to "which one?"
# A question that fits no title for sure leaves the product only if this many of its words name, or look like the
# name of, another one: "how loud is the Zephyr X9?", but not "and the warranty?".
WORDS_TO_LEAVE = 2

_ORDINALS = {
    word: place
    for place, words in enumerate(
        (
            "first 1st primeiro primeira 1o 1a",
            "second 2nd two segundo segunda 2o 2a dois",
            "third 3rd three terceiro terceira 3o 3a tres",
            "fourth 4th four quarto quarta 4o 4a quatro",
        )
    )
    for word in words.split()
}
_LAST = frozenset({"last", "ultimo", "ultima"})
_CHOOSING_WORDS = (
    FRAME_WORDS
    | POINTING_WORDS
    | frozenset(
        """
    number option mean yes numero opcao sim version versao
    """.split()
    )
)


@dataclass(frozen=True)
class State:
    """What the talk is about: a product, or the candidates of an open "which one?" and the question that waits."""

    uid: str = ""
    candidates: tuple[Hit, ...] = ()
    waiting: str = ""


@dataclass(frozen=True)
class Turn:
    """One understood turn: the question to answer, and about what.

    `uid` is empty where no single product is meant; then `candidates` are offered, if any.
    `hits` are the titles that the question may have meant, best first; `compares` says that it names each candidate.
    `probability` is that of the product being the one meant; None where it was chosen or kept. `missing` are words of
    the question that no title has, though it names one by the rest.
    """

    question: str
    uid: str
    candidates: tuple[Hit, ...]
    hits: tuple[Hit, ...]
    state: State
    compares: bool = False
    probability: float | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Wording:
    """The folded words of a turn: all, those that may name a product, and those that look like names of one."""

    words: tuple[str, ...]
    naming: frozenset[str]
    names: frozenset[str]


def understand(state: State, question: str, index: TitleIndex, catalogue: Catalogue) -> Turn:
    """Return what a checked question means in the light of the talk so far."""
    wording = _wording_of(question)
    if state.candidates:
        candidates = [catalogue.find(hit.uid) for hit in state.candidates]
        place = _choice(wording.words, candidates)
        if place is not None:
            uid = candidates[place].uid
            return Turn(state.waiting, uid, (), state.candidates, State(uid))
    resolution = index.resolve(question)
    if state.uid and _stays(wording, resolution, catalogue.find(state.uid)):
        return Turn(question, state.uid, (), resolution.hits, State(state.uid))
    if resolution.decision == "found":
        uid = resolution.hits[0].uid
        return Turn(question, uid, (), resolution.hits, State(uid), probability=resolution.probability)
    if resolution.decision == "ambiguous":
        waiting = State("", resolution.candidates, question)
        missing = resolution.missing
        return Turn(question, "", resolution.candidates, resolution.hits, waiting, resolution.compares, missing=missing)
    short = len(wording.words) <= LONGEST_CHOICE_WORDS
    if state.candidates and short and len(wording.names) < WORDS_TO_LEAVE:
        return Turn(question, "", state.candidates, state.candidates, state)
    return Turn(question, "", (), resolution.hits, State(), missing=resolution.missing)


def replay(history: Sequence[Message], index: TitleIndex, catalogue: Catalogue) -> State:
    """Return the state after a history; turns that hold no question change nothing.

    Where the shopper's own turns lead to no product, the newest assistant turn that names one decides.
    """
    state = State()
    asked = [message.content for message in history if message.role == "user"]
    for question in asked[-MAX_TURNS_REPLAYED:]:
        state = _after(state, question, index, catalogue)
    if state != State():
        return state
    for message in reversed(history[-MAX_TURNS_REPLAYED:]):
        if message.role == "assistant":
            state = _after(State(), message.content, index, catalogue)
            if state.uid:
                return state
    return State()


def _wording_of(question: str) -> _Wording:
    """Read the words of a turn; the first one may have a capital without being a name."""
    words = question.split()
    capitals = [word for word in words[1:] if word[:1].isupper()]
    numbers = [word for word in words if any(sign.isdigit() for sign in word)]
    names = frozenset(fold(" ".join(capitals + numbers)).split()) - FRAME_WORDS
    folded = fold(question)
    return _Wording(tuple(folded.split()), frozenset(title_part(folded).split()), names)


def _choice(words: Sequence[str], candidates: Sequence[Product]) -> int | None:
    """Return which candidate an answer to "which one?" chooses: by number, ordinal, or words that only one has.

    Returns None where it chooses none of them, or more than one.
    """
    if len(words) > LONGEST_CHOICE_WORDS:
        return None
    telling = [word for word in words if word not in _CHOOSING_WORDS]
    places = [_place(word, len(candidates)) for word in telling]
    if len(places) == 1 and places[0] is not None:
        return places[0]
    titles = [frozenset(fold(candidate.title).split()) for candidate in candidates]
    contents = [frozenset(fold(candidate.content).split()) for candidate in candidates]
    for texts in (titles, [title | content for title, content in zip(titles, contents, strict=True)]):
        shared = frozenset.intersection(*texts)
        asked = frozenset(telling) - shared
        named = asked & frozenset.union(*texts)
        fitting = [place for place, own in enumerate(texts) if own >= named]
        if named and len(named) * 2 >= len(asked) and len(fitting) == 1:
            return fitting[0]
    return None


def _after(state: State, text: str, index: TitleIndex, catalogue: Catalogue) -> State:
    try:
        check_question(text)
    except QuestionError:
        return state
    return understand(state, text, index, catalogue).state


def _place(word: str, count: int) -> int | None:
    if word.isdecimal() and 1 <= int(word) <= count:
        return int(word) - 1
    if word in _LAST:
        return count - 1
    place = _ORDINALS.get(word)
    return place if place is not None and place < count else None


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

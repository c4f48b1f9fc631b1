"""Comparing: what is asked of each product that is set side by side, and which of them wins.

comparison = read_comparison("A or B, which is lighter?", titles)
comparison.questions[0]         # "How much does it weigh?"
comparison.outcome([Stated("It weighs 1.2 kg."), Stated("It weighs 2 lb.")])      # Outcome(1, measured=True)
"""

import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from assistant.phrases import Language, language_of
from assistant.shopping.of_each import NAME, asked_of_each
from index.quantities import SAME, Quantity, quantities_in
from index.text import GRAMMAR_WORDS, POINTING_WORDS, WORD, content_words, stem, unaccented

CONVERTED = 0.08  # of an amount: closer ones in one text are one, in other units and rounded: "2 mph (3 km/h)"
LONGEST_ABBREVIATION = 3  # letters of a unit that has no plural
MOST_WORDINGS = 4  # of what is asked of each
_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_ASKING = _TABLE["asking"]


def _any_of(name: str) -> str:
    return "|".join(_ASKING[name].strip().splitlines())


_STUFF = re.compile(_any_of("stuff"), re.I)
_NUMBERED = re.compile(_any_of("numbered"), re.I)
_LIQUIDS, _INSIDE, _PIECES = (frozenset(_ASKING[name].split()) for name in ("liquids", "inside", "pieces"))
_MEASURES_OF_STUFF = ("volume", "mass", "pieces")
# "more pieces", "fewest font sizes", "how many pages"
_COUNTED = re.compile(
    r"\b(?:more|most|fewer|less|fewest|mais|menos|maior numero de) "
    r"((?:(?!than|que|for|to|in|on|of|with|like|the|a|at)[a-z]+ ){0,2}?[a-z]{2,}(?<!ou)(?<!le)(?<!ne)(?<![ius])s)\b"
    r"|\b(?:how many|quant[oa]s)(?: more| fewer| mais)? (?!of\b|d[aeo]s?\b)(\w+)",
    re.I,
)
_MORE_OF = re.compile(r"\b(?:more|most|fewer|less|least|fewest|mais|menos) (\w+)\b")
_BETWEEN = re.compile(_ASKING["between"])
# "which doesn't need batteries", "qual não precisa de pilha"; what does not is asked for what does.
_NOT = re.compile(
    r"(?P<which>\b(?:wh?ich|what|who|qual)"
    r"(?: (?:one|of (?:them|these|those|the two)|del[ae]s|d[oa]s (?:dois|duas)))?(?: that)? )"
    r"(?:(?P<does>does|is|can|will|has)(?:n?['’]?t|n?ot| not)\b|(?P<will>wo)n['’]?t\b"
    r"|(?P<has>has|have|needs|uses|contains)(?= (?:no|zero) )|n[ãa]o (?=\w))(?: (?:no|zero)(?= ))?",
    re.I,
)
_OF_BOTH = re.compile(_any_of("of_both"), re.I)
_THAN = re.compile(
    r"(?:\b(?:than|do que)\b|\b(?:maior|menor|melhor|mais \w+) que (?=[oa]\b))(?! (?:an?|one|um|uma)\b|\W*\d)", re.I
)
_THAT = r"(?:that|this|it|esse|essa|este|esta|ele|ela)(?: one)?"
_THAT_OR = re.compile(
    rf"\b{_THAT} (?:or|ou) (?P<behind>\w.*)|^(?P<front>.*\w) (?:or|ou) {_THAT}(?=\W*$|[,;])", re.I | re.S
)
_THRESHOLD = re.compile(_any_of("threshold"), re.I)
_ASKS_IT = re.compile(r"(is|are|has|have|do|does)\b(?! (?:i|you|it|they|we|one)\b)", re.I)
_OF_IT = {"are": "is it", "has": "does it have", "have": "does it have", "do": "does it"}
_AMOUNTS = re.compile(_ASKING["amounts"], re.I)
_MORE = re.compile(_any_of("more"), re.I)
_LESS = re.compile(_any_of("less"), re.I)
_WHOLE = re.compile(_any_of("whole"), re.I)
_BESIDE = frozenset(_ASKING["beside"].split())
_ARTICLES = frozenset({"the", "a", "an"})
_OF_SOMETHING_ELSE = re.compile(r"How \w{1,30} (?:(?:is|are) its|(?:\w{1,30} ){0,20}does it) ")
_ITS_OWN_PORTUGUESE = re.compile(_ASKING["its_own_portuguese"], re.I)
_QUALITY = re.compile(r"\b(?:maior|menor) (?!que\b|do\b|da\b|de\b|dos\b|das\b)(\w{3,})", re.I)
_THING_ASKED = re.compile(r"\b(which|what) (\w{2,40})(['’]s)?", re.I)
_POSSESSIVE = re.compile(r"['’]s$")

Wins = Literal["more", "less", ""]
_OPPOSITE: dict[Wins, Wins] = {"more": "less", "less": "more", "": ""}


@dataclass(frozen=True)
class Stated:
    """What is said of one of the products: in the reply's words, in those quoted, and whether it is a yes or a no.

    All are "" where its description does not tell.
    """

    words: str = ""
    quoted: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Outcome:
    """The place of the product that a comparison favours, None for none, and whether amounts decided."""

    place: int | None = None
    measured: bool = False

    @property
    def tied(self) -> bool:
        """Return whether the best amounts are the same."""
        return self.measured and self.place is None


@dataclass(frozen=True)
class ComparisonQuery:
    """What is asked of each product, in one wording or more, and which amount wins.

    Amounts are of a dimension, or of what is counted; where neither is known, of whatever all sides state one of.
    `wins` is "" where no amount decides, but the only yes. No wording at all asks what each product is. Where
    `in_titles` is set, an amount in a title is the one that is asked for: "20 sheets" of a punch, but not "12 ton" of a
    jack whose weight is asked. Of their `own` amounts limits are none: "holds up to 30 lb". Where the comparison is
    `negated` ("which doesn't need batteries?"), the only no is favoured.
    """

    questions: tuple[str, ...]
    dimension: str = ""
    counted: str = ""
    wins: Wins = ""
    largest: bool = False  # of several amounts of one text; else it is not known which is meant
    also: tuple[str, ...] = ()  # dimensions that stand for it where it is not stated: a size may be a volume
    in_titles: bool = False
    own: bool = False
    negated: bool = False

    @property
    def measures(self) -> bool:
        """Return whether it is known which amounts decide."""
        return bool(self.dimension or self.counted or self.also)

    def outcome(self, sides: Sequence[Stated]) -> Outcome:
        """Return which product the comparison favours, by amounts where they decide, else by the only yes."""
        wanted, unwanted = ("no", "yes") if self.negated else ("yes", "no")
        favoured = [place for place, side in enumerate(sides) if side.verdict == wanted]
        if not favoured and all(side.words for side in sides):
            favoured = [place for place, side in enumerate(sides) if side.verdict != unwanted]
        decided = not self.measures and len(favoured) == 1 and all(side.verdict for side in sides)
        if self.wins and not decided and all(side.words for side in sides):
            for texts in ([side.words for side in sides], [side.quoted for side in sides]):
                if outcome := self._by_amounts(texts):
                    return outcome
        measured_alone = self.dimension or self.also
        return Outcome(favoured[0] if len(favoured) == 1 and not measured_alone else None)

    def states(self, text: str) -> bool:
        """Return whether a text states an amount of what is compared."""
        found = quantities_in(text)
        for kind in self._kinds:
            meant = [each for each in found if _is_of(each, kind)]  # "3D" is no number of pieces
            if meant and self._amount(meant, kind) is not None:
                return True
        return False

    @property
    def _kinds(self) -> list[tuple[str, str]]:
        """Return the kinds of amounts that decide, the first that all sides state: dimension, and what is counted."""
        return [(self.dimension, "" if self.dimension else self.counted), *((each, "") for each in self.also)]

    def _by_amounts(self, texts: Sequence[str]) -> Outcome | None:
        """Return what the amounts of these texts decide; None where it is not known which are meant.

        Where it is not known what is measured, all that they have in common must favour the same one, or none.
        """
        places = [_best(amounts, wins) for wins, amounts in self._amounts(texts)]
        favoured = set(places[:1] if self.measures else places) - {None}
        return Outcome(next(iter(favoured), None), measured=True) if places and len(favoured) < 2 else None

    def _amounts(self, texts: Sequence[str]) -> Iterator[tuple[Wins, list[float]]]:
        """Yield for each kind of amount that all texts state which one wins, and that of each text, in one unit."""
        found = [quantities_in(text) for text in texts]
        kinds: dict[tuple[str, str], Wins] = dict.fromkeys(self._kinds, self.wins)
        if self.dimension == "speed":
            kinds["time", ""] = "less"
        if not self.measures:
            kinds = dict.fromkeys(_common(found), self.wins)
        for kind, wins in kinds.items():
            amounts = [self._amount(quantities, kind) for quantities in found]
            if None not in amounts:
                yield wins, [amount for amount in amounts if amount is not None]

    def _amount(self, quantities: Sequence[Quantity], kind: tuple[str, str]) -> float | None:
        """Return the amount of a kind, in its dimension's first unit.

        None where there is none, or several of which it is not known which is meant.
        """
        meant = [each for each in quantities if _is_of(each, kind) and not (self.own and each.is_limit)]
        values = [self._value(each) for each in meant]
        if not values and self.counted and len(quantities) == 1 and not quantities[0].dimension:
            values = [quantities[0].high]  # "43 interlocking pieces"
        values = [value for value in values if math.isfinite(value)]
        if not values or not (self.largest or math.isclose(min(values), max(values), rel_tol=CONVERTED)):
            return None
        return max(values) if self.largest else values[0]

    def _value(self, quantity: Quantity) -> float:
        """Return the end of a range that counts: its high one, of the ages that something begins with the low one."""
        low_counts = self.wins == "less" and quantity.dimension == "time"
        first, second = (quantity.low, quantity.high) if low_counts else (quantity.high, quantity.low)
        return first if math.isfinite(first) else second


@dataclass(frozen=True)
class _Measure:
    asked: re.Pattern[str]
    questions: dict[Language, str]
    query: ComparisonQuery  # without its questions


_MEASURES = [
    _Measure(
        re.compile(rf"\b(?:{row['words']})", re.I),
        row["questions"],
        ComparisonQuery(
            (),
            row["measures"],
            wins=row["wins"],
            largest="largest" in row,
            also=tuple(row.get("also", "").split()),
            in_titles="in_titles" in row,
            own="own" in row,
        ),
    )
    for row in _TABLE["by"]
]


def points_at_both(text: str) -> bool:
    """Return whether a turn compares without naming: "which of the two is lighter?"."""
    return _OF_BOTH.search(text) is not None


def named_beside(text: str) -> str:
    """Return the words that name what is set beside the product of the talk, "" where nothing is.

    "is it lighter than *the red one*?", "*is the red one* lighter than that?", "which is lighter, that or *the red*?"
    """
    if than := _THAN.search(text):
        front, behind = text[: than.start()], text[than.end() :]
        return behind if content_words(behind) - POINTING_WORDS else front
    either = _THAT_OR.search(text)
    return (either.group("behind") or either.group("front")) if either else ""


def read_comparison(text: str, titles: Sequence[str]) -> ComparisonQuery:
    """Return by what the products of these titles are compared, and the question that is put to each."""
    if (affirmed := _affirmed(text)) != text:
        query = read_comparison(affirmed, titles)
        return replace(query, wins=_OPPOSITE[query.wins], negated=True)
    language = language_of(text)
    pieces = _with_names_marked(text, titles)
    of_each = _distinct(*filter(_says_what, map(asked_of_each, pieces))) if language == "en" else ()
    pieces = [" ".join(piece.replace(NAME, " ").split()) for piece in pieces]
    wordings = of_each or [wording for piece in _asking(pieces) for wording in _worded(piece, language)]
    # Of what has a longer cord, or charges faster, another length is asked, or speed.
    is_its_own = not any(_OF_SOMETHING_ELSE.match(question) for question in of_each)
    if language == "pt":
        is_its_own = _ITS_OWN_PORTUGUESE.search(" ".join(pieces)) is None
        if quality := _QUALITY.search(" ".join(pieces)):
            return ComparisonQuery(
                _distinct(f"Qual a {quality[1]}?", *wordings), wins="more" if "aior" in quality[0] else "less"
            )
    asked = _THRESHOLD.sub(" ", ", ".join(pieces))
    wins: Wins = "less" if _LESS.search(asked) else "more" if _MORE.search(asked) or _AMOUNTS.search(asked) else ""
    for measure in _MEASURES:
        if measure.asked.search(asked):
            at_large = measure.questions[language] if is_its_own else ""
            return replace(measure.query, questions=_distinct(at_large, *wordings))
    plain = unaccented(asked)
    if counted := _counted(plain, unaccented(text)):
        if counted in _PIECES and not any(stem(counted) in content_words(title) for title in titles):
            counted = "pecas" if language == "pt" else "pieces"
        is_short = len(counted) <= LONGEST_ABBREVIATION and _dimension(counted)  # "hp", "mhz"
        several = counted if counted.endswith("s") or is_short else f"{counted}s"
        question = f"Quantas {several} tem?" if language == "pt" else f"How many {several} does it have?"
        if not is_its_own:
            question = ""
        dimension, stemmed = _dimension(counted), stem(counted.split()[-1])
        largest = dimension == "length"  # of a tape 2 inches wide the yards are meant
        return ComparisonQuery(_distinct(question, *wordings), dimension, stemmed, wins or "more", largest, (), True)
    if (stuff := _stuff(plain, titles)) is not None:
        question = f"Quanto tem de {stuff}?" if language == "pt" else f"How much {stuff} is in it?"
        wordings = [" ".join(question.split()), *wordings]
        return ComparisonQuery(_distinct(*wordings), wins=wins or "more", also=_MEASURES_OF_STUFF, in_titles=True)
    return ComparisonQuery(_distinct(*wordings), wins=wins)


def _affirmed(text: str) -> str:
    """Return a comparison that asks which one does not, as one that asks which does."""
    return _NOT.sub(
        lambda found: found["which"] + (found["does"] or found["has"] or ("will" if found["will"] else "")),
        text,
        count=1,
    )


def _stuff(asked: str, titles: Sequence[str]) -> str | None:
    """Return what more is wanted of, in a plain comparison: "glue" of two glues; None where it is not in the products.

    More suction or light is not measured by how much of something there is.
    """
    if (found := _STUFF.search(asked)) is None:
        return None
    named = found[1] or found[2] or ""
    if not named or named in _INSIDE:
        return ""
    is_inside = named in _LIQUIDS or all(stem(named) in content_words(title) for title in titles)
    return named if is_inside else None


def _counted(asked: str, text: str) -> str:
    """Return what is asked for by number: "pieces", "amps"; "" where nothing is.

    Both are plain; `asked` is the text without its names, which may hold the very unit ("5 Sheet Capacity").
    """
    if found := _COUNTED.search(asked):
        return found[1] or found[2]
    for found in _NUMBERED.finditer(text):
        word = found[1] or found[2]
        if _dimension(word) or (found[1] and found[0].startswith(("number", "numero")) and word.endswith("s")):
            return word
    return next((word for word in _MORE_OF.findall(asked) if _dimension(word)), "")


def _dimension(counted: str) -> str:
    """Return the dimension of a unit, "" of what is no unit."""
    amounts = quantities_in(f"2 {counted}")
    return amounts[0].dimension if amounts else ""


def _distinct(*questions: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, questions)))[:MOST_WORDINGS]


def _with_names_marked(text: str, titles: Sequence[str]) -> list[str]:
    """Return the pieces of a question, between its signs, with `NAME` in place of what names each product.

    A product is named where most of its title stands, best of all a number of it, and in every other piece that says
    as much of it.
    """
    pieces = [WORD.findall(piece) for piece in _BETWEEN.split(" ".join(text.split()))]
    named = [content_words(title) for title in titles]
    mentions: list[tuple[int, int, int]] = []  # piece, start and stop
    for own in named:
        others = frozenset[str]().union(*(each for each in named if each is not own))
        found = [(place, *_mention(words, own, own - others)) for place, words in enumerate(pieces)]
        weights = [
            (any(char.isdigit() for word in pieces[place][start:stop] for char in word), stop - start)
            for place, start, stop in found
        ]
        most = max(weights, default=(False, 0))
        mentions += [each for each, weight in zip(found, weights, strict=True) if weight == most and weight[1]]
    of_all = frozenset.intersection(*named) if named else frozenset()
    for place, start, stop in sorted(set(mentions), reverse=True):
        words = pieces[place]
        led = start > 0 and unaccented(words[start - 1]) in _ARTICLES
        words[start - led : stop] = [NAME]
    return [_THING_ASKED.sub(partial(_without_thing, of_all), " ".join(words)) for words in pieces]


def _without_thing(of_all: frozenset[str], found: re.Match[str]) -> str:
    """Return "which" of "which kettle", "whose" of "which kettle's", where each of the products is one."""
    if stem(unaccented(found[2])) not in of_all:
        return found[0]
    return "whose" if found[3] else found[1]


def _says_what(question: str) -> bool:
    """Return whether a question asks for more than the difference, or the better one."""
    return any(word not in _BESIDE | GRAMMAR_WORDS for word in WORD.findall(unaccented(question)))


def _asking(pieces: Sequence[str]) -> list[str]:
    """Return the pieces of a question that ask something, without the words that compare; all where none asks."""
    rests = [" ".join(word for word in piece.split() if unaccented(word) not in _BESIDE) for piece in pieces]
    rests = [rest for rest in rests if content_words(rest)]
    return [rest for rest in rests if _asks(rest)] or rests


def _asks(piece: str) -> bool:
    return _WHOLE.match(piece) is not None or _MORE.search(piece) is not None or _LESS.search(piece) is not None


def _worded(piece: str, language: Language) -> Iterable[str]:
    """Yield a piece of a comparison as questions about one product."""
    if language == "pt":
        yield f"{piece[:1].upper()}{piece[1:]}?"
    elif _WHOLE.match(piece):
        yield _ASKS_IT.sub(lambda found: _OF_IT.get(found[1].lower(), f"{found[1]} it"), f"{piece}?", count=1)
    else:
        yield f"Is it {piece}?"
        yield f"Does it {piece}?"
        yield f"What is its {piece}?"


def _mention(words: Sequence[str], title: frozenset[str], own: frozenset[str]) -> tuple[int, int]:
    """Return where a piece names a title: the longest run of its words that holds one of its `own`; (0, 0) nowhere.

    A unit may stand in a run: "lumo 14 *gal* vac", "gust 8 *gal*".
    """
    best = (0, 0)
    stems = [stem(_POSSESSIVE.sub("", unaccented(word))) for word in words]
    places = [place for place, word in enumerate(stems) if word in title]
    start = 0
    for at, place in enumerate(places):
        following = places[at + 1] if at + 1 < len(places) else len(words) + 2
        unit = place + 1 < len(words) and following != place + 1 and _dimension(words[place + 1]) != ""
        if following - place > 1 + unit:
            run = (places[start], place + 1 + unit)
            if own & set(stems[slice(*run)]):
                best = max(best, run, key=lambda run: run[1] - run[0])
            start = at + 1
    return best


def _best(amounts: Sequence[float], wins: Wins) -> int | None:
    """Return the place of the one amount that wins, None where several are the same."""
    best = max(amounts) if wins == "more" else min(amounts)
    alike = [math.isclose(best, amount, rel_tol=SAME) for amount in amounts]
    return alike.index(True) if sum(alike) == 1 else None


def _common(found: Sequence[Sequence[Quantity]]) -> list[tuple[str, str]]:
    """Return the kinds of amounts, dimension and what is counted, that each of some texts states, as the first does."""
    kinds = [dict.fromkeys((each.dimension, each.counted) for each in quantities) for quantities in found]
    return [kind for kind in kinds[0] if any(kind) and all(kind in others for others in kinds[1:])]


def _is_of(quantity: Quantity, kind: tuple[str, str]) -> bool:
    dimension, counted = kind
    return quantity.dimension == dimension if dimension else bool(counted) and quantity.counted == counted

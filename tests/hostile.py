"""Hostile text for the tests: what patterns and readers are slow with, and how their time grows with it.

A text is a head, then one unit repeated: an opening that nothing closes, a word without an end, marks upon marks.

    growth(FRAME.findall, Attack("", "<b>").of)     # about 2 where it is linear, 4 where it is quadratic, 0 if quick
"""

import gc
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from re import _constants as codes  # type: ignore[attr-defined]  # how `re` itself reads a pattern; it has no public form
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST = 16_384  # characters
SHORTEST = 512
MEASURABLE_S = 0.02  # below it a time is noise, and harmless
MOST_GROWTH = 2.5  # times as long for twice the text
ROUNDS = 3

_OF_CATEGORY = {
    codes.CATEGORY_DIGIT: "1",
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_WORD: "a",
    codes.CATEGORY_NOT_DIGIT: "a",
    codes.CATEGORY_NOT_SPACE: "a",
    codes.CATEGORY_NOT_WORD: ",",
}
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
_MOST_UNITS = 32  # that are taken of one pattern's own parts


@dataclass(frozen=True)
class Attack:
    """A text of any length: `head` once, then `unit` over and over, then `tail` once."""

    head: str
    unit: str
    tail: str = ""

    def of(self, size: int) -> str:
        """Return the text of so many characters, about."""
        return self.head + (self.unit * (size // len(self.unit) + 1))[:size] + self.tail


# What breaks readers of any kind.
GENERAL = (
    *(
        Attack("", unit)
        for unit in ("a", "é", "1", " ", "\n", "\t", "a ", "1 ", "a-", "1-", "a'", "1,", "1.", "1/", "_")
    ),
    *(Attack("", unit) for unit in ('"', "'", "(", "[", "<", "{", "((a", "[1", "<b>", "<!--", "&amp;", "&", '"a', "*")),
    *(
        Attack("", unit)
        for unit in ("1x", "1 x 1", "1 1/2", '1"', "12 oz ", "a.a", "Yes. ", ", ", " • ", " | ", "; ", ": ")
    ),
    *(
        Attack("", unit)
        for unit in ("\u0301", "\u0301\u0323", "\uff9e\u0323", "e\u0301", "\u0e01", "漢", "🙂", "\u200d", "½", "ﷺ", "㉈")
    ),
    *(
        Attack("", unit)
        for unit in ("or ", "and ", "not ", "is it ", "A or B ", "No, ", "the other one ", "that holds ")
    ),
    Attack("a", " ", "b"),
    Attack("1", " ", "a"),
    Attack("a ", "1"),
    Attack(",", " "),
    Attack('"', "a"),
    Attack("(", "a"),
    Attack("<", "a"),
)


def attacks_on(pattern: re.Pattern[Any]) -> Iterator[Attack]:
    """Yield texts made of what a pattern looks for: its signs and words, and examples of it, cut short at any place."""
    tree = parser.parse(pattern.pattern, pattern.flags)
    signs = sorted(_signs_of(tree))
    examples = [_example(tree, choice, repeats) for choice in range(3) for repeats in (1, 3)]
    beginnings = [example[:length] for example in examples for length in range(1, min(len(example), 16))]
    for unit in dict.fromkeys(["a", "1", " ", *signs[:_MOST_UNITS], *filter(None, examples), *beginnings]):
        yield Attack("", unit)
    heads = [sign for sign in signs if len(sign) <= 2][:10]
    for head in [*heads, *filter(None, dict.fromkeys(examples))]:
        yield from (Attack(head, unit) for unit in ("a", "1", " "))
        yield Attack("", f"{head}{' ' * 9}")


def growth(work: Callable[[str], object], text_of: Callable[[int], str], longest: int = LONGEST) -> float:
    """Return how many times as long twice the text takes, by this thread's CPU time.

    The text grows until the time can be measured; 0 where even the longest takes none to speak of. What looks steep is
    measured again at twice the size: a step is no growth, and a busy machine may have been the reason.
    """
    size, before_s = SHORTEST, _cpu_s(work, text_of(SHORTEST // 2))
    while (now_s := _cpu_s(work, text_of(size))) < MEASURABLE_S:
        if size >= longest:
            return 0.0
        size, before_s = size * 2, now_s
    times = now_s / before_s
    for _ in range(ROUNDS):
        if times <= MOST_GROWTH:
            break
        whole_s, half_s = (min(_cpu_s(work, text_of(each)) for _ in range(3)) for each in (2 * size, size))
        size, times = 2 * size, min(times, whole_s / half_s)
    return times


def _cpu_s(work: Callable[[str], object], text: str) -> float:
    gc.disable()  # its pauses grow with all that was made, not with the text
    try:
        start_s = time.thread_time()
        work(text)
        return max(time.thread_time() - start_s, 1e-6)
    finally:
        gc.enable()


def _signs_of(tree: Any) -> set[str]:
    """Return the runs of literal signs in a parsed pattern, and a sign or two of each of its classes."""
    found, run = set(), ""
    for code, argument in tree:
        if code is codes.LITERAL:
            run += chr(argument)
            continue
        found.add(run)
        run = ""
        if code is codes.IN:
            found |= set(_members(argument)[:4])
        for part in _parts(code, argument):
            found |= _signs_of(part)
    return (found | {run}) - {""}


def _parts(code: Any, argument: Any) -> list[Any]:
    if code in _REPEATS:
        return [argument[2]]
    if code is codes.SUBPATTERN:
        return [argument[3]]
    if code is codes.ATOMIC_GROUP:
        return [argument]
    if code is codes.BRANCH:
        return list(argument[1])
    return [argument[1]] if code in (codes.ASSERT, codes.ASSERT_NOT) else []


def _members(of_class: Any) -> list[str]:
    """Return signs that a class of a pattern holds."""
    named = {codes.LITERAL: chr, codes.RANGE: lambda ends: chr(ends[0]), codes.CATEGORY: _OF_CATEGORY.__getitem__}
    signs = [named[code](argument) for code, argument in of_class if code in named]
    if of_class[0][0] is codes.NEGATE:
        return [sign for sign in 'a1 ,"(<' if sign not in signs]
    return signs


def _example(tree: Any, choice: int, repeats: int) -> str:
    """Return a text that the pattern matches, if its assertions hold: the `choice`-th branch, repeated so often."""
    text = ""
    for code, argument in tree:
        if code is codes.LITERAL:
            text += chr(argument)
        elif code in (codes.NOT_LITERAL, codes.ANY):
            text += "a"
        elif code is codes.IN:
            members = _members(argument) or [""]
            text += members[choice % len(members)]
        elif code in _REPEATS:
            least, most, part = argument
            text += _example(part, choice, repeats) * int(max(least, min(repeats, most)))
        elif code not in (codes.ASSERT, codes.ASSERT_NOT):
            parts = _parts(code, argument)
            text += _example(parts[choice % len(parts)], choice, repeats) if parts else ""
    return text

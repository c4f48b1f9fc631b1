"""Passages: a description cut by sentence and list item, with exact offsets.

split("Steel, 1.2 kg. Hand wash only.")[1]    # Passage(2, "Hand wash only.", 15, 30)
"""

import copy
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from index.text import content_words

Field = Literal["content", "title"]

LONGEST_PASSAGE = 240  # characters; run-on specifications are cut at the last soft break before it
SHORTEST_PASSAGE = 12  # characters; a shorter piece joins its neighbour
# Where a passage ends: after a sentence, and at what lists are written with: "•", "|" and "/ ".
# Some descriptions are in lower case throughout: there a full stop after a word of four letters ends a sentence too.
_ENDS = re.compile(
    r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-ZÀ-Ý0-9])|(?<=[a-zà-ÿ]{4}[.!?])\s+(?=[a-zà-ÿ])|\s{0,9}•\s*|\s{1,9}\|\s+|(?<=\w)/\s+(?=[A-Z0-9])"
)
_SOFT_BREAK = re.compile(r"[;,:/–—-]\s+|\s/\s")
# Words that end in a full stop within a sentence; a single capital is an initial, but not after a number ("1000 W.").
_ABBREVIATION = re.compile(
    r"(?:\b(?i:approx|dr|mr|mrs|ms|st|vs|etc|inc|no|vol|ed|oz|lb|lbs|ft|in|dia|max|min|e\.g|i\.e|fl|pág|ex|sr|sra|jr)"
    r"|(?<!\d )\b[A-Z])\.$"
)

_QUESTION = re.compile(r"(?:q|question|p|pergunta)\s?\d*\s?[:.)]", re.I)
_ANSWER = re.compile(r"(?:a|answer|r|resposta)\s?\d*\s?[:.)]", re.I)


@dataclass(frozen=True)
class Passage:
    """A numbered piece of a product's `field`: `field[start:end] == text`, in characters; numbers count from 1."""

    number: int
    text: str
    start: int
    end: int
    field: Field = "content"

    @cached_property
    def words(self) -> frozenset[str]:
        """Return its content words."""
        return content_words(self.text)

    def numbered(self, number: int) -> "Passage":
        """Return the same passage under another number; the words that were read of it go with it."""
        other = copy.copy(self)
        object.__setattr__(other, "number", number)
        return other


def title_passage(title: str) -> Passage:
    """Return a title as a passage of its own: what it states is evidence too."""
    return Passage(1, title, 0, len(title), "title")


def split(content: str) -> list[Passage]:
    """Return the sentences and list items of a content, with exact offsets."""
    spans = _joined(content, _cut_long(content, _sentences(content)))
    return [Passage(number, content[start:end], start, end) for number, (start, end) in enumerate(spans, 1)]


def _sentences(content: str) -> list[tuple[int, int]]:
    spans = []
    start = 0
    for end in _ENDS.finditer(content):
        if end.group().strip() or not _ABBREVIATION.search(content, start, end.start()):
            spans.append((start, end.start()))
            start = end.end()
    spans.append((start, len(content)))
    return [_stripped(content, span) for span in spans if content[span[0] : span[1]].strip()]


def _stripped(content: str, span: tuple[int, int]) -> tuple[int, int]:
    start, end = span
    text = content[start:end]
    return start + len(text) - len(text.lstrip()), end - (len(text) - len(text.rstrip()))


def _cut_long(content: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    pieces = []
    for start, end in spans:
        while end - start > LONGEST_PASSAGE:
            breaks = [found.end() for found in _SOFT_BREAK.finditer(content, start, start + LONGEST_PASSAGE)]
            space = content.rfind(" ", start, start + LONGEST_PASSAGE)
            cut = (
                breaks[-1]
                if breaks and breaks[-1] > start + LONGEST_PASSAGE // 3
                else space + 1
                if space > start
                else start + LONGEST_PASSAGE
            )
            pieces.append(_stripped(content, (start, cut)))
            start = cut
        pieces.append(_stripped(content, (start, end)))
    return [piece for piece in pieces if piece[0] < piece[1]]


def _joined(content: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join what is one: a short piece and its neighbour, a label and its value, a question and its answer."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and end - joined[-1][0] <= LONGEST_PASSAGE:
            before, text = content[joined[-1][0] : joined[-1][1]], content[start:end]
            short = min(len(before), len(text)) < SHORTEST_PASSAGE
            if short or before.endswith(":") or (_QUESTION.match(before) and _ANSWER.match(text)):
                joined[-1] = (joined[-1][0], end)
                continue
        joined.append((start, end))
    return joined

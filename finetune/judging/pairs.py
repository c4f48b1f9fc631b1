"""Pairs that teach the judge: a question, one passage, and what the passage says to it.

A row of a question file gives one pair for each passage that settles it, and some for passages of the same product
that do not: those nearest in words, and a few by chance. Where none settles it, a judge that is taught further is
shown what it takes for settling.

    pairs = pairs_of(read_rows(path), recipe.judge, random.Random(7))
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.grounding.judge import Read, Verdict
from finetune.data.question_files import Row
from finetune.judging.recipe import PairData
from index.text import content_words

MAY_SAY_THE_SAME = 0.6  # of a settling passage's words in another one: it is left out
_NAMES_IT = re.compile(r"\b(?:it|this|they|these|them|ele|ela)\b", re.I)
_WORDS_OF_A_NAME = (2, 5)  # of a title, in a question that names its product


@dataclass(frozen=True)
class Pair:
    """A question and a passage, what this says to that, and the set that they are from."""

    question: str
    passage: str
    verdict: Verdict
    source: str


def pairs_of(rows: Sequence[Row], data: PairData, draw: random.Random, read: Read | None = None) -> list[Pair]:
    """Return the pairs of one epoch, shuffled; rows of a source are taken as often as `data.sources` says.

    `read` is that of the judge that is taught further; None where `data.misread` is 0.
    """
    pairs = [
        pair
        for row in rows
        for _ in range(_times(data.sources.get(row.source, 1.0), draw))
        for pair in _of_row(row, data, draw, read)
    ]
    draw.shuffle(pairs)
    return pairs


def _of_row(row: Row, data: PairData, draw: random.Random, read: Read | None) -> Iterator[Pair]:
    question = _naming(row, draw) if draw.random() < data.named else row.question
    for number in row.cited:
        yield Pair(
            question, row.passages[number - 1], "none" if row.label == "not_stated" else _verdict(row), row.source
        )
    others = _silent(row)
    if read and row.label == "not_stated":
        others = _likeliest_first(question, others, read)
        near = others[: data.misread]
    else:
        near = others[: data.beside]
    far = others[len(near) :]
    for passage in near + draw.sample(far, min(data.drawn, len(far))):
        yield Pair(question, passage, "none", row.source)


def _likeliest_first(question: str, passages: Sequence[str], read: Read) -> list[str]:
    """Return passages as a judge would choose among them."""
    logits = [entailment.answers_logit for entailment in read(question, passages)]
    return [passages[place] for place in sorted(range(len(passages)), key=lambda place: -logits[place])]


def _verdict(row: Row) -> Verdict:
    assert row.label in ("yes", "no", "answer")
    return row.label


def _silent(row: Row) -> list[str]:
    """Return the passages that do not settle a row's question, the nearest in words first."""
    settling = frozenset[str]().union(*(content_words(row.passages[number - 1]) for number in row.cited))
    asked = content_words(row.question)
    others = []
    for number, passage in enumerate(row.passages, 1):
        words = content_words(passage)
        if number not in row.cited and not (settling and len(settling & words) >= MAY_SAY_THE_SAME * len(settling)):
            others.append((-len(asked & words), number, passage))
    return [passage for _, _, passage in sorted(others)]


def _naming(row: Row, draw: random.Random) -> str:
    """Return a question that names its product by some words of the title, instead of "it"."""
    words = row.title.split()[: draw.randint(*_WORDS_OF_A_NAME)]
    name = " ".join(words).strip(" ,;:-–")
    return _NAMES_IT.sub(lambda _: f"the {name}", row.question, count=1) if name else row.question


def _times(often: float, draw: random.Random) -> int:
    return int(often) + (draw.random() < often - int(often))

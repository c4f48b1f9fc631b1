"""A question made ready for comparing: folded, cut, and its words weighed.

A word weighs as much as it is rare in titles; words that people ask with weigh little.

    query = Query.read("does the red kettle switch off by itself?", bm25, described, IndexSettings())
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.settings import IndexSettings
from index.text import (
    ASKING_VERBS,
    ATTRIBUTE_WORDS,
    CLOSED_BY,
    FRAME_WORDS,
    POINTING_WORDS,
    PORTUGUESE_WORDS,
    QUESTION_WORDS,
    fold,
    quoted_part,
    title_part,
    tokens,
)
from index.titles.bm25 import TitleWords
from index.titles.described import DescribedWords
from index.titles.encoder import Floats
from index.titles.meanings import alike


@dataclass(frozen=True)
class Query:
    """A question folded and cut, ready to be compared with titles.

    `core` is its part that may be a title; `words` are its n distinct words, the heaviest where there are very many,
    with `weights` (n,) float32: rarity, 1 for a word that no title has, small for frame words. `novel` (n,) bool
    are words that no title and no description has. `pointing` says whether a word points back ("it").
    """

    folded: str
    core: str
    tokens: tuple[str, ...]
    words: tuple[str, ...]
    weights: Floats
    novel: NDArray[np.bool_]
    pointing: bool

    @classmethod
    def read(cls, text: str, bm25: TitleWords, described: DescribedWords, settings: IndexSettings) -> "Query":
        """Fold and cut a question; `described` are the words of descriptions."""
        folded = fold(text)
        quoted = fold(quoted_part(text))
        core = quoted or title_part(folded)
        words = list(dict.fromkeys(folded.split()))
        inside = set(core.split())
        framed = np.array([word in FRAME_WORDS or word not in inside for word in words], dtype=bool)
        attributes = np.array([word in ATTRIBUTE_WORDS for word in words], dtype=bool)
        if framed.all():
            framed[:] = False
        known = _known(words, bm25)
        in_descriptions = described.rates(words)
        titleness = np.maximum(_titleness(known, bm25.titles, in_descriptions, settings), settings.least_titleness)
        asked_of_it = _asked_of_a_name(folded.split())
        asked = np.array([word in asked_of_it for word in words], dtype=bool)
        share = np.where(attributes, settings.attribute_weight, titleness)
        share = np.where(asked, np.minimum(share, settings.attribute_weight), share)
        novel = (known == 0) & (in_descriptions == 0) & ~framed
        if PORTUGUESE_WORDS & set(words):  # what the glossary does not know may be a word of the title all the same
            share = np.where(novel & _are_letters(words), settings.foreign_weight, share)
        weights = bm25.rarity(known) * np.where(framed, settings.frame_weight, share)
        kept = np.sort(np.argsort(-weights, kind="stable")[: settings.max_query_words])
        return cls(
            folded,
            core,
            (*tokens(quoted or text), *(other for word in core.split() for other in alike(word))),
            tuple(words[place] for place in kept),
            weights[kept].astype(np.float32),
            novel[kept],
            bool(POINTING_WORDS & set(words)),
        )


def _asked_of_a_name(words: Sequence[str]) -> frozenset[str]:
    """Return what is asked of what a question names: "batteries" in "does the lamp need batteries".

    It stands behind a verb of a closed question ("does the lamp *need*"), or a question word ("the lamp *how many*").
    """
    beginnings = QUESTION_WORDS | ASKING_VERBS if words and words[0] in CLOSED_BY else QUESTION_WORDS
    for place, word in enumerate(words):
        if word in beginnings and any(each not in FRAME_WORDS for each in words[:place]):
            return frozenset(words[place:]) - frozenset(words[:place])
    return frozenset()


def _known(words: Sequence[str], bm25: TitleWords) -> NDArray[np.int64]:
    """Return in how many titles each word, or one that means the same, is a token, (n,) int64."""
    groups = [(word, *alike(word)) for word in words]
    starts = np.cumsum([0, *map(len, groups[:-1])])
    counts = bm25.document_frequency([word for group in groups for word in group])
    known: NDArray[np.int64] = np.maximum.reduceat(counts, starts) if groups else counts
    return known


def _are_letters(words: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([word.isalpha() for word in words], dtype=bool)


def _titleness(
    known: NDArray[np.int64], titles: int, in_descriptions: NDArray[np.float64], settings: IndexSettings
) -> NDArray[np.float64]:
    """Return how likely each word names a product, (n,) from 0 to 1: less, the more descriptions use it than titles do.

    "does the red kettle switch off by itself": descriptions switch off, titles do not. That a word is in none of a
    few titles tells little.
    """
    in_titles = known / max(1, titles)
    one = 1 / max(titles, settings.small_catalogue)
    share: NDArray[np.float64] = (in_titles + one) / (np.maximum(in_titles, in_descriptions) + one)
    return share

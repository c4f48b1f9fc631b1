"""A question made ready for comparing: folded, cut, and its words weighed.

A word weighs as much as it is rare in titles; words that people ask with weigh little.

    question = Question.read("does the red kettle switch off by itself?", lexical, described)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.hashing import word_hashes
from index.text import ATTRIBUTE_WORDS, FRAME_WORDS, POINTING_WORDS, fold, quoted_part, title_part, tokens
from index.titles.bm25 import LexicalIndex
from index.titles.encoder import Floats

MAX_WORDS = 48  # the heaviest; a question of 4,000 characters costs no more than a long one
FRAME_WEIGHT = 0.1
ATTRIBUTE_WEIGHT = 0.35
LEAST_TITLENESS = 0.15
RATE_BUCKETS = 1 << 16


@dataclass(frozen=True)
class Question:
    """A question folded and cut, ready to be compared with titles.

    `core` is its part that may be a title; `words` are its distinct words, rarest first where
    cut, with `weights` (n,) float32: idf, small for frame words.
    """

    folded: str
    core: str
    tokens: tuple[str, ...]
    words: tuple[str, ...]
    weights: Floats
    pointing: bool

    @classmethod
    def read(cls, text: str, lexical: LexicalIndex, described: Floats) -> "Question":
        """Fold and cut a question; `described` are the `word_rates` of descriptions."""
        folded = fold(text)
        quoted = fold(quoted_part(text))
        core = quoted or title_part(folded)
        words = list(dict.fromkeys(folded.split()))
        inside = set(core.split())
        framed = np.array([word in FRAME_WORDS or word not in inside for word in words], dtype=bool)
        asked = np.array([word in ATTRIBUTE_WORDS for word in words], dtype=bool)
        if framed.all():
            framed[:] = False
        kind = np.where(framed, FRAME_WEIGHT, np.where(asked, ATTRIBUTE_WEIGHT, _titleness(words, lexical, described)))
        weights = lexical.idf(words) * kind
        kept = np.sort(np.argsort(-weights, kind="stable")[:MAX_WORDS])
        return cls(
            folded,
            core,
            tuple(tokens(quoted or text)),
            tuple(words[place] for place in kept),
            weights[kept].astype(np.float32),
            bool(POINTING_WORDS & set(words)),
        )


def word_rates(texts: Sequence[str]) -> Floats:
    """Give the share of texts that hold each word, by hash: (RATE_BUCKETS,) float32."""
    count = np.zeros(RATE_BUCKETS, dtype=np.float32)
    for text in texts:
        count[np.unique(_rate_buckets(fold(text).split()))] += 1
    return count / np.float32(max(1, len(texts)))


def _titleness(words: Sequence[str], lexical: LexicalIndex, described: Floats) -> NDArray[np.float64]:
    """Give how likely each word names a product, 0 to 1: less, the more descriptions use it than titles do.

    "does the red kettle switch off by itself": descriptions switch off, titles do not.
    """
    one = 1 / max(1, lexical.titles)
    in_titles = lexical.document_frequency(words) * one
    in_descriptions = described[_rate_buckets(words)].astype(np.float64)
    share: NDArray[np.float64] = (in_titles + one) / (np.maximum(in_titles, in_descriptions) + one)
    return np.maximum(share, LEAST_TITLENESS)


def _rate_buckets(words: Sequence[str]) -> NDArray[np.int64]:
    return (word_hashes(words) & np.uint64(RATE_BUCKETS - 1)).astype(np.int64)

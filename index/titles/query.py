"""A question made ready for comparing: folded, cut, and its words weighed.

A word weighs as much as it is rare in titles; words that people ask with weigh little.

    query = Query.read("does the red kettle switch off by itself?", bm25, word_rates(contents), IndexSettings())
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.hashing import word_hashes
from index.settings import IndexSettings
from index.text import ATTRIBUTE_WORDS, FRAME_WORDS, POINTING_WORDS, fold, quoted_part, title_part, tokens
from index.titles.bm25 import BM25Index
from index.titles.encoder import Floats

RATE_BUCKETS = 1 << 16


@dataclass(frozen=True)
class Query:
    """A question folded and cut, ready to be compared with titles.

    `core` is its part that may be a title; `words` are its n distinct words, the heaviest where there are very many,
    with `weights` (n,) float32: idf, small for frame words. `pointing` says whether a word points back ("it").
    """

    folded: str
    core: str
    tokens: tuple[str, ...]
    words: tuple[str, ...]
    weights: Floats
    pointing: bool

    @classmethod
    def read(cls, text: str, bm25: BM25Index, described: Floats, settings: IndexSettings) -> "Query":
        """Fold and cut a question; `described` are the `word_rates` of descriptions."""
        folded = fold(text)
        quoted = fold(quoted_part(text))
        core = quoted or title_part(folded)
        words = list(dict.fromkeys(folded.split()))
        inside = set(core.split())
        framed = np.array([word in FRAME_WORDS or word not in inside for word in words], dtype=bool)
        attributes = np.array([word in ATTRIBUTE_WORDS for word in words], dtype=bool)
        if framed.all():
            framed[:] = False
        titleness = np.maximum(_titleness(words, bm25, described), settings.least_titleness)
        share = np.where(attributes, settings.attribute_weight, titleness)
        weights = bm25.idf(words) * np.where(framed, settings.frame_weight, share)
        kept = np.sort(np.argsort(-weights, kind="stable")[: settings.max_query_words])
        return cls(
            folded,
            core,
            tuple(tokens(quoted or text)),
            tuple(words[place] for place in kept),
            weights[kept].astype(np.float32),
            bool(POINTING_WORDS & set(words)),
        )


def word_rates(texts: Sequence[str]) -> Floats:
    """Return the share of texts that hold each word, by hash: (RATE_BUCKETS,) float32."""
    count = np.zeros(RATE_BUCKETS, dtype=np.float32)
    for text in texts:
        count[np.unique(_rate_buckets(fold(text).split()))] += 1
    return count / np.float32(max(1, len(texts)))


def _titleness(words: Sequence[str], bm25: BM25Index, described: Floats) -> NDArray[np.float64]:
    """Return how likely each word names a product, (n,) from 0 to 1: less, the more descriptions use it than titles do.

    "does the red kettle switch off by itself": descriptions switch off, titles do not.
    """
    one = 1 / max(1, bm25.titles)
    in_titles = bm25.document_frequency(words) * one
    in_descriptions = described[_rate_buckets(words)].astype(np.float64)
    share: NDArray[np.float64] = (in_titles + one) / (np.maximum(in_titles, in_descriptions) + one)
    return share


def _rate_buckets(words: Sequence[str]) -> NDArray[np.int64]:
    return (word_hashes(words) & np.uint64(RATE_BUCKETS - 1)).astype(np.int64)

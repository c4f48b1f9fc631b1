"""What is measured between a question and each candidate title, by name.

Everything is computed from the folded strings and from how rare words and trigrams are in
the catalogue; nothing here was learnt. The ranker weighs these numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.hashing import trigram_hashes
from index.text import FRAME_WORDS, VARIANT_WORDS, is_model_number, joins
from index.titles.bm25 import LexicalIndex, distinct
from index.titles.encoder import Floats
from index.titles.query import FRAME_WEIGHT, Question

GAP_COST = np.float32(0.5)
SAME_WORD = 0.999
ALIKE = 0.5  # of two part numbers, by edits: at least so much, and they may be meant to be the same
WORDLESS = "\0"  # stands for the word of a title without any ("★★★"); no question holds it
NAMES = (
    "trigram_cosine",
    "title_trigrams_covered",
    "question_trigrams_covered",
    "dense_cosine",
    "question_words_covered",
    "question_words_nearly_covered",
    "best_run_of_question_covered",
    "title_words_covered",
    "title_words_nearly_covered",
    "rarest_word_covered",
    "model_number_in_question",
    "model_number_nearly",
    "model_number_conflict",
    "model_digits_conflict",
    "number_conflict",
    "variant_conflict",
    "first_word_covered",
    "title_in_question",
    "token_set_ratio",
    "length_ratio",
)


@dataclass(frozen=True)
class Comparison:
    """The features of candidates, (n, len(NAMES)) float32, and which question words each covers.

    `titles` are the n folded titles; `covered` is (n, words of the question) float32 in [0, 1].
    """

    titles: tuple[str, ...]
    features: Floats
    covered: Floats


def compare(
    question: Question, titles: Sequence[str], dense: Floats, lexical: LexicalIndex, trigram_idf: Floats
) -> Comparison:
    """Measure a question against folded titles, with their dense cosines."""
    from rapidfuzz import fuzz, process

    cosine, title_trigrams, question_trigrams = _trigrams(question.core, titles, trigram_idf)
    words = _Words(question, titles, lexical)
    core = question.core
    token_set = process.cdist([core], titles, scorer=fuzz.token_set_ratio, dtype=np.float32)[0] / 100
    lengths = np.array([len(title) for title in titles], dtype=np.float32)
    padded = f" {question.folded} "
    inside = np.array([f" {title} " in padded for title in titles], dtype=np.float32)
    columns = (
        cosine,
        title_trigrams,
        question_trigrams,
        dense,
        words.question_share(words.exact),
        words.question_share(words.near),
        words.best_run(),
        words.title_share(words.exact_title),
        words.title_share(words.near_title),
        words.rarest_share(),
        words.model_numbers(),
        words.model_nearly(),
        words.model_conflict(),
        words.digits_conflict(),
        words.conflict(is_number),
        words.conflict(is_variant),
        words.first_word(),
        inside,
        token_set,
        np.log1p(lengths) - np.log1p(np.float32(len(core))),
    )
    return Comparison(tuple(titles), np.stack(columns, axis=1).astype(np.float32), words.near)


class _Words:
    """Question words against title words: `exact` and `near` are (titles, question words)."""

    def __init__(self, question: Question, titles: Sequence[str], lexical: LexicalIndex) -> None:
        from rapidfuzz import fuzz, process

        self.question = question
        cut = [title.split() or [WORDLESS] for title in titles]
        flat = [word for title in cut for word in title]
        unique = {word: place for place, word in enumerate(dict.fromkeys(flat))}
        self.ids = np.array([unique[word] for word in flat])
        lengths = np.array([len(title) for title in cut])
        self.starts = np.cumsum(lengths) - lengths
        self.unique = list(unique)
        weights = lexical.idf(self.unique).astype(np.float32)
        self.model = np.array([is_model_number(word) for word in self.unique], dtype=bool)
        self.whole_numbers = np.array([word.isdigit() for word in self.unique], dtype=bool)
        framed = np.array([word in FRAME_WORDS for word in self.unique])
        self.weights = np.where(framed, np.float32(FRAME_WEIGHT) * weights, weights)
        self.title_mass = np.maximum(np.add.reduceat(self.weights[self.ids], self.starts), np.float32(1e-6))

        ratio = process.cdist(question.words, self.unique, scorer=fuzz.ratio, dtype=np.float32)
        ratio = np.maximum(ratio.reshape(len(question.words), len(self.unique)) / 100, 0)
        self.ratio = ratio
        same = ratio >= SAME_WORD
        self._join_question(same)
        near = np.where(same, np.float32(1), np.clip((ratio - np.float32(0.6)) / np.float32(0.4), 0, 1))
        self.exact_title: Floats = np.asarray(same.any(axis=0), dtype=np.float32)
        self.near_title: Floats = np.asarray(near.max(axis=0, initial=0), dtype=np.float32)
        self.exact = np.maximum.reduceat(same[:, self.ids], self.starts, axis=1).T.astype(np.float32)
        self.near = np.maximum.reduceat(near[:, self.ids], self.starts, axis=1).T
        self._join_titles(cut)

    def _join_question(self, same: NDArray[np.bool_]) -> None:
        """Let "wh 1000 xm4" in the question meet "wh1000xm4" in a title."""
        words = self.question.folded.split()
        place = {word: number for number, word in enumerate(self.question.words)}
        columns = {word: number for number, word in enumerate(self.unique)}
        for size in (2, 3):
            for start in range(len(words) - size + 1):
                joined = words[start : start + size]
                column = columns.get("".join(joined))
                for word in joined if column is not None else ():
                    if word in place:
                        same[place[word], column] = True

    def _join_titles(self, cut: Sequence[Sequence[str]]) -> None:
        """Let "wh1000xm4" in the question meet "wh 1000xm4" in a title."""
        numbers = [(number, word) for number, word in enumerate(self.question.words) if is_model_number(word)]
        for row, title in enumerate(cut if numbers else ()):
            spaceless = "".join(title)
            for number, word in numbers:
                if self.exact[row, number] == 0 and word in spaceless and word in joins(list(title)):
                    self.exact[row, number] = self.near[row, number] = 1

    def question_share(self, covered: Floats) -> Floats:
        total = max(1e-6, float(self.question.weights.sum()))
        share: Floats = (covered @ self.question.weights) / np.float32(total)
        return share

    def best_run(self) -> Floats:
        """Give the mass of the run of question words that is best covered; gaps in it cost."""
        gain = self.question.weights * (self.near - GAP_COST * (1 - self.near))
        run: Floats = np.zeros(len(self.starts), dtype=np.float32)
        best: Floats = np.zeros(len(self.starts), dtype=np.float32)
        for number in range(gain.shape[1]):
            np.clip(run + gain[:, number], 0, None, out=run)
            np.maximum(best, run, out=best)
        share: Floats = best / np.float32(max(1e-6, float(self.question.weights.sum())))
        return share

    def title_share(self, covered: Floats) -> Floats:
        mass = np.add.reduceat((self.weights * covered)[self.ids], self.starts)
        return np.divide(mass, self.title_mass, dtype=np.float32)

    def rarest_share(self) -> Floats:
        """Give the greatest weight of a covered question word over the greatest of all."""
        weights = self.question.weights
        share: Floats = (self.exact * weights).max(axis=1, initial=0) / max(np.float32(1e-6), weights.max(initial=0))
        return share

    def model_numbers(self) -> Floats:
        """Give 1 where a part number of the title stands in the question."""
        spaceless = self.question.folded.replace(" ", "")
        inside = [flag and word in spaceless for word, flag in zip(self.unique, self.model.tolist(), strict=True)]
        found: Floats = np.maximum.reduceat(np.array(inside, dtype=np.float32)[self.ids], self.starts)
        return found

    def model_nearly(self) -> Floats:
        """Give how alike the most alike part numbers of question and title are, 0 to 1."""
        asked = [number for number, word in enumerate(self.question.words) if is_model_number(word)]
        if not asked:
            return np.zeros(len(self.starts), dtype=np.float32)
        alike: Floats = np.maximum.reduceat((self.ratio[asked].max(axis=0) * self.model)[self.ids], self.starts)
        scaled: Floats = np.clip((alike - np.float32(0.5)) * 2, 0, 1)
        return scaled

    def model_conflict(self) -> Floats:
        """Give 1 where the question has part numbers and the title has others only."""
        asked = np.array([is_model_number(word) and not word.isdigit() for word in self.question.words], dtype=bool)
        if not asked.any():
            return np.zeros(len(self.starts), dtype=np.float32)
        mixed = (self.model & ~self.whole_numbers).astype(np.float32)
        has = np.maximum.reduceat(mixed[self.ids], self.starts)
        conflict: Floats = has * (1 - self.exact[:, asked].max(axis=1)) * (1 - self.model_nearly())
        return conflict

    def digits_conflict(self) -> Floats:
        """Give how many of the question's part numbers the title has with other digits only, 0 to 1.

        "DCM390" against "DCM290" is another product, against "DCM390-BK" or "DCM 390" it is not. Of the title's part
        numbers the most alike one is compared; a title that has none alike contradicts nothing.
        """
        asked = [number for number, word in enumerate(self.question.words) if is_model_number(word)]
        if not asked or not self.model.any():
            return np.zeros(len(self.starts), dtype=np.float32)
        flagged = zip(self.unique, self.model.tolist(), strict=True)
        digits = np.array([_digits(word) if flag else "" for word, flag in flagged])
        conflicts = np.zeros((len(asked), len(self.starts)), dtype=np.float32)
        for place, number in enumerate(asked):
            alike = np.where(self.model, self.ratio[number], 0)[self.ids]
            same = (digits == _digits(self.question.words[number]))[self.ids]
            nearest = np.maximum.reduceat(alike, self.starts)
            met = np.maximum.reduceat(np.where(same, alike, 0), self.starts)
            conflicts[place] = (nearest >= ALIKE) & (met < ALIKE) & (self.exact[:, number] == 0)
        return np.asarray(conflicts.mean(axis=0), dtype=np.float32)

    def conflict(self, kind: Callable[[str], bool]) -> Floats:
        """Give how far question and title contradict each other in words of a kind, 0 to 1.

        A word that one of them does not mention contradicts nothing: both must hold words of the
        kind that the other lacks ("5 pack" and "8 pack"). Shares of such words, geometric mean.
        """
        asked = np.array([kind(word) for word in self.question.words], dtype=bool)
        if not asked.any():
            return np.zeros(len(self.starts), dtype=np.float32)
        missing = 1 - self.exact[:, asked].mean(axis=1)
        of_kind = np.array([kind(word) for word in self.unique], dtype=np.float32)
        total = np.add.reduceat(of_kind[self.ids], self.starts)
        strange = np.add.reduceat((of_kind * (1 - self.exact_title))[self.ids], self.starts)
        contradiction: Floats = np.sqrt(missing * strange / np.maximum(total, 1))
        return contradiction

    def first_word(self) -> Floats:
        first: Floats = self.near_title[self.ids[self.starts]]
        return first


def _digits(word: str) -> str:
    return "".join(sign for sign in word if sign.isdigit())


def is_number(word: str) -> bool:
    """Say whether a folded word is a number or a measure."""
    return word[:1].isdigit() and not is_model_number(word)


def is_variant(word: str) -> bool:
    """Say whether a folded word is a colour, a size or an edition."""
    return word in VARIANT_WORDS


def _trigrams(core: str, titles: Sequence[str], idf: Floats) -> tuple[Floats, Floats, Floats]:
    """Give the tf-idf cosine of trigrams, the share of each title covered, the share of the question covered."""
    mask = np.uint64(len(idf) - 1)
    asked, count = np.unique(trigram_hashes([core])[0] & mask, return_counts=True)
    ids, rows = trigram_hashes(titles)
    none = np.zeros(len(titles), dtype=np.float32)
    if len(asked) == 0 or len(ids) == 0:
        return none, none, none
    # A trigram that a title repeats is counted once for "share of the question", each time else.
    buckets = (ids & mask).astype(np.int64)
    weight = idf[buckets].astype(np.float64)
    place = np.minimum(np.searchsorted(asked, buckets.astype(np.uint64)), len(asked) - 1)
    met = asked[place] == buckets.astype(np.uint64)
    asked_weight = idf[asked.astype(np.int64)] * count
    size = len(titles)
    dot = np.bincount(rows, weight * asked_weight[place] * met, size)
    length = np.sqrt(np.bincount(rows, weight**2, size) * float((asked_weight.astype(np.float64) ** 2).sum()))
    title_share = np.bincount(rows, weight * met, size) / np.maximum(np.bincount(rows, weight, size), 1e-9)
    pairs = distinct(rows[met] * len(asked) + place[met])
    mass = idf[asked.astype(np.int64)].astype(np.float64)
    question_share = np.bincount(pairs // len(asked), mass[pairs % len(asked)], size) / mass.sum()
    cosine = dot / np.maximum(length, 1e-9)
    return cosine.astype(np.float32), title_share.astype(np.float32), question_share.astype(np.float32)

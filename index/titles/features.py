"""What is measured between a query and each candidate title, by name.

Everything is computed from the folded strings and from how rare words and trigrams are in
the catalogue; nothing here was trained. The ranker weighs these numbers.

    matrix = measure(query, titles, bm25, trigram_idf)
    matrix.column("trigram_cosine")     # (n,) float32
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.hashing import trigram_hashes
from index.measures import UNITS, measures_of
from index.text import FRAME_WORDS, VARIANT_WORDS, is_model_number
from index.titles.bm25 import TitleWords, distinct
from index.titles.encoder import Floats
from index.titles.meanings import same_meaning
from index.titles.query import Query

GAP_COST = np.float32(0.5)
SAME_WORD = 0.999
ALIKE = 0.5  # of two part numbers, by edits: at least so much, and they may be meant to be the same
_DIGITS, _YEAR = re.compile(r"\d+"), re.compile("(?:19|20)\\d\\d")
SHORTEST_COMPOUND = 7  # letters of a word that a title may write as two
SWAPPED = 0.9  # a number that is less covered is another one
WORDLESS = "\0"  # stands for the word of a title without any ("★★★"); no question holds it


@dataclass(frozen=True)
class FeatureMatrix:
    """The features of n candidates by name, and which words of the query each covers.

    `titles` are the n folded titles; `values` (n, d) float32 has a column for each of the d `names`;
    `covered` is (n, words of the query) float32 in [0, 1].
    """

    titles: tuple[str, ...]
    names: tuple[str, ...]
    values: Floats
    covered: Floats

    def column(self, name: str) -> Floats:
        """Return one feature of all candidates, (n,) float32; writing to it writes to the matrix."""
        column: Floats = self.values[:, self.names.index(name)]
        return column

    def values_of(self, names: tuple[str, ...]) -> Floats:
        """Return some features of all candidates in the order of their names, (n, names) float32."""
        return self.values if names == self.names else self.values[:, [self.names.index(name) for name in names]]

    def row(self, place: int) -> dict[str, float]:
        """Return all features of one candidate, by name."""
        return dict(zip(self.names, self.values[place].tolist(), strict=True))

    def only(self, kept: NDArray[np.bool_]) -> "FeatureMatrix":
        """Return the matrix of some of the candidates, (n,) bool."""
        titles = tuple(title for title, keep in zip(self.titles, kept, strict=True) if keep)
        return FeatureMatrix(titles, self.names, self.values[kept], self.covered[kept])


def measure(query: Query, titles: Sequence[str], bm25: TitleWords, trigram_idf: Floats) -> FeatureMatrix:
    """Measure a query against n folded titles, with the idf of trigrams (buckets,)."""
    from rapidfuzz import fuzz, process

    words = _Words(query, titles, bm25)
    cosine, title_trigrams, query_trigrams = _trigrams(query.core, titles, trigram_idf)
    token_set = process.cdist([query.core], titles, scorer=fuzz.token_set_ratio, dtype=np.float32)[0] / 100
    lengths = np.array([len(title) for title in titles], dtype=np.float32)
    inside = _in_question(query.folded, titles)
    columns = {
        "trigram_cosine": cosine,
        "title_trigrams_covered": title_trigrams,
        "question_trigrams_covered": query_trigrams,
        "question_words_covered": words.query_share(words.exact),
        "question_words_nearly_covered": words.query_share(words.near),
        "best_run_of_question_covered": words.best_run(),
        "title_words_covered": words.title_share(words.exact_title),
        "title_words_nearly_covered": words.title_share(words.near_title),
        "rarest_word_covered": words.rarest_share(),
        "model_number_in_question": words.model_numbers(),
        "model_number_nearly": words.model_nearly(),
        "model_number_conflict": words.model_conflict(),
        "model_digits_conflict": words.digits_conflict(),
        "number_conflict": words.conflict(is_number),
        "number_swapped": words.swapped(),
        "variant_conflict": words.conflict(is_variant),
        "first_word_covered": words.first_word(),
        "title_in_question": inside,
        "token_set_ratio": token_set,
        "length_ratio": np.log1p(lengths) - np.log1p(np.float32(len(query.core))),
    }
    values = np.stack(list(columns.values()), axis=1).astype(np.float32)
    return FeatureMatrix(tuple(titles), tuple(columns), values, words.near)


class _Words:
    """Query words against title words: `exact` and `near` are (n titles, words of the query) float32 in [0, 1].

    Each public method returns one feature of all titles, (n,).
    """

    def __init__(self, query: Query, titles: Sequence[str], bm25: TitleWords) -> None:
        from rapidfuzz import fuzz, process

        self.query = query
        self.cut = cut = [title.split() or [WORDLESS] for title in titles]
        flat = [word for title in cut for word in title]
        unique = {word: place for place, word in enumerate(dict.fromkeys(flat))}
        self.ids = np.array([unique[word] for word in flat])
        lengths = np.array([len(title) for title in cut])
        self.starts = np.cumsum(lengths) - lengths
        self.unique = list(unique)
        weights = bm25.idf(self.unique).astype(np.float32)
        self.model = np.array([is_model_number(word) for word in self.unique], dtype=bool)
        self.whole_numbers = np.array([word.isdigit() for word in self.unique], dtype=bool)
        framed = np.array([word in FRAME_WORDS for word in self.unique])
        self.weights = np.where(framed, np.float32(bm25.settings.frame_weight) * weights, weights)
        self.title_mass = np.maximum(np.add.reduceat(self.weights[self.ids], self.starts), np.float32(1e-6))

        ratio = process.cdist(query.words, self.unique, scorer=fuzz.ratio, dtype=np.float32)
        ratio = np.maximum(ratio.reshape(len(query.words), len(self.unique)) / 100, 0)
        self.ratio = ratio
        same = (ratio >= SAME_WORD) | same_meaning(query.words, self.unique)
        self._end_codes(same)
        self._join_query(same)
        near = np.where(same, np.float32(1), np.clip((ratio - np.float32(0.6)) / np.float32(0.4), 0, 1))
        self.exact_title: Floats = np.asarray(same.any(axis=0), dtype=np.float32)
        self.near_title: Floats = np.asarray(near.max(axis=0, initial=0), dtype=np.float32)
        self.exact = np.maximum.reduceat(same[:, self.ids], self.starts, axis=1).T.astype(np.float32)
        self.near = np.maximum.reduceat(near[:, self.ids], self.starts, axis=1).T
        self._join_titles(cut)
        self._convert(cut)

    def _end_codes(self, same: NDArray[np.bool_]) -> None:
        """Let "j880dw" in the query meet "mfcj880dw" in a title: people leave the letters of a maker's series away."""
        codes = [number for number, word in enumerate(self.query.words) if is_model_number(word)]
        for column in np.flatnonzero(self.model & ~same.any(axis=0)).tolist() if codes else ():
            title_word = self.unique[column]
            for number in codes:
                word = self.query.words[number]
                if title_word.endswith(word) and title_word[: -len(word)].isalpha():
                    same[number, column] = True

    def _join_query(self, same: NDArray[np.bool_]) -> None:
        """Let "wh 1000 xm4" in the query meet "wh1000xm4" in a title."""
        words = self.query.folded.split()
        place = {word: number for number, word in enumerate(self.query.words)}
        columns = {word: number for number, word in enumerate(self.unique)}
        for size in (2, 3):
            for start in range(len(words) - size + 1):
                joined = words[start : start + size]
                column = columns.get("".join(joined))
                for word in joined if column is not None else ():
                    if word in place:
                        same[place[word], column] = True

    def _join_titles(self, cut: Sequence[Sequence[str]]) -> None:
        """Let "wh1000xm4" in the query meet "wh 1000xm4" in a title, and "dreamhouse" "dream house"."""
        compounds = [
            (number, word)
            for number, word in enumerate(self.query.words)
            if is_model_number(word) or len(word) >= SHORTEST_COMPOUND
        ]
        for row, title in enumerate(cut if compounds else ()):
            lacking = [(number, word) for number, word in compounds if self.exact[row, number] == 0]
            spaceless = "".join(title) if lacking else ""
            for number, word in lacking:
                if word in spaceless and word in map("".join, itertools.pairwise(title)):
                    self.exact[row, number] = self.near[row, number] = 1

    def _convert(self, cut: Sequence[Sequence[str]]) -> None:
        """Let "4.7 l" in the query meet "4700 ml" in a title."""
        place = {word: number for number, word in enumerate(self.query.words)}
        stated = measures_of(self.query.folded.split())
        wanted = [(words, measure) for words, measure in stated if place.keys() >= set(words)]
        for row, title in enumerate(cut if wanted else ()):
            held = {measure for _, measure in measures_of(title)}
            for words, measure in wanted:
                if measure in held:
                    columns = [place[word] for word in words]
                    self.exact[row, columns] = self.near[row, columns] = 1

    def query_share(self, covered: Floats) -> Floats:
        total = max(1e-6, float(self.query.weights.sum()))
        share: Floats = (covered @ self.query.weights) / np.float32(total)
        return share

    def best_run(self) -> Floats:
        """Return the mass of the run of query words that is best covered; gaps in it cost."""
        gain = self.query.weights * (self.near - GAP_COST * (1 - self.near))
        run: Floats = np.zeros(len(self.starts), dtype=np.float32)
        best: Floats = np.zeros(len(self.starts), dtype=np.float32)
        for number in range(gain.shape[1]):
            np.clip(run + gain[:, number], 0, None, out=run)
            np.maximum(best, run, out=best)
        share: Floats = best / np.float32(max(1e-6, float(self.query.weights.sum())))
        return share

    def title_share(self, covered: Floats) -> Floats:
        mass = np.add.reduceat((self.weights * covered)[self.ids], self.starts)
        return np.divide(mass, self.title_mass, dtype=np.float32)

    def rarest_share(self) -> Floats:
        """Return the greatest weight of a covered query word over the greatest of all."""
        weights = self.query.weights
        share: Floats = (self.exact * weights).max(axis=1, initial=0) / max(np.float32(1e-6), weights.max(initial=0))
        return share

    def model_numbers(self) -> Floats:
        """Return 1 where a part number of the title stands in the query."""
        spaceless = self.query.folded.replace(" ", "")
        inside = [flag and word in spaceless for word, flag in zip(self.unique, self.model.tolist(), strict=True)]
        found: Floats = np.maximum.reduceat(np.array(inside, dtype=np.float32)[self.ids], self.starts)
        return found

    def model_nearly(self) -> Floats:
        """Return how alike the most alike part numbers of query and title are, 0 to 1."""
        numbers = [number for number, word in enumerate(self.query.words) if is_model_number(word)]
        if not numbers:
            return np.zeros(len(self.starts), dtype=np.float32)
        alike: Floats = np.maximum.reduceat((self.ratio[numbers].max(axis=0) * self.model)[self.ids], self.starts)
        scaled: Floats = np.clip((alike - np.float32(0.5)) * 2, 0, 1)
        return scaled

    def model_conflict(self) -> Floats:
        """Return 1 where the query has part numbers and the title has others only."""
        numbers = np.array([is_model_number(word) and not word.isdigit() for word in self.query.words], dtype=bool)
        if not numbers.any():
            return np.zeros(len(self.starts), dtype=np.float32)
        mixed = (self.model & ~self.whole_numbers).astype(np.float32)
        has = np.maximum.reduceat(mixed[self.ids], self.starts)
        conflict: Floats = has * (1 - self.exact[:, numbers].max(axis=1)) * (1 - self.model_nearly())
        return conflict

    def digits_conflict(self) -> Floats:
        """Return how many of the query's part numbers the title has with other digits only, 0 to 1.

        "DCM390" against "DCM290" is another product, against "DCM390-BK" or "DCM 390" it is not. Of the title's part
        numbers the most alike one is compared; a title that has none alike contradicts nothing.
        """
        numbers = [number for number, word in enumerate(self.query.words) if is_model_number(word)]
        if not numbers or not self.model.any():
            return np.zeros(len(self.starts), dtype=np.float32)
        flagged = zip(self.unique, self.model.tolist(), strict=True)
        digits = np.array([_digits(word) if flag else "" for word, flag in flagged])
        conflicts = np.zeros((len(numbers), len(self.starts)), dtype=np.float32)
        for place, number in enumerate(numbers):
            alike = np.where(self.model, self.ratio[number], 0)[self.ids]
            same = (digits == _digits(self.query.words[number]))[self.ids]
            nearest = np.maximum.reduceat(alike, self.starts)
            met = np.maximum.reduceat(np.where(same, alike, 0), self.starts)
            conflicts[place] = (nearest >= ALIKE) & (met < ALIKE) & (self.exact[:, number] == 0)
        return np.asarray(conflicts.mean(axis=0), dtype=np.float32)

    def conflict(self, kind: Callable[[str], bool]) -> Floats:
        """Return how far query and title contradict each other in words of a kind, 0 to 1.

        A word that one of them does not mention contradicts nothing: both must hold words of the
        kind that the other lacks ("5 pack" and "8 pack"). Shares of such words, geometric mean.
        """
        of_query = np.array([kind(word) for word in self.query.words], dtype=bool)
        if not of_query.any():
            return np.zeros(len(self.starts), dtype=np.float32)
        missing = 1 - self.exact[:, of_query].mean(axis=1)
        of_kind = np.array([kind(word) for word in self.unique], dtype=np.float32)
        total = np.add.reduceat(of_kind[self.ids], self.starts)
        strange = np.add.reduceat((of_kind * (1 - self.exact_title))[self.ids], self.starts)
        contradiction: Floats = np.sqrt(missing * strange / np.maximum(total, 1))
        return contradiction

    def swapped(self) -> Floats:
        """Return 1 where the title has another number in the place of one of the query's.

        "v15" against "v8", "part 2" against "part 1", "28 cm" against "30 cm", one year against another.
        """
        place = {word: number for number, word in enumerate(self.query.words)}
        wanted = [(place[word], roles) for word, roles in _numbers(self.query.folded.split()) if word in place]
        swapped = np.zeros(len(self.starts), dtype=np.float32)
        for row, title in enumerate(self.cut if wanted else ()):
            lacking = [roles for number, roles in wanted if self.near[row, number] < SWAPPED]
            others = [roles for word, roles in _numbers(title) if word not in place] if lacking else []
            swapped[row] = any(not roles.isdisjoint(other) for roles in lacking for other in others)
        return swapped

    def first_word(self) -> Floats:
        first: Floats = self.near_title[self.ids[self.starts]]
        return first


def _in_question(folded: str, titles: Sequence[str]) -> Floats:
    """Return 1 where a title stands in the question whole and is no part of a longer one that does, (n,)."""
    padded = [f" {title} " for title in titles]
    inside = {title for title in padded if title in f" {folded} "}
    longest = {title for title in inside if not any(title != other and title in other for other in inside)}
    return np.array([title in longest for title in padded], dtype=np.float32)


def _digits(word: str) -> str:
    return "".join(sign for sign in word if sign.isdigit())


def _numbers(words: Sequence[str]) -> list[tuple[str, frozenset[str]]]:
    """Return the words with digits, each with the roles it may have: its letters, the word before it, its unit."""
    found = []
    for place, word in enumerate(words):
        if any(map(str.isdigit, word)):
            letters = _DIGITS.sub("#", word)
            roles = {letters} if letters != "#" else set()
            if letters == "#":
                roles |= {f"{words[place - 1]} #"} if place else set()
                roles |= {f"# {words[place + 1]}"} if place + 1 < len(words) and words[place + 1] in UNITS else set()
                roles |= {"year"} if _YEAR.fullmatch(word) else set()
            found.append((word, frozenset(roles)))
    return found


def is_number(word: str) -> bool:
    """Return whether a folded word is a number or a measure."""
    return word[:1].isdigit() and not is_model_number(word)


def is_variant(word: str) -> bool:
    """Return whether a folded word is a colour, a size or an edition."""
    return word in VARIANT_WORDS


def _trigrams(core: str, titles: Sequence[str], idf: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the tf-idf cosine of trigrams, and the shares of title and query covered, (n,) float32 each."""
    mask = np.uint64(len(idf) - 1)
    wanted, count = np.unique(trigram_hashes([core])[0] & mask, return_counts=True)
    ids, rows = trigram_hashes(titles)
    none = np.zeros(len(titles), dtype=np.float32)
    if len(wanted) == 0 or len(ids) == 0:
        return none, none, none
    # A trigram that a title repeats is counted once for "share of the query", each time else.
    buckets = (ids & mask).astype(np.int64)
    weight = idf[buckets].astype(np.float64)
    place = np.minimum(np.searchsorted(wanted, buckets.astype(np.uint64)), len(wanted) - 1)
    met = wanted[place] == buckets.astype(np.uint64)
    wanted_weight = idf[wanted.astype(np.int64)] * count
    size = len(titles)
    dot = np.bincount(rows, weight * wanted_weight[place] * met, size)
    length = np.sqrt(np.bincount(rows, weight**2, size) * float((wanted_weight.astype(np.float64) ** 2).sum()))
    title_share = np.bincount(rows, weight * met, size) / np.maximum(np.bincount(rows, weight, size), 1e-9)
    pairs = distinct(rows[met] * len(wanted) + place[met])
    mass = idf[wanted.astype(np.int64)].astype(np.float64)
    query_share = np.bincount(pairs // len(wanted), mass[pairs % len(wanted)], size) / mass.sum()
    cosine = dot / np.maximum(length, 1e-9)
    return cosine.astype(np.float32), title_share.astype(np.float32), query_share.astype(np.float32)

"""Hashes that are the same on every machine and from run to run: of words, of trigrams, of numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_NEWLINE = ord("\n")
WORD_SALT = np.uint64(0x9E3779B97F4A7C15)
_TRIGRAM_SALT = np.uint64(0xD1B54A32D192ED03)
_GAMMA = np.uint64(0x9E3779B97F4A7C15)

Hashes = NDArray[np.uint64]


def trigram_hashes(folded: Sequence[str]) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the 64-bit hash of each character trigram of n texts, (k,) uint64, and the row of each, (k,) int64."""
    codes = _codes("\n".join(f" {text} " for text in folded))
    if len(codes) < 3:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    rows = np.cumsum(codes == _NEWLINE)[1:-1]
    first, middle, last = codes[:-2], codes[1:-1], codes[2:]
    inside = (first != _NEWLINE) & (middle != _NEWLINE) & (last != _NEWLINE)
    packed = (first[inside] << np.uint64(42)) | (middle[inside] << np.uint64(21)) | last[inside]
    return mix(packed ^ _TRIGRAM_SALT), rows[inside]


def word_hashes(words: Sequence[str]) -> Hashes:
    """Return the 64-bit hash of each word, (n,) uint64; equal on every platform, and from run to run."""
    if not words:
        return np.zeros(0, dtype=np.uint64)
    codes = _codes("".join(words))
    lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
    starts = np.cumsum(lengths) - lengths
    places = (np.arange(len(codes)) - np.repeat(starts, lengths)).astype(np.uint64)
    return mix(np.add.reduceat(mix(codes + (places << np.uint64(32))), starts) ^ WORD_SALT)


def mix(values: Hashes) -> Hashes:
    """Spread 64-bit values (n,) uint64 evenly, one to one (the finaliser of SplitMix64, Steele et al. 2014)."""
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def splitmix64(states: Hashes) -> Hashes:
    """Return the number that SplitMix64 draws from each state, (n,) uint64: one to one, evenly spread."""
    return mix(states + _GAMMA)


def _codes(text: str) -> Hashes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)

"""Near-duplicate products, and a training split that no two of them straddle.

Two products are near-duplicates when their titles differ only by case, punctuation,
size, colour or edition, or when their descriptions are nearly the same. Chains of
near-duplicates form clusters, in time linear in the products. The side a cluster is
on follows from its content, so new products do not move the others.

    keys = cluster_keys(title_keys, signatures, signed_rows)
    train = in_training(keys)
"""

import hashlib
import itertools
import re
import tomllib
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.hashing import splitmix64
from index.text import unaccented

TRAINING_SHARE = 0.8
SIGNATURE_SIZE = 64
MIN_SIGNED_WORDS = 8  # shorter texts ("Brand new in box.") are alike without being the same product's
_MAX_SIGNED_WORDS = 1000
_MIN_SIMILARITY = 0.8  # estimated Jaccard similarity of words and word pairs
_SIGNED_TOGETHER = 128  # texts; their hashes fit a core's cache
_BANDS = 16  # of 4 hashes: similarity .8 shares a band with probability .9998, .3 with .12
_MAX_KEY_CHARACTERS = 512
_MIN_KEY_WORDS = 2

_WORDS = {
    kind: words.split()
    for kind, words in tomllib.loads(Path(__file__).with_name("variants.toml").read_text(encoding="utf-8")).items()
}
COLOUR_WORDS = frozenset(_WORDS["colours"])
_VARIANT_WORDS = COLOUR_WORDS.union(_WORDS["sizes"], _WORDS["editions"])
_PART_WORDS = _VARIANT_WORDS.union(_WORDS["parts"])
_SMALL_WORDS = frozenset(_WORDS["small"])
_NUMBER = r"\d+(?:[.,/-]\d+){0,4}"
_MEASURE = re.compile(
    rf"(?<!\w){_NUMBER}(?:\s?[x×]\s?{_NUMBER}){{0,3}}"
    rf"(?:\s?[-x×]?\s?(?:{'|'.join(_WORDS['units'])})(?!\w)|\s?[\"'”″′])"  # 12-pack, 1.75 mm, 3/4 x 300 inches, 5"
    rf"|(?<!\w){_NUMBER}(?:\s?[x×]\s?{_NUMBER}){{1,3}}(?!\w)"  # 100x70
    rf"|(?<!\w)(?:pack|set|box|case|size|eu|uk|us|pacote|conjunto|caixa|tamanho|tam)\.?\s"
    rf"(?:of\s|com\s)?{_NUMBER}(?!\w)"
    r"|(?<!\w)(?:size|tamanho|tam)\.?\s(?:[xp]?[spmlg]|gg|xxl)(?!\w)"
    r"|(?<!\w)a[3-6](?!\w)"
    rf"|(?<!\w)\d+(?:st|nd|rd|th)\s(?=ed)"  # and before it: pack of 15, size 8; here: 2nd edition
)
_MEDIUM = re.compile(r"[(\[](?:audio\s)?(?:cd|dvd|vhs|lp|vinyl|blu-?ray|mp3(?:\scd)?|4k|import)[)\]]")
_WORD = re.compile(r"[^\W_]+")
_PARTING = re.compile(r"[,;:|()\[\]]|\s[-–—]\s")
_MAXCOLOUR_WORDS = 3  # "Dusty Rose"
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
# ASCII text to bytes of words: capitals small, everything but letters and digits a space.
_TO_WORDS = bytes(ord(chr(code).lower()) if chr(code).isalnum() else 32 for code in range(128)) + bytes(range(128, 256))

# 64 odd factors, then 64 offsets. They were drawn at random, once: the split follows from them, so they stay.
_FACTORS, _OFFSETS = np.frombuffer(
    bytes.fromhex(
        """
        c32a298fbd98a734f1693f0c677723bd535db498e9051d2021aeae9fc1065d840543cdefed68f504e7d80993539a2750ff8423fa
        6d481cc8231aaaa551db05286d9aebf79f6416715d8a66cf1148fcab37728cf4f3bbc6c911e8baab5dbc80ef273e916257626271
        755a63f9c77312a01b6f34bdb5f2139c7bb1967cc3b286cceb913a85915e7ce055dd1979c74dcfc2635f42dec9ab86e417baa172
        c118b799539049a3cb738eb38f01bf5783eb38cef5c4e4f2699239ba39a7fe49670f61e9cfaabf8b7f48061c2ffe5c8b8d8e0683
        3f85aa9fcbb7f600fdab0bf81384b770975a7adaf1ce5b823b5d4bbd5755a90fdfba39a2854f068c45334a001b3a14aafaed0480
        78d1dd0b1dd9db9f4b5a0238478b55da82dfbaebc9a0a1ab34ae67d0bece3c4d48334fad868d8c412faae6d16c8f1789c68e5964
        9179bc6826fb58c0a4b89209954627927b64949cd0e0be5e48e0fdb8bd97bb2bc00c0c8eb0c8263cc809989bdd634125298b40a7
        89e6819cb79178a762d6a025622018b698b079994b059d5a61f88cd9a3d78656ee8f4d8f308f0131f4b7e614e9182df109246388
        e16fd876f8c6e7ab7ebf87402feb55a320b9f1ac4bc55c24b7aedac1c590ca7971444f04e1b0bd042d696b145d138d1f44adef82
        57fe755b6ce5fab78b1caab41f9ca25e84347662f1aa9a994e8d775bd7beade8819e17498eceb749181492a0
        """
    ),
    "<u4",
).reshape(2, SIGNATURE_SIZE)

UInt64s = NDArray[np.uint64]


def title_key(title: str) -> int:
    """Hash what is left of a title without case, punctuation, sizes, colours and edition, to 64 bits.

    Where fewer than two telling words are left, as of "The Red 10-Pack", less is taken away.
    """
    plain = unaccented(title[:_MAX_KEY_CHARACTERS])
    plain = _APOSTROPHE.sub("", _MEDIUM.sub(" ", plain.replace("⁄", "/")))
    measured = _MEASURE.sub(" ", plain)
    first, *rest = [_WORD.findall(part) for part in _PARTING.split(measured)]
    every = list(itertools.chain(first, *rest))
    initials = {word[0] for word in every if word in COLOUR_WORDS}
    telling = list(itertools.chain(first, *(part for part in rest if not _is_variant(part))))
    for words in (_product_words(telling, initials), _product_words(every, initials), every, _WORD.findall(plain)):
        if sum(word not in _SMALL_WORDS for word in words) >= _MIN_KEY_WORDS:
            break
    key = " ".join(words) or plain
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _is_variant(part: list[str]) -> bool:
    """Return whether a part of a title only tells a variant: "Dusty Rose", "Left-Handed", nothing."""
    return _PART_WORDS.issuperset(part) or (len(part) <= _MAXCOLOUR_WORDS and part[-1] in COLOUR_WORDS)


def _product_words(words: list[str], initials: set[str]) -> list[str]:
    """Take variant words out, and the last letter of a model number where it is a colour's initial: KX-220R, Red."""
    return [
        word[:-1] if word[-1] in initials and word[-2:-1].isdigit() else word
        for word in words
        if word not in _VARIANT_WORDS
    ]


def sign(texts: Sequence[str]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Return the MinHash signatures of the texts that are long enough, and their places in `texts`.

    Returns (m, 64) uint16 and (m,) int64. Two signatures agree at a share of places
    that estimates the Jaccard similarity of the texts' words and word pairs.
    """
    signatures = np.empty((len(texts), SIGNATURE_SIZE), np.uint16)
    places: list[int] = []
    for start in range(0, len(texts), _SIGNED_TOGETHER):
        words = [_words(text) for text in texts[start : start + _SIGNED_TOGETHER]]
        long_enough = [place for place, found in enumerate(words) if len(found) >= MIN_SIGNED_WORDS]
        if long_enough:
            done = len(places)
            signatures[done : done + len(long_enough)] = _sign_words([words[place] for place in long_enough])
            places.extend(start + place for place in long_enough)
    return signatures[: len(places)], np.array(places, np.int64)


def cluster_keys(title_keys: UInt64s, signatures: NDArray[np.uint16], signed_rows: NDArray[np.int64]) -> UInt64s:
    """Return every product the key of its cluster: the smallest title key among its members.

    `title_keys` (n,); `signatures` (m, 64) of the products in `signed_rows` (m,). Returns (n,).
    """
    labels = united(np.arange(len(title_keys)), _neighbours(title_keys))
    bands = np.ascontiguousarray(signatures).view(np.uint64)
    for band in range(_BANDS if len(signatures) else 0):
        candidates = _neighbours(np.ascontiguousarray(bands[:, band]))
        ends = labels[signed_rows[candidates]]
        candidates = candidates[:, ends[0] != ends[1]]
        labels = united(labels, signed_rows[candidates[:, _similar(signatures, candidates)]])
    keys = np.full(len(title_keys), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(keys, labels, title_keys)
    smallest: UInt64s = keys[labels]
    return smallest


def in_training(keys: UInt64s) -> NDArray[np.bool_]:
    """Return which clusters (n,) are for training (four in five), (n,) bool; the rest are for validation."""
    return splitmix64(keys) < np.uint64(int(TRAINING_SHARE * 2**64))


def _words(text: str) -> list[bytes]:
    if text.isascii():
        words = text.encode().translate(_TO_WORDS).split()
    else:
        words = [word.encode("utf-8", "replace") for word in _WORD.findall(text.casefold())]
    return words[:_MAX_SIGNED_WORDS]


def _sign_words(texts: list[list[bytes]]) -> NDArray[np.uint16]:
    lengths = np.array([len(words) for words in texts])
    starts = np.cumsum(lengths) - lengths
    hashes = itertools.chain.from_iterable(map(zlib.crc32, words) for words in texts)
    single = _scramble(np.fromiter(hashes, np.uint32, lengths.sum()))
    pair = single.copy()
    pair[:-1] = _scramble(single[:-1] * np.uint32(0x85EBCA6B) + single[1:])
    pair[starts + lengths - 1] = single[starts + lengths - 1]  # no pair crosses from one text into the next
    signatures = np.empty((len(texts), SIGNATURE_SIZE), np.uint16)
    for number, (factor, offset) in enumerate(zip(_FACTORS, _OFFSETS, strict=True)):
        smallest = np.minimum.reduceat(np.minimum(single * factor + offset, pair * factor + offset), starts)
        # The smallest of many is small: its bits are spread again before 16 of them are kept.
        signatures[:, number] = _scramble(smallest) >> np.uint32(16)
    return signatures


def _scramble(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Spread 32-bit values evenly (the finaliser of MurmurHash3)."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def _neighbours(keys: UInt64s) -> NDArray[np.int64]:
    """Pair every place with the one before it and the first one of equal key: (2, pairs), linear after a sort."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    equal = np.flatnonzero(ordered[1:] == ordered[:-1]) + 1
    is_first = np.append(True, ordered[1:] != ordered[:-1])
    first = np.maximum.accumulate(np.where(is_first, np.arange(len(keys)), 0))
    far = equal[first[equal] != equal - 1]
    return np.stack([order[np.append(equal, far)], order[np.append(equal - 1, first[far])]])


def _similar(signatures: NDArray[np.uint16], pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which pairs (2, p) agree at enough places, (p,) bool; a slice at a time, for memory's sake."""
    slices = [pairs[:, start : start + 100_000] for start in range(0, pairs.shape[1], 100_000)]
    agreements = [(signatures[one] == signatures[other]).mean(axis=1) >= _MIN_SIMILARITY for one, other in slices]
    return np.concatenate(agreements) if agreements else np.zeros(0, np.bool_)


def united(labels: NDArray[np.int64], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels (n,) by which the ends of all pairs (2, p) are the same; what had one label before still has.

    The larger label of a pair is hung below the smaller, then every label below its root, until no pair is apart.
    """
    ends = labels[pairs]
    roots = np.arange(labels.max(initial=-1) + 1)
    while len(apart := np.flatnonzero(roots[ends[0]] != roots[ends[1]])):
        ends = roots[ends[:, apart]]
        np.minimum.at(roots, ends.max(axis=0), ends.min(axis=0))
        while (higher := roots[roots] != roots).any():
            roots[higher] = roots[roots[higher]]
    return roots[labels]

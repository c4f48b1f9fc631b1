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
import unicodedata
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.hashing import splitmix64

TRAINING_SHARE = 0.8
SIGNATURE_SIZE = 64
MIN_SIGNED_WORDS = 8  # shorter texts ("Brand new in box.") are alike without being the same product's
_MAX_SIGNED_WORDS = 1000
_MIN_SIMILARITY = 0.8  # estimated Jaccard similarity of words and word pairs
_SIGNED_TOGETHER = 128  # texts; their hashes fit a core's cache
_BANDS = 16  # of 4 hashes: similarity .8 shares a band with probability .9998, .3 with .12
_MAX_KEY_CHARACTERS = 512
_MIN_KEY_WORDS = 2

# These lists decide the split, so they stand here and change for the split's sake only.
_COLOURS = """
    amber aqua beige black blue bronze brown burgundy charcoal clear copper coral cream cyan gold golden gray green grey
    indigo ivory khaki lavender lilac lime magenta maroon mint multicolor multicolored multicolour navy olive orange
    peach pink plum purple red rose ruby silver tan teal transparent turquoise violet white yellow
    amarela amarelo azul bege branca branco bronze cinza colorida colorido coral creme dourada dourado laranja lilas
    marrom prata prateado preta preto rosa roxa roxo transparente turquesa verde vermelha vermelho vinho
    color colors colour colours cor cores
"""
_SIZES = """
    large medium small mini jumbo xs s m l xl xxl xxxl 2xl 3xl 4xl size sizes pack packs pk
    grande medio media pequeno pequena tamanho tam pacote
"""
_EDITIONS = """
    edition editions ed hardcover hardback paperback softcover kindle ebook audiobook unabridged abridged revised
    reprint anniversary deluxe collectors edicao brochura capa dura
"""
_COLOUR_WORDS = frozenset(_COLOURS.split())
_VARIANT_WORDS = frozenset(f"{_COLOURS} {_SIZES} {_EDITIONS}".split())
# These mark a variant only where a part of the title, such as ", Right-Handed" or "(Board Book)", holds nothing else.
_PART_WORDS = _VARIANT_WORDS | frozenset(
    """
    ash beech brass bright cherry chrome dark graphite light matt matte moss natural neon nickel oak pastel pearl sand
    slate steel stone walnut wenge
    single double triple pair twin full queen king regular long short tall wide narrow slim petite fine broad extra nib
    left right hand handed tin bag box jar bottle tub standard pro plus lite basic classic
    board book print cd dvd vinyl lp import
    solteiro casal queen par regular longo curto destro canhoto lata vidro
    """.split()
)
_SMALL = """
    a an and as by for from in of on or the to with
    com da de do e em o os para por um uma
"""
_SMALL_WORDS = frozenset(_SMALL.split())
_UNITS = """
    mm cm m km in inch inches ft foot feet yd yards? mil metros? polegadas? mg g gr grams? gramas? kg quilos? oz ounces?
    fl lbs? pounds? l lt lit(?:er|re)s? litros? ml cl gal gallons? qt quarts? pt pints? gb tb mb mah ah v volts?
    w watts? ohms? tog years? months? anos meses persons? people pessoas treads? degraus bags? sacos tins? latas
    tablets? comprimidos capsules? capsulas packs? pk pcs? pieces? pecas? count ct cnt sets? rolls? rolos? sheets?
    folhas? pages? pairs? un unidades? dozen
"""
_NUMBER = r"\d+(?:[.,/-]\d+)*"
_MEASURE = re.compile(
    rf"(?<!\w){_NUMBER}(?:\s?[x×]\s?{_NUMBER})*"
    rf"(?:\s?[-x×]?\s?(?:{'|'.join(_UNITS.split())})(?!\w)|\s?[\"'”″′])"  # 12-pack, 1.75 mm, 3/4 x 300 inches, 5"
    rf"|(?<!\w){_NUMBER}(?:\s?[x×]\s?{_NUMBER})+(?!\w)"  # 100x70
    rf"|(?<!\w)(?:pack|set|box|case|size|eu|uk|us|pacote|conjunto|caixa|tamanho|tam)\.?\s"
    rf"(?:of\s|com\s)?{_NUMBER}(?!\w)"
    r"|(?<!\w)(?:size|tamanho|tam)\.?\s(?:[xp]?[spmlg]|gg|xxl)(?!\w)"
    r"|(?<!\w)a[3-6](?!\w)"
    rf"|(?<!\w)\d+(?:st|nd|rd|th)\s(?=ed)"  # and before it: pack of 15, size 8; here: 2nd edition
)
_MEDIUM = re.compile(r"[(\[](?:audio\s)?(?:cd|dvd|vhs|lp|vinyl|blu-?ray|mp3(?:\scd)?|4k|import)[)\]]")
_WORD = re.compile(r"[^\W_]+")
_PARTING = re.compile(r"[,;:|()\[\]]|\s[-–—]\s")
_MAX_COLOUR_WORDS = 3  # "Dusty Rose"
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
# ASCII text to bytes of words: capitals small, everything but letters and digits a space.
_TO_WORDS = bytes(ord(chr(code).lower()) if chr(code).isalnum() else 32 for code in range(128)) + bytes(range(128, 256))

_GENERATOR = np.random.Generator(np.random.PCG64(20_250_101))
_FACTORS = _GENERATOR.integers(0, 2**32, SIGNATURE_SIZE, dtype=np.uint32) | np.uint32(1)
_OFFSETS = _GENERATOR.integers(0, 2**32, SIGNATURE_SIZE, dtype=np.uint32)

UInt64s = NDArray[np.uint64]


def title_key(title: str) -> int:
    """Hash what is left of a title without case, punctuation, sizes, colours and edition, to 64 bits.

    Where fewer than two telling words are left, as of "The Red 10-Pack", less is taken away.
    """
    plain = unicodedata.normalize("NFKD", title[:_MAX_KEY_CHARACTERS]).casefold()
    if not plain.isascii():
        plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = _APOSTROPHE.sub("", _MEDIUM.sub(" ", plain.replace("⁄", "/")))
    measured = _MEASURE.sub(" ", plain)
    first, *rest = [_WORD.findall(part) for part in _PARTING.split(measured)]
    every = list(itertools.chain(first, *rest))
    initials = {word[0] for word in every if word in _COLOUR_WORDS}
    telling = list(itertools.chain(first, *(part for part in rest if not _is_variant(part))))
    for words in (_product_words(telling, initials), _product_words(every, initials), every, _WORD.findall(plain)):
        if sum(word not in _SMALL_WORDS for word in words) >= _MIN_KEY_WORDS:
            break
    key = " ".join(words) or plain
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _is_variant(part: list[str]) -> bool:
    """Return whether a part of a title only tells a variant: "Dusty Rose", "Left-Handed", nothing."""
    return _PART_WORDS.issuperset(part) or (len(part) <= _MAX_COLOUR_WORDS and part[-1] in _COLOUR_WORDS)


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
    count = len(title_keys)
    roots = _unite(np.arange(count), _neighbours(title_keys))
    bands = np.ascontiguousarray(signatures).view(np.uint64)
    for band in range(_BANDS if len(signatures) else 0):
        candidates = _neighbours(np.ascontiguousarray(bands[:, band]))
        ends = roots[signed_rows[candidates]]
        candidates = candidates[:, ends[0] != ends[1]]
        roots = _unite(roots, signed_rows[candidates[:, _similar(signatures, candidates)]])
    keys = np.full(count, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(keys, roots, title_keys)
    smallest: UInt64s = keys[roots]
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


def _unite(roots: NDArray[np.int64], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join the trees that pairs lead between; gives every place its root, the smallest of its tree.

    `roots` (n,), `pairs` (2, p). Each round hooks the roots of all pairs together and
    flattens the trees; few rounds do.
    """
    while pairs.shape[1]:
        ends = roots[pairs]
        is_open = ends[0] != ends[1]
        pairs, ends = pairs[:, is_open], ends[:, is_open]
        np.minimum.at(roots, ends.max(axis=0), ends.min(axis=0))
        while True:
            flatter = roots[roots]
            if np.array_equal(flatter, roots):
                break
            roots = flatter
    return roots

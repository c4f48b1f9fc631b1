"""Title vectors: hashed words and trigrams by tf-idf, or any sentence-transformers model.

The built-in encoder needs no model file: each hashed word or character trigram has a fixed
random direction, weighted by how rare it is in the catalogue. It works offline, and the same
text gives the same vector on every machine, up to rounding.

    encoder = HashedTfidfEncoder.of(hashed_idf(folded_titles))
    vectors = encoder.encode(["Sony WH-1000XM4"])      # (1, 256) float32, unit rows
"""

import functools
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import UserError
from index.extras import require
from index.hashing import WORD_SALT, mix, trigram_hashes, word_hashes
from index.text import fold

DIMS = 256
MIN_BUCKET_BITS, MAX_BUCKET_BITS = 12, 17
BUCKETS_A_TITLE = 16
TITLES_A_BATCH = 128
HUB_TIMEOUT_S = 10
HUB_NAME = re.compile(r"(?:\w[\w.-]{0,95}/)?\w[\w.-]{0,95}(?:@\w[\w.-]{0,95})?")
HUB_OWNER = "sentence-transformers"  # of a name without one
COMMIT = re.compile(r"[0-9a-f]{40}")
HUB_FILES = ["*.safetensors", "*.json", "*.txt", "*.model"]  # no pickles
NO_PICKLES = {"use_safetensors": True}


Floats = NDArray[np.float32]


class Encoder(Protocol):
    """What turns texts into vectors; higher inner product is nearer."""

    @property
    def name(self) -> str:
        """Return what opens it again; "" for the built-in one."""
        ...

    @property
    def dims(self) -> int:
        """Return the length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, dims) float32, unit rows; a text without a known sign may give a zero row."""
        ...


@dataclass(frozen=True)
class HashedTfidfEncoder:
    """A table of directions, one for each hash bucket, weighted by inverse document frequency.

    Feature hashing (Weinberger et al. 2009), projected at random by signs alone (Achlioptas 2003).
    `idf` is (buckets,) float32, `table` (buckets, dims) int8; buckets are a power of two.
    """

    idf: Floats
    table: NDArray[np.int8]

    @classmethod
    def of(cls, idf: Floats) -> "HashedTfidfEncoder":
        """Return the encoder of a catalogue by its `hashed_idf`; directions come from hashes alone."""
        return cls(idf, _directions(len(idf)))

    @property
    def name(self) -> str:
        """Return the name of the built-in encoder."""
        return ""

    @property
    def dims(self) -> int:
        """Return the length of a vector."""
        return int(self.table.shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, dims) float32, unit rows; a text without a word gives a zero row."""
        vectors = [self._encode_batch([fold(text) for text in batch]) for batch in batches(texts, TITLES_A_BATCH)]
        return np.concatenate([np.zeros((0, self.dims), dtype=np.float32), *vectors])

    def _encode_batch(self, folded: Sequence[str]) -> Floats:
        ids, rows = hashed(folded, len(self.idf))
        weights, directions = self.idf[ids], self.table[ids].astype(np.float32)
        starts = np.searchsorted(rows, np.arange(len(folded) + 1)).tolist()
        # A product for each text is ten times as fast as `np.add.reduceat`.
        sums = [weights[start:stop] @ directions[start:stop] for start, stop in pairwise(starts)]
        return unit_rows(np.stack(sums))


@dataclass(frozen=True)
class SentenceEncoder:
    """Any sentence-transformers model, loaded by name or path; code from a model is never run.

    `name` is a path, or that of a model of the hub with its commit: "owner/model@0123…".
    """

    name: str
    dims: int
    model: Any

    @classmethod
    def open(cls, name: str, *, fetch: bool = True) -> "SentenceEncoder":
        """Load the model on the CPU; the hub is asked only to `fetch` one that is not here yet.

        A name without a commit, or with a branch or a tag, is that of the commit that is here or, where none is, of the
        newest one; what is not fetched has to be named by its commit.

        Raises `UserError` where there is no such model, or it cannot be had, or what loads it is not installed.
        """
        require("transformers")
        try:
            name, model = _opened(name, fetch)
        except Exception as exc:
            reason = f"{type(exc).__name__}: {exc}".splitlines()[0][:160]
            raise UserError(
                f"the encoder {name!r} cannot be loaded ({reason})",
                "the name or the path of a sentence-transformers model" if fetch else "a model that is on this machine",
                "titlewise index (the built-in encoder needs no model)"
                if fetch
                else f"titlewise index --encoder {shlex.quote(name)}, which fetches it",
            ) from exc
        return cls(name, len(model.encode("a")), model)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, dims) float32, unit rows."""
        if not texts:
            return np.zeros((0, self.dims), dtype=np.float32)
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        vectors = self.model.encode(clean, batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        return np.ascontiguousarray(vectors, dtype=np.float32)


def _opened(name: str, fetch: bool) -> tuple[str, Any]:
    """Return the name that leads to the same weights for ever, and the model."""
    if Path(name).is_dir():
        return name, _loaded(Path(name))
    if not HUB_NAME.fullmatch(name):
        raise FileNotFoundError("there is no such folder")
    named, _, revision = name.partition("@")
    if not fetch and not COMMIT.fullmatch(revision):
        raise FileNotFoundError("its commit is not recorded")
    from huggingface_hub import HfApi, snapshot_download

    repository = named if "/" in named else f"{HUB_OWNER}/{named}"
    download = functools.partial(snapshot_download, repository, revision=revision or None, allow_patterns=HUB_FILES)
    try:
        here = Path(download(local_files_only=True))
        return f"{named}@{here.name}", _loaded(here)
    except (OSError, ValueError):  # not here, or not the whole of it
        if not fetch:
            raise
    HfApi().model_info(repository, revision=revision or None, timeout=HUB_TIMEOUT_S)  # fails at once where it does
    here = Path(download())
    return f"{named}@{here.name}", _loaded(here)


def _loaded(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(
        str(folder), device="cpu", trust_remote_code=False, local_files_only=True, model_kwargs=NO_PICKLES
    )


def hashed_idf(folded: Sequence[str]) -> Floats:
    """Count how rare the hashed words and trigrams of folded titles are: (buckets,) float32, a power of two."""
    bits = max(MIN_BUCKET_BITS, min(MAX_BUCKET_BITS, (BUCKETS_A_TITLE * max(1, len(folded))).bit_length()))
    buckets = 1 << bits
    count = np.zeros(buckets, dtype=np.int64)
    for batch in batches(folded, TITLES_A_BATCH):
        ids, rows = hashed(batch, buckets)
        count += np.bincount(np.unique(rows * buckets + ids) % buckets, minlength=buckets)
    return (np.log((1 + len(folded)) / (1 + count)) + 1).astype(np.float32)


def hashed(folded: Sequence[str], buckets: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the buckets of all words and trigrams of n texts, (k,) int64, and the row of each, (k,) int64, ascending.

    A trigram may span two words, and each text is padded by a space at both ends.
    """
    trigrams, trigram_rows = trigram_hashes(folded)
    words = [word for text in folded for word in text.split()]
    word_rows = np.repeat(np.arange(len(folded)), [len(text.split()) for text in folded])
    hashes = np.concatenate([trigrams, word_hashes(words)])
    rows = np.concatenate([trigram_rows, word_rows])
    order = np.argsort(rows, kind="stable")
    return (hashes[order] & np.uint64(buckets - 1)).astype(np.int64), rows[order]


def unit_rows(vectors: Floats) -> Floats:
    """Scale each row of (n, d) to length one; zero rows stay zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _directions(buckets: int) -> NDArray[np.int8]:
    """Return (buckets, DIMS) int8 of signs, from hashes of the bucket numbers: made too quickly to be kept."""
    words_a_row = DIMS // 64
    bits = mix(np.arange(buckets * words_a_row, dtype=np.uint64) ^ WORD_SALT).astype("<u8").view(np.uint8)
    signs = 2 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(np.int8) - 1
    table: NDArray[np.int8] = signs.view(np.int64)[bits, 0].view(np.int8).reshape(buckets, DIMS)
    return table


def batches(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield texts in runs of so many."""
    for start in range(0, len(texts), size):
        yield texts[start : start + size]

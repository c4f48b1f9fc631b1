"""From a block of a source to cleaned rows, and what later stages need to know of each.

This is the work that `index.catalogue.prepare` hands to other processes: it depends on its
arguments alone. Duplicates and splits are not known here.

    for piece in pieces_of(source):
        result = clean_piece(piece)
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from index.catalogue.cleaning import clean, clean_uid, is_description
from index.catalogue.sources.blocks import Block, Rejection, sample_of
from index.catalogue.sources.columns import Chosen
from index.catalogue.sources.source import ReadOutcome, Source
from index.catalogue.store import uid_digest
from index.catalogue.values import TooDeepError, is_missing, lines_of, text_of, texts_in, value_at
from index.remote.paths import AnyPath
from index.settings import CatalogueSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LENGTHS = ("title characters", "title words", "content characters", "content words")
ROW_COLUMNS = ("uid", "title", "content")
MAX_TITLE_CHARACTERS = 4_000  # as many as a question may have
_NO_UIDS = (bool, list, dict)
_NO_OPTION = "Title: Default Title"  # what Shopify writes where a product has no variants
MAX_SAMPLES = 20  # of rejected lines, for each reason

# What is known of a row besides its text; a NumPy dtype.
FACTS: list[tuple[Any, ...]] = [
    ("line", "<i8"),
    ("source", "<i4"),  # its number, where there are several
    ("uid", "<u8", (2,)),  # digest
    ("text", "<u8", (2,)),  # digest of the title and the content
    ("title_key", "<u8"),
    ("lengths", "<i4", (4,)),  # of `LENGTHS`
    ("described", "?"),
    ("signed", "?"),  # whether there is a signature of the content
]


class RowProduct(NamedTuple):
    """What a row gives: a product, cleaned, with further identifiers; `is_unread`: its description cannot be read."""

    uid: str
    title: str
    content: str
    identifiers: tuple[str, ...]
    is_unread: bool


@dataclass(frozen=True)
class Cleaned:
    """What one block gave: n rows, m of them with a signature.

    `rows` is an Arrow record batch (uid, title, content); `facts` (n,) of `FACTS`;
    `signatures` (m, 64) uint16 in the order of the rows that are `signed`; `identifiers` are further ones, each with
    its row, counted from 0 within the block.
    """

    rows: Any
    facts: "NDArray[np.void]"
    signatures: "NDArray[np.uint16]"
    identifiers: list[tuple[str, int]]
    lines: int  # that were not blank, with those lost before the block
    joined: int  # of these, part of others
    unread: int  # descriptions
    rejected: Counter[str]
    samples: list[Rejection]
    names: frozenset[str]  # of columns that the rows have


@dataclass(frozen=True)
class Piece:
    """A block of a source, and how many bytes of it were read meanwhile; at the end, how the reading went."""

    block: Block | ReadOutcome
    chosen: Chosen
    read_bytes: int


@dataclass(frozen=True)
class CleanedPiece:
    """What a piece gave, and how many bytes were read for it."""

    cleaned: Cleaned | ReadOutcome
    read_bytes: int


def pieces_of(source: Source) -> Iterator[Piece]:
    """Read a source to its end."""
    read: list[int] = []
    for block in source.blocks(read.append):
        yield Piece(block, source.chosen, sum(read))
        read.clear()
    yield Piece(source.outcome, source.chosen, sum(read))


def pieces_at(path: AnyPath, settings: CatalogueSettings) -> Iterator[Piece]:
    """Open a source and read it to its end."""
    with Source(path, settings) as source:
        yield from pieces_of(source)


def clean_piece(piece: Piece) -> CleanedPiece:
    """Clean the rows of a piece, if it has any."""
    block = piece.block
    return CleanedPiece(block if isinstance(block, ReadOutcome) else clean_block(block, piece.chosen), piece.read_bytes)


def clean_block(block: Block, chosen: Chosen) -> Cleaned:
    """Read and clean the rows of a block; what is unusable is counted, by reason."""
    import numpy as np
    import pyarrow as pa

    from index.catalogue.near_duplicates import sign, title_key

    rejections = list(block.rejections)
    products: list[RowProduct] = []
    lines: list[int] = []
    names: set[str] = set()
    for number, row, raw in block.rows():
        product = row if isinstance(row, str) else product_of(row, chosen)
        if not isinstance(row, str):
            names.update(row)
        if isinstance(product, str):
            rejections.append(Rejection(number, product, sample_of(raw)))
            continue
        products.append(product)
        lines.append(number)

    uids = [product.uid for product in products]
    titles = [product.title for product in products]
    contents = [product.content for product in products]
    signatures, signed = sign(contents)
    facts = np.zeros(len(lines), FACTS)
    facts["line"] = lines
    facts["uid"] = _digests([uid_digest(uid) for uid in uids])
    facts["text"] = _digests([_text_digest(*texts) for texts in zip(titles, contents, strict=True)])
    facts["title_key"] = np.array([title_key(title) for title in titles], np.uint64)
    for place, texts in enumerate((titles, contents)):
        facts["lengths"][:, 2 * place] = [len(text) for text in texts]
        facts["lengths"][:, 2 * place + 1] = [text.count(" ") + 1 if text else 0 for text in texts]
    facts["described"] = [is_description(*texts) for texts in zip(contents, titles, strict=True)]
    facts["signed"][signed] = True
    identifiers = [(text, place) for place, product in enumerate(products) for text in product.identifiers]
    return Cleaned(
        rows=pa.record_batch([pa.array(column, pa.string()) for column in (uids, titles, contents)], list(ROW_COLUMNS)),
        facts=facts,
        signatures=signatures,
        identifiers=identifiers,
        lines=len(lines) + len(rejections) + block.joined,
        joined=block.joined,
        unread=sum(product.is_unread for product in products),
        rejected=Counter(rejection.reason for rejection in rejections),
        samples=first_samples(rejections),
        names=frozenset(names),
    )


def first_samples(rejections: list[Rejection]) -> list[Rejection]:
    """Keep the first few rejections of each reason."""
    seen: Counter[str] = Counter()
    kept = []
    for rejection in rejections:
        seen[rejection.reason] += 1
        if seen[rejection.reason] <= MAX_SAMPLES:
            kept.append(rejection)
    return kept


def product_of(row: Mapping[str, Any], chosen: Chosen) -> RowProduct | str:
    """Return a row of any source as a product, cleaned; or the reason why it gives none.

    A uid may be a number, a title may not; a bad description alone loses no product. Whoever reads single products
    reads them as `prepare` does, whatever format they are in:

        with Source(path, CatalogueSettings()) as source:
            for block in source.blocks(lambda read: None):
                for line, row, raw in block.rows():
                    product = row if isinstance(row, str) else product_of(row, source.chosen)
    """
    uid, title = value_at(row, chosen.uid), value_at(row, chosen.title)
    if is_missing(uid) or is_missing(title):
        return "no uid" if is_missing(uid) else "no title"
    if not isinstance(title, str) or isinstance(uid, _NO_UIDS):
        return "uid is no string" if isinstance(uid, _NO_UIDS) else "title is no string"
    cleaned_uid = clean_uid(text_of(uid))
    if not cleaned_uid:
        return "empty uid"
    cleaned_title = clean(title)
    if not cleaned_title:
        return "empty title"
    if len(cleaned_title) > MAX_TITLE_CHARACTERS:
        return "title too long"
    try:
        content = content_of(row, chosen)
    except (TooDeepError, RecursionError):
        return RowProduct(cleaned_uid, cleaned_title, "", _identifiers(row, chosen, cleaned_uid), True)
    return RowProduct(cleaned_uid, cleaned_title, clean(content), _identifiers(row, chosen, cleaned_uid), False)


def content_of(row: Mapping[str, Any], chosen: Chosen) -> str:
    """Return the content of a row, not yet cleaned: its columns in order, with a blank line between any two lines.

    Raises `TooDeepError` where a value is not to be read.
    """
    lines: list[str] = []
    for column in chosen.content:
        value = value_at(row, column.name)
        if is_missing(value):
            continue
        if chosen.escapes_newlines and isinstance(value, str):
            value = value.replace("\\n", "\n")
        label = column.label
        if column.label_column:
            label = next(iter(texts_in(row.get(column.label_column))), "")
        found = [line for line in lines_of(value, label) if line != _NO_OPTION]
        lines += [f"{line} {column.unit}" for line in found] if column.unit else found
    return "\n\n".join(lines)


def _identifiers(row: Mapping[str, Any], chosen: Chosen, uid: str) -> tuple[str, ...]:
    texts = (clean_uid(text) for name in chosen.ids for text in texts_in(value_at(row, name)))
    return tuple(text for text in dict.fromkeys(texts) if text and text != uid)


def _text_digest(title: str, content: str) -> bytes:
    return hashlib.blake2b(f"{title}\n{content}".encode(), digest_size=16).digest()


def _digests(digests: list[bytes]) -> "NDArray[np.uint64]":
    import numpy as np

    return np.frombuffer(b"".join(digests), "<u8").reshape(-1, 2)

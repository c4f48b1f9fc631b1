"""From a block of lines to cleaned rows, and what later stages need to know of each.

This is the work that `index.catalogue.prepare` hands to other processes: it depends on its
arguments alone. Duplicates and splits are not known here.

    cleaned = clean_block(block, Columns(title="name"))
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.catalogue.cleaning import clean, clean_uid, is_description
from index.catalogue.source import Block, Rejection, sample_of
from index.catalogue.store import uid_digest
from index.settings import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LENGTHS = ("title characters", "title words", "content characters", "content words")
ROW_COLUMNS = ("uid", "title", "content")
MAX_TITLE_CHARACTERS = 4_000  # as many as a question may have
MAX_SAMPLES = 20  # of rejected lines, for each reason

# What is known of a row besides its text; a NumPy dtype.
FACTS: list[tuple[Any, ...]] = [
    ("line", "<i8"),
    ("uid", "<u8", (2,)),  # digest
    ("text", "<u8", (2,)),  # digest of the title and the content
    ("title_key", "<u8"),
    ("lengths", "<i4", (4,)),  # of `LENGTHS`
    ("described", "?"),
    ("signed", "?"),  # whether there is a signature of the content
]


@dataclass(frozen=True)
class Cleaned:
    """What one block gave: n rows, m of them with a signature.

    `rows` is an Arrow record batch (uid, title, content); `facts` (n,) of `FACTS`;
    `signatures` (m, 64) uint16 in the order of the rows that are `signed`.
    """

    rows: Any
    facts: "NDArray[np.void]"
    signatures: "NDArray[np.uint16]"
    lines: int  # that were not blank, with those lost before the block
    rejected: Counter[str]
    samples: list[Rejection]


def clean_block(block: Block, columns: Columns) -> Cleaned:
    """Read and clean the lines of a block; what is unusable is counted, by reason."""
    import numpy as np
    import pyarrow as pa

    from index.catalogue.near_duplicates import sign, title_key

    rejections = list(block.rejections)
    uids: list[str] = []
    titles: list[str] = []
    contents: list[str] = []
    lines: list[int] = []
    blank_lines = 0
    for number, raw in enumerate(block.text.split(b"\n"), block.first_line):
        if not raw.strip():
            blank_lines += 1
            continue
        row = _read(raw, columns)
        if isinstance(row, str):
            rejections.append(Rejection(number, row, sample_of(raw)))
            continue
        for column, value in zip((uids, titles, contents), row, strict=True):
            column.append(value)
        lines.append(number)

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
    return Cleaned(
        rows=pa.record_batch([pa.array(column, pa.string()) for column in (uids, titles, contents)], list(ROW_COLUMNS)),
        facts=facts,
        signatures=signatures,
        lines=len(lines) + len(rejections),
        rejected=Counter(rejection.reason for rejection in rejections),
        samples=first_samples(rejections),
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


def _read(line: bytes, columns: Columns) -> tuple[str, str, str] | str:
    """Return a line's uid, title and content, cleaned; or the reason why it gives no product."""
    if b"\0" in line:
        return "NUL byte"
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return "not UTF-8"
    except (ValueError, RecursionError):
        return "not JSON"
    if not isinstance(row, dict):
        return "not an object"
    uid, title, content = row.get(columns.uid), row.get(columns.title), row.get(columns.content)
    if uid is None or title is None:
        return "no uid" if uid is None else "no title"
    if not isinstance(uid, str) or not isinstance(title, str):
        return "title is no string" if isinstance(uid, str) else "uid is no string"
    if content is not None and not isinstance(content, str):
        return "content is no string"
    cleaned_uid = clean_uid(uid)
    if not cleaned_uid:
        return "empty uid"
    cleaned_title = clean(title)
    if not cleaned_title:
        return "empty title"
    if len(cleaned_title) > MAX_TITLE_CHARACTERS:
        return "title too long"
    return cleaned_uid, cleaned_title, clean(content or "")


def _text_digest(title: str, content: str) -> bytes:
    return hashlib.blake2b(f"{title}\n{content}".encode(), digest_size=16).digest()


def _digests(digests: list[bytes]) -> "NDArray[np.uint64]":
    import numpy as np

    return np.frombuffer(b"".join(digests), "<u8").reshape(-1, 2)

"""The vectors of many titles, a batch at a time: encoded in this process, or on a Ray cluster.

for vectors in title_vectors(titles, 16_384, encoder, IndexSettings()):
    …
"""

from collections.abc import Iterator, Sequence

from index.parallel.open import opened_map
from index.settings import IndexSettings
from index.titles.encoder import Encoder, Floats, batches


def title_vectors(titles: Sequence[str], size: int, encoder: Encoder, settings: IndexSettings) -> Iterator[Floats]:
    """Yield the vectors of titles in order, (k, d) float32 unit rows for each `size` of them.

    Raises `UserError` where the cluster that the settings name cannot be reached.
    """
    with opened_map(1, settings.ray) as mapped:
        yield from mapped(_whole, list(batches(titles, size)), encoder.encode)


def _whole(batch: Sequence[str]) -> tuple[Sequence[str]]:
    return (batch,)

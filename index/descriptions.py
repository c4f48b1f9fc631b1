"""What products say of themselves, title and description: which of a catalogue's products bear on a need.

BM25 over the stems of both, the title's counted several times. As the title index it has one part, or two once it was
updated: the products of the last full build, and those added since. Whether a product truly fits is judged elsewhere.

    DescriptionIndex.build(catalogue, IndexSettings(), Progress).save(folder)
    rows, scores = DescriptionIndex.load(folder).search(["stapler", "100", "sheets"], 64)
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.progress import Progress
from index.settings import IndexSettings
from index.text import GRAMMAR_WORDS, WORD, fold, stem, unaccented
from index.titles.bm25 import BM25Index, Rows, mapped
from index.titles.encoder import Floats
from index.titles.meanings import alike
from index.titles.segments import ROWS_FILE, moved

if TYPE_CHECKING:
    from index.catalogue.store import Catalogue, Product

Rarity = Callable[[Sequence[str]], NDArray[np.float64]]  # of stems, in the texts of a catalogue, in [0, 1]
MOST_MEANINGS = 64
Part = tuple[BM25Index, NDArray[np.int32]]  # and where its products stand in the catalogue
BASE, ADDED = "base", "added"  # folders of the parts


@dataclass(frozen=True)
class DescriptionIndex:
    """Parts of an index over descriptions, each with where its products stand in the catalogue, (n,) int32.

    Below 0 they do no more. The first part is that of the last full build, by which it is known how rare words are.
    """

    parts: tuple[Part, ...]
    settings: IndexSettings = IndexSettings()

    @classmethod
    def build(cls, catalogue: "Catalogue", settings: IndexSettings, progress: type[Progress]) -> "DescriptionIndex":
        """Index the titles and descriptions of a catalogue."""
        rows = np.arange(len(catalogue), dtype=np.int32)
        with progress("reading descriptions", len(catalogue), unit="products") as bar:
            texts = _stems_of(map(catalogue.product, range(len(catalogue))), settings, bar)
            return cls(((BM25Index.count(texts, len(catalogue), settings), rows),), settings)

    def changed(self, catalogue: "Catalogue", base_rows: Rows, added: Rows) -> "DescriptionIndex":
        """Return the index of a changed catalogue: where the base's products stand now, and which rows were added.

        `base_rows` (products of the base,) are rows or `GONE`.
        """
        base = (self.parts[0][0], base_rows.astype(np.int32))
        if not len(added):
            return DescriptionIndex((base,), self.settings)
        products = [catalogue.product(row) for row in added.tolist()]
        return DescriptionIndex((base, self.part_of(products, added)), self.settings)

    def part_of(self, products: Sequence["Product"], rows: Rows) -> Part:
        """Return a part with the products of some rows; how rare words are stays that of the last full build."""
        texts = _stems_of(products, self.settings)
        return BM25Index.count(texts, len(products), self.settings, like=self.parts[0][0]), rows.astype(np.int32)

    def joined(self, standing: NDArray[np.int32], *came: Part) -> "DescriptionIndex":
        """Return the index where products stand elsewhere, as `moved` takes it, and others came."""
        parts = [(index, moved(rows, standing)) for index, rows in self.parts]
        return DescriptionIndex((*parts, *came), self.settings)

    def save(self, folder: Path) -> None:
        """Write the arrays as .npy files, a folder a part."""
        for name, (index, rows) in zip((BASE, ADDED), self.parts, strict=False):
            save_part((index, rows), folder / name)

    def save_changes(self, folder: Path) -> None:
        """Write what `changed` made beside the base's arrays, which are in the folder already."""
        (_, base_rows), *added = self.parts
        np.save(folder / BASE / ROWS_FILE, base_rows, allow_pickle=False)
        for index, rows in added:
            save_part((index, rows), folder / ADDED)

    @classmethod
    def load(cls, folder: Path, settings: IndexSettings = IndexSettings()) -> "DescriptionIndex":
        """Map what `save` wrote into memory."""
        places = (folder / BASE, folder / ADDED)
        return cls(tuple(load_part(place, settings) for place in places if place.is_dir()), settings)

    def search(self, words: Sequence[str], limit: int) -> tuple[Rows, Floats]:
        """Return the rows of the products that bear on some stems, (k,) int64, best first, and their scores, (k,)."""
        found = [index.search(words, limit, rows) for index, rows in self.parts]
        rows, scores = (np.concatenate(each) for each in zip(*found, strict=True))
        best = np.lexsort((rows, -scores))[:limit]
        return rows[best], scores[best]

    def rarity(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return how rare stems are in the products' texts, (n,) float64 in [0, 1]; one that none has is rarest."""
        index = self.parts[0][0]
        return index.rarity(index.document_frequency(words))


def stems_of(text: str) -> list[str]:
    """Return the stems of a text's words, those of grammar left out, in their order."""
    return [stem(word) for word in WORD.findall(unaccented(text)) if word not in GRAMMAR_WORDS]


def meanings_of(text: str) -> list[tuple[str, ...]]:
    """Return the words of a text but those of grammar, each as its stem and those of what the glossary has for it.

    Of a long text they are the first `MOST_MEANINGS`: no need has more.
    """
    found: list[tuple[str, ...]] = []
    for piece in text.split():
        if len(found) >= MOST_MEANINGS:
            break
        folded = fold(piece)  # its hyphens join words: "quebra-cabeça"
        words = [folded] if alike(folded) else WORD.findall(unaccented(piece))
        found += [(word, *alike(word)) for word in words if word not in GRAMMAR_WORDS]
    return [tuple(dict.fromkeys(map(stem, words))) for words in found[:MOST_MEANINGS]]


def stems_of_need(text: str) -> list[str]:
    """Return the stems of a need's words, and of what the glossary has for them in the other language."""
    return list(dict.fromkeys(word for words in meanings_of(text) for word in words))


def save_part(part: Part, folder: Path) -> None:
    """Write a part into a folder of its own."""
    index, rows = part
    folder.mkdir(parents=True, exist_ok=True)
    index.save(folder)
    np.save(folder / ROWS_FILE, rows, allow_pickle=False)


def load_part(folder: Path, settings: IndexSettings) -> Part:
    """Map what `save_part` wrote into memory."""
    rows = mapped(folder / ROWS_FILE)
    return BM25Index.load(folder, len(rows), settings), rows


def _stems_of(
    products: Iterable["Product"], settings: IndexSettings, bar: Progress | None = None
) -> Iterator[list[str]]:
    for product in products:
        title = stems_of(product.title)
        yield title * settings.title_counts + stems_of(product.content)[: settings.most_described_words]
        if bar:
            bar.update()

"""Single products: upserted or removed in seconds, however many others there are, whole or not at all.

What changes is published in one step, the products and what is indexed of them together, beside the catalogue and the
index of the last full build, which stay as they are. `rebuild` folds it in.

    live = LiveIndex(home)
    upsert(live, read_rows(Path("new.jsonl"), CatalogueSettings()), progress=Progress)
    remove(live, ["B000123"], progress=Progress)
    rebuild(home, lambda catalogue, folder: TitleIndex.build(catalogue, folder, progress=Progress))
"""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from index import artefacts
from index.artefacts import only_writer, publish, read_manifest, scratch_beside, swap_in
from index.catalogue.changes import KIND, Changes, folder_of
from index.catalogue.editing import Row, with_rows, without_uids
from index.catalogue.rows import clean_block
from index.catalogue.sources.blocks import Block, Rejection, RowBlock
from index.catalogue.sources.columns import Chosen, choose
from index.catalogue.sources.source import Source
from index.catalogue.store import Catalogue, Product
from index.errors import SourceError, UserError
from index.live import CATALOGUE, INDEX, LiveIndex
from index.progress import Progress
from index.remote.paths import AnyPath
from index.settings import CatalogueSettings, Columns

AS_STORED = Columns("uid", "title", ("content",))
MEND = "titlewise upsert FILE, once it is put right; nothing was changed"

T = TypeVar("T")


class RebuildDueError(UserError):
    """More products have changed than are kept beside the last full build."""


def read_rows(source: AnyPath, settings: CatalogueSettings = CatalogueSettings()) -> list[Row]:
    """Read and clean the rows of a source, "-" for standard input, as `prepare` does, but all of them or none.

    Raises `SourceError` where it cannot be read, ends too early, holds no row, or one that `prepare` would refuse.
    """
    with Source(source, settings) as opened:
        rows = _rows_of(opened.blocks(lambda _: None), opened.name, opened.chosen)
        if opened.ending.broken:
            raise SourceError(f"{opened.name} ends in mid-stream ({opened.ending.broken})", "a whole file", MEND)
        return rows


def row_of(product: Product) -> Row:
    """Return a product as a row, cleaned. Raises `SourceError` where `prepare` would refuse it."""
    fields = asdict(product)
    return _rows_of([RowBlock(((1, fields),))], "the product", choose(AS_STORED, list(fields)))[0]


def _rows_of(blocks: Iterable[Block], name: str, chosen: Chosen) -> list[Row]:
    from index.catalogue.near_duplicates import in_training

    rows: dict[str, Row] = {}
    for block in blocks:
        cleaned = clean_block(block, chosen)
        refused = list(cleaned.samples)
        keys, described, lines = (cleaned.facts[fact] for fact in ("title_key", "described", "line"))
        facts = zip(keys.tolist(), in_training(keys).tolist(), described.tolist(), lines.tolist(), strict=True)
        read: list[Row] = cleaned.rows.to_pylist()
        for row, (cluster, train, is_described, line) in zip(read, facts, strict=True):
            if row["uid"] in rows:
                refused.append(Rejection(line, "duplicate uid", ""))
            rows[row["uid"]] = row
            row |= {"cluster": cluster, "train": train, "described": is_described, "identifiers": []}
        for identifier, place in cleaned.identifiers:
            read[place]["identifiers"].append(identifier)
        if refused:
            first = min(refused, key=lambda rejection: rejection.line)
            raise SourceError(f"{name}, line {first.line}: {first.reason}", "rows that are all sound", MEND)
    if not rows:
        raise SourceError(f"{name} holds no row", "products, each with a uid, a title and a content", MEND)
    return list(rows.values())


def upsert(live: LiveIndex, rows: Sequence[Row], *, progress: type[Progress]) -> Catalogue:
    """Have these products, each new or in place of the one of its uid, and return the catalogue that has them.

    Raises `RebuildDueError`, and `BusyError` where another process changes the home for longer than ten seconds.
    """
    return _change(live, lambda catalogue: with_rows(catalogue, rows), progress)


def remove(live: LiveIndex, uids: Iterable[str], *, progress: type[Progress]) -> Catalogue:
    """Have these uids no more, and return the catalogue without them.

    Raises `UnknownProductError`, and as `upsert`.
    """
    return _change(live, lambda catalogue: without_uids(catalogue, uids), progress)


def rebuild(home: Path, build: Callable[[Catalogue, Path], T]) -> T:
    """Let `build` index the catalogue of a home, with what was upserted and removed folded into it for good.

    Both are swapped in at the end, one right after the other. Raises as `upsert`, and what `build` raises.
    """
    read_manifest(home / CATALOGUE, "catalogue")  # or there is nothing to build from
    with only_writer(home):
        catalogue = Catalogue.load(home / CATALOGUE)
        if catalogue.changed is None:
            return build(catalogue, home / INDEX)
        from index.catalogue.writer import write_joined

        with scratch_beside(home / CATALOGUE) as scratch:
            write_joined(catalogue, home / CATALOGUE, scratch / CATALOGUE)
            if (home / INDEX).is_dir():
                shutil.copytree(home / INDEX, scratch / INDEX, copy_function=_link)
            result = build(Catalogue.load(scratch / CATALOGUE), scratch / INDEX)
            for name in (CATALOGUE, INDEX):
                swap_in(scratch / name, home / name)
        artefacts.remove(folder_of(home / CATALOGUE), KIND)
        return result


def _change(live: LiveIndex, edit: Callable[[Catalogue], Changes], progress: type[Progress]) -> Catalogue:
    with only_writer(live.home):
        catalogue, index = live.newest()
        changes = edit(catalogue)
        _check(changes, catalogue, live)
        products = [Product(row["uid"], row["title"], row["content"]) for row in changes.products.to_pylist()]
        made_by = {"index": index.base.digest, "came": len(changes.hashes), "gone": len(changes.gone)}
        folder = folder_of(live.home / CATALOGUE)
        with publish(folder, kind=KIND, made_by=made_by, made_from=catalogue.base.digest) as scratch:
            changes.save(scratch)
            if products:
                index.came(products, progress).save(scratch)
        return live.newest()[0]  # before others change it again


def _check(changes: Changes, catalogue: Catalogue, live: LiveIndex) -> None:
    most = live.settings.max_upserted
    if changes.count > most:
        raise RebuildDueError(
            f"{changes.count:,} products would have changed since the last full build",
            f"{most:,} at most",
            "titlewise index, which folds them in, and then the same again",
        )
    size = len(catalogue.base)
    if not changes.products.num_rows and (changes.gone < size).sum() == size:
        raise UserError("no product would be left", "one or more", "titlewise prepare SOURCE, for another catalogue")


def _link(source: str, place: str) -> None:
    artefacts.link(Path(source), Path(place))

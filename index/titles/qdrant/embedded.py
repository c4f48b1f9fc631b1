"""Collections in folders, searched by Qdrant's own engine in this process.

A collection that is in use is never written to: an edit changes a copy. An alias is a symbolic link.

    store = EmbeddedStore(Path("artifacts/qdrant"))
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from index.catalogue.arrays import check
from index.errors import StoreError
from index.hashing import Hashes
from index.settings import QdrantSettings
from index.titles.qdrant.store import (
    INDEXING_THRESHOLD_KB,
    MEND,
    OVERSAMPLING,
    TITLE,
    WORDS,
    CandidateQuery,
    Points,
    Scored,
)
from index.titles.qdrant.words import SparseVector


class EmbeddedStore:
    """Collections below one folder; shards that were opened stay open as long as this does."""

    def __init__(self, folder: Path) -> None:
        """Take a folder, which `create` makes where there is none."""
        self._folder = folder
        self._shards: dict[str, Any] = {}

    @property
    def place(self) -> str:
        """The folder, in full."""
        return str(self._folder)

    def create(self, name: str, dims: int, settings: QdrantSettings) -> None:
        """Make an empty collection; here it has one shard and no replicas, whatever the settings say."""
        import qdrant_edge as edge

        title = edge.EdgeVectorParams(
            size=dims,
            distance=edge.Distance.Dot,
            datatype=edge.VectorStorageDatatype.Turbo8,
            memory=edge.Memory.Cold,
            quantization_config=edge.TurboQuantQuantizationConfig(
                bits=edge.TurboQuantBitSize.Bits4, memory=edge.Memory.Pinned
            ),
        )
        words = edge.EdgeSparseVectorParams(datatype=edge.VectorStorageDatatype.Float16, memory=edge.Memory.Pinned)
        config = edge.EdgeConfig(
            vectors={TITLE: title},
            sparse_vectors={WORDS: words},
            optimizers=edge.EdgeOptimizersConfig(indexing_threshold=INDEXING_THRESHOLD_KB),
            wal_enabled=False,  # half of a build is worth nothing; `finish` writes all of it
        )
        with self._failing(name):
            self._at(name).mkdir(parents=True)
            self._shards[name] = edge.EdgeShard.create(str(self._at(name)), config)

    def upsert(self, name: str, points: Points) -> None:
        """Have these points; see `Store`."""
        import qdrant_edge as edge

        made = [
            edge.Point(number, {TITLE: vector, WORDS: _sparse(words)})
            for number, vector, words in zip(points.ids.tolist(), points.vectors, points.words, strict=True)
        ]
        self._update(name, edge.UpdateOperation.upsert_points(made))

    def delete(self, name: str, ids: Hashes) -> None:
        """Have these ids no more; see `Store`."""
        import qdrant_edge as edge

        self._update(name, edge.UpdateOperation.delete_points(ids.tolist()))

    def finish(self, name: str) -> None:
        """Build the graph of the vectors and the index of the words, and write everything."""
        with self._failing(name):
            shard = self._shard(name)
            while shard.optimize():
                pass
            shard.flush()

    def count(self, name: str) -> int:
        """Return how many points a collection has."""
        import qdrant_edge as edge

        with self._failing(name):
            return int(self._shard(name).count(edge.CountRequest(exact=True)))

    def search(self, name: str, query: CandidateQuery) -> tuple[Scored, Scored]:
        """Return what is nearest, and what holds the words, by one request."""
        import qdrant_edge as edge

        quantised = edge.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)
        requests = [
            edge.QueryRequest(
                limit=query.limit,
                query=edge.Query.Nearest(query.vector.tolist(), using=TITLE),
                params=edge.SearchParams(hnsw_ef=query.neighbours, quantization=quantised),
            )
        ]
        if query.every.indices:
            rare, every = (edge.Query.Nearest(_sparse(each), using=WORDS) for each in (query.rare, query.every))
            first = [] if query.rare == query.every else [edge.Prefetch(limit=query.looked_at, query=rare)]
            requests.append(edge.QueryRequest(limit=query.limit, query=every, prefetches=first))
        with self._failing(name):
            found = self._shard(name).query_batch(edge.QueryBatchRequest(requests))
        near, holding = [[(point.id, point.score) for point in points] for points in (*found, [])[:2]]
        return near, holding

    def editable(self, name: str, copy: str) -> str:
        """Copy a collection, which others may be reading."""
        with self._failing(name):
            try:
                shutil.copytree(self._at(name), self._at(copy))
            except BaseException:
                shutil.rmtree(self._at(copy), ignore_errors=True)
                raise
        return copy

    def drop(self, name: str) -> None:
        """Remove a collection, if there is one; who has it open goes on reading it."""
        place = self._at(name)
        if name in self._shards:
            self._shards.pop(name).close()
        shutil.rmtree(place, ignore_errors=True)

    def target(self, alias: str) -> str:
        """Return the name of the collection that an alias stands for, "" for none."""
        link = self._at(alias)
        return str(link.readlink()) if link.is_symlink() else ""

    def switch(self, aliases: Mapping[str, str]) -> None:
        """Let aliases stand for other collections, each in one step; "" removes one."""
        for alias, name in aliases.items():
            link, new = self._at(alias), self._at(f".{alias}-{os.getpid()}")
            with self._failing(name or alias):
                if not name:
                    link.unlink(missing_ok=True)
                    continue
                new.unlink(missing_ok=True)
                new.symlink_to(name)
                new.replace(link)

    def _at(self, name: str) -> Path:
        """Return where a collection is. Raises `ValueError` for a name that leads elsewhere."""
        check(bool(name) and Path(name).name == name, "the name of a collection")
        return self._folder / name

    def _shard(self, name: str) -> Any:
        import qdrant_edge as edge

        if name not in self._shards:
            self._shards[name] = edge.EdgeShard.load(str(self._at(name)))
        return self._shards[name]

    def _update(self, name: str, operation: Any) -> None:
        with self._failing(name):
            self._shard(name).update(operation)

    @contextlib.contextmanager
    def _failing(self, name: str) -> Iterator[None]:
        """Turn what the engine raises, which is a bare `Exception`, into an error that a person can mend."""
        try:
            yield
        except Exception as exc:
            reason = f"{exc}".splitlines()[0][:160]
            raise StoreError(
                f"the collection {name} in {self._folder} cannot be used ({reason})",
                "one that titlewise index wrote, in a folder of yours",
                f"{MEND} PATH",
            ) from exc


def _sparse(vector: SparseVector) -> Any:
    import qdrant_edge as edge

    return edge.SparseVector(vector.indices, vector.values)

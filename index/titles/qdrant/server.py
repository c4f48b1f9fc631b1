"""Collections on a Qdrant server or cluster, over its REST interface.

`$QDRANT_API_KEY` is sent where it is set. A collection is edited in place: points that came are passed over until the
index that knows them is published.

    store = connect("http://localhost:6333")
"""

import contextlib
import functools
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

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

API_KEY = "QDRANT_API_KEY"  # in the environment
TIMEOUT_S = 30
POLL_S = 0.5
DECIMALS = 6  # of what is sent: the server holds a vector in 8 bits, and seventeen digits are half of the text


@functools.cache
def connect(url: str) -> "ServerStore":
    """Return the server at a URL, whose connections this process keeps; nothing is asked of it yet."""
    from qdrant_client import QdrantClient

    key = os.environ.get(API_KEY)
    return ServerStore(QdrantClient(url=url, api_key=key, timeout=TIMEOUT_S, check_compatibility=False), url)


class ServerStore:
    """Collections of a server; serves many threads."""

    def __init__(self, client: Any, url: str) -> None:
        """Take a `qdrant_client.QdrantClient` and the URL that it speaks to."""
        self._client = client
        self._url = url

    @property
    def place(self) -> str:
        """The URL."""
        return self._url

    def create(self, name: str, dims: int, settings: QdrantSettings) -> None:
        """Make an empty collection with the shards, the replicas and the write consistency of the settings."""
        from qdrant_client import models

        turbo = models.TurboQuantQuantizationConfig(bits=models.TurboQuantBitSize.BITS4, memory=models.Memory.PINNED)
        title = models.VectorParams(
            size=dims,
            distance=models.Distance.DOT,
            datatype=models.Datatype.TURBO8,
            memory=models.Memory.COLD,
            quantization_config=models.TurboQuantization(turbo=turbo),
        )
        words = models.SparseIndexParams(datatype=models.Datatype.FLOAT16, memory=models.Memory.PINNED)
        with self._failing():
            self._client.create_collection(
                name,
                vectors_config={TITLE: title},
                sparse_vectors_config={WORDS: models.SparseVectorParams(index=words)},
                shard_number=settings.shards,
                replication_factor=settings.replicas,
                write_consistency_factor=settings.write_consistency,
                optimizers_config=models.OptimizersConfigDiff(indexing_threshold=INDEXING_THRESHOLD_KB),
            )

    def upsert(self, name: str, points: Points) -> None:
        """Have these points; see `Store`."""
        from qdrant_client import models

        vectors = np.round(points.vectors.astype(np.float64), DECIMALS).tolist()
        sparse = [_sparse(words) for words in points.words]
        batch = models.Batch(ids=points.ids.tolist(), vectors={TITLE: vectors, WORDS: sparse})
        with self._failing():
            self._client.upsert(name, points=batch, wait=True)

    def delete(self, name: str, ids: Hashes) -> None:
        """Have these ids no more; see `Store`."""
        with self._failing():
            self._client.delete(name, points_selector=ids.tolist(), wait=True)

    def finish(self, name: str) -> None:
        """Wait until the server has nothing left to index."""
        from qdrant_client import models

        busy = (models.CollectionStatus.YELLOW, models.CollectionStatus.GREY)
        with self._failing():
            while self._client.get_collection(name).status in busy:
                time.sleep(POLL_S)

    def count(self, name: str) -> int:
        """Return how many points a collection has."""
        with self._failing():
            return int(self._client.count(name, exact=True).count)

    def search(self, name: str, query: CandidateQuery) -> tuple[Scored, Scored]:
        """Return what is nearest, and what holds the words, by one request."""
        from qdrant_client import models

        quantised = models.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)
        requests = [
            models.QueryRequest(
                query=query.vector.tolist(),
                using=TITLE,
                limit=query.limit,
                params=models.SearchParams(hnsw_ef=query.neighbours, quantization=quantised),
            )
        ]
        if query.every.indices:
            rare, every = _sparse(query.rare), _sparse(query.every)
            first = models.Prefetch(query=rare, using=WORDS, limit=query.looked_at)
            prefetch = None if rare == every else first
            requests.append(models.QueryRequest(query=every, using=WORDS, limit=query.limit, prefetch=prefetch))
        with self._failing():
            found = self._client.query_batch_points(name, requests=requests)
        scored = [[(point.id, point.score) for point in response.points] for response in found]
        near, holding = (*scored, [])[:2]
        return near, holding

    def editable(self, name: str, copy: str) -> str:
        """Return the collection itself."""
        return name

    def drop(self, name: str) -> None:
        """Remove a collection, if there is one."""
        with self._failing():
            self._client.delete_collection(name)

    def target(self, alias: str) -> str:
        """Return the name of the collection that an alias stands for, "" for none."""
        with self._failing():
            known = self._client.get_aliases().aliases
        return next((each.collection_name for each in known if each.alias_name == alias), "")

    def switch(self, aliases: Mapping[str, str]) -> None:
        """Let aliases stand for other collections, all in one step; "" removes one."""
        from qdrant_client import models

        operations: list[Any] = []
        for alias, name in aliases.items():
            if self.target(alias):
                operations.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
            if name:
                made = models.CreateAlias(collection_name=name, alias_name=alias)
                operations.append(models.CreateAliasOperation(create_alias=made))
        with self._failing():
            self._client.update_collection_aliases(change_aliases_operations=operations)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Turn what the client raises into an error that a person can mend."""
        from qdrant_client.common.client_exceptions import QdrantException
        from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

        try:
            yield
        except UnexpectedResponse as exc:
            mend = f"export {API_KEY}=…" if exc.status_code in (401, 403) else f"{MEND} {self._url}"
            raise StoreError(
                f"Qdrant at {self._url} refuses ({exc.status_code}: {exc.content.decode(errors='replace')[:160]})",
                "a server that has what this index names",
                mend,
            ) from exc
        except (ApiException, QdrantException, OSError) as exc:
            reason = exc.source if isinstance(exc, ResponseHandlingException) else exc
            raise StoreError(
                f"Qdrant at {self._url} cannot be reached ({f'{reason}'[:160]})",
                "a server that answers there",
                f"starting it, or {MEND} with another URL",
            ) from exc


def _sparse(vector: SparseVector) -> Any:
    from qdrant_client import models

    return models.SparseVector(indices=vector.indices, values=vector.values)

"""A stand-in for a Qdrant server: its REST interface over HTTP, answered by qdrant-client's own local mode; for tests.

What the index sends is checked by the client's models of the interface. Searches are exact, and nothing is sharded.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import BaseModel
from qdrant_client import QdrantClient, models


class Qdrant(ThreadingHTTPServer):
    """Answers one request at a time; `requests` are the paths that were asked for, `refusing` a status for all."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.client = QdrantClient(":memory:")
        self.lock = threading.Lock()
        self.requests: list[str] = []
        self.created: list[models.CreateCollection] = []
        self.refusing = 0
        self.fail_after: int | None = None  # upserts that succeed before all fail

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def names(self) -> set[str]:
        return {each.name for each in self.client.get_collections().collections}

    def answer(self, method: str, path: str, raw: bytes) -> Any:
        client = self.client
        if path == "/aliases":
            return client.get_aliases()
        if path == "/collections/aliases":
            return client.update_collection_aliases(models.ChangeAliasesOperation.model_validate_json(raw).actions)
        found = re.fullmatch(r"/collections/([\w-]+)(/points(?:/\w+)*)?", path)
        assert found, path
        name, of_points = found.groups()
        match method, of_points:
            case "PUT", None:
                asked = models.CreateCollection.model_validate_json(raw)
                self.created.append(asked)
                return client.create_collection(name, asked.vectors, asked.sparse_vectors)
            case "GET", None:
                return client.get_collection(name)
            case "DELETE", None:
                return client.delete_collection(name)
            case "PUT", "/points":
                if self.fail_after is not None:
                    if not self.fail_after:
                        raise MemoryError("no room for more points")
                    self.fail_after -= 1
                return client.upsert(name, models.PointsBatch.model_validate_json(raw).batch)
            case "POST", "/points/delete":
                return client.delete(name, models.PointIdsList.model_validate_json(raw).points)
            case "POST", "/points/count":
                return client.count(name)
            case "POST", "/points/query/batch":
                searches = models.QueryRequestBatch.model_validate_json(raw).searches
                exact = [each.model_copy(update={"params": None}) for each in searches]
                return client.query_batch_points(name, exact)
        raise AssertionError(f"{method} {path}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    server: Qdrant

    def do(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        server = self.server
        with server.lock:
            server.requests.append(f"{self.command} {path}")
            status = server.refusing or 200
            try:
                result = None if server.refusing else server.answer(self.command, path, raw)
            except (MemoryError, ValueError) as error:  # of a collection that is not there
                status, result = (404 if isinstance(error, ValueError) else 500), str(error)
        plain: Any = _plain(result)
        body = {"result": plain, "status": "ok"} if status == 200 else {"status": {"error": plain or "refused"}}
        sent = json.dumps({**body, "time": 0.0}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)
        self.wfile.flush()

    do_GET = do_PUT = do_POST = do_DELETE = do  # noqa: N815 - the names that the base class calls

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [_plain(each) for each in value] if isinstance(value, list) else value


@contextmanager
def running() -> Iterator[Qdrant]:
    server = Qdrant()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

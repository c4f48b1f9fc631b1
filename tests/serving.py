"""A real server in a thread of its own, for the tests of the door and of the page that uses it."""

import contextlib
import threading
import time
from collections.abc import Iterator

import httpx2
import uvicorn
from fastapi import FastAPI


@contextlib.contextmanager
def running(app: FastAPI, *, warm: bool = True) -> Iterator[str]:
    """Serve an app on a free port, and yield its address, by default once its model is warm."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        while warm and httpx2.get(f"{address}/readyz").status_code == 503:
            time.sleep(0.01)
        yield address
    finally:
        server.should_exit = True
        thread.join(10)

"""Answers of other servers, no longer than they may be: whoever answers without end fills nobody's memory.

AsyncOpenAI(http_client=bounded_client())
"""

from collections.abc import AsyncIterator

import httpx2
from openai import DefaultAsyncHttpxClient

MOST_BYTES = 8 << 20  # of one answer: a reply of 512 tokens has a few hundred thousand


class TooLongError(httpx2.RequestError):
    """An answer that is longer than any reply."""


def bounded_client() -> httpx2.AsyncClient:
    """Return a client whose answers raise `TooLongError` once they are too long; packed ones are not read."""
    return DefaultAsyncHttpxClient(event_hooks={"response": [_bound]}, headers={"Accept-Encoding": "identity"})


async def _bound(response: httpx2.Response) -> None:
    packed = response.headers.get("content-encoding", "identity")
    if packed != "identity":
        raise TooLongError(f"an answer packed by {packed}, which was not asked for")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    """A stream that ends with an error where it is too long."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        async for chunk in self._stream:
            received += len(chunk)
            if received > MOST_BYTES:
                raise TooLongError(f"an answer of more than {MOST_BYTES >> 20} MiB")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()

"""Who may ask the server, from where, and how much at once.

access = Access("secret", origins=["http://localhost:3000"])
app.include_router(router, dependencies=access.dependencies())
app.add_middleware(KeyRequired, access=access)      # where an app has no routes of FastAPI's
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REFUSAL = "the API key is missing or wrong"
CHALLENGE = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True)
class Access:
    """Who may ask: with an `api_key` only those who send it, and from within a browser pages of the `origins`."""

    api_key: str = ""
    origins: Sequence[str] = ()

    def dependencies(self) -> list[Any]:
        """Return what a route depends on that checks a request's key; nothing without one."""
        if not self.api_key:
            return []
        bearer = HTTPBearer(auto_error=False, description="The server's API key.")

        def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
            if not (given and self.is_key(given.credentials)):
                raise HTTPException(401, REFUSAL, CHALLENGE)

        return [Depends(check)]

    def is_key(self, given: str) -> bool:
        """Return whether a text is the API key, in a time that tells nothing of it."""
        return secrets.compare_digest(given.encode(), self.api_key.encode())


class KeyRequired:
    """Lets in only requests that send the API key, where there is one."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        """Stand before an app."""
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 to a request without the key."""
        if scope["type"] == "http" and self._access.api_key:
            scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self._access.is_key(given.strip()):
                await PlainTextResponse(REFUSAL, 401, CHALLENGE)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Bounded:
    """Refuses bodies that are too large, as they come."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        """Stand before an app."""
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is received."""
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most_bytes:
                raise HTTPException(413, f"the body has more than {self._most_bytes:,} bytes")
            return message

        await self._app(scope, counted, send)

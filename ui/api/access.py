"""Who may ask the server, from where, and how much at once.

access = Access("secret", origins=["http://localhost:3000"])
app.include_router(router, dependencies=access.dependencies())
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


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
            if not (given and secrets.compare_digest(given.credentials.encode(), self.api_key.encode())):
                raise HTTPException(401, "the API key is missing or wrong", {"WWW-Authenticate": "Bearer"})

        return [Depends(check)]


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

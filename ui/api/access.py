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

from index.errors import UserError

API_KEY_VARIABLE = "TITLEWISE_API_KEY"
WRITE_KEY_VARIABLE = "TITLEWISE_WRITE_KEY"
REFUSAL = "the API key is missing or wrong"
WRITE_REFUSAL = "the key for changing products is missing or wrong"
CHALLENGE = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True)
class Access:
    """Who may ask, and who may change products.

    With an `api_key` only those who send it may ask, and from within a browser only pages of the `origins`. Only those
    who send the `write_key` may change products, and without one nobody may.
    """

    api_key: str = ""
    origins: Sequence[str] = ()
    write_key: str = ""

    def __post_init__(self) -> None:
        if self.write_key and self.write_key == self.api_key:
            raise UserError(
                f"${WRITE_KEY_VARIABLE} and ${API_KEY_VARIABLE} are the same",
                "two keys: who may ask may not change products",
                f"another ${WRITE_KEY_VARIABLE}",
            )

    def dependencies(self) -> list[Any]:
        """Return what a route depends on that checks a request's key; nothing without one."""
        if not self.api_key:
            return []
        return [_requires(self.api_key, HTTPBearer(auto_error=False, description="The server's API key."), REFUSAL)]

    def write_dependencies(self) -> list[Any]:
        """Return what a route depends on that changes products: the key for that, or that there is none."""
        if self.write_key:
            description = "The server's key for changing products."
            bearer = HTTPBearer(auto_error=False, scheme_name="WriteKey", description=description)
            return [_requires(self.write_key, bearer, WRITE_REFUSAL)]

        def refuse() -> None:
            raise HTTPException(403, f"products cannot be changed here: the server has no ${WRITE_KEY_VARIABLE}")

        return [Depends(refuse)]

    def is_key(self, given: str) -> bool:
        """Return whether a text is the API key, in a time that tells nothing of it."""
        return _is(self.api_key, given)


def _requires(key: str, bearer: HTTPBearer, refusal: str) -> Any:
    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        if not (given and _is(key, given.credentials)):
            raise HTTPException(401, refusal, CHALLENGE)

    return Depends(check)


def _is(key: str, given: str) -> bool:
    return secrets.compare_digest(given.encode(), key.encode())


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

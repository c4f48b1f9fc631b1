"""Who may ask the server, from where, and how much at once.

access = Access("secret", origins=["http://localhost:3000"], widgets={"https://shop.example": "its key"})
app.include_router(router, dependencies=access.dependencies())
app.add_middleware(KeyRequired, access=access)      # where an app has no routes of FastAPI's
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
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
WIDGET_ASKS = ("POST", "/v1/chat/completions")  # all that a widget's key opens


@dataclass(frozen=True)
class Access:
    """Who may ask, and who may change products.

    With an `api_key` only those who send it may ask, and from within a browser pages of the `origins`. `widgets` are
    the keys of further pages by their origins: such a page may ask, with its own key, and no more. A key stands in the
    page, for all to read: what it says is whose page asks. Only those who send the `write_key` may change products,
    and without one nobody may.
    """

    api_key: str = ""
    origins: Sequence[str] = ()
    widgets: Mapping[str, str] = field(default_factory=dict)
    write_key: str = ""

    def __post_init__(self) -> None:
        if self.write_key and self.write_key == self.api_key:
            raise UserError(
                f"${WRITE_KEY_VARIABLE} and ${API_KEY_VARIABLE} are the same",
                "two keys: who may ask may not change products",
                f"another ${WRITE_KEY_VARIABLE}",
            )

    @property
    def pages(self) -> list[str]:
        """Return the origins whose pages may read what the server answers."""
        return [*self.origins, *self.widgets]

    def dependencies(self) -> list[Any]:
        """Return what a route depends on that checks a request's key; nothing without one."""
        if not self.api_key:
            return []
        bearer = HTTPBearer(auto_error=False, description="The server's API key.")

        def check(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
            if not given or not (self.is_key(given.credentials) or self.is_widget(request, given.credentials)):
                raise HTTPException(401, REFUSAL, CHALLENGE)

        return [Depends(check)]

    def write_dependencies(self) -> list[Any]:
        """Return what a route depends on that changes products: the key for that, or that there is none."""
        description = "The server's key for changing products."
        bearer = HTTPBearer(auto_error=False, scheme_name="WriteKey", description=description)

        def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
            if not given or not _is(self.write_key, given.credentials):
                raise HTTPException(401, WRITE_REFUSAL, CHALLENGE)

        def refuse() -> None:
            raise HTTPException(403, f"products cannot be changed here: the server has no ${WRITE_KEY_VARIABLE}")

        return [Depends(check if self.write_key else refuse)]

    def is_key(self, given: str) -> bool:
        """Return whether a text is the API key, in a time that tells nothing of it."""
        return _is(self.api_key, given)

    def is_widget(self, request: Request, given: str) -> bool:
        """Return whether a page with the widget asks, by the key of its own origin."""
        key = self.widgets.get(request.headers.get("origin", ""), "")
        asks = (request.method, request.url.path) == WIDGET_ASKS
        return asks and bool(key) and _is(key, given)


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

"""Error responses: what each error is to a client of the server, in OpenAI's form.

install(app, metrics.error)         # every route then answers errors in this form
error_response(LateError(...))      # (503, ErrorResponse(...)), for a stream, whose status is long sent
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from assistant.backends.base import BackendError, DeadlineError, PromptTooLongError
from index.artefacts import BusyError
from index.errors import QuestionError, StoreError, UnknownProductError, UserError
from index.upsert import RebuildDueError
from ui.api.observed import ID_HEADER, current
from ui.api.workers import LateError
from ui.queue import GoneError, QueueFullError


@dataclass(frozen=True)
class ErrorDetail:
    """What went wrong: in words, and in the words that OpenAI's clients look for."""

    message: str
    type: str
    code: str
    param: str | None = None


@dataclass(frozen=True)
class ErrorResponse:
    """The body of every answer that is none."""

    error: ErrorDetail


class UnknownModelError(UserError):
    """A model that this server has not."""


# What each error is to a client: status, type, code; the first that fits.
ERRORS: tuple[tuple[type[UserError], int, str, str], ...] = (
    (QuestionError, 400, "invalid_request_error", "question"),
    (PromptTooLongError, 400, "invalid_request_error", "context_length_exceeded"),
    (UnknownModelError, 404, "invalid_request_error", "model_not_found"),
    (UnknownProductError, 404, "not_found_error", "product_not_found"),
    (RebuildDueError, 409, "invalid_request_error", "rebuild_due"),
    (BusyError, 503, "overloaded_error", "busy"),
    (QueueFullError, 429, "rate_limit_error", "line_full"),
    (LateError, 503, "overloaded_error", "late"),
    (DeadlineError, 504, "timeout_error", "deadline"),
    (StoreError, 503, "server_error", "index"),
    (BackendError, 503, "server_error", "backend"),
    (UserError, 400, "invalid_request_error", "refused"),
)
MOST_FAULTS = 10  # that are named of one body
HANG_UP = 499  # nobody reads it; nginx's number, for the log
RETRY = {"Retry-After": "1"}


def install(app: FastAPI, count: Callable[[str], None]) -> None:
    """Let an app answer its errors in this form; `count` hears the code of each."""

    async def answer(_: Request, error: Exception) -> Response:
        status, response = error_response(error)
        count(response.error.code)
        return JSONResponse(asdict(response), status, headers=_headers(error, status))

    for kind in (RequestValidationError, HTTPException, UserError, Exception):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(GoneError, _gone)


def error_response(error: Exception) -> tuple[int, ErrorResponse]:
    """Return the status and the body for an error; the words of one that nobody foresaw are for the log alone."""
    if isinstance(error, RequestValidationError):
        return 400, _malformed(error)
    if isinstance(error, HTTPException):
        kind = "authentication_error" if error.status_code == 401 else "invalid_request_error"
        return error.status_code, ErrorResponse(ErrorDetail(error.detail, kind, str(error.status_code)))
    for known, status, kind, code in ERRORS:
        if isinstance(error, known):
            return status, ErrorResponse(ErrorDetail(str(error), kind, code))
    return 500, ErrorResponse(ErrorDetail("the server failed at this; its log says how", "server_error", "internal"))


def _malformed(error: RequestValidationError) -> ErrorResponse:
    """Name the fields that do not fit, ten at most; the first is the one that OpenAI's clients show."""
    fields = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()[:MOST_FAULTS]]
    message = "; ".join(f"{place}: {reason}" for place, reason in fields)
    return ErrorResponse(ErrorDetail(message, "invalid_request_error", "malformed", fields[0][0].removeprefix("body.")))


def _headers(error: Exception, status: int) -> Mapping[str, str] | None:
    if isinstance(error, HTTPException):
        return error.headers
    if not isinstance(error, UserError | RequestValidationError):  # is answered further out than the others
        return {ID_HEADER: current().id}
    return RETRY if status in (429, 503) else None


async def _gone(_: Request, error: Exception) -> Response:
    return Response(status_code=HANG_UP)

"""Refusals: what each fault is to a client of the server, in OpenAI's form.

install(app, metrics.fault)     # every route then refuses in this form
told(LateError(...))            # (503, Refusal(...)), for a stream, whose status is long sent
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from assistant.backends.base import BackendError, DeadlineError, PromptTooLongError
from index.errors import QuestionError, UnknownProductError, UserError
from ui.api.workers import ErrandError, GoneError, LateError
from ui.queue import LineFullError


@dataclass(frozen=True)
class Fault:
    """What went wrong: in words, and in the words that OpenAI's clients look for."""

    message: str
    type: str
    code: str
    param: str | None = None


@dataclass(frozen=True)
class Refusal:
    """The body of every answer that is none."""

    error: Fault


class UnknownModelError(UserError):
    """A model that this server has not."""


# What each fault is to a client: status, type, code; the first that fits.
FAULTS: tuple[tuple[type[UserError], int, str, str], ...] = (
    (QuestionError, 400, "invalid_request_error", "question"),
    (ErrandError, 400, "invalid_request_error", "errand"),
    (PromptTooLongError, 400, "invalid_request_error", "context_length_exceeded"),
    (UnknownModelError, 404, "invalid_request_error", "model_not_found"),
    (UnknownProductError, 404, "not_found_error", "product_not_found"),
    (LineFullError, 429, "rate_limit_error", "line_full"),
    (LateError, 503, "overloaded_error", "late"),
    (DeadlineError, 504, "timeout_error", "deadline"),
    (BackendError, 503, "server_error", "backend"),
    (UserError, 400, "invalid_request_error", "refused"),
)
HANG_UP = 499  # nobody reads it; nginx's number, for the log
RETRY = {"Retry-After": "1"}


def install(app: FastAPI, count: Callable[[str], None]) -> None:
    """Let an app tell its faults in this form; `count` hears the code of each."""

    async def refuse(_: Request, fault: Exception) -> Response:
        status, refusal = told(fault)
        count(refusal.error.code)
        return JSONResponse(asdict(refusal), status, headers=_headers(fault, status))

    for kind in (RequestValidationError, HTTPException, UserError, Exception):
        app.add_exception_handler(kind, refuse)
    app.add_exception_handler(GoneError, _gone)


def told(fault: Exception) -> tuple[int, Refusal]:
    """Give the status and the body that tell a fault; the words of one that nobody foresaw are for the log alone."""
    if isinstance(fault, RequestValidationError):
        return 400, _malformed(fault)
    if isinstance(fault, HTTPException):
        kind = "authentication_error" if fault.status_code == 401 else "invalid_request_error"
        return fault.status_code, Refusal(Fault(fault.detail, kind, str(fault.status_code)))
    for known, status, kind, code in FAULTS:
        if isinstance(fault, known):
            return status, Refusal(Fault(str(fault), kind, code))
    return 500, Refusal(Fault("the server failed at this; its log says how", "server_error", "internal"))


def _malformed(fault: RequestValidationError) -> Refusal:
    """Name every field that does not fit; the first is the one that OpenAI's clients show."""
    faults = [(".".join(map(str, one["loc"])), one["msg"]) for one in fault.errors()]
    message = "; ".join(f"{place}: {said}" for place, said in faults)
    return Refusal(Fault(message, "invalid_request_error", "malformed", faults[0][0].removeprefix("body.")))


def _headers(fault: Exception, status: int) -> Mapping[str, str] | None:
    if isinstance(fault, HTTPException):
        return fault.headers
    return RETRY if status in (429, 503) else None


async def _gone(_: Request, fault: Exception) -> Response:
    return Response(status_code=HANG_UP)

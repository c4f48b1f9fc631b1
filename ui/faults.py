"""Refusals: what each fault is to a client of the server, in OpenAI's form.

install(app)                # every route then refuses in this form
told(LateError(...))        # (503, Refusal(...)), for a stream, whose status is long sent
"""

from dataclasses import asdict, dataclass

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from assistant.backends.base import BackendError, DeadlineError, PromptTooLongError
from index.errors import QuestionError, UnknownProductError, UserError
from ui.answering import ErrandError, GoneError, LateError
from ui.line import LineFullError


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


def install(app: FastAPI) -> None:
    """Let an app tell its faults in this form."""
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http_fault)
    app.add_exception_handler(UserError, _fault)
    app.add_exception_handler(GoneError, _gone)


def told(fault: UserError) -> tuple[int, Refusal]:
    """Give the status and the body that tell a fault."""
    status, kind, code = next((status, kind, code) for known, status, kind, code in FAULTS if isinstance(fault, known))
    return status, Refusal(Fault(str(fault), kind, code))


async def _fault(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, UserError)
    status, refusal = told(fault)
    return JSONResponse(asdict(refusal), status, headers=RETRY if status in (429, 503) else None)


async def _gone(_: Request, fault: Exception) -> Response:
    return Response(status_code=HANG_UP)


async def _malformed(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    message = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in fault.errors())
    return JSONResponse(asdict(Refusal(Fault(message, "invalid_request_error", "malformed"))), 400)


async def _http_fault(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    kind = "authentication_error" if fault.status_code == 401 else "invalid_request_error"
    refusal = Refusal(Fault(fault.detail, kind, str(fault.status_code)))
    return JSONResponse(asdict(refusal), fault.status_code, headers=fault.headers)

"""Answers for the server: written in threads, in the queue before the model, carried by the event loop.

workers = AnswerWorkers(assistant, Limits())
assistant = await workers.now()
reply = await workers.reply(body, None, request)
reply = await workers.in_turn(lambda cancel: assistant.compare(question, uids, cancel=cancel).reply)
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from starlette.requests import Request

from assistant.answer import Answer
from assistant.assistant import Assistant
from assistant.backends.base import SamplingParams
from assistant.conversation import State
from assistant.reply import Reply
from index.errors import UserError
from index.resolver import check_question
from ui.api.clients.answers import answer_task
from ui.api.clients.tasks import ClientTask, read_task
from ui.api.lookups import HANG_UP_POLL_S, Lookups, in_context
from ui.api.schema import MAX_SEED, ChatRequest, Usage, shown
from ui.queue import AdmissionQueue, GoneError
from ui.telemetry import send_spans

LOG = logging.getLogger("uvicorn.error")  # where uvicorn logs what failed
SPARE_THREADS = 3  # beside those that answer or wait: for the warm-up, for single products, for counting tokens
WARM_UP_PAUSE_S = 30.0  # before what failed is tried again
LEAST_TOP_P = 1e-6  # takes the likeliest token, as 0 does at OpenAI; vLLM refuses 0

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """How much one server takes on."""

    at_once: int = 2  # answers under way
    waiting: int = 32  # requests in the queue behind them
    wait_s: float = 60.0  # in the queue at most
    body_bytes: int = 1 << 22  # clients send pictures along, which are not read


class LateError(UserError):
    """The turn did not come in time."""


class CurrentAssistant(Protocol):
    """An assistant whose catalogue may change: every request asks for it as it is now."""

    def now(self) -> Assistant:
        """Return the assistant; see `assistant.open.Live`."""


class AnswerWorkers:
    """One assistant for many requests at once."""

    def __init__(self, assistant: CurrentAssistant, limits: Limits) -> None:
        """Hold an assistant, which stays the caller's."""
        self.queue = AdmissionQueue(limits.at_once, limits.waiting)
        self.lookups = Lookups(limits.at_once, limits.waiting)
        self._assistant = assistant
        self._wait_s = limits.wait_s
        self._threads = ThreadPoolExecutor(limits.at_once + limits.waiting + SPARE_THREADS, thread_name_prefix="answer")

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run what would block the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, in_context(work, *arguments))

    async def now(self) -> Assistant:
        """Return the assistant about the catalogue as it is now, which may have to be opened."""
        return await self.in_thread(self._assistant.now)

    async def in_turn(self, work: Callable[[threading.Event], T]) -> T:
        """Run what takes the model once its turn has come; whoever gives up waiting stops it by the event it is given.

        Raises `QueueFullError`, `LateError`, and what the work raises.
        """
        cancel = threading.Event()
        try:
            return await self.in_thread(self._once_admitted, work, cancel)
        finally:
            cancel.set()

    @contextlib.asynccontextmanager
    async def open(self, ready: asyncio.Event) -> AsyncIterator[None]:
        """Warm the model up beside what is asked already, which sets `ready`; take on nothing more at the end."""
        async with asyncio.TaskGroup() as beside:
            warming = beside.create_task(self._warm_up(ready))
            yield
            warming.cancel()
        ready.clear()
        await asyncio.to_thread(send_spans)
        self.lookups.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def check(self, body: ChatRequest) -> None:
        """Refuse what cannot be answered, or not now, while it can still be refused with a status.

        A client's own task takes no place in the queue, and may be of any length.
        Raises `QuestionError`, `UnknownProductError`, `QueueFullError`.
        """
        if _task_of(body):
            return
        check_question(body.question)
        if body.titlewise.product:
            (await self.now()).retriever.catalogue.row_of(body.titlewise.product)
        self.queue.check_room()

    async def reply(self, body: ChatRequest, adapter: str | None, request: Request) -> Reply:
        """Return the checked reply; raises as `pieces`."""
        async for piece in self.pieces(body, adapter, request):
            if isinstance(piece, Reply):
                return piece
        raise GoneError

    async def pieces(self, body: ChatRequest, adapter: str | None, request: Request) -> AsyncIterator[str | Reply]:
        """Yield the model's words as they come where the request wants them live, and the checked reply last.

        A client's own task is answered at once. Raises `QueueFullError`, `LateError`, `GoneError` where the client
        hangs up, and what the assistant raises.
        """
        if task := _task_of(body):
            yield await self.lookups.run_for(request, answer_task, task, (await self.now()).retriever)
            return
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | Reply] = asyncio.Queue()
        cancel = threading.Event()
        live = body.titlewise.live and not body.titlewise.describe  # nothing invented before a reply says that it is

        def hand_over(piece: str | Reply) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        work = loop.run_in_executor(self._threads, in_context(self._answer, body, adapter, cancel, hand_over))
        try:
            while True:
                piece = await _next(pieces, work, request)
                if isinstance(piece, Reply) or live:
                    yield piece
                if isinstance(piece, Reply):
                    return
        finally:
            cancel.set()  # whoever hangs up stops the model

    async def usage(self, body: ChatRequest, reply: Reply) -> Usage | None:
        """Count the tokens of the messages and of the reply; None where that fails, as the reply stands without it."""
        try:
            return await self.in_thread(self._usage, body, reply)
        except Exception:
            LOG.exception("The tokens of a reply could not be counted.")
            return None

    def _usage(self, body: ChatRequest, reply: Reply) -> Usage:
        count = self._assistant.now().backend.count_tokens
        asked, answered = sum(count(message.text) for message in body.spoken), count(shown(reply, body.stops))
        return Usage(asked, answered, asked + answered)

    def _answer(
        self,
        body: ChatRequest,
        adapter: str | None,
        cancel: threading.Event,
        hand_over: Callable[[str | Reply], None],
    ) -> None:
        def work(_: threading.Event) -> None:
            answer = self._answer_of(body, adapter, cancel)
            for piece in answer:
                hand_over(piece)
            hand_over(answer.reply)

        with contextlib.suppress(GoneError):  # nobody is there to hear of it
            self._once_admitted(work, cancel)

    def _once_admitted(self, work: Callable[[threading.Event], T], cancel: threading.Event) -> T:
        """Wait in the queue, then run it. Raises `QueueFullError`, `LateError`, `GoneError` where it was cancelled."""
        with self.queue.admission(cancel, at_most_s=self._wait_s) as admitted:
            if cancel.is_set():
                raise GoneError
            if not admitted:
                raise LateError(f"no turn within {self._wait_s:g} s", "fewer questions at once", "asking again later")
            return work(cancel)

    async def _warm_up(self, ready: asyncio.Event) -> None:
        """Warm the model up; try again where it fails, as an engine elsewhere may return."""
        while not ready.is_set():
            try:
                await self.in_thread((await self.now()).warm_up)
                ready.set()
            except Exception as error:
                unforeseen = not isinstance(error, UserError)
                LOG.error("The warm-up failed; the next is in %g s: %s", WARM_UP_PAUSE_S, error, exc_info=unforeseen)
                await asyncio.sleep(WARM_UP_PAUSE_S)

    def _answer_of(self, body: ChatRequest, adapter: str | None, cancel: threading.Event) -> Answer:
        assistant, params = self._assistant.now(), _params_of(body)
        if body.titlewise.describe:
            return assistant.describe(body.question, seed=params.seed, adapter=adapter, cancel=cancel)
        uid = body.titlewise.product
        state = State() if uid else assistant.retriever.recall(body.history, cancel)
        return assistant.ask(body.question, uid=uid, state=state, params=params, adapter=adapter, cancel=cancel)


def _task_of(body: ChatRequest) -> ClientTask | None:
    """Return the client's own task; what names a product or a title, or wraps a question, is none."""
    talk = body.talk
    wraps = body.question != talk[-1].content.strip() and body.question != talk[-1].content
    asks = wraps or body.titlewise.product or body.titlewise.describe
    return None if asks else read_task(body.instructions, talk)


def _params_of(body: ChatRequest) -> SamplingParams:
    return SamplingParams(
        body.new_tokens or SamplingParams.max_new_tokens,
        body.temperature or 0.0,
        1.0 if body.top_p is None else max(body.top_p, LEAST_TOP_P),
        (body.seed or 0) % MAX_SEED,
    )


async def _next(pieces: "asyncio.Queue[str | Reply]", work: "asyncio.Future[None]", request: Request) -> str | Reply:
    """Return the next piece; raises what the work raised, and `GoneError` once the client has hung up."""
    while not await request.is_disconnected():
        if pieces.empty() and work.done():
            work.result()
            break
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(pieces.get(), HANG_UP_POLL_S)
    raise GoneError

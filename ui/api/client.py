"""Answers by a server of ours: it has the model, this process the catalogue and the index alone.

Which product is meant is worked out here, and asked about by its uid; so both must have the same catalogue.

    assistant = RemoteAssistant(retriever, "http://127.0.0.1:8000/v1")
    assistant.ask("how heavy is the Harrow kettle?").reply
"""

import asyncio
import copy
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.answer import Answer, End, Pieces, Stopwatch, gathered, immediate
from assistant.backends.base import BackendError, Clock, SamplingParams
from assistant.backends.received import Form, Text
from assistant.backends.remote import backend_error, opened_client, shortened
from assistant.backends.streaming import Outlet, Workers, drained
from assistant.conversation import State, Turn
from assistant.question import read_question
from assistant.reply import Reply
from assistant.retriever import Retriever
from index.catalogue.store import Catalogue, Product
from index.resolver import TitleIndex
from ui.api.schema import EXTENSION, MODEL

BASE = f"{MODEL}-base"
SILENCE_S = 120.0  # of a server with a queue of its own
RETRIES = 1
DEADLINE_S = 600.0  # in that queue and with the model

Row = dict[str, Any] | None  # of the checked reply; None where none came
_REPLY = TypeAdapter(Reply)


def is_ours(base_url: str) -> bool:
    """Return whether the server at `base_url`, up to and with `/v1`, is one of ours.

    Raises `BackendError` where none answers.
    """
    return any(each.owned_by == MODEL for each in _models(base_url))


class RemoteAssistant:
    """Answers by the model of a server; one instance serves many threads."""

    def __init__(self, retriever: Retriever, base_url: str, adapters: Sequence[str] | None = None) -> None:
        """Ask the server which adapters it has; `adapters` are those to choose from, all where it is None.

        Raises `BackendError` where it does not answer, or lacks one of them.
        """
        self.retriever = retriever
        self._base_url = base_url.rstrip("/")
        there = [each.id.removeprefix(f"{MODEL}-") for each in _models(self._base_url) if each.id not in (MODEL, BASE)]
        self._adapters = tuple(there if adapters is None else adapters)
        if lacking := set(self._adapters) - set(there):
            raise BackendError(
                f"{base_url} has no adapter {', '.join(sorted(lacking))}", f"{', '.join(there) or 'none'}", "--adapter"
            )
        self._workers = Workers()

    def about(self, catalogue: Catalogue, index: TitleIndex) -> "RemoteAssistant":
        """Return one that differs in its catalogue and its index alone."""
        other = copy.copy(self)
        other.retriever = self.retriever.about(catalogue, index)
        return other

    @property
    def model(self) -> str:
        """Name the server."""
        return f"{MODEL} at {self._base_url}"

    @property
    def adapters(self) -> Mapping[str, str]:
        """Return the names to choose from, without digests: which adapter of a name the server has is unseen here."""
        return dict.fromkeys(self._adapters, "")

    def ask(
        self,
        question: str,
        *,
        uid: str = "",
        state: State = State(),
        params: SamplingParams = SamplingParams(),
        adapter: str | None = None,
        cancel: threading.Event | None = None,
    ) -> Answer:
        """Answer a question; see `Assistant.ask`."""
        watch = Stopwatch()
        turn = self.retriever.turn_of(question, uid=uid, state=state)
        watch.lap("resolve_ms")
        pieces_of = partial(self._about, params=params, adapter=adapter, cancel=cancel)
        if turn.uid:
            pieces = pieces_of(turn)
        elif turn.wants == "comparison":
            pieces = self._compared(turn, pieces_of, watch)
        else:
            pieces = immediate(self.retriever.reply_without_product(turn, read_question(turn.question)), watch)
        return Answer(pieces, turn.question, turn.state, turn.probability)

    def compare(
        self,
        question: str,
        uids: Sequence[str],
        *,
        state: State = State(),
        params: SamplingParams = SamplingParams(),
        adapter: str | None = None,
        cancel: threading.Event | None = None,
    ) -> Answer:
        """Set products side by side; see `Assistant.compare`."""
        watch = Stopwatch()
        turn = self.retriever.turn_comparing(question, uids, state=state)
        watch.lap("resolve_ms")
        pieces_of = partial(self._about, params=params, adapter=adapter, cancel=cancel)
        return Answer(self._compared(turn, pieces_of, watch), turn.question, turn.state)

    def _about(
        self, turn: Turn, *, params: SamplingParams, adapter: str | None, cancel: threading.Event | None
    ) -> Pieces:
        """Ask about one product."""
        title = self.retriever.catalogue.find(turn.uid).title
        request = self._request(turn.question, {"product": turn.uid}, params, adapter)
        return self._pieces(request, Reply("answer", "", turn.uid, title, hits=turn.hits), cancel)

    def _compared(self, turn: Turn, pieces_of: Callable[[Turn], Pieces], watch: Stopwatch) -> Pieces:
        """Ask about each product by itself, then set them side by side."""
        reply = self.retriever.compared(turn, lambda one: drained(pieces_of(one)).reply)
        return (yield from immediate(reply, watch))

    def describe(
        self, title: str, *, seed: int = 0, adapter: str | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Have a description invented."""
        request = self._request(title, {"describe": True}, SamplingParams(seed=seed), adapter)
        return Answer(self._pieces(request, Reply("generated", "", title=title), cancel), title, State())

    def close(self) -> None:
        """End what is under way."""
        self._workers.close()

    def _request(
        self, question: str, about: dict[str, Any], params: SamplingParams, adapter: str | None
    ) -> dict[str, Any]:
        name = next(iter(self._adapters), "") if adapter is None else adapter
        return {
            "model": f"{MODEL}-{name}" if name else BASE,
            "messages": [{"role": "user", "content": question}],
            "max_tokens": params.max_new_tokens,
            "temperature": params.temperature,
            "top_p": params.top_p,
            "seed": params.seed,
            "stream": True,
            "extra_body": {EXTENSION: {**about, "live": True}},
        }

    def _pieces(self, request: dict[str, Any], unfinished: Reply, cancel: threading.Event | None) -> Pieces:
        """Yield the model's words as they come; where they are stopped, `unfinished` with what came is the reply."""
        watch = Stopwatch()

        def produce(outlet: Outlet) -> Row:
            return asyncio.run(self._watch(self._receive(request, outlet), outlet))

        stream = self._workers.stream(produce, Clock(DEADLINE_S), cancel)
        text, row = yield from gathered(stream, watch)
        if row is None:
            return watch.finish(replace(unfinished, text=text))
        try:
            reply = replace(_read(row), hits=unfinished.hits)
        except ValidationError as exc:
            raise backend_error(exc, self._base_url, request["model"], SILENCE_S) from exc
        self._check(reply)
        return End(reply)

    def _check(self, reply: Reply) -> None:
        """Raise `BackendError` where the server quotes what is not in the description that is here."""
        product = self.retriever.catalogue.find(reply.uid) if reply.uid else Product("", "", "")
        if not all(quote.stands_in(product) for quote in reply.quotes):
            raise BackendError(
                f"{self._base_url} has another description of {reply.uid}",
                "the catalogue that is here",
                "titlewise serve on this catalogue",
            )

    async def _watch(self, receiving: Coroutine[Any, Any, Row], outlet: Outlet) -> Row:
        """Run until all is received, or nobody reads any more: the connection then closes, and the model stops."""
        task = asyncio.create_task(receiving)
        while not task.done():
            await asyncio.wait({task}, timeout=0.05)
            if outlet.stopped:
                task.cancel()
        return None if task.cancelled() else task.result()

    async def _receive(self, request: dict[str, Any], outlet: Outlet) -> Row:
        """Hand the model's words over as they come, and return the row of the checked reply."""
        row: Row = None
        try:
            async with opened_client(self._base_url, SILENCE_S, RETRIES) as client:
                async for delta in _deltas(await client.chat.completions.create(**request)):
                    if delta.titlewise is not None:
                        row = delta.titlewise
                    elif row is None:
                        outlet.put(delta.content or "")
        except Exception as exc:
            raise _error_of(exc, self._base_url, request["model"]) from exc
        return row


class _Delta(Form):
    content: Text | None = None
    titlewise: dict[str, Any] | None = None


class _Choice(Form):
    delta: _Delta


class _Chunk(Form):
    choices: list[_Choice] | None = None


class _Model(Form):
    id: Text
    owned_by: Text = ""


class _Models(Form):
    data: list[_Model]


async def _deltas(chunks: Any) -> AsyncIterator[_Delta]:
    async with chunks:
        async for chunk in chunks:
            for choice in _Chunk.model_validate(chunk).choices or ():
                yield choice.delta


def _error_of(exc: Exception, base_url: str, model: str) -> BaseException:
    """Return the error as the server words it, where it is one of its own."""
    body = getattr(exc, "body", None)
    if isinstance(body, dict) and body.get("code") and body.get("message"):
        return BackendError(f"{base_url}: {shortened(body['message'])}", "an answer", "asking again")
    return backend_error(exc, base_url, model, SILENCE_S)


def _models(base_url: str) -> list[_Model]:
    async def listed() -> list[_Model]:
        async with opened_client(base_url, SILENCE_S, RETRIES) as client:
            listing = await client.get("/models", cast_to=object)  # as it came: the client's own types trust it
            return _Models.model_validate(listing).data

    try:
        return asyncio.run(listed())
    except Exception as exc:
        raise backend_error(exc, base_url, MODEL, SILENCE_S) from exc


def _read(row: dict[str, Any]) -> Reply:
    """Read a reply about one product, or none, from its row. Raises `ValidationError` for what is no reply."""
    read = _REPLY.validate_python(row)
    return Reply(read.kind, read.text, read.uid, read.title, read.quotes, timings=read.timings)

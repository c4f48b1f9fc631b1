"""Answers from a server of ours: it has the model, this process the catalogue and the index alone.

Which product is meant is worked out here, and asked about by its uid; so both must have the same catalogue.

    clerk = Served(catalogue, index, "http://127.0.0.1:8000/v1")
    clerk.ask("how heavy is the Harrow kettle?").reply
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from assistant.answer import Answer, Asking, Pieces, Stopwatch
from assistant.assistant import Assistant, Settings
from assistant.backends.base import BackendError, Clock, Generation
from assistant.backends.remote import Remote, fault_of, opened_client
from assistant.backends.streaming import Outlet, Workers
from assistant.conversation import State, Turn
from assistant.grounding.evidence import Budget
from assistant.passages import Passage
from assistant.reply import Kind, Quote, Reply
from index.catalogue.store import Catalogue
from index.resolver import Hit, TitleIndex
from ui.api.schema import EXTENSION, MODEL

BASE = f"{MODEL}-base"
SILENCE_S = 120.0  # of a server with a line of its own
RETRIES = 1
DEADLINE_S = 600.0  # in that line and with the model


def is_ours(base_url: str) -> bool:
    """Say whether the server at `base_url`, up to and with `/v1`, is one of ours.

    Raises `BackendError` where none answers.
    """
    return any(each.owned_by == MODEL for each in _models(base_url))


class Served:
    """Whoever answers at a server; one instance serves many threads."""

    def __init__(
        self, catalogue: Catalogue, index: TitleIndex, base_url: str, adapters: Sequence[str] | None = None
    ) -> None:
        """Ask the server which adapters it has; `adapters` are those to choose from, all where it is None.

        Raises `BackendError` where it does not answer, or lacks one of them.
        """
        self.catalogue = catalogue
        self.index = index
        self.settings = Settings()
        self._base_url = base_url.rstrip("/")
        there = [each.id.removeprefix(f"{MODEL}-") for each in _models(self._base_url) if each.id not in (MODEL, BASE)]
        self._adapters = tuple(there if adapters is None else adapters)
        if lacking := set(self._adapters) - set(there):
            raise BackendError(
                f"{base_url} has no adapter {', '.join(sorted(lacking))}", f"{', '.join(there) or 'none'}", "--adapter"
            )
        # It says what no model is needed for; its own model is never asked.
        self._without_model = Assistant(catalogue, index, Remote(self._base_url, MODEL))
        self._workers = Workers()

    @property
    def model(self) -> str:
        """Name the server."""
        return self._without_model.model

    @property
    def adapters(self) -> Sequence[str]:
        """Name the adapters to choose from."""
        return self._adapters

    @property
    def adapter(self) -> str:
        """Name the adapter that answers where none is asked for; "" is the base model."""
        return next(iter(self._adapters), "")

    def digest_of(self, adapter: str) -> str:
        """Give "": which adapter of that name the server has cannot be seen from here."""
        return ""

    @property
    def budget(self) -> Budget:
        """Give how much may be read for one question; tokens are estimated."""
        return self._without_model.budget

    def ask(self, question: str, *, uid: str = "", state: State = State(), asking: Asking = Asking()) -> Answer:
        """Answer a question; see `Assistant.ask`."""
        watch = Stopwatch()
        turn = self._without_model.turn(question, uid=uid, state=state)
        watch.lap("resolve_ms")
        if not turn.uid:
            return self._without_model.answer(turn, asking, watch)
        pieces = self._reply(turn.question, {"product": turn.uid}, asking, turn)
        return Answer(pieces, turn.question, turn.state, turn.probability)

    def describe(self, title: str, *, asking: Asking = Asking()) -> Answer:
        """Have a description invented."""
        return Answer(self._reply(title, {"describe": True}, asking), title, State())

    def labels(self, uids: Sequence[str]) -> list[str]:
        """See `Assistant.labels`."""
        return self._without_model.labels(uids)

    def nearest(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """See `Assistant.nearest`."""
        return self._without_model.nearest(question, hits)

    def passages(self, content: str) -> list[Passage]:
        """See `Assistant.passages`."""
        return self._without_model.passages(content)

    def close(self) -> None:
        """End what is under way."""
        self._workers.close()
        self._without_model.backend.close()

    def _reply(self, question: str, about: dict[str, Any], asking: Asking, turn: Turn | None = None) -> Pieces:
        watch = Stopwatch()
        rows: list[dict[str, Any]] = []
        said: list[str] = []

        def produce(outlet: Outlet) -> None:
            asyncio.run(self._watch(self._receive(question, about, asking, outlet, rows), outlet))

        generation = Generation(cancel=asking.cancel)
        for piece in self._workers.stream(produce, generation, Clock(DEADLINE_S)):
            if not said:
                watch.lap("first_token_ms")
            said.append(piece)
            yield piece
        if rows:
            reply = replace(_read(rows[0]), hits=turn.hits if turn else ())
            self._check(reply)
            return reply
        # It was stopped, and what came before is kept.
        title = self.catalogue.find(turn.uid).title if turn else question
        kind: Kind = "answer" if turn else "generated"
        return watch.finish(Reply(kind, "".join(said), turn.uid if turn else "", title))

    def _check(self, reply: Reply) -> None:
        """Raise `BackendError` where the server quotes what is not in the description that is here."""
        content = self.catalogue.find(reply.uid).content if reply.uid else ""
        if any(content[quote.start : quote.end] != quote.text for quote in reply.quotes):
            raise BackendError(
                f"{self._base_url} has another description of {reply.uid}",
                "the catalogue that is here",
                "titlewise serve on this catalogue",
            )

    async def _watch(self, received: Any, outlet: Outlet) -> None:
        """Run until all is received, or nobody reads any more: the connection then closes, and the model stops."""
        task = asyncio.create_task(received)
        while not task.done():
            await asyncio.wait({task}, timeout=0.05)
            if outlet.stopped:
                task.cancel()
        if not task.cancelled():
            task.result()

    async def _receive(
        self, question: str, about: dict[str, Any], asking: Asking, outlet: Outlet, rows: list[dict[str, Any]]
    ) -> None:
        """Hand the model's words over as they come, and keep the row of the checked reply."""
        adapter = self.adapter if asking.adapter is None else asking.adapter
        model = f"{MODEL}-{adapter}" if adapter else BASE
        request: dict[str, Any] = {
            "model": model,
            "messages": [{"role": "user", "content": question}],
            "temperature": asking.temperature,
            "top_p": asking.top_p,
            "seed": asking.seed,
            "stream": True,
            "extra_body": {EXTENSION: {**about, "live": True}},
        }
        if asking.max_new_tokens:
            request["max_tokens"] = asking.max_new_tokens
        try:
            async with opened_client(self._base_url, SILENCE_S, RETRIES) as client:
                async for delta in _deltas(await client.chat.completions.create(**request)):
                    row = (delta.model_extra or {}).get(EXTENSION)
                    if row is not None:
                        rows.append(row)
                    elif not rows:
                        outlet.put(delta.content or "")
        except Exception as exc:
            raise _fault_of(exc, self._base_url, model) from exc


async def _deltas(chunks: Any) -> AsyncIterator[Any]:
    async with chunks:
        async for chunk in chunks:
            for choice in chunk.choices:
                yield choice.delta


def _fault_of(exc: Exception, base_url: str, model: str) -> BaseException:
    """Give the fault as the server tells it, where it is one of its own."""
    body = getattr(exc, "body", None)
    if isinstance(body, dict) and body.get("code") and body.get("message"):
        told: str = body["message"]
        return BackendError(f"{base_url}: {told}", "an answer", "asking again")
    return fault_of(exc, base_url, model, SILENCE_S)


def _models(base_url: str) -> list[Any]:
    async def listed() -> list[Any]:
        async with opened_client(base_url, SILENCE_S, RETRIES) as client:
            return (await client.models.list()).data

    try:
        return asyncio.run(listed())
    except Exception as exc:
        raise fault_of(exc, base_url, MODEL, SILENCE_S) from exc


def _read(row: dict[str, Any]) -> Reply:
    """Read a reply from its row."""
    quotes = tuple(Quote(**quote) for quote in row["quotes"])
    return Reply(row["kind"], row["text"], row["uid"], row["title"], quotes, (), row["timings"])

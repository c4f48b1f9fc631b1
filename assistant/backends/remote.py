"""A model on any server that speaks OpenAI's completions: vLLM, llama.cpp's, Ollama, OpenAI.

The key comes from $TITLEWISE_API_KEY, else $OPENAI_API_KEY; local servers need none.
A connection that fails, and answers 408, 409, 429 and 5xx, are tried again with
growing pauses, until the first piece of text has come.

An adapter is asked for by its name in place of the model's, as vLLM serves them.

    backend = Remote("http://127.0.0.1:8000/v1", "meta-llama/Llama-3.1-8B-Instruct")
"""

import asyncio
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assistant.backends.base import (
    OPENINGS,
    BackendError,
    Clock,
    Generation,
    PromptTooLongError,
    check_loaded,
    check_names,
)
from assistant.backends.streaming import Outlet
from assistant.messages import Prompt
from assistant.models.adapters import Adapter

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_TIMEOUT_S = 5.0
# Llama 3's tokenizer needs a token for 3 to 4 bytes of Latin text: 3 never counts too few by much.
BYTES_PER_TOKEN = 3


class Remote:
    """One model on one server; connections are kept open between texts."""

    def __init__(
        self,
        base_url: str,
        model: str,
        adapters: Sequence[Adapter] = (),
        *,
        silence_s: float = 60.0,
        retries: int = 3,
    ) -> None:
        """Name the server (up to and with `/v1`) and the model as the server calls it.

        The server has to serve each of `adapters` as a model of the adapter's name.
        `silence_s` is how long the server may say nothing before it counts as dead.
        """
        check_names(adapters)
        self._base_url = base_url.rstrip("/")
        self._model = model
        self._adapters = tuple(adapters)
        self._silence_s = silence_s
        self._retries = retries
        self._client: AsyncOpenAI | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="titlewise-remote", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """Name the server and the model, for people."""
        return f"{self._model} at {self._base_url}"

    @property
    def adapters(self) -> Sequence[Adapter]:
        """Give the adapters that the server serves."""
        return self._adapters

    def stream(self, prompt: Prompt, generation: Generation) -> Iterator[str]:
        """Yield pieces of text as they come; see `Backend.stream`.

        Raises `DeadlineError`, `PromptTooLongError`, `BackendError`.
        """
        clock = Clock(generation.deadline_s)
        check_loaded(self._adapters, generation.adapter)
        return self._read(prompt, generation, clock)

    def openings(self, prompt: Prompt, generation: Generation) -> dict[str, float]:
        """Give the likeliest first tokens; see `Backend.openings`. Empty where the server gives no log-probabilities.

        Raises `DeadlineError`, `PromptTooLongError`, `BackendError`.
        """
        clock = Clock(generation.deadline_s)
        check_loaded(self._adapters, generation.adapter)
        found: dict[str, float] = {}
        for _ in self._read(prompt, replace(generation, max_new_tokens=1), clock, found):
            pass
        return found

    def count_tokens(self, text: str) -> int:
        """Estimate the tokens of `text`: the server's tokenizer is out of reach."""
        return -(-len(text.encode()) // BYTES_PER_TOKEN)

    def close(self) -> None:
        """Close the connections, after stopping what is under way."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _read(
        self, prompt: Prompt, generation: Generation, clock: Clock, openings: dict[str, float] | None = None
    ) -> Iterator[str]:
        outlet = Outlet(generation.cancel)
        task = asyncio.run_coroutine_threadsafe(self._ask(prompt, generation, outlet, openings), self._loop)
        try:
            yield from outlet.read(generation, clock)
        finally:
            task.cancel()  # closes the connection, at whatever point it is

    async def _ask(
        self, prompt: Prompt, generation: Generation, outlet: Outlet, openings: dict[str, float] | None
    ) -> None:
        asked = generation.adapter or self._model
        try:
            await self._receive(prompt, asked, generation, outlet, openings)
        except BaseException as exc:  # raised again in the thread that reads
            outlet.end(fault_of(exc, self._base_url, asked, self._silence_s))
        else:
            outlet.end()

    async def _receive(
        self,
        prompt: Prompt,
        asked: str,
        generation: Generation,
        outlet: Outlet,
        openings: dict[str, float] | None,
    ) -> None:
        request: dict[str, Any] = {
            "model": asked,
            "max_tokens": generation.max_new_tokens,
            "temperature": generation.temperature,
            "top_p": generation.top_p,
            "seed": generation.seed,
        }
        server = self._opened()
        finished = False
        if isinstance(prompt, str):
            async with await server.completions.create(**request, prompt=prompt, stream=True) as texts:
                async for text in texts:
                    for piece in text.choices:
                        outlet.put(piece.text or "")
                        finished = finished or piece.finish_reason is not None
        else:
            if openings is not None:
                request |= {"logprobs": True, "top_logprobs": OPENINGS}
            rows: Any = [{"role": message.role, "content": message.content} for message in prompt]
            async with await server.chat.completions.create(**request, messages=rows, stream=True) as chunks:
                async for chunk in chunks:
                    for choice in chunk.choices:
                        if openings is not None and choice.logprobs and choice.logprobs.content:
                            first = choice.logprobs.content[0].top_logprobs
                            openings.update({token.token: token.logprob for token in first})
                        outlet.put(choice.delta.content or "")
                        finished = finished or choice.finish_reason is not None
        if not finished:
            raise ConnectionError("the text broke off")

    def _opened(self) -> "AsyncOpenAI":
        if self._client is None:
            self._client = opened_client(self._base_url, self._silence_s, self._retries)
        return self._client

    async def _shut(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._client is not None:
            await self._client.close()


def opened_client(base_url: str, silence_s: float, retries: int) -> "AsyncOpenAI":
    """Give a client of the server at `base_url`, with the key of the environment."""
    from openai import AsyncOpenAI, Timeout

    return AsyncOpenAI(
        base_url=base_url,
        api_key=os.environ.get("TITLEWISE_API_KEY") or os.environ.get("OPENAI_API_KEY") or "none",
        timeout=Timeout(silence_s, connect=CONNECT_TIMEOUT_S),
        max_retries=retries,
    )


def fault_of(exc: BaseException, there: str, asked: str, silence_s: float) -> BaseException:
    """Map what went wrong at the server `there` to a `BackendError` where a person can mend it."""
    import openai

    if isinstance(exc, openai.APIStatusError):
        return _status_fault(exc, there, asked)
    if isinstance(exc, openai.APITimeoutError):
        fault = BackendError(
            f"{there} said nothing for {silence_s:g} s",
            "a quicker answer",
            "look at the server, or ask again",
        )
    elif isinstance(exc, openai.APIConnectionError | ConnectionError):
        fault = BackendError(
            f"no whole answer from {there}: {exc.__cause__ or exc}",
            "an OpenAI-compatible server there",
            "start the server, or give its address up to /v1",
        )
    elif isinstance(exc, openai.APIError | json.JSONDecodeError | UnicodeDecodeError):
        fault = BackendError(
            f"{there} sent what cannot be read: {exc}", "completions, streamed", "look at the server's log"
        )
    else:
        return exc
    fault.__cause__ = exc
    return fault


def _status_fault(exc: Any, there: str, asked: str) -> BackendError:
    said = f"{exc.status_code} {exc.message}"
    if exc.status_code in (401, 403):
        fault = BackendError(f"{there} refused the key ({said})", "a key that it knows", "export TITLEWISE_API_KEY=...")
    elif exc.status_code == 404:
        fault = BackendError(
            f"{there} knows no model {asked} ({said})", "a model that it serves", f"curl {there}/models"
        )
    elif exc.status_code == 400 and "context" in exc.message:
        fault = PromptTooLongError(
            f"{there} refused the prompt ({said})",
            "a prompt within the model's context",
            "ask a shorter question, or start a new conversation",
        )
    else:
        fault = BackendError(
            f"{there} could not answer ({said})", "an answer", "look at the server's log, or ask again"
        )
    fault.__cause__ = exc
    return fault

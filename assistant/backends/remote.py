"""A model on any server that speaks OpenAI's completions: vLLM, llama.cpp's, Ollama, OpenAI.

The key comes from $TITLEWISE_API_KEY, else $OPENAI_API_KEY; local servers need none.
A connection that fails, and answers 408, 409, 429 and 5xx, are tried again with
growing pauses, until the first piece of text has come.

An adapter is asked for by its name in place of the model's, as vLLM serves them.

    backend = Remote("http://127.0.0.1:8000/v1", "meta-llama/Llama-3.1-8B-Instruct")
"""

import asyncio
import os
import threading
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from assistant.backends.base import (
    DEADLINE_S,
    FIRST_TOKENS,
    BackendError,
    Clock,
    Completion,
    PromptTooLongError,
    SamplingParams,
    TextStream,
    check_loaded,
    check_names,
)
from assistant.backends.received import Chunk, Received
from assistant.backends.streaming import Outlet, drained
from assistant.messages import Prompt
from assistant.models.adapters import Adapter

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_TIMEOUT_S = 5.0
# Llama 3's tokenizer needs a token for 3 to 4 bytes of Latin text: 3 never counts too few by much.
BYTES_PER_TOKEN = 3
MOST_SAID = 300  # characters of what another server says of an error


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
        """Return the adapters that the server serves."""
        return self._adapters

    def stream(
        self,
        prompt: Prompt,
        params: SamplingParams,
        *,
        adapter: str = "",
        prefill: str = "",
        deadline_s: float = DEADLINE_S,
        cancel: threading.Event | None = None,
    ) -> TextStream:
        """Yield pieces of text as they come; see `Backend.stream`. A server cannot be told a prefill.

        Raises `DeadlineError`, `PromptTooLongError`, `BackendError`.
        """
        clock = Clock(deadline_s)
        return self._completed(prompt, self._read(prompt, self._request(params, adapter), clock, cancel))

    def first_token_logprobs(
        self,
        prompt: Prompt,
        *,
        adapter: str = "",
        deadline_s: float = DEADLINE_S,
        cancel: threading.Event | None = None,
    ) -> dict[str, float]:
        """Return the likeliest first tokens; see `Backend`. Empty where the server gives no log-probabilities.

        Raises `DeadlineError`, `PromptTooLongError`, `BackendError`.
        """
        clock = Clock(deadline_s)
        request = self._request(SamplingParams(max_new_tokens=1), adapter)
        if not isinstance(prompt, str):
            request |= {"logprobs": True, "top_logprobs": FIRST_TOKENS}
        received = drained(self._read(prompt, request, clock, cancel))
        return received.first_tokens if received else {}

    def count_tokens(self, text: str) -> int:
        """Estimate the tokens of `text`: the server's tokenizer is out of reach."""
        return estimated_tokens(text)

    def as_text(self, text: str) -> str:
        """Return the text: which special tokens the server's model has is not known here."""
        return text

    def close(self) -> None:
        """Close the connections, after stopping what is under way."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _request(self, params: SamplingParams, adapter: str) -> dict[str, Any]:
        check_loaded(self._adapters, adapter)
        return {
            "model": adapter or self._model,
            "max_tokens": params.max_new_tokens,
            "temperature": params.temperature,
            "top_p": params.top_p,
            "seed": params.seed,
            "stream": True,
        }

    def _completed(self, prompt: Prompt, stream: Generator[str, None, Received | None]) -> TextStream:
        received = yield from stream
        if received is None:
            return Completion("cancelled", 0, 0)
        asked = prompt if isinstance(prompt, str) else "".join(message.content for message in prompt)
        prompt_tokens, completion_tokens = received.usage or (self.count_tokens(asked), received.pieces)
        return Completion("length" if received.finish_reason == "length" else "stop", prompt_tokens, completion_tokens)

    def _read(
        self, prompt: Prompt, request: dict[str, Any], clock: Clock, cancel: threading.Event | None
    ) -> Generator[str, None, Received | None]:
        """Yield the pieces and return what else was received; None where it was cancelled."""
        outlet, received = Outlet(cancel or threading.Event()), Received()
        task = asyncio.run_coroutine_threadsafe(self._ask(prompt, request, outlet, received), self._loop)
        try:
            return received if (yield from outlet.read(clock)) else None
        finally:
            task.cancel()  # closes the connection, at whatever point it is

    async def _ask(self, prompt: Prompt, request: dict[str, Any], outlet: Outlet, received: Received) -> None:
        try:
            await self._receive(prompt, request, outlet, received)
        except BaseException as exc:  # raised again in the thread that reads
            outlet.end(backend_error(exc, self._base_url, request["model"], self._silence_s))
        else:
            outlet.end()

    async def _receive(self, prompt: Prompt, request: dict[str, Any], outlet: Outlet, received: Received) -> None:
        from openai import AsyncStream

        if isinstance(prompt, str):
            place, asked = "/completions", request | {"prompt": prompt}
        else:
            rows = [{"role": message.role, "content": message.content} for message in prompt]
            place, asked = "/chat/completions", request | {"messages": rows}
        # By its path, and as `object`: what comes is read by `Chunk` alone, not by the library's own forms before.
        answer = self._opened().post(place, body=asked, cast_to=object, stream=True, stream_cls=AsyncStream[object])
        async with await answer as chunks:
            async for chunk in chunks:
                outlet.put(received.take(Chunk.model_validate(chunk)))
        if received.finish_reason is None:
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


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has, never too few by much."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def opened_client(base_url: str, silence_s: float, retries: int) -> "AsyncOpenAI":
    """Return a client of the server at `base_url`, with the key of the environment; what it reads is bounded."""
    from openai import AsyncOpenAI, Timeout

    from assistant.backends.bounded import bounded_client

    return AsyncOpenAI(
        http_client=bounded_client(),
        base_url=base_url,
        api_key=os.environ.get("TITLEWISE_API_KEY") or os.environ.get("OPENAI_API_KEY") or "none",
        timeout=Timeout(silence_s, connect=CONNECT_TIMEOUT_S),
        max_retries=retries,
    )


def backend_error(exc: BaseException, there: str, asked: str, silence_s: float) -> BaseException:
    """Map what went wrong at the server `there` to a `BackendError` where a person can mend it."""
    import openai
    from pydantic import ValidationError

    from assistant.backends.bounded import TooLongError

    if isinstance(exc, openai.APIStatusError):
        return _status_error(exc, there, asked)
    if isinstance(exc, openai.APITimeoutError):
        error = BackendError(
            f"{there} said nothing for {silence_s:g} s",
            "a quicker answer",
            "look at the server, or ask again",
        )
    elif isinstance(exc, TooLongError) or isinstance(exc.__cause__, TooLongError):
        error = _unreadable(there, exc.__cause__ or exc)
    elif isinstance(exc, openai.APIConnectionError | ConnectionError):
        error = BackendError(
            f"no whole answer from {there}: {shortened(exc.__cause__ or exc)}",
            "an OpenAI-compatible server there",
            "start the server, or give its address up to /v1",
        )
    elif isinstance(exc, ValidationError):
        fault = exc.errors(include_input=False)[0]
        error = _unreadable(there, f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}")
    elif isinstance(exc, openai.APIError | ValueError | RecursionError):  # no JSON, no UTF-8, nested without end
        error = _unreadable(there, exc)
    else:
        return exc
    error.__cause__ = exc
    return error


def shortened(message: object) -> str:
    """Return what another server said, of which nobody knows how long it is, as a few words that can be printed."""
    begun = " ".join(str(message)[: 2 * MOST_SAID].split())[:MOST_SAID]
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in begun)


def _unreadable(there: str, message: object) -> BackendError:
    return BackendError(
        f"{there} sent what cannot be read: {shortened(message)}", "completions, streamed", "look at the server's log"
    )


def _status_error(exc: Any, there: str, asked: str) -> BackendError:
    status = f"{exc.status_code} {shortened(exc.message)}"
    if exc.status_code in (401, 403):
        error = BackendError(
            f"{there} refused the key ({status})", "a key that it knows", "export TITLEWISE_API_KEY=..."
        )
    elif exc.status_code == 404:
        error = BackendError(
            f"{there} knows no model {asked} ({status})", "a model that it serves", f"curl {there}/models"
        )
    elif exc.status_code == 400 and "context" in exc.message:
        error = PromptTooLongError(
            f"{there} refused the prompt ({status})",
            "a prompt within the model's context",
            "ask a shorter question, or start a new conversation",
        )
    else:
        error = BackendError(
            f"{there} could not answer ({status})", "an answer", "look at the server's log, or ask again"
        )
    error.__cause__ = exc
    return error

"""A GGUF model run by llama.cpp, inside this process.

Many threads may stream at once: a small model has an engine for each text, a larger one a
slot of its only engine. Both keep their prompt, so that one which begins like the last is only
read from where it differs. LoRA adapters are loaded once and chosen per text.

    backend = LlamaCpp(find("smollm2-135m"), [adapter])
"""

import contextlib
import functools
import http.client
import json
import os
import secrets
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assistant.backends.base import (
    DATE_STRING,
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
from assistant.backends.llamacpp_pool import Engines
from assistant.backends.special_tokens import special_tokens_of_gguf
from assistant.backends.streaming import Outlet, Workers, completed, drained
from assistant.messages import Message, Prompt
from assistant.models.adapters import Adapter

if TYPE_CHECKING:
    import xllamacpp

# Tokens read between two looks at whether anybody still listens: about 0.3 s on two slow
# cores. Larger batches read the prompt no faster on a CPU (measured: 64 to 512).
BATCH_TOKENS = 128

# A smaller model writes fastest on one thread: a token is too little work to share
# among threads that have to be woken (75 tokens/s on one, 50 on two, for 98 MB).
SMALL_MODEL_BYTES = 300_000_000


class LlamaCpp:
    """A loaded GGUF model, with or without LoRA adapters."""

    def __init__(
        self,
        model_path: Path,
        adapters: Sequence[Adapter] = (),
        *,
        context_tokens: int = 4096,
        slots: int = 2,
        threads: int | None = None,
    ) -> None:
        """Load the model; `context_tokens` is for each of the `slots` texts under way at once, others wait.

        `threads` is by default the number of cores, but one for writing by a small model.

        Raises `BackendError` where the model or an adapter cannot be loaded.
        """
        _check_gguf(model_path, "model")
        check_names(adapters)
        loras = [_lora_of(adapter) for adapter in adapters]
        self._name = f"llama.cpp {model_path.stem}"
        self._adapters = tuple(adapters)
        self._key = secrets.token_urlsafe()
        self._workers = Workers()
        # Two texts in one batch of a small model are slower than one after the other; in two engines, which
        # share the file's pages in memory, they keep two cores busy: see docs/experiments.md.
        small = _is_small(model_path)
        texts = 1 if small else slots
        params = _parameters(model_path, loras, context_tokens, texts, threads, self._key)
        self._engines = Engines(
            lambda: _loaded(params, model_path, adapters), most=min(slots, _cores()) if small else 1, texts=texts
        )
        self._special = special_tokens_of_gguf(model_path)
        self._bos: list[int] = self._post("/tokenize", {"content": "", "add_special": True})["tokens"]

    @property
    def name(self) -> str:
        """Name the engine and the model, for people."""
        return self._name

    @property
    def adapters(self) -> Sequence[Adapter]:
        """Return the loaded adapters."""
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
        """Yield pieces of text as they come; see `Backend.stream`.

        Raises `DeadlineError`, `PromptTooLongError`, `BackendError`.
        """
        clock = Clock(deadline_s)
        request = self._request(prompt, params, adapter)
        if prefill:
            request["prompt"] += self._tokens(prefill)
        return completed(self._workers.stream(functools.partial(self._generate, request, prefill), clock, cancel))

    def first_token_logprobs(
        self,
        prompt: Prompt,
        *,
        adapter: str = "",
        deadline_s: float = DEADLINE_S,
        cancel: threading.Event | None = None,
    ) -> dict[str, float]:
        """Return the likeliest first tokens; see `Backend.first_token_logprobs`.

        Raises `DeadlineError`, `PromptTooLongError`, `BackendError`.
        """
        clock = Clock(deadline_s)
        request = self._request(prompt, SamplingParams(max_new_tokens=1), adapter) | {"logprobs": FIRST_TOKENS}
        return drained(self._workers.stream(functools.partial(self._first_token, request), clock, cancel)) or {}

    def count_tokens(self, text: str) -> int:
        """Count the tokens of `text` by the model's own tokenizer, in about 1 ms."""
        return len(self._tokens(text))

    def as_text(self, text: str) -> str:
        """Return a text in which the model reads no special token."""
        return self._special.broken(text)

    def prompt_ids(self, prompt: Prompt) -> list[int]:
        """Return the exact token ids that `stream` would read for this prompt."""
        ids = self._tokens(prompt if isinstance(prompt, str) else self._templated(prompt))
        return ids if ids[: len(self._bos)] == self._bos else self._bos + ids

    def likeliest(self, ids: Sequence[int], adapter: str, count: int) -> dict[int, float]:
        """Return the `count` likeliest tokens after these, best first, with their natural log-probabilities.

        For checks of one engine against another. Empty where the likeliest is half a character, which
        llama.cpp keeps to itself.
        """
        request = {
            "prompt": list(ids),
            "n_predict": 1,
            "temperature": 0.0,
            "logprobs": count,
            "cache_prompt": True,
            "lora": self._scales(adapter),
        }
        with self._engines.held() as engine:
            answer = engine.handle_completions(request)
        if "error" in answer:
            raise _backend_error(answer["error"])
        logprobs = answer["choices"][0]["logprobs"]
        return {row["id"]: row["logprob"] for row in logprobs["content"][0]["top_logprobs"]} if logprobs else {}

    def close(self) -> None:
        """Free the model's memory, after stopping what is under way."""
        self._workers.close()
        self._engines.close()

    def _request(self, prompt: Prompt, params: SamplingParams, adapter: str) -> dict[str, Any]:
        return {
            "prompt": self.prompt_ids(prompt),
            "max_tokens": params.max_new_tokens,
            "temperature": params.temperature,
            "top_p": params.top_p,
            "top_k": 0,  # these two cut the tail by default, unasked
            "min_p": 0.0,
            "seed": params.seed,
            "cache_prompt": True,
            "stream": True,
            "return_progress": True,  # calls back while the prompt is read, so that it can be stopped there
            "lora": self._scales(adapter),
        }

    def _scales(self, name: str) -> list[dict[str, float]]:
        """Return the strength of each adapter for one text: the named one's is 1, the others' 0."""
        check_loaded(self._adapters, name)
        return [
            {"id": place, "scale": 1.0 if adapter.name == name else 0.0} for place, adapter in enumerate(self._adapters)
        ]

    def _generate(self, request: dict[str, Any], prefill: str, outlet: Outlet) -> Completion | None:
        ends: list[Completion] = []

        def take(chunk: dict[str, Any]) -> None:
            for choice in chunk["choices"]:
                outlet.put(choice["text"])
            if "usage" in chunk:
                reason: Literal["stop", "length"] = "length" if choice["finish_reason"] == "length" else "stop"
                ends.append(Completion(reason, chunk["usage"]["prompt_tokens"], chunk["usage"]["completion_tokens"]))

        outlet.put(prefill)
        self._complete(request, take, outlet)
        return ends[0] if ends else None

    def _first_token(self, request: dict[str, Any], outlet: Outlet) -> dict[str, float]:
        found: dict[str, float] = {}

        def take(chunk: dict[str, Any]) -> None:
            for choice in chunk["choices"]:
                for token in choice["logprobs"]["content"][:1] if choice.get("logprobs") else ():
                    found.update({row["token"]: row["logprob"] for row in token["top_logprobs"]})

        self._complete(request, take, outlet)
        return found

    def _complete(self, request: dict[str, Any], take: Callable[[dict[str, Any]], None], outlet: Outlet) -> None:
        """Have `take` shown each chunk of a completion, until it has ended or nobody reads any more."""
        errors: list[dict[str, Any]] = []

        def on_chunk(chunk: dict[str, Any]) -> bool:
            """Return whether llama.cpp is to stop."""
            if "error" in chunk:
                errors.append(chunk["error"])
                return True
            take(chunk)
            return outlet.stopped

        with self._engines.taken(request["prompt"], lambda: outlet.stopped) as engine:
            if engine is None:
                return
            try:
                engine.handle_completions(request, on_chunk)
            except ValueError as exc:
                errors.append({"message": str(exc)})
        if errors:
            raise _backend_error(errors[0])

    def _templated(self, messages: Sequence[Message]) -> str:
        rows = [{"role": each.role, "content": self.as_text(each.content)} for each in messages]
        body = {"messages": rows, "chat_template_kwargs": {"date_string": DATE_STRING}}
        return str(self._post("/apply-template", body)["prompt"])

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._post("/tokenize", {"content": text, "add_special": False})["tokens"]
        return ids

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        """Ask llama.cpp's own loopback server, the only door to its tokenizer."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        with self._engines.held() as engine:
            host = engine.listening_address.removeprefix("http://")
            with contextlib.closing(http.client.HTTPConnection(host, timeout=10)) as connection:
                connection.request("POST", path, json.dumps(body), headers)
                answer = json.loads(connection.getresponse().read())
        if "error" in answer:
            raise _backend_error(answer["error"])
        return answer


def _library() -> Any:
    """Import xllamacpp so that its threads sleep while they wait for one another.

    Spinning, OpenMP's default, collapses once anything else wants a core: measured on
    2 cores beside one busy process, 50 tokens/s read and 2 written, against 175 and 72.
    OpenMP reads the variable once, while it is loaded; a process that loads torch
    first has to set it itself.
    """
    before = os.environ.get("OMP_WAIT_POLICY")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import xllamacpp
    finally:
        if before is None:
            del os.environ["OMP_WAIT_POLICY"]
    return xllamacpp


def _loaded(params: Any, model_path: Path, adapters: Sequence[Adapter]) -> "xllamacpp.Server":
    """Load an engine; raises `BackendError` where the model or an adapter is none."""
    try:
        server = _library().Server(params)
    except RuntimeError as exc:
        names = ", ".join(adapter.name for adapter in adapters)
        raise BackendError(
            f"llama.cpp could not load {model_path}" + (f" with the adapter {names}" if names else ""),
            "a whole GGUF file of a model that llama.cpp knows, and an adapter made for it",
            "titlewise models fetch",
        ) from exc
    # A server that is freed before its loop turns waits for itself for ever; one token (13 ms) makes it turn.
    server.handle_completions({"prompt": "a", "n_predict": 1})
    return server


def _parameters(
    model_path: Path, loras: Sequence[Path], context_tokens: int, slots: int, threads: int | None, key: str
) -> Any:
    library = _library()
    params = library.CommonParams()
    params.model.path = str(model_path)
    params.verbosity = 0
    params.n_parallel = slots
    params.n_ctx = context_tokens * slots
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.cpuparams.n_threads = threads or (1 if _is_small(model_path) else _cores())
    params.cpuparams_batch.n_threads = threads or _cores()
    params.cache_ram_mib = 0  # keeps old prompts beside the slots, by default up to 8 GiB
    params.force_pure_content_parser = True  # the text as it is: no tool calls or thoughts cut out of it
    params.use_jinja = True
    # The library always listens on loopback; nobody else on this machine may use that door.
    params.api_keys = [key]
    params.endpoint_slots = False
    params.ui = False
    if loras:
        params.lora_adapters = [library.CommonAdapterLoraInfo(str(path), 0.0) for path in loras]
    return params


def _is_small(model_path: Path) -> bool:
    """Return whether a token is too little work to be shared among threads."""
    return model_path.stat().st_size < SMALL_MODEL_BYTES


def _cores() -> int:
    """Count the physical cores that this process may use; a second thread on one only gets in the way."""
    import psutil

    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(allowed, psutil.cpu_count(logical=False) or allowed)


def _check_gguf(path: Path, what: str) -> None:
    if not path.is_file():
        raise BackendError(f"there is no {what} at {path}", "a .gguf file", "titlewise models list")
    with path.open("rb") as file:
        magic = file.read(4)
    if magic != b"GGUF":
        raise BackendError(f"{path} begins with {magic!r}", "a .gguf file", "titlewise models list")


def _lora_of(adapter: Adapter) -> Path:
    if adapter.gguf is None:
        raise BackendError(
            f"the adapter {adapter.name} in {adapter.folder} is not yet in llama.cpp's form",
            "an adapter.gguf beside its weights",
            f"titlewise export {adapter.name}",
        )
    _check_gguf(adapter.gguf, "adapter")
    return adapter.gguf


def _backend_error(error: dict[str, Any]) -> BackendError:
    if error.get("type") == "exceed_context_size_error":
        return PromptTooLongError(
            f"the prompt has {error['n_prompt_tokens']} tokens",
            f"at most {error['n_ctx']}",
            "ask a shorter question, or start a new conversation",
        )
    return BackendError(
        f"llama.cpp refused the prompt: {error['message']}",
        "messages that the model's template takes",
        "use another model",
    )

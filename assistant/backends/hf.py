"""A Llama run by transformers: 4-bit NF4 or 8-bit by bitsandbytes, or dense, with PEFT adapters.

Runs on a GPU where there is one, else on the CPU. One text is made at a time; others
wait their turn. A GGUF file is read too, its weights unpacked.

    backend = Transformers(find("llama-3.2-1b"), [adapter])
"""

import contextlib
import functools
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.backends.base import (
    DEADLINE_S,
    FIRST_TOKENS,
    Clock,
    Completion,
    PromptTooLongError,
    SamplingParams,
    TextStream,
    check_loaded,
    check_names,
)
from assistant.backends.hf_loading import (
    Precision,
    library,
    load_model,
    prompt_ids,
    special_tokens_of,
    with_adapters,
)
from assistant.backends.streaming import POLL_S, Outlet, Workers, completed, drained
from assistant.messages import Prompt
from assistant.models.adapters import Adapter

if TYPE_CHECKING:
    import torch


class Transformers:
    """A loaded model of transformers, with or without PEFT adapters."""

    def __init__(
        self,
        model_path: Path,
        adapters: Sequence[Adapter] = (),
        *,
        precision: Precision | None = None,
        device: str | None = None,
    ) -> None:
        """Load the model; `precision` is nf4 unless told, or bf16 for a GGUF, whose weights are 4-bit already.

        `device` is as torch names it ("cuda:0", "cpu"); by default the first GPU, else the CPU.

        Raises `BackendError` where the model or an adapter cannot be loaded, or there is no chat template.
        """
        check_names(adapters)
        chosen = precision or ("bf16" if model_path.suffix == ".gguf" else "nf4")
        self._name = f"transformers {model_path.stem} {chosen}"
        self._model, self._tokenizer = load_model(model_path, chosen, device)
        self._adapters = tuple(adapters)
        if adapters:
            self._model = with_adapters(self._model, [adapter.folder for adapter in adapters])
        self._turn = threading.Lock()
        self._workers = Workers()

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
        check_loaded(self._adapters, adapter)
        produce = functools.partial(self._generate, prompt, params, adapter, prefill)
        return completed(self._workers.stream(produce, clock, cancel))

    def first_token_logprobs(
        self,
        prompt: Prompt,
        *,
        adapter: str = "",
        deadline_s: float = DEADLINE_S,
        cancel: threading.Event | None = None,
    ) -> dict[str, float]:
        """Return the likeliest first tokens; see `Backend.first_token_logprobs`.

        The prompt is read once more than for the text. Raises `DeadlineError`, `PromptTooLongError`, `BackendError`.
        """
        clock = Clock(deadline_s)
        check_loaded(self._adapters, adapter)
        produce = functools.partial(self._first_token_logprobs, prompt, adapter)
        return drained(self._workers.stream(produce, clock, cancel)) or {}

    def count_tokens(self, text: str) -> int:
        """Count the tokens of `text` by the model's own tokenizer."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def as_text(self, text: str) -> str:
        """Return a text in which the model reads no special token."""
        return special_tokens_of(self._tokenizer).broken(text)

    def prompt_ids(self, prompt: Prompt) -> list[int]:
        """Return the exact token ids that `stream` would read for this prompt."""
        return prompt_ids(self._tokenizer, prompt)

    def close(self) -> None:
        """Free the model's memory, after stopping what is under way."""
        self._workers.close()
        self._model = None

    def _first_token_logprobs(self, prompt: Prompt, adapter: str, outlet: Outlet) -> dict[str, float]:
        import torch

        inputs, _ = self._inputs(prompt)
        with _turn(self._turn, outlet), torch.inference_mode():
            if outlet.stopped:
                return {}
            with self._adapter_chosen(adapter):
                logits = self._model(input_ids=inputs, logits_to_keep=1).logits[0, -1]
        likeliest = logits.float().log_softmax(-1).topk(FIRST_TOKENS)
        pairs = zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
        return {self._tokenizer.decode([token]): logprob for token, logprob in pairs}

    def _inputs(self, prompt: Prompt, prefill: str = "") -> tuple["torch.Tensor", int]:
        """Return the token ids of prompt and prefill, (1, n) int64, and how many more tokens the context holds."""
        import torch

        ids = self.prompt_ids(prompt) + self._tokenizer.encode(prefill, add_special_tokens=False)
        room_tokens = self._model.config.max_position_embeddings - len(ids)
        if room_tokens <= 0:
            raise PromptTooLongError(
                f"the prompt has {len(ids)} tokens",
                f"fewer than {self._model.config.max_position_embeddings}",
                "ask a shorter question, or start a new conversation",
            )
        return torch.tensor([ids], device=self._model.device), room_tokens

    def _generate(
        self, prompt: Prompt, params: SamplingParams, adapter: str, prefill: str, outlet: Outlet
    ) -> Completion:
        import torch

        inputs, room_tokens = self._inputs(prompt, prefill)
        config = _generation_config(params, room_tokens)
        with _turn(self._turn, outlet), torch.random.fork_rng():
            if outlet.stopped:
                return Completion("cancelled", inputs.shape[1], 0)
            outlet.put(prefill)
            torch.manual_seed(params.seed)
            with self._adapter_chosen(adapter):
                ids = self._model.generate(
                    input_ids=inputs,
                    attention_mask=torch.ones_like(inputs),
                    generation_config=config,
                    streamer=_Streamer(self._tokenizer, outlet),
                    stopping_criteria=library().StoppingCriteriaList([_NobodyReads(outlet)]),
                )
        end = self._model.generation_config.eos_token_id
        ended = int(ids[0, -1]) in (end if isinstance(end, list) else [end])
        return Completion("stop" if ended else "length", inputs.shape[1], ids.shape[1] - inputs.shape[1])

    def _adapter_chosen(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Switch the model to one adapter, or to none; only whoever has the turn may."""
        if name:
            place = [adapter.name for adapter in self._adapters].index(name)
            self._model.set_adapter(str(place), inference_mode=True)
        elif self._adapters:
            return self._model.disable_adapter()  # type: ignore[no-any-return]
        return contextlib.nullcontext()


def _generation_config(params: SamplingParams, room_tokens: int) -> Any:
    config = library().GenerationConfig(max_new_tokens=min(params.max_new_tokens, room_tokens), do_sample=False)
    if params.temperature > 0:
        config.do_sample = True
        config.temperature = params.temperature
        config.top_p = params.top_p
        config.top_k = 0  # else the 50 likeliest only
    return config


@contextlib.contextmanager
def _turn(lock: threading.Lock, outlet: Outlet) -> Iterator[None]:
    """Hold the lock, or nothing once nobody waits for the text any more."""
    held = False
    while not held and not outlet.stopped:
        held = lock.acquire(timeout=POLL_S)
    try:
        yield
    finally:
        if held:
            lock.release()


class _Streamer:
    """Turns the tokens that `generate` hands out into whole characters."""

    def __init__(self, tokenizer: Any, outlet: Outlet) -> None:
        from tokenizers.decoders import DecodeStream

        self._tokenizer = tokenizer.backend_tokenizer
        self._decoder = DecodeStream(skip_special_tokens=True)
        self._outlet = outlet
        self._prompt_seen = False

    def put(self, ids: "torch.Tensor") -> None:
        """Take the prompt first, which is dropped, then each new token; shape (1, n) or (n,) int64."""
        if not self._prompt_seen:
            self._prompt_seen = True
            return
        for token in ids.flatten().tolist():
            self._outlet.put(self._decoder.step(self._tokenizer, token) or "")

    def end(self) -> None:
        """Do nothing: half a character at the very end is dropped."""


class _NobodyReads:
    """Stops `generate` once the text is cancelled, overdue or abandoned."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def __call__(self, ids: "torch.Tensor", scores: Any, **_: Any) -> "torch.Tensor":
        """Return (batch,) bool: whether to stop."""
        import torch

        return torch.full((ids.shape[0],), self._outlet.stopped, dtype=torch.bool, device=ids.device)

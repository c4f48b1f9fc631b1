"""A Llama run by transformers: 4-bit NF4 or 8-bit by bitsandbytes, or dense, with PEFT adapters.

Runs on a GPU where there is one, else on the CPU. One text is made at a time; others
wait their turn. A GGUF file is read too, its weights unpacked.

    backend = Transformers(find("llama-3.2-1b"), [adapter])
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.backends.base import OPENINGS, Clock, Generation, PromptTooLongError, check_loaded, check_names
from assistant.backends.hf_loading import Precision, library, load_model, prompt_ids, with_adapters
from assistant.backends.streaming import POLL_S, Outlet, Workers
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
        """Give the loaded adapters."""
        return self._adapters

    def stream(self, prompt: Prompt, generation: Generation) -> Iterator[str]:
        """Yield pieces of text as they come; see `Backend.stream`.

        Raises `DeadlineError`, `PromptTooLongError`, `BackendError`.
        """
        clock = Clock(generation.deadline_s)
        check_loaded(self._adapters, generation.adapter)
        return self._workers.stream(lambda outlet: self._generate(prompt, generation, outlet), generation, clock)

    def openings(self, prompt: Prompt, generation: Generation) -> dict[str, float]:
        """Give the likeliest first tokens; see `Backend.openings`. One reading of the prompt, which is not kept.

        Raises `DeadlineError`, `PromptTooLongError`, `BackendError`.
        """
        clock = Clock(generation.deadline_s)
        check_loaded(self._adapters, generation.adapter)
        found: dict[str, float] = {}
        for _ in self._workers.stream(lambda outlet: self._weigh(prompt, generation, outlet, found), generation, clock):
            pass
        return found

    def count_tokens(self, text: str) -> int:
        """Count the tokens of `text` by the model's own tokenizer."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def prompt_ids(self, prompt: Prompt) -> list[int]:
        """Give the exact token ids that `stream` would read for this prompt."""
        return prompt_ids(self._tokenizer, prompt)

    def close(self) -> None:
        """Free the model's memory, after stopping what is under way."""
        self._workers.close()
        self._model = None

    def _weigh(self, prompt: Prompt, generation: Generation, outlet: Outlet, found: dict[str, float]) -> None:
        import torch

        inputs, _ = self._inputs(prompt)
        with _turn(self._turn, outlet), torch.inference_mode():
            if outlet.stopped:
                return
            with self._adapter_chosen(generation.adapter):
                logits = self._model(input_ids=inputs, logits_to_keep=1).logits[0, -1]
        likeliest = logits.float().log_softmax(-1).topk(OPENINGS)
        for token, logprob in zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True):
            found[self._tokenizer.decode([token])] = logprob

    def _inputs(self, prompt: Prompt, opening: str = "") -> tuple["torch.Tensor", int]:
        """Give the token ids of prompt and opening, (1, n) int64, and how many more tokens the context holds."""
        import torch

        ids = self.prompt_ids(prompt) + self._tokenizer.encode(opening, add_special_tokens=False)
        room_tokens = self._model.config.max_position_embeddings - len(ids)
        if room_tokens <= 0:
            raise PromptTooLongError(
                f"the prompt has {len(ids)} tokens",
                f"fewer than {self._model.config.max_position_embeddings}",
                "ask a shorter question, or start a new conversation",
            )
        return torch.tensor([ids], device=self._model.device), room_tokens

    def _generate(self, prompt: Prompt, generation: Generation, outlet: Outlet) -> None:
        import torch

        inputs, room_tokens = self._inputs(prompt, generation.opening)
        with _turn(self._turn, outlet), torch.random.fork_rng():
            if outlet.stopped:
                return
            outlet.put(generation.opening)
            torch.manual_seed(generation.seed)
            with self._adapter_chosen(generation.adapter):
                self._model.generate(
                    input_ids=inputs,
                    attention_mask=torch.ones_like(inputs),
                    generation_config=_settings(generation, room_tokens),
                    streamer=_Streamer(self._tokenizer, outlet),
                    stopping_criteria=library().StoppingCriteriaList([_NobodyReads(outlet)]),
                )

    def _adapter_chosen(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Switch the model to one adapter, or to none; only whoever has the turn may."""
        if name:
            place = [adapter.name for adapter in self._adapters].index(name)
            self._model.set_adapter(str(place), inference_mode=True)
        elif self._adapters:
            return self._model.disable_adapter()  # type: ignore[no-any-return]
        return contextlib.nullcontext()


def _settings(generation: Generation, room_tokens: int) -> Any:
    settings = library().GenerationConfig(max_new_tokens=min(generation.max_new_tokens, room_tokens), do_sample=False)
    if generation.temperature > 0:
        settings.do_sample = True
        settings.temperature = generation.temperature
        settings.top_p = generation.top_p
        settings.top_k = 0  # else the 50 likeliest only
    return settings


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
        """Give (batch,) bool: whether to stop."""
        import torch

        return torch.full((ids.shape[0],), self._outlet.stopped, dtype=torch.bool, device=ids.device)

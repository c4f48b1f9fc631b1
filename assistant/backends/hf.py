"""A Llama run by transformers: 4-bit NF4 or 8-bit by bitsandbytes, or dense, with PEFT adapters.

Runs on a GPU where there is one, else on the CPU. One text is made at a time; others
wait their turn. A GGUF file is read too, its weights unpacked.

    backend = Transformers(find("llama-3.2-1b"), [adapter])
"""

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assistant.adapters import WEIGHTS, Adapter, check_loaded, check_names
from assistant.backends.base import DATE_STRING, OPENINGS, BackendError, Clock, Generation, Prompt, PromptTooLongError
from assistant.backends.streaming import POLL_S, Outlet, Workers

if TYPE_CHECKING:
    import torch

Precision = Literal["nf4", "int8", "bf16", "fp32"]


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

    def _inputs(self, prompt: Prompt) -> tuple["torch.Tensor", int]:
        """Give the prompt's token ids, (1, n) int64, and how many more tokens the context holds."""
        import torch

        ids = self.prompt_ids(prompt)
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

        inputs, room_tokens = self._inputs(prompt)
        with _turn(self._turn, outlet), torch.random.fork_rng():
            if outlet.stopped:
                return
            torch.manual_seed(generation.seed)
            with self._adapter_chosen(generation.adapter):
                self._model.generate(
                    input_ids=inputs,
                    attention_mask=torch.ones_like(inputs),
                    generation_config=_settings(generation, room_tokens),
                    streamer=_Streamer(self._tokenizer, outlet),
                    stopping_criteria=_library().StoppingCriteriaList([_NobodyReads(outlet)]),
                )

    def _adapter_chosen(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Switch the model to one adapter, or to none; only whoever has the turn may."""
        if name:
            place = [adapter.name for adapter in self._adapters].index(name)
            self._model.set_adapter(str(place), inference_mode=True)
        elif self._adapters:
            return self._model.disable_adapter()  # type: ignore[no-any-return]
        return contextlib.nullcontext()


def load_model(model_path: Path, precision: Precision, device: str | None = None) -> tuple[Any, Any]:
    """Load (model, tokenizer) of a transformers folder or a GGUF file, as it is to be served.

    Raises `BackendError` where they cannot be loaded, or there is no chat template.
    """
    import torch
    from safetensors import SafetensorError

    transformers = _library()
    is_gguf = model_path.suffix == ".gguf"
    if is_gguf and precision in ("nf4", "int8"):
        raise BackendError(
            f"{model_path.name} is quantized already and cannot become {precision}",
            "bf16 or fp32 for a GGUF file",
            "choose precision bf16",
        )
    folder = model_path.parent if is_gguf else model_path
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if is_gguf:
        local["gguf_file"] = model_path.name
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=torch.float32 if precision == "fp32" else torch.bfloat16,
                quantization_config=_quantization(precision, is_gguf),
                device_map={"": device or ("cuda:0" if torch.cuda.is_available() else "cpu")},
                use_safetensors=True,  # never a pickle
                **local,
            )
    except (OSError, ValueError, ImportError, RuntimeError, KeyError, SafetensorError) as exc:
        raise BackendError(
            f"transformers could not load {model_path}: {exc}",
            "a whole model folder (config.json, tokenizer, safetensors) or GGUF file",
            "titlewise models fetch",
        ) from exc
    if not tokenizer.chat_template:
        raise BackendError(
            f"the model {model_path} has no chat template", "an instruction-tuned model", "titlewise models list"
        )
    # Makers ship sampling defaults (a temperature, penalties); here only what the caller asks for counts.
    end = model.generation_config.eos_token_id
    first_end = end[0] if isinstance(end, list) else end
    model.generation_config = transformers.GenerationConfig(eos_token_id=end, pad_token_id=first_end)
    return model.eval(), tokenizer


def prompt_ids(tokenizer: Any, prompt: Prompt) -> list[int]:
    """Give the token ids of a prompt: messages by the chat template, ready for the reply; a text as it stands.

    Begins with exactly one BOS where the tokenizer asks for one, as llama.cpp does;
    some templates write it themselves and some leave it to the tokenizer.

    Raises `BackendError` for messages that the template refuses.
    """
    from jinja2.exceptions import TemplateError

    text = prompt
    if not isinstance(prompt, str):
        rows = [{"role": message.role, "content": message.content} for message in prompt]
        try:
            text = tokenizer.apply_chat_template(
                rows, tokenize=False, add_generation_prompt=True, date_string=DATE_STRING
            )
        except TemplateError as exc:
            raise BackendError(
                f"the chat template refused the messages: {exc}", "messages that it takes", "use another model"
            ) from exc
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
    bos = tokenizer.bos_token_id
    if bos is not None and tokenizer.encode("")[:1] == [bos] and ids[:1] != [bos]:
        ids.insert(0, bos)
    return ids


def _library() -> Any:
    """Import transformers, untyped: its annotations are too patchy for strict checking."""
    import transformers

    return transformers


def _quantization(precision: Precision, is_gguf: bool) -> Any:
    import torch

    transformers = _library()
    if is_gguf:
        return transformers.GgufConfig(dequantize=True)
    if precision == "nf4":
        return transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    return transformers.BitsAndBytesConfig(load_in_8bit=True) if precision == "int8" else None


def with_adapters(model: Any, folders: Sequence[Path]) -> Any:
    """Give the model with the PEFT adapters of these folders, named "0", "1" … in their order; "0" is active.

    Raises `BackendError` where one cannot be loaded.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    for folder in folders:
        if not (folder / WEIGHTS).is_file():
            raise BackendError(
                f"the adapter in {folder} has no {WEIGHTS}",
                "an adapter in the form of PEFT; the shipped one is for llama.cpp alone",
                "--backend llamacpp, or --base",
            )
    try:
        with quiet():
            # PEFT takes no point in a name, so the places are the names.
            model = PeftModel.from_pretrained(model, folders[0], adapter_name="0", is_trainable=False)
            for place, folder in enumerate(folders[1:], 1):
                model.load_adapter(folder, adapter_name=str(place), is_trainable=False)
            return model.eval()
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as exc:
        raise BackendError(
            f"the adapter in {' or '.join(map(str, folders))} could not be loaded: {exc}",
            "a PEFT adapter made for this model",
            "titlewise finetune RECIPE",
        ) from exc


def _settings(generation: Generation, room_tokens: int) -> Any:
    settings = _library().GenerationConfig(max_new_tokens=min(generation.max_new_tokens, room_tokens), do_sample=False)
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


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' bars and remarks off the terminal while a model is loaded or saved."""
    logging = _library().utils.logging
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        # The GGUF reader's bar heeds no switch; peft calls what transformers has renamed.
        with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logging.enable_progress_bar()
        logging.set_verbosity(verbosity)


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

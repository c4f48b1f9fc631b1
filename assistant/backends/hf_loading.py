"""Loading with transformers: a model and its tokenizer, PEFT adapters on it, the tokens of a prompt.

Serving, training and exporting load through these, so that what is trained is what is
served. Nothing is generated here.

    model, tokenizer = load_model(find("llama-3.2-1b"), "nf4")
    ids = prompt_ids(tokenizer, [Message("user", "how heavy is it?")])
"""

import contextlib
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assistant.backends.base import DATE_STRING, BackendError
from assistant.backends.special_tokens import SpecialTokens
from assistant.messages import Prompt
from assistant.models.adapters import WEIGHTS

if TYPE_CHECKING:
    import torch

Precision = Literal["nf4", "int8", "bf16", "fp32"]
BF16_CAPABILITY = 8.0  # CUDA compute capability from which a GPU computes in bf16 (Ampere)


def load_model(model_path: Path, precision: Precision, device: str | None = None) -> tuple[Any, Any]:
    """Load (model, tokenizer) of a transformers folder or a GGUF file, as it is to be served.

    Raises `BackendError` where they cannot be loaded, or there is no chat template.
    """
    import torch

    transformers = library()
    is_gguf = model_path.suffix == ".gguf"
    if is_gguf and precision in ("nf4", "int8"):
        raise BackendError(
            f"{model_path.name} is quantized already and cannot become {precision}",
            "bf16 or fp32 for a GGUF file",
            "choose precision bf16",
        )
    folder, local = loading_place(model_path)
    chosen = device or ("cuda:0" if torch.cuda.is_available() else "cpu")
    half = half_dtype(chosen)
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=torch.float32 if precision == "fp32" else half,
                quantization_config=_quantization(precision, is_gguf, half),
                device_map={"": chosen},
                use_safetensors=True,  # never a pickle
                **local,
            )
    except MemoryError:
        raise
    except Exception as exc:  # of a senseless file it may be any
        reason = " ".join(str(exc).split()) or type(exc).__name__
        raise BackendError(
            f"transformers could not load {model_path}: {reason}",
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


def half_dtype(device: str) -> "torch.dtype":
    """Return what a device computes in with 16 bits: bf16, or fp16 on a GPU that is older, such as a T4.

    `device` is as torch names it.
    """
    import torch

    if device == "cpu" or torch.cuda.get_device_capability(device)[0] >= BF16_CAPABILITY:
        return torch.bfloat16
    return torch.float16


def loading_place(model_path: Path) -> tuple[Path, dict[str, Any]]:
    """Return the folder that transformers loads a model from, and how: from here alone, no code of the model's."""
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if model_path.suffix == ".gguf":
        return model_path.parent, local | {"gguf_file": model_path.name}
    return model_path, local


def prompt_ids(tokenizer: Any, prompt: Prompt) -> list[int]:
    """Return the token ids of a prompt: messages by the chat template, ready for the reply; a text as it stands.

    No special token comes of what a message holds.
    Begins with exactly one BOS where the tokenizer asks for one, as llama.cpp does;
    some templates write it themselves and some leave it to the tokenizer.

    Raises `BackendError` for messages that the template refuses.
    """
    from jinja2.exceptions import TemplateError

    text = prompt
    if not isinstance(prompt, str):
        special = special_tokens_of(tokenizer)
        rows = [{"role": message.role, "content": special.broken(message.content)} for message in prompt]
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


def special_tokens_of(tokenizer: Any) -> SpecialTokens:
    """Return the special tokens that a tokenizer knows."""
    added = tokenizer.added_tokens_decoder.values()
    control = [each.content for each in added if each.special]
    return SpecialTokens([*control, *tokenizer.all_special_tokens], [each.content for each in added])


def with_adapters(model: Any, folders: Sequence[Path]) -> Any:
    """Return the model with the PEFT adapters of these folders, named "0", "1" … in their order; "0" is active.

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


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' bars and remarks off the terminal while a model is loaded or saved."""
    logging = library().utils.logging
    logging.disable_progress_bar()
    try:
        # The GGUF reader's bar heeds no switch; peft calls what transformers has renamed.
        with remarks_off(), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logging.enable_progress_bar()


@contextlib.contextmanager
def remarks_off() -> Iterator[None]:
    """Keep to what a command prints: libraries' remarks to their own users are none of a shop's business."""
    logging = library().utils.logging
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            # trl 1.16 and peft 0.21 ask for what transformers 5.23 has renamed.
            renamed = r"`(is_)?gradient_checkpointing\w*` is deprecated"
            warnings.filterwarnings("ignore", message=renamed, category=FutureWarning)
            yield
    finally:
        logging.set_verbosity(verbosity)


def library() -> Any:
    """Import transformers, untyped: its annotations are too patchy for strict checking."""
    import transformers

    return transformers


def _quantization(precision: Precision, is_gguf: bool, half: "torch.dtype") -> Any:
    import torch

    transformers = library()
    if is_gguf:
        return transformers.GgufConfig(dequantize=True)
    if precision == "nf4":
        return transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=half,
            # FSDP flattens weights of one dtype together, so there the packed ones pose as such.
            bnb_4bit_quant_storage=half if os.environ.get("ACCELERATE_USE_FSDP") == "true" else torch.uint8,
        )
    return transformers.BitsAndBytesConfig(load_in_8bit=True) if precision == "int8" else None

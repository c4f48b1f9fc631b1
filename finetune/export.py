"""Export: an adapter as GGUF for llama.cpp, and with its model as 16-bit weights for transformers and vLLM.

The GGUF lies beside the adapter's own weights, in the same artefact. `check_export`
asks llama.cpp and PEFT for the same text and compares what they hold likely, before anything is published.

    tuned, base = check_export(adapter, find("smollm2-135m"))
    adapter = export_gguf(adapter, find("smollm2-135m"))
"""

import itertools
import json
import math
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.models.adapters import GGUF, WEIGHTS, Adapter, check_base, digest_of_model, read_adapter
from assistant.passages import Passage
from assistant.prompt import answer_prompt
from index.artefacts import publish, read_manifest
from index.errors import UserError

if TYPE_CHECKING:
    import numpy

    from assistant.backends.llamacpp import LlamaCpp

# The layers of a Llama that an adapter may change.
LAYERS = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
)
LARGEST_FP16 = 65504.0
# What the engines are compared on: after each token of this reply, the tokens of 1 % or more.
REPLY = "No. The kettle must never go into the dishwasher. [2]"
LEAST_LIKELY = math.log(0.01)
MOST_LIKELY = 100  # tokens, of which no more can have 1 %
# Further apart with the adapter than without, the export is wrong: measured .00 to .01, and 8.7 with rows out of order.
FARTHEST = 0.1
_TENSOR = re.compile(r"base_model\.model\.(model\.layers\.(\d+)\.(\w+\.\w+))\.lora_([AB])\.weight")


@dataclass(frozen=True)
class Heads:
    """How many attention heads a Llama has: of queries, and of keys and values."""

    queries: int
    keys: int


@dataclass(frozen=True)
class Parity:
    """How far llama.cpp and PEFT are apart, over some `places` in a text.

    `largest` is the largest difference of log-probability (natural) of any token that llama.cpp
    gives 1 % or more; at `agreeing` places both hold the same token the likeliest.
    """

    largest: float
    agreeing: int
    places: int


def export_gguf(adapter: Adapter, model_place: Path) -> Adapter:
    """Publish the adapter anew with its weights as `adapter.gguf`, in fp16; the same bytes every time.

    Raises `UserError` where llama.cpp has no place for some of the weights, or fp16 for their values.
    """
    check_base(adapter, model_place)
    manifest = read_manifest(adapter.folder, "adapter")
    heads = heads_of(model_place)
    with publish(adapter.folder, kind="adapter", made_by=manifest.made_by, made_from=manifest.made_from) as scratch:
        for name in manifest.files:
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(adapter.folder / name, scratch / name)
        write_gguf(adapter.folder, scratch / GGUF, heads)
    return read_adapter(adapter.folder, adapter.name)


def slim(adapter: Adapter, folder: Path) -> None:
    """Publish an exported adapter as `folder` for llama.cpp alone: half the size, without PEFT's weights.

    Raises `ArtefactError` where `folder` holds something else, `UserError` where it is the adapter's own.
    """
    if folder.resolve() == adapter.folder.resolve():
        raise UserError(
            f"{folder} holds the adapter itself", "another folder", f"titlewise export {adapter.name} --slim DIR"
        )
    manifest = read_manifest(adapter.folder, "adapter")
    with publish(folder, kind="adapter", made_by=manifest.made_by, made_from=manifest.made_from) as scratch:
        for name in manifest.files.keys() - {WEIGHTS}:
            shutil.copyfile(adapter.folder / name, scratch / name)


def write_gguf(folder: Path, out: Path, heads: Heads) -> None:
    """Write PEFT's adapter in `folder` as a GGUF LoRA of a Llama with these heads.

    Raises `UserError` as `export_gguf` does.
    """
    import gguf
    import numpy
    from safetensors.torch import load_file

    config = json.loads((folder / "adapter_config.json").read_bytes())
    tensors = load_file(folder / WEIGHTS)
    named = _named(tensors, config, folder)
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    # PEFT's rank-stabilised scale is alpha / sqrt(rank); llama.cpp's is always alpha / rank.
    steady = math.sqrt(config["r"]) if config.get("use_rslora") else 1.0
    writer.add_float32("adapter.lora.alpha", config["lora_alpha"] * steady)
    for name, source in named:
        weights = tensors[source].float().numpy()
        largest = float(numpy.abs(weights).max())
        if not largest <= LARGEST_FP16:  # nor is NaN
            raise UserError(
                f"{source} in {folder} holds {largest:g}",
                f"values within fp16's {LARGEST_FP16:g}",
                "titlewise finetune RECIPE, with a lower learning rate",
            )
        if name.endswith("lora_b") and ".attn_q." in name:
            weights = permuted(weights, heads.queries)
        elif name.endswith("lora_b") and ".attn_k." in name:
            weights = permuted(weights, heads.keys)
        writer.add_tensor(name, weights.astype(numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def permuted(weights: "numpy.ndarray[Any, Any]", heads: int) -> "numpy.ndarray[Any, Any]":
    """Return the rows in llama.cpp's order: its rotation pairs neighbours, transformers' the halves of a head."""
    rows = weights.shape[0]
    halves = weights.reshape(heads, 2, rows // heads // 2, *weights.shape[1:])
    return halves.swapaxes(1, 2).reshape(weights.shape)


def unpermuted(weights: "numpy.ndarray[Any, Any]", heads: int) -> "numpy.ndarray[Any, Any]":
    """Return the rows in transformers' order: the inverse of `permuted`."""
    rows = weights.shape[0]
    neighbours = weights.reshape(heads, rows // heads // 2, 2, *weights.shape[1:])
    return neighbours.swapaxes(1, 2).reshape(weights.shape)


def heads_of(model_place: Path) -> Heads:
    """Read the attention heads of a Llama, from a `.gguf` file or a transformers folder.

    Raises `UserError` where it is no Llama.
    """
    if model_place.suffix == ".gguf":
        from gguf import GGUFReader

        fields = GGUFReader(model_place).fields
        architecture = str(fields["general.architecture"].contents())
        queries, keys = (f"{architecture}.attention.{name}" for name in ("head_count", "head_count_kv"))
        heads = Heads(int(fields[queries].contents()), int(fields[keys if keys in fields else queries].contents()))
    else:
        config = json.loads((model_place / "config.json").read_bytes())
        architecture = str(config.get("model_type"))
        queries_count = int(config.get("num_attention_heads", 0))
        heads = Heads(queries_count, int(config.get("num_key_value_heads") or queries_count))
    if architecture != "llama":
        raise UserError(f"{model_place} is a {architecture}", "a Llama", "titlewise export ADAPTER --merged DIR")
    return heads


def check_export(adapter: Adapter, model_place: Path) -> tuple[Parity, Parity]:
    """Compare llama.cpp with PEFT on the same weights: with the adapter, and without.

    Both are given the GGUF's weights unpacked to fp32. As they are served, llama.cpp rounds what it
    multiplies with 4-bit weights to 8 bits, and that hides an error of the export (measured: .3 either way).

    Raises `UserError` where they do not hold the same likely, or as `export_gguf` does; `BackendError` where
    one of them cannot load the model or the adapter.
    """
    from assistant.backends.hf_loading import load_model, prompt_ids, with_adapters
    from assistant.backends.llamacpp import LlamaCpp

    check_base(adapter, model_place)
    passages = [Passage(1, "Weighs 1.3 kg empty.", 0, 20), Passage(2, "It must never go into the dishwasher.", 21, 58)]
    asked = answer_prompt("Electric Kettle 1.7 L, Red", passages, "is it dishwasher safe?", adapter.prompt_format)
    model, tokenizer = load_model(model_place, "fp32", "cpu")
    model = with_adapters(model, [adapter.folder])
    prompt, reply = prompt_ids(tokenizer, asked), tokenizer.encode(REPLY, add_special_tokens=False)
    with tempfile.TemporaryDirectory() as scratch:
        written = Path(scratch) / GGUF
        write_gguf(adapter.folder, written, heads_of(model_place))
        unpacked = _unpacked(model_place, Path(scratch) / model_place.name)
        backend = LlamaCpp(unpacked, [replace(adapter, gguf=written)], slots=1)
        try:
            tuned = _apart(model, backend, prompt, reply, adapter.name)
            with model.disable_adapter():
                base = _apart(model, backend, prompt, reply, "")
        finally:
            backend.close()
    if tuned.largest > base.largest + FARTHEST:
        raise UserError(
            f"llama.cpp and PEFT differ by {tuned.largest:.2f} in log-probability with the adapter {adapter.name}",
            f"at most {base.largest + FARTHEST:.2f}: {base.largest:.2f} without it",
            f"titlewise export {adapter.name} --merged DIR, and a report of this",
        )
    return tuned, base


def why_unchecked(model_place: Path) -> str:
    """Return why `check_export` cannot compare this model on this machine; empty where it can."""
    import psutil

    if model_place.suffix != ".gguf":
        return "llama.cpp has no GGUF of the model"
    from gguf import GGUFReader

    needed_bytes = 2 * sum(4 * int(tensor.n_elements) for tensor in GGUFReader(model_place).tensors)
    if needed_bytes > psutil.virtual_memory().available:
        return f"that takes {needed_bytes / 1e9:.0f} GB of memory"
    return ""


def merge(adapter: Adapter, model_place: Path, folder: Path) -> None:
    """Write the model with the adapter merged into it, in bf16, as a transformers folder that vLLM serves.

    Raises `UserError` where they cannot be loaded, or `folder` holds something else.
    """
    from assistant.backends.hf_loading import load_model, quiet, with_adapters

    check_base(adapter, model_place)
    kept = ("base", "base_digest", "recipe", "prompt_format", "prompt_digest")
    made_by = {"adapter": adapter.name} | {key: adapter.made_by[key] for key in kept if key in adapter.made_by}
    made_from = read_manifest(adapter.folder, "adapter").digest
    with publish(folder, kind="model", made_by=made_by, made_from=made_from) as scratch:
        model, tokenizer = load_model(model_place, "bf16", "cpu")
        merged = with_adapters(model, [adapter.folder]).merge_and_unload()
        with quiet():
            merged.save_pretrained(scratch)
            tokenizer.save_pretrained(scratch)


def unpack(adapter: Adapter, model_place: Path, folder: Path) -> Adapter:
    """Write the model and the adapter as transformers, PEFT and vLLM read them, in fp16; return that adapter.

    `folder/model` holds the weights that llama.cpp serves, 4-bit ones unpacked, and `folder/adapter` the adapter, its
    PEFT weights made from the GGUF where it has no others: the same values.

    Raises `ArtefactError` where the adapter is for another model, or a folder holds something else.
    """
    from safetensors.torch import save_file

    from assistant.backends.hf_loading import load_model, quiet

    check_base(adapter, model_place)
    made_by = {key: adapter.made_by[key] for key in ("base", "base_digest")}
    with publish(folder / "model", kind="model", made_by=made_by) as scratch, quiet():
        model, tokenizer = load_model(model_place, "fp32", "cpu")
        model.half().save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
    made_by = {**adapter.made_by, "base": str(folder / "model"), "base_digest": digest_of_model(folder / "model")}
    made_from = read_manifest(adapter.folder, "adapter").digest
    with publish(folder / "adapter", kind="adapter", made_by=made_by, made_from=made_from) as scratch:
        for name in read_manifest(adapter.folder, "adapter").files.keys() - {GGUF}:
            shutil.copyfile(adapter.folder / name, scratch / name)
        if not (scratch / WEIGHTS).is_file():
            save_file(peft_weights(adapter, model_place), scratch / WEIGHTS)
    return read_adapter(folder / "adapter", adapter.name)


def peft_weights(adapter: Adapter, model_place: Path) -> dict[str, Any]:
    """Return an adapter's tensors by PEFT's names; of a GGUF alone, what `write_gguf` has written is read back."""
    import gguf
    import torch
    from safetensors.torch import load_file

    if adapter.gguf is None or (adapter.folder / WEIGHTS).is_file():
        return load_file(adapter.folder / WEIGHTS)
    heads = heads_of(model_place)
    found = {tensor.name: tensor.data for tensor in gguf.GGUFReader(adapter.gguf).tensors}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, len(found))
    rotated = {"self_attn.q_proj": heads.queries, "self_attn.k_proj": heads.keys}
    weights = {}
    for layer, name, part in itertools.product(range(len(found)), LAYERS, "ab"):
        rows = found.get(f"{names.get_name(f'model.layers.{layer}.{name}')}.weight.lora_{part}")
        if rows is None:
            continue
        if part == "b" and name in rotated:
            rows = unpermuted(rows, rotated[name])
        weights[f"base_model.model.model.layers.{layer}.{name}.lora_{part.upper()}.weight"] = torch.tensor(rows)
    return weights


def _named(tensors: dict[str, Any], config: dict[str, Any], folder: Path) -> list[tuple[str, str]]:
    """Return (llama.cpp's name, PEFT's name) of every tensor: layer by layer, each lora_a before its lora_b."""
    import gguf

    strange = [] if not config.get("alpha_pattern") else ["an alpha_pattern"]
    found = []
    for source in tensors:
        match = _TENSOR.fullmatch(source)
        if match is None or match[3] not in LAYERS:
            strange.append(source)
        else:
            found.append(match)
    if strange:
        raise UserError(
            f"the adapter in {folder} has {strange[0]}"
            + (f" and {len(strange) - 1} more that llama.cpp has no place for" if len(strange) > 1 else ""),
            f"LoRA on {', '.join(LAYERS)} alone",
            "titlewise export ADAPTER --merged DIR, or another recipe",
        )
    layers = 1 + max((int(match[2]) for match in found), default=0)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, layers)
    named = sorted((int(match[2]), names.get_name(match[1]), match[4].lower(), match[0]) for match in found)
    return [(f"{name}.weight.lora_{part}", source) for _, name, part, source in named]


def _unpacked(model_place: Path, out: Path) -> Path:
    """Write a GGUF with all weights in fp32, and return `out`."""
    import gguf

    reader = gguf.GGUFReader(model_place)
    writer = gguf.GGUFWriter(out, str(reader.fields["general.architecture"].contents()))
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture":  # the writer's own
            writer.add_key_value(name, field.contents(), field.types[0], field.types[-1] if field.types[1:] else None)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, gguf.quants.dequantize(tensor.data, tensor.tensor_type))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def _apart(model: Any, backend: "LlamaCpp", prompt: Sequence[int], reply: Sequence[int], name: str) -> Parity:
    """Compare log-probabilities after the prompt and after each token of the reply, with one adapter or with none."""
    import torch

    with torch.no_grad():
        logits = model(input_ids=torch.tensor([[*prompt, *reply]]), logits_to_keep=len(reply) + 1).logits[0]
    largest, agreeing, places = 0.0, 0, 0
    for read, scores in enumerate(logits.float().log_softmax(-1)):
        likeliest = backend.likeliest([*prompt, *reply[:read]], name, MOST_LIKELY)
        far = (abs(float(scores[token]) - found) for token, found in likeliest.items() if found >= LEAST_LIKELY)
        largest = max([largest, *far])
        agreeing += int(scores.argmax()) in list(likeliest)[:1]
        places += bool(likeliest)
    return Parity(largest, agreeing, places)

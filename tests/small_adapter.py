"""Publishes LoRA adapters of random weights, whose effect cannot be overlooked, as PEFT saves them; for tests only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.models.adapters import digest_of_model
from assistant.prompt import PromptFormat
from index.artefacts import publish

PLAIN = PromptFormat(answer="plain")
ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def said(model_place: Path, prompt_format: PromptFormat = PLAIN) -> dict[str, Any]:
    """Give what the manifest of an adapter for this model says."""
    return {
        "recipe": "small",
        "base": str(model_place),
        "base_digest": digest_of_model(model_place),
        "prompt_format": vars(prompt_format),
        "prompt_digest": prompt_format.digest(),
        "seed": 1,
    }


def build(
    folder: Path,
    model_place: Path,
    *,
    seed: int = 1,
    rank: int = 4,
    strength: float = 0.1,
    targets: Sequence[str] = ALL_LINEAR,
    made_by: dict[str, Any] | None = None,
    **options: Any,
) -> Path:
    """Publish an adapter for a Llama in `folder` and give it back; `strength` is the deviation of lora_B.

    With a strength of 0 it changes nothing. `options` go to PEFT's LoraConfig.
    """
    import torch
    from peft import LoraConfig
    from safetensors.torch import save_file

    tensors = {}
    draw = torch.Generator().manual_seed(seed)
    for layer, module, rows, columns in _modules(model_place):
        if module.split(".")[1] in targets:
            name = f"base_model.model.model.layers.{layer}.{module}"
            tensors[f"{name}.lora_A.weight"] = torch.randn(rank, columns, generator=draw) / columns**0.5
            tensors[f"{name}.lora_B.weight"] = torch.randn(rows, rank, generator=draw) * strength
    config = LoraConfig(r=rank, lora_alpha=6, target_modules=list(targets), task_type="CAUSAL_LM", **options)
    with publish(folder, kind="adapter", made_by=made_by or said(model_place)) as scratch:
        save_file(tensors, scratch / "adapter_model.safetensors")
        config.save_pretrained(scratch)
    return folder


def _modules(model_place: Path) -> list[tuple[int, str, int, int]]:
    """Give (layer, module, rows, columns) of a Llama's linear layers."""
    from transformers import AutoConfig

    if model_place.suffix == ".gguf":
        config = AutoConfig.from_pretrained(model_place.parent, gguf_file=model_place.name)
    else:
        config = AutoConfig.from_pretrained(model_place)
    width, inner = config.hidden_size, config.intermediate_size
    keys = width // config.num_attention_heads * config.num_key_value_heads
    shapes = {
        "self_attn.q_proj": (width, width),
        "self_attn.k_proj": (keys, width),
        "self_attn.v_proj": (keys, width),
        "self_attn.o_proj": (width, width),
        "mlp.gate_proj": (inner, width),
        "mlp.up_proj": (inner, width),
        "mlp.down_proj": (width, inner),
    }
    return [(layer, module, *shape) for layer in range(config.num_hidden_layers) for module, shape in shapes.items()]

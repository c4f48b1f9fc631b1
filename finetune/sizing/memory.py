"""Memory: what training takes, estimated from a model's configuration alone.

Walks one micro-batch through the model on torch's "meta" device, where tensors have shapes
and no content, and adds up what the backward pass would have to keep. The largest models take
seconds, on any machine; allocators and libraries take their part on top.

    estimate = memory_estimator(find("llama-3.1-8b"), recipe)
    estimate(768).total
    largest_micro_batch(find("llama-3.1-8b"), recipe, 16_000_000_000)
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.backends.hf_loading import Precision, loading_place, quiet
from finetune.recipe import Recipe

# Bytes for each weight of a linear layer; the others (embeddings, norms) stay in 16 bits, or 32.
ATTENTION = "titlewise_shapes"  # the name under which transformers knows `_attention`
LINEAR_BYTES: dict[Precision, float] = {"nf4": 0.53, "int8": 1.0, "bf16": 2.0, "fp32": 4.0}
ADAPTER_BYTES = {"adamw": 16, "adamw_8bit": 10}  # for each learnt weight: itself, its gradient, two moments
LOGIT_BYTES = 12  # for each: in fp32, its log-softmax, its gradient
REPLY_SHARE = 0.25  # of an example's tokens that bear loss, and so have logits
USED = 0.9  # of a device's memory: allocators and libraries take the rest


@dataclass(frozen=True)
class Memory:
    """Bytes that one device needs for one micro-batch."""

    weights: int
    adapter: int
    activations: int
    logits: int

    @property
    def total(self) -> int:
        """Add all of it up."""
        return self.weights + self.adapter + self.activations + self.logits


def memory_estimator(place: Path, recipe: Recipe) -> Callable[[int], Memory]:
    """Return a function of `max_length`: the memory for examples of so many tokens each."""
    import torch
    import transformers

    library: Any = transformers
    folder, local = loading_place(place)
    config = library.AutoConfig.from_pretrained(folder, **local)
    precision: Precision = (
        "bf16" if place.suffix == ".gguf" and recipe.model.precision != "fp32" else recipe.model.precision
    )
    library.AttentionInterface.register(ATTENTION, _attention)
    with torch.device("meta"):
        model = library.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16, attn_implementation=ATTENTION)
        frozen = sum(_bytes_of(name, each.numel(), precision) for name, each in model.named_parameters())
        learnt = _add_adapter(model, recipe)

    def estimate(max_length: int) -> Memory:
        activations = _activations(model, recipe, max_length)
        with_loss = recipe.training.micro_batch * max_length * REPLY_SHARE
        adapter = learnt * ADAPTER_BYTES[recipe.training.optimiser]
        return Memory(round(frozen), adapter, activations, round(with_loss * config.vocab_size * LOGIT_BYTES))

    return estimate


def largest_micro_batch(place: Path, recipe: Recipe, device_bytes: int) -> int:
    """Return how many examples of the recipe's `max_length` a device holds at once, 0 where it does not hold one."""
    one, two = (memory_estimator(place, _with_micro_batch(recipe, size))(recipe.data.max_length) for size in (1, 2))
    room = int(device_bytes * USED) - one.total
    return 1 + room // (two.total - one.total) if room >= 0 else 0


def _with_micro_batch(recipe: Recipe, size: int) -> Recipe:
    return replace(recipe, training=replace(recipe.training, micro_batch=size))


def _bytes_of(name: str, weights: int, precision: Precision) -> float:
    is_linear = name.endswith("proj.weight")
    return weights * (LINEAR_BYTES[precision] if is_linear else max(2.0, LINEAR_BYTES[precision]))


def _add_adapter(model: Any, recipe: Recipe) -> int:
    """Put LoRA layers into the model and count their weights."""
    from peft import LoraConfig, get_peft_model

    lora = recipe.adapter
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, target_modules=list(lora.targets), task_type="CAUSAL_LM")
    with quiet():  # peft asks for what transformers has renamed
        adapted = get_peft_model(model, config)
    return sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)


def _activations(model: Any, recipe: Recipe, max_length: int) -> int:
    """Add up what the backward pass keeps of one micro-batch, in bytes."""
    import torch

    weights = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    kept: dict[int, Any] = {}  # by storage: views of one are kept once

    def keep(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage
        return tensor

    batch = recipe.training.micro_batch
    ids = torch.zeros((batch, max_length), dtype=torch.int64, device="meta")
    # Given whole, for nothing can be found out from a mask without content.
    mask = torch.ones((batch, 1, max_length, max_length), dtype=torch.bool, device="meta")
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model.model(input_ids=ids, attention_mask=mask, use_cache=False)
    every_layer = sum(int(storage.nbytes()) for storage in kept.values())
    if not recipe.training.gradient_checkpointing:
        return every_layer
    layers = int(model.config.num_hidden_layers)
    return every_layer // layers + layers * batch * max_length * int(model.config.hidden_size) * 2


def _attention(_: Any, query: Any, key: Any, value: Any, *__: Any, **___: Any) -> tuple[Any, None]:
    """Keep what fused attention keeps: not the matrix of all pairs, which torch would have on this device."""
    import torch

    class Fused(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, query: Any, key: Any, value: Any) -> Any:
            out = torch.empty_like(query)
            ctx.save_for_backward(query, key, value, out)
            return out

    return Fused.apply(query, key, value).transpose(1, 2), None  # type: ignore[no-untyped-call]

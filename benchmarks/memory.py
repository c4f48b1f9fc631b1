"""Estimate the memory that training takes on one device, by recipe and length, from the models' shapes alone.

    python benchmarks/memory.py

Nothing is loaded or trained: `finetune.sizing.memory` walks each model on torch's "meta" device. The largest
micro-batch is the largest power of two with which a card of that size still has a tenth of its memory free, at the
recipe's own max_length.
"""

import tempfile
from pathlib import Path

from finetune.recipe import read_recipe
from finetune.sizing.memory import largest_micro_batch, memory_estimator

# The published configurations: hidden size, layers, heads, key-value heads, inner size, vocabulary, tied embeddings.
SHAPES = {
    "smollm2-135m": (576, 30, 9, 3, 1536, 49_152, True),
    "tinyllama-1.1b": (2048, 22, 32, 4, 5632, 32_000, False),
    "llama-3.2-1b": (2048, 16, 32, 8, 8192, 128_256, True),
    "llama-3.1-8b": (4096, 32, 32, 8, 14_336, 128_256, False),
}
RECIPES = ("embedded", "tinyllama-1.1b", "llama-3.2-1b", "llama-3.1-8b", "tech-challenge")
CARDS_GB = (8, 12, 16, 24, 48, 80)
GB = 1e9


def main() -> None:
    """Print a table of the parts, and one of what fits."""
    print(
        f"{'recipe':16}{'tokens':>8}{'batch':>7}{'weights':>9}{'adapter':>9}{'kept':>8}{'logits':>8}{'total GB':>10}",
        end="",
    )
    print("".join(f"{f'{card} GB':>8}" for card in CARDS_GB))
    with tempfile.TemporaryDirectory() as scratch:
        for name in RECIPES:
            recipe = read_recipe(name)
            place = _config(recipe.model.base, Path(scratch))
            length, batch = recipe.data.max_length, recipe.training.micro_batch
            memory = memory_estimator(place, recipe)(length)
            parts = (memory.weights, memory.adapter, memory.activations, memory.logits)
            print(f"{name:16}{length:>8}{batch:>7}", end="")
            print("".join(f"{part / GB:>{width}.2f}" for part, width in zip(parts, (9, 9, 8, 8), strict=True)), end="")
            print(f"{memory.total / GB:>10.1f}", end="")
            most = [largest_micro_batch(place, recipe, round(card * GB)) for card in CARDS_GB]
            print("".join(f"{_power_of_two(size) or '–':>8}" for size in most))


def _config(base: str, scratch: Path) -> Path:
    from transformers import LlamaConfig

    hidden, layers, heads, key_values, inner, vocabulary, tied = SHAPES[base]
    config = LlamaConfig(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_values,
        intermediate_size=inner,
        vocab_size=vocabulary,
        tie_word_embeddings=tied,
    )
    config.save_pretrained(scratch / base)
    return scratch / base


def _power_of_two(most: int) -> int:
    """Return the largest power of two that is no more, 0 for none."""
    return 1 << (most.bit_length() - 1) if most else 0


if __name__ == "__main__":
    main()

"""Measure training: tokens a second of `finetune`, against the plain script that projects begin with.

    python benchmarks/training.py [--source ../shared/data/amazon_mixed_9k.trn.json.gz] [--steps 8]

The plain script is SFTTrainer as it is commonly set up: every batch padded to its longest example, in
random order, gradient checkpointing on, logits for every token. Both train the embedded model on the same
examples, with the same adapter, batch and precision; they take turns, so that a busy machine slows both.
Counted are the examples' own tokens, padding not. The losses compared are those of the same validation
examples before the first step and after the last. With a GPU at hand, also tokens a second, peak memory
and the share of the card's matrix peak of an NF4 run of a Llama with the shape of 3.1 8B, random weights.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assistant.models.named import find
from finetune.data.dataset import Questions, build
from finetune.recipe import Recipe, read_recipe
from finetune.training.batching import lay_out, padding_share
from finetune.training.tokenization import Row, rows_of
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.progress import Progress

SHAPE_8B = {"vocab_size": 128_256, "hidden_size": 4096, "intermediate_size": 14_336, "num_hidden_layers": 32}
PEAK_FLOPS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40": 181e12, "L4": 121e12, "4090": 165e12, "T4": 65e12}


@dataclass(frozen=True)
class Measured:
    """What one way of training did."""

    tokens_per_s: float  # of the examples, by the clock
    tokens_per_cpu_s: float  # by the processor time of all threads, which other programs disturb less
    padding_share: float
    eval_loss_before: float
    eval_loss_after: float


def main() -> None:
    """Run the measurements and print one JSON line."""
    import torch

    default = Path(__file__).parents[2] / "shared" / "data" / "amazon_mixed_9k.trn.json.gz"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=default)
    parser.add_argument("--steps", type=int, default=8, help="of 16 examples, after one that is not measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        recipe = read_recipe("embedded")
        train, validation = _rows(recipe, arguments.source, Path(scratch), arguments.steps + 1)
        ours = _Way(_ours(recipe, train, validation, Path(scratch)), _our_order(recipe, train))
        plain = _Way(_plain(recipe, train, validation, Path(scratch)), _random_order(recipe, train))
        before = [way.evaluate() for way in (ours, plain)]
        with Progress("training both", 2 * (arguments.steps + 1), unit="steps") as bar:
            for step in range(arguments.steps + 1):
                for way in (ours, plain):
                    way.step([train[row] for row in way.batch(step, recipe.training.batch)], measured=step > 0)
                    bar.update()
        ours_did, plain_did = (way.result(train, loss) for way, loss in zip((ours, plain), before, strict=True))
        report: dict[str, Any] = {
            "threads": torch.get_num_threads(),
            "ours": asdict(ours_did),
            "plain": asdict(plain_did),
            "ratio": round(ours_did.tokens_per_s / plain_did.tokens_per_s, 2),
            "ratio_by_cpu_time": round(ours_did.tokens_per_cpu_s / plain_did.tokens_per_cpu_s, 2),
        }
        if torch.cuda.is_available():
            report["llama_8b_nf4"] = measure_8b()
        print(json.dumps(report))


class _Way:
    """One trainer, driven step by step from outside, so that two can take turns."""

    def __init__(self, made: tuple[Any, int], order: list[int]) -> None:
        """Take a trainer whose `compute_loss` is to be measured, and how many examples it takes at once."""
        import torch

        self._trainer, self._micro_batch = made
        self._order = order
        self._seconds = self._cpu_seconds = 0.0
        self._tokens = 0
        # As the trainer's own loop does before its first step; autocast comes with it.
        self._model = self._trainer.accelerator.prepare_model(self._trainer.model)
        learnt = [weight for weight in self._trainer.model.parameters() if weight.requires_grad]
        self._optimiser = torch.optim.AdamW(learnt, lr=self._trainer.args.learning_rate, weight_decay=0.0)
        if self._trainer.args.gradient_checkpointing:
            self._trainer.model.get_base_model().activation_checkpointing_enable()

    def batch(self, step: int, size: int) -> list[int]:
        """Return the rows of a step."""
        return self._order[step * size : (step + 1) * size]

    def step(self, rows: Sequence[Row], *, measured: bool) -> None:
        """Take one optimiser step."""
        import torch

        start, cpu_start = time.perf_counter(), time.process_time()
        self._trainer.model.train()
        with_loss = sum(len(row.ids) - row.prompt_tokens for row in rows)
        for at in range(0, len(rows), self._micro_batch):
            inputs = self._inputs(rows[at : at + self._micro_batch])
            with self._trainer.compute_loss_context_manager():
                loss = self._trainer.compute_loss(self._model, inputs, num_items_in_batch=with_loss)
            loss.backward()
        learnt = [weight for group in self._optimiser.param_groups for weight in group["params"]]
        torch.nn.utils.clip_grad_norm_(learnt, self._trainer.args.max_grad_norm)
        self._optimiser.step()
        self._optimiser.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if measured:
            self._seconds += time.perf_counter() - start
            self._cpu_seconds += time.process_time() - cpu_start
            self._tokens += sum(len(row.ids) for row in rows)

    def evaluate(self) -> float:
        """Return the loss on the validation rows."""
        loss: float = self._trainer.evaluate()["eval_loss"]
        return loss

    def result(self, rows: Sequence[Row], before: float) -> Measured:
        """Sum up."""
        padding = padding_share([len(row.ids) for row in rows], self._order, self._micro_batch)
        return Measured(
            round(self._tokens / self._seconds, 1),
            round(self._tokens / self._cpu_seconds, 1),
            round(padding, 3),
            round(before, 4),
            round(self.evaluate(), 4),
        )

    def _inputs(self, rows: Sequence[Row]) -> dict[str, Any]:
        batch = self._trainer.data_collator([{"input_ids": list(row.ids), "labels": row.labels} for row in rows])
        return {name: tensor.to(self._trainer.model.device) for name, tensor in batch.items()}


def _rows(recipe: Recipe, source: Path, home: Path, steps: int) -> tuple[list[Row], list[Row]]:
    """Return as many train rows as the steps take, and 32 to validate on."""
    from finetune.training.tokenization import tokenizer_of

    prepare(source, home / "catalogue")
    catalogue = Catalogue.load(home / "catalogue")
    tokenizer = tokenizer_of(find(recipe.model.base))
    sides: list[list[Row]] = []
    for side, count in (("train", steps * recipe.training.batch), ("validation", 32)):
        mix = replace(recipe.data.mix, examples=count + 32, real=0.0)
        examples = build(
            catalogue, mix, seed=0, questions=Questions(), side="train" if side == "train" else "validation"
        )
        rows = rows_of(tokenizer, examples, recipe.prompt, max_length=recipe.data.max_length, too_long="drop").rows
        assert len(rows) >= count, f"{source} gives {len(rows)} examples, {count} are needed"
        sides.append(list(rows[:count]))
    return sides[0], sides[1]


def _our_order(recipe: Recipe, rows: Sequence[Row]) -> list[int]:
    batch, micro_batch = recipe.training.batch, recipe.training.micro_batch
    lengths = [len(row.ids) for row in rows]
    return lay_out(lengths, steps=len(rows) // batch, batch=batch, micro_batch=micro_batch, seed=0)


def _random_order(recipe: Recipe, rows: Sequence[Row]) -> list[int]:
    return random.Random(0).sample(range(len(rows)), len(rows))


def _ours(recipe: Recipe, train: Sequence[Row], validation: Sequence[Row], scratch: Path) -> tuple[Any, int]:
    """Make the trainer that `finetune` uses."""
    from finetune.training.trainer import AnswerTrainer

    return _trainer(AnswerTrainer, recipe, train, validation, scratch, False), recipe.training.micro_batch


def _plain(recipe: Recipe, train: Sequence[Row], validation: Sequence[Row], scratch: Path) -> tuple[Any, int]:
    """Make the plain script's trainer: trl's, with the model's own loss over the logits of every token."""
    from transformers import Trainer
    from trl.trainer.sft_trainer import SFTTrainer

    class Plain(SFTTrainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            return Trainer.compute_loss(self, model, inputs, return_outputs, num_items_in_batch)

    micro_batch = read_recipe("tech-challenge").training.micro_batch
    return _trainer(Plain, recipe, train, validation, scratch, True), micro_batch


def _trainer(
    kind: Any, recipe: Recipe, train: Sequence[Row], validation: Sequence[Row], scratch: Path, checkpointing: bool
) -> Any:
    from transformers import PrinterCallback

    from assistant.backends.hf_loading import load_model, remarks_off
    from finetune.training.distributed import Processes
    from finetune.training.sft import dataset_of, lora_of, settings_of

    training = replace(recipe.training, gradient_checkpointing=checkpointing, evaluate_every_steps=1)
    chosen = replace(recipe, training=training)
    model, tokenizer = load_model(find(recipe.model.base), recipe.model.precision)
    with remarks_off():
        trainer = kind(
            model=model,
            args=settings_of(chosen, scratch / "run", training.micro_batch, Processes.at_hand(), 8, evaluates=True),
            train_dataset=dataset_of(train),
            eval_dataset=dataset_of(validation),
            processing_class=tokenizer,
            peft_config=lora_of(chosen),
        )
    trainer.remove_callback(PrinterCallback)
    return trainer


def measure_8b(steps: int = 6, examples: int = 8, tokens: int = 1024) -> dict[str, float | str]:
    """Measure QLoRA on a Llama with the shape of 3.1 8B and random NF4 weights; needs a GPU with 16 GB."""
    import peft
    import torch
    import transformers
    from trl.trainer.utils import add_fused_lm_head

    from assistant.backends.hf_loading import remarks_off

    library: Any = transformers  # typed here and there
    config = library.LlamaConfig(**SHAPE_8B, num_attention_heads=32, num_key_value_heads=8, tie_word_embeddings=False)
    nf4 = library.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    with torch.device("meta"):
        model: Any = library.LlamaForCausalLM(config).to(torch.bfloat16)
    model = library.integrations.replace_with_bnb_linear(
        model, modules_to_not_convert=["lm_head"], quantization_config=nf4
    )
    _fill(model)
    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model.train()
    with remarks_off():
        model.activation_checkpointing_enable()
        model.enable_input_require_grads()
        add_fused_lm_head(model)
        model = peft.get_peft_model(
            model, peft.LoraConfig(r=16, lora_alpha=16, target_modules=names, task_type="CAUSAL_LM")
        )
    learnt = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=1e-4)
    ids = torch.randint(0, config.vocab_size, (examples, tokens), device="cuda")
    labels = ids.clone()
    labels[:, : tokens * 3 // 4] = -100
    for step in range(steps + 2):
        if step == 2:
            torch.cuda.synchronize()
            start = time.perf_counter()
        with torch.autocast("cuda", torch.bfloat16):
            model(input_ids=ids, labels=labels, fused_lm_head=True).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    torch.cuda.synchronize()
    rate = steps * examples * tokens / (time.perf_counter() - start)
    name = torch.cuda.get_device_name()
    peak = next((flops for card, flops in PEAK_FLOPS.items() if card in name), 0.0)
    frozen = 7.0e9  # weights in the layers' products: forward, forward again, and back through them, two flops each
    return {
        "card": name,
        "tokens_per_s": round(rate),
        "peak_memory_gb": round(torch.cuda.max_memory_allocated() / 1e9, 1),
        "share_of_matrix_peak": round(rate * frozen * 2 * 3 / peak, 3) if peak else "unknown card",
    }


def _fill(model: Any) -> None:
    """Put random weights on the GPU, layer by layer, the linear ones in NF4."""
    import bitsandbytes
    import torch

    nn: Any = bitsandbytes.nn
    for module in list(model.modules()):
        for name, weight in list(module.named_parameters(recurse=False)):
            values = torch.randn(weight.shape, dtype=torch.bfloat16) * 0.02
            if isinstance(module, nn.Linear4bit) and name == "weight":
                kept = nn.Params4bit(values, requires_grad=False, quant_type="nf4").to("cuda")
            else:
                kept = torch.nn.Parameter(values.to("cuda"), requires_grad=False)
            setattr(module, name, kept)
        for name, buffer in list(module.named_buffers(recurse=False)):
            if buffer.is_meta:
                setattr(module, name, torch.ones(buffer.shape, device="cuda"))


if __name__ == "__main__":
    main()

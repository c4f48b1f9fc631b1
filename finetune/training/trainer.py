"""The trainer: trl's, with logits only where there is loss, and checkpoints that survive a kill.

Imported only by the function that trains: it loads torch, transformers and trl. What a
run consists of is `finetune.training.run`'s affair.
"""

import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, pad
from transformers import Trainer
from trl.trainer.sft_trainer import SFTTrainer

from finetune.training.callbacks import best_step
from finetune.training.checkpoints import keep_newest, read_tree, write_checksums, write_tree
from finetune.training.tokenization import NO_LOSS

# On a CPU torch's fused attention is twice as slow as plain products, which keep all scores until the way back.
PLAIN_ATTENTION_BYTES = 4_000_000_000
SCORE_BYTES = 8  # the score, its softmax, and that again in 16 bits


class KeepsCheckpoints(Trainer):
    """A trainer whose checkpoints survive a kill and hold no pickle."""

    def evaluate(self, *arguments: Any, **settings: Any) -> Any:
        """Compute eval_loss, and draw no random number of the run's: it must not depend on how often it is judged."""
        with torch.random.fork_rng(devices=[]):
            return super().evaluate(*arguments, **settings)

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write nothing: the published adapter has its own card."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write a checkpoint and, when all of it is on the disk, its checksums."""
        run = Path(str(self.args.output_dir))
        folder = run / f"checkpoint-{self.state.global_step}"
        if self.is_world_process_zero():
            shutil.rmtree(folder, ignore_errors=True)  # a broken one of the same step
        self.accelerator.wait_for_everyone()
        Trainer._save_checkpoint(self, model, trial)
        self.accelerator.wait_for_everyone()
        if self.is_world_process_zero():
            write_checksums(folder)
            best = best_step(self.state.log_history)
            keep_newest(run, also=[] if best is None else [best])

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if self.is_fsdp_enabled:  # sharded over processes: torch's own distributed format
            super()._save_optimizer_and_scheduler(output_dir)
        elif self.args.should_save:
            parts: dict[str, Any] = {"optimizer": self.optimizer, "scheduler": self.lr_scheduler}
            write_tree({name: part.state_dict() for name, part in parts.items()}, Path(output_dir) / "optimizer")

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if self.is_fsdp_enabled:
            super()._load_optimizer_and_scheduler(checkpoint)
        elif checkpoint is not None:
            parts: dict[str, Any] = {"optimizer": self.optimizer, "scheduler": self.lr_scheduler}
            for name, state in read_tree(Path(checkpoint) / "optimizer").items():
                parts[name].load_state_dict(state)

    def _save_scaler(self, output_dir: str) -> None:
        if self.accelerator.scaler is not None and self.args.should_save:  # with fp16 alone
            write_tree(self.accelerator.scaler.state_dict(), Path(output_dir) / "scaler")

    def _load_scaler(self, checkpoint: str | None) -> None:
        path = Path(checkpoint or "") / "scaler"
        if checkpoint is not None and self.accelerator.scaler is not None and path.with_suffix(".json").exists():
            self.accelerator.scaler.load_state_dict(read_tree(path))

    def _save_rng_state(self, output_dir: str) -> None:
        numpy_state = np.random.get_state(legacy=False)
        numpy_state["state"]["key"] = numpy_state["state"]["key"].tolist()
        state = {"python": random.getstate(), "numpy": numpy_state, "torch": torch.random.get_rng_state()}
        if torch.cuda.is_available():
            state["cuda"] = torch.cuda.get_rng_state()
        Path(output_dir).mkdir(exist_ok=True)  # another process than the one that saves the weights may come first
        write_tree(state, Path(output_dir) / f"random-{self.args.process_index}")

    def _load_rng_state(self, checkpoint: str | None) -> None:
        path = Path(checkpoint or "") / f"random-{self.args.process_index}"
        if checkpoint is None or not path.with_suffix(".json").exists():  # made by fewer processes
            return
        state = read_tree(path)
        random.setstate(state["python"])
        np.random.set_state(
            state["numpy"]
            | {"state": state["numpy"]["state"] | {"key": np.array(state["numpy"]["state"]["key"], dtype=np.uint32)}}
        )
        torch.random.set_rng_state(state["torch"])
        if "cuda" in state and torch.cuda.is_available():
            torch.cuda.set_rng_state(state["cuda"])


class AnswerTrainer(KeepsCheckpoints, SFTTrainer):
    """SFTTrainer on rows of `input_ids` and `labels`.

    A reply's first token, which says yes, no or "Not stated.", weighs `first_token_weight` times as much as another.
    """

    def __init__(self, *, first_token_weight: float = 1.0, **settings: Any) -> None:
        super().__init__(**settings)
        self._first_token_weight = first_token_weight
        self._with_loss: torch.Tensor | None = None  # (batch, tokens) bool: positions whose next token bears loss
        # On CUDA trl's fused head reads only these positions; on a CPU it would read all of them.
        self.accelerator.unwrap_model(self.model).get_output_embeddings().register_forward_pre_hook(
            self._only_with_loss
        )

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the mean loss per reply token of the whole batch, of which `inputs` is a part."""
        if inputs["input_ids"].device.type != "cpu" and self._first_token_weight == 1:
            # transformers has types here and there, trl none.
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)  # type: ignore[no-untyped-call]
        if inputs["input_ids"].device.type == "cpu":
            self._choose_attention(*inputs["input_ids"].shape)
        following = pad(inputs["labels"][:, 1:], (0, 1), value=NO_LOSS)
        self._with_loss = following != NO_LOSS
        try:
            outputs = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False)
        finally:
            mask, self._with_loss = self._with_loss, None
        losses = cross_entropy(outputs.logits.float(), following[mask], reduction="none")
        is_first = mask & (mask.cumsum(1) == 1)
        loss = (losses * torch.where(is_first[mask], self._first_token_weight, 1.0)).sum()
        if num_items_in_batch is None:
            return loss / mask.sum()
        # The count is that of all processes, whose gradients will be averaged.
        return loss / num_items_in_batch * self.accelerator.num_processes

    def _choose_attention(self, examples: int, tokens: int) -> None:
        decoder = self.accelerator.unwrap_model(self.model).get_base_model()
        config = decoder.config
        needed = examples * tokens**2 * config.num_attention_heads * config.num_hidden_layers * SCORE_BYTES
        wanted = "eager" if needed <= PLAIN_ATTENTION_BYTES else "sdpa"
        if config._attn_implementation != wanted:
            decoder.set_attn_implementation(wanted)

    def _only_with_loss(self, _: Any, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...] | None:
        return None if self._with_loss is None else (arguments[0][self._with_loss],)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Save the adapter alone: no tokenizer, and no pickled arguments."""
        if self.args.should_save:
            # Not the wrapped one: processes side by side would each save theirs.
            model = self.accelerator.unwrap_model(self.model)
            model.save_pretrained(output_dir, state_dict=state_dict, save_embedding_layers=False)


class JudgeTrainer(KeepsCheckpoints):
    """Trainer of the judge, on rows of `input_ids`, `token_type_ids` and `labels`."""

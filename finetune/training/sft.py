"""From rows of tokens to a trained checkpoint: loads the model, lays out the batches, runs the trainer.

Neither the run's folder nor what becomes of the checkpoint is its affair: see `finetune.training.run`.

    result = train_adapter(TrainingJob(recipe, find("smollm2-135m"), examples, [], run), micro_batch=8)
"""

import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import Any

from assistant.backends.hf_loading import half_dtype, remarks_off
from assistant.models.adapters import Adapter
from finetune.data.example import Example
from finetune.export import peft_weights
from finetune.recipe import Recipe, Training
from finetune.training.batching import lay_out, padding_share, steps_of
from finetune.training.checkpoints import newest_complete, state_of, step_of
from finetune.training.distributed import Processes
from finetune.training.publish import TrainingResult
from finetune.training.tokenization import Row, Rows, rows_of
from index.errors import UserError


@dataclass(frozen=True)
class TrainingJob:
    """What one run trains, and where."""

    recipe: Recipe
    model_place: Path
    examples: Sequence[Example]
    validation: Sequence[Example]
    run: Path  # the folder of its checkpoints
    start: Adapter | None = None  # whose weights it begins with
    stop_after: int | None = None  # optimiser steps in all; none: to the end
    processes: Processes = field(default_factory=Processes.at_hand)


@dataclass(frozen=True)
class _Plan:
    """What a run reads, and in which order."""

    rows: Rows
    validation: Rows
    order: list[int]  # of the rows, over the whole run
    tokens_until: list[int]  # read by the end of each step, 0 first; padding not counted
    last_step: int  # at which it is to end

    @property
    def steps(self) -> int:
        """Return the optimiser steps of the whole run."""
        return len(self.tokens_until) - 1


def train_adapter(job: TrainingJob, micro_batch: int) -> TrainingResult:
    """Train from the newest complete checkpoint, or from the start, to the end."""
    model, tokenizer = _load(job.recipe, job.model_place)
    plan = _plan(job, tokenizer)
    newest, broken = newest_complete(job.run)
    for path in broken:
        job.processes.say(f"{path} is broken and left aside")
    job.processes.say(_summary(job, plan, micro_batch, newest))
    tokens_per_s = 0.0
    if newest is None or not (step_of(newest) >= plan.last_step or _gave_up(newest, job.recipe.training.patience)):
        trainer, progress = _trainer(job, plan, model, tokenizer, micro_batch)
        with remarks_off():
            trainer.train(resume_from_checkpoint=str(newest) if newest else None)
        newest, _ = newest_complete(job.run)
        assert newest is not None
        tokens_per_s = progress.tokens_per_s
    return _result(job, plan, newest, tokens_per_s)


def _plan(job: TrainingJob, tokenizer: Any) -> _Plan:
    recipe, training = job.recipe, job.recipe.training
    rows, validation = (
        rows_of(tokenizer, each, recipe.prompt, max_length=recipe.data.max_length, too_long=recipe.data.too_long)
        for each in (job.examples, job.validation)
    )
    if not rows.rows:
        raise UserError(f"no example of {len(job.examples)} is left to train on", "at least one", "titlewise lengths")
    if job.validation and not validation.rows:
        raise UserError(
            f"all {len(job.validation)} validation examples are longer than {recipe.data.max_length} tokens",
            "some that fit, or training.evaluate_every_steps = 0",
            "raise data.max_length; titlewise lengths suggests it",
        )
    lengths = [len(row.ids) for row in rows.rows]
    order = _order(rows.rows, training)
    steps = len(order) // training.batch
    tokens = [
        sum(lengths[row] for row in order[at : at + training.batch]) for at in range(0, len(order), training.batch)
    ]
    return _Plan(rows, validation, order, [0, *accumulate(tokens)], min(steps, job.stop_after or steps))


def _order(rows: Sequence[Row], training: Training) -> list[int]:
    """Return the rows in the order of training: mere judgements come first.

    Laid out for the recipe's own micro-batch, so that neither processes nor memory change the order.
    """
    order: list[int] = []
    for judgement_only in (True, False):
        own = [place for place, row in enumerate(rows) if row.judgement_only == judgement_only]
        if own:
            steps = steps_of(len(own), training.epochs, training.batch)
            lengths = [len(rows[place].ids) for place in own]
            laid_out = lay_out(
                lengths, steps=steps, batch=training.batch, micro_batch=training.micro_batch, seed=training.seed
            )
            order += [own[place] for place in laid_out]
    return order


def _trainer(job: TrainingJob, plan: _Plan, model: Any, tokenizer: Any, micro_batch: int) -> tuple[Any, Any]:
    """Return the trainer, and the callback that shows how it goes."""
    from transformers import PrinterCallback

    from finetune.training.callbacks import CheckpointCallback, ProgressCallback
    from finetune.training.trainer import AnswerTrainer

    recipe, validation = job.recipe, plan.validation.rows
    progress = ProgressCallback(plan.tokens_until, plan.last_step, job.run)
    checkpoints = CheckpointCallback(
        keeps_best=recipe.training.choose == "best", patience=recipe.training.patience, stop_after=plan.last_step
    )
    with remarks_off():
        trainer = AnswerTrainer(
            model=model,
            args=settings_of(recipe, job.run, micro_batch, job.processes, plan.steps, evaluates=bool(validation)),
            train_dataset=dataset_of([plan.rows.rows[row] for row in plan.order]),
            eval_dataset=dataset_of(sorted(validation, key=lambda row: len(row.ids))) if validation else None,
            processing_class=tokenizer,
            callbacks=[checkpoints, *([progress] if job.processes.is_first else [])],
            peft_config=lora_of(recipe),
            first_token_weight=recipe.training.first_token_weight,
        )
    trainer.remove_callback(PrinterCallback)
    if trainer.args.fp16:
        learn_in_fp32(trainer.model)
    if job.start:
        begin_with(trainer.model, job.start, job.model_place)
    if recipe.model.kernels == "compiled" and can_compile():
        compile_layers(trainer.model)
    return trainer, progress


def settings_of(
    recipe: Recipe, run: Path, micro_batch: int, processes: Processes, steps: int, *, evaluates: bool
) -> Any:
    """Return trl's settings; the order of the rows is their own, so one epoch of them is the whole run."""
    import torch
    from trl.trainer.sft_config import SFTConfig

    training = recipe.training
    gpu = torch.cuda.is_available()
    half = None if recipe.model.precision == "fp32" else half_dtype("cuda" if gpu else "cpu")
    evaluates = evaluates and training.evaluate_every_steps > 0
    return SFTConfig(
        output_dir=str(run),
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        per_device_train_batch_size=micro_batch,
        per_device_eval_batch_size=micro_batch,
        gradient_accumulation_steps=training.batch // (micro_batch * processes.count),
        learning_rate=training.learning_rate,
        lr_scheduler_type="constant_with_warmup" if training.schedule == "constant" else training.schedule,
        warmup_steps=math.ceil(training.warmup_share * steps),
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        optim={"adamw": "adamw_torch", "adamw_8bit": "adamw_bnb_8bit"}[training.optimiser],
        bf16=half == torch.bfloat16,
        fp16=half == torch.float16,
        tf32=True if gpu and torch.cuda.get_device_capability()[0] >= 8 else None,
        use_cpu=not gpu,
        gradient_checkpointing=training.gradient_checkpointing,
        use_liger_kernel=recipe.model.kernels == "liger" and find_spec("liger_kernel") is not None,
        eval_strategy="steps" if evaluates else "no",
        eval_steps=training.evaluate_every_steps if evaluates else None,
        save_strategy="steps",
        save_steps=training.save_every_steps,
        logging_steps=recipe.logging.every_steps,
        logging_nan_inf_filter=False,  # it would hide a run that has failed
        report_to=recipe.logging.to,
        run_name=run.name,
        project="titlewise",
        disable_tqdm=True,
        seed=training.seed,
        ddp_find_unused_parameters=False,
    )


def lora_of(recipe: Recipe) -> Any:
    """Return PEFT's settings of the adapter."""
    from peft import LoraConfig

    lora = recipe.adapter
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets),
        bias="none",
        task_type="CAUSAL_LM",
    )


def learn_in_fp32(model: Any) -> None:
    """Hold the weights that learn in 32 bits; in place.

    trl makes those of a quantized model bf16, and the scaler of gradients, which fp16 needs, takes no such ones.
    """
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def begin_with(model: Any, start: Adapter, model_place: Path) -> None:
    """Load the weights of another adapter of the same shape into a model's fresh one; in place.

    Raises `UserError` where a weight has no place in it, or a place no weight.
    """
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    weights = peft_weights(start, model_place)
    strange = weights.keys() ^ get_peft_model_state_dict(model).keys()
    if strange:
        raise UserError(
            f"the adapter {start.name} does not fit: {min(strange)}",
            "weights of the very layers that learn",
            "another adapter.start",
        )
    set_peft_model_state_dict(model, weights)


def dataset_of(rows: Sequence[Row]) -> Any:
    """Return the rows as the trainer reads them."""
    from datasets import Dataset

    return Dataset.from_dict({"input_ids": [list(row.ids) for row in rows], "labels": [row.labels for row in rows]})


def _load(recipe: Recipe, place: Path) -> tuple[Any, Any]:
    """Load (model, tokenizer), the model's weights frozen as the recipe wants them."""
    import torch

    from assistant.backends.hf_loading import load_model

    device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else "cpu"
    if recipe.model.kernels == "unsloth" and find_spec("unsloth") and place.is_dir():
        from unsloth import FastLanguageModel

        return FastLanguageModel.from_pretrained(  # type: ignore[no-any-return]
            str(place),
            max_seq_length=recipe.data.max_length,
            load_in_4bit=recipe.model.precision == "nf4",
            load_in_8bit=recipe.model.precision == "int8",
            local_files_only=True,
        )
    return load_model(place, recipe.model.precision, device)


def can_compile() -> bool:
    """Return whether torch can compile here: for a CPU it needs a C++ compiler."""
    import torch

    return torch.cuda.is_available() or any(map(shutil.which, ("g++", "clang++", "c++")))


def compile_layers(model: Any) -> None:
    """Let torch fuse what lies between a model's products, one layer for all that are alike; in place."""
    for layer in model.get_base_model().get_decoder().layers:
        layer.compile(dynamic=True)


def _gave_up(checkpoint: Path, patience: int) -> bool:
    """Return whether a run had ended at this checkpoint because eval_loss got no better."""
    from finetune.training.callbacks import out_of_patience

    return out_of_patience(state_of(checkpoint)["log_history"], patience)


def _result(job: TrainingJob, plan: _Plan, newest: Path, tokens_per_s: float) -> TrainingResult:
    from finetune.training.callbacks import best_step

    log = state_of(newest)["log_history"]
    best = best_step(log) if job.recipe.training.choose == "best" else None
    chosen = newest if best is None else job.run / f"checkpoint-{best}"
    reached = step_of(newest)
    # Stopped before its last step, it was for want of patience.
    to_the_end = reached == plan.steps or reached < plan.last_step
    return TrainingResult(chosen, log, reached, plan.steps, to_the_end, tokens_per_s)


def _summary(job: TrainingJob, plan: _Plan, micro_batch: int, newest: Path | None) -> str:
    """Return one line on what is about to be trained."""
    padding = padding_share([len(row.ids) for row in plan.rows.rows], plan.order, micro_batch)
    text = f"{len(plan.rows.rows):,} examples, {plan.rows.tokens:,} tokens ({padding:.0%} padding)"
    for each, side in ((plan.rows, "train"), (plan.validation, "validation")):
        if each.cut or each.dropped:
            text += f"; {side}: {each.dropped:,} too long and dropped, {each.cut:,} cut"
    text += f"; {plan.steps:,} steps"
    text += f", stopping after {plan.last_step:,}" if plan.last_step < plan.steps else ""
    text += f"; going on after step {step_of(newest):,}" if newest else ""
    return text + (f", {job.processes.count} processes" if job.processes.count > 1 else "")

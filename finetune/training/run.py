"""One training run: recipe and examples in, a published adapter out; killed at any moment, it can be resumed.

The base model's weights stay as they are; LoRA weights are learnt beside them. The same
call under `accelerate launch` trains with several processes. Where the examples come
from is `finetune.data.dataset`' affair, how one step is computed `finetune.training.trainer`'s.

    outcome = train(read_recipe("embedded"), examples, validation, home)
"""

import contextlib
import gc
import hashlib
import json
import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assistant.models.adapters import Adapter, digest_of_model, open_adapter
from assistant.models.named import find
from finetune.data.example import Example
from finetune.recipe import Recipe, shipped, to_toml
from finetune.sizing.memory import largest_micro_batch
from finetune.training.checkpoints import write_record
from finetune.training.distributed import Processes
from finetune.training.publish import Provenance, publish_adapter
from finetune.training.run_folder import RunOptions, open_run
from finetune.training.sft import TrainingJob, can_compile, train_adapter
from finetune.training.status import held
from index.errors import UserError

LIBRARIES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate")


@dataclass(frozen=True)
class Outcome:
    """What a run came to; the losses are nan where none was computed."""

    folder: Path  # the published adapter
    steps: int  # optimiser steps since the beginning
    loss: float  # of the last steps that were logged
    eval_loss: float  # the last one
    tokens_per_s: float  # of the examples, padding not counted; 0 where no step was left to do


def train(
    recipe: Recipe,
    examples: Sequence[Example],
    validation: Sequence[Example],
    home: Path,
    options: RunOptions = RunOptions(),
) -> Outcome:
    """Train an adapter and publish it as `home/adapters/NAME`.

    A run that `stop_after` ended can be resumed. Out of memory, the micro-batch halves and the run goes on.

    Raises `UserError` for an unfinished run that is neither resumed nor restarted, a resumed
    one whose recipe or examples have changed, one that another process trains, what a machine lacks, and where
    nothing was learnt; `ArtefactError` where the adapter that it is to go on from does not fit.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # trl would report each run
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    name = options.name or recipe.name
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise UserError(f"{name!r} cannot name an adapter", "letters, digits, dots and dashes", "--name NAME")
    _check_installed(recipe)
    place = find(recipe.model.base)
    start = _start_of(recipe, home, place)
    processes = Processes.at_hand()
    provenance = _provenance(recipe, examples, place, start)
    run = home / "runs" / name
    command = f"titlewise finetune {recipe.name if recipe.name in shipped() else 'RECIPE'}"
    open_run(run, asdict(provenance), options, provenance.differences, command, processes)
    job = TrainingJob(recipe, place, examples, validation, run, start, options.stop_after, processes)
    micro_batch = _micro_batch(recipe, place, processes)
    folder = home / "adapters" / name
    with held(run) if processes.is_first else contextlib.nullcontext():
        while True:
            try:
                result = train_adapter(job, micro_batch)
                break
            except (MemoryError, RuntimeError) as exc:
                if not is_out_of_memory(exc):
                    raise
                error = exc.with_traceback(None)  # its frames hold the model
            micro_batch = _smaller(recipe, micro_batch, processes, error)
        _check_learnt(recipe, result.log)
        if processes.is_first:
            publish_adapter(recipe, provenance, result, folder, examples)
            if result.to_the_end:
                write_record(run, {**asdict(provenance), "finished": True})
    processes.wait()
    loss, eval_loss = last_of(result.log, "loss"), last_of(result.log, "eval_loss")
    return Outcome(folder, result.steps, loss, eval_loss, result.tokens_per_s)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error is memory that did not suffice, on a GPU or a CPU."""
    import torch

    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        "DefaultCPUAllocator" in str(error) and "allocate memory" in str(error)
    )


def _check_learnt(recipe: Recipe, log: Sequence[Mapping[str, Any]]) -> None:
    """Raise `UserError` for a run whose loss did not fall: what it made is not to be published."""
    from finetune.training.callbacks import learnt_nothing

    if failure := learnt_nothing(log):
        raise UserError(
            f"the adapter learnt nothing: {failure}",
            "a loss that falls",
            f"titlewise finetune {recipe.name} --restart, with another training.learning_rate or other examples",
        )


def _start_of(recipe: Recipe, home: Path, place: Path) -> Adapter | None:
    """Open the adapter that a recipe goes on from, None for none; it has to be of the same shape."""
    lora = recipe.adapter
    if not lora.start:
        return None
    start = open_adapter(lora.start, home, place)
    config = json.loads((start.folder / "adapter_config.json").read_text(encoding="utf-8"))
    found = (config["r"], config["lora_alpha"], sorted(config["target_modules"]))
    if found != (lora.rank, lora.alpha, sorted(lora.targets)):
        raise UserError(
            f"the adapter {start.name} has rank {found[0]}, alpha {found[1]} and learns {', '.join(found[2])}",
            f"the recipe's: {lora.rank}, {lora.alpha} and {', '.join(sorted(lora.targets))}",
            "the same adapter.rank, alpha and targets, or another adapter.start",
        )
    return start


def _provenance(recipe: Recipe, examples: Sequence[Example], place: Path, start: Adapter | None) -> Provenance:
    rows = json.dumps([asdict(each) for each in examples], sort_keys=True).encode()
    return Provenance(
        recipe=to_toml(recipe),
        recipe_digest=recipe.digest(),
        base_digest=digest_of_model(place),
        prompt_digest=recipe.prompt.digest(),
        data_digest=hashlib.sha256(rows).hexdigest(),
        start_digest=start.digest if start else "",
        examples=len(examples),
        versions={library: version(library) for library in LIBRARIES},
    )


def _micro_batch(recipe: Recipe, place: Path, processes: Processes) -> int:
    """Return how many examples one process takes at once: no more than the recipe's, than its share, than fit."""
    batch, micro_batch = recipe.training.batch, recipe.training.micro_batch
    if batch % processes.count:
        raise UserError(
            f"a batch of {batch} cannot be shared by {processes.count} processes",
            "a batch that is a multiple of the processes",
            "edit training.batch in the recipe",
        )
    share = batch // processes.count
    wanted = max(size for size in range(1, min(micro_batch, share) + 1) if share % size == 0)
    room_bytes = _room_bytes() if processes.count == 1 else None  # several may share out one model
    if room_bytes is None:
        return wanted
    most = max(1, largest_micro_batch(place, recipe, room_bytes))
    fits = max(size for size in range(1, min(most, wanted) + 1) if share % size == 0)
    if fits < wanted:
        processes.say(f"micro-batches of {fits} instead of {wanted}: more do not fit into {room_bytes / 1e9:.1f} GB")
    return fits


def _room_bytes() -> int | None:
    """Return the free memory of the GPU that trains; None where a CPU does, whose memory others share."""
    import torch

    return int(torch.cuda.mem_get_info()[0]) if torch.cuda.is_available() else None


def _smaller(recipe: Recipe, micro_batch: int, processes: Processes, error: BaseException) -> int:
    """Return the next smaller micro-batch, after an error for want of memory, and print so.

    Raises `UserError` where there is none, or several processes would have to agree.
    """
    import torch

    if micro_batch == 1 or processes.count > 1:
        raise UserError(
            f"the memory does not suffice for micro-batches of {micro_batch} ({error})".splitlines()[0],
            "room for the model and one micro-batch",
            "lower training.micro_batch or data.max_length, set gradient_checkpointing, or choose nf4",
        ) from error
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    share = recipe.training.batch
    smaller = max(size for size in range(1, micro_batch // 2 + 1) if share % size == 0)
    processes.say(
        f"out of memory: going on with micro-batches of {smaller} instead of {micro_batch}, "
        f"{share // smaller} to a batch instead of {share // micro_batch}"
    )
    return smaller


def _check_installed(recipe: Recipe) -> None:
    """Refuse a log that nobody would write; kernels that are absent are only slower to do without."""
    logger, kernels = recipe.logging.to, recipe.model.kernels
    if logger != "none" and not any(
        find_spec(each) for each in (logger, *(["tensorboardX"] * (logger == "tensorboard")))
    ):
        raise UserError(
            f"logging.to is {logger}, which is not installed", "a log that can be written", f"pip install {logger}"
        )
    module = {"none": "", "compiled": "", "liger": "liger_kernel", "unsloth": "unsloth"}[kernels]
    if module and find_spec(module) is None:
        print(f"{kernels} is not installed: training goes on without its kernels", file=sys.stderr)
    elif kernels == "compiled" and not can_compile():
        print("there is no C++ compiler: training goes on without compiled kernels", file=sys.stderr)
    elif kernels == "unsloth":
        import unsloth  # noqa: F401 - it wants to come before transformers


def last_of(log: Sequence[Mapping[str, Any]], key: str) -> float:
    """Return the last figure of that name in a log; nan where there is none."""
    return next((float(row[key]) for row in reversed(log) if key in row), math.nan)

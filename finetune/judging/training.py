"""One training run of a judge: recipe and question files in, a published judge out; killed at any moment, it resumes.

folder = train_judge(read_judge_recipe("judge"), rows, validation, home)
"""

import math
import random
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.grounding.calibration import Calibration, write_calibration
from assistant.grounding.evidence import Budget
from assistant.grounding.judge import (
    LONGEST_QUESTION,
    TOKENIZER,
    VERDICTS,
    WEIGHTS,
    open_judge,
    pair_tokenizer,
    unsealed,
)
from assistant.models.download import fetch_reranker
from assistant.models.named import RERANKER
from assistant.open import judge_folder
from finetune.calibrating import fit, observe
from finetune.data.question_files import Row
from finetune.judging.encoder import EMBEDDED, load_network, pack
from finetune.judging.pairs import Pair, pairs_of
from finetune.judging.recipe import JudgeRecipe
from finetune.recipe import to_toml
from finetune.training.batching import lay_out, steps_of
from finetune.training.checkpoints import newest_complete, write_record
from finetune.training.distributed import Processes
from finetune.training.run_folder import RunOptions, open_run
from finetune.training.status import held
from index.artefacts import publish, sha256_of
from index.errors import UserError
from index.linear_model import LinearModel

ONE_PASSAGE = Budget(len, max_passages=1)
UNCALIBRATED = Calibration(LinearModel({}), LinearModel({}), LinearModel({}), 0.0)
CARD = """# The judge: a cross-encoder that reads a question beside a passage

Made by `titlewise finetune {recipe}`: a MiniLM of twelve layers (384 wide, 33 million weights) that began with the
weights of cross-encoder/ms-marco-MiniLM-L-12-v2 ({start}, Apache-2.0) and learnt to say whether a passage settles a
question, and whether as yes, as no or openly. Its settings are in `recipe.toml`; `calibration.json` says how far it is
trusted when it reads alone. The weights are int8; onnxruntime runs them.

**Limits.** It reads one passage at a time, 128 word pieces with the question. Its word pieces are English: Portuguese
it reads less well. It errs on what takes knowledge, or arithmetic beyond comparing two amounts.
"""
TRIAL_STEPS = 2  # of each arithmetic, after one to warm up


def train_judge(
    recipe: JudgeRecipe,
    rows: Sequence[Row],
    validation: Sequence[Row],
    home: Path,
    options: RunOptions = RunOptions(),
) -> Path:
    """Train a judge, calibrate it on the validation rows, and publish it as `home/judge`; return that folder.

    Raises `UserError` for an unfinished run that is neither resumed nor restarted, for one that was begun with another
    recipe or other rows, and where nothing was learnt.
    """
    place = judge_folder(home) if recipe.judge.start == "judge" else fetch_reranker()
    graph = next(place.glob("*.onnx"))
    examples = _examples(recipe, rows, place)
    run = home / "runs" / recipe.name
    record = {
        "recipe": to_toml(recipe),
        "digest": recipe.digest(),
        "examples": len(examples),
        "start": sha256_of(graph),
    }

    def differences(before: Mapping[str, Any]) -> list[str]:
        return [f"the {key} differs" for key, value in record.items() if before.get(key) != value]

    open_run(run, record, options, differences, f"titlewise finetune {recipe.name}", Processes.at_hand())
    with held(run):
        network, loss, to_the_end = _train(recipe, examples, graph, run, options.stop_after)
        if not math.isfinite(loss) or loss >= math.log(len(VERDICTS)):
            raise UserError(
                f"the judge learnt nothing: its loss is {loss:.3f}",
                f"less than that of a guess, {math.log(len(VERDICTS)):.3f}",
                "lower training.learning_rate, or look at the question files",
            )
        folder = _publish(recipe, network, graph, validation, home / "judge", loss)
        write_record(run, {**record, "finished": to_the_end})
    return folder


def _examples(recipe: JudgeRecipe, rows: Sequence[Row], place: Path) -> list[dict[str, Any]]:
    """Return the pairs of all epochs as tokens, in the order of training."""
    draw = random.Random(recipe.training.seed)  # noqa: S311 - a choice, not a secret
    training = recipe.training
    read = open_judge(place).read if recipe.judge.misread else None
    ordered: list[dict[str, Any]] = []
    for epoch in range(training.epochs):
        pairs = _tokens(pairs_of(rows, recipe.judge, draw, read), place)
        if not pairs:
            raise UserError("no question row is left to train on", "question files", "docs/dataset.md")
        lengths = [len(each["input_ids"]) for each in pairs]
        batch, seed = training.batch, training.seed + epoch
        order = lay_out(lengths, steps=steps_of(len(pairs), 1, batch), batch=batch, micro_batch=batch, seed=seed)
        ordered += [pairs[place] for place in order]
    return ordered


def _tokens(pairs: Sequence[Pair], place: Path) -> list[dict[str, Any]]:
    tokenizer = pair_tokenizer(place / TOKENIZER)
    encoded = tokenizer.encode_batch([(pair.question[:LONGEST_QUESTION], pair.passage) for pair in pairs])
    return [
        {"input_ids": each.ids, "token_type_ids": each.type_ids, "labels": VERDICTS.index(pair.verdict)}
        for each, pair in zip(encoded, pairs, strict=True)
    ]


def _train(
    recipe: JudgeRecipe, examples: Sequence[dict[str, Any]], graph: Path, run: Path, stop_after: int | None
) -> tuple[Any, float, bool]:
    """Return the trained network, its last loss, and whether the run has come to its end."""
    import torch

    from assistant.backends.hf_loading import remarks_off
    from finetune.training.callbacks import CheckpointCallback, ProgressCallback
    from finetune.training.trainer import JudgeTrainer

    training = recipe.training
    network = load_network(graph)
    if not torch.cuda.is_available():
        network.set_attn_implementation("eager")  # torch's fused attention takes half of a step on a CPU
    for name, weight in network.named_parameters():
        weight.requires_grad = training.embeddings == "trained" or not name.startswith(EMBEDDED)
    steps = len(examples) // training.batch
    last = min(steps, stop_after or steps)
    tokens = [0]
    for start in range(0, steps * training.batch, training.batch):
        tokens.append(tokens[-1] + sum(len(each["input_ids"]) for each in examples[start : start + training.batch]))
    use_bf16 = training.precision == "bf16" or (
        training.precision == "auto" and _bf16_is_faster(network, examples[: training.batch])
    )
    newest, _ = newest_complete(run)
    with remarks_off():
        trainer = JudgeTrainer(
            model=network,
            args=_settings(recipe, run, steps, use_bf16=use_bf16),
            train_dataset=examples,
            data_collator=padded,
            callbacks=[
                CheckpointCallback(keeps_best=False, patience=0, stop_after=last),
                ProgressCallback(tokens, last, run),
            ],
        )
        trainer.train(resume_from_checkpoint=str(newest) if newest else None)
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    return network, losses[-1] if losses else math.nan, trainer.state.global_step >= steps


def _settings(recipe: JudgeRecipe, run: Path, steps: int, *, use_bf16: bool) -> Any:
    import torch
    from transformers import TrainingArguments

    training = recipe.training
    return TrainingArguments(
        output_dir=str(run),
        num_train_epochs=1,  # the order of the pairs is their own, over all epochs
        train_sampling_strategy="sequential",
        per_device_train_batch_size=training.batch,
        learning_rate=training.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(training.warmup_share * steps),
        weight_decay=training.weight_decay,
        max_grad_norm=0.0,  # to clip costs a fifth of a step, and nothing was seen to need it
        bf16=use_bf16,
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="no",
        save_strategy="steps",
        save_steps=training.save_every_steps,
        logging_steps=20,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        seed=training.seed,
    )


def padded(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return rows of unequal length as tensors, each of shape (n, longest), and the labels (n,)."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    ids, kinds = (
        pad_sequence([torch.tensor(row[key]) for row in rows], batch_first=True)
        for key in ("input_ids", "token_type_ids")
    )
    lengths = torch.tensor([len(row["input_ids"]) for row in rows])
    return {
        "input_ids": ids,
        "token_type_ids": kinds,
        "attention_mask": (torch.arange(ids.shape[1])[None, :] < lengths[:, None]).long(),
        "labels": torch.tensor([row["labels"] for row in rows]),
    }


def _bf16_is_faster(network: Any, rows: Sequence[dict[str, Any]]) -> bool:
    """Return whether a step takes less time in bf16 on this machine; without AVX-512 BF16 it takes three times more."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    batch = padded(rows)
    seconds = {}
    for use_bf16 in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=use_bf16):
            for trial in range(1 + TRIAL_STEPS):
                if trial == 1:
                    start_s = time.perf_counter()
                network(**batch).loss.backward()
        seconds[use_bf16] = time.perf_counter() - start_s
    network.zero_grad(set_to_none=True)
    return seconds[True] < seconds[False]


def _publish(
    recipe: JudgeRecipe, network: Any, graph: Path, validation: Sequence[Row], folder: Path, loss: float
) -> Path:
    made_by = {
        "recipe": recipe.name,
        "recipe_digest": recipe.digest(),
        "start": RERANKER.source,
        "licence": RERANKER.licence,
        "loss": round(loss, 4),
    }
    with publish(folder, kind="judge", made_by=made_by) as scratch:
        pack(network.state_dict(), graph, scratch / WEIGHTS)
        shutil.copyfile(graph.with_name(TOKENIZER), scratch / TOKENIZER)
        (scratch / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
        (scratch / "README.md").write_text(CARD.format(recipe=recipe.name, start=RERANKER.source), encoding="utf-8")
        read = unsealed(scratch, UNCALIBRATED).read
        observations = [observe(row, read, ONE_PASSAGE) for row in validation]
        write_calibration(fit(observations, judge=""), scratch)
    open_judge.cache_clear()
    return folder

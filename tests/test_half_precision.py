"""What training needs on a GPU without bf16, such as a T4: fp16, weights that learn in fp32, what fits."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import small_training

from assistant.backends.hf_loading import load_model, remarks_off
from finetune.training import run, sft
from finetune.training.distributed import Processes

pytestmark = pytest.mark.slow  # trl takes seconds to import


@pytest.mark.parametrize(
    ("precision", "half", "expected"),
    [
        ("nf4", "float16", {"fp16"}),
        ("nf4", "bfloat16", {"bf16"}),
        ("fp32", "float16", set()),
        ("fp32", "bfloat16", set()),
    ],
)
def test_training_computes_in_the_half_that_the_device_knows(
    precision: Any, half: str, expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(sft, "half_dtype", lambda _: getattr(torch, half))
    plan = small_training.recipe(tmp_path)
    plan = replace(plan, model=replace(plan.model, precision=precision))
    with remarks_off():
        settings = sft.settings_of(plan, tmp_path / "run", 4, Processes.at_hand(), 8, evaluates=True)
    assert {name for name in ("fp16", "bf16") if getattr(settings, name)} == expected


def test_an_adapter_on_quantized_weights_learns_in_fp32_after_all(tiny_llama: Path, tmp_path: Path) -> None:
    import torch

    from finetune.training.tokenization import rows_of
    from finetune.training.trainer import AnswerTrainer

    plan = small_training.recipe(tiny_llama)
    plan = replace(plan, model=replace(plan.model, precision="nf4"))
    model, tokenizer = load_model(tiny_llama, "nf4", "cpu")
    rows = rows_of(tokenizer, small_training.examples(8), plan.prompt, max_length=1024, too_long="drop").rows
    with remarks_off():
        trainer = AnswerTrainer(
            model=model,
            args=sft.settings_of(plan, tmp_path / "run", 4, Processes.at_hand(), 1, evaluates=False),
            train_dataset=sft.dataset_of(rows),
            processing_class=tokenizer,
            peft_config=sft.lora_of(plan),
        )
    learning = [each for each in trainer.model.parameters() if each.requires_grad]
    assert {each.dtype for each in learning} == {torch.bfloat16}  # by trl; where it no longer does, nothing is to mend
    sft.learn_in_fp32(trainer.model)
    assert {each.dtype for each in learning} == {torch.float32}


def test_the_scaler_of_gradients_is_kept_without_a_pickle(tmp_path: Path) -> None:
    import torch

    from finetune.training.trainer import KeepsCheckpoints

    def trainer(scale: float) -> KeepsCheckpoints:
        made = KeepsCheckpoints.__new__(KeepsCheckpoints)
        made.accelerator = SimpleNamespace(scaler=torch.amp.GradScaler("cpu", init_scale=scale))
        made.args = SimpleNamespace(should_save=True)
        return made

    trainer(512.0)._save_scaler(str(tmp_path))
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".safetensors"}
    resumed = trainer(65536.0)
    resumed._load_scaler(str(tmp_path))
    assert resumed.accelerator.scaler.get_scale() == 512.0
    resumed._load_scaler(None)  # a run that begins


def test_on_a_gpu_the_micro_batch_is_what_fits(
    tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def micro_batch_in(room_bytes: int | None) -> int:
        monkeypatch.setattr(run, "_room_bytes", lambda: room_bytes)
        return run._micro_batch(plan, tiny_llama, Processes.at_hand())

    plan = small_training.recipe(tiny_llama, batch=8, micro_batch=8)
    assert micro_batch_in(None) == micro_batch_in(10**12) == 8
    assert capsys.readouterr().err == ""
    fitting = run.largest_micro_batch(tiny_llama, plan, 60_000_000)
    assert 2 < fitting < 8
    assert micro_batch_in(60_000_000) == max(size for size in (1, 2, 4) if size <= fitting)
    assert "instead of 8: more do not fit into 0.1 GB" in capsys.readouterr().err
    assert micro_batch_in(1) == 1  # the estimate may err: memory itself has the last word

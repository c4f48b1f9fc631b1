"""Training runs on a tiny Llama: the loss, accumulation, resuming after a kill, memory, and several processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import correlation
from typing import Any

import pytest
import small_training

from finetune.recipe import Data, Recipe, to_toml
from finetune.training.batching import lay_out, padding_share
from finetune.training.callbacks import learnt_nothing
from finetune.training.checkpoints import read_tree
from finetune.training.run import Outcome, train
from finetune.training.run_folder import RunOptions
from finetune.training.sft import can_compile
from finetune.training.status import STATUS, held, is_held, read_status
from finetune.training.tokenization import rows_of, tokenizer_of
from index.artefacts import open_verified
from index.errors import UserError
from ui.cli import main

ROOT = Path(__file__).parents[1]
PROGRAM = Path(small_training.__file__)


def run(recipe: Recipe, home: Path, *, resume: bool = False, stop_after: int | None = None) -> Outcome:
    return train(
        recipe,
        small_training.examples(),
        small_training.examples(8),
        home,
        RunOptions(resume=resume, stop_after=stop_after),
    )


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Add up in one order here and in processes of their own: bits differ with the number of threads."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def whole(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run that nothing interrupts."""
    return run(small_training.recipe(tiny_llama), tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def stopped(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a run that was stopped after 7 of 20 steps; not to be changed."""
    home = tmp_path_factory.mktemp("stopped")
    run(small_training.recipe(tiny_llama), home, stop_after=7)
    return home


@pytest.fixture
def half(stopped: Path, tiny_llama: Path, tmp_path: Path) -> tuple[Recipe, Path]:
    """A copy of that home, to go on in."""
    return small_training.recipe(tiny_llama), shutil.copytree(stopped, tmp_path / "home")


def test_the_first_loss_is_that_of_the_base_model_on_reply_tokens(tiny_llama: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    examples = small_training.examples(8)
    plan = small_training.recipe(tiny_llama, epochs=1.0)
    outcome = train(plan, examples, [], tmp_path)  # an adapter changes nothing before its first step
    model = AutoModelForCausalLM.from_pretrained(tiny_llama)
    rows = rows_of(tokenizer_of(tiny_llama), examples, plan.prompt, max_length=1024, too_long="drop").rows
    losses = []
    for row in rows:
        with torch.no_grad():
            likelihoods = model(torch.tensor([row.ids])).logits[0].log_softmax(-1)
        for place in range(row.prompt_tokens, len(row.ids)):  # the end token's place included
            losses.append(-likelihoods[place - 1, row.ids[place]].item())
    assert outcome.steps == 1
    assert outcome.loss == pytest.approx(sum(losses) / len(losses), rel=1e-5)


def test_eight_at_once_and_one_at_a_time_eight_times_are_the_same(tiny_llama: Path, tmp_path: Path) -> None:
    import torch

    losses, gradients = [], []
    for micro_batch in (8, 1):
        plan = small_training.recipe(tiny_llama, micro_batch=micro_batch, epochs=1.0)
        plan = replace(plan, adapter=replace(plan.adapter, dropout=0.0))
        home = tmp_path / str(micro_batch)
        losses.append(train(plan, small_training.examples(8), [], home).loss)
        saved = read_tree(home / "runs" / "small" / "checkpoint-1" / "optimizer")
        # After one step AdamW's mean of the gradients is a tenth of the gradient.
        gradients.append([state["exp_avg"] for state in saved["optimizer"]["state"].values()])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    largest = max(gradient.abs().max() for gradient in gradients[0])
    assert largest > 0
    for eight, one in zip(*gradients, strict=True):
        torch.testing.assert_close(eight, one, rtol=1e-4, atol=1e-5 * float(largest))


def test_a_run_leaves_all_that_is_told_of_it(whole: Outcome, tiny_llama: Path) -> None:
    names = open_verified(whole.folder, "adapter", lambda _, manifest: (set(manifest.files), manifest.made_by))
    files, made_by = names
    assert files == {
        *("adapter_model.safetensors", "adapter_config.json", "recipe.toml", "loss.json", "loss.png", "README.md")
    }
    assert made_by["recipe"] == "small"
    assert made_by["prompt_format"] == {"answer": "plain", "describe": "chat", "shows": "best"}
    assert len(made_by["data_digest"]) == len(made_by["base_digest"]) == len(made_by["prompt_digest"]) == 64
    assert {"torch", "transformers", "trl", "peft"} <= set(made_by["versions"])
    assert (whole.folder / "recipe.toml").read_text() == to_toml(small_training.recipe(tiny_llama))
    assert (whole.folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert "**Limits.**" in (whole.folder / "README.md").read_text()
    config = json.loads((whole.folder / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny_llama)


def test_the_loss_falls_and_the_two_newest_checkpoints_stay(whole: Outcome) -> None:
    losses = small_training.losses(whole.folder)
    assert len(losses) == whole.steps == 20
    assert losses[-1] < losses[0] - 0.5
    kept = sorted(path.name for path in (whole.folder.parents[1] / "runs" / "small").glob("checkpoint-*"))
    assert kept == ["checkpoint-18", "checkpoint-20"]


def test_a_run_tells_whoever_looks_on_how_it_goes_and_its_checkpoints_tell_the_same(whole: Outcome) -> None:
    folder = whole.folder.parents[1] / "runs" / "small"
    status = read_status(folder)
    assert (status.step, status.last_step, status.left_s) == (20, 20, 0)
    assert status.tokens_per_s == pytest.approx(whole.tokens_per_s)
    assert [row["loss"] for row in status.log if "loss" in row] == small_training.losses(whole.folder)
    (folder / STATUS).rename(folder / "aside")
    try:
        status = read_status(folder)
    finally:
        (folder / "aside").rename(folder / STATUS)
    assert (status.step, status.last_step, status.tokens_per_s) == (20, 20, None)
    assert [row["loss"] for row in status.log if "loss" in row] == small_training.losses(whole.folder)


def test_a_run_that_another_process_trains_is_left_to_it(half: tuple[Recipe, Path]) -> None:
    recipe, home = half
    with held(home / "runs" / "small"), pytest.raises(UserError, match="going on in another process"):
        run(recipe, home, resume=True)
    assert not is_held(home / "runs" / "small")


def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(
    whole: Outcome, tiny_llama: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    saving = tmp_path / "runs" / "small" / "checkpoint-9"
    with subprocess.Popen([sys.executable, str(PROGRAM), str(tiny_llama), str(tmp_path)], cwd=ROOT) as process:
        try:
            while not saving.exists():
                assert process.poll() is None, "it ended before it could be killed"
                time.sleep(0.001)
            assert is_held(saving.parent)
        finally:
            process.send_signal(signal.SIGKILL)  # while it saves
    assert process.returncode == -signal.SIGKILL
    assert not is_held(saving.parent)
    assert read_status(saving.parent).last_step == 20, "it is written from the first step on, not at the end"
    with pytest.raises(UserError, match="--resume") as caught:
        run(small_training.recipe(tiny_llama), tmp_path)
    assert caught.value.mend == "titlewise finetune RECIPE --resume"
    outcome = run(small_training.recipe(tiny_llama), tmp_path, resume=True)
    assert "going on after step" in capfd.readouterr().err
    assert small_training.weights(outcome.folder) == small_training.weights(whole.folder)
    assert small_training.losses(outcome.folder) == small_training.losses(whole.folder)


def test_a_stopped_run_goes_on_to_the_same_weights(whole: Outcome, half: tuple[Recipe, Path]) -> None:
    # It was judged when it stopped, which the other never was there.
    assert small_training.weights(run(*half, resume=True).folder) == small_training.weights(whole.folder)


def test_a_broken_checkpoint_is_passed_over(
    whole: Outcome, half: tuple[Recipe, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, home = half
    newest = home / "runs" / "small" / "checkpoint-7"
    path = newest / "optimizer.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    outcome = run(recipe, home, resume=True)
    err = capsys.readouterr().err
    assert f"{newest} is broken" in err
    assert "going on after step 6" in err
    assert small_training.weights(outcome.folder) == small_training.weights(whole.folder)


def test_a_run_killed_before_its_first_checkpoint_says_that_it_begins_anew(
    whole: Outcome, half: tuple[Recipe, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, home = half
    for checkpoint in (home / "runs" / "small").glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    outcome = run(recipe, home, resume=True)
    assert "no whole checkpoint yet" in capsys.readouterr().err
    assert small_training.weights(outcome.folder) == small_training.weights(whole.folder)


def test_a_run_is_resumed_only_with_what_it_was_begun_with(half: tuple[Recipe, Path]) -> None:
    recipe, home = half
    other = replace(recipe, training=replace(recipe.training, learning_rate=5e-4))
    with pytest.raises(UserError, match=r"training.learning_rate was 0.001 and is 0.0005"):
        run(other, home, resume=True)
    with pytest.raises(UserError, match="the examples differ"):
        train(recipe, small_training.examples(39), [], home, RunOptions(resume=True))


def test_resuming_what_was_killed_before_its_first_line_begins_anew(
    tiny_llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(small_training.recipe(tiny_llama), tmp_path, resume=True, stop_after=1).steps == 1
    assert "it begins anew" in capsys.readouterr().err


def test_it_goes_on_from_another_adapter(whole: Outcome, tiny_llama: Path, tmp_path: Path) -> None:
    plain = small_training.recipe(tiny_llama, learning_rate=1e-12)
    further = replace(plain, adapter=replace(plain.adapter, start=str(whole.folder)))
    outcome = run(further, tmp_path, stop_after=1)
    assert small_training.weights(outcome.folder) == small_training.weights(whole.folder)
    assert outcome.loss < small_training.losses(whole.folder)[0]
    made_by = open_verified(outcome.folder, "adapter", lambda _, manifest: manifest).made_by
    start = open_verified(whole.folder, "adapter", lambda _, manifest: manifest)
    assert made_by["start_digest"] == start.digest
    assert f"from {whole.folder}" in (outcome.folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("other", [{"rank": 8}, {"alpha": 4}, {"targets": ("q_proj",)}])
def test_it_goes_on_only_from_an_adapter_of_its_own_shape(
    whole: Outcome, tiny_llama: Path, tmp_path: Path, other: dict[str, Any]
) -> None:
    plain = small_training.recipe(tiny_llama)
    recipe = replace(plain, adapter=replace(plain.adapter, start=str(whole.folder), **other))
    with pytest.raises(UserError, match="has rank 4, alpha 8 and learns"):
        run(recipe, tmp_path, stop_after=1)


def test_an_unfinished_run_is_lost_only_when_told(half: tuple[Recipe, Path]) -> None:
    recipe, home = half
    with pytest.raises(UserError, match="unfinished run"):
        run(recipe, home)
    outcome = train(recipe, small_training.examples(), [], home, RunOptions(restart=True, stop_after=1))
    assert outcome.steps == 1
    assert [path.name for path in (home / "runs" / "small").glob("checkpoint-*")] == ["checkpoint-1"]
    (home / "runs" / "small" / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="is damaged"):
        run(recipe, home)
    assert train(recipe, small_training.examples(), [], home, RunOptions(restart=True, stop_after=1)).steps == 1


def test_it_stops_when_the_loss_gets_no_better_and_publishes_the_best(tiny_llama: Path, tmp_path: Path) -> None:
    plan = small_training.recipe(
        tiny_llama, learning_rate=0.5, evaluate_every_steps=1, patience=2, choose="best", save_every_steps=100
    )
    outcome = run(plan, tmp_path)
    losses = [row["eval_loss"] for row in json.loads((outcome.folder / "loss.json").read_text()) if "eval_loss" in row]
    best = losses.index(min(losses)) + 1
    assert outcome.steps == best + 2 < 20
    saved = tmp_path / "runs" / "small" / f"checkpoint-{best}"
    assert f"Weights of step {best}." in (outcome.folder / "README.md").read_text()
    assert (saved / "adapter_model.safetensors").is_file()
    weights = small_training.weights(outcome.folder)
    again = run(plan, tmp_path, resume=True)
    assert (again.steps, small_training.weights(again.folder)) == (outcome.steps, weights)  # it had ended
    assert run(plan, tmp_path).steps == outcome.steps  # it was finished, so it may begin anew


@pytest.mark.skipif(sys.platform != "linux", reason="memory can be taken away on Linux alone")
def test_out_of_memory_the_batch_halves_and_the_accumulation_doubles(tiny_llama: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tiny_llama), str(tmp_path), "300"],
        cwd=ROOT,
        env=os.environ | {"MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "out of memory: going on with micro-batches of 8 instead of 16, 2 to a batch instead of 1" in done.stderr
    one, other = (
        small_training.losses(tmp_path / home / "adapters" / "small") for home in ("one by one", "all at once")
    )
    assert other == pytest.approx(one, rel=1e-5)


@pytest.mark.parametrize("name", ["../elsewhere", ".hidden", "a b", "a/b"])
def test_a_name_that_leads_elsewhere_is_refused(tiny_llama: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot name an adapter"):
        train(small_training.recipe(tiny_llama), small_training.examples(), [], tmp_path, RunOptions(name))


def test_examples_that_are_all_too_long_are_a_fault_of_the_users(tiny_llama: Path, tmp_path: Path) -> None:
    plan = replace(small_training.recipe(tiny_llama), data=Data(max_length=16))
    with pytest.raises(UserError, match="no example of 40 is left"):
        run(plan, tmp_path)


def test_validation_that_is_all_too_long_is_a_fault_of_the_users(tiny_llama: Path, tmp_path: Path) -> None:
    recipe = small_training.recipe(tiny_llama)
    long = [small_training.example(1, passages=400)]
    with pytest.raises(UserError, match="all 1 validation examples are longer"):
        train(recipe, small_training.examples(), long, tmp_path)
    assert not (tmp_path / "adapters" / "small").exists()


def test_a_loss_that_is_no_number_ends_the_run_and_nothing_is_published(tiny_llama: Path, tmp_path: Path) -> None:
    recipe = small_training.recipe(tiny_llama, learning_rate=1e30, evaluate_every_steps=0, max_grad_norm=1e9)
    with pytest.raises(UserError, match=r"loss is (nan|inf) at step"):
        run(recipe, tmp_path)
    assert not (tmp_path / "adapters" / "small").exists()


def test_what_learnt_nothing_is_not_published(
    tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("finetune.training.callbacks.learnt_nothing", lambda log: "its loss went from 1 to 2")
    with pytest.raises(UserError, match="the adapter learnt nothing: its loss went from 1 to 2"):
        run(small_training.recipe(tiny_llama), tmp_path, stop_after=2)
    assert not (tmp_path / "adapters" / "small").exists()


@pytest.mark.parametrize(
    ("losses", "learnt"),
    [((3.0, 2.9, 2.5, 2.0, 1.9, 1.9, 1.5, 1.4, 1.5), True), ((1.0,) * 9, False), ((2.0, 3.0), True)],
)
def test_a_loss_that_does_not_fall_is_told_from_one_that_does(losses: tuple[float, ...], learnt: bool) -> None:
    assert (learnt_nothing([{"loss": loss} for loss in losses]) == "") == learnt


def test_a_log_that_nobody_would_write_is_refused(tiny_llama: Path, tmp_path: Path) -> None:
    plan = small_training.recipe(tiny_llama)
    with pytest.raises(UserError, match="wandb, which is not installed"):
        run(replace(plan, logging=replace(plan.logging, to="wandb")), tmp_path)


def test_two_processes_learn_what_one_learns(
    tiny_llama: Path, sample_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = small_training.recipe(tiny_llama, micro_batch=2, epochs=3.0, evaluate_every_steps=0)
    mix = replace(plan.data.mix, examples=8)
    plan = replace(plan, data=replace(plan.data, max_length=2048, mix=mix), adapter=replace(plan.adapter, dropout=0.0))
    recipe = tmp_path / "small.toml"
    recipe.write_text(to_toml(plan))
    for home in ("one", "two"):
        shutil.copytree(sample_home / "catalogue", tmp_path / home / "catalogue")
    assert main(["--home", str(tmp_path / "one"), "finetune", str(recipe), "--steps", "3"]) == 0
    out = capsys.readouterr().out
    # With --cpu accelerate starts one process alone; without a GPU --multi_gpu starts them on the CPU.
    command = f"launch --multi_gpu --num_processes 2 -m ui.cli --home {tmp_path / 'two'} finetune {recipe} --steps 3"
    done = subprocess.run(
        [sys.executable, "-m", "accelerate.commands.accelerate_cli", *command.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "2 processes" in done.stderr
    assert done.stdout.count("The adapter is in") == out.count("The adapter is in") == 1
    one, two = (small_training.losses(tmp_path / home / "adapters" / "small") for home in ("one", "two"))
    assert len(one) == 3
    assert two == pytest.approx(one, rel=1e-4)


def test_the_tokens_of_examples_are_shown(
    tiny_llama: Path, sample_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = small_training.recipe(tiny_llama)
    recipe = tmp_path / "small.toml"
    recipe.write_text(to_toml(replace(plan, data=replace(plan.data, mix=replace(plan.data.mix, examples=16)))))
    assert main(["--home", str(sample_home), "finetune", str(recipe), "--show", "2"]) == 0
    out = capsys.readouterr().out
    assert out.count("<|begin_of_text|>") == out.count("tokens, loss on") == 2
    assert not (sample_home / "runs").exists()


def test_the_order_shows_every_row_before_any_twice_and_wastes_little() -> None:
    lengths = [20 + (number * 37) % 400 for number in range(1000)]
    order = lay_out(lengths, steps=120, batch=16, micro_batch=4, seed=1)
    assert len(order) == 1920
    seen = {row: order.count(row) for row in range(1000)}
    assert set(seen.values()) == {1, 2}
    assert order == lay_out(lengths, steps=120, batch=16, micro_batch=4, seed=1)
    assert order != lay_out(lengths, steps=120, batch=16, micro_batch=4, seed=2)
    assert padding_share(lengths, order, 4) < 0.02
    assert max(lengths) in [lengths[row] for row in order[:16]]
    # Batches are mixed: a long one says nothing of the next.
    means = [sum(lengths[row] for row in order[at : at + 16]) / 16 for at in range(0, 1920, 16)]
    assert abs(correlation(means[:-1], means[1:])) < 0.3


@pytest.mark.filterwarnings("ignore")  # torch's own, where it compiles
def test_compiled_layers_learn_what_plain_ones_do(tiny_llama: Path, whole: Outcome, tmp_path: Path) -> None:
    if not can_compile():
        pytest.skip("no C++ compiler on this machine")
    plan = small_training.recipe(tiny_llama)
    compiled = run(replace(plan, model=replace(plan.model, kernels="compiled")), tmp_path, stop_after=4)
    expected = small_training.losses(whole.folder)[:4]
    assert small_training.losses(compiled.folder) == pytest.approx(expected, rel=1e-3)


def test_without_a_compiler_training_goes_on_and_says_so(
    tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    plan = small_training.recipe(tiny_llama)
    assert run(replace(plan, model=replace(plan.model, kernels="compiled")), tmp_path, stop_after=1).steps == 1
    assert "no C++ compiler" in capsys.readouterr().err

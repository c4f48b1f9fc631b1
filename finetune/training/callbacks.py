"""What is done beside the training itself: showing how it goes, saving the best weights, stopping early.

Imported only by the function that trains: it loads transformers.
"""

import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from transformers import TrainerCallback

from finetune.training.status import TrainingStatus, write_status
from index.errors import UserError
from index.progress import LINE_EVERY_S, terminal_bar

if TYPE_CHECKING:
    from tqdm import tqdm

FEWEST_LOGGED = 3  # losses in a third of a run, for it to be told whether they fell
STATUS_EVERY_S = 2.0  # at most: each is the whole log, and waits for the disk


class ProgressCallback(TrainerCallback):
    """Writes step, loss, speed and time left to the status file, and shows them by a bar or plain lines."""

    def __init__(self, tokens_until: Sequence[int], last_step: int, run: Path) -> None:
        """Take the tokens of the examples seen until each step, padding not counted, and the step to end at."""
        self._tokens_until = tokens_until
        self._last_step = last_step
        self._run = run
        self._loss = math.nan
        self._first_step = 0
        self._start_s = self._printed_s = self._written_s = 0.0
        self._bar: tqdm[NoReturn] | None = None
        self.tokens_per_s = 0.0  # evaluation and saving are part of the time

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock, and the bar where there is a terminal."""
        self._start_s = self._printed_s = time.monotonic()
        self._first_step = state.global_step
        total, initial = self._tokens_until[self._last_step], self._tokens_until[self._first_step]
        self._bar = terminal_bar("training", total, "tokens", initial)
        self._write(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Count the step's tokens."""
        step = state.global_step
        done = self._tokens_until[step] - self._tokens_until[self._first_step]
        self.tokens_per_s = done / (time.monotonic() - self._start_s)
        if self._bar is not None:
            self._bar.update(self._tokens_until[step] - self._tokens_until[step - 1])
        elif time.monotonic() - self._printed_s >= LINE_EVERY_S and not math.isnan(self._loss):
            self._print(f"{self.tokens_per_s:,.0f} tokens/s, {self._left_s(step) / 60:.0f} min left", step)
        if not control.should_log and time.monotonic() - self._written_s >= STATUS_EVERY_S:
            self._write(state)

    def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Take the newest loss."""
        self._loss = given["logs"].get("loss", self._loss)
        if self._bar is not None:
            self._bar.set_postfix(step=f"{state.global_step}/{self._last_step}", loss=f"{self._loss:.3f}")
        if time.monotonic() - self._written_s >= STATUS_EVERY_S:
            self._write(state)

    def on_evaluate(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Print how well it does on what it is not trained on."""
        text = f"eval_loss {given['metrics']['eval_loss']:.3f}"
        if self._bar is not None:
            self._bar.write(f"step {state.global_step}: {text}", file=sys.stderr)
        else:
            self._print(text, state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Close the bar, and write the last status."""
        if self._bar is not None:
            self._bar.close()
        self._write(state)

    def _left_s(self, step: int) -> float:
        return (self._tokens_until[self._last_step] - self._tokens_until[step]) / self.tokens_per_s

    def _write(self, state: Any) -> None:
        self._written_s = time.monotonic()
        step = state.global_step
        speed, left_s = (self.tokens_per_s, self._left_s(step)) if self.tokens_per_s else (None, None)
        write_status(self._run, TrainingStatus(step, self._last_step, state.log_history, speed, left_s))

    def _print(self, text: str, step: int) -> None:
        self._printed_s = time.monotonic()
        line = f"training: step {step:,} of {self._last_step:,}, loss {self._loss:.3f}, {text}"
        print(line, file=sys.stderr, flush=True)


class CheckpointCallback(TrainerCallback):
    """Saves the best weights, stops when they get no better, after a given step, and where the loss is no number."""

    def __init__(self, *, keeps_best: bool, patience: int, stop_after: int | None) -> None:
        self._keeps_best = keeps_best
        self._patience = patience
        self._stop_after = stop_after

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stop after the step that was asked for, as at the end of a run."""
        if self._stop_after is not None and state.global_step >= self._stop_after:
            control.should_training_stop = control.should_save = control.should_log = True
            control.should_evaluate = args.eval_strategy != "no"

    def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """End a run that has failed: what comes after such a loss cannot be saved.

        Raises `UserError`.
        """
        for key in ("loss", "eval_loss"):
            if not math.isfinite(given["logs"].get(key, 0.0)):
                raise UserError(
                    f"the {key} is {given['logs'][key]} at step {state.global_step}",
                    "a number",
                    "titlewise finetune RECIPE --restart, with a lower training.learning_rate, or fp32",
                )

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Save at a new best eval_loss; stop once there has been none for too long."""
        if self._keeps_best and best_step(state.log_history) == state.global_step:
            control.should_save = True
        if out_of_patience(state.log_history, self._patience):
            control.should_training_stop = control.should_save = True


def out_of_patience(log: list[dict[str, Any]], patience: int) -> bool:
    """Return whether there were so many evaluations since the best one; a patience of 0 never ends."""
    best = best_step(log)
    since = {row["step"] for row in log if "eval_loss" in row and row["step"] > (best or 0)}
    return bool(patience) and len(since) >= patience


def learnt_nothing(log: Sequence[Mapping[str, Any]]) -> str:
    """Return how the loss went where its mean over the last third of a log is not below the first one; empty else.

    Too short a log tells nothing.
    """
    losses = [row["loss"] for row in log if "loss" in row]
    third = len(losses) // 3
    if third < FEWEST_LOGGED:
        return ""
    last = sum(losses[-third:]) / third
    return "" if last < losses[0] else f"its loss went from {losses[0]:.3f} to {last:.3f}"


def best_step(log: list[dict[str, Any]]) -> int | None:
    """Return the step with the lowest eval_loss, the first of equals; None before any evaluation."""
    losses = [(row["eval_loss"], row["step"]) for row in log if "eval_loss" in row]
    return min(losses)[1] if losses else None

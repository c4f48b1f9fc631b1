"""The training runs in a home, as the page shows them: which there are, and how each goes.

for folder in run_folders(home):
    print(folder.name, read_run(folder).state)
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from finetune.training.checkpoints import CHECKSUMS, RECORD, checkpoints, read_record, step_of
from finetune.training.status import STATUS, TrainingStatus, is_held, read_status
from index.errors import UserError

State = Literal["running", "done", "stopped"]


@dataclass(frozen=True)
class Checkpoint:
    """A kept checkpoint; one without a seal is still being written, or was interrupted."""

    step: int
    saved_at: datetime
    eval_loss: float | None  # None where the run was not judged at that step
    sealed: bool


@dataclass(frozen=True)
class Run:
    """One run: what it is made from, how far it is, its log and its checkpoints, the newest first."""

    state: State
    recipe: str  # as TOML
    examples: int
    status: TrainingStatus
    checkpoints: tuple[Checkpoint, ...]

    def last(self, key: str) -> float | None:
        """Return the newest figure of a name in the log."""
        return next((float(row[key]) for row in reversed(self.status.log) if key in row), None)

    def points(self, key: str) -> list[tuple[int, float]]:
        """Return (step, figure) for each row of the log that has the figure."""
        return [(row["step"], float(row[key])) for row in self.status.log if key in row]


def run_folders(home: Path) -> list[Path]:
    """List the folders of runs and of the trials of sweeps, the one that something was last written to first."""
    runs = [path for places in ("runs/*", "sweeps/*/runs/*") for path in home.glob(places) if (path / RECORD).is_file()]
    return sorted(runs, key=_written_at, reverse=True)


def sweep_of(folder: Path) -> str:
    """Name the sweep whose trial this run is; "" where it is none's."""
    around = folder.parent.parent
    return around.name if around.parent.name == "sweeps" else ""


def read_run(folder: Path) -> Run:
    """Read how a run goes, or went.

    Raises `UserError` where its record or its log is damaged.
    """
    try:
        going_on = is_held(folder)  # asked first: a run that ends meanwhile must not look stopped
        record = read_record(folder)
        state: State = "running" if going_on else "done" if record["finished"] else "stopped"
        status = read_status(folder)
        kept = [_checkpoint(path, status.log) for path in checkpoints(folder)]
        return Run(state, record["recipe"], record["examples"], status, tuple(one for one in kept if one))
    except (FileNotFoundError, KeyError, TypeError) as exc:
        raise UserError(f"{folder / RECORD} is damaged", "a run that training wrote", "--restart") from exc


def _written_at(folder: Path) -> float:
    return max(path.stat().st_mtime for name in (RECORD, STATUS) if (path := folder / name).is_file())


def _checkpoint(path: Path, log: list[dict[str, Any]]) -> Checkpoint | None:
    """Return a checkpoint; None where the run has just removed it."""
    step = step_of(path)
    eval_loss = next((row["eval_loss"] for row in log if row["step"] == step and "eval_loss" in row), None)
    try:
        saved_at = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    except FileNotFoundError:
        return None
    return Checkpoint(step, saved_at, eval_loss, (path / CHECKSUMS).is_file())

"""How a run goes, kept beside its checkpoints for whoever looks on from another process.

The run's folder is locked as long as the process that trains lives, so one that was killed is seen to be still.

    with held(run):
        write_status(run, TrainingStatus(step=7, last_step=20, log=[{"step": 7, "loss": 1.2}]))
    read_status(run).step
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finetune.training.checkpoints import state_of, with_checksums, write_whole
from index.errors import UserError

STATUS = "journal.json"


@dataclass(frozen=True)
class TrainingStatus:
    """How far a run is, and the trainer's log of losses and learning rates by step."""

    step: int
    last_step: int  # at which it is to end; 0 as long as that is not known
    log: list[dict[str, Any]]
    tokens_per_s: float | None = None  # padding not counted
    left_s: float | None = None


@contextlib.contextmanager
def held(run: Path) -> Iterator[None]:
    """Lock a run's folder, waiting for nobody but those who look; the lock goes with the process."""
    descriptor = os.open(run, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_held(run: Path) -> bool:
    """Return whether a process trains this run now."""
    descriptor = os.open(run, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def write_status(run: Path, status: TrainingStatus) -> None:
    """Write how a run goes; a reader sees the old or the new one, whole."""
    write_whole(run / STATUS, json.dumps(asdict(status)))


def read_status(run: Path) -> TrainingStatus:
    """Read how a run goes: from its status file, else from its newest checkpoint, else that nothing is done yet.

    Raises `UserError` where that is damaged.
    """
    try:
        if (run / STATUS).is_file():
            return TrainingStatus(**json.loads((run / STATUS).read_text(encoding="utf-8")))
        finished = with_checksums(run)
        if not finished:
            return TrainingStatus(0, 0, [])
        state = state_of(finished[0])
        return TrainingStatus(state["global_step"], state["max_steps"], state["log_history"])
    except (OSError, ValueError, TypeError, KeyError) as exc:
        raise UserError(f"the log in {run} is damaged", "one that training wrote", "--restart") from exc

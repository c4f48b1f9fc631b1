"""The folder of a training run: begun anew, or that of the run to be resumed.

An unfinished run is lost only when that is asked for; one that another process trains is left to it.

    open_run(run, record, RunOptions(resume=True), differences, "titlewise finetune embedded", processes)
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.training.checkpoints import newest_complete, read_record, write_record
from finetune.training.distributed import Processes
from finetune.training.status import is_held
from index.errors import UserError


@dataclass(frozen=True)
class RunOptions:
    """What a run is called, how it begins and when it ends."""

    name: str = ""  # of the adapter; none: the recipe's
    resume: bool = False  # go on with an unfinished run; where there is none, a new one begins
    restart: bool = False  # lose an unfinished run
    stop_after: int | None = None  # end after so many optimiser steps in all, as if it were the end


def open_run(
    run: Path,
    record: Mapping[str, Any],
    options: RunOptions,
    differences: Callable[[Mapping[str, Any]], Sequence[str]],
    command: str,
    processes: Processes,
) -> None:
    """Make a run's folder ready: a new one, which is to hold `record`, or that of the run to be resumed.

    `differences` names what has changed since an older record was written.

    Raises `UserError` where the folder holds an unfinished run and neither resuming nor a restart is asked for, the
    run to be resumed is made from something else, or another process trains it.
    """
    before = {} if options.restart else read_record(run)  # a damaged one must not be in the way of a new one
    if run.is_dir() and is_held(run):
        raise UserError(f"the run in {run} is going on in another process", "a run of one's own", "--name NAME")
    resume = options.resume and bool(before)
    if options.resume and not before:
        processes.say(f"there is no run in {run} to resume: it begins anew")
    if resume:
        _check_the_same(run, differences(before), command)
        _tell_what_is_new(run, before, record, processes)
    elif before and not before.get("finished"):
        raise UserError(
            f"{run} holds an unfinished run",
            "--resume to go on with it, or --restart to lose it",
            f"{command} --resume",
        )
    processes.wait()  # all have looked before one writes
    if not resume and processes.is_first:
        shutil.rmtree(run, ignore_errors=True)
        write_record(run, {**record, "finished": False})
    processes.wait()


def _check_the_same(run: Path, differences: Sequence[str], command: str) -> None:
    """Refuse to resume what was begun with something else."""
    if differences:
        raise UserError(
            f"the run in {run} was begun with something else ({'; '.join(differences)})",
            "the recipe, examples and model that it was begun with",
            f"{command} --restart",
        )


def _tell_what_is_new(run: Path, before: Mapping[str, Any], record: Mapping[str, Any], processes: Processes) -> None:
    """Say where a resumed run begins anew after all, and which libraries are others than they were."""
    if newest_complete(run)[0] is None:
        processes.say(f"{run} holds no whole checkpoint yet: it begins anew")
    for library, was in before.get("versions", {}).items():
        now = record["versions"].get(library)
        if now != was:
            processes.say(f"{library} was {was} when the run began and is {now} now")

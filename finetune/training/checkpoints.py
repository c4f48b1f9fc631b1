"""Checkpoints that survive a kill at any moment, and the record of what a run is made from.

A checkpoint is a folder `checkpoint-STEP`; its checksums, written last, list every file with
size and SHA-256. One that they do not match, or that has none, does not count. Nothing is pickled: tensors are
safetensors, the rest is JSON. What the files mean is `finetune.training.trainer`'s affair.

    newest, broken = newest_complete(home / "runs" / "embedded")
"""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.artefacts import checksum_of, sync
from index.errors import UserError

CHECKSUMS = "complete.json"
RECORD = "run.json"
KEPT = 2  # the newest one, and the one before it
_NAME = re.compile(r"checkpoint-(\d+)")


def write_checksums(checkpoint: Path) -> None:
    """Write, after all files have reached the disk, the list that makes a checkpoint complete."""
    files = {}
    for path in sorted(path for path in checkpoint.rglob("*") if path.is_file() and path.name != CHECKSUMS):
        sync(path)
        files[str(path.relative_to(checkpoint))] = checksum_of(path)
    write_whole(checkpoint / CHECKSUMS, json.dumps(files, indent=1))
    sync(checkpoint.parent)


def is_complete(checkpoint: Path) -> bool:
    """Return whether every file of a checkpoint matches its checksums."""
    try:
        files = json.loads((checkpoint / CHECKSUMS).read_text(encoding="utf-8"))
        return bool(files) and all(checksum_of(checkpoint / name) == record for name, record in files.items())
    except (OSError, ValueError, AttributeError):
        return False


def checkpoints(run: Path) -> list[Path]:
    """List the checkpoints of a run, complete or not, newest first."""
    return sorted((path for path in run.glob("checkpoint-*") if _NAME.fullmatch(path.name)), key=step_of, reverse=True)


def step_of(checkpoint: Path) -> int:
    """Return the optimiser step after which a checkpoint was made."""
    return int(checkpoint.name.removeprefix("checkpoint-"))


def newest_complete(run: Path) -> tuple[Path | None, list[Path]]:
    """Return the newest complete checkpoint, and the broken ones that were newer."""
    broken: list[Path] = []
    for path in checkpoints(run):
        if is_complete(path):
            return path, broken
        broken.append(path)
    return None, broken


def with_checksums(run: Path) -> list[Path]:
    """List the checkpoints that have checksums, newest first, without comparing them."""
    return [path for path in checkpoints(run) if (path / CHECKSUMS).is_file()]


def state_of(checkpoint: Path) -> dict[str, Any]:
    """Read the trainer's own account of a checkpoint: its step, and the log of losses until there."""
    state: dict[str, Any] = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    return state


def keep_newest(run: Path, *, also: Sequence[int] = ()) -> None:
    """Remove all but the newest checkpoints and those of the steps in `also`."""
    finished = with_checksums(run)
    kept = {*finished[:KEPT], *(path for path in finished if step_of(path) in also)}
    for path in checkpoints(run):
        if path not in kept:
            # The checksums first: half a checkpoint must not look like a whole one.
            (path / CHECKSUMS).unlink(missing_ok=True)
            shutil.rmtree(path)


def write_record(run: Path, record: dict[str, Any]) -> None:
    """Write what the run is made from: recipe, data, model, versions."""
    run.mkdir(parents=True, exist_ok=True)
    write_whole(run / RECORD, json.dumps(record, indent=1, ensure_ascii=False))


def read_record(run: Path) -> dict[str, Any]:
    """Read what a run is made from; empty where there is none yet."""
    try:
        record: dict[str, Any] = json.loads((run / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as exc:
        raise UserError(f"{run / RECORD} is damaged", "a run that can be resumed", "--restart") from exc
    return record


def write_tree(value: Any, path: Path) -> None:
    """Write nested dicts, lists and tuples as `path`.json, the tensors in them as `path`.safetensors."""
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {}
    tree = _without_tensors(value, tensors)
    save_file(tensors, path.with_suffix(".safetensors"))
    write_whole(path.with_suffix(".json"), json.dumps(tree))


def read_tree(path: Path) -> Any:
    """Read what `write_tree` wrote; the tensors are on the CPU."""
    from safetensors.torch import load_file

    tensors = load_file(path.with_suffix(".safetensors"))
    return _with_tensors(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")), tensors)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new one, whole, even after a crash."""
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_text(text, encoding="utf-8")
    sync(scratch)
    scratch.replace(path)
    sync(path.parent)


def _without_tensors(value: Any, tensors: dict[str, Any]) -> Any:
    """Return `value` as JSON can hold it, each part with its type; its tensors go to `tensors`."""
    import torch

    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().clone().contiguous()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"dict": [[key, _without_tensors(part, tensors)] for key, part in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_without_tensors(part, tensors) for part in value]}
    if value is None or isinstance(value, str | int | float | bool):
        return {"plain": value}
    raise TypeError(f"a checkpoint cannot hold a {type(value).__name__}")


def _with_tensors(tree: dict[str, Any], tensors: dict[str, Any]) -> Any:
    ((sign, value),) = tree.items()
    if sign == "tensor":
        return tensors[value]
    if sign == "dict":
        return {key: _with_tensors(part, tensors) for key, part in value}
    if sign == "plain":
        return value
    parts = [_with_tensors(part, tensors) for part in value]
    return tuple(parts) if sign == "tuple" else parts

"""Checkpoints: what counts as complete, which are kept, and that trees of tensors come back as they were."""

from collections import OrderedDict
from pathlib import Path

import pytest

from finetune.training.checkpoints import (
    CHECKSUMS,
    checkpoints,
    is_complete,
    keep_newest,
    newest_complete,
    read_tree,
    write_checksums,
    write_tree,
)


def make(run: Path, step: int, *, sealed: bool = True) -> Path:
    folder = run / f"checkpoint-{step}"
    (folder / "inner").mkdir(parents=True)
    (folder / "weights").write_bytes(b"0123456789")
    (folder / "inner" / "more").write_bytes(b"abc")
    if sealed:
        write_checksums(folder)
    return folder


def test_a_checkpoint_is_complete_once_it_is_sealed(tmp_path: Path) -> None:
    folder = make(tmp_path, 3, sealed=False)
    assert not is_complete(folder)
    write_checksums(folder)
    assert is_complete(folder)


@pytest.mark.parametrize("harm", ["shorter", "flipped", "gone", "seal gone", "seal cut", "seal no JSON object"])
def test_a_checkpoint_that_is_harmed_is_not_complete(tmp_path: Path, harm: str) -> None:
    folder = make(tmp_path, 3)
    path = folder / "inner" / "more"
    if harm == "shorter":
        path.write_bytes(b"ab")
    elif harm == "flipped":
        path.write_bytes(b"abd")
    elif harm == "gone":
        path.unlink()
    elif harm == "seal gone":
        (folder / CHECKSUMS).unlink()
    elif harm == "seal cut":
        (folder / CHECKSUMS).write_text((folder / CHECKSUMS).read_text()[:-20])
    else:
        (folder / CHECKSUMS).write_text("[]")
    assert not is_complete(folder)


def test_the_newest_complete_one_is_found_past_broken_ones(tmp_path: Path) -> None:
    make(tmp_path, 9)
    whole = make(tmp_path, 10)
    broken = make(tmp_path, 100, sealed=False)
    assert newest_complete(tmp_path) == (whole, [broken])


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert newest_complete(tmp_path / "absent") == (None, [])


def test_the_two_newest_are_kept_and_those_asked_for(tmp_path: Path) -> None:
    for step in (2, 4, 6, 8, 10):
        make(tmp_path, step)
    keep_newest(tmp_path, also=[4])
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-10", "checkpoint-8", "checkpoint-4"]


def test_one_without_a_seal_does_not_count_among_those_kept(tmp_path: Path) -> None:
    for step in (2, 4):
        make(tmp_path, step)
    make(tmp_path, 6, sealed=False)
    keep_newest(tmp_path)
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-4", "checkpoint-2"]


def test_a_tree_of_tensors_comes_back_as_it_was(tmp_path: Path) -> None:
    import torch

    shared = torch.arange(6, dtype=torch.uint8)
    tree = {
        "state": {
            0: {"step": torch.tensor(3.0), "seen": shared},
            7: {"again": shared, "half": torch.ones(2).bfloat16()},
        },
        "groups": [{"betas": (0.9, 0.999), "lr": 0.1 + 0.2, "off": None, "on": True, "name": "é"}],
        "ordered": OrderedDict(a=1),
    }
    write_tree(tree, tmp_path / "tree")
    back = read_tree(tmp_path / "tree")
    assert back["groups"] == tree["groups"]
    assert back["ordered"] == {"a": 1}
    assert list(back["state"]) == [0, 7]
    for key in (0, 7):
        for name, tensor in tree["state"][key].items():  # type: ignore[index]
            assert back["state"][key][name].dtype == tensor.dtype
            assert torch.equal(back["state"][key][name], tensor)


def test_what_a_tree_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot hold a PosixPath"):
        write_tree({"place": tmp_path}, tmp_path / "tree")

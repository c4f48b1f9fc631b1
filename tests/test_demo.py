"""The demonstration: it shows every kind of reply, is quick the second time, and harms nobody's catalogue."""

import json
import shutil
import time
from pathlib import Path

import pytest

from index.artefacts import MANIFEST
from ui.cli import main
from ui.commands.answering.demo import QUESTIONS, demo_home, make_ready

Said = pytest.CaptureFixture[str]
OTHER = {"uid": "U1", "title": "Oak Stool", "content": "Holds 120 kg. Made of oak."}
MAX_SECOND_RUN_S = 60  # "seconds" on two idle cores; this machine may be busy


def foreign_home(folder: Path) -> Path:
    """Give a home with a catalogue of somebody's own."""
    (folder / "trn.json").write_text(json.dumps(OTHER))
    assert main(["--home", str(folder / "home"), "prepare", str(folder / "trn.json")]) == 0
    return folder / "home"


def files(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def test_the_demo_shows_every_kind_of_reply_and_makes_nothing_anew(
    sample_home: Path, embedded_model: Path, capsys: Said
) -> None:
    before = files(sample_home)
    start_s = time.monotonic()
    assert main(["--home", str(sample_home), "demo"]) == 0
    assert time.monotonic() - start_s < MAX_SECOND_RUN_S
    out, err = capsys.readouterr()
    assert err == ""
    assert files(sample_home) == before
    assert "Preparing" not in out
    for question in QUESTIONS:
        assert f"\n> {question}\n[" in out
    for kind in (
        "[answer] ",
        "[not stated] ",
        "[which one?]",
        "[not found]",
        "[products that fit]",
        "[side by side]",
        "[help]",
    ):
        assert kind in out
    assert f"titlewise --home {sample_home} chat" in out.splitlines()[-1]


@pytest.mark.slow
def test_the_demo_makes_what_is_missing_or_damaged_and_makes_it_once(
    sample_home: Path, tmp_path: Path, capsys: Said
) -> None:
    shutil.copytree(sample_home / "index", tmp_path / "index")
    (tmp_path / "index" / "base" / "vectors.faiss").write_bytes(b"damaged")
    make_ready(tmp_path)
    prepared, kept, indexed = capsys.readouterr().out.splitlines()
    assert (prepared, indexed) == ("Preparing the sample catalogue …", "Indexing its titles …")
    assert kept.startswith("401 products kept of 408 rows")
    assert files(tmp_path).keys() == files(sample_home).keys()
    make_ready(tmp_path)
    assert capsys.readouterr().out == ""


def test_the_demo_leaves_a_catalogue_of_somebody_s_own_alone(
    sample_home: Path, tmp_path: Path, embedded_model: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.commands.answering.demo.QUESTIONS", QUESTIONS[:1])
    home = foreign_home(tmp_path)
    shutil.copytree(sample_home, home / "demo")  # where an earlier demo put it
    before = files(home)
    capsys.readouterr()
    assert main(["--home", str(home), "demo", "--base"]) == 0
    out = capsys.readouterr().out
    assert "(TWA0000101)" in out
    assert f"titlewise --home {home / 'demo'} chat" in out.splitlines()[-1]
    after = files(home)
    assert {name: after[name] for name in before} == before


def test_a_damaged_catalogue_of_somebody_s_own_is_not_replaced_either(tmp_path: Path, capsys: Said) -> None:
    home = foreign_home(tmp_path)
    assert demo_home(home) == home / "demo"
    manifest = home / "catalogue" / MANIFEST
    manifest.write_bytes(manifest.read_bytes()[:-20])
    assert demo_home(home) == home / "demo"


def test_an_empty_home_and_one_with_the_sample_are_the_demo_s_own(sample_home: Path, tmp_path: Path) -> None:
    assert demo_home(tmp_path) == tmp_path
    assert demo_home(tmp_path / "absent") == tmp_path / "absent"
    assert demo_home(sample_home) == sample_home

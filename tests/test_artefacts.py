"""Artefacts: published whole or not at all; damage never passes unseen."""

import hashlib
import json
import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from index.artefacts import Manifest, checksum_of, open_verified, publish, read_manifest
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.errors import ArtefactError


def _publish(folder: Path, text: str, kind: str = "index", made_from: str = "") -> None:
    with publish(folder, kind=kind, made_by={"seed": 1}, made_from=made_from) as scratch:
        for name in ("one.txt", "two.txt"):
            (scratch / name).write_text(text)
        (scratch / "deeper").mkdir()
        (scratch / "deeper" / "three.txt").write_text(text)


def _texts(folder: Path, manifest: Manifest) -> set[str]:
    return {(folder / name).read_text() for name in manifest.files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with something in every file."""
    home = tmp_path_factory.mktemp("home")
    rows = [{"uid": f"U{number % 18}", "title": f"Product {number % 9}", "content": "Same."} for number in range(20)]
    (home / "trn.json").write_text("".join(json.dumps(row) + "\n" for row in rows) + "broken\n")
    prepare(home / "trn.json", home / "catalogue")
    return home / "catalogue"


def test_a_checksum_is_size_and_digest_as_manifests_list_them(whole: Path) -> None:
    for name, record in read_manifest(whole, "catalogue").files.items():
        data = (whole / name).read_bytes()
        assert checksum_of(whole / name) == record == {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


FILES = [
    *("products.arrow", "aliases.arrow", "uid_hashes.npy", "uid_entries.npy"),
    *("report.json", "report.md", "rejected.jsonl", "manifest.json"),
]


def test_the_damage_tests_cover_every_file_of_a_catalogue(whole: Path) -> None:
    assert sorted(path.name for path in whole.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_anywhere_is_an_error_that_names_the_file(whole: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "catalogue"
    shutil.copytree(whole, copy)
    Catalogue.load(copy)
    good = (copy / name).read_bytes()
    assert good
    for place in {0, 1, len(good) // 3, len(good) // 2, 2 * len(good) // 3, len(good) - 2}:
        for flip in (0x01, 0x80):
            bad = bytearray(good)
            bad[place] ^= flip
            (copy / name).write_bytes(bad)
            with pytest.raises(ArtefactError) as raised:
                Catalogue.load(copy)
            assert name in str(raised.value)
            assert "titlewise prepare" in str(raised.value)
    (copy / name).write_bytes(good)
    Catalogue.load(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_or_grown_or_gone_is_an_error_that_names_it(whole: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "catalogue"
    shutil.copytree(whole, copy)
    good = (copy / name).read_bytes()
    for bad in (b"", good[: len(good) // 2], good[:-2], good + b"x"):
        (copy / name).write_bytes(bad)
        with pytest.raises(ArtefactError, match=name):
            Catalogue.load(copy)
    (copy / name).unlink()
    with pytest.raises(ArtefactError, match=name):
        Catalogue.load(copy)


def test_every_byte_of_a_manifest_counts(tmp_path: Path) -> None:
    _publish(tmp_path / "index", "text")
    path = tmp_path / "index" / "manifest.json"
    good = path.read_bytes()
    digest = read_manifest(tmp_path / "index", "index").digest
    for place in range(len(good)):
        bad = bytearray(good)
        bad[place] ^= 0x02
        path.write_bytes(bad)
        try:
            manifest = read_manifest(tmp_path / "index", "index")
        except ArtefactError as error:
            assert "manifest.json" in str(error)
        else:
            # A flipped blank between two values says the same thing still.
            assert good[place : place + 1].isspace()
            assert manifest.digest == digest


def test_an_artefact_of_another_kind_or_format_is_refused(tmp_path: Path) -> None:
    _publish(tmp_path / "index", "text")
    with pytest.raises(ArtefactError, match="has kind index, format 4; expected kind catalogue, format 1"):
        read_manifest(tmp_path / "index", "catalogue")


def test_the_digest_follows_the_content_and_its_origin(tmp_path: Path) -> None:
    digests = []
    for number, (text, origin) in enumerate([("a", ""), ("a", ""), ("b", ""), ("a", "x")]):
        folder = tmp_path / str(number)
        _publish(folder, text, made_from=origin)
        digests.append(read_manifest(folder, "index").digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_an_exception_leaves_what_was_there_and_no_litter(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    for before in (False, True):
        if before:
            _publish(folder, "old")
        with pytest.raises(KeyboardInterrupt), publish(folder, kind="index", made_by={}) as scratch:
            (scratch / "one.txt").write_text("half")
            raise KeyboardInterrupt
        assert folder.exists() is before
        assert [path.name for path in tmp_path.iterdir()] == ["index"] * before
    assert open_verified(folder, "index", _texts) == {"old"}


def test_readers_see_the_old_or_the_new_one_whole_while_it_is_published(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    _publish(folder, "text 0")
    seen: list[set[str]] = []
    errors: list[BaseException] = []
    ended = threading.Event()

    def read() -> None:
        try:
            while not ended.is_set():
                seen.append(open_verified(folder, "index", _texts))
        except BaseException as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 60):
        _publish(folder, f"text {number}")
    ended.set()
    for reader in readers:
        reader.join()
    assert not errors
    assert all(len(texts) == 1 for texts in seen)
    assert len({text for texts in seen for text in texts}) > 1
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


@pytest.mark.parametrize(
    "manifest",
    [None, '{"name": "My web page", "icons": []}', "[]", "\x00"],
    ids=["none", "a web page's", "list", "nul"],
)
def test_a_folder_with_something_else_in_it_is_never_replaced(tmp_path: Path, manifest: str | None) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    if manifest is not None:
        (folder / "manifest.json").write_text(manifest)
    with pytest.raises(ArtefactError, match="mine exists and is no index of ours"):
        _publish(folder, "text")
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_an_artefact_of_another_kind_is_never_replaced(tmp_path: Path) -> None:
    _publish(tmp_path / "adapter", "weights", kind="adapter")
    with pytest.raises(ArtefactError, match="no index of ours"):
        _publish(tmp_path / "adapter", "text")
    assert open_verified(tmp_path / "adapter", "adapter", _texts) == {"weights"}


def test_an_empty_folder_and_a_damaged_artefact_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    _publish(tmp_path / "index", "one")
    manifest = tmp_path / "index" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:80])
    _publish(tmp_path / "index", "two")
    assert open_verified(tmp_path / "index", "index", _texts) == {"two"}


def test_a_link_to_an_artefact_stays_a_link(tmp_path: Path) -> None:
    _publish(tmp_path / "disk" / "index", "one")
    (tmp_path / "index").symlink_to(tmp_path / "disk" / "index")
    _publish(tmp_path / "index", "two")
    assert (tmp_path / "index").is_symlink()
    assert open_verified(tmp_path / "disk" / "index", "index", _texts) == {"two"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "index"]


def test_a_place_that_cannot_be_written_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtefactError, match="cannot be written to") as raised:
        _publish(tmp_path / "file" / "index", "text")
    assert "\n" not in str(raised.value)


def test_what_a_killed_process_left_is_removed_and_what_one_fills_is_not(tmp_path: Path) -> None:
    left = tmp_path / ".index-aaaaaaaa"
    of_tomorrow = tmp_path / ".index-bbbbbbbb"
    mine = tmp_path / ".index-backup"
    for folder, at in ((left, 0.0), (of_tomorrow, time.time() + 86_400), (mine, 0.0)):
        folder.mkdir()
        os.utime(folder, (at, at))
    with publish(tmp_path / "index", kind="index", made_by={}) as scratch:
        os.utime(scratch, (0, 0))
        with publish(tmp_path / "index", kind="index", made_by={}) as other:
            (other / "file").write_text("other")
        assert scratch.is_dir()
    assert not left.exists()
    assert not of_tomorrow.exists()
    assert mine.is_dir()

"""The same on Ray as in our own processes: the catalogue to the byte, whatever is killed meanwhile."""

import contextlib
import gzip
import io
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny_sentence_model
from test_prepare import dirty
from test_remote import served, written

from index.catalogue.prepare import CatalogueSettings, Report, prepare
from index.catalogue.store import Catalogue
from index.errors import SourceError, UserError
from index.parallel import cluster
from index.parallel.mapping import Map
from index.parallel.open import opened_map
from index.remote.paths import RemotePath
from index.sample import PATH as SAMPLE
from index.settings import IndexSettings
from index.text import fold
from index.titles.encoder import HashedTfidfEncoder, SentenceEncoder, hashed_idf
from index.titles.vectors import title_vectors
from ui.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")]


@pytest.fixture(scope="module", autouse=True)
def mapped() -> Iterator[Map]:
    """Ray, started as `--ray local` does; while it runs, whatever asks for Ray finds this one."""
    with opened_map(1, "local") as opened:
        yield opened


def files(folder: Path) -> dict[str, bytes]:
    """Give the files of an artefact by their paths in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def both(source: Path | list[Path], folder: Path, **options: Any) -> Report:
    """Prepare a source in this process and on Ray, see that they are the same, and return the report."""
    prepare(source, folder / "own", CatalogueSettings(workers=1, **options))
    report = prepare(source, folder / "ray", CatalogueSettings(ray="local", **options))
    assert files(folder / "own") == files(folder / "ray")
    return report


def test_the_sample_catalogue_is_the_same_to_the_byte(sample_home: Path, tmp_path: Path) -> None:
    assert main(["--home", str(tmp_path), "prepare", str(SAMPLE), "--ray", "local"]) == 0
    assert files(tmp_path / "catalogue") == files(sample_home / "catalogue")


def test_many_blocks_of_what_is_dirty_come_in_order(tmp_path: Path) -> None:
    (tmp_path / "trn.json").write_bytes(dirty(4000))
    report = both(tmp_path / "trn.json", tmp_path, read_bytes=1 << 16)
    assert report.merged
    assert set(report.rejected) == {"duplicate uid", "not JSON", "not an object"}


def test_files_of_all_kinds_are_read_side_by_side_and_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    columns = {"uid": ["P1", "P2"], "title": ["Harrow Tent", ""], "content": ["For two.", "x"]}
    pq.write_table(pa.table(columns), folder / "a.parquet")
    (folder / "b.csv").write_text('uid;title;content\nC1;"Café; round";Für drei\n', encoding="cp1252")
    (folder / "c.json").write_text('{"products": [{"uid": "J1", "title": "Pan", "content": "Of iron."}]}')
    (folder / "d.jsonl.gz").write_bytes(gzip.compress(dirty(300)))
    (folder / "e.xml").write_text(
        "<rss><channel><item><id>X1</id><title>Pot</title><description>Deep.</description></item></channel></rss>"
    )
    report = both(folder, tmp_path)
    assert [each.name for each in report.recognised] == ["a.parquet", "b.csv", "c.json", "d.jsonl.gz", "e.xml"]
    assert report.recognised[1].encoding == "Windows-1252"
    assert report.rejected["empty title"] == 1


def test_a_folder_by_its_url_is_read_by_the_workers(tmp_path: Path) -> None:
    folder = written(tmp_path / "shop")
    prepare(folder, tmp_path / "here", CatalogueSettings(workers=1))
    with served(tmp_path) as address:
        prepare(RemotePath(f"{address}shop/"), tmp_path / "there", CatalogueSettings(ray="local"))
    assert files(tmp_path / "there") == files(tmp_path / "here")


def test_the_index_of_the_sample_catalogue_is_the_same_to_the_byte(sample_home: Path, tmp_path: Path) -> None:
    shutil.copytree(sample_home / "catalogue", tmp_path / "catalogue")
    assert main(["--home", str(tmp_path), "index", "--ray", "local"]) == 0
    assert files(tmp_path / "index") == files(sample_home / "index")


def test_titles_are_encoded_in_order_to_the_same_vectors(sample_home: Path) -> None:
    titles = Catalogue.load(sample_home / "catalogue").titles()
    encoder = HashedTfidfEncoder.of(hashed_idf([fold(title) for title in titles]))
    own, ray = (list(title_vectors(titles, 100, encoder, IndexSettings(ray=ray))) for ray in ("", "local"))
    assert list(map(len, own)) == [100, 100, 100, 100, 1]
    assert all(np.array_equal(one, other) for one, other in zip(own, ray, strict=True))


def test_a_sentence_transformers_model_goes_to_the_workers_whole(tmp_path: Path) -> None:
    titles = ["Harrow Kettle", "Quill Pen"]
    encoder = SentenceEncoder.open(str(tiny_sentence_model.build(tmp_path / "model", titles)))
    shutil.rmtree(tmp_path / "model")
    (vectors,) = title_vectors(titles, 100, encoder, IndexSettings(ray="local"))
    assert np.array_equal(vectors, encoder.encode(titles))


def test_parts_of_megabytes_are_read(mapped: Map) -> None:
    parts = ["x" * (2 << 20), "y", "z" * (2 << 20)]
    assert list(mapped(str.splitlines, parts, len)) == [2 << 20, 1, 2 << 20]


def test_items_and_results_keep_their_types(mapped: Map) -> None:
    parts = [["a", "b c"], [1, [2, 3]], [], [(4,), {"five": None}]]
    assert list(mapped(iter, parts, lambda item: [item])) == [[item] for part in parts for item in part]
    assert list(mapped(iter, [], len)) == []


def test_results_come_in_order_though_the_first_takes_longest(mapped: Map) -> None:
    waits_s = [2.0, 0.0, 0.2, 0.0]
    assert list(mapped(lambda part: [part], waits_s, lambda wait_s: (time.sleep(wait_s), wait_s)[1])) == waits_s


def test_workers_that_are_killed_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "trn.json").write_bytes(dirty(6000))
    ended = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        killed = threads.submit(kill_one_of_each, ["ray::Read", "ray::MapBatches"], ended)
        try:
            both(tmp_path / "trn.json", tmp_path)
        finally:
            ended.set()
    assert killed.result() == ["ray::Read", "ray::MapBatches"]


def kill_one_of_each(tasks: list[str], ended: threading.Event) -> list[str]:
    """Kill the first worker of our own Ray that is seen at the first task, then at the next; return at which."""
    killed: list[str] = []
    while len(killed) < len(tasks) and not ended.wait(0.005):
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.cmdline()[:1] and process.cmdline()[0].startswith(tasks[len(killed)]):
                    process.kill()
                    killed.append(tasks[len(killed)])
                    break
    return killed


def test_what_a_worker_cannot_read_is_told_in_one_line(tmp_path: Path) -> None:
    source = tmp_path / "trn.json"
    source.write_bytes(dirty(300))
    with pytest.raises(SourceError, match=r"there is no file .*trn\.json; expected"):
        prepare(source, tmp_path / "ray", CatalogueSettings(ray="local"), announce=lambda sources: source.unlink())
    assert not (tmp_path / "ray").exists()


def test_a_truncated_source_is_refused_as_in_our_own_processes(tmp_path: Path) -> None:
    source = tmp_path / "trn.json.gz"
    source.write_bytes(gzip.compress(dirty(4000))[:-5000])
    faults = []
    for ray in ("", "local"):
        with pytest.raises(SourceError, match="ends in mid-stream") as raised:
            prepare(source, tmp_path / "catalogue", CatalogueSettings(ray=ray))
        faults.append(str(raised.value))
    assert faults[0] == faults[1]
    assert both(source, tmp_path, accept_truncated=True).rejected["truncated gzip"] == 1


def test_workers_with_other_packages_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trn.json").write_bytes(dirty(300))
    monkeypatch.setattr(cluster, "_versions", lambda: {"ftfy": "5.0"})
    with pytest.raises(UserError, match=r"a worker of the cluster has ftfy 6.*; expected ftfy 5\.0, as here"):
        prepare(tmp_path / "trn.json", tmp_path / "ray", CatalogueSettings(ray="local"))


def test_a_cluster_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("titlewise"), "--home", tmp_path, "prepare", SAMPLE]
    done = subprocess.run([*command, "--ray", "127.0.0.1:9"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "no Ray cluster could be reached at '127.0.0.1:9'" in done.stderr


def test_standard_input_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(dirty(300))))
    with pytest.raises(SourceError, match="standard input and pipes cannot be read on Ray"):
        prepare(Path("-"), tmp_path / "ray", CatalogueSettings(ray="local"))


def test_workers_of_this_machine_do_not_go_with_ray(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["prepare", str(SAMPLE), "--ray", "local", "--workers", "2"])
    assert "--workers are processes of this machine" in capsys.readouterr().err

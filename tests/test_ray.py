"""The same on Ray as in our own processes: the catalogue to the byte, whatever is killed meanwhile."""

import functools
import gzip
import io
import itertools
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_prepare import dirty

from index.catalogue.prepare import CatalogueSettings, Report, prepare
from index.catalogue.sources.source import Source
from index.errors import SourceError, UserError
from index.parallel.mapping import Map, opened_map
from index.sample import PATH as SAMPLE
from ui.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")]


@pytest.fixture(scope="module", autouse=True)
def mapped() -> Iterator[Map]:
    """Ray, started as `--ray local` does; while it runs, whatever asks for Ray finds this one."""
    with opened_map(1, "local") as opened:
        yield opened


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


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

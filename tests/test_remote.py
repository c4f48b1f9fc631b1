"""Sources and copies of a home elsewhere: by fsspec's own memory, a folder's URL and a real web server."""

import contextlib
import functools
import gzip
import http.server
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from test_prepare import dirty

from index.artefacts import read_manifest
from index.catalogue.prepare import CatalogueSettings, prepare
from index.catalogue.sources.source import Source
from index.catalogue.store import Catalogue
from index.errors import ArtefactError, SourceError, UserError
from index.live import LiveIndex, open_both
from index.progress import Silent
from index.remote.home import POINTER, pull, push
from index.remote.paths import RemotePath, path_of
from index.sample import PATH as SAMPLE
from index.upsert import read_rows, upsert
from ui.cli import main

ROWS = {"uid": ["P1", "P2"], "title": ["Harrow Tent", "Tarn Bell"], "content": ["For two.", "Of brass."]}


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """The memory of fsspec, empty before and after."""
    system = fsspec.filesystem("memory")
    with contextlib.suppress(FileNotFoundError):
        system.rm("/", recursive=True)
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, whole files only, as Python's own server does; a name with "secret" in it is refused."""

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        if "secret" in self.path:
            self.send_error(403)
        elif "broken" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", "5000000")
            self.end_headers()
            self.wfile.write(dirty(300))
        else:
            super().do_GET()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP, and yield its address, which ends in "/"."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def written(folder: Path) -> Path:
    """Write sources of several kinds into a new folder."""
    folder.mkdir()
    table = pa.table(ROWS)
    pq.write_table(table, folder / "a.parquet")
    (folder / "b.csv").write_text('uid;title;content\nC1;"Café; round";Für drei\n', encoding="cp1252")
    (folder / "c.jsonl.gz").write_bytes(gzip.compress(dirty(3000)))
    pa.feather.write_feather(table.set_column(0, "uid", [["A1", "A2"]]), folder / "d.arrow", "uncompressed")
    (folder / "notes.md").write_text("no source")
    return folder


def copied(folder: Path, system: fsspec.AbstractFileSystem, place: str) -> None:
    for path in folder.iterdir():
        system.pipe_file(f"{place}/{path.name}", path.read_bytes())


def same_without_times(one: Path, other: Path) -> None:
    """See that two catalogues have the same digest, and so the same files but for the report's times."""
    assert read_manifest(one, "catalogue").files == read_manifest(other, "catalogue").files


@pytest.mark.parametrize("workers", [1, 2])
def test_a_folder_elsewhere_gives_the_catalogue_of_the_same_folder_here(
    workers: int, memory: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    folder = written(tmp_path / "shop")
    copied(folder, memory, "/bucket/shop")
    report = prepare(RemotePath("memory://bucket/shop/"), tmp_path / "there", CatalogueSettings(workers=workers))
    own = prepare(folder, tmp_path / "here", CatalogueSettings(workers=1))
    assert files(tmp_path / "there") == files(tmp_path / "here")
    assert report.passed_over == own.passed_over == ["notes.md"]
    assert [each.name for each in report.recognised] == ["a.parquet", "b.csv", "c.jsonl.gz", "d.arrow"]


def test_a_web_server_that_sends_whole_files_alone_does_as_well(tmp_path: Path) -> None:
    folder = written(tmp_path / "shop")
    with served(tmp_path) as address:
        prepare(RemotePath(f"{address}shop/"), tmp_path / "there")
        prepare(RemotePath(f"{address}shop/a.parquet?key=hidden"), tmp_path / "one")
    prepare(folder, tmp_path / "here")
    assert files(tmp_path / "there") == files(tmp_path / "here")
    assert len(Catalogue.load(tmp_path / "one")) == 2
    assert b"hidden" not in (tmp_path / "one" / "manifest.json").read_bytes()


def test_the_command_reads_urls(
    memory: fsspec.AbstractFileSystem, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    memory.pipe_file("/shop.json", SAMPLE.read_bytes())
    assert main(["--home", str(tmp_path / "home"), "prepare", "memory://shop.json"]) == 0
    assert "Read as shop.json (JSON Lines" in capsys.readouterr().out
    assert main(["--home", str(tmp_path / "home"), "prepare", f"file://{SAMPLE}"]) == 0


def test_single_products_are_read_from_urls(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe_file("/new.jsonl", b'{"uid": "P1", "title": "Harrow Tent", "content": "For two."}\n')
    assert [row["uid"] for row in read_rows(RemotePath("memory://new.jsonl"))] == ["P1"]


def test_what_is_shown_of_a_url_has_no_password_and_no_query() -> None:
    assert str(RemotePath("https://me:word@shop.example/feed.xml?key=abc")) == "https://shop.example/feed.xml"
    assert str(RemotePath("s3://bucket/a@b?c:d.csv")) == "s3://bucket/a@b?c:d.csv"
    assert RemotePath("https://shop.example/feed.xml?a=b/c").name == "feed.xml"
    assert (RemotePath("s3://bucket/shop/") / "a.csv").url == "s3://bucket/shop/a.csv"
    assert path_of("shop/a.csv") == Path("shop/a.csv")


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("memory://absent.csv", r"there is no file memory://absent\.csv; .*the URL of a file, or that of a folder"),
        ("memory://shop", r"memory://shop is a folder; .*: titlewise prepare memory://shop/"),
        ("memory://nowhere/", r"memory://nowhere/ cannot be listed \(no such file\)"),
        ("memory://notes/", r"memory://notes/ is a folder without a source"),
        ("s3://bucket/shop.csv", r"s3:// cannot be reached \(.*; mend it with: pip install s3fs$"),
        ("nonsense://shop.csv", r"nonsense://shop\.csv cannot be opened \(ValueError: Protocol not known: nonsense\)"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(
    url: str, fault: str, memory: fsspec.AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    memory.pipe_file("/shop/a.csv", b"uid,title\n")
    memory.pipe_file("/notes/a.md", b"no source")
    with pytest.raises(UserError, match=fault) as raised:
        prepare(RemotePath(url), tmp_path / "catalogue")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "catalogue").exists()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("absent.csv", r"there is no file http://127\.0\.0\.1:\d+/absent\.csv"),
        ("secret.csv", r"secret\.csv cannot be opened \(ClientResponseError: 403"),
        ("broken.jsonl", r"broken\.jsonl cannot be read \(ClientPayloadError"),
    ],
)
def test_what_a_web_server_refuses_is_told_in_one_line(name: str, fault: str, tmp_path: Path) -> None:
    with served(tmp_path) as address, pytest.raises(SourceError, match=fault):
        prepare(RemotePath(address + name), tmp_path / "catalogue")


def test_a_web_server_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot be opened \(ClientConnectorError"):
        prepare(RemotePath("http://127.0.0.1:9/shop.csv"), tmp_path / "catalogue")


def test_a_damaged_table_elsewhere_is_told_by_its_name(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe_file("/a.parquet", b"PAR1 and no more")
    with pytest.raises(SourceError, match=r"a\.parquet is no whole Parquet file"):
        Source(RemotePath("memory://a.parquet"), CatalogueSettings())


@pytest.mark.parametrize("words", [["--home", "s3://bucket/home", "index"], ["prepare", "a.csv", "--out", "s3://a/b"]])
def test_nothing_is_made_at_a_url(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "is a URL: what is made lies on a disk, and titlewise push copies it" in capsys.readouterr().err


# Copies of a home


def new_home(sample_home: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in ("catalogue", "index"):
        shutil.copytree(sample_home / name, folder / name)
    return folder


def changed(home: Path, uid: str) -> None:
    """Upsert one product."""
    row = {"uid": uid, "title": f"Harrow Lantern {uid}", "content": "It weighs 300 g."}
    (home / "new.jsonl").write_text(json.dumps(row))
    upsert(LiveIndex(home), read_rows(home / "new.jsonl"), progress=Silent)


def test_a_home_is_copied_whole_by_the_commands(
    sample_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = (tmp_path / "store").as_uri()
    assert main(["--home", str(sample_home), "push", url]) == 0
    assert "Sent: catalogue, index, " in capsys.readouterr().out
    assert main(["--home", str(sample_home), "push", url]) == 0
    assert "Sent: nothing, all of it is there." in capsys.readouterr().out
    assert main(["--home", str(tmp_path / "home"), "pull", url]) == 0
    assert "Fetched: catalogue, index, " in capsys.readouterr().out
    for name in ("catalogue", "index"):
        assert files(tmp_path / "home" / name) == files(sample_home / name)
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["catalogue", "index"]
    open_both(tmp_path / "home")


def test_a_home_is_fetched_from_a_web_server_too(sample_home: Path, tmp_path: Path) -> None:
    push(sample_home, RemotePath((tmp_path / "store").as_uri() + "/"), progress=Silent)
    with served(tmp_path) as address:
        pull(tmp_path / "home", RemotePath(f"{address}store/"), progress=Silent)
    assert files(tmp_path / "home" / "index") == files(sample_home / "index")


def test_changes_alone_are_copied_where_nothing_else_is_new(
    sample_home: Path, memory: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    place = RemotePath("memory://shop/")
    home, other = new_home(sample_home, tmp_path / "home"), tmp_path / "other"
    push(home, place, progress=Silent)
    pull(other, place, progress=Silent)
    live = LiveIndex(other)
    changed(home, "NEW1")
    assert push(home, place, progress=Silent).names == ("catalogue-changes",)
    assert pull(other, place, progress=Silent).names == ("catalogue-changes",)
    assert live.now()[0].find("NEW1").title == "Harrow Lantern NEW1", "who has the home open follows"
    assert pull(other, place, progress=Silent).names == ()
    push(sample_home, place, progress=Silent)
    pull(other, place, progress=Silent)
    assert not (other / "catalogue-changes").exists()


def test_what_two_pushes_do_not_name_goes(sample_home: Path, memory: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    home = new_home(sample_home, tmp_path / "home")
    memory.pipe_file("/shop/mine/notes.txt", b"of somebody else")
    pushed = []
    for uid in ("NEW1", "NEW2", "NEW3"):
        changed(home, uid)
        push(home, RemotePath("memory://shop/"), progress=Silent)
        pushed.append(f"/shop/catalogue-changes-{read_manifest(home / 'catalogue-changes', 'changes').digest}")
    assert [memory.exists(each) for each in pushed] == [False, True, True]
    assert memory.exists("/shop/mine/notes.txt")


def test_a_push_that_breaks_off_changes_nothing_for_who_pulls(
    sample_home: Path, memory: fsspec.AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = RemotePath("memory://shop/")
    home = new_home(sample_home, tmp_path / "home")
    push(home, place, progress=Silent)
    before = memory.cat_file(f"/shop/{POINTER}")
    changed(home, "NEW1")
    put_file, sent = memory.put_file, []

    def breaking(*arguments: str) -> None:
        sent.append(arguments)
        if len(sent) == 2:
            raise ConnectionResetError("gone")
        put_file(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(type(memory), "put_file", lambda self, *arguments: breaking(*arguments))
        with pytest.raises(UserError, match=r"memory://shop/ cannot be used \(ConnectionResetError: gone\)"):
            push(home, place, progress=Silent)
    assert memory.cat_file(f"/shop/{POINTER}") == before
    assert push(home, place, progress=Silent).names == ("catalogue-changes",), "it is sent again, whole"
    pull(tmp_path / "other", place, progress=Silent)
    assert open_both(tmp_path / "other")[0].find("NEW1")


def test_what_is_damaged_elsewhere_is_not_let_in(
    sample_home: Path, memory: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    place = RemotePath("memory://shop/")
    push(sample_home, place, progress=Silent)
    (damaged,) = (path for path in memory.find("/shop") if path.endswith("products.arrow"))
    memory.pipe_file(damaged, memory.cat_file(damaged)[:-1] + b"x")
    with pytest.raises(
        ArtefactError, match=r"products\.arrow is damaged\); .*titlewise pull memory://shop/, once more"
    ):
        pull(tmp_path / "home", place, progress=Silent)
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize(
    ("pointer", "fault"),
    [
        (None, r"memory://shop/titlewise\.json is missing or damaged; .*titlewise push memory://shop/ from"),
        (b"{", r"titlewise\.json is missing or damaged"),
        (b'{"catalogue": "../x", "index": "y"}', r"titlewise\.json is missing or damaged"),
        (json.dumps({"catalogue": "0" * 64, "index": "0" * 64}).encode(), r"memory://shop/ cannot be used \(no such"),
    ],
)
def test_a_folder_elsewhere_that_holds_no_home_is_told_in_one_line(
    pointer: bytes | None, fault: str, memory: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    if pointer is not None:
        memory.pipe_file(f"/shop/{POINTER}", pointer)
    with pytest.raises(UserError, match=fault):
        pull(tmp_path / "home", RemotePath("memory://shop/"), progress=Silent)


def test_what_does_not_belong_together_is_not_pushed(
    sample_home: Path, memory: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    place = RemotePath("memory://shop/")
    with pytest.raises(ArtefactError, match="there is no catalogue in"):
        push(tmp_path, place, progress=Silent)
    home = new_home(sample_home, tmp_path / "home")
    prepare(SAMPLE, home / "catalogue", CatalogueSettings(sample=20))
    with pytest.raises(ArtefactError, match=r"made from another catalogue; .*: titlewise index"):
        push(home, place, progress=Silent)
    assert memory.find("/shop") == []


def test_titles_in_a_folder_of_qdrants_are_not_pushed(
    sample_home: Path, memory: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    shutil.copytree(sample_home / "catalogue", tmp_path / "catalogue")
    assert main(["--home", str(tmp_path), "index", "--store", "qdrant", "--qdrant", str(tmp_path / "qdrant")]) == 0
    with pytest.raises(ArtefactError, match=r"the titles of this index are in .*qdrant, which only this machine has"):
        push(tmp_path, RemotePath("memory://shop/"), progress=Silent)


def test_a_pull_replaces_nothing_that_is_not_ours(
    sample_home: Path, memory: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    push(sample_home, RemotePath("memory://shop/"), progress=Silent)
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "mine.txt").write_text("mine")
    with pytest.raises(ArtefactError):
        pull(tmp_path, RemotePath("memory://shop/"), progress=Silent)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_push_takes_a_url_and_no_path(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["push", "/srv/shop"])
    assert "/srv/shop is no URL such as s3://bucket/shop/" in capsys.readouterr().err

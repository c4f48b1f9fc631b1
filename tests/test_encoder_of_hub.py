"""An encoder named at the hub, played by a real server: its commit is recorded, and opening an index asks nobody."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_sentence_model

from index.artefacts import read_manifest

FIRST, SECOND = "1" * 40, "2" * 40
TITLES = ["Harrow Electric Kettle, Red", "Brint Desk Lamp"]
CODE = """
import sys
from pathlib import Path
from index.catalogue.store import Catalogue
from index.errors import UserError
from index.progress import Progress
from index.resolver import TitleIndex
home = Path(sys.argv[1])
catalogue = Catalogue.load(home / "catalogue")
for line in sys.stdin:
    work, _, encoder = line.strip().partition(" ")
    try:
        if work == "build":
            TitleIndex.build(catalogue, home / "index", encoder=encoder, progress=Progress)
        print(TitleIndex.load(home / "index", catalogue).resolve("the red Harrow kettle").hits[0].uid, flush=True)
    except UserError as error:
        print("ERROR", error, flush=True)
"""


class Hub(http.server.ThreadingHTTPServer):
    """Has one model, of two commits that differ in a file that nobody reads."""

    def __init__(self, folder: Path) -> None:
        self.files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.files |= {"pytorch_model.bin": b"a pickle", "1_Pooling/weights.pkl": b"a pickle"}
        self.newest = FIRST
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Answering)


class Answering(http.server.BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.server, self.path.partition("?")[0]
        hub.asked.append(path)
        commit = next((each for each in (FIRST, SECOND) if each in path), hub.newest)
        if path.startswith("/api/models/") and "/tree/" in path:
            rows = [{"type": "file", "path": name, "size": len(data), "oid": name} for name, data in hub.files.items()]
            self.answer(json.dumps(rows).encode())
        elif path.startswith("/api/models/"):
            siblings = [{"rfilename": name} for name in hub.files]
            self.answer(json.dumps({"id": "owner/tiny", "sha": commit, "siblings": siblings}).encode())
        else:
            name = path.partition("/resolve/")[2].partition("/")[2]
            self.answer(hub.files[name], {"ETag": f'"{commit[:1]}{name}"', "X-Repo-Commit": commit})

    def answer(self, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(tiny_sentence_model.build(tmp_path / "model", TITLES)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    from index.catalogue.prepare import prepare
    from index.progress import Progress

    rows = [{"uid": f"P{number}", "title": title, "content": ""} for number, title in enumerate(TITLES)]
    (tmp_path / "products.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    prepare(tmp_path / "products.jsonl", tmp_path / "home" / "catalogue", progress=Progress)
    return tmp_path / "home"


class Shop:
    """Builds and opens an index in a process of its own, for the hub's client reads its address once."""

    def __init__(self, hub: Hub, home: Path) -> None:
        environment = {
            **os.environ,
            "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(home.parent / "hub"),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, str(home)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def done(self, work: str, encoder: str = "") -> str:
        """Return the best hit of a question, or the error."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{work} {encoder}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@pytest.fixture
def shop(hub: Hub, home: Path) -> Iterator[Shop]:
    shop = Shop(hub, home)
    yield shop
    shop.process.communicate(timeout=60)


def recorded(home: Path) -> object:
    return read_manifest(home / "index", "index").made_by["encoder"]


@pytest.mark.slow
def test_the_commit_of_an_encoder_is_recorded_and_no_other_is_opened(hub: Hub, home: Path, shop: Shop) -> None:
    assert shop.done("build", "owner/tiny") == "P0"
    assert recorded(home) == f"owner/tiny@{FIRST}"
    assert not any("pickle" in path or path.endswith((".bin", ".pkl")) for path in hub.asked)

    hub.asked.clear()
    hub.newest = SECOND
    assert shop.done("load") == "P0"
    assert shop.done("build", "owner/tiny") == "P0"  # the one that is here
    assert recorded(home) == f"owner/tiny@{FIRST}"
    assert hub.asked == []

    assert shop.done("build", f"owner/tiny@{SECOND}") == "P0"
    assert recorded(home) == f"owner/tiny@{SECOND}"
    assert {path.split("/")[4] for path in hub.asked if "/resolve/" in path} == {SECOND}


@pytest.mark.slow
def test_an_index_whose_encoder_is_not_here_asks_nobody(hub: Hub, home: Path, shop: Shop) -> None:
    shop.done("build", "owner/tiny")
    hub.asked.clear()
    (home.parent / "hub").rename(home.parent / "elsewhere")
    said = shop.done("load")
    assert said.startswith(f"ERROR the encoder 'owner/tiny@{FIRST}' cannot be loaded")
    assert f"titlewise index --encoder owner/tiny@{FIRST}, which fetches it" in said
    assert hub.asked == []
    assert shop.done("build", f"owner/tiny@{FIRST}") == "P0"


@pytest.mark.slow
def test_an_encoder_of_which_only_a_part_is_here_is_fetched_anew(hub: Hub, home: Path, shop: Shop) -> None:
    shop.done("build", "owner/tiny")
    weights = next((home.parent / "hub").rglob("snapshots/*/model.safetensors"))
    weights.unlink()
    assert shop.done("load").startswith("ERROR")
    assert shop.done("build", "owner/tiny") == "P0"

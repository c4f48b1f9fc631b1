"""Products that change over HTTP or beside a server: keys, errors, answers under way."""

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import small_shop
from fastapi.testclient import TestClient

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from assistant.messages import Message
from assistant.open import Live
from index import artefacts
from index.artefacts import only_writer
from index.errors import UserError
from index.live import LiveIndex
from index.progress import Progress
from index.resolver import TitleIndex
from index.settings import IndexSettings
from index.upsert import rebuild
from ui.api.access import Access
from ui.api.schema import EXTENSION
from ui.api.server import app_of
from ui.api.workers import Limits
from ui.cli import main

WRITER = {"Authorization": "Bearer w"}
READER = {"Authorization": "Bearer k"}
DRONE = {"title": "Zephyr X9 Drone, 4K camera", "content": "It flies. It weighs 249 g."}
ASKED = "how heavy is the Zephyr X9 drone?"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("changes")
    small_shop.build(home)
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "home"))


def read_aloud(messages: Sequence[Message]) -> str:
    """Answer with the first passage, as a model that copies would."""
    line = next((line for line in messages[-1].content.splitlines() if line.startswith("[1]")), "")
    return f"{line.removeprefix('[1]').strip()} [1]"


@contextlib.contextmanager
def serving(
    home: Path, access: Access, settings: IndexSettings = IndexSettings(), speak: Any = read_aloud
) -> Iterator[TestClient]:
    live = LiveIndex(home, settings)
    assistant = Live(assistant_of(*live.now(), Scripted(speak)), live)
    with TestClient(app_of(assistant, Limits(body_bytes=20_000), access, live)) as client:
        yield client


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with serving(home, Access("k", write_key="w")) as client:
        yield client


def answer(client: TestClient, question: str = ASKED) -> dict[str, Any]:
    body = {"messages": [{"role": "user", "content": question}]}
    message = client.post("/v1/chat/completions", json=body, headers=READER).json()["choices"][0]["message"]
    reply: dict[str, Any] = message[EXTENSION]
    return reply


def error_of(response: Any) -> tuple[int, str]:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    return response.status_code, error["code"]


def test_a_product_that_is_put_is_answered_about_and_one_that_is_deleted_no_more(client: TestClient) -> None:
    assert answer(client)["kind"] == "not_found"
    stored = client.put("/products/Z9", json=DRONE | {"title": "Zephyr&nbsp;X9 Drone, 4K camera"}, headers=WRITER)
    assert (stored.status_code, stored.json()) == (200, {"uid": "Z9", **DRONE})
    assert client.get("/products/Z9", headers=READER).json() == stored.json()
    reply = answer(client)
    assert (reply["kind"], reply["uid"]) == ("answer", "Z9")
    assert "249 g" in reply["text"]
    client.put("/products/Z9", json=DRONE | {"content": "It weighs 300 g."}, headers=WRITER)
    assert "300 g" in answer(client)["text"]
    assert client.delete("/products/Z9", headers=WRITER).status_code == 204
    assert answer(client)["kind"] == "not_found"
    assert error_of(client.get("/products/Z9", headers=READER)) == (404, "product_not_found")


def test_a_uid_may_hold_slashes_and_blanks(client: TestClient) -> None:
    assert client.put("/products/a/b%20c", json=DRONE, headers=WRITER).json()["uid"] == "a/b c"
    assert client.delete("/products/a/b%20c", headers=WRITER).status_code == 204


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_only_who_has_the_key_for_it_may_change_products(home: Path, client: TestClient, method: str) -> None:
    for headers in ({}, READER, {"Authorization": "Bearer x"}, {"Authorization": "Basic w"}):
        refused = client.request(method, "/products/K1", json=DRONE, headers=headers)
        assert error_of(refused) == (401, "401")
        assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert error_of(client.get("/products/K1", headers=WRITER)) == (401, "401")  # it opens nothing else
    for access in (Access("k"), Access()):
        with serving(home, access) as keyless:
            refused = keyless.request(method, "/products/K1", json=DRONE, headers=WRITER)
            assert error_of(refused) == (403, "403")
            assert "TITLEWISE_WRITE_KEY" in refused.json()["error"]["message"]
    assert client.get("/products/K1", headers=READER).json()["title"] == small_shop.PRODUCTS["K1"][0]


def test_one_key_for_both_is_refused() -> None:
    with pytest.raises(UserError, match=r"TITLEWISE_WRITE_KEY and .*TITLEWISE_API_KEY are the same"):
        Access("k", write_key="k")
    Access()


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"title": " ", "content": "Nameless."}, (400, "refused")),
        ({"title": "x" * 4001}, (400, "refused")),
        ({"content": "Nameless."}, (400, "malformed")),
        ({"title": 7}, (400, "malformed")),
        ({"title": "Tent", "content": ["red"]}, (400, "malformed")),
        ({"title": "Tent", "content": "x" * 20_000}, (413, "413")),
    ],
)
def test_what_is_no_product_is_refused_and_changes_nothing(
    client: TestClient, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert error_of(client.put("/products/K1", json=body, headers=WRITER)) == refusal
    assert client.get("/products/K1", headers=READER).json()["title"] == small_shop.PRODUCTS["K1"][0]


def test_what_is_not_there_cannot_be_deleted(client: TestClient) -> None:
    assert error_of(client.delete("/products/NOPE", headers=WRITER)) == (404, "product_not_found")


def test_a_full_build_that_is_due_and_another_writer_are_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefacts, "WRITER_WAIT_S", 0.1)
    with serving(home, Access("k", write_key="w"), IndexSettings(max_upserted=1)) as client:
        client.put("/products/Z9", json=DRONE, headers=WRITER)
        due = client.put("/products/Z8", json=DRONE | {"title": "Zephyr X8"}, headers=WRITER)
        assert error_of(due) == (409, "rebuild_due")
        with only_writer(home):
            busy = client.put("/products/Z9", json=DRONE, headers=WRITER)
        assert error_of(busy) == (503, "busy")
        assert busy.headers["Retry-After"] == "1"


def test_what_others_change_is_seen_without_a_restart(home: Path, client: TestClient, tmp_path: Path) -> None:
    assert answer(client)["kind"] == "not_found"
    (tmp_path / "new.jsonl").write_text(json.dumps({"uid": "Z9", **DRONE}), encoding="utf-8")
    assert main(["--home", str(home), "upsert", str(tmp_path / "new.jsonl")]) == 0
    assert answer(client)["uid"] == "Z9"
    rebuild(home, partial(TitleIndex.build, progress=Progress))
    assert answer(client)["uid"] == "Z9"
    assert main(["--home", str(home), "remove", "Z9"]) == 0
    assert answer(client)["kind"] == "not_found"
    assert error_of(client.get("/products/Z9", headers=READER)) == (404, "product_not_found")


def test_an_answer_under_way_ends_on_the_product_as_it_was(home: Path) -> None:
    speaking, goes_on = threading.Event(), threading.Event()

    def slowly(messages: Sequence[Message]) -> str:
        if speaking.is_set() or ASKED not in messages[-1].content:  # the warm-up
            return read_aloud(messages)
        speaking.set()
        assert goes_on.wait(20)
        return read_aloud(messages)

    with serving(home, Access("k", write_key="w"), speak=slowly) as client:
        client.put("/products/Z9", json=DRONE, headers=WRITER)
        replies: list[dict[str, Any]] = []
        asking = threading.Thread(target=lambda: replies.append(answer(client)))
        asking.start()
        assert speaking.wait(20)
        assert client.delete("/products/Z9", headers=WRITER).status_code == 204
        assert answer(client)["kind"] == "not_found"
        goes_on.set()
        asking.join()
    assert (replies[0]["kind"], replies[0]["uid"]) == ("answer", "Z9")
    assert "249 g" in replies[0]["text"]

"""The page with a server's model: the same replies, the same stop, and errors that name the server."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from serving import running

from assistant.assistant import Assistant, assistant_of
from assistant.backends.base import BackendError
from assistant.backends.remote import estimated_tokens
from assistant.backends.scripted import Scripted
from assistant.conversation import State
from assistant.grounding.evidence import Budget
from assistant.retriever import Retriever
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.progress import Progress
from index.resolver import TitleIndex
from ui.api.access import Access
from ui.api.client import RemoteAssistant, is_ours
from ui.api.server import app_of
from ui.api.workers import Limits

Shop = tuple[Catalogue, TitleIndex]
RED = "how heavy is the red Harrow electric kettle 1.7 L?"
WEIGHT = "It weighs 1.3 kg. [1]"


@contextlib.contextmanager
def serving(assistant: Assistant) -> Iterator[str]:
    """Run a real server, and yield its address."""
    with running(app_of(assistant, Limits(at_once=1), Access())) as address:
        yield f"{address}/v1"


def retriever_of(shop: Shop) -> Retriever:
    return Retriever(*shop, Budget(estimated_tokens))


@contextlib.contextmanager
def served(shop: Shop, backend: Scripted) -> Iterator[RemoteAssistant]:
    with serving(assistant_of(*shop, backend)) as address:
        remote = RemoteAssistant(retriever_of(shop), address)
        try:
            yield remote
        finally:
            remote.close()


def test_a_reply_is_the_same_as_from_a_model_of_ones_own(shop: Shop) -> None:
    own = assistant_of(*shop, Scripted(lambda _: WEIGHT)).ask(RED)
    with served(shop, Scripted(lambda _: WEIGHT)) as remote:
        theirs = remote.ask(RED)
        assert "".join(theirs) == WEIGHT
        row, expected = theirs.reply.to_row(), own.reply.to_row()
        assert {**row, "timings": {}} == {**expected, "timings": {}}
        assert (theirs.state, theirs.probability) == (own.state, own.probability)
        assert remote.model.startswith("titlewise at http://127.0.0.1")


def test_the_talk_goes_on_and_what_needs_no_model_asks_no_server(shop: Shop) -> None:
    with served(shop, Scripted(lambda _: WEIGHT)) as remote:
        which = remote.ask("how heavy is the Harrow electric kettle?")
        assert which.reply.kind == "clarify"
        chosen = remote.ask("the red one", state=which.state)
        assert (chosen.reply.text, chosen.state.uid) == (WEIGHT, chosen.reply.uid)
    assert remote.ask("is the Zyxomat 9000 waterproof?", state=State()).reply.kind == "not_found"


def test_products_are_compared_there_as_with_a_model_of_ones_own(shop: Shop) -> None:
    own = assistant_of(*shop, Scripted(lambda _: WEIGHT)).compare("which is lighter?", ["K1", "K2"])
    with served(shop, Scripted(lambda _: WEIGHT)) as remote:
        theirs = remote.compare("which is lighter?", ["K1", "K2"])
        assert (theirs.reply.text, theirs.reply.winner) == (own.reply.text, own.reply.winner)
        assert theirs.state == own.state


def test_what_the_check_replaced_is_not_seen_twice(shop: Shop) -> None:
    with served(shop, Scripted(lambda _: "It weighs 9 kg. [1]")) as remote:
        answer = remote.ask(RED)
        assert "".join(answer) == "It weighs 9 kg. [1]"
        assert "1.3 kg" in answer.reply.text


def test_a_description_is_invented_there(shop: Shop) -> None:
    with served(shop, Scripted(lambda _: "A lamp like no other.")) as remote:
        reply = remote.describe("Moonlight lamp").reply
        assert (reply.kind, reply.text, reply.title) == ("generated", "A lamp like no other.", "Moonlight lamp")


def test_a_stop_keeps_what_came_and_frees_the_servers_model(shop: Shop) -> None:
    slow = "It weighs 1.3 kg " + "and then some more " * 40
    texts = iter(["", slow, WEIGHT])  # the first is read when the server warms up
    with served(shop, Scripted(lambda _: next(texts), delay_s=0.05)) as remote:
        cancel = threading.Event()
        answer = remote.ask(RED, cancel=cancel)
        begun = next(answer)
        cancel.set()
        assert answer.reply.text.startswith(begun)
        assert len(answer.reply.text) < len(slow) / 2
        start_s = time.monotonic()
        assert remote.ask(RED).reply.text == WEIGHT
        assert time.monotonic() - start_s < 5, "the first text would have taken ten"


def test_a_server_with_other_descriptions_is_told(shop: Shop, tmp_path: Path) -> None:
    source = tmp_path / "trn.json"
    rows = [shop[0].product(row) for row in range(len(shop[0]))]
    changed = [{"uid": one.uid, "title": one.title, "content": f"Now in blue. {one.content}"} for one in rows]
    source.write_text("\n".join(map(json.dumps, changed)), encoding="utf-8")
    prepare(source, tmp_path / "catalogue")
    other = Catalogue.load(tmp_path / "catalogue")
    TitleIndex.build(other, tmp_path / "index", progress=Progress)
    there = assistant_of(other, TitleIndex.load(tmp_path / "index", other), Scripted(lambda _: WEIGHT))
    with serving(there) as address:
        remote = RemoteAssistant(retriever_of(shop), address)
        with pytest.raises(BackendError, match="another description of K1"):
            _ = remote.ask("how heavy is it?", uid="K1").reply
        remote.close()


def test_what_the_server_refuses_is_told_in_its_own_words(shop: Shop) -> None:
    with serving(assistant_of(*shop, Scripted(lambda _: WEIGHT))) as address:
        with pytest.raises(BackendError, match="has no adapter nobodys"):
            RemoteAssistant(retriever_of(shop), address, ("nobodys",))
        remote = RemoteAssistant(retriever_of(shop), address)
        with pytest.raises(BackendError, match="there is no model 'titlewise-nobodys'"):
            _ = remote.ask(RED, adapter="nobodys").reply
        remote.close()


def test_a_server_that_is_gone_is_told_and_somebody_elses_is_none_of_ours(shop: Shop) -> None:
    with serving(assistant_of(*shop, Scripted(lambda _: WEIGHT))) as address:
        assert is_ours(address)
    with pytest.raises(BackendError, match="no whole answer from"):
        is_ours(address)
    foreign = FastAPI()
    foreign.get("/v1/models")(
        lambda: {"object": "list", "data": [{"id": "m", "object": "model", "created": 0, "owned_by": "vllm"}]}
    )
    with running(foreign) as address:
        assert not is_ours(f"{address}/v1")

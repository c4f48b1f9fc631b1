"""The page with a server's model: the same replies, the same stop, and faults that name the server."""

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from assistant.answer import Asking
from assistant.backends.base import BackendError
from assistant.backends.scripted import Scripted
from assistant.chat import Assistant
from assistant.conversation import State
from index.products import Catalogue
from index.resolver import TitleIndex
from ui.answering import Limits
from ui.served import Served, is_ours
from ui.server import app_of

Shop = tuple[Catalogue, TitleIndex]
RED = "how heavy is the red Harrow electric kettle 1.7 L?"
WEIGHT = "It weighs 1.3 kg. [1]"


@contextlib.contextmanager
def serving(assistant: Assistant) -> Iterator[str]:
    """Run a real server, and give its address."""
    config = uvicorn.Config(app_of(assistant, Limits(at_once=1), api_key=""), port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def served(shop: Shop, backend: Scripted) -> Iterator[Served]:
    with serving(Assistant(*shop, backend)) as address:
        clerk = Served(*shop, address)
        try:
            yield clerk
        finally:
            clerk.close()


def test_a_reply_is_the_same_as_from_a_model_of_ones_own(shop: Shop) -> None:
    own = Assistant(*shop, Scripted(lambda _: WEIGHT)).ask(RED)
    with served(shop, Scripted(lambda _: WEIGHT)) as clerk:
        theirs = clerk.ask(RED)
        assert "".join(theirs) == WEIGHT
        row, expected = theirs.reply.to_row(), own.reply.to_row()
        assert {**row, "timings": {}} == {**expected, "timings": {}}
        assert (theirs.state, theirs.probability) == (own.state, own.probability)
        assert clerk.name.startswith("titlewise at http://127.0.0.1")


def test_the_talk_goes_on_and_what_needs_no_model_asks_no_server(shop: Shop) -> None:
    with served(shop, Scripted(lambda _: WEIGHT)) as clerk:
        which = clerk.ask("how heavy is the Harrow electric kettle?")
        assert which.reply.kind == "clarify"
        chosen = clerk.ask("the red one", state=which.state)
        assert (chosen.reply.text, chosen.state.uid) == (WEIGHT, chosen.reply.uid)
    assert clerk.ask("is the Zyxomat 9000 waterproof?", state=State()).reply.kind == "not_found"


def test_what_the_check_replaced_is_not_seen_twice(shop: Shop) -> None:
    with served(shop, Scripted(lambda _: "It weighs 9 kg. [1]")) as clerk:
        answer = clerk.ask(RED)
        assert "".join(answer) == "It weighs 9 kg. [1]"
        assert "1.3 kg" in answer.reply.text


def test_a_description_is_invented_there(shop: Shop) -> None:
    with served(shop, Scripted(lambda _: "A lamp like no other.")) as clerk:
        reply = clerk.describe("Moonlight lamp").reply
        assert (reply.kind, reply.text, reply.title) == ("generated", "A lamp like no other.", "Moonlight lamp")


def test_a_stop_keeps_what_came_and_frees_the_servers_model(shop: Shop) -> None:
    slow = "It weighs 1.3 kg " + "and then some more " * 40
    texts = iter(["", slow, WEIGHT])  # the first is read when the server warms up
    with served(shop, Scripted(lambda _: next(texts), delay_s=0.05)) as clerk:
        asking = Asking()
        answer = clerk.ask(RED, asking=asking)
        said = next(answer)
        asking.cancel.set()
        assert answer.reply.text.startswith(said)
        assert len(answer.reply.text) < len(slow) / 2
        start_s = time.monotonic()
        assert clerk.ask(RED).reply.text == WEIGHT
        assert time.monotonic() - start_s < 5, "the first text would have taken ten"


def test_a_server_that_is_gone_or_somebody_elses_is_told(shop: Shop) -> None:
    with serving(Assistant(*shop, Scripted(lambda _: WEIGHT))) as address:
        assert is_ours(address)
    with pytest.raises(BackendError, match="no whole answer from"):
        is_ours(address)

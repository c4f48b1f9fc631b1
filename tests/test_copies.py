"""Many copies behind `deploy/haproxy.cfg`, one of them killed: what is lost, and what is not."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from browsing import ask, bubbles, free_port, last_bubble, visitor
from page_shop import shop_home
from playwright.sync_api import Browser, Page, expect

from ui.api.schema import EXTENSION
from ui.web.serve import options_for

ROOT = Path(__file__).parents[1]
HAPROXY = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(HAPROXY is None, reason="no haproxy on this machine (Debian: apt-get install haproxy)"),
]
COOKIE = "titlewise-copy"
CHAT = "/v1/chat/completions"
CABLE = "how long is the cable of the Orlevik desk lamp?"
SAID = "The cable is 180 cm long. [1]"
SHOP = f"""
import sys
from pathlib import Path

sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(ROOT)!r}]
from page_shop import Held, context_of, open_shop

def opened(home):
    return open_shop(Path(home), Held(Path(home, "hold"), {SAID!r}))
"""
SERVER = f"""{SHOP}
from ui.api.access import Access
from ui.api.connections import serve_app
from ui.api.server import app_of
from ui.api.workers import Limits

serve_app(app_of(opened(sys.argv[1]), Limits(at_once=16), Access()), host="127.0.0.1", port=int(sys.argv[2]))
"""
PAGE = f"""{SHOP}
import streamlit as st

from ui.feedback import FILE, Feedback
from ui.web.app import render

@st.cache_resource
def context():
    home = sys.argv[1]
    return context_of(opened(home), Feedback(Path(home) / FILE))

render(context())
"""
PAGES = f"""
import sys

sys.path.insert(0, {str(ROOT)!r})
from streamlit.web.cli import main

from ui.web.streamlit_server import confine

confine([sys.argv[1]])
main(sys.argv[2:], prog_name="streamlit")
"""


@contextlib.contextmanager
def running(command: Sequence[str], **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT, env=os.environ | variables)
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


def wait_for(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        with contextlib.suppress(httpx2.TransportError):
            if holds():
                return
        time.sleep(0.05)
    raise AssertionError("it never came to pass")


def answers(address: str) -> bool:
    return httpx2.get(address).status_code == 200


@contextlib.contextmanager
def behind_proxy(kind: str, copies: Sequence[str]) -> Iterator[str]:
    """Run the proxy before two copies of one kind, and yield its address; those of the other kind are nowhere."""
    own = f"127.0.0.1:{free_port()}"
    places = {"SERVERS": "", "PAGES": "", "SERVER_1": "", "SERVER_2": "", "PAGE_1": "", "PAGE_2": ""}
    places = {name: f"127.0.0.1:{free_port()}" for name in places}
    places |= {f"{kind}S": own, f"{kind}_1": copies[0], f"{kind}_2": copies[1]}
    with running([str(HAPROXY), "-db", "-f", "deploy/haproxy.cfg"], **places):
        yield f"http://{own}"


def asked(*questions: str, **more: object) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": each} for each in questions], **more}


def reply_of(response: httpx2.Response) -> dict[str, Any]:
    reply: dict[str, Any] = response.json()["choices"][0]["message"][EXTENSION]
    return {name: value for name, value in reply.items() if name != "timings"}


def has_been_asked(copy: str) -> bool:
    return 'route="/v1/models"' in httpx2.get(f"http://{copy}/metrics").text


def in_line(copy: str) -> int:
    figures = httpx2.get(f"http://{copy}/metrics").text
    return int(float(next(line.split()[1] for line in figures.splitlines() if line.startswith("titlewise_line "))))


def test_of_a_killed_server_no_reply_is_lost_that_had_not_begun(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = shop_home(tmp_path_factory.getbasetemp())
    copies = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(running([sys.executable, "-c", SERVER, str(home), each.rpartition(":")[2]]))
            for each in copies
        ]
        proxy = stack.enter_context(behind_proxy("SERVER", copies))
        wait_for(lambda: answers(f"{proxy}/v1/models") and all(map(has_been_asked, copies)))

        turns = asked(CABLE)["messages"], asked("and how heavy is it?")["messages"]
        talk = {"messages": [*turns[0], {"role": "assistant", "content": SAID}, *turns[1]]}
        both = [reply_of(httpx2.post(f"http://{each}{CHAT}", json=talk, timeout=30)) for each in copies]
        assert both[0] == both[1], "any copy answers any turn"
        assert both[0]["uid"] == "LAMP1"

        (home / "hold").touch()
        threads = stack.enter_context(ThreadPoolExecutor(14))
        stack.callback((home / "hold").unlink, missing_ok=True)
        live = asked(CABLE, stream=True, titlewise={"live": True})
        streams: list[list[str]] = [[] for _ in range(4)]
        streaming = [threads.submit(read_stream, proxy, live, each) for each in streams]
        wait_for(lambda: all("The" in "".join(each) for each in streams))
        assert [*map(in_line, copies)] == [2, 2], "the proxy gives each its share"
        whole = [threads.submit(httpx2.post, proxy + CHAT, json=asked(CABLE), timeout=60) for _ in range(10)]
        wait_for(lambda: sum(map(in_line, copies)) == 14)
        assert in_line(copies[0]) > 2, "the one that is lost has some of them"
        processes[0].kill()
        (home / "hold").unlink()
        responses = [future.result() for future in whole]
        assert [response.status_code for response in responses] == [200] * 10
        assert {reply_of(response)["text"] for response in responses} == {SAID}
        for future in streaming:
            future.result()
        ended = ["".join(each).endswith("data: [DONE]\n\n") for each in streams]
        assert sorted(ended) == [False, False, True, True], "a stream that breaks off has no end"
        assert httpx2.post(proxy + CHAT, json=asked(CABLE), timeout=30).status_code == 200


def read_stream(proxy: str, body: dict[str, Any], came: list[str]) -> None:
    """Take what comes of a stream, whether or not it ends well."""
    with (
        contextlib.suppress(httpx2.TransportError),
        httpx2.stream("POST", proxy + CHAT, json=body, timeout=60) as response,
    ):
        for piece in response.iter_text():
            came.append(piece)


@pytest.mark.browser
def test_a_visitor_of_the_page_stays_with_a_copy_until_it_is_lost(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = shop_home(tmp_path_factory.getbasetemp())
    script = tmp_path_factory.mktemp("page") / "page.py"
    script.write_text(PAGE, encoding="utf-8")
    ports = [free_port() for _ in range(2)]
    copies = [f"127.0.0.1:{port}" for port in ports]
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(behind_proxy("PAGE", copies))
        processes = [
            stack.enter_context(
                running(
                    [sys.executable, "-c", PAGES, proxy, "run", str(script), *options_for(port, proxy), "--", str(home)]
                )
            )
            for port in ports
        ]
        given: set[str | None] = set()
        wait_for(lambda: given.add(httpx2.get(proxy).cookies.get(COOKIE)) or {"1", "2"} <= given)
        one, other = (stack.enter_context(visitor(browser, proxy)) for _ in range(2))
        assert {copy_of(one), copy_of(other)} == {"1", "2"}, "visitors are spread"
        for page in (one, other):
            ask(page, CABLE)
            expect(last_bubble(page)).to_contain_text("180 cm long.")
        for _ in range(3):
            one.reload()
            expect(last_bubble(one)).to_contain_text("180 cm long.")
        processes[int(copy_of(one)) - 1].kill()
        wait_for(lambda: answers(f"{proxy}/_stcore/health"))
        one.goto(proxy)
        expect(one.get_by_test_id("stChatInput")).to_be_visible()
        expect(bubbles(one)).to_have_count(0)
        ask(one, CABLE)
        expect(last_bubble(one)).to_contain_text("180 cm long.")
        assert copy_of(one) == copy_of(other)
        other.reload()
        expect(last_bubble(other)).to_contain_text("180 cm long.")


def copy_of(page: Page) -> str:
    (cookie,) = (each for each in page.context.cookies() if each["name"] == COOKIE)
    return str(cookie["value"])

"""The page as Streamlit's own test harness sees it: what is drawn, what a click and a typed word do."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from browsing import served
from drawn import ask, bubbles, button, html_of, page_of, read_aloud
from page_shop import HOSTILE_REPLY, HOSTILE_TITLE, context_of, hostile_conversation, open_shop, shop_home
from streamlit.testing.v1 import AppTest

from assistant.assistant import Assistant, assistant_of
from assistant.backends.base import Backend, BackendError, SamplingParams
from assistant.backends.scripted import Scripted
from assistant.conversation import State
from assistant.describe import MAX_NEW_TOKENS, TEMPERATURE, TOP_P
from assistant.messages import Message
from assistant.open import Engine
from assistant.reply import Quote, Reply
from index.errors import UserError
from ui.feedback import FILE, Feedback, question_rows
from ui.web.app import render
from ui.web.components.markdown import on_one_line
from ui.web.components.replies import highlighted, quotes_html
from ui.web.serve import Settings, _answerer, _live_answerer, options_for, serve_page
from ui.web.sessions import Session
from ui.web.strings import ENGLISH
from ui.web.suggestions import suggest
from ui.web.views.describe import show_describe

pytestmark = pytest.mark.slow

RUN = "import sys; from ui.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop_home(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def assistant(home: Path) -> Assistant:
    return open_shop(home, Scripted(read_aloud))


@pytest.fixture
def feedback(tmp_path: Path) -> Feedback:
    return Feedback(tmp_path / FILE)


@pytest.fixture
def page(assistant: Assistant, feedback: Feedback) -> Iterator[AppTest]:
    yield from page_of(partial(render, context_of(assistant, feedback)))


def test_an_answer_shows_its_product_its_quote_and_the_passage_in_the_description(page: AppTest) -> None:
    ask(page, "how heavy is the Orlevik desk lamp?")
    assert bubbles(page)[0] == "how heavy is the Orlevik desk lamp?"
    assert "2.4 kg" in bubbles(page)[1]
    assert "Orlevik Desk Lamp" in html_of(page)
    assert "LAMP1" in html_of(page)
    assert "<mark>It weighs 2.4 kg.</mark>" in html_of(page)
    assert page.expander[0].label == "Description"
    assert "after" in page.chat_message[1].caption[-1].value
    assert "Stop" not in [button.label for button in page.button], "a finished reply cannot be stopped"


def test_a_click_on_a_candidate_answers_the_waiting_question_for_that_product(page: AppTest) -> None:
    ask(page, "how much does the Tarnbeck stoneware mug hold?")
    assert bubbles(page)[1] == "Which one do you mean?"
    button(page, "2\\. ").click().run()
    second = page.session_state.session.conversation.turns[0].state.candidates[1]
    assert page.session_state.session.conversation.state.uid == second.uid
    assert bubbles(page)[2] == second.title
    assert {"MUG1": "350 ml", "MUG2": "420 ml"}[second.uid] in bubbles(page)[3]


def test_typing_which_candidate_is_meant_answers_the_waiting_question_too(page: AppTest) -> None:
    ask(page, "how much does the Tarnbeck stoneware mug hold?")
    ask(page, "the grey one")
    assert page.session_state.session.conversation.state.uid == "MUG2"
    assert "420 ml" in bubbles(page)[3]


def test_an_older_which_one_can_still_be_answered_by_a_click(page: AppTest) -> None:
    ask(page, "how much does the Tarnbeck stoneware mug hold?")
    ask(page, "how heavy is the Orlevik desk lamp?")
    button(page, "1\\. ").click().run()
    assert page.session_state.session.conversation.state.uid in ("MUG1", "MUG2")
    assert " ml" in bubbles(page)[-1]


def test_a_follow_up_keeps_the_product_and_a_new_conversation_forgets_it(page: AppTest) -> None:
    ask(page, "how heavy is the Orlevik desk lamp?")
    ask(page, "and how long is the cable?")
    assert page.session_state.session.conversation.turns[1].reply.uid == "LAMP1"
    button(page, "New conversation").click().run()
    assert page.session_state.session.conversation.state == State()
    assert not page.chat_message
    assert page.header[0].value == "What would you like to know?"


def test_thumbs_are_kept_with_all_that_the_reply_came_from(page: AppTest, feedback: Feedback) -> None:
    ask(page, "hello")
    ask(page, "how heavy is the Orlevik desk lamp?")
    page.feedback[1].set_value(0).run()
    (kept,) = feedback.opinions()
    assert (kept.vote, kept.reason, kept.question) == (-1, "", "how heavy is the Orlevik desk lamp?")
    assert (kept.reply["uid"], kept.model, kept.history[0]) == (
        "LAMP1",
        "scripted",
        {"role": "user", "content": "hello"},
    )
    page.text_area[0].set_value("It is 2.3 kg.").run()
    page.feedback[1].set_value(1).run()
    (kept,) = feedback.opinions()
    assert (kept.vote, kept.reason, kept.comment) == (1, "", "It is 2.3 kg.")
    page.feedback[1].set_value(None).run()
    assert list(feedback.opinions()) == [], "a thumb that is taken back takes the opinion with it"
    assert not page.exception


def test_what_was_kept_gives_the_reply_again_also_where_a_turn_only_chose_the_product(
    assistant: Assistant, page: AppTest, feedback: Feedback
) -> None:
    ask(page, "how much does the Tarnbeck stoneware mug hold?")
    ask(page, "the grey one")
    page.feedback[1].set_value(1).run()
    (kept,) = feedback.opinions()
    assert (kept.question, kept.uid) == ("how much does the Tarnbeck stoneware mug hold?", "MUG2")
    again = assistant.ask(kept.question, uid=kept.uid).reply
    assert (again.text, again.quotes) == (kept.reply["text"], tuple(Quote(**quote) for quote in kept.reply["quotes"]))
    (row,) = question_rows(feedback.opinions(), assistant.retriever.catalogue)
    assert row["question"] == kept.question


def test_a_product_that_is_not_there_is_not_found(page: AppTest) -> None:
    ask(page, "is the Zyxomat 9000 lawn robot waterproof?")
    assert page.session_state.session.conversation.turns[0].reply.kind == "not_found"
    assert "not found" in page.chat_message[1].markdown[0].value
    assert "tw-title" not in html_of(page)


def test_a_product_without_a_description_says_so(page: AppTest) -> None:
    ask(page, "how tall is the Quillmere umbrella stand?")
    assert "not stated" in page.chat_message[1].markdown[0].value
    assert "No description is known." in [caption.value for caption in page.chat_message[1].caption]
    assert not page.expander


def test_a_title_in_no_catalogue_is_described_and_marked_as_generated(assistant: Assistant, feedback: Feedback) -> None:
    invented = assistant_of(
        assistant.retriever.catalogue, assistant.retriever.index, Scripted(["A lamp like no other."])
    )
    context, session = context_of(invented, feedback), Session()
    for page in page_of(lambda: show_describe(context, invented, session)):
        ask(page, "Moonlight lamp")
        assert bubbles(page) == ["Describe “Moonlight lamp”", "A lamp like no other."]
        assert "generated, not checked" in page.chat_message[1].markdown[0].value
        assert (session.conversation.turns, session.conversation.state) == ([], State())
        page.feedback[0].set_value(1).run()
        (kept,) = feedback.opinions()
        written_with = {"temperature": TEMPERATURE, "top_p": TOP_P, "max_new_tokens": MAX_NEW_TOKENS}
        assert kept.settings | written_with == kept.settings


@pytest.mark.parametrize("error", ["backend", "question"])
def test_an_error_is_one_line_and_the_page_lives_on(assistant: Assistant, feedback: Feedback, error: str) -> None:
    replies = iter([BackendError("the server *sleeps*", "an answer", "waking it")] if error == "backend" else [])

    def script(messages: list[Message]) -> str:
        for error in replies:
            raise error
        return read_aloud(messages)

    for page in page_of(
        partial(
            render,
            context_of(
                assistant_of(assistant.retriever.catalogue, assistant.retriever.index, Scripted(script)), feedback
            ),
        )
    ):
        ask(page, "how heavy is the Orlevik desk lamp?" if error == "backend" else "x" * 4001)
        shown = page.error[0].value.replace("\\", "").replace("\u2060", "")
        expected = (
            "The model cannot answer: the server *sleeps*" if error == "backend" else ENGLISH.errors["QuestionError"]
        )
        assert shown.startswith(expected)
        assert "\n" not in shown
        ask(page, "how heavy is the Orlevik desk lamp?")
        assert "2.4 kg" in bubbles(page)[-1]


def test_hostile_text_reaches_the_page_only_as_plain_text_and_escaped_html(
    assistant: Assistant, feedback: Feedback
) -> None:
    for page in page_of(
        partial(
            render,
            context_of(
                assistant_of(assistant.retriever.catalogue, assistant.retriever.index, Scripted([HOSTILE_REPLY])),
                feedback,
            ),
        )
    ):
        page.session_state.session.conversation = hostile_conversation()
        page.run()
        button(page, "1\\. ").click().run()
        reply = page.session_state.session.conversation.turns[1].reply
        assert reply.title == HOSTILE_TITLE
        assert bubbles(page)[3] == reply.text
        assert "![x](http://evil.invalid/c.png)" in html_of(page)
        assert "a &lt; b &amp; c &gt; d" in html_of(page)
        markdown = [element.value for element in page.markdown] + [button.label for button in page.button]
        for text in markdown:
            assert not re.search(r"(?<!\\)[\[\](<>$#!]|www|https?://", text), text


def test_markdown_is_escaped_letter_for_letter() -> None:
    assert on_one_line("![x](http://evil) $a$\n# b") == "\\!\\[x\\]\\(http\\:\u2060\\/\\/evil\\) \\$a\\$ \\# b"
    assert on_one_line("www.evil.com a@b.c :smile:") == "w\u2060ww\\.evil\\.com a\\@\u2060b\\.c \\:\u2060smile\\:\u2060"


def test_overlapping_and_adjoining_quotes_are_marked_once_and_no_character_is_lost() -> None:
    content = "a<b> cd ef"
    quotes = [Quote(content[3:7], 3, 7), Quote(content[0:4], 0, 4), Quote(content[4:6], 4, 6)]
    marked = highlighted(content, quotes)
    assert marked == "<mark>a&lt;b&gt;</mark><mark> cd</mark><mark></mark> ef"


def test_a_quote_that_the_text_holds_already_is_not_said_twice() -> None:
    quote = Quote("It weighs 2 kg.", 0, 15)
    assert quotes_html(Reply("answer", 'The description says: "It weighs 2 kg."', quotes=(quote,))) == ""
    assert "[2] “It weighs 2 kg.”" in quotes_html(Reply("answer", "2 kg. [2]", quotes=(quote,)))


def test_suggested_questions_lead_to_their_own_product_and_are_answered(assistant: Assistant, page: AppTest) -> None:
    questions = suggest(assistant.retriever, 4)
    assert len(questions) >= 2
    for question in questions:
        reply = assistant.ask(question).reply
        assert reply.kind == "answer", question
    labels = [button.label for button in page.button if button.key and button.key.startswith("suggestion-")]
    assert labels == [on_one_line(question) for question in questions]
    next(button for button in page.button if button.key == "suggestion-0").click().run()
    assert bubbles(page)[0] == questions[0]
    assert not [button for button in page.button if button.key and button.key.startswith("suggestion-")]


def test_a_model_that_has_to_go_for_another_ends_what_it_was_saying_and_is_freed(
    home: Path, embedded_model: Path, tmp_path: Path
) -> None:
    def opened(name: str) -> Backend:
        path = tmp_path / f"{name}.gguf"
        path.unlink(missing_ok=True)
        path.symlink_to(embedded_model)
        answerer = _answerer(home, Engine(str(path)))
        assert isinstance(answerer, Assistant)
        return answerer.backend

    long = SamplingParams(max_new_tokens=250)  # longer than it takes to load a model
    opened("stays")
    goes = weakref.ref(opened("goes"))
    text = opened("goes").stream("A kettle is", long)
    begun = next(text)
    opened("stays")
    opened("comes")
    whole = begun + "".join(text)
    del text
    assert goes() is None
    assert whole == "".join(opened("stays").stream("A kettle is", long))
    _live_answerer.clear()


def test_settings_survive_the_way_through_the_command_line() -> None:
    settings = Settings(Path("/some where"), Engine("a b.gguf", server="http://127.0.0.1:1/v1", adapters=("a", "b")))
    assert Settings.from_argument(settings.argument()) == settings


def test_a_taken_port_is_told_before_anything_is_served(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="cannot be used"):
            serve_page(Settings(tmp_path, Engine()), port=taken.getsockname()[1])


def test_the_command_serves_on_this_machine_only_and_ends_quietly_at_ctrl_c(home: Path, embedded_model: Path) -> None:
    port = _free_port()
    command = [sys.executable, "-c", RUN, "--home", str(home), "ui", "--port", str(port)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as served:
        try:
            assert _answers(port, "/_stcore/health")
            with socket.socket() as other:
                other.settimeout(1)
                assert other.connect_ex(("127.0.0.2", port)) != 0
        finally:
            served.send_signal(signal.SIGINT)
        printed, _ = served.communicate(timeout=20)
    assert f"http://127.0.0.1:{port}" in printed
    assert "Traceback" not in printed
    assert served.returncode == 0


def test_a_connection_is_opened_to_pages_of_the_proxy_s_origin_and_of_no_other(tmp_path: Path) -> None:
    entry, port = tmp_path / "entry.py", _free_port()
    entry.write_text("import streamlit\n", encoding="utf-8")
    command = ["-m", "streamlit", "run", str(entry), *options_for(port, "https://shop.example:8443")]

    def status_for(origin: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        handshake |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": origin}
        connection.request("GET", "/_stcore/stream", headers=handshake)
        status = connection.getresponse().status
        connection.close()
        return status

    with served(command, port):
        assert _answers(port, "/_stcore/health")
        assert status_for("https://shop.example:8443") == 101
        assert status_for("https://other.example") == 403


@pytest.mark.parametrize("origin", ["shop.example", "https://", "ftp://shop.example"])
def test_an_origin_without_a_host_is_refused(origin: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{origin} is no origin"):
        serve_page(Settings(tmp_path, Engine()), port=_free_port(), origin=origin)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, path: str) -> bool:
    for _ in range(300):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    return False

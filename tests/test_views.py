"""What can be done on the page beside asking, as Streamlit's own test harness sees it."""

import json
import re
import string
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from drawn import ask, bubbles, button, captions, html_of, page_of, read_aloud
from known_questions import TAUGHT
from page_shop import HOSTILE_TITLE, context_of, open_shop, shop_home
from streamlit.testing.v1 import AppTest

from assistant.assistant import Assistant, assistant_of
from assistant.backends.base import BackendError
from assistant.backends.scripted import Scripted
from assistant.messages import Message
from assistant.models.named import EMBEDDED
from assistant.open import Engine
from assistant.phrases import Language
from assistant.reply import Quote, Reply, Side, Suggestion
from index.errors import ArtefactError
from ui.feedback import FILE, Feedback
from ui.web.app import _assistant, render
from ui.web.components.offers import differing
from ui.web.components.replies import sides_html, suggestion_html
from ui.web.context import AppContext
from ui.web.conversation import Conversation, Request
from ui.web.export import as_json_file, as_markdown_file
from ui.web.sessions import MAX_SESSIONS, Preferences, Session, Sessions
from ui.web.setup import SetupStep, run_step, setup_steps
from ui.web.strings import ENGLISH, PORTUGUESE, STRINGS
from ui.web.suggestions import stated_matters
from ui.web.views.browse import show_browse
from ui.web.views.compare import show_compare
from ui.web.views.model import MODEL, show_model
from ui.web.views.settings import show_settings
from ui.web.views.start import show_start

pytestmark = pytest.mark.slow

LAMP = "how heavy is the Orlevik desk lamp?"
MUG = "how much does the Tarnbeck stoneware mug hold?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return open_shop(shop_home(tmp_path_factory.getbasetemp()), Scripted(read_aloud))


@pytest.fixture
def context(assistant: Assistant, tmp_path: Path) -> AppContext:
    return context_of(assistant, Feedback(tmp_path / FILE))


@pytest.fixture
def page(context: AppContext) -> Iterator[AppTest]:
    yield from page_of(partial(render, context))


def conversation_of(page: AppTest) -> Conversation:
    conversation: Conversation = page.session_state.session.conversation
    return conversation


def test_the_card_says_how_sure_it_is_and_another_product_is_one_click_away(page: AppTest) -> None:
    ask(page, "is the Tarnbeck stoneware mug in blue for the dishwasher?")
    assert conversation_of(page).turns[0].reply.uid == "MUG1"
    assert any(f"MUG1 · {words}" in html_of(page) for words in ENGLISH.confident)
    assert ENGLISH.which_then in captions(page)
    next(each for each in page.button if "Grey" in each.label).click().run()
    assert conversation_of(page).turns[1].reply.uid == "MUG2"
    assert f"MUG2 · {ENGLISH.chosen}" in html_of(page)


def test_another_product_is_asked_what_was_asked_last(page: AppTest) -> None:
    ask(page, MUG)
    ask(page, LAMP)
    next(each for each in page.button if (each.key or "").startswith("not-")).click().run()
    assert conversation_of(page).turns[-1].request.question == LAMP


def test_a_follow_up_is_about_the_product_we_talk_about_and_offers_no_other(page: AppTest) -> None:
    ask(page, LAMP)
    ask(page, "and how long is the cable?")
    assert f"LAMP1 · {ENGLISH.kept}" in html_of(page)
    assert captions(page).count(ENGLISH.which_then) == 1


def test_what_differs_between_the_choices_is_bold(page: AppTest) -> None:
    ask(page, MUG)
    labels = [each.label for each in page.button if each.key and each.key.startswith("candidate-")]
    assert sorted(labels) == ["1\\. Tarnbeck Stoneware Mug\\, **Blue**", "2\\. Tarnbeck Stoneware Mug\\, **Grey**"]


def test_labels_without_a_word_in_common_are_bold_throughout_and_one_alone_is_plain() -> None:
    assert differing(["a b", "c"]) == ["**a** **b**", "**c**"]
    assert differing(["a b"]) == ["a b"]


def test_a_product_that_is_not_there_offers_the_nearest_titles_and_an_invention(
    assistant: Assistant, tmp_path: Path
) -> None:
    inventive = Scripted(lambda messages: "A robot." if "Zyxomat" in messages[-1].content else read_aloud(messages))
    context = context_of(
        assistant_of(assistant.retriever.catalogue, assistant.retriever.index, inventive), Feedback(tmp_path / FILE)
    )
    for page in page_of(partial(render, context)):
        _ask_for_a_robot(page)


def _ask_for_a_robot(page: AppTest) -> None:
    ask(page, "is the Zyxomat Desk Robot 9000 waterproof?")
    lacking = 'No title has "Zyxomat", "Robot", "9000".'
    assert bubbles(page)[1] == f"{lacking} I do not know which product you mean. The nearest titles are:"
    button(page, "Orlevik Desk Lamp").click().run()
    assert conversation_of(page).turns[1].reply.uid == "LAMP1"
    button(page, "Invent a description of “Zyxomat Desk Robot 9000 waterproof”").click().run()
    assert conversation_of(page).turns[2].reply.kind == "generated"
    assert bubbles(page)[4] == "Describe “Zyxomat Desk Robot 9000 waterproof”"


def test_a_question_without_a_product_offers_no_invention(page: AppTest) -> None:
    ask(page, "is it heavy?")
    assert conversation_of(page).turns[0].reply.kind == "not_found"
    assert not [each for each in page.button if each.label.startswith("Invent")]


def test_what_is_not_stated_is_followed_by_what_is_and_by_questions_that_are_answered(page: AppTest) -> None:
    ask(page, "does the Orlevik desk lamp have a dimmer?")
    assert conversation_of(page).turns[0].reply.kind == "not_stated"
    (covers,) = [each for each in captions(page) if each.startswith("The description does tell about")]
    assert "the weight" in covers
    assert "the material" in covers
    button(page, "How heavy is it").click().run()
    second = conversation_of(page).turns[1]
    assert (second.request, second.reply.kind) == (Request("How heavy is it?", "LAMP1"), "answer")
    assert not [each for each in page.button if each.label.startswith("How heavy")], "it was asked"


@pytest.mark.parametrize("language", ["en", "pt"])
def test_every_question_that_is_suggested_about_a_product_is_answered(assistant: Assistant, language: Language) -> None:
    suggested = 0
    for row in range(len(assistant.retriever.catalogue)):
        product = assistant.retriever.catalogue.product(row)
        for matter in stated_matters(assistant.retriever, product, STRINGS[language]).values():
            suggested += 1
            assert assistant.ask(matter.asked_of_it, uid=product.uid).reply.kind == "answer", matter
    assert suggested >= 3


def test_what_was_asked_in_other_words_is_not_suggested_again_but_for_another_product_it_is(page: AppTest) -> None:
    def suggested() -> list[str]:
        return [each.label for each in page.button if (each.key or "").startswith("about-")]

    ask(page, LAMP)
    assert "How heavy is it\\?" not in suggested()
    assert "What is it made of\\?" in suggested()
    ask(page, "what is the Gribbleflint Cloth, Red?")
    assert "How heavy is it\\?" in suggested()


def test_answering_again_asks_the_same_with_another_seed_and_takes_the_place_of_the_reply(
    assistant: Assistant, tmp_path: Path
) -> None:
    replies = iter(["It weighs 2.4 kg. [1]", "The lamp weighs 2.4 kg. [1]"])
    scripted = assistant_of(assistant.retriever.catalogue, assistant.retriever.index, Scripted(lambda _: next(replies)))
    for page in page_of(partial(render, context_of(scripted, Feedback(tmp_path / FILE)))):
        ask(page, LAMP)
        button(page, "Answer again").click().run()
        (turn,) = conversation_of(page).turns
        assert turn.reply.text == "The lamp weighs 2.4 kg. [1]"
        assert (turn.params.seed, turn.params.temperature) == (1, 0.7)


def test_what_failed_is_asked_again_as_it_was(assistant: Assistant, tmp_path: Path) -> None:
    def failing(messages: Sequence[Message]) -> str:
        for error in errors:
            raise error
        return "It weighs 2.4 kg. [1]"

    errors = iter([BackendError("the server sleeps", "an answer", "waking it")])
    scripted = assistant_of(assistant.retriever.catalogue, assistant.retriever.index, Scripted(failing))
    for page in page_of(partial(render, context_of(scripted, Feedback(tmp_path / FILE)))):
        ask(page, LAMP)
        assert page.error
        assert not page.feedback
        button(page, "Answer again").click().run()
        (turn,) = conversation_of(page).turns
        assert (turn.answered, turn.params.seed, turn.params.temperature) == (True, 0, 0.0)


def test_the_last_question_can_be_put_in_other_words(page: AppTest) -> None:
    ask(page, LAMP)
    ask(page, "and how lng is the cable?")
    assert len([each for each in page.button if each.label == "Edit"]) == 1, "only the last one"
    button(page, "Edit").click().run()
    assert page.text_area[0].value == "and how lng is the cable?"
    page.text_area[0].set_value("and how long is the cable?")
    button(page, "Ask again").click().run()
    assert [turn.request.question for turn in conversation_of(page).turns] == [LAMP, "and how long is the cable?"]
    assert "180 cm" in bubbles(page)[3]
    assert not page.text_area


def test_what_was_asked_by_a_button_is_about_another_product_once_its_words_name_one(page: AppTest) -> None:
    ask(page, LAMP)
    button(page, "What is it made of").click().run()
    for edited, uid in (
        ("and how long is the cable?", "LAMP1"),
        ("what ages is the Pellworth chess set?", "CHESS1"),
    ):
        button(page, "Edit").click().run()
        page.text_area[0].set_value(edited)
        button(page, "Ask again").click().run()
        assert conversation_of(page).turns[1].reply.uid == uid


def test_an_edit_is_over_once_something_else_was_asked(page: AppTest) -> None:
    ask(page, LAMP)
    button(page, "Edit").click().run()
    button(page, "What is it made of").click().run()
    assert not page.text_area
    assert len(conversation_of(page).turns) == 2


def test_on_a_products_page_an_edited_question_is_still_about_it(page: AppTest) -> None:
    page.query_params["product"] = "CHESS1"
    page.run()
    ask(page, "what aegs?")
    button(page, "Edit").click().run()
    page.text_area[0].set_value("what ages?")
    button(page, "Ask again").click().run()
    assert conversation_of(page).turns[0].request == Request("what ages?", "CHESS1")
    assert len(page.chat_message) == 2


def test_what_another_tab_did_meanwhile_breaks_nothing(page: AppTest) -> None:
    ask(page, LAMP)
    conversation = conversation_of(page)
    conversation.forget()
    button(page, "Answer again").click().run()
    assert not page.exception
    assert not page.chat_message
    ask(page, LAMP)
    conversation_of(page).forget()
    page.feedback[0].set_value(1).run()
    assert not page.exception


def test_an_edit_that_is_cancelled_changes_nothing(page: AppTest) -> None:
    ask(page, LAMP)
    button(page, "Edit").click().run()
    page.text_area[0].set_value("something else")
    button(page, "Cancel").click().run()
    assert [turn.request.question for turn in conversation_of(page).turns] == [LAMP]
    assert bubbles(page)[0] == LAMP


def test_asking_again_forgets_what_the_first_try_made_of_the_talk(page: AppTest) -> None:
    ask(page, MUG)
    assert conversation_of(page).state.candidates
    button(page, "Edit").click().run()
    page.text_area[0].set_value(LAMP)
    button(page, "Ask again").click().run()
    assert conversation_of(page).state.uid == "LAMP1"


def test_a_conversation_is_saved_as_markdown_that_holds_no_markup_of_others_and_as_json(page: AppTest) -> None:
    assert not page.get("download_button"), "there is nothing to save yet"
    ask(page, LAMP)
    ask(page, "how heavy is the Gribbleflint Cloth, Red?")
    ask(page, "is it *really*?")
    assert len(page.get("download_button")) == 2
    conversation = conversation_of(page)
    text = as_markdown_file(conversation, ENGLISH)
    assert "**You:** how heavy is the Orlevik desk lamp\\?" in text
    assert "> It weighs 2\\.4 kg\\." in text
    assert "\\*really\\*" in text
    assert HOSTILE_TITLE not in text
    assert "](http" not in text.replace("\\", "§")
    rows = json.loads(as_json_file(conversation))
    assert [row["question"] for row in rows] == [turn.request.question for turn in conversation.turns]
    assert rows[0]["reply"] == conversation.turns[0].reply.to_row()


def test_the_address_of_a_product_shows_it_and_a_question_is_about_it(context: AppContext, page: AppTest) -> None:
    page.query_params["product"] = "CHESS1"
    page.run()
    assert page.header[0].value == "Pellworth Travel Chess Set"
    assert "32 magnetic pieces" in html_of(page)
    assert page.chat_input[0].placeholder == ENGLISH.product_placeholder
    ask(page, "what ages?")
    assert conversation_of(page).turns[0].reply.uid == "CHESS1"
    button(page, ENGLISH.product_leave).click().run()
    assert "product" not in page.query_params
    assert len(page.chat_message) == 2, "the conversation is still there"


def test_an_address_of_no_product_says_so_and_the_page_is_of_use(page: AppTest) -> None:
    page.query_params["product"] = "[x](http://evil.invalid)"
    page.run()
    assert page.warning[0].value.startswith("There is no product \\[x\\]\\(")
    ask(page, LAMP)
    assert "2.4 kg" in bubbles(page)[1]


def test_titles_are_found_as_one_types_and_turned_page_by_page(assistant: Assistant, context: AppContext) -> None:
    def draw() -> None:
        import streamlit as st

        chat = st.Page(
            lambda: show_browse(assistant.retriever, chat, ENGLISH), title="Chat", url_path="chat", default=True
        )
        st.navigation([chat]).run()

    for page in page_of(draw):
        assert page.get("page_link")[0].proto.label == "Orlevik Desk Lamp"
        assert "1 to 8 of 8 products" in captions(page)
        page.text_input[0].set_value("tarnb").run()
        labels = [link.proto.label for link in page.get("page_link")]
        assert sorted(labels[:2]) == ["Tarnbeck Stoneware Mug\\, Blue", "Tarnbeck Stoneware Mug\\, Grey"]
        assert page.get("page_link")[0].proto.query_string in ("product=MUG1", "product=MUG2")
        page.text_input[0].set_value("qqqq").run()
        assert not page.get("page_link")
        assert ENGLISH.browse_nothing in [text.value for text in page.text]


def test_the_whole_page_speaks_the_language_that_is_set(context: AppContext, page: AppTest) -> None:
    page.session_state.session.language = "pt"
    page.run()
    assert page.header[0].value == PORTUGUESE.greeting
    assert page.chat_input[0].placeholder == PORTUGUESE.placeholder
    assert button(page, PORTUGUESE.new_conversation)
    ask(page, "quanto pesa o Orlevik Desk Lamp?")
    assert PORTUGUESE.description in [expander.label for expander in page.expander]
    ask(page, "x" * 4001)
    assert page.error[0].value.replace("\\", "") == PORTUGUESE.errors["QuestionError"]


def test_both_languages_say_everything_and_fill_the_same_places() -> None:
    def places(text: object) -> object:
        if isinstance(text, str):
            return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})
        if isinstance(text, dict):
            return {key: places(value) for key, value in text.items() if isinstance(value, str)}
        return len(text) if isinstance(text, tuple) else None

    for name in vars(ENGLISH):
        assert getattr(PORTUGUESE, name), name
        assert places(getattr(ENGLISH, name)) == places(getattr(PORTUGUESE, name)), name
    assert ENGLISH.matters.keys() == PORTUGUESE.matters.keys()


def test_settings_hold_from_the_next_question_on(context: AppContext, assistant: Assistant) -> None:
    session = Session()
    for page in page_of(lambda: show_model(context, assistant, session)):
        page.slider[0].set_value(128).run()
        page.slider[1].set_value(0.5).run()
        page.slider[2].set_value(0.9).run()
        for temperature in (0.8, 0.3, 0.5):
            page.slider[1].set_value(temperature).run()
            assert session.preferences.temperature == temperature, "the second change counts as the first"
        assert not page.exception
        params = session.preferences.params(Request("x"))
        assert (params.max_new_tokens, params.temperature, params.top_p) == (128, 0.5, 0.9)


def test_the_language_is_set_apart_from_the_model(context: AppContext) -> None:
    session = Session()
    for page in page_of(lambda: show_settings(session, [])):
        assert not page.slider
        assert not page.selectbox
        page.button_group[0].set_value("pt").run()
        assert session.language == "pt"
        assert page.header[0].value == PORTUGUESE.settings


def test_another_model_is_opened_when_it_is_chosen_and_a_broken_one_is_told(
    assistant: Assistant, context: AppContext
) -> None:
    other = assistant_of(
        assistant.retriever.catalogue, assistant.retriever.index, Scripted(["The lamp weighs 2.4 kg. [1]"])
    )

    def broken() -> Assistant:
        raise ArtefactError("the model broken is damaged", "a whole one", "fetch it")

    with_models = AppContext(
        context.home,
        context.retriever,
        assistant,
        context.feedback,
        context.queue,
        context.sessions,
        {"other": lambda: other, "broken": broken},
    )
    for page in page_of(partial(render, with_models)):
        page.session_state.session.preferences.model = "other"
        page.run()
        ask(page, LAMP)
        assert bubbles(page)[1] == "The lamp weighs 2.4 kg. [1]"
        page.session_state.session.preferences.model = "broken"
        page.run()
        assert "the model broken is damaged" in page.error[0].value
        assert page.session_state.session.preferences.model == ""


def test_a_model_that_cannot_be_had_is_given_up_and_no_longer_chosen(assistant: Assistant, context: AppContext) -> None:
    def broken() -> Assistant:
        raise ArtefactError("the model broken is damaged", "a whole one", "fetch it")

    session = Session()
    models = AppContext(
        context.home,
        context.retriever,
        assistant,
        context.feedback,
        context.queue,
        context.sessions,
        {"broken": broken},
    )
    for page in page_of(lambda: show_model(models, _assistant(models, session), session)):
        page.selectbox(key=MODEL).set_value("broken").run()
        assert "the model broken is damaged" in page.error[0].value
        assert (page.selectbox(key=MODEL).value, session.preferences.model) == ("", "")
        page.run()
        assert not page.error


def test_without_an_adapter_there_is_nothing_to_compare(context: AppContext, assistant: Assistant) -> None:
    for page in page_of(lambda: show_compare(context, assistant, Session())):
        assert page.info[0].value == ENGLISH.compare_no_adapter
        assert not page.chat_input


@pytest.mark.parametrize(
    ("question", "speed"),
    [
        (LAMP, r"6 tokens at \d+ tokens/s · \d+\.\d s in all"),  # as the model said it, no mark added
        ("does the Orlevik desk lamp have a dimmer?", r"Nothing for the model to write · \d+\.\d s in all"),
    ],
)
def test_a_comparison_tells_how_fast_the_model_itself_wrote(
    assistant: Assistant, tmp_path: Path, question: str, speed: str
) -> None:
    def answered(messages: Sequence[Message]) -> str:
        return "The lamp does weigh 2.4 kg."

    model = Scripted(answered, [TAUGHT], delay_s=0.01)
    compared = context_of(
        assistant_of(assistant.retriever.catalogue, assistant.retriever.index, model), Feedback(tmp_path / FILE)
    )
    session = Session()
    for page in page_of(lambda: show_compare(compared, compared.assistant, session)):
        ask(page, question)
        speeds = captions(page)[-2:]
        assert all(re.fullmatch(speed, each) for each in speeds), speeds


def test_a_first_start_names_each_missing_part_with_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITLEWISE_MODELS", str(tmp_path / "models"))
    home = tmp_path / "home"
    steps = setup_steps(home, Engine())
    assert [(step.name, bool(step.problem), step.waits) for step in steps] == [
        ("catalogue", True, False),
        ("index", False, True),
        ("model", True, False),
    ]
    for page in page_of(lambda: show_start(setup_steps(home, Engine()), Engine(), ENGLISH)):
        assert [code.value for code in page.code] == [
            f"titlewise --home {home} prepare trn.json",
            f"titlewise --home {home} index",
            f"titlewise models fetch {EMBEDDED}",
        ]
        assert button(page, ENGLISH.start_index_button).disabled
        button(page, ENGLISH.start_catalogue_button).click().run(timeout=60)
        assert page.success[0].value == ENGLISH.start_done
        assert not button(page, ENGLISH.start_index_button).disabled
        button(page, ENGLISH.start_index_button).click().run(timeout=60)
        assert len(page.success) == 2


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(ArtefactError, match=r"there is no model .*nobody-knows"):
        list(run_step(SetupStep("model", "x", ("models", "fetch", "./nobody-knows"))))


def test_a_visit_is_found_again_by_its_own_key_alone_and_the_oldest_is_forgotten() -> None:
    sessions = Sessions()
    key, session = sessions.of("", "en")
    assert sessions.of(key, "pt") == (key, session)
    invented, other = sessions.of("an invented key", "en")
    assert invented != "an invented key"
    assert other is not session
    for _ in range(MAX_SESSIONS):
        sessions.of("", "en")
    again, fresh = sessions.of(key, "en")
    assert again != key
    assert fresh is not session


def test_preferences_make_an_answer_vary_only_where_it_is_asked_again() -> None:
    preferences = Preferences(adapter="", max_new_tokens=32, temperature=0.2, top_p=0.8)
    first, again = preferences.params(Request("x")), preferences.params(Request("x", times=2))
    assert (first.seed, first.temperature, preferences.adapter_of(["x"]), first.top_p) == (0, 0.2, "", 0.8)
    assert (again.seed, again.temperature, again.max_new_tokens) == (2, 0.7, 32)


def test_products_that_fit_and_those_compared_are_escaped_html() -> None:
    fits = Suggestion("U<1>", "A <b>lamp</b>", (Quote("Runs on <USB>.", 0, 14), Quote("A <b>lamp</b>", 0, 13, "title")))
    assert suggestion_html(fits) == (
        '<div class="tw-title">A &lt;b&gt;lamp&lt;/b&gt;</div><div class="tw-uid">U&lt;1&gt;</div>'
        '<blockquote class="tw-quote">“Runs on &lt;USB&gt;.”</blockquote>'
    )
    sides = (
        Side("A", "Lamp <one>", "answer", "It weighs 2 kg.", (Quote("2 kg", 0, 4),)),
        Side("B", "Lamp two", "not_stated", "It does not say.", ()),
    )
    table = sides_html(Reply("comparison", "…", products=sides, winner="B"))
    assert "<td>Lamp &lt;one&gt;</td><td>It weighs 2 kg.</td>" in table
    assert "<b>Lamp two</b>" in table

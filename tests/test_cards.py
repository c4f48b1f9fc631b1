"""Cards of products offered to a need: ticked, compared, and those that come near."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from drawn import ask, bubbles, button, captions, html_of, page_of, read_aloud
from page_shop import context_of, offering_conversation, open_shop, shop_home
from streamlit.testing.v1 import AppTest

from assistant.assistant import Assistant
from assistant.backends.scripted import Scripted
from ui.feedback import FILE, Feedback
from ui.web.app import render
from ui.web.components.markdown import on_one_line
from ui.web.conversation import Turn
from ui.web.strings import ENGLISH

pytestmark = pytest.mark.slow

MUGS = "I am looking for a mug with a wide handle"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return open_shop(shop_home(tmp_path_factory.getbasetemp()), Scripted(read_aloud))


@pytest.fixture
def page(assistant: Assistant, tmp_path: Path) -> Iterator[AppTest]:
    yield from page_of(partial(render, context_of(assistant, Feedback(tmp_path / FILE))))


@pytest.fixture
def offering(page: AppTest) -> AppTest:
    """A page on which four products are offered."""
    page.session_state.session.conversation = offering_conversation()
    page.run()
    return page


def tick(page: AppTest, place: int) -> None:
    page.checkbox[place].check().run()
    assert not page.exception


def last(page: AppTest) -> Turn:
    turn: Turn = page.session_state.session.conversation.turns[-1]
    return turn


def test_two_that_are_ticked_are_compared_by_what_matters(page: AppTest) -> None:
    ask(page, MUGS)
    assert last(page).reply.kind == "suggestions"
    offered = [product.uid for product in last(page).reply.products]
    assert set(offered) == {"MUG1", "MUG2"}
    tick(page, 0)
    assert ENGLISH.tick_more in captions(page)
    assert not [each for each in page.button if each.label == ENGLISH.compare_two]
    tick(page, 1)
    page.text_input[0].set_value("which holds more?")
    button(page, ENGLISH.compare_two).click().run()
    reply = last(page).reply
    assert (reply.kind, [side.uid for side in reply.products], reply.winner) == ("comparison", offered, "MUG2")
    assert "which holds more?\n· Tarnbeck Stoneware Mug" in bubbles(page)[2]
    assert "<b>Tarnbeck Stoneware Mug, Grey</b>" in html_of(page)
    assert not any(box.value for box in page.checkbox), "the boxes are as they were"


def test_without_a_question_each_says_what_it_is_and_the_talk_goes_on_with_both(page: AppTest) -> None:
    ask(page, MUGS)
    tick(page, 0)
    tick(page, 1)
    button(page, ENGLISH.compare_two).click().run()
    assert bubbles(page)[2].startswith(ENGLISH.compared_at_large)
    compared = [side.uid for side in last(page).reply.products]
    assert all(side.kind == "answer" for side in last(page).reply.products)
    ask(page, "which of the two holds more?")
    assert [side.uid for side in last(page).reply.products] == compared
    assert last(page).reply.winner == "MUG2"


def test_three_at_most_are_compared_and_exactly_those(offering: AppTest) -> None:
    for place in (3, 0, 1):
        tick(offering, place)
    assert [box.disabled for box in offering.checkbox] == [False, False, True, False]
    button(offering, ENGLISH.compare_three).click().run()
    assert last(offering).request.compared == ("MUG1", "CLOTH1", "CHESS1")
    assert [side.uid for side in last(offering).reply.products] == ["MUG1", "CLOTH1", "CHESS1"]
    assert "evil" not in "".join(each.value for each in offering.markdown)


def test_a_comparison_can_be_had_in_other_words_and_again(offering: AppTest) -> None:
    tick(offering, 0)
    tick(offering, 2)
    button(offering, ENGLISH.compare_two).click().run()
    button(offering, "Edit").click().run()
    offering.text_area[0].set_value("which is heavier?")
    button(offering, "Ask again").click().run()
    button(offering, "Answer again").click().run()
    assert last(offering).request.question == "which is heavier?"
    assert [side.uid for side in last(offering).reply.products] == ["MUG1", "LAMP1"]


def test_a_lone_product_has_no_box(page: AppTest) -> None:
    ask(page, "I need a travel chess set with magnetic pieces")
    assert [product.uid for product in last(page).reply.products] == ["CHESS1"]
    assert not page.checkbox


def test_near_ones_are_cards_that_say_so_and_can_be_compared_too(page: AppTest) -> None:
    conversation = offering_conversation()
    turn = conversation.turns[0]
    assert turn.reply is not None
    turn.reply = replace(turn.reply, kind="not_found", products=(), near=turn.reply.products[:2])
    page.session_state.session.conversation = conversation
    page.run()
    assert [ENGLISH.near in each.value for each in page.markdown].count(True) == 2
    assert "Tarnbeck Stoneware Mug, Blue" in html_of(page)
    assert captions(page).count(on_one_line(ENGLISH.untold.format(conditions="for a sailor"))) == 2
    assert not [each for each in page.button if each.label.startswith("Invent")]
    tick(page, 0)
    tick(page, 1)
    button(page, ENGLISH.compare_two).click().run()
    assert [side.uid for side in last(page).reply.products] == ["MUG1", "CLOTH1"]


def test_a_product_is_asked_about_from_its_card(offering: AppTest) -> None:
    button(offering, ENGLISH.ask_about_this).click().run()
    assert (last(offering).reply.uid, last(offering).reply.kind) == ("MUG1", "answer")


def test_a_bare_need_is_narrowed_down_by_a_button(page: AppTest) -> None:
    conversation = offering_conversation()
    turn = conversation.turns[0]
    assert turn.reply is not None
    turn.reply = replace(turn.reply, text=f"{turn.reply.text}\nsuch as: Tarnbeck", facets=("Tarnbeck", "wide handle"))
    page.session_state.session.conversation = conversation
    page.run()
    assert ENGLISH.narrow in captions(page)
    button(page, "Tarnbeck").click().run()
    assert last(page).request.question == "a present for a sailor, Tarnbeck"
    assert last(page).reply

"""Products offered to a need, as cards: what shows how each fits, and boxes to tick for those to compare.

Streamlit is imported at the top: only the page imports this module.

    show_suggested(turn, session)
"""

import textwrap
from collections.abc import Sequence

import streamlit as st

from assistant.reply import Side, Suggestion
from assistant.shopping.mentions import MOST_TOGETHER
from ui.web.components.markdown import on_one_line
from ui.web.components.replies import suggestion_html
from ui.web.conversation import Conversation, Request, Turn
from ui.web.sessions import Session
from ui.web.strings import Strings

FEWEST_COMPARED = 2
LONGEST_QUESTION = 300  # characters
LONGEST_TITLE = 80  # characters of a title in the visitor's bubble

Offered = Suggestion | Side


def show_suggested(turn: Turn, session: Session) -> None:
    """Draw the products that fit a need as cards, or those that come near; those ticked are compared."""
    assert turn.reply is not None
    products = turn.reply.near or turn.reply.products
    ticked = [product for product in products if st.session_state.get(_tick_key(turn, product))]
    for product in products:
        with st.container(border=True, gap="small"):
            if turn.reply.near:
                st.badge(session.strings.near, color="orange")
            _show_shown(product, session.strings)
            with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
                _show_asking(turn, product, session)
                if len(products) >= FEWEST_COMPARED:
                    full = len(ticked) >= MOST_TOGETHER and product not in ticked
                    st.checkbox(session.strings.tick, key=_tick_key(turn, product), disabled=full)
    if turn.reply.facets:
        _show_facets(turn, session)
    if len(ticked) >= FEWEST_COMPARED:
        _show_comparing(turn, ticked, session)
    elif ticked:
        st.caption(session.strings.tick_more)


def _show_facets(turn: Turn, session: Session) -> None:
    """Draw the words that would narrow a bare need down, as buttons that ask for it with them."""
    assert turn.reply is not None
    st.caption(session.strings.narrow)
    with st.container(horizontal=True, gap="small"):
        for number, value in enumerate(turn.reply.facets):
            request = Request(f"{turn.request.question.rstrip(' ?!.')}, {value}")
            st.button(
                on_one_line(value),
                key=f"facet-{turn.id}-{number}",
                type="tertiary",
                on_click=session.conversation.ask,
                args=(request,),
            )


def _show_shown(product: Offered, strings: Strings) -> None:
    """Draw what shows that a product fits, and what is not said of it."""
    st.html(suggestion_html(product))
    if untold := getattr(product, "untold", ()):
        st.caption(on_one_line(strings.untold.format(conditions="; ".join(untold))))


def _show_asking(turn: Turn, product: Offered, session: Session) -> None:
    """Draw the button that asks what a product is."""
    strings, ask = session.strings, session.conversation.ask
    key, icon, request = f"fits-{turn.id}-{product.uid}", ":material/sell:", Request(strings.ask_at_large, product.uid)
    st.button(strings.ask_about_this, key=key, icon=icon, type="tertiary", on_click=ask, args=(request,))


def _show_comparing(turn: Turn, ticked: Sequence[Offered], session: Session) -> None:
    """Draw by what the ticked products are to be compared, and the button that does so."""
    strings = session.strings
    with st.form(f"compare-{turn.id}"):
        at_large = strings.compared_at_large
        st.text_input(strings.compared_by, placeholder=at_large, max_chars=LONGEST_QUESTION, key=_question_key(turn))
        label = strings.compare_two if len(ticked) == FEWEST_COMPARED else strings.compare_three
        given = turn, tuple(ticked), session.conversation, strings
        st.form_submit_button(label, icon=":material/compare_arrows:", on_click=_compare, args=given)


def _compare(turn: Turn, ticked: Sequence[Offered], conversation: Conversation, strings: Strings) -> None:
    """Ask for the comparison, and give the boxes back as they were."""
    question = st.session_state[_question_key(turn)].strip() or strings.compared_at_large
    titles = [textwrap.shorten(product.title, LONGEST_TITLE, placeholder=" …") for product in ticked]
    shown = "\n".join(f"· {title}" for title in titles)
    conversation.ask(Request(question, shown=shown, compared=tuple(product.uid for product in ticked)))
    st.session_state[_question_key(turn)] = ""
    for product in ticked:
        st.session_state[_tick_key(turn, product)] = False


def _tick_key(turn: Turn, product: Offered) -> str:
    return f"tick-{turn.id}-{product.uid}"


def _question_key(turn: Turn) -> str:
    return f"compared-by-{turn.id}"

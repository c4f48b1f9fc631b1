"""The conversation: questions, replies as they come, and what can be done with each.

show_chat(context, assistant, session)
"""

import streamlit as st

from assistant.retriever import Retriever
from index.catalogue.store import Product
from index.errors import UnknownProductError
from ui.web.components.cards import show_suggested
from ui.web.components.markdown import on_one_line
from ui.web.components.offers import (
    show_choices,
    show_covered,
    show_greeting,
    show_nearest,
    show_others,
    show_questions,
)
from ui.web.components.replies import (
    confidence,
    error_line,
    show_card,
    show_description,
    show_reply,
    show_times,
    show_uid,
)
from ui.web.components.turns import begin_next, follow, follow_unseen, show_acts, show_asked, show_line
from ui.web.context import Answerer, AppContext
from ui.web.conversation import Conversation, Request, Turn
from ui.web.sessions import Session
from ui.web.strings import Strings

PRODUCT = "product"  # the page's address names one by this parameter
TYPED = "typed-question"

# Streamlit begins a page with a chat's input at its end, where a product is described at its head.
TURN_TO_HEAD = """<script>document.querySelector("h2")?.scrollIntoView({block: "center"});</script>"""


def show_chat(context: AppContext, assistant: Answerer, session: Session) -> None:
    """Draw the conversation, or its turns about the product in the page's address, and answer what is asked."""
    strings, conversation = session.strings, session.conversation
    product = _product_of_address(context.retriever, strings)
    uid = product.uid if product is not None else ""
    placeholder = strings.product_placeholder if product is not None else strings.placeholder
    # What a callback takes is not lost where the next act ends this drawing before it comes here.
    st.chat_input(placeholder, key=TYPED, on_submit=_ask_typed, args=(conversation, uid))
    begin_next(conversation, context, assistant, session)
    turns = [turn for turn in conversation.turns if uid in ("", turn.request.uid)]
    line = [request for request in conversation.line if uid in ("", request.uid)]
    greeting = st.empty()  # or it would stand, faded, under the first reply on its way
    if product is not None:
        _show_product(product, context.retriever, session, fresh=not turns and not line)
    elif not turns:
        with greeting.container():
            show_greeting(context.retriever, session)
    running = None
    for turn in turns:
        with st.chat_message("user", avatar=":material/person:"):
            _show_request(turn, uid, session)
        bubble = st.chat_message("assistant", avatar=":material/sell:")
        if turn.stream is not None:
            running = turn, bubble
            continue
        with bubble:
            _show_answered(turn, context, session)
    show_line(line, conversation, strings)
    if running is not None:
        turn, bubble = running
        with bubble:
            follow(turn, conversation, context.retriever, strings)
    elif line and conversation.running is not None:
        follow_unseen(conversation.running, conversation)


def _ask_typed(conversation: Conversation, uid: str) -> None:
    if typed := st.session_state[TYPED]:
        conversation.ask(Request(typed, uid))


def _show_answered(turn: Turn, context: AppContext, session: Session) -> None:
    strings, reply, retriever = session.strings, turn.reply, context.retriever
    if turn.error is not None:
        st.error(error_line(turn.error, strings))
    if reply is not None:
        product = retriever.catalogue.find(reply.uid) if reply.uid in retriever.catalogue else None  # or it was removed
        if reply.uid:
            show_card(product.title if product else reply.title, reply.uid, _why(turn, strings))
            show_others(turn, reply.uid, session)
        show_reply(reply, product, strings)
        if reply.kind == "clarify":
            show_choices(turn, retriever, session.conversation)
        elif reply.kind == "suggestions" or reply.near:
            show_suggested(turn, session)
        elif reply.kind == "not_found":
            show_nearest(turn, retriever, session)
        elif product is not None:
            if reply.kind == "not_stated":
                show_covered(product, retriever, session.language)
            if turn is session.conversation.last:
                show_questions(product, retriever, session)
    if turn.stopped:
        st.caption(strings.stopped)
    show_acts(turn, session.conversation, context, strings)
    if reply is not None:
        show_times(reply.timings, strings)


def _why(turn: Turn, strings: Strings) -> str:
    """Return why it is this product that was answered about."""
    if turn.probability is not None:
        return confidence(turn.probability, strings)
    return strings.chosen if turn.request.uid or turn.before.candidates else strings.kept


def _show_request(turn: Turn, uid: str, session: Session) -> None:
    """Draw what was asked; `uid` is the product of the page's address, which other words for it are about too."""
    request = turn.request
    last = turn is session.conversation.last and turn.stream is None and not request.describe
    if last and session.editing == turn.id:
        _edit(turn, uid, session)
        return
    show_asked(request.text)
    if last:
        st.button(
            session.strings.edit,
            key=f"edit-{turn.id}",
            icon=":material/edit:",
            type="tertiary",
            on_click=setattr,
            args=(session, "editing", turn.id),
        )


def _edit(turn: Turn, uid: str, session: Session) -> None:
    strings = session.strings
    with st.form("edit", border=False):
        edited = st.text_area(strings.edit_label, turn.request.question, key="edited")
        with st.container(horizontal=True):
            again = st.form_submit_button(strings.ask_again)
            cancelled = st.form_submit_button(strings.cancel)
    if again and edited.strip():
        session.conversation.reword(turn, edited, uid)
    if again or cancelled:
        session.editing = ""
        st.rerun()


def _show_product(product: Product, retriever: Retriever, session: Session, *, fresh: bool) -> None:
    """Draw the product of the page's address; `fresh` where nothing was asked about it yet."""
    if st.button(session.strings.product_leave, key="leave", icon=":material/arrow_back:", type="tertiary"):
        del st.query_params[PRODUCT]
        st.rerun()
    st.header(on_one_line(product.title), anchor=False)
    show_uid(product.uid)
    show_description(product, (), session.strings, expanded=fresh)
    if fresh:
        show_questions(product, retriever, session)
        st.html(TURN_TO_HEAD, unsafe_allow_javascript=True)


def _product_of_address(retriever: Retriever, strings: Strings) -> Product | None:
    """Return the product that the page's address names, if it names one that is there."""
    uid = st.query_params.get(PRODUCT, "")
    if not uid:
        return None
    try:
        return retriever.catalogue.find(uid)
    except UnknownProductError:
        st.warning(on_one_line(strings.product_unknown.format(uid=uid)))
        return None

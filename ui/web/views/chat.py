"""The conversation: questions, replies as they come, and what can be done with each.

show_chat(context, assistant, session)
"""

import functools
import threading

import streamlit as st

from assistant.answer import Answer
from assistant.retriever import Retriever
from index.catalogue.store import Product
from index.errors import UnknownProductError
from ui.web.components.copy_button import copy_button
from ui.web.components.markdown import on_one_line
from ui.web.components.offers import (
    show_choices,
    show_covered,
    show_greeting,
    show_nearest,
    show_others,
    show_questions,
    show_suggested,
)
from ui.web.components.replies import (
    confidence,
    error_line,
    show_badge,
    show_card,
    show_description,
    show_reply,
    show_times,
    show_uid,
)
from ui.web.components.votes import show_vote
from ui.web.context import Answerer, AppContext
from ui.web.conversation import Request, Turn
from ui.web.sessions import Session
from ui.web.stream import AnswerStream
from ui.web.strings import Strings

MAX_SHOWN_CHARACTERS = 300  # of what the visitor typed
PRODUCT = "product"  # the page's address names one by this parameter

# Streamlit follows a growing page only for those who are at its end, and leaves the sidebar over the page of a
# narrow screen; who asks wants to see the reply.
TURN_TO_REPLY = """<script>
Array.from(document.querySelectorAll('[data-testid="stChatMessage"]')).at(-1)?.scrollIntoView({behavior: "smooth"});
if (innerWidth < 768)
  document.querySelector('[data-collapsed="false"] [data-testid="stSidebarCollapseButton"] button')?.click();
</script>"""


# It also begins such a page at its end, where a product is described at its head.
TURN_TO_HEAD = """<script>document.querySelector("h2")?.scrollIntoView({block: "center"});</script>"""


def show_chat(context: AppContext, assistant: Answerer, session: Session) -> None:
    """Draw the conversation, or its turns about the product in the page's address, and answer what is asked."""
    strings, conversation = session.strings, session.conversation
    product = _product_of_address(context.retriever, strings)
    uid = product.uid if product is not None else ""
    typed = st.chat_input(strings.product_placeholder if product is not None else strings.placeholder)
    if typed:
        conversation.ask(Request(typed, uid))
    _begin(context, assistant, session)
    turns = [turn for turn in conversation.turns if uid in ("", turn.request.uid)]
    greeting = st.empty()  # or it would stand, faded, under the first reply on its way
    if product is not None:
        _show_product(product, context.retriever, session, fresh=not turns)
    elif not turns:
        with greeting.container():
            show_greeting(context.retriever, session)
    for turn in turns:
        with st.chat_message("user", avatar=":material/person:"):
            _show_request(turn, uid, session)
        with st.chat_message("assistant", avatar=":material/sell:"):
            if turn.stream is not None:
                _follow(turn, turn.stream, context.retriever, session)
            else:
                _show_answered(turn, context, session)


def _begin(context: AppContext, assistant: Answerer, session: Session) -> None:
    """Start answering what was asked, in a thread that goes on while the page is drawn anew."""

    def turn_of(request: Request) -> Turn:
        adapters, preferences = assistant.adapters, session.preferences
        adapter = preferences.adapter_of(adapters)
        return Turn(request, assistant.model, adapter, adapters.get(adapter, ""), preferences.params(request))

    def start(turn: Turn) -> AnswerStream:
        return AnswerStream(functools.partial(_ask, assistant, turn), context.queue)

    session.conversation.begin(start, turn_of)


def _ask(assistant: Answerer, turn: Turn, cancel: threading.Event) -> Answer:
    request, params, adapter = turn.request, turn.params, turn.adapter
    if request.describe:
        return assistant.describe(request.question, seed=params.seed, adapter=adapter, cancel=cancel)
    return assistant.ask(
        request.question, uid=request.uid, state=turn.before, params=params, adapter=adapter, cancel=cancel
    )


def _follow(turn: Turn, stream: AnswerStream, retriever: Retriever, session: Session) -> None:
    """Draw a reply as it comes; the visitor's next act may end this drawing at any point, but not the reply."""
    strings, conversation = session.strings, session.conversation
    st.html(TURN_TO_REPLY, unsafe_allow_javascript=True)
    if turn.request.describe:
        show_badge("generated", strings)
    card, words = st.empty(), st.empty()
    stop = ":material/stop_circle:"
    st.button(strings.stop, key=f"stop-{turn.id}", icon=stop, type="tertiary", on_click=conversation.stop)
    carded = False
    for text in stream:
        if not carded and stream.answer is not None and (uid := stream.answer.state.uid):
            carded = True
            with card:
                show_card(retriever.catalogue.find(uid).title, uid)
        if stream.before:
            words.caption(strings.in_line.format(before=stream.before))
        else:
            words.text(text or strings.searching)
    conversation.finish(turn)
    st.rerun()


def _show_answered(turn: Turn, context: AppContext, session: Session) -> None:
    strings, reply, retriever = session.strings, turn.reply, context.retriever
    if turn.error is not None:
        st.error(error_line(turn.error, strings))
    if reply is not None:
        product = retriever.catalogue.find(reply.uid) if reply.uid else None
        if product is not None:
            show_card(product.title, product.uid, _why(turn, strings))
            show_others(turn, product.uid, session)
        show_reply(reply, product, strings)
        if reply.kind == "clarify":
            show_choices(turn, retriever, session.conversation)
        elif reply.kind == "suggestions":
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
    _show_acts(turn, context, session)
    if reply is not None:
        show_times(reply.timings, strings)


def _show_acts(turn: Turn, context: AppContext, session: Session) -> None:
    """Draw what can be done with a reply: copy it, have it answered again, judge it."""
    strings, conversation, reply = session.strings, session.conversation, turn.reply
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if reply is not None and reply.text:
            copy_button(reply.text, strings, key=f"copy-{turn.id}")
        if turn is conversation.last:
            again = ":material/refresh:"
            st.button(
                strings.regenerate, key=f"again-{turn.id}", icon=again, type="tertiary", on_click=conversation.again
            )
        if turn.answered:
            show_vote(turn, context.retriever.catalogue, context.feedback, strings)


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
        _edit(request.question, uid, session)
        return
    shown = request.shown or request.question
    st.text(shown if len(shown) <= MAX_SHOWN_CHARACTERS else shown[:MAX_SHOWN_CHARACTERS] + " …")
    if last:
        st.button(
            session.strings.edit,
            key=f"edit-{turn.id}",
            icon=":material/edit:",
            type="tertiary",
            on_click=setattr,
            args=(session, "editing", turn.id),
        )


def _edit(question: str, uid: str, session: Session) -> None:
    strings = session.strings
    with st.form("edit", border=False):
        edited = st.text_area(strings.edit_label, question, key="edited")
        with st.container(horizontal=True):
            again = st.form_submit_button(strings.ask_again)
            cancelled = st.form_submit_button(strings.cancel)
    if again and edited.strip():
        session.conversation.reword(edited, uid)
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

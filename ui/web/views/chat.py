"""The conversation: questions, replies as they come, and what can be done with each.

show_chat(shop, assistant, visit)
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
)
from ui.web.components.replies import (
    confidence,
    fault_line,
    show_badge,
    show_card,
    show_description,
    show_reply,
    show_times,
    show_uid,
)
from ui.web.components.votes import show_vote
from ui.web.context import Clerk, Shop
from ui.web.conversation import Exchange, Request, Talk
from ui.web.sessions import Visit
from ui.web.stream import Reading
from ui.web.strings import STRINGS, Strings

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


def show_chat(shop: Shop, assistant: Clerk, visit: Visit) -> None:
    """Draw the conversation, or what was said about the product in the page's address, and answer what is asked."""
    strings, talk = STRINGS[visit.language], visit.talk
    product = _product_of_address(shop.retriever, strings)
    uid = product.uid if product is not None else ""
    typed = st.chat_input(strings.product_placeholder if product is not None else strings.placeholder)
    if typed:
        talk.ask(Request(typed, uid))
    _begin(shop, assistant, visit)
    exchanges = [exchange for exchange in talk.exchanges if uid in ("", exchange.request.uid)]
    greeting = st.empty()  # or it would stand, faded, under the first reply on its way
    if product is not None:
        _show_product(product, shop.retriever, visit, fresh=not exchanges)
    elif not exchanges:
        with greeting.container():
            show_greeting(shop.retriever, talk, strings)
    for exchange in exchanges:
        with st.chat_message("user", avatar=":material/person:"):
            _show_request(exchange, uid, visit, strings)
        with st.chat_message("assistant", avatar=":material/sell:"):
            if exchange.reading is not None:
                _follow(exchange, exchange.reading, shop.retriever, talk, strings)
            else:
                _show_answered(exchange, shop, visit)


def _begin(shop: Shop, assistant: Clerk, visit: Visit) -> None:
    """Start answering what was asked, in a thread that goes on while the page is drawn anew."""

    def exchange_of(request: Request) -> Exchange:
        adapters, preferences = assistant.adapters, visit.preferences
        adapter = preferences.adapter_or(next(iter(adapters), ""))
        return Exchange(request, assistant.model, adapter, adapters.get(adapter, ""), preferences.params(request))

    def start(exchange: Exchange) -> Reading:
        return Reading(functools.partial(_ask, assistant, exchange), shop.line)

    visit.talk.begin(start, exchange_of)


def _ask(assistant: Clerk, exchange: Exchange, cancel: threading.Event) -> Answer:
    request, params, adapter = exchange.request, exchange.params, exchange.adapter
    if request.describe:
        return assistant.describe(request.question, seed=params.seed, adapter=adapter, cancel=cancel)
    return assistant.ask(
        request.question, uid=request.uid, state=exchange.before, params=params, adapter=adapter, cancel=cancel
    )


def _follow(exchange: Exchange, reading: Reading, retriever: Retriever, talk: Talk, strings: Strings) -> None:
    """Draw a reply as it comes; the visitor's next act may end this drawing at any point, but not the reply."""
    st.html(TURN_TO_REPLY, unsafe_allow_javascript=True)
    if exchange.request.describe:
        show_badge("generated", strings)
    card, words = st.empty(), st.empty()
    stop = ":material/stop_circle:"
    st.button(strings.stop, key=f"stop-{exchange.id}", icon=stop, type="tertiary", on_click=talk.stop)
    carded = False
    for text in reading:
        if not carded and reading.answer is not None and (uid := reading.answer.state.uid):
            carded = True
            with card:
                show_card(retriever.catalogue.find(uid).title, uid)
        if reading.before:
            words.caption(strings.in_line.format(before=reading.before))
        else:
            words.text(text or strings.searching)
    talk.settle(exchange)
    st.rerun()


def _show_answered(exchange: Exchange, shop: Shop, visit: Visit) -> None:
    strings, talk, reply, retriever = STRINGS[visit.language], visit.talk, exchange.reply, shop.retriever
    if exchange.fault is not None:
        st.error(fault_line(exchange.fault, strings))
    if reply is not None:
        product = retriever.catalogue.find(reply.uid) if reply.uid else None
        if product is not None:
            show_card(product.title, product.uid, _why(exchange, strings))
            show_others(exchange, product.uid, talk, strings)
        show_reply(reply, product, strings)
        if reply.kind == "clarify":
            show_choices(exchange, retriever, talk)
        elif reply.kind == "not_found":
            show_nearest(exchange, retriever, talk, strings)
        elif product is not None:
            if reply.kind == "not_stated":
                show_covered(product, retriever, visit.language)
            if exchange is talk.last:
                show_questions(product, retriever, talk, visit.language)
    if exchange.stopped:
        st.caption(strings.stopped)
    _show_acts(exchange, shop, visit)
    if reply is not None:
        show_times(reply.timings, strings)


def _show_acts(exchange: Exchange, shop: Shop, visit: Visit) -> None:
    """Draw what can be done with a reply: copy it, have it answered again, judge it."""
    strings, talk, reply = STRINGS[visit.language], visit.talk, exchange.reply
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if reply is not None and reply.text:
            copy_button(reply.text, strings, key=f"copy-{exchange.id}")
        if exchange is talk.last:
            again = ":material/refresh:"
            st.button(strings.regenerate, key=f"again-{exchange.id}", icon=again, type="tertiary", on_click=talk.again)
        if exchange.answered:
            show_vote(exchange, shop.retriever.catalogue, shop.feedback, strings)


def _why(exchange: Exchange, strings: Strings) -> str:
    """Say why it is this product that was answered about."""
    if exchange.probability is not None:
        return confidence(exchange.probability, strings)
    return strings.chosen if exchange.request.uid or exchange.before.candidates else strings.kept


def _show_request(exchange: Exchange, uid: str, visit: Visit, strings: Strings) -> None:
    """Draw what was asked; `uid` is the product of the page's address, which other words for it are about too."""
    request = exchange.request
    last = exchange is visit.talk.last and exchange.reading is None and not request.describe
    if last and visit.editing == exchange.id:
        _edit(request.question, uid, visit, strings)
        return
    shown = request.shown or request.question
    st.text(shown if len(shown) <= MAX_SHOWN_CHARACTERS else shown[:MAX_SHOWN_CHARACTERS] + " …")
    if last:
        st.button(
            strings.edit,
            key=f"edit-{exchange.id}",
            icon=":material/edit:",
            type="tertiary",
            on_click=setattr,
            args=(visit, "editing", exchange.id),
        )


def _edit(question: str, uid: str, visit: Visit, strings: Strings) -> None:
    with st.form("edit", border=False):
        edited = st.text_area(strings.edit_label, question, key="edited")
        with st.container(horizontal=True):
            again = st.form_submit_button(strings.ask_again)
            cancelled = st.form_submit_button(strings.cancel)
    if again and edited.strip():
        visit.talk.reword(edited, uid)
    if again or cancelled:
        visit.editing = ""
        st.rerun()


def _show_product(product: Product, retriever: Retriever, visit: Visit, *, fresh: bool) -> None:
    """Draw the product of the page's address; `fresh` where nothing was asked about it yet."""
    strings = STRINGS[visit.language]
    if st.button(strings.product_leave, key="leave", icon=":material/arrow_back:", type="tertiary"):
        del st.query_params[PRODUCT]
        st.rerun()
    st.header(on_one_line(product.title), anchor=False)
    show_uid(product.uid)
    show_description(product, (), strings, expanded=fresh)
    if fresh:
        show_questions(product, retriever, visit.talk, visit.language)
        st.html(TURN_TO_HEAD, unsafe_allow_javascript=True)


def _product_of_address(retriever: Retriever, strings: Strings) -> Product | None:
    """Give the product that the page's address names, if it names one that is there."""
    uid = st.query_params.get(PRODUCT, "")
    if not uid:
        return None
    try:
        return retriever.catalogue.find(uid)
    except UnknownProductError:
        st.warning(on_one_line(strings.product_unknown.format(uid=uid)))
        return None

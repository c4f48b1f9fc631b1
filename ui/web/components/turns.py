"""The turns of a conversation on the page: begun one by one, seen as they come, and what can be done with each.

Streamlit is imported at the top: only the page imports this module.

    begin_next(conversation, context, assistant, session)
    follow(turn, conversation, context.retriever, session.strings)
"""

import functools
import threading

import streamlit as st

from assistant.answer import Answer
from assistant.retriever import Retriever
from ui.web.components.copy_button import copy_button
from ui.web.components.replies import show_badge, show_card
from ui.web.components.votes import show_vote
from ui.web.context import Answerer, AppContext
from ui.web.conversation import Conversation, Request, Turn
from ui.web.sessions import Session
from ui.web.stream import AnswerStream
from ui.web.strings import Strings

MAX_SHOWN_CHARACTERS = 300  # of what the visitor typed

# Streamlit follows a growing page only for those who are at its end; who asks wants to see the reply.
TURN_TO_REPLY = """<script>
Array.from(document.querySelectorAll('[data-testid="stChatMessage"]')).at(-1)?.scrollIntoView({behavior: "smooth"});
</script>"""


def begin_next(conversation: Conversation, context: AppContext, assistant: Answerer, session: Session) -> None:
    """Start answering what is first in line, in a thread that goes on while the page is drawn anew."""

    def turn_of(request: Request) -> Turn:
        adapters, preferences = assistant.adapters, session.preferences
        adapter = preferences.adapter_of(adapters)
        return Turn(request, assistant.model, adapter, adapters.get(adapter, ""), preferences.params(request))

    def start(turn: Turn) -> AnswerStream:
        return AnswerStream(functools.partial(_ask, assistant, turn), context.queue)

    conversation.begin(start, turn_of)


def _ask(assistant: Answerer, turn: Turn, cancel: threading.Event) -> Answer:
    request, state, params, adapter = turn.request, turn.before, turn.params, turn.adapter
    question = request.question
    if request.describe:
        return assistant.describe(question, seed=params.seed, adapter=adapter, cancel=cancel)
    if request.compared:
        uids = request.compared
        return assistant.compare(question, uids, state=state, params=params, adapter=adapter, cancel=cancel)
    return assistant.ask(question, uid=request.uid, state=state, params=params, adapter=adapter, cancel=cancel)


def follow(turn: Turn, conversation: Conversation, retriever: Retriever, strings: Strings) -> None:
    """Draw a reply as it comes; the visitor's next act may end this drawing at any point, but not the reply."""
    st.html(TURN_TO_REPLY, unsafe_allow_javascript=True)
    if turn.request.describe:
        show_badge("generated", strings)
    card, words = st.empty(), st.empty()
    stop = ":material/stop_circle:"
    st.button(strings.stop, key=f"stop-{turn.id}", icon=stop, type="tertiary", on_click=conversation.stop)
    carded = False
    stream = turn.stream
    for text in stream or ():
        uid = stream.answer.state.uid if stream is not None and stream.answer is not None else ""
        if not carded and uid in retriever.catalogue:
            carded = True
            with card:
                show_card(retriever.catalogue.find(uid).title, uid)
        if stream is not None and stream.before:
            words.caption(strings.in_line.format(before=stream.before))
        else:
            words.text(text or strings.searching)
    conversation.finish(turn)
    st.rerun()


def follow_unseen(turn: Turn, conversation: Conversation) -> None:
    """Wait for the end of a reply that is not drawn here, as what is drawn here comes after it."""
    for _ in turn.stream or ():
        st.empty()  # where the visitor's next act may end this drawing
    conversation.finish(turn)
    st.rerun()


def show_asked(text: str) -> None:
    """Draw what a visitor asked for."""
    st.text(text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + " …")


def show_line(requests: list[Request], conversation: Conversation, strings: Strings) -> None:
    """Draw what waits for the end of the reply that is on its way."""
    for place, request in enumerate(requests):
        with st.chat_message("user", avatar=":material/person:"):
            show_asked(request.text)
            with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
                st.caption(strings.waits, width="content")
                key, icon, withdraw = f"withdraw-{place}", ":material/close:", conversation.withdraw
                st.button(strings.withdraw, key=key, icon=icon, type="tertiary", on_click=withdraw, args=(request,))


def show_acts(turn: Turn, conversation: Conversation, context: AppContext, strings: Strings) -> None:
    """Draw what can be done with a reply: copy it, have it answered again, judge it."""
    reply = turn.reply
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if reply is not None and reply.text:
            copy_button(reply.text, strings, key=f"copy-{turn.id}")
        if turn is conversation.last:
            key, again = f"again-{turn.id}", ":material/refresh:"
            on_click, args = conversation.again, (turn,)
            st.button(strings.regenerate, key=key, icon=again, type="tertiary", on_click=on_click, args=args)
        if turn.answered and context.feedback is not None:
            show_vote(turn, context.retriever.catalogue, context.feedback, strings)

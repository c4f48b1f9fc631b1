"""A title that is in no catalogue: the model invents its description, which is marked as generated.

show_describe(context, assistant, session)
"""

import streamlit as st

from ui.web.components.replies import error_line, show_reply, show_times
from ui.web.components.turns import begin_next, follow, show_acts, show_asked, show_line
from ui.web.context import Answerer, AppContext
from ui.web.conversation import Conversation, Request, Turn
from ui.web.sessions import Session
from ui.web.strings import Strings

TYPED = "typed-title"


def show_describe(context: AppContext, assistant: Answerer, session: Session) -> None:
    """Draw the descriptions invented so far, and invent the next one."""
    strings, conversation = session.strings, session.inventions
    st.header(strings.describe, anchor=False)
    st.text(strings.describe_help)
    st.chat_input(strings.describe_title, key=TYPED, on_submit=_ask_typed, args=(conversation, strings))
    begin_next(conversation, context, assistant, session)
    running = None
    for turn in conversation.turns:
        with st.chat_message("user", avatar=":material/person:"):
            show_asked(turn.request.text)
        bubble = st.chat_message("assistant", avatar=":material/sell:")
        if turn.stream is not None:
            running = turn, bubble
            continue
        with bubble:
            _show_described(turn, conversation, context, strings)
    show_line(conversation.line, conversation, strings)
    if running is not None:
        turn, bubble = running
        with bubble:
            follow(turn, conversation, context.retriever, strings)


def _ask_typed(conversation: Conversation, strings: Strings) -> None:
    if title := (st.session_state[TYPED] or "").strip():
        conversation.ask(Request(title, describe=True, shown=strings.describe_asked.format(title=title)))


def _show_described(turn: Turn, conversation: Conversation, context: AppContext, strings: Strings) -> None:
    if turn.error is not None:
        st.error(error_line(turn.error, strings))
    if turn.reply is not None:
        show_reply(turn.reply, None, strings)
    if turn.stopped:
        st.caption(strings.stopped)
    show_acts(turn, conversation, context, strings)
    if turn.reply is not None:
        show_times(turn.reply.timings, strings)

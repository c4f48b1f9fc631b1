"""The base model and the fine-tuned one, side by side on the same question, with time and speed.

show_compare(context, assistant, session)
"""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from assistant.answer import Answer
from ui.web.components.markdown import on_one_line
from ui.web.components.replies import error_line, show_badge, show_card, show_quotes
from ui.web.context import Answerer, AppContext
from ui.web.conversation import Request
from ui.web.sessions import Compared, Session, Written
from ui.web.stream import AnswerStream
from ui.web.strings import Strings


def show_compare(context: AppContext, assistant: Answerer, session: Session) -> None:
    """Draw the last comparison, or make the one that is asked for: one reply after the other, for a fair time."""
    strings = session.strings
    st.header(strings.compare, anchor=False)
    st.text(strings.compare_help)
    if not assistant.adapters:
        st.info(strings.compare_no_adapter)
        return
    question = st.chat_input(strings.compare_placeholder)
    if not question:
        if session.compared is not None:
            _show_compared(session.compared, strings)
        return
    params = session.preferences.params(Request(question))
    tuned = session.preferences.adapter or next(iter(assistant.adapters))
    session.compared = None
    _show_question(question)
    written = []
    for column, adapter in zip(_columns(tuned, strings), ("", tuned), strict=True):
        with column:
            ask = partial(assistant.ask, question, params=params, adapter=adapter)
            reply = _follow(ask, context, strings)
        if reply is None:
            return
        written.append(reply)
    session.compared = Compared(question, tuned, (written[0], written[1]))
    st.rerun()


def _follow(ask: Callable[..., Answer], context: AppContext, strings: Strings) -> Written | None:
    """Draw a reply as it comes, and return it; None where it failed, which is shown."""
    stream = AnswerStream(lambda cancel: ask(cancel=cancel), context.queue)
    words = st.empty()
    try:
        for text in stream:
            words.text(strings.in_line.format(before=stream.before) if stream.before else text or strings.searching)
    finally:
        stream.stop()  # whoever leaves, leaves the engine to others
    if stream.error is not None:
        words.error(error_line(stream.error, strings))
    if stream.reply is None:
        return None
    streamed = stream.pieces > 1  # what code decides comes in one piece
    return Written(
        stream.reply, context.retriever.budget.count_tokens(stream.text) if streamed else 0, stream.writing_s
    )


def _show_compared(compared: Compared, strings: Strings) -> None:
    _show_question(compared.question)
    about = compared.written[0].reply
    if about.uid:
        show_card(about.title, about.uid)
    for column, written in zip(_columns(compared.tuned, strings), compared.written, strict=True):
        reply = written.reply
        with column:
            if reply.kind in strings.badges:
                show_badge(reply.kind, strings)
            st.text(reply.text)
            show_quotes(reply)
            st.caption(_speed(written, strings))


def _speed(written: Written, strings: Strings) -> str:
    """Return how fast the model wrote, once it began, and how long the whole reply took."""
    total_s = strings.number(written.reply.timings["total_ms"] / 1000, 1)
    if written.tokens < 2 or not written.writing_s:
        return strings.compare_no_words.format(total_s=total_s)
    per_s = strings.number((written.tokens - 1) / written.writing_s)
    return strings.compare_speed.format(tokens=written.tokens, per_s=per_s, total_s=total_s)


def _show_question(question: str) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.text(question)


def _columns(tuned: str, strings: Strings) -> Sequence[DeltaGenerator]:
    """Return two columns with the names of who answers in them."""
    columns = st.columns(2, border=True)
    for column, name in zip(columns, (strings.compare_base, strings.compare_tuned.format(name=tuned)), strict=True):
        column.subheader(on_one_line(name), anchor=False)
    return columns

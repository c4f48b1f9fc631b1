"""The base model and the fine-tuned one, side by side on the same question, with time and speed.

show_compare(shop, assistant, visit)
"""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from assistant.answer import Answer
from ui.web.components.markdown import on_one_line
from ui.web.components.replies import fault_line, show_badge, show_card, show_quotes
from ui.web.context import Clerk, Shop
from ui.web.conversation import Request
from ui.web.sessions import Compared, Visit, Written
from ui.web.stream import Reading
from ui.web.strings import STRINGS, Strings


def show_compare(shop: Shop, assistant: Clerk, visit: Visit) -> None:
    """Draw the last comparison, or make the one that is asked for: one reply after the other, for a fair time."""
    strings = STRINGS[visit.language]
    st.header(strings.compare, anchor=False)
    st.text(strings.compare_help)
    if not assistant.adapters:
        st.info(strings.compare_no_adapter)
        return
    question = st.chat_input(strings.compare_placeholder)
    if not question:
        if visit.compared is not None:
            _show_compared(visit.compared, strings)
        return
    params = visit.preferences.params(Request(question))
    tuned = visit.preferences.adapter or next(iter(assistant.adapters))
    visit.compared = None
    _show_question(question)
    written = []
    for column, adapter in zip(_columns(tuned, strings), ("", tuned), strict=True):
        with column:
            ask = partial(assistant.ask, question, params=params, adapter=adapter)
            came = _follow(ask, shop, strings)
        if came is None:
            return
        written.append(came)
    visit.compared = Compared(question, tuned, (written[0], written[1]))
    st.rerun()


def _follow(ask: Callable[..., Answer], shop: Shop, strings: Strings) -> Written | None:
    """Draw a reply as it comes, and return it; None where it failed, which is shown."""
    reading = Reading(lambda cancel: ask(cancel=cancel), shop.line)
    words = st.empty()
    try:
        for text in reading:
            words.text(strings.in_line.format(before=reading.before) if reading.before else text or strings.searching)
    finally:
        reading.stop()  # whoever leaves, leaves the engine to others
    if reading.fault is not None:
        words.error(fault_line(reading.fault, strings))
    if reading.reply is None:
        return None
    streamed = reading.pieces > 1  # what code decides comes in one piece
    return Written(
        reading.reply, shop.retriever.budget.count_tokens(reading.text) if streamed else 0, reading.writing_s
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
    """Tell how fast the model wrote, once it began, and how long the whole reply took."""
    total_s = strings.number(written.reply.timings["total_ms"] / 1000, 1)
    if written.tokens < 2 or not written.writing_s:
        return strings.compare_no_words.format(total_s=total_s)
    per_s = strings.number((written.tokens - 1) / written.writing_s)
    return strings.compare_speed.format(tokens=written.tokens, per_s=per_s, total_s=total_s)


def _show_question(question: str) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.text(question)


def _columns(tuned: str, strings: Strings) -> Sequence[DeltaGenerator]:
    """Give two columns with the names of who answers in them."""
    columns = st.columns(2, border=True)
    for column, name in zip(columns, (strings.compare_base, strings.compare_tuned.format(name=tuned)), strict=True):
        column.subheader(on_one_line(name), anchor=False)
    return columns

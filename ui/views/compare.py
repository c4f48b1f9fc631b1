"""The base model and the fine-tuned one, side by side on the same question, with time and speed.

show_compare(shop, assistant, visit)
"""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from assistant.answer import Asking
from assistant.reply import Reply
from ui.exchange import Request
from ui.markdown import on_one_line
from ui.reading import Reading
from ui.replies import fault_line, show_badge, show_card, show_quotes
from ui.shop import Clerk, Shop
from ui.strings import STRINGS, Strings
from ui.visits import Compared, Visit


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
            _show_compared(visit.compared, assistant, strings)
        return
    preferred = visit.preferences.asking(Request(question))
    tuned = preferred.adapter or assistant.adapter or assistant.adapters[0]
    visit.compared = None
    _show_question(question)
    replies = []
    for column, adapter in zip(_columns(tuned, strings), ("", tuned), strict=True):
        with column:
            asking = replace(preferred, adapter=adapter, cancel=Asking().cancel)
            reply = _follow(question, assistant, asking, shop, strings)
        if reply is None:
            return
        replies.append(reply)
    visit.compared = Compared(question, tuned, (replies[0], replies[1]))
    st.rerun()


def _follow(question: str, assistant: Clerk, asking: Asking, shop: Shop, strings: Strings) -> Reply | None:
    """Draw a reply as it comes, and give it; None where it failed, which is told."""
    reading = Reading(lambda: assistant.ask(question, asking=asking), asking, shop.line)
    words = st.empty()
    try:
        for text in reading:
            words.text(strings.in_line.format(before=reading.before) if reading.before else text or strings.searching)
    finally:
        reading.stop()  # whoever leaves, leaves the engine to others
    if reading.fault is not None:
        words.error(fault_line(reading.fault, strings))
    return reading.reply


def _show_compared(compared: Compared, assistant: Clerk, strings: Strings) -> None:
    _show_question(compared.question)
    title, uid = compared.replies[0].title, compared.replies[0].uid
    if uid:
        show_card(title, uid)
    for column, reply in zip(_columns(compared.tuned, strings), compared.replies, strict=True):
        with column:
            if reply.kind in strings.badges:
                show_badge(reply.kind, strings)
            st.text(reply.text)
            show_quotes(reply)
            st.caption(_speed(reply, assistant, strings))


def _speed(reply: Reply, assistant: Clerk, strings: Strings) -> str:
    """Tell how fast a reply was worded: its tokens by the time from the end of the passages to its last word."""
    timings = reply.timings
    wording_ms = timings["total_ms"] - timings.get("resolve_ms", 0.0) - timings.get("passages_ms", 0.0)
    if reply.kind != "answer":
        return strings.compare_no_model.format(total_ms=strings.number(timings["total_ms"]))
    tokens = assistant.budget.count_tokens(reply.text)
    per_s = strings.number(tokens / (wording_ms / 1000))
    total_s = strings.number(timings["total_ms"] / 1000, 1)
    return strings.compare_speed.format(tokens=tokens, per_s=per_s, total_s=total_s)


def _show_question(question: str) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.text(question)


def _columns(tuned: str, strings: Strings) -> Sequence[DeltaGenerator]:
    """Give two columns with the names of who answers in them."""
    columns = st.columns(2, border=True)
    for column, name in zip(columns, (strings.compare_base, strings.compare_tuned.format(name=tuned)), strict=True):
        column.subheader(on_one_line(name), anchor=False)
    return columns

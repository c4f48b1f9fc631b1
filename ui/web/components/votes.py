"""Thumbs under a reply: drawn by Streamlit, kept in the home's feedback.

show_vote(exchange, catalogue, feedback, strings)
"""

from datetime import UTC, datetime
from importlib.metadata import version

import streamlit as st

from assistant.assistant import Settings
from assistant.describe import MAX_NEW_TOKENS, TEMPERATURE, TOP_P
from index.catalogue.store import Catalogue
from index.errors import UserError
from ui.feedback import Feedback, Opinion
from ui.web.components.replies import fault_line
from ui.web.conversation import Exchange
from ui.web.strings import ENGLISH, Strings

LONGEST_COMMENT = 1_000  # characters


def show_vote(exchange: Exchange, catalogue: Catalogue, feedback: Feedback, strings: Strings) -> None:
    """Draw thumbs up and down; with a vote, also the place for its reason and a comment."""
    given, vote = (exchange, catalogue, feedback, strings), exchange.vote
    thumb = st.feedback("thumbs", default=vote.thumb, key=_key(exchange, "vote"), on_change=_keep, args=given)
    if thumb is None:
        return
    with st.popover(strings.vote_more, type="tertiary"):
        if thumb == 0:
            named = dict(zip(ENGLISH.vote_reasons, strings.vote_reasons, strict=True))
            st.pills(
                strings.vote_reason,
                ENGLISH.vote_reasons,
                default=vote.reason or None,
                format_func=named.__getitem__,
                key=_key(exchange, "reason"),
                on_change=_keep,
                args=given,
            )
        st.text_area(
            strings.vote_comment,
            vote.comment,
            max_chars=LONGEST_COMMENT,
            key=_key(exchange, "comment"),
            on_change=_keep,
            args=given,
        )


def _keep(exchange: Exchange, catalogue: Catalogue, feedback: Feedback, strings: Strings) -> None:
    """Keep what the visitor thinks now; a thumb that is taken back takes the opinion with it."""
    said, vote = st.session_state, exchange.vote
    vote.thumb = said.get(_key(exchange, "vote"))
    vote.reason = said.get(_key(exchange, "reason"), vote.reason) or "" if vote.thumb == 0 else ""
    vote.comment = said.get(_key(exchange, "comment"), vote.comment)
    try:
        if vote.thumb is None:
            feedback.forget(exchange.id)
        else:
            feedback.keep(_row(exchange, catalogue))
    except UserError as fault:
        st.toast(fault_line(fault, strings), icon=":material/error:")


def _row(exchange: Exchange, catalogue: Catalogue) -> Opinion:
    assert exchange.reply is not None
    asked = {"adapter_digest": exchange.adapter_digest, **vars(exchange.params)}
    if exchange.request.describe:
        asked |= {"temperature": TEMPERATURE, "top_p": TOP_P, "max_new_tokens": MAX_NEW_TOKENS}
    return Opinion(
        id=exchange.id,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        vote=1 if exchange.vote.thumb else -1,
        reason=exchange.vote.reason,
        comment=exchange.vote.comment,
        question=exchange.question,
        uid=exchange.reply.uid,
        history=exchange.history,
        reply=exchange.reply.to_row(),
        model=exchange.model,
        adapter=exchange.adapter or None,
        settings=vars(Settings()) | asked,
        catalogue=catalogue.digest,
        version=version("titlewise"),
    )


def _key(exchange: Exchange, name: str) -> str:
    return f"{name}-{exchange.id}"

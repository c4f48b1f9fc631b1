"""Thumbs under a reply: drawn by Streamlit, kept in the home's feedback.

show_vote(exchange, talk, assistant, feedback)
"""

from datetime import UTC, datetime
from importlib.metadata import version

import streamlit as st

from assistant.adapters import answering
from assistant.chat import Assistant
from ui import strings
from ui.exchange import Exchange, Talk
from ui.feedback import Feedback, Opinion

LONGEST_COMMENT = 1_000  # characters


def show_vote(exchange: Exchange, talk: Talk, assistant: Assistant, feedback: Feedback) -> None:
    """Draw thumbs up and down; with a vote, also the place for its reason and a comment."""
    given = (exchange, talk, assistant, feedback)
    vote = st.feedback("thumbs", key=_key(exchange, "vote"), on_change=_keep, args=given)
    if vote is None:
        return
    with st.popover(strings.VOTE_MORE):
        if vote == 0:
            st.pills(
                strings.VOTE_REASON, strings.VOTE_REASONS, key=_key(exchange, "reason"), on_change=_keep, args=given
            )
        st.text_area(
            strings.VOTE_COMMENT,
            max_chars=LONGEST_COMMENT,
            key=_key(exchange, "comment"),
            on_change=_keep,
            args=given,
        )


def _keep(exchange: Exchange, talk: Talk, assistant: Assistant, feedback: Feedback) -> None:
    vote = st.session_state.get(_key(exchange, "vote"))
    if vote is None or exchange.reply is None:
        return
    adapter, _ = answering(assistant.backend.adapters, None)
    feedback.keep(
        Opinion(
            id=exchange.id,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            vote=1 if vote else -1,
            reason=st.session_state.get(_key(exchange, "reason")) or "",
            comment=st.session_state.get(_key(exchange, "comment")) or "",
            question=exchange.request.question,
            uid=exchange.request.uid,
            history=talk.history_before(exchange),
            reply=exchange.reply.to_row(),
            model=assistant.backend.name,
            adapter=adapter or None,
            settings=vars(assistant.settings),
            catalogue=assistant.catalogue.digest,
            version=version("titlewise"),
        )
    )


def _key(exchange: Exchange, name: str) -> str:
    return f"{name}-{exchange.id}"

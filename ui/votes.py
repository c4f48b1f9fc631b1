"""Thumbs under a reply: drawn by Streamlit, kept in the home's feedback.

show_vote(exchange, visit, shop, strings)
"""

from datetime import UTC, datetime
from importlib.metadata import version

import streamlit as st

from ui.exchange import Exchange, Talk
from ui.feedback import Feedback, Opinion
from ui.shop import Clerk
from ui.strings import ENGLISH, Strings

LONGEST_COMMENT = 1_000  # characters


def show_vote(exchange: Exchange, talk: Talk, assistant: Clerk, feedback: Feedback, strings: Strings) -> None:
    """Draw thumbs up and down; with a vote, also the place for its reason and a comment."""
    given = (exchange, talk, assistant, feedback)
    vote = st.feedback("thumbs", key=_key(exchange, "vote"), on_change=_keep, args=given)
    if vote is None:
        return
    with st.popover(strings.vote_more, type="tertiary"):
        if vote == 0:
            named = dict(zip(ENGLISH.vote_reasons, strings.vote_reasons, strict=True))
            st.pills(
                strings.vote_reason,
                ENGLISH.vote_reasons,
                format_func=named.__getitem__,
                key=_key(exchange, "reason"),
                on_change=_keep,
                args=given,
            )
        st.text_area(
            strings.vote_comment,
            max_chars=LONGEST_COMMENT,
            key=_key(exchange, "comment"),
            on_change=_keep,
            args=given,
        )


def _keep(exchange: Exchange, talk: Talk, assistant: Clerk, feedback: Feedback) -> None:
    vote = st.session_state.get(_key(exchange, "vote"))
    if vote is None or exchange.reply is None:
        return
    asking = exchange.asking
    adapter = next(iter(assistant.adapters), "") if asking.adapter is None else asking.adapter
    asked = {"seed": asking.seed, "temperature": asking.temperature, "top_p": asking.top_p}
    if asking.max_new_tokens:
        asked["max_new_tokens"] = asking.max_new_tokens
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
            model=exchange.model,
            adapter=adapter or None,
            settings=vars(assistant.settings) | asked,
            catalogue=assistant.catalogue.digest,
            version=version("titlewise"),
        )
    )


def _key(exchange: Exchange, name: str) -> str:
    return f"{name}-{exchange.id}"

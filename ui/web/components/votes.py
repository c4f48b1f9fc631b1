"""Thumbs under a reply: drawn by Streamlit, kept in the home's feedback.

show_vote(turn, catalogue, feedback, strings)
"""

from datetime import UTC, datetime
from importlib.metadata import version

import streamlit as st

from assistant.assistant import Settings
from assistant.describe import MAX_NEW_TOKENS, TEMPERATURE, TOP_P
from index.catalogue.store import Catalogue
from index.errors import UserError
from ui.feedback import Feedback, Opinion
from ui.web.components.replies import error_line
from ui.web.conversation import Turn
from ui.web.strings import ENGLISH, Strings

LONGEST_COMMENT = 1_000  # characters


def show_vote(turn: Turn, catalogue: Catalogue, feedback: Feedback, strings: Strings) -> None:
    """Draw thumbs up and down; with a vote, also the place for its reason and a comment."""
    given, vote = (turn, catalogue, feedback, strings), turn.vote
    thumb = st.feedback("thumbs", default=vote.thumb, key=_key(turn, "vote"), on_change=_keep, args=given)
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
                key=_key(turn, "reason"),
                on_change=_keep,
                args=given,
            )
        st.text_area(
            strings.vote_comment,
            vote.comment,
            max_chars=LONGEST_COMMENT,
            key=_key(turn, "comment"),
            on_change=_keep,
            args=given,
        )


def _keep(turn: Turn, catalogue: Catalogue, feedback: Feedback, strings: Strings) -> None:
    """Keep what the visitor thinks now; a thumb that is taken back takes the opinion with it."""
    state, vote = st.session_state, turn.vote
    vote.thumb = state.get(_key(turn, "vote"))
    vote.reason = state.get(_key(turn, "reason"), vote.reason) or "" if vote.thumb == 0 else ""
    vote.comment = state.get(_key(turn, "comment"), vote.comment)
    try:
        if vote.thumb is None:
            feedback.forget(turn.id)
        else:
            feedback.keep(_row(turn, catalogue))
    except UserError as error:
        st.toast(error_line(error, strings), icon=":material/error:")


def _row(turn: Turn, catalogue: Catalogue) -> Opinion:
    assert turn.reply is not None
    asked = {"adapter_digest": turn.adapter_digest, **vars(turn.params)}
    if turn.request.describe:
        asked |= {"temperature": TEMPERATURE, "top_p": TOP_P, "max_new_tokens": MAX_NEW_TOKENS}
    return Opinion(
        id=turn.id,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        vote=1 if turn.vote.thumb else -1,
        reason=turn.vote.reason,
        comment=turn.vote.comment,
        question=turn.question,
        uid=turn.reply.uid,
        history=turn.history,
        reply=turn.reply.to_row(),
        model=turn.model,
        adapter=turn.adapter or None,
        settings=vars(Settings()) | asked,
        catalogue=catalogue.digest,
        version=version("titlewise"),
    )


def _key(turn: Turn, name: str) -> str:
    return f"{name}-{turn.id}"

"""How a reply looks on the page: badge, text, product card, quotes, times.

Titles, descriptions, questions and model text are data. They are shown as plain
text or as escaped HTML, and never become Markdown or markup of the page.
Streamlit is imported at the top: only the page imports this module.

    show_reply(reply, assistant.catalogue)
"""

import html
import re
from collections.abc import Sequence
from typing import Literal

import streamlit as st

from assistant.reply import Kind, Quote, Reply
from index.products import Catalogue
from ui import strings

BADGE_COLOURS: dict[Kind, Literal["orange", "gray", "violet"]] = {
    "not_stated": "orange",
    "not_found": "gray",
    "generated": "violet",
}

SHORTEST_TIMED_MS = 100  # a shorter time has no first word worth telling

STYLE = """
[data-testid="stMainBlockContainer"] { padding-top: 4rem; }
[data-testid="stBottomBlockContainer"] { padding-bottom: 1.5rem; }
[data-testid="stMainBlockContainer"] button p { text-align: left; }
[data-testid="stText"] { overflow-wrap: anywhere; }
.tw-title { font-weight: 600; line-height: 1.35; overflow-wrap: anywhere; }
.tw-uid { color: #6b7477; font-size: 0.8rem; overflow-wrap: anywhere; }
.tw-quote {
  margin: 0 0 0.5rem; padding: 0.1rem 0 0.1rem 0.8rem; border-left: 3px solid #b9d3cd;
  color: #4a5457; font-size: 0.92rem; overflow-wrap: anywhere;
}
.tw-description { white-space: pre-wrap; font-size: 0.92rem; line-height: 1.55; overflow-wrap: anywhere; }
.tw-description mark { background: #fdf0b8; color: inherit; padding: 0.05em 0; border-radius: 2px; }
"""

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Links, e-mail addresses, emoji and icons are found in plain words too, after the escapes are gone;
# a word joiner, which nobody sees, inside them ends that.
_MAGIC = re.compile(r"(?<=[:@])|(?<=w)(?=ww)", re.I)
_WORD_JOINER = "\u2060"
_MARK = re.compile(r"\[(\d+)\]")


def show_reply(reply: Reply, catalogue: Catalogue) -> None:
    """Draw a finished reply, but for its candidates."""
    if reply.kind in BADGE_COLOURS:
        show_badge(reply.kind)
    # The candidates of a "which one?" are drawn as buttons, so their list in the text is left out.
    st.text(reply.text.split("\n", 1)[0] if reply.kind == "clarify" else reply.text)
    if reply.kind == "generated":
        st.caption(strings.GENERATED_HELP)
    if quotes := quotes_html(reply):
        st.html(quotes)
    if reply.uid:
        _show_product(reply, catalogue)


def show_badge(kind: Kind) -> None:
    """Draw the badge of a kind that is no plain answer."""
    st.badge(strings.BADGES[kind], color=BADGE_COLOURS[kind])


def show_times(timings: dict[str, float]) -> None:
    """Draw how long a reply took, small and grey."""
    first_ms = sum(timings.get(stage, 0.0) for stage in ("resolve_ms", "passages_ms", "first_token_ms"))
    form = strings.TIMES if timings["total_ms"] >= SHORTEST_TIMED_MS else strings.TIME
    st.caption(form.format(first_s=first_ms / 1000, total_s=timings["total_ms"] / 1000, total_ms=timings["total_ms"]))


def as_markdown(text: str) -> str:
    """Escape a text so that Markdown shows it letter for letter, on one line."""
    return _PUNCTUATION.sub(r"\\\1", _MAGIC.sub(_WORD_JOINER, " ".join(text.split())))


def highlighted(content: str, quotes: Sequence[Quote]) -> str:
    """Give a content as escaped HTML in which the quoted passages are marked."""
    pieces = []
    end = 0
    for quote in sorted(quotes, key=lambda quote: quote.start):
        pieces.append(html.escape(content[end : quote.start]))
        pieces.append(f"<mark>{html.escape(content[max(quote.start, end) : quote.end])}</mark>")
        end = max(quote.end, end)
    return "".join([*pieces, html.escape(content[end:])])


def quotes_html(reply: Reply) -> str:
    """Give the quotes that the text does not hold already as escaped HTML; "" for none.

    Where text and quotes pair up, a quote bears the mark by which the text cites it.
    """
    marks = _MARK.findall(reply.text)
    labels = [f"[{mark}] " for mark in marks] if len(marks) == len(reply.quotes) else [""] * len(reply.quotes)
    return "".join(
        f'<blockquote class="tw-quote">{label}“{html.escape(quote.text)}”</blockquote>'
        for label, quote in zip(labels, reply.quotes, strict=True)
        if quote.text not in reply.text
    )


def _show_product(reply: Reply, catalogue: Catalogue) -> None:
    content = catalogue.product(catalogue.row_of(reply.uid)).content
    with st.container(border=True, gap="small"):
        st.html(
            f'<div class="tw-title">{html.escape(reply.title)}</div><div class="tw-uid">{html.escape(reply.uid)}</div>'
        )
        if content:
            with st.expander(strings.DESCRIPTION):
                st.html(f'<div class="tw-description">{highlighted(content, reply.quotes)}</div>')
        else:
            st.caption(strings.NO_DESCRIPTION)

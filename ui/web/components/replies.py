"""How a reply looks on the page: product card, badge, text, quotes, description, times.

Titles, descriptions, questions and model text are data. They are shown as plain
text or as escaped HTML, and never become Markdown or markup of the page.
Streamlit is imported at the top: only the page imports this module.

    show_card(product.title, product.uid, strings.confident[0])
    show_reply(reply, product, strings)
"""

import html
import re
from collections.abc import Sequence
from typing import Literal

import streamlit as st

from assistant.reply import Kind, Quote, Reply, Side, Suggestion
from index.catalogue.store import Product
from ui.web.components.markdown import on_one_line
from ui.web.strings import Strings

BADGE_COLOURS: dict[Kind, Literal["orange", "gray", "violet"]] = {
    "not_stated": "orange",
    "not_found": "gray",
    "generated": "violet",
}
LISTING: tuple[Kind, ...] = ("clarify", "not_found", "suggestions")
SURELY, PROBABLY = 0.9, 0.7  # probabilities from which the words say so

SHORTEST_TIMED_MS = 100  # a shorter time has no first word worth showing

# Streamlit's own sign of running has a stop button that no reply hears. Colours are mixed from the text's own, so
# that they fit light and dark.
STYLE = """
[data-testid="stStatusWidget"] { display: none; }
[data-testid="stMainBlockContainer"] { padding-top: 4rem; }
[data-testid="stCaptionContainer"] { color: inherit; opacity: 0.8; }
[data-testid="stCaptionContainer"] p { color: inherit; }
[data-testid="stBottomBlockContainer"] { padding-bottom: 1.5rem; }
[data-testid="stMainBlockContainer"] button p { text-align: left; }
[data-testid="stText"] { overflow-wrap: anywhere; }
[data-testid="stPageLink"] p { white-space: normal; overflow-wrap: anywhere; }
.tw-title { font-weight: 600; line-height: 1.35; overflow-wrap: anywhere; }
.tw-uid { color: color-mix(in srgb, currentColor 75%, transparent); font-size: 0.85rem; overflow-wrap: anywhere; }
.tw-quote {
  margin: 0 0 0.5rem; padding: 0.1rem 0 0.1rem 0.8rem; border-left: 3px solid #6fa89c;
  color: color-mix(in srgb, currentColor 85%, transparent); font-size: 0.92rem; overflow-wrap: anywhere;
}
.tw-sides { width: 100%; border-collapse: collapse; font-size: 0.95rem; }
.tw-sides td {
  padding: 0.5rem 0.8rem 0.2rem 0; vertical-align: top; overflow-wrap: anywhere;
  border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent);
}
.tw-sides td:first-child { width: 35%; }
.tw-sides b::before { content: "✓ "; }
@media (max-width: 640px) {
  .tw-sides td { display: block; padding-right: 0; }
  .tw-sides td:first-child { width: auto; padding-bottom: 0; font-weight: 600; }
  .tw-sides td + td { border-top: none; }
}
.tw-description { white-space: pre-wrap; font-size: 0.92rem; line-height: 1.55; overflow-wrap: anywhere; }
.tw-description mark {
  background: color-mix(in srgb, #f2c14e 40%, transparent); color: inherit; padding: 0.05em 0; border-radius: 2px;
}
"""

_LISTED = re.compile(r"(?<!\d)\d+\. |- ")
_MARK = re.compile(r"\[(\d+)\]")


def error_line(error: Exception, strings: Strings) -> str:
    """Word an error on one line of Markdown; of one that nobody can mend, only that it is."""
    kinds = (kind.__name__ for kind in type(error).__mro__)  # the nearest first
    form = next((strings.errors[kind] for kind in kinds if kind in strings.errors), strings.broken)
    return on_one_line(form.format(error=error))


def show_card(title: str, uid: str, why: str = "") -> None:
    """Draw which product is answered about, and why it is this one."""
    below = html.escape(f"{uid} · {why}" if why else uid)
    st.html(f'<div class="tw-title">{html.escape(title)}</div><div class="tw-uid">{below}</div>')


def show_uid(uid: str) -> None:
    """Draw a uid, small and grey."""
    st.html(f'<div class="tw-uid">{html.escape(uid)}</div>')


def show_reply(reply: Reply, product: Product | None, strings: Strings) -> None:
    """Draw a finished reply, and the description of its product with the quotes marked in it."""
    if reply.kind in BADGE_COLOURS:
        show_badge(reply.kind, strings)
    if reply.kind == "comparison":
        st.html(sides_html(reply))
        if tail := "\n".join(reply.text.splitlines()[len(reply.products) :]):
            st.text(tail)
    else:
        # What is listed in the text of a "which one?" and the like is drawn below it.
        text = without_list(reply.text) if reply.kind in LISTING else reply.text
        st.text("\n".join(text.splitlines()[:-1]) if reply.facets else text)  # drawn as buttons instead
    if reply.kind == "generated":
        st.caption(strings.generated_help)
    show_quotes(reply)
    if product is not None:
        quotes = [quote for quote in reply.quotes if quote.field == "content" and quote.stands_in(product)]
        show_description(product, quotes, strings)


def without_list(text: str) -> str:
    """Return a text without the lines that begin with a number or a dash."""
    return "\n".join(line for line in text.splitlines() if not _LISTED.match(line))


def show_badge(kind: Kind, strings: Strings) -> None:
    """Draw the badge of a kind that is no plain answer."""
    st.badge(strings.badges[kind], color=BADGE_COLOURS[kind])


def show_quotes(reply: Reply) -> None:
    """Draw the quotes that the text does not hold already."""
    if quotes := quotes_html(reply):
        st.html(quotes)


def show_description(product: Product, quotes: Sequence[Quote], strings: Strings, *, expanded: bool = False) -> None:
    """Draw a description that opens in place, the quotes marked in it."""
    if product.content:
        with st.expander(strings.description, expanded=expanded):
            st.html(f'<div class="tw-description">{highlighted(product.content, quotes)}</div>')
    else:
        st.caption(strings.no_description)


def show_times(timings: dict[str, float], strings: Strings) -> None:
    """Draw how long a reply took, small and grey."""
    first_ms = sum(timings.get(stage, 0.0) for stage in ("resolve_ms", "passages_ms", "first_token_ms"))
    total_ms = timings["total_ms"]
    if total_ms >= SHORTEST_TIMED_MS:
        first_s, total_s = strings.number(first_ms / 1000, 1), strings.number(total_ms / 1000, 1)
        st.caption(strings.times.format(first_s=first_s, total_s=total_s))
    else:
        st.caption(strings.time.format(total_ms=strings.number(total_ms)))


def confidence(probability: float, strings: Strings) -> str:
    """Return in words how sure it is that a product is the one meant."""
    surely, probably, perhaps = strings.confident
    if probability >= SURELY:
        return surely
    return probably if probability >= PROBABLY else perhaps


def highlighted(content: str, quotes: Sequence[Quote]) -> str:
    """Return a content as escaped HTML in which the quoted passages are marked."""
    pieces = []
    end = 0
    for quote in sorted(quotes, key=lambda quote: quote.start):
        pieces.append(html.escape(content[end : quote.start]))
        pieces.append(f"<mark>{html.escape(content[max(quote.start, end) : quote.end])}</mark>")
        end = max(quote.end, end)
    return "".join([*pieces, html.escape(content[end:])])


def sides_html(reply: Reply) -> str:
    """Return the products of a comparison as an escaped HTML table, a row each; the one that is favoured is bold."""
    rows = []
    for side in reply.products:
        title, text = html.escape(side.title), html.escape(getattr(side, "text", ""))
        name = f"<b>{title}</b>" if side.uid == reply.winner else title
        rows.append(f"<tr><td>{name}</td><td>{text}{_blockquotes(side.quotes, shown=text)}</td></tr>")
    return f'<table class="tw-sides">{"".join(rows)}</table>'


def suggestion_html(product: Suggestion | Side) -> str:
    """Return a product that fits a need as an escaped HTML card, with the quotes that show it."""
    title, uid = html.escape(product.title), html.escape(product.uid)
    quotes = _blockquotes([quote for quote in product.quotes if quote.field == "content"])
    return f'<div class="tw-title">{title}</div><div class="tw-uid">{uid}</div>{quotes}'


def _blockquotes(quotes: Sequence[Quote], shown: str = "") -> str:
    """Return quotes as escaped HTML, those left out that are shown already."""
    escaped = [html.escape(quote.text) for quote in quotes]
    return "".join(f'<blockquote class="tw-quote">“{text}”</blockquote>' for text in escaped if text not in shown)


def quotes_html(reply: Reply) -> str:
    """Return the quotes that the text does not hold already as escaped HTML; "" for none.

    Where text and quotes pair up, a quote bears the mark by which the text cites it.
    """
    marks = _MARK.findall(reply.text)
    labels = [f"[{mark}] " for mark in marks] if len(marks) == len(reply.quotes) else [""] * len(reply.quotes)
    return "".join(
        f'<blockquote class="tw-quote">{label}“{html.escape(quote.text)}”</blockquote>'
        for label, quote in zip(labels, reply.quotes, strict=True)
        if quote.text not in reply.text
    )

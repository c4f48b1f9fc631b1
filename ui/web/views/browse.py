"""All products: titles found as one types, or page by page; each leads to its own address.

show_browse(retriever, chat_page, strings)
"""

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from assistant.retriever import Retriever
from index.catalogue.store import Product
from index.resolver import Hit
from index.text import fold
from ui.web.components.markdown import on_one_line
from ui.web.strings import Strings
from ui.web.views.chat import PRODUCT

PER_PAGE = 20
PREVIEW_CHARACTERS = 160
LONGEST_TYPED = 200  # characters of a title
LEAST_SCORE = 0.05  # of a hit with none of the words typed, as a misspelt one is


def show_browse(retriever: Retriever, chat: StreamlitPage, strings: Strings) -> None:
    """Draw the search and what it finds; a product opens in the conversation, where it can be asked about."""
    st.header(strings.browse, anchor=False)
    st.text(strings.browse_help)
    typed = st.text_input(
        strings.browse_search,
        type="search",
        placeholder=strings.browse_placeholder,
        live=True,
        max_chars=LONGEST_TYPED,
        key="typed-title",
    )
    if typed and typed.strip():
        hits = [hit for hit in retriever.index.resolve(typed).hits if _is_like(typed, hit)]
        if not hits:
            st.text(strings.browse_nothing)
        for hit in hits:
            _show_product(retriever.catalogue.find(hit.uid), chat)
        return
    count = len(retriever.catalogue)
    lines = st.container()
    page = st.pagination(-(-count // PER_PAGE), key="page-of-titles")
    rows = range((page - 1) * PER_PAGE, min(page * PER_PAGE, count))
    first, last, of = (strings.number(each) for each in (rows.start + 1, rows.stop, count))
    lines.caption(strings.browse_shown.format(first=first, last=last, count=of))
    with lines:
        for row in rows:
            _show_product(retriever.catalogue.product(row), chat)


def _is_like(typed: str, hit: Hit) -> bool:
    """Return whether a hit is worth showing: the index returns its nearest titles, however far they are."""
    words = fold(hit.title).split()
    return hit.score >= LEAST_SCORE or any(word.startswith(start) for start in fold(typed).split() for word in words)


def _show_product(product: Product, chat: StreamlitPage) -> None:
    with st.container(gap=None):
        label, uid = on_one_line(product.title), product.uid
        st.page_link(chat, label=label, icon=":material/sell:", query_params={PRODUCT: uid}, width="stretch")
        if product.content:
            content = " ".join(product.content[: 2 * PREVIEW_CHARACTERS].split())
            st.caption(on_one_line(content[:PREVIEW_CHARACTERS]) + (" …" if len(content) > PREVIEW_CHARACTERS else ""))

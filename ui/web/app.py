"""The page, drawn anew by Streamlit at every act of the visitor: its frame, and the way to each view.

`titlewise ui` runs it. `render` draws the page for any shop; what was said is kept for each visitor in their
visit. Streamlit is imported at the top: nothing but Streamlit runs this module.

    render(shop)
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from assistant.phrases import Language
from index.errors import UserError
from ui.web.components.markdown import on_one_line
from ui.web.components.replies import STYLE, fault_line
from ui.web.context import Clerk, Shop
from ui.web.conversation import Request, Talk
from ui.web.export import as_json_file, as_markdown_file
from ui.web.serve import Settings, opened, visits
from ui.web.sessions import Visit, Visits
from ui.web.setup import parts_of
from ui.web.strings import NAME, REPORT_STRINGS, STRINGS, Strings
from ui.web.views.browse import show_browse
from ui.web.views.chat import PRODUCT, show_chat
from ui.web.views.compare import show_compare
from ui.web.views.evaluation import show_evaluation
from ui.web.views.settings import MODEL, show_settings
from ui.web.views.start import show_start
from ui.web.views.training import show_training

COOKIE = "titlewise-{port}"  # cookies know no ports, and another page may be served at another one
SETTINGS = "settings"  # the path of that view
ICON = Path(__file__).with_name("icon.svg")  # Streamlit would fetch one of its own from elsewhere
LANGUAGE_TAGS: dict[Language, str] = {"en": "en", "pt": "pt-BR"}
# The key is made here, of letters, digits, "-" and "_". Screen readers read by the language of the document.
REMEMBER = """<script>
document.cookie = "{cookie}={key}; path=/; SameSite=Strict";
document.documentElement.lang = "{language}";
</script>"""


def render(shop: Shop) -> None:
    """Draw the page."""
    visit = _visit(shop.visits)
    _frame(visit)
    strings = STRINGS[visit.language]
    assistant = _assistant(shop, visit, strings)
    chat = _page(partial(show_chat, shop, assistant, visit), strings.chat, "chat", "", default=True)
    reports = REPORT_STRINGS[visit.language]
    views = [
        chat,
        _page(partial(show_browse, shop.retriever, chat, strings), strings.browse, "search", "browse"),
        _page(partial(show_compare, shop, assistant, visit), strings.compare, "compare_arrows", "compare"),
        _page(partial(show_evaluation, shop.home, reports), reports.evaluation_title, "monitoring", "evaluation"),
        _page(partial(show_training, shop.home, reports), reports.training_title, "model_training", "training"),
    ]
    paths = [*(view.url_path for view in views), SETTINGS]
    views.append(_page(partial(show_settings, shop, assistant, visit, paths), strings.settings, "settings", SETTINGS))
    view = st.navigation(views)
    st.logo(str(ICON), size="large")
    with st.sidebar:
        if view == chat:
            _show_acts(visit.talk, strings)
        st.caption(strings.products.format(count=strings.number(len(shop.retriever.catalogue))))
        st.caption(_answered_by(assistant, visit, strings))
    view.run()


def _page(draw: Callable[[], None], title: str, icon: str, path: str, *, default: bool = False) -> StreamlitPage:
    return st.Page(draw, title=title, icon=f":material/{icon}:", url_path=path, default=default)


def _visit(visits: Visits) -> Visit:
    """Give the visit of this browser, found again by its cookie when the page is loaded anew."""
    if "key" not in st.session_state:
        st.session_state.key = st.context.cookies.get(_cookie(), "")
    language: Language = "pt" if (st.context.locale or "").startswith("pt") else "en"
    st.session_state.key, visit = visits.of(st.session_state.key, language)
    st.session_state.visit = visit
    return visit


def _cookie() -> str:
    return COOKIE.format(port=urlsplit(st.context.url or "").port or "")


def _frame(visit: Visit) -> None:
    st.set_page_config(page_title=NAME, page_icon=str(ICON), layout="centered")
    st.html(f"<style>{STYLE}</style>")
    language = LANGUAGE_TAGS[visit.language]
    remember = REMEMBER.format(cookie=_cookie(), key=st.session_state.key, language=language)
    st.html(remember, unsafe_allow_javascript=True)


def _assistant(shop: Shop, visit: Visit, strings: Strings) -> Clerk:
    """Give the assistant with the visitor's model; where that cannot be opened, the one the page began with."""
    try:
        with st.spinner(strings.settings_loading.format(name=visit.preferences.model)):
            return shop.assistant_for(visit)
    except UserError as fault:
        st.error(fault_line(fault, strings))
        visit.preferences.model = ""
        st.session_state[MODEL] = ""  # or the settings would go on showing what cannot be had
        return shop.assistant


def _show_acts(talk: Talk, strings: Strings) -> None:
    """Draw what can be done with the whole conversation."""
    st.button(strings.new_conversation, on_click=_begin_anew, args=(talk,), icon=":material/add:", width="stretch")
    if talk.exchanges:
        with st.popover(strings.export, icon=":material/download:", width="stretch"):
            text, rows = partial(as_markdown_file, talk, strings), partial(as_json_file, talk)  # made when asked for
            st.download_button(strings.export_markdown, text, "conversation.md", "text/markdown", on_click="ignore")
            st.download_button(strings.export_json, rows, "conversation.json", "application/json", on_click="ignore")
    with st.form("describe", clear_on_submit=True):
        st.markdown(f"**{strings.describe}**")
        st.caption(strings.describe_help)
        title = st.text_input(strings.describe_title, placeholder=strings.describe_title, label_visibility="collapsed")
        if st.form_submit_button(strings.describe_button) and title.strip():
            st.query_params.pop(PRODUCT, None)
            talk.ask(Request(title, describe=True, shown=strings.describe_asked.format(title=title)))


def _answered_by(assistant: Clerk, visit: Visit, strings: Strings) -> str:
    adapter = visit.preferences.adapter_or(next(iter(assistant.adapters), ""))
    form = strings.answered_by_adapter if adapter else strings.answered_by
    return form.format(model=on_one_line(assistant.model), adapter=on_one_line(adapter))


def _begin_anew(talk: Talk) -> None:
    talk.forget()
    st.query_params.pop(PRODUCT, None)


def _mend(settings: Settings, fault: UserError) -> None:
    """Draw what is missing; where that is nothing, what else is wrong."""
    visit = _visit(visits())
    _frame(visit)
    parts = parts_of(settings.home, settings.engine)
    if any(part.fault for part in parts):
        show_start(parts, settings.engine, STRINGS[visit.language])
    else:
        st.error(fault_line(fault, STRINGS[visit.language]))


if __name__ == "__main__":
    settings = Settings.from_argument(sys.argv[1])
    try:
        shop = opened(settings)
    except UserError as fault:
        _mend(settings, fault)
    else:
        render(shop)

"""The page, drawn anew by Streamlit at every act of the visitor: its frame, and the way to each view.

`titlewise ui` runs it. `render` draws the page for any context; each visitor's conversation is kept in
their session. Streamlit is imported at the top: nothing but Streamlit runs this module.

    render(context)
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from assistant.phrases import Language
from index.errors import UserError
from ui.web.components.markdown import on_one_line
from ui.web.components.replies import STYLE, error_line
from ui.web.context import Answerer, AppContext
from ui.web.conversation import Conversation
from ui.web.export import as_json_file, as_markdown_file
from ui.web.serve import Settings, opened, sessions
from ui.web.sessions import Session, Sessions
from ui.web.setup import setup_steps
from ui.web.strings import NAME, REPORT_STRINGS, Strings
from ui.web.views.browse import show_browse
from ui.web.views.chat import PRODUCT, show_chat
from ui.web.views.compare import show_compare
from ui.web.views.describe import show_describe
from ui.web.views.evaluation import show_evaluation
from ui.web.views.model import MODEL, show_model
from ui.web.views.settings import show_settings
from ui.web.views.start import show_start
from ui.web.views.training import show_training

COOKIE = "titlewise-{port}"  # cookies know no ports, and another page may be served at another one
SETTINGS = "settings"  # the path of that view
ICON = Path(__file__).with_name("icon.svg")  # Streamlit would fetch one of its own from elsewhere
LANGUAGE_TAGS: dict[Language, str] = {"en": "en", "pt": "pt-BR"}
# The key is made here, of letters, digits, "-" and "_". Screen readers read by the language of the document. Streamlit
# leaves the sidebar over the page of a narrow screen: it gives way once for each view, which the script names for that.
REMEMBER = """<script>
document.cookie = "{cookie}={key}; path=/; SameSite=Strict";
document.documentElement.lang = "{language}";
/* {view} */ if (innerWidth < 768)
  document.querySelector('[data-collapsed="false"] [data-testid="stSidebarCollapseButton"] button')?.click();
</script>"""


def render(context: AppContext) -> None:
    """Draw the page."""
    session = _session(context.sessions)
    _frame(session)
    strings = session.strings
    assistant = _assistant(context, session)
    chat = _page(partial(show_chat, context, assistant, session), strings.chat, "chat", "", default=True)
    browse = _page(partial(show_browse, context.retriever, chat, strings), strings.browse, "search", "browse")
    for_shop = _views_for_shop(context, assistant, session)
    paths = [*(view.url_path for view in (chat, browse, *for_shop)), SETTINGS]
    settings = _page(partial(show_settings, session, paths), strings.settings, "settings", SETTINGS)
    view = st.navigation([chat, browse, settings, *for_shop], position="hidden")
    _remember(session, view.url_path)
    st.logo(str(ICON), size="large")
    with st.sidebar:
        _show_ways((chat, browse, settings), for_shop, strings)
        if view == chat:
            _show_acts(session.conversation, strings)
        st.caption(strings.products.format(count=strings.number(len(context.retriever.catalogue))))
        st.caption(_answered_by(assistant, session))
    view.run()


def _show_ways(for_shoppers: Sequence[StreamlitPage], for_shop: Sequence[StreamlitPage], strings: Strings) -> None:
    """Draw the way to each view; Streamlit's own list is none to a screen reader once it has a heading."""
    with st.container(gap="xsmall"):
        for view in for_shoppers:
            st.page_link(view, width="stretch")
    st.caption(strings.for_shop)
    with st.container(gap="xsmall"):
        for view in for_shop:
            st.page_link(view, width="stretch")
    st.divider()


def _views_for_shop(context: AppContext, assistant: Answerer, session: Session) -> list[StreamlitPage]:
    """Return the views that are of no use to who buys: on the model, and how well it does."""
    strings, reports, home = session.strings, REPORT_STRINGS[session.language], context.home
    given = context, assistant, session
    return [
        _page(partial(show_describe, *given), strings.describe, "auto_awesome", "describe"),
        _page(partial(show_compare, *given), strings.compare, "compare_arrows", "compare"),
        _page(partial(show_model, *given), strings.model, "tune", "model"),
        _page(partial(show_evaluation, home, reports), reports.evaluation_title, "monitoring", "evaluation"),
        _page(partial(show_training, home, reports), reports.training_title, "model_training", "training"),
    ]


def _page(draw: Callable[[], None], title: str, icon: str, path: str, *, default: bool = False) -> StreamlitPage:
    return st.Page(draw, title=title, icon=f":material/{icon}:", url_path=path, default=default)


def _session(sessions: Sessions) -> Session:
    """Return the session of this browser, found again by its cookie when the page is loaded anew."""
    if "key" not in st.session_state:
        st.session_state.key = st.context.cookies.get(_cookie(), "")
    language: Language = "pt" if (st.context.locale or "").startswith("pt") else "en"
    st.session_state.key, session = sessions.of(st.session_state.key, language)
    st.session_state.session = session
    return session


def _cookie() -> str:
    return COOKIE.format(port=urlsplit(st.context.url or "").port or "")


def _frame(session: Session) -> None:
    st.set_page_config(page_title=NAME, page_icon=str(ICON), layout="centered")
    st.html(f"<style>{STYLE}</style>")


def _remember(session: Session, view: str) -> None:
    """Have the browser remember its session."""
    language, key = LANGUAGE_TAGS[session.language], st.session_state.key
    st.html(REMEMBER.format(cookie=_cookie(), key=key, language=language, view=view), unsafe_allow_javascript=True)


def _assistant(context: AppContext, session: Session) -> Answerer:
    """Return the assistant with the visitor's model; where that cannot be opened, the one the page began with."""
    try:
        with st.spinner(session.strings.settings_loading.format(name=session.preferences.model)):
            return context.assistant_for(session)
    except UserError as error:
        st.error(error_line(error, session.strings))
        session.preferences.model = ""
        st.session_state[MODEL] = ""  # or the settings would go on showing what cannot be had
        return context.assistant


def _show_acts(conversation: Conversation, strings: Strings) -> None:
    """Draw what can be done with the whole conversation."""
    add = ":material/add:"
    st.button(strings.new_conversation, on_click=_begin_anew, args=(conversation,), icon=add, width="stretch")
    if conversation.turns:
        with st.popover(strings.export, icon=":material/download:", width="stretch"):
            text = partial(as_markdown_file, conversation, strings)  # made when asked for
            rows = partial(as_json_file, conversation)
            st.download_button(strings.export_markdown, text, "conversation.md", "text/markdown", on_click="ignore")
            st.download_button(strings.export_json, rows, "conversation.json", "application/json", on_click="ignore")


def _answered_by(assistant: Answerer, session: Session) -> str:
    adapter = session.preferences.adapter_of(assistant.adapters)
    form = session.strings.answered_by_adapter if adapter else session.strings.answered_by
    return form.format(model=on_one_line(assistant.model), adapter=on_one_line(adapter))


def _begin_anew(conversation: Conversation) -> None:
    conversation.forget()
    st.query_params.pop(PRODUCT, None)


def _mend(settings: Settings, error: UserError) -> None:
    """Draw what is missing; where that is nothing, what else is wrong."""
    session = _session(sessions())
    _frame(session)
    _remember(session, "")
    steps = setup_steps(settings.home, settings.engine)
    if any(step.problem for step in steps):
        show_start(steps, settings.engine, session.strings)
    else:
        st.error(error_line(error, session.strings))


if __name__ == "__main__":
    settings = Settings.from_argument(sys.argv[1])
    try:
        context = opened(settings)
    except UserError as error:
        _mend(settings, error)
    else:
        render(context)

"""The page: a chat with one assistant, drawn anew by Streamlit at every act of the visitor.

`titlewise ui` runs it. `render` draws the page for any assistant; what was said is
kept for each visitor in the session. Streamlit is imported at the top: nothing but
Streamlit runs this module.

    render(assistant, feedback)
"""

import sys
from collections.abc import Sequence

import streamlit as st

from assistant.answer import Answer, Asking
from assistant.chat import Assistant
from assistant.describe import describe
from index.errors import UserError
from index.resolver import Hit
from ui import strings
from ui.exchange import Exchange, Request, Talk
from ui.feedback import Feedback
from ui.page import Settings, opened, opened_feedback
from ui.reading import Reading
from ui.replies import STYLE, as_markdown, show_badge, show_reply, show_times
from ui.suggestions import suggest
from ui.votes import show_vote

SUGGESTIONS = 4
MAX_SHOWN_CHARACTERS = 300  # of what the visitor typed

# Streamlit follows a growing page only for those who are at its end, and leaves the sidebar over the page of a
# narrow screen; who asks wants to see the reply.
TURN_TO_REPLY = """<script>
Array.from(document.querySelectorAll('[data-testid="stChatMessage"]')).at(-1)?.scrollIntoView({behavior: "smooth"});
if (innerWidth < 768)
  document.querySelector('[data-collapsed="false"] [data-testid="stSidebarCollapseButton"] button')?.click();
</script>"""


def render(assistant: Assistant, feedback: Feedback) -> None:
    """Draw the page and answer what was asked last; opinions of replies go into `feedback`."""
    st.set_page_config(page_title=strings.NAME, layout="centered")
    st.html(f"<style>{STYLE}</style>")
    talk: Talk = st.session_state.setdefault("talk", Talk())
    for exchange in talk.exchanges[-1:]:
        exchange.settle()
    _show_sidebar(assistant, talk)
    typed = st.chat_input(strings.PLACEHOLDER)
    if typed:
        talk.ask(Request(typed))
    greeting = st.empty()
    if not talk.exchanges and talk.request is None:
        with greeting.container():
            _greet(assistant, talk)
    for number, exchange in enumerate(talk.exchanges):
        _show_exchange(exchange, number, assistant, talk, feedback)
    if talk.request is not None:
        _answer(assistant, talk)
        st.rerun()


def _show_sidebar(assistant: Assistant, talk: Talk) -> None:
    with st.sidebar:
        st.title(strings.NAME)
        st.write(strings.ABOUT)
        st.caption(strings.PRODUCTS.format(count=len(assistant.catalogue)))
        st.caption(strings.MODEL.format(name=as_markdown(assistant.name)))
        st.button(strings.NEW_CONVERSATION, on_click=talk.forget, icon=":material/add:", width="stretch")
        with st.form("describe", clear_on_submit=True):
            st.markdown(f"**{strings.DESCRIBE}**")
            st.caption(strings.DESCRIBE_HELP)
            title = st.text_input(
                strings.DESCRIBE_TITLE, placeholder=strings.DESCRIBE_TITLE, label_visibility="collapsed"
            )
            if st.form_submit_button(strings.DESCRIBE_BUTTON) and title.strip():
                talk.ask(Request(title, describe=True, shown=strings.DESCRIBE_ASKED.format(title=title)))


def _greet(assistant: Assistant, talk: Talk) -> None:
    st.header(strings.GREETING, anchor=False)
    st.write(strings.GREETING_HELP)
    questions = _suggestions(assistant, assistant.catalogue.digest)
    if questions:
        st.caption(strings.TRY_ONE)
    for number, question in enumerate(questions):
        st.button(as_markdown(question), key=f"suggestion-{number}", on_click=talk.ask, args=(Request(question),))


@st.cache_data(show_spinner=False)
def _suggestions(_assistant: Assistant, digest: str) -> list[str]:
    """Give the questions to begin with, once for each catalogue; `digest` is what tells catalogues apart."""
    return suggest(_assistant, SUGGESTIONS)


def _show_exchange(exchange: Exchange, number: int, assistant: Assistant, talk: Talk, feedback: Feedback) -> None:
    _show_request(exchange.request)
    with st.chat_message("assistant", avatar=":material/sell:"):
        if exchange.fault:
            st.error(as_markdown(exchange.fault[0].upper() + exchange.fault[1:]))
        if exchange.reply is not None:
            show_reply(exchange.reply, assistant.catalogue)
            if exchange.reply.kind == "clarify":
                _show_candidates(exchange, number, assistant, talk)
            show_times(exchange.reply.timings)
            show_vote(exchange, talk, assistant, feedback)
        if exchange.stopped:
            st.caption(strings.STOPPED)


def _show_request(request: Request) -> None:
    shown = request.shown or request.question
    with st.chat_message("user", avatar=":material/person:"):
        st.text(shown if len(shown) <= MAX_SHOWN_CHARACTERS else shown[:MAX_SHOWN_CHARACTERS] + " …")


def _show_candidates(exchange: Exchange, number: int, assistant: Assistant, talk: Talk) -> None:
    """Draw a button for each product that the question may have meant; they stay, and answer it at any time."""
    candidates: Sequence[Hit] = exchange.state.candidates
    labels = assistant.labels([hit.uid for hit in candidates])
    for place, (hit, label) in enumerate(zip(candidates, labels, strict=True), 1):
        request = Request(exchange.state.waiting, hit.uid, shown=label)
        st.button(
            f"{place}\\. {as_markdown(label)}", key=f"candidate-{number}-{place}", on_click=talk.ask, args=(request,)
        )


def _answer(assistant: Assistant, talk: Talk) -> None:
    """Answer the open request, drawing the words as they come.

    Any act of the visitor, the stop button's too, has Streamlit draw the page anew and end this drawing
    with an exception. Which of the two comes first is open; both settle the exchange.
    """
    exchange = talk.begin()
    _show_request(exchange.request)
    st.html(TURN_TO_REPLY, unsafe_allow_javascript=True)
    with st.chat_message("assistant", avatar=":material/sell:"):
        if exchange.request.describe:
            show_badge("generated")
        words = st.empty()
        st.button(strings.STOP, key=f"stop-{len(talk.exchanges)}", icon=":material/stop_circle:", type="tertiary")
        asking = Asking()
        try:
            exchange.reading = Reading(_ask(assistant, talk, exchange, asking), asking)
            for text in exchange.reading:
                words.text(text or strings.SEARCHING)
        except UserError as fault:
            exchange.fault = str(fault)
        finally:
            exchange.settle()


def _ask(assistant: Assistant, talk: Talk, exchange: Exchange, asking: Asking) -> Answer:
    request = exchange.request
    if request.describe:
        return describe(assistant.backend, request.question, asking=asking)
    answer = assistant.ask(request.question, uid=request.uid, state=talk.state, asking=asking)
    exchange.state = talk.state = answer.state
    return answer


if __name__ == "__main__":
    settings = Settings.from_argument(sys.argv[1])
    render(opened(settings.argument()), opened_feedback(settings.home))

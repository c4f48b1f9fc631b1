"""What a visitor may press next: another product, a question that can be answered, an invented description.

show_choices(turn, retriever, conversation)
"""

from collections.abc import Sequence

import streamlit as st

from assistant.attributes import asked_about
from assistant.phrases import Language
from assistant.question import read_question
from assistant.retriever import Retriever
from index.catalogue.cleaning import says_something
from index.catalogue.store import Product
from index.resolver import Hit
from index.text import FRAME_WORDS, fold
from ui.web.components.markdown import on_one_line
from ui.web.conversation import Conversation, Request, Turn
from ui.web.sessions import Session
from ui.web.strings import STRINGS, Matter
from ui.web.suggestions import stated_matters, suggest

SUGGESTIONS = 4  # to begin with
SUGGESTIONS_ABOUT = 3  # about one product
OTHERS = 3  # titles offered in place of one
FEWEST_TITLE_WORDS = 2  # of which a description is invented


def show_greeting(retriever: Retriever, session: Session) -> None:
    """Draw what this is, and questions to begin with."""
    strings = session.strings
    st.header(strings.greeting, anchor=False)
    st.text(strings.greeting_help)
    questions = _suggestions(retriever, retriever.catalogue.digest)
    if questions:
        st.caption(strings.try_one)
    for number, question in enumerate(questions):
        request, key = Request(question), f"suggestion-{number}"
        st.button(on_one_line(question), key=key, on_click=session.conversation.ask, args=(request,))


def show_choices(turn: Turn, retriever: Retriever, conversation: Conversation) -> None:
    """Draw a button for each product that the question may have meant; they stay, and answer it at any time."""
    state = turn.state.within(retriever.catalogue)
    labels = retriever.labels([hit.uid for hit in state.candidates])
    numbered = [f"{place}\\. {label}" for place, label in enumerate(differing(labels), 1)]
    _show_products(state.candidates, labels, numbered, state.waiting, f"candidate-{turn.id}", conversation)


def show_others(turn: Turn, uid: str, session: Session) -> None:
    """Draw the way to another product, where the one with this uid was worked out from the question."""
    assert turn.reply is not None
    others = [hit for hit in turn.reply.hits if hit.uid != uid][:OTHERS]
    if others and (turn.probability is not None or turn.before.candidates):
        with st.popover(session.strings.not_this, type="tertiary"):
            st.caption(session.strings.which_then)
            titles = [hit.title for hit in others]
            _show_products(others, titles, differing(titles), turn.question, f"not-{turn.id}", session.conversation)
            st.caption(session.strings.none_of_these)


def show_nearest(turn: Turn, retriever: Retriever, session: Session) -> None:
    """Draw the nearest titles, and the offer to invent a description of the one that was asked for."""
    question, strings, conversation = turn.request.question, session.strings, session.conversation
    read = read_question(question)
    assert turn.reply is not None
    if nearest := retriever.nearest(read, turn.reply.hits):
        titles = [hit.title for hit in nearest]
        _show_products(nearest, titles, list(map(on_one_line, titles)), question, f"near-{turn.id}", conversation)
    words = [word for word in question.rstrip("?!. ").split() if fold(word) not in FRAME_WORDS]
    if len(words) >= FEWEST_TITLE_WORDS and not read.points:
        title = " ".join(words)
        request = Request(title, describe=True, shown=strings.describe_asked.format(title=title))
        label = on_one_line(strings.invent.format(title=title))
        icon = ":material/auto_awesome:"
        st.button(
            label, key=f"invent-{turn.id}", icon=icon, type="tertiary", on_click=conversation.ask, args=(request,)
        )


def show_covered(product: Product, retriever: Retriever, language: Language) -> None:
    """Draw what a description does state."""
    if matters := _stated_matters(retriever, retriever.catalogue.digest, product.uid, language):
        names = ", ".join(matter.name for matter in matters.values())
        st.caption(STRINGS[language].covers.format(matters=names))


def show_questions(product: Product, retriever: Retriever, session: Session) -> None:
    """Draw questions that the description of a product can answer, and whose matter was not asked for yet."""
    turns, strings = session.conversation.turns, session.strings
    asked = [turn.request.question for turn in turns if turn.reply and turn.reply.uid == product.uid]
    matters = {name for question in asked for name in asked_about(question)}
    stated = _stated_matters(retriever, retriever.catalogue.digest, product.uid, session.language)
    questions = [matter.asked_of_it for name, matter in stated.items() if name not in matters]
    if says_something(product.content, product.title):
        questions.append(strings.ask_at_large)
    questions = [question for question in questions if question not in asked]
    if not questions:
        return
    st.caption(strings.ask_about_it)
    with st.container(horizontal=True, gap="small"):
        for number, question in enumerate(questions[:SUGGESTIONS_ABOUT]):
            request = Request(question, product.uid)
            st.button(on_one_line(question), key=f"about-{number}", on_click=session.conversation.ask, args=(request,))


def differing(labels: Sequence[str]) -> list[str]:
    """Return labels as Markdown with the words bold by which each differs from the others."""
    words = [[fold(word) for word in label.split()] for label in labels]
    shared = set.intersection(*map(set, words)) if len(words) > 1 else {each for own in words for each in own}
    marked = []
    for label, own in zip(labels, words, strict=True):
        pairs = zip(label.split(), own, strict=True)
        marked.append(
            " ".join(on_one_line(word) if each in shared else f"**{on_one_line(word)}**" for word, each in pairs)
        )
    return marked


def _show_products(
    hits: Sequence[Hit],
    titles: Sequence[str],
    labels: Sequence[str],
    question: str,
    key: str,
    conversation: Conversation,
) -> None:
    """Draw a button for each product, which asks the question about it."""
    for place, (hit, title, label) in enumerate(zip(hits, titles, labels, strict=True), 1):
        request = Request(question, hit.uid, shown=title)
        st.button(label, key=f"{key}-{place}", on_click=conversation.ask, args=(request,))


@st.cache_data(show_spinner=False)
def _suggestions(_retriever: Retriever, digest: str) -> list[str]:
    """Return the questions to begin with, once for each catalogue; `digest` is what tells catalogues apart."""
    return suggest(_retriever, SUGGESTIONS)


@st.cache_data(show_spinner=False, max_entries=1_000)
def _stated_matters(_retriever: Retriever, digest: str, uid: str, language: Language) -> dict[str, Matter]:
    """Return what a description states, once for each product of a catalogue."""
    product = _retriever.catalogue.find(uid)
    return stated_matters(_retriever, product, STRINGS[language])

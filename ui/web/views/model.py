"""How replies are worded: which model, with which adapter, how long, how much by chance.

show_model(context, assistant, session)
"""

import streamlit as st

from ui.web.context import Answerer, AppContext
from ui.web.sessions import Preferences, Session

MOST_NEW_TOKENS = 256
MODEL = "model"  # the key of what chooses it


def show_model(context: AppContext, assistant: Answerer, session: Session) -> None:
    """Draw the settings of the model; each holds from the next question on, for this visitor alone."""
    strings, preferences = session.strings, session.preferences
    st.header(strings.model, anchor=False)
    st.text(strings.model_help)
    models = ["", *context.models]
    st.selectbox(
        strings.settings_model,
        models,
        index=models.index(preferences.model) if preferences.model in models else 0,
        format_func=lambda name: name or context.assistant.model,
        help=strings.settings_model_help,
        key=MODEL,
        on_change=_choose_model,
        args=(preferences,),
    )
    adapters = [*assistant.adapters, ""]
    chosen = preferences.adapter_of(assistant.adapters)
    preferences.adapter = st.selectbox(
        strings.settings_adapter,
        adapters,
        index=adapters.index(chosen),
        format_func=lambda name: name or strings.settings_base,
        key=f"adapter-{preferences.model}",
    )
    preferences.max_new_tokens = st.slider(
        strings.settings_length,
        16,
        MOST_NEW_TOKENS,
        preferences.max_new_tokens,
        step=16,
        help=strings.settings_length_help,
        key="length",
    )
    preferences.temperature = st.slider(
        strings.settings_temperature,
        0.0,
        1.5,
        preferences.temperature,
        step=0.1,
        help=strings.settings_temperature_help,
        key="temperature",
    )
    preferences.top_p = st.slider(
        strings.settings_top_p, 0.1, 1.0, preferences.top_p, step=0.05, help=strings.settings_top_p_help, key="top-p"
    )


def _choose_model(preferences: Preferences) -> None:
    preferences.model, preferences.adapter = st.session_state[MODEL], None

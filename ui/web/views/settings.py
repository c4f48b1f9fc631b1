"""What a visitor may set: language, model, adapter, length, chance, light or dark.

show_settings(context, assistant, session, paths)
"""

import json
from collections.abc import Sequence

import streamlit as st

from ui.web.context import Answerer, AppContext
from ui.web.sessions import Preferences, Session
from ui.web.strings import LANGUAGES, Strings

MOST_NEW_TOKENS = 256
MODEL = "model"  # the key of what chooses it
# Streamlit keeps the theme that its own menu chooses in the browser, for each path, under this name.
CHOOSE_THEME = """<script>
const base = location.pathname.replace(/[^/]*$/, "");
for (const path of {paths}) localStorage.setItem(`stActiveTheme-${{base}}${{path}}-v2`, '"{theme}"');
location.reload();
</script>"""


def show_settings(context: AppContext, assistant: Answerer, session: Session, paths: Sequence[str]) -> None:
    """Draw the settings; each holds from the next question on, for this visitor alone, light or dark on all `paths`."""
    strings, preferences = session.strings, session.preferences
    st.header(strings.settings, anchor=False)
    language = st.segmented_control(
        strings.settings_language,
        list(LANGUAGES),
        default=session.language,
        format_func=LANGUAGES.__getitem__,
        required=True,
        key="language",
    )
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
    _show_themes(strings, paths)
    if language and language != session.language:
        session.language = language
        st.rerun()


def _choose_model(preferences: Preferences) -> None:
    preferences.model, preferences.adapter = st.session_state[MODEL], None


def _show_themes(strings: Strings, paths: Sequence[str]) -> None:
    """Draw what the page can look like; a choice stays in the browser."""
    st.markdown(f"**{strings.settings_theme}**")
    themes = {"System": strings.settings_system, "Light": strings.settings_light, "Dark": strings.settings_dark}
    with st.container(horizontal=True):
        for theme, label in themes.items():
            if st.button(label, key=f"theme-{theme}"):
                st.html(CHOOSE_THEME.format(paths=json.dumps(paths), theme=theme), unsafe_allow_javascript=True)

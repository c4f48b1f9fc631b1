"""What a visitor may set: the language of the page, light or dark.

show_settings(session, paths)
"""

import json
from collections.abc import Sequence

import streamlit as st

from ui.web.sessions import Session
from ui.web.strings import LANGUAGES, Strings

# Streamlit keeps the theme that its own menu chooses in the browser, for each path, under this name.
CHOOSE_THEME = """<script>
const base = location.pathname.replace(/[^/]*$/, "");
for (const path of {paths}) localStorage.setItem(`stActiveTheme-${{base}}${{path}}-v2`, '"{theme}"');
location.reload();
</script>"""


def show_settings(session: Session, paths: Sequence[str]) -> None:
    """Draw the settings; each holds for this visitor alone, light or dark on all `paths`."""
    strings = session.strings
    st.header(strings.settings, anchor=False)
    language = st.segmented_control(
        strings.settings_language,
        list(LANGUAGES),
        default=session.language,
        format_func=LANGUAGES.__getitem__,
        required=True,
        key="language",
    )
    _show_themes(strings, paths)
    if language and language != session.language:
        session.language = language
        st.rerun()


def _show_themes(strings: Strings, paths: Sequence[str]) -> None:
    """Draw what the page can look like; a choice stays in the browser."""
    st.markdown(f"**{strings.settings_theme}**")
    themes = {"System": strings.settings_system, "Light": strings.settings_light, "Dark": strings.settings_dark}
    with st.container(horizontal=True):
        for theme, label in themes.items():
            if st.button(label, key=f"theme-{theme}"):
                st.html(CHOOSE_THEME.format(paths=json.dumps(paths), theme=theme), unsafe_allow_javascript=True)

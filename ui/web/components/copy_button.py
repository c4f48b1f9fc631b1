"""A button that puts a text on the clipboard; Streamlit has one for code alone.

copy_button(reply.text, strings, key="copy-1")
"""

from typing import Any

import streamlit as st

from ui.web.strings import Strings

# The text comes as data, and the button only ever writes it to the clipboard.
_SCRIPT = """
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = async () => {
    await navigator.clipboard.writeText(data.text);
    button.textContent = data.copied;
    setTimeout(() => { button.textContent = data.label; }, 1500);
  };
}
"""
_STYLE = """
button {
  background: none; border: none; color: var(--st-text-color); cursor: pointer; font: inherit;
  min-height: 2.5rem; padding: 0.25rem 0; white-space: nowrap;
}
button:hover { color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""


def copy_button(text: str, strings: Strings, *, key: str) -> None:
    """Draw the button."""
    _component()(key=key, data={"text": text, "label": strings.copy, "copied": strings.copied}, width="content")


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component("titlewise.copy", html='<button type="button"></button>', js=_SCRIPT, css=_STYLE)

"""A command that a visitor may type into a terminal.

show_command("--home", str(home), "index")
"""

import shlex

import streamlit as st


def show_command(*arguments: str) -> None:
    """Draw a command of ours, to be copied."""
    st.code(shlex.join(["titlewise", *arguments]), language=None, wrap_lines=True)

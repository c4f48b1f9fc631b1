"""One of several things to look at: a select box only where there are several.

folder = choose(strings.evaluation_report, folders, key="evaluation-report", name=str)
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def choose(label: str, options: Sequence[T], *, key: str, name: Callable[[T], str]) -> T:
    """Draw the choice where there is one, and return what is chosen: the first until something is."""
    if len(options) == 1:
        return options[0]
    chosen: T = st.selectbox(label, options, format_func=name, key=key)
    return chosen

"""The first start: what is missing before the first question, each part with one button or one command.

show_start(parts, engine, strings)
"""

import shlex
from collections.abc import Sequence

import streamlit as st

from assistant.models.named import MODELS
from assistant.open import Engine
from index.errors import ArtefactError, UserError
from ui.web.components.markdown import on_one_line
from ui.web.setup import Part, bring
from ui.web.strings import Strings

OWN_SOURCE = "trn.json"  # what stands for a visitor's own catalogue
BYTES_PER_MB = 1_000_000


def show_start(parts: Sequence[Part], engine: Engine, strings: Strings) -> None:
    """Draw the parts; a button runs the command and shows what it says."""
    st.header(strings.start, anchor=False)
    st.text(strings.start_help)
    for part in parts:
        with st.container(border=True):
            _show_part(part, engine, strings)


def _show_part(part: Part, engine: Engine, strings: Strings) -> None:
    named = MODELS.get(engine.model)
    fetch = strings.start_model_button_plain
    if named:
        fetch = strings.start_model_button.format(size_mb=strings.number(named.size_bytes / BYTES_PER_MB))
    title, told, button = {
        "catalogue": (strings.start_catalogue, strings.start_catalogue_help, strings.start_catalogue_button),
        "index": (strings.start_index, strings.start_index_help, strings.start_index_button),
        "model": (
            strings.start_model.format(name=engine.model),
            strings.start_model_help,
            fetch,
        ),
    }[part.name]
    st.subheader(on_one_line(title), anchor=False)
    if not part.fault and not part.waits:
        st.success(strings.start_done, icon=":material/check:")
        return
    st.text(told)
    if part.fault:
        st.caption(on_one_line(part.fault))
    if st.button(on_one_line(button), key=f"bring-{part.name}", disabled=part.waits):
        _bring(part, button, strings)
    st.caption(strings.start_or)
    shown = [*part.command[:-1], OWN_SOURCE] if part.name == "catalogue" else part.command
    st.code(shlex.join(["titlewise", *shown]), language=None, wrap_lines=True)


def _bring(part: Part, title: str, strings: Strings) -> None:
    said = []
    with st.status(on_one_line(title), expanded=True) as status:
        lines = st.empty()
        try:
            for line in bring(part):
                said.append(line)
                lines.text("\n".join(said))
        except ArtefactError as fault:
            status.update(state="error")
            st.error(on_one_line(strings.faults[UserError].format(fault=fault.happened)))
            return
    st.rerun()

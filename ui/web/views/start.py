"""The first start: what is missing before the first question, each step with one button or one command.

show_start(steps, engine, strings)
"""

from collections.abc import Sequence

import streamlit as st

from assistant.models.named import MODELS
from assistant.open import Engine
from index.errors import ArtefactError, UserError
from ui.web.components.command import show_command
from ui.web.components.markdown import on_one_line
from ui.web.setup import SetupStep, run_step
from ui.web.strings import Strings

OWN_SOURCE = "trn.json"  # what stands for a visitor's own catalogue
BYTES_PER_MB = 1_000_000


def show_start(steps: Sequence[SetupStep], engine: Engine, strings: Strings) -> None:
    """Draw the steps; a button runs the command and shows what it prints."""
    st.header(strings.start, anchor=False)
    st.text(strings.start_help)
    for step in steps:
        with st.container(border=True):
            _show_step(step, engine, strings)


def _show_step(step: SetupStep, engine: Engine, strings: Strings) -> None:
    title, about, button = {
        "catalogue": (strings.start_catalogue, strings.start_catalogue_help, strings.start_catalogue_button),
        "index": (strings.start_index, strings.start_index_help, strings.start_index_button),
        "model": (strings.start_model.format(name=engine.model), strings.start_model_help, _fetch(engine, strings)),
    }[step.name]
    st.subheader(on_one_line(title), anchor=False)
    if not step.problem and not step.waits:
        st.success(strings.start_done, icon=":material/check:")
        return
    st.text(about)
    if step.problem:
        st.caption(on_one_line(step.problem))
    if st.button(on_one_line(button), key=f"bring-{step.name}", disabled=step.waits):
        _take(step, button, strings)
    st.caption(strings.start_or)
    show_command(*([*step.command[:-1], OWN_SOURCE] if step.name == "catalogue" else step.command))


def _fetch(engine: Engine, strings: Strings) -> str:
    """Return what the button that fetches the model says."""
    named = MODELS.get(engine.model)
    if named is None:
        return strings.start_model_button_plain
    return strings.start_model_button.format(size_mb=strings.number(named.size_bytes / BYTES_PER_MB))


def _take(step: SetupStep, title: str, strings: Strings) -> None:
    printed = []
    with st.status(on_one_line(title), expanded=True) as status:
        lines = st.empty()
        try:
            for line in run_step(step):
                printed.append(line)
                lines.text("\n".join(printed))
        except ArtefactError as error:
            status.update(state="error")
            st.error(on_one_line(strings.errors[UserError.__name__].format(error=error.happened)))
            return
    st.rerun()

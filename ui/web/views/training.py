"""The view of the training runs: how far each is, its losses as they come, its checkpoints.

While a run is going on, what changes is drawn anew every two seconds. Streamlit is imported at the
top: only the page imports this module.

    show_training(home, REPORT_STRINGS["en"])
"""

from pathlib import Path
from typing import Any, Literal

import streamlit as st

from finetune.recipe import shipped
from index.errors import UserError
from ui.web.components.command import show_command
from ui.web.components.markdown import on_one_line
from ui.web.runs import Run, State, read_run, run_folders, sweep_of
from ui.web.strings import ReportStrings

REDRAWN_EVERY_S = 2.0
COLOURS = ("#5b7db1", "#2a9d74")  # of the two losses, on white and on black; one has dots too
RECIPE = "embedded"  # the one to begin with
BADGES: dict[State, tuple[Literal["blue", "green", "orange"], str]] = {
    "running": ("blue", ":material/play_arrow:"),
    "done": ("green", ":material/check:"),
    "stopped": ("orange", ":material/pause:"),
}


def show_training(home: Path, strings: ReportStrings) -> None:
    """Draw one run of the home, or how to start the first."""
    st.header(strings.training_title, anchor=False)
    st.write(strings.training_about)
    folders = run_folders(home)
    if not folders:
        st.info(strings.training_none, icon=":material/info:")
        _show_command(home, RECIPE)
        return
    folder = folders[0]
    if len(folders) > 1:
        folder = st.selectbox(strings.training_run, folders, format_func=_name_of, key="training-run")
    try:
        run = read_run(folder)
    except UserError as error:
        st.error(strings.training_damaged.format(error=on_one_line(error.happened)), icon=":material/error:")
        _show_command(home, *_call_of(folder, "--restart"))
        return
    if run.state == "running":
        st.fragment(run_every=REDRAWN_EVERY_S)(_show_going_on)(folder, home, strings)
    else:
        _show_run(run, folder, home, strings)
    with st.expander(strings.training_recipe):
        st.caption(strings.training_examples.format(count=run.examples))
        st.code(run.recipe.strip(), language="toml", wrap_lines=True)


def _show_going_on(folder: Path, home: Path, strings: ReportStrings) -> None:
    """Draw a run that is going on; once it is not, have all of the view drawn anew, and no more by the clock."""
    try:
        run = read_run(folder)
    except UserError:
        st.rerun()
    if run.state != "running":
        st.rerun()
    _show_run(run, folder, home, strings)


def _show_command(home: Path, *arguments: str) -> None:
    show_command("--home", str(home), "finetune", *arguments)


def _name_of(folder: Path) -> str:
    return " / ".join(filter(None, (sweep_of(folder), folder.name)))


def _call_of(folder: Path, option: str) -> list[str]:
    """Return the arguments that lead to a run, as far as its name tells; a sweep goes on with its trials by itself."""
    if sweep_of(folder):
        return ["RECIPE", "--sweep", "FILE"]
    return [folder.name, option] if folder.name in shipped() else ["RECIPE", "--name", folder.name, option]


def _show_run(run: Run, folder: Path, home: Path, strings: ReportStrings) -> None:
    status = run.status
    colour, icon = BADGES[run.state]
    st.badge(strings.training_states[run.state], color=colour, icon=icon)
    if status.last_step:
        text = strings.training_step.format(step=status.step, last_step=status.last_step)
        st.progress(min(1.0, status.step / status.last_step), text=text)
    elif run.state == "running":
        st.caption(strings.training_starting)
    if run.state == "stopped":
        st.caption(strings.training_resume)
        _show_command(home, *_call_of(folder, "--resume"))
    _show_metrics(run, strings)
    _show_losses(run, strings)
    _show_checkpoints(run, strings)


def _show_metrics(run: Run, strings: ReportStrings) -> None:
    left_s = run.status.left_s if run.state == "running" else None
    shown = {
        strings.training_left: None if left_s is None else _duration(left_s),
        strings.training_speed: _rounded(run.status.tokens_per_s, ".0f"),
        strings.training_loss: _rounded(run.last("loss"), ".3f"),
        strings.training_eval_loss: _rounded(run.last("eval_loss"), ".3f"),
        strings.training_rate: _rounded(run.last("learning_rate"), ".2g"),
    }
    with st.container(horizontal=True, gap="medium"):
        for label, value in shown.items():
            if value is not None:
                st.metric(label, value, width="content")


def _show_losses(run: Run, strings: ReportStrings) -> None:
    """Draw both losses by step, and the learning rate; and all of it as a table."""
    losses = {strings.training_loss: run.points("loss"), strings.training_eval_loss: run.points("eval_loss")}
    rows = [{"kind": kind, "step": step, "loss": loss} for kind, points in losses.items() for step, loss in points]
    if not rows:
        return
    st.subheader(strings.training_curve, anchor=False)
    kind = {
        "field": "kind",
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(losses), "range": COLOURS},
        "legend": {"orient": "bottom"},
    }
    loss = {"field": "loss", "type": "quantitative", "title": strings.training_axis_loss, "scale": {"zero": False}}
    encoding = {
        "x": {
            "field": "step",
            "type": "quantitative",
            "title": strings.training_axis_step,
            "axis": {"tickMinStep": 1},
        },
        "y": loss,
        "color": kind,
    }
    dotted = {"filter": {"field": "kind", "equal": strings.training_eval_loss}}
    spec = {
        "encoding": encoding,
        "layer": [
            {"mark": {"type": "line"}},
            {"mark": {"type": "point", "filled": True, "size": 60}, "transform": [dotted]},
        ],
    }
    st.vega_lite_chart(rows, spec, height=320, alt=strings.training_curve)
    st.caption(strings.training_curve_help)
    with st.expander(strings.training_log):
        rates, trained, judged = (dict(run.points(key)) for key in ("learning_rate", "loss", "eval_loss"))
        steps = sorted({*trained, *judged})
        columns: dict[str, list[Any]] = {
            strings.training_axis_step: steps,
            strings.training_loss: [_rounded(trained.get(step), ".4f") for step in steps],
            strings.training_eval_loss: [_rounded(judged.get(step), ".4f") for step in steps],
            strings.training_rate: [_rounded(rates.get(step), ".3g") for step in steps],
        }
        st.dataframe(columns, hide_index=True, alt=strings.training_curve, placeholder="–")


def _show_checkpoints(run: Run, strings: ReportStrings) -> None:
    st.subheader(strings.training_checkpoints, anchor=False)
    if not run.checkpoints:
        st.caption(strings.training_checkpoints_none)
        return
    kept = run.checkpoints
    columns: dict[str, list[Any]] = {
        strings.training_axis_step: [one.step for one in kept],
        strings.training_saved: [one.saved_at.strftime(strings.date) for one in kept],
        strings.training_eval_loss: [_rounded(one.eval_loss, ".3f") for one in kept],
        strings.training_sealed: [strings.training_whole if one.sealed else strings.training_unsealed for one in kept],
    }
    st.dataframe(columns, hide_index=True, alt=strings.training_checkpoints, placeholder="–")
    st.caption(strings.training_checkpoints_help)


def _rounded(figure: float | None, form: str) -> str | None:
    return None if figure is None else format(figure, form)


def _duration(seconds: float) -> str:
    minutes, rest_s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest_s:02} s" if minutes else f"{rest_s} s"

"""The figures of a report as tables and charts.

Streamlit is imported at the top: only the page imports this module.

    show_figures(columns_of(report), report.definitions, REPORT_STRINGS["en"])
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from assistant.evaluation.bootstrap import Interval
from assistant.evaluation.html import PLOTTED
from assistant.evaluation.schema import Absence, AnswersReport, ShoppingReport
from assistant.evaluation.scoring import Definition
from ui.web.components.markdown import on_one_line
from ui.web.reports import SLICE, Column
from ui.web.strings import ReportStrings

LONGEST_LABEL_PX = 150  # of a chart's rows; a telephone is 360 wide
ROW_PX = 26
# To be told apart on white and on black; the shapes differ too.
COLOURS = {"tuned": "#2a9d74", "base": "#5b7db1", "baseline": "#8d8672", SLICE: "#2a9d74"}


def show_figures(columns: Sequence[Column], definitions: Mapping[str, Definition], strings: ReportStrings) -> None:
    """Draw all figures as a table, and one of them with its intervals."""
    names = [name for name in definitions if any(name in column.figures for column in columns)]
    titles = {name: strings.word(name, definitions[name].title) for name in names}
    rows = {strings.evaluation_figure: list(titles.values())}
    for column in columns:
        rows[strings.way(column.name, column.role)] = [_cell(column.figures.get(name)) for name in names]
    st.dataframe(
        rows,
        hide_index=True,
        column_config={strings.evaluation_figure: st.column_config.TextColumn(pinned=True)},
        alt=strings.evaluation_figures,
    )
    st.caption(strings.evaluation_figures_help)
    drawn = st.selectbox(
        strings.evaluation_drawn,
        [name for name in PLOTTED if name in names] or names,
        format_func=titles.__getitem__,
        key="evaluation-drawn",
    )
    st.vega_lite_chart(*_dots(columns, drawn, titles[drawn], strings), alt=titles[drawn])
    st.caption(strings.evaluation_drawn_help)
    with st.expander(strings.evaluation_meanings_head):
        for name in names:
            meaning = strings.evaluation_meanings.get(name, definitions[name].says)
            st.caption(f"**{on_one_line(titles[name])}**: {on_one_line(meaning)}")


def show_totals(report: ShoppingReport, strings: ReportStrings) -> None:
    """Draw the shares of a report on the shopping talk as a table, each with how many it is a share of."""
    names = list(report.figures)
    rows = {
        strings.evaluation_figure: [strings.word(name) for name in names],
        strings.evaluation_share: [_cell(report.figures[name]) for name in names],
        strings.evaluation_of: [report.counts[name] for name in names],
    }
    st.dataframe(rows, hide_index=True, alt=strings.evaluation_figures)
    st.caption(strings.evaluation_figures_help)
    with st.expander(strings.evaluation_meanings_head):
        for name in names:
            meaning = strings.evaluation_meanings.get(name, report.definitions.get(name, ""))
            st.caption(f"**{on_one_line(strings.word(name))}**: {on_one_line(meaning)}")


def _dots(
    columns: Sequence[Column], name: str, title: str, strings: ReportStrings
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return (data, Vega-Lite specification) of one figure: a dot and an interval for each column that has it."""
    rows = [
        {
            "way": strings.word(column.name),
            "role": strings.evaluation_roles[column.role],
            **{end: getattr(column.figures[name], end) for end in ("value", "low", "high")},
        }
        for column in columns
        if name in column.figures and column.figures[name].value is not None
    ]
    roles = [role for role in COLOURS if role in {column.role for column in columns}]
    role = {
        "field": "role",
        "type": "nominal",
        "title": None,
        "legend": {"orient": "bottom", "columns": 1} if len(roles) > 1 else None,
    }
    domain = [strings.evaluation_roles[one] for one in roles]
    colour = {**role, "scale": {"domain": domain, "range": [COLOURS[one] for one in roles]}}
    shape = {**role, "scale": {"domain": domain}}
    way = {
        "field": "way",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelLimit": LONGEST_LABEL_PX, "labelFlush": False},
    }
    tooltip = [
        {"field": "way", "title": strings.evaluation_slice if SLICE in roles else strings.evaluation_way},
        *({"field": key, "type": "quantitative", "format": ".3f"} for key in ("value", "low", "high")),
    ]
    return rows, {
        "height": {"step": ROW_PX},
        "encoding": {"y": way, "color": colour, "tooltip": tooltip},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"x": {"field": "low", "type": "quantitative", "title": title}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                "encoding": {"x": {"field": "value", "type": "quantitative"}, "shape": shape},
            },
        ],
    }


def show_losses(report: AnswersReport, strings: ReportStrings) -> None:
    """Draw in which figures the fine-tuned model is behind the best of the others."""
    if not report.adapters:
        return
    st.subheader(strings.evaluation_losses, anchor=False)
    if not report.losses:
        st.write(strings.evaluation_losses_none)
        return
    cells = [
        (
            strings.word(loss.metric, report.definitions[loss.metric].title),
            f"{-(loss.value or 0):.3f}",
            strings.evaluation_certain if loss.certain else strings.evaluation_chance,
            strings.word(loss.of),
            strings.word(loss.minus),
            strings.word(loss.set),
            strings.word(loss.table),
        )
        for loss in report.losses
    ]
    columns = dict(zip(strings.evaluation_losses_head, map(list, zip(*cells, strict=True)), strict=True))
    st.dataframe(columns, hide_index=True, alt=strings.evaluation_losses)


def show_absence(absence: Absence, strings: ReportStrings) -> None:
    """Draw what tells present from absent titles: predicted against true shares, beside the diagonal of both."""
    st.subheader(strings.evaluation_absence, anchor=False)
    st.caption(strings.evaluation_absence_help.format(present=absence.present))
    with st.container(horizontal=True, gap="medium"):
        st.metric(strings.evaluation_auroc, f"{absence.auroc:.3f}", width="content")
        st.metric(strings.evaluation_absent_found, f"{absence.absent_found:.3f}", width="content")
        st.metric(strings.word("calibration").capitalize(), f"{absence.calibration:.3f}", width="content")
    axis = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    shares = {
        "x": {"field": "predicted", "title": strings.evaluation_bins_said, **axis},
        "y": {"field": "right", "title": strings.evaluation_bins_right, **axis},
    }
    diagonal = {
        "data": {"values": [{"predicted": 0, "right": 0}, {"predicted": 1, "right": 1}]},
        "mark": {"type": "line", "strokeDash": [4, 4], "color": "gray"},
        "encoding": shares,
    }
    size = {"field": "count", "type": "quantitative", "legend": None, "scale": {"range": [40, 400]}}
    dots = {"mark": {"type": "circle", "opacity": 0.8, "color": COLOURS[SLICE]}, "encoding": {**shares, "size": size}}
    st.vega_lite_chart(
        [vars(one) for one in absence.reliability],
        {"layer": [diagonal, dots]},
        height=320,
        alt=strings.evaluation_absence,
    )
    st.caption(strings.evaluation_bins_help)
    columns = {
        strings.evaluation_bins_said: [f"{one.predicted:.2f}" for one in absence.reliability],
        strings.evaluation_bins_right: [f"{one.right:.2f}" for one in absence.reliability],
        strings.evaluation_bins_count: [one.count for one in absence.reliability],
    }
    st.dataframe(columns, hide_index=True, alt=strings.evaluation_absence)


def _cell(figure: Interval | None) -> str:
    if figure is None or figure.value is None or figure.low is None or figure.high is None:
        return "–"
    digits = 1 if abs(figure.value) >= 10 else 3
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f}–{figure.high:.{digits}f})"

"""The view of the reports: their figures as tables and charts, how they were made, and samples, the worst first.

Questions, titles and replies are data: plain text or escaped Markdown, never markup of the page.
Streamlit is imported at the top: only the page imports this module.

    show_evaluation(home, REPORT_STRINGS["en"])
"""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from assistant.evaluation.page import PLOTTED
from index.errors import ArtefactError
from ui.markdown import on_one_line
from ui.reports import (
    RESOLVER,
    SLICE,
    Absence,
    Column,
    Figure,
    Report,
    Sample,
    Sought,
    Table,
    beside,
    judged_ways,
    read_report,
    report_folders,
    worst_first,
)
from ui.strings import ReportStrings

SAMPLES_A_PAGE = 5
LONGEST_LABEL_PX = 150  # of a chart's rows; a telephone is 360 wide
ROW_PX = 26
# To be told apart on white and on black; the shapes differ too.
COLOURS = {"tuned": "#2a9d74", "base": "#5b7db1", "baseline": "#8d8672", SLICE: "#2a9d74"}


def show_evaluation(home: Path, strings: ReportStrings) -> None:
    """Draw one report of the home, or how to make the first."""
    st.header(strings.evaluation_title, anchor=False)
    st.write(strings.evaluation_about)
    folders = report_folders(home)
    if not folders:
        st.info(strings.evaluation_none, icon=":material/info:")
        _show_command(home, "answers")
        return
    folder = folders[0]
    if len(folders) > 1:
        folder = st.selectbox(
            strings.evaluation_report,
            folders,
            format_func=lambda each: strings.evaluation_kinds.get(each.name, each.name),
            key="evaluation-report",
        )
    try:
        report = read_report(folder)
    except ArtefactError as fault:
        st.error(strings.evaluation_damaged.format(fault=on_one_line(fault.happened)), icon=":material/error:")
        _show_command(home, RESOLVER if folder.name == RESOLVER else "answers")
        return
    _show_making(report, strings)
    if not any(table.columns for table in report.tables):
        st.write(strings.evaluation_empty)
    elif report.backend:
        _show_answers(report, strings)
    else:
        _show_titles(report, strings)


def _show_command(home: Path, what: str) -> None:
    words = ["titlewise", "--home", str(home), "evaluate", what]
    st.code(shlex.join(words), language=None, wrap_lines=True)


def _show_making(report: Report, strings: ReportStrings) -> None:
    made_at = report.made_at.strftime(strings.date)
    st.caption(strings.evaluation_made.format(date=made_at, version=on_one_line(report.version)))
    if report.backend:
        adapters = on_one_line(", ".join(report.adapters)) or strings.evaluation_no_adapter
        st.caption(strings.evaluation_model.format(backend=on_one_line(report.backend), adapters=adapters))
    if report.command:
        st.caption(strings.evaluation_command)
        st.code(report.command, language=None, wrap_lines=True)
    if report.missing:
        with st.expander(strings.evaluation_missing):
            for line in report.missing:
                st.text(line)


def _show_answers(report: Report, strings: ReportStrings) -> None:
    st.subheader(strings.evaluation_figures, anchor=False)
    tables = report.tables
    number = st.selectbox(
        strings.evaluation_table,
        range(len(tables)),
        format_func=lambda each: strings.evaluation_table_name.format(
            of_set=_word(tables[each].of_set, strings),
            table=_word(tables[each].name, strings),
            questions=tables[each].questions,
        ),
        key="evaluation-table",
    )
    table = tables[number]
    _show_figures(report, table, strings)
    _show_losses(report, strings)
    st.subheader(strings.evaluation_samples, anchor=False)
    ways = judged_ways(table)
    if not ways:
        st.caption(strings.evaluation_samples_none)
        return
    st.caption(strings.evaluation_samples_help)
    way = ways[0]
    if len(ways) > 1:
        way = st.selectbox(strings.evaluation_judged, ways, key=f"evaluation-judged-{number}")
    samples = worst_first(table, way)
    for sample in samples[_paged(len(samples), f"{number}-{ways.index(way)}", strings)]:
        _show_sample(sample, beside(table, way), strings)


def _show_titles(report: Report, strings: ReportStrings) -> None:
    st.subheader(strings.evaluation_figures, anchor=False)
    (table,) = report.tables
    _show_figures(report, table, strings)
    if report.absence is not None:
        _show_absence(report.absence, strings)
    st.subheader(strings.evaluation_samples, anchor=False)
    names = [column.name for column in table.columns]
    name = st.selectbox(
        strings.evaluation_slice, names, format_func=lambda each: _word(each, strings), key="evaluation-slice"
    )
    own = [sought for sought in report.sought if sought.kind == name]
    for sought in own[_paged(len(own), f"slice-{names.index(name)}", strings)]:
        _show_sought(sought, strings)


def _show_figures(report: Report, table: Table, strings: ReportStrings) -> None:
    """Draw all figures as a table, and one of them with its intervals."""
    names = [name for name in report.meanings if any(name in column.figures for column in table.columns)]
    titles = {name: strings.evaluation_words.get(name, report.titles.get(name, name)) for name in names}
    rows = {strings.evaluation_figure: list(titles.values())}
    for column in table.columns:
        rows[_named(column, strings)] = [_cell(column.figures.get(name)) for name in names]
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
    st.vega_lite_chart(*_dots(table, drawn, titles[drawn], strings), alt=titles[drawn])
    st.caption(strings.evaluation_drawn_help)
    with st.expander(strings.evaluation_meanings):
        for name in names:
            st.caption(f"**{on_one_line(titles[name])}**: {on_one_line(report.meanings[name])}")


def _dots(table: Table, name: str, title: str, strings: ReportStrings) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Give (data, Vega-Lite specification) of one figure: a dot and an interval for each column that has it."""
    rows = [
        {
            "way": _word(column.name, strings),
            "role": strings.evaluation_roles[column.role],
            **vars(column.figures[name]),
        }
        for column in table.columns
        if name in column.figures and column.figures[name].value is not None
    ]
    roles = [role for role in COLOURS if role in {column.role for column in table.columns}]
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


def _show_losses(report: Report, strings: ReportStrings) -> None:
    if not report.adapters:
        return
    st.subheader(strings.evaluation_losses, anchor=False)
    if not report.losses:
        st.write(strings.evaluation_losses_none)
        return
    cells = [
        (
            strings.evaluation_words.get(loss.figure, report.titles[loss.figure]),
            f"{loss.behind:.3f}",
            strings.evaluation_certain if loss.certain else strings.evaluation_chance,
            _word(loss.way, strings),
            _word(loss.baseline, strings),
            _word(loss.of_set, strings),
            _word(loss.table, strings),
        )
        for loss in report.losses
    ]
    columns = dict(zip(strings.evaluation_losses_head, map(list, zip(*cells, strict=True)), strict=True))
    st.dataframe(columns, hide_index=True, alt=strings.evaluation_losses)


def _show_absence(absence: Absence, strings: ReportStrings) -> None:
    """Draw what tells present from absent titles: said against true shares, beside the diagonal where both are one."""
    st.subheader(strings.evaluation_absence, anchor=False)
    st.caption(strings.evaluation_absence_help.format(present=absence.present))
    with st.container(horizontal=True, gap="medium"):
        st.metric(strings.evaluation_auroc, f"{absence.auroc:.3f}", width="content")
        st.metric(strings.evaluation_absent_found, f"{absence.absent_found:.3f}", width="content")
        st.metric(_word("calibration", strings).capitalize(), f"{absence.calibration:.3f}", width="content")
    axis = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    shares = {
        "x": {"field": "said", "title": strings.evaluation_bins_said, **axis},
        "y": {"field": "right", "title": strings.evaluation_bins_right, **axis},
    }
    diagonal = {
        "data": {"values": [{"said": 0, "right": 0}, {"said": 1, "right": 1}]},
        "mark": {"type": "line", "strokeDash": [4, 4], "color": "gray"},
        "encoding": shares,
    }
    size = {"field": "count", "type": "quantitative", "legend": None, "scale": {"range": [40, 400]}}
    dots = {"mark": {"type": "circle", "opacity": 0.8, "color": COLOURS[SLICE]}, "encoding": {**shares, "size": size}}
    st.vega_lite_chart(
        [vars(one) for one in absence.bins], {"layer": [diagonal, dots]}, height=320, alt=strings.evaluation_absence
    )
    st.caption(strings.evaluation_bins_help)
    columns = {
        strings.evaluation_bins_said: [f"{one.said:.2f}" for one in absence.bins],
        strings.evaluation_bins_right: [f"{one.right:.2f}" for one in absence.bins],
        strings.evaluation_bins_count: [one.count for one in absence.bins],
    }
    st.dataframe(columns, hide_index=True, alt=strings.evaluation_absence)


def _paged(count: int, key: str, strings: ReportStrings) -> slice:
    """Draw what leads from page to page, and give the place of the samples of this one."""
    pages = max(1, -(-count // SAMPLES_A_PAGE))
    page = st.pagination(pages, key=f"evaluation-page-{key}") if pages > 1 else 1
    first, end = (page - 1) * SAMPLES_A_PAGE, min(page * SAMPLES_A_PAGE, count)
    st.caption(strings.evaluation_shown.format(first=first + 1, last=end, count=count))
    return slice(first, end)


def _show_sample(sample: Sample, ways: Sequence[str], strings: ReportStrings) -> None:
    with st.container(border=True, gap="small"):
        st.markdown(f"**{on_one_line(sample.question or strings.evaluation_describe)}**")
        st.caption(on_one_line(sample.title))
        _show_text(strings.evaluation_expected, "; ".join(sample.expected) or strings.evaluation_not_stated)
        for said in (sample.said[way] for way in ways if way in sample.said):
            named = on_one_line(_with_role(said.way, said.role, strings))
            _show_text(strings.evaluation_said.format(way=named, score=said.score), said.text)


def _show_sought(sought: Sought, strings: ReportStrings) -> None:
    decision = on_one_line(_word(sought.decision, strings))
    with st.container(border=True, gap="small"):
        st.markdown(f"**{on_one_line(sought.question)}**")
        _show_text(strings.evaluation_meant, sought.meant)
        place = strings.evaluation_place if sought.place >= 0 else strings.evaluation_no_place
        _show_text(strings.evaluation_found, "\n".join(sought.titles))
        st.caption(
            strings.evaluation_decided.format(decision=decision, probability=sought.probability)
            + " · "
            + place.format(place=sought.place + 1)
        )


def _show_text(label: str, text: str) -> None:
    with st.container(gap=None):
        st.caption(label)
        st.text(text)


def _named(column: Column, strings: ReportStrings) -> str:
    return _with_role(column.name, column.role, strings)


def _with_role(way: str, role: str, strings: ReportStrings) -> str:
    """Name a way of replying; a tuned one, whose name may be anything, with its role."""
    word = _word(way, strings)
    return f"{word} ({strings.evaluation_roles[role]})" if role == "tuned" else word


def _word(name: str, strings: ReportStrings) -> str:
    """Give a word of the report in the page's language, where it has one."""
    return strings.evaluation_words.get(name, name)


def _cell(figure: Figure | None) -> str:
    if figure is None or figure.value is None or figure.low is None or figure.high is None:
        return "–"
    digits = 1 if abs(figure.value) >= 10 else 3
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f}–{figure.high:.{digits}f})"

"""The view of the reports: their figures, how they were made, and samples, the worst first.

Streamlit is imported at the top: only the page imports this module.

    show_evaluation(home, REPORT_STRINGS["en"])
"""

from pathlib import Path

import streamlit as st

from index.errors import ArtefactError
from ui.web.components.command import show_command
from ui.web.components.markdown import on_one_line
from ui.web.reports import RESOLVER, Report, beside, judged_ways, read_report, report_folders, worst_first
from ui.web.strings import ReportStrings
from ui.web.views.figures import show_absence, show_figures, show_losses
from ui.web.views.samples import paged, show_sample, show_sought


def show_evaluation(home: Path, strings: ReportStrings) -> None:
    """Draw one report of the home, or how to make the first."""
    st.header(strings.evaluation_title, anchor=False)
    st.write(strings.evaluation_about)
    folders = report_folders(home)
    if not folders:
        st.info(strings.evaluation_none, icon=":material/info:")
        show_command("--home", str(home), "evaluate", "answers")
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
    except ArtefactError as error:
        st.error(strings.evaluation_damaged.format(error=on_one_line(error.happened)), icon=":material/error:")
        show_command("--home", str(home), "evaluate", RESOLVER if folder.name == RESOLVER else "answers")
        return
    _show_making(report, strings)
    if not any(table.columns for table in report.tables):
        st.write(strings.evaluation_empty)
    elif report.backend:
        _show_answers(report, strings)
    else:
        _show_titles(report, strings)


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
            of_set=strings.word(tables[each].of_set),
            table=strings.word(tables[each].name),
            questions=tables[each].questions,
        ),
        key="evaluation-table",
    )
    table = tables[number]
    show_figures(report, table, strings)
    show_losses(report, strings)
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
    for sample in samples[paged(len(samples), f"{number}-{ways.index(way)}", strings)]:
        show_sample(sample, beside(table, way), strings)


def _show_titles(report: Report, strings: ReportStrings) -> None:
    st.subheader(strings.evaluation_figures, anchor=False)
    (table,) = report.tables
    show_figures(report, table, strings)
    if report.absence is not None:
        show_absence(report.absence, strings)
    st.subheader(strings.evaluation_samples, anchor=False)
    names = [column.name for column in table.columns]
    name = st.selectbox(
        strings.evaluation_slice, names, format_func=lambda each: strings.word(each), key="evaluation-slice"
    )
    own = [sought for sought in report.sought if sought.kind == name]
    for sought in own[paged(len(own), f"slice-{names.index(name)}", strings)]:
        show_sought(sought, strings)

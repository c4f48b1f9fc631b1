"""The view of the reports: their figures, how they were made, and samples, the worst first.

Streamlit is imported at the top: only the page imports this module.

    show_evaluation(home, REPORT_STRINGS["en"])
"""

from pathlib import Path

import streamlit as st

from assistant.evaluation.schema import (
    Absence,
    AnswersReport,
    SavedAnswers,
    SavedTalks,
    SavedTitles,
    ShoppingReport,
    judged_systems,
    worst_first,
)
from assistant.evaluation.scoring import Definition
from index.errors import ArtefactError
from ui.web.components.command import show_command
from ui.web.components.markdown import on_one_line
from ui.web.reports import beside, columns_of, maker_of, read_saved, report_folders
from ui.web.strings import ReportStrings
from ui.web.views.figures import show_absence, show_figures, show_losses, show_totals
from ui.web.views.samples import paged, show_sample, show_scored_reply, show_title_sample


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
        saved = read_saved(folder)
    except ArtefactError as error:
        st.error(strings.evaluation_damaged.format(error=on_one_line(error.happened)), icon=":material/error:")
        show_command("--home", str(home), "evaluate", *maker_of(folder))
        return
    _show_making(saved, strings)
    if isinstance(saved, SavedTitles):
        _show_titles(saved, strings)
    elif isinstance(saved, SavedTalks):
        _show_talks(saved, strings)
    elif saved.report.tables:
        _show_answers(saved, strings)
    else:
        st.write(strings.evaluation_empty)


def _show_making(saved: SavedAnswers | SavedTitles | SavedTalks, strings: ReportStrings) -> None:
    report = saved.report
    made_at = saved.made_at.strftime(strings.date)
    st.caption(strings.evaluation_made.format(date=made_at, version=on_one_line(report.versions["titlewise"])))
    missing = []
    if isinstance(report, AnswersReport):
        adapters = on_one_line(", ".join(adapter.name for adapter in report.adapters)) or strings.evaluation_no_adapter
        st.caption(strings.evaluation_model.format(backend=on_one_line(report.backend), adapters=adapters))
        missing = [f"{one.name}: {one.missing}" for one in report.sets if one.missing]
    if isinstance(report, ShoppingReport):
        by = on_one_line(report.assistant)
        st.caption(strings.evaluation_assistant.format(assistant=by, products=report.products))
    if report.command:
        st.caption(strings.evaluation_command)
        st.code(report.command, language=None, wrap_lines=True)
    if missing:
        with st.expander(strings.evaluation_missing):
            for line in missing:
                st.text(line)


def _show_answers(saved: SavedAnswers, strings: ReportStrings) -> None:
    st.subheader(strings.evaluation_figures, anchor=False)
    report, tables = saved.report, saved.report.tables
    number = st.selectbox(
        strings.evaluation_table,
        range(len(tables)),
        format_func=lambda each: strings.evaluation_table_name.format(
            of_set=strings.word(tables[each].set),
            table=strings.word(tables[each].table),
            questions=tables[each].questions,
        ),
        key="evaluation-table",
    )
    table = tables[number]
    show_figures(columns_of(report, number), report.definitions, strings)
    show_losses(report, strings)
    st.subheader(strings.evaluation_samples, anchor=False)
    systems = judged_systems(table)
    if not systems:
        st.caption(strings.evaluation_samples_none)
        return
    st.caption(strings.evaluation_samples_help)
    system = systems[0]
    if len(systems) > 1:
        system = st.selectbox(strings.evaluation_judged, systems, key=f"evaluation-judged-{number}")
    samples = worst_first(saved.samples, table, system)
    for sample in samples[paged(len(samples), f"{number}-{systems.index(system)}", strings)]:
        show_sample(sample, table, beside(table, system), strings)


def _show_titles(saved: SavedTitles, strings: ReportStrings) -> None:
    st.subheader(strings.evaluation_figures, anchor=False)
    report = saved.report
    definitions = {name: Definition("", "neither", says) for name, says in report.definitions.items()}
    show_figures(columns_of(report), definitions, strings)
    if isinstance(report.absence, Absence):
        show_absence(report.absence, strings)
    st.subheader(strings.evaluation_samples, anchor=False)
    names = list(report.slices)
    name = st.selectbox(
        strings.evaluation_slice, names, format_func=lambda each: strings.word(each), key="evaluation-slice"
    )
    own = [sample for sample in saved.samples if sample.slice == name]
    for sample in own[paged(len(own), f"slice-{names.index(name)}", strings)]:
        show_title_sample(sample, strings)


def _show_talks(saved: SavedTalks, strings: ReportStrings) -> None:
    st.subheader(strings.evaluation_figures, anchor=False)
    show_totals(saved.report, strings)
    st.subheader(strings.evaluation_failed, anchor=False)
    failed = saved.failed
    if not failed:
        st.caption(strings.evaluation_failed_none)
        return
    for scored in failed[paged(len(failed), "failed", strings)]:
        show_scored_reply(scored, strings)

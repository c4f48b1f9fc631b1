"""The samples of a report, a page of them at a time.

Questions, titles and replies are data: plain text or escaped Markdown, never markup of the page.
Streamlit is imported at the top: only the page imports this module.

    for sample in samples[paged(len(samples), "answers", REPORT_STRINGS["en"])]:
        show_sample(sample, ways, REPORT_STRINGS["en"])
"""

from collections.abc import Sequence

import streamlit as st

from ui.web.components.markdown import on_one_line
from ui.web.reports import Sample, Sought
from ui.web.strings import ReportStrings

SAMPLES_A_PAGE = 5


def paged(count: int, key: str, strings: ReportStrings) -> slice:
    """Draw what leads from page to page, and return the place of the samples of this one."""
    pages = max(1, -(-count // SAMPLES_A_PAGE))
    page = st.pagination(pages, key=f"evaluation-page-{key}") if pages > 1 else 1
    first, end = (page - 1) * SAMPLES_A_PAGE, min(page * SAMPLES_A_PAGE, count)
    st.caption(strings.evaluation_shown.format(first=first + 1, last=end, count=count))
    return slice(first, end)


def show_sample(sample: Sample, ways: Sequence[str], strings: ReportStrings) -> None:
    """Draw a question, what was expected, and what each of these ways replied."""
    with st.container(border=True, gap="small"):
        st.markdown(f"**{on_one_line(sample.question or strings.evaluation_describe)}**")
        st.caption(on_one_line(sample.title))
        _show_text(strings.evaluation_expected, "; ".join(sample.expected) or strings.evaluation_not_stated)
        for said in (sample.said[way] for way in ways if way in sample.said):
            named = on_one_line(strings.way(said.way, said.role))
            _show_text(strings.evaluation_said.format(way=named, score=said.score), said.text)


def show_sought(sought: Sought, strings: ReportStrings) -> None:
    """Draw a question, the title that it meant, and those that were found."""
    decision = on_one_line(strings.word(sought.decision))
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

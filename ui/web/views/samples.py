"""The samples of a report, a page of them at a time.

Questions, titles and replies are data: plain text or escaped Markdown, never markup of the page.
Streamlit is imported at the top: only the page imports this module.

    for sample in samples[paged(len(samples), "answers", REPORT_STRINGS["en"])]:
        show_sample(sample, table, ("base", "embedded"), REPORT_STRINGS["en"])
"""

from collections.abc import Sequence

import streamlit as st

from assistant.evaluation.comparison import Table
from assistant.evaluation.schema import Sample, ScoredReply, TitleSample
from ui.web.components.markdown import on_one_line
from ui.web.strings import ReportStrings

SAMPLES_A_PAGE = 5


def paged(count: int, key: str, strings: ReportStrings) -> slice:
    """Draw what leads from page to page, and return the place of the samples of this one."""
    pages = max(1, -(-count // SAMPLES_A_PAGE))
    page = st.pagination(pages, key=f"evaluation-page-{key}") if pages > 1 else 1
    first, end = (page - 1) * SAMPLES_A_PAGE, min(page * SAMPLES_A_PAGE, count)
    st.caption(strings.evaluation_shown.format(first=first + 1, last=end, count=count))
    return slice(first, end)


def show_sample(sample: Sample, table: Table, systems: Sequence[str], strings: ReportStrings) -> None:
    """Draw a question, what was expected, and what each of these systems of its table replied."""
    with st.container(border=True, gap="small"):
        st.markdown(f"**{on_one_line(sample.question or strings.evaluation_describe)}**")
        st.caption(on_one_line(sample.title))
        _show_text(strings.evaluation_expected, "; ".join(sample.references) or strings.evaluation_not_stated)
        for system in systems:
            if reply := sample.replies.get(system):
                named = on_one_line(strings.way(system, table.systems[system].role))
                _show_text(strings.evaluation_said.format(way=named, score=reply.score), reply.text)


def show_title_sample(sample: TitleSample, strings: ReportStrings) -> None:
    """Draw a question, the title that it meant, and those that were found."""
    decision = on_one_line(strings.word(sample.decision))
    with st.container(border=True, gap="small"):
        st.markdown(f"**{on_one_line(sample.question)}**")
        _show_text(strings.evaluation_meant, sample.meant)
        place = strings.evaluation_place if sample.place >= 0 else strings.evaluation_no_place
        _show_text(strings.evaluation_found, "\n".join(sample.titles))
        st.caption(
            strings.evaluation_decided.format(decision=decision, probability=sample.probability)
            + " · "
            + place.format(place=sample.place + 1)
        )


def show_scored_reply(scored: ScoredReply, strings: ReportStrings) -> None:
    """Draw what was asked and replied, and by which figures that is not right."""
    wrong = [f"{strings.word(name)} ({score:.2f})" for name, score in scored.scores.items() if score < 1]
    with st.container(border=True, gap="small"):
        st.markdown(f"**{on_one_line(scored.question)}**")
        about = f" · {on_one_line(', '.join(scored.uids))}" if scored.uids else ""
        _show_text(f"{on_one_line(strings.word(scored.kind))}{about}", scored.text)
        st.caption(strings.evaluation_wrong.format(figures=on_one_line("; ".join(wrong))))


def _show_text(label: str, text: str) -> None:
    with st.container(gap=None):
        st.caption(label)
        st.text(text)

"""The report on the resolver: slices of questions, present or absent, whether its probability is true, samples.

Published whole as an artefact of kind "report": `report.json`, `samples.jsonl`, `report.html`.

    report = evaluate_resolver(IndexedProducts(catalogue, index), pairs, home / "reports" / "resolver", ResolverPlan())
    for line in resolver_lines(report):
        print(line)
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from assistant.evaluation.bootstrap import Interval
from assistant.evaluation.html import resolver_page
from assistant.evaluation.predict import IndexedProducts, open_index
from assistant.evaluation.resolver.metrics import (
    FIGURES,
    Search,
    SearchResult,
    auroc,
    calibration_error,
    figures_of,
    reliability,
    search_of,
)
from assistant.evaluation.resolver.queries import TitleQuery, halves, noisy, slices_of
from assistant.evaluation.schema import (
    Absence,
    ResolverPlan,
    ResolverReport,
    Slice,
    TitleSample,
    as_json,
    made_now,
    this_machine,
    versions_of,
    write_report,
)
from index.artefacts import publish
from index.catalogue.store import Catalogue
from index.errors import SourceError
from index.progress import Progress

PAIRS = "pairs"  # the slice of questions that people asked
SUMMARY = {
    "accuracy_1": "first",
    "accuracy_4": "of 4",
    "found": "found",
    "wrong_when_found": "wrong found",
    "shown": "shown",
    "calibration": "calibr.",
    "ms_p50": "ms p50",
    "ms_p99": "ms p99",
}


def evaluate_resolver(
    products: IndexedProducts,
    pairs: Sequence[TitleQuery],
    folder: Path,
    plan: ResolverPlan,
    *,
    command: str = "",
    progress: type[Progress] = Progress,
) -> ResolverReport:
    """Ask everything, publish the report in `folder`, and return it.

    `command` is the line that asked for it, kept in the report.

    Raises `ArtefactError` where `folder` holds something else.
    """
    catalogue = products.catalogue
    slices = slices_of(catalogue.titles(), plan.questions, plan.seed)
    if pairs:
        slices = {PAIRS: list(pairs), **slices}
    search = search_of(products.index.resolve)
    results = {name: _searched(name, queries, search, progress) for name, queries in slices.items()}
    report = ResolverReport(
        **made_now(command),
        titles=len(catalogue),
        plan=plan,
        versions=versions_of("titlewise"),
        machine=this_machine(),
        definitions=FIGURES,
        slices={
            name: Slice(len(queries), figures_of(queries, results[name], resamples=plan.resamples, seed=plan.seed))
            for name, queries in slices.items()
        },
        absence=_absence(catalogue, plan, progress) or {},
    )
    samples = [sample for name, queries in slices.items() for sample in _samples(name, queries, results[name])]
    content = as_json(report)
    made_by = {key: content[key] for key in ("titles", "plan", "versions")}
    with publish(folder, kind="report", made_by=made_by, made_from=catalogue.digest) as scratch:
        write_report(scratch, content, samples, resolver_page(report, samples))
    return report


def read_pairs(path: Path, catalogue: Catalogue) -> list[TitleQuery]:
    """Read questions with the uid that each means: {"question", "uid"}, one a line.

    Raises `SourceError` naming the line that is none, `UnknownProductError` for a uid that the catalogue lacks.
    """
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            question, uid = str(row["question"]), str(row["uid"])
        except (ValueError, KeyError, TypeError) as exc:
            raise SourceError(
                f"line {number} of {path} is {line[:60]!r}",
                '{"question": …, "uid": …}',
                f"edit {path}",
            ) from exc
        pairs.append(TitleQuery(question, catalogue.find(uid).title))
    return pairs


def resolver_lines(report: ResolverReport) -> list[str]:
    """Return the deciding figures as a table for a terminal."""
    lines = [f"{'':28}" + "".join(f"{title:>13}" for title in SUMMARY.values())]
    for name, one in report.slices.items():
        cells = (one.figures.get(figure) for figure in SUMMARY)
        lines.append(f"{name:28}" + "".join(f"{_shown(cell):>13}" for cell in cells))
    if isinstance(absence := report.absence, Absence):
        lines += [
            f"present or absent, {absence.present:,} titles indexed of {2 * absence.present:,}: "
            f"AUROC {absence.auroc:.3f}; absent ones called found {absence.absent_found:.3f}; "
            f"calibration error over both {absence.calibration:.3f}"
        ]
    return lines


def _searched(name: str, queries: Sequence[TitleQuery], search: Search, progress: type[Progress]) -> list[SearchResult]:
    results = []
    with progress(name, len(queries), unit="questions") as bar:
        for query in queries:
            results.append(search(query.question))
            bar.update()
    return results


def _absence(catalogue: Catalogue, plan: ResolverPlan, progress: type[Progress]) -> Absence | None:
    """Ask an index of one half of the catalogue about both halves, in noisy questions; None where it is too small."""
    draw = random.Random(plan.seed)  # noqa: S311 - a choice, not a secret
    rows = draw.sample(range(len(catalogue)), min(plan.products, len(catalogue)))
    present, absent = halves([catalogue.product(row) for row in rows])
    if not present or not absent:
        return None
    with open_index(present, progress) as products:
        search = search_of(products.index.resolve)
        there, gone = (
            [TitleQuery(noisy(each.title, draw), each.title if here else "") for each in side[: plan.questions]]
            for side, here in ((present, True), (absent, False))
        )
        results = _searched("present or absent", [*there, *gone], search, progress)
    right = [result.place(query.title) == 0 for query, result in zip([*there, *gone], results, strict=True)]
    score = [result.score for result in results]
    count = len(there)
    return Absence(
        len(present),
        auroc(score[:count], score[count:]),
        sum(result.decision == "found" for result in results[count:]) / len(gone),
        calibration_error(score, right),
        tuple(reliability(score, right)),
    )


def _samples(name: str, queries: Sequence[TitleQuery], results: Sequence[SearchResult]) -> list[TitleSample]:
    samples = [
        TitleSample(
            name,
            query.question,
            query.title,
            result.decision,
            result.score,
            result.place(query.title),
            result.titles[:4],
        )
        for query, result in zip(queries, results, strict=True)
    ]
    # The worst: surely wrong ones, then what was not first, then what was right though not sure.
    return sorted(samples, key=lambda one: (one.place == 0, -one.probability if one.place else one.probability))


def _shown(figure: Interval | None) -> str:
    if figure is None or figure.value is None:
        return "–"
    return f"{figure.value:.3f}" if figure.value < 2 else f"{figure.value:.1f}"

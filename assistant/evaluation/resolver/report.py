"""The report on the resolver: slices of questions, present or absent, whether its probability is true, samples.

Published whole as an artefact of kind "report": `report.json`, `samples.jsonl`, `report.html`.

    report = evaluate_resolver(catalogue, index, pairs, home / "reports" / "resolver", ResolverPlan())
    for line in resolver_lines(report):
        print(line)
"""

import json
import os
import platform
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assistant.evaluation.html import resolver_page
from assistant.evaluation.report import made_now, write_report
from assistant.evaluation.resolver.metrics import (
    FIGURES,
    Answered,
    Search,
    auroc,
    calibration_error,
    figures_of,
    reliability,
    resolving,
)
from assistant.evaluation.resolver.queries import Sought, halves, noisy, slices_of
from index.artefacts import publish
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.errors import SourceError
from index.progress import Progress
from index.resolver import TitleIndex

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


@dataclass(frozen=True)
class ResolverPlan:
    """How much is asked: so many questions of each slice, and an index of half of so many products."""

    questions: int = 300
    products: int = 20_000
    resamples: int = 1000
    seed: int = 0


def evaluate_resolver(
    catalogue: Catalogue,
    index: TitleIndex,
    pairs: Sequence[Sought],
    folder: Path,
    plan: ResolverPlan,
    *,
    command: str = "",
    progress: type[Progress] = Progress,
) -> dict[str, Any]:
    """Ask everything, publish the report in `folder`, and give what `report.json` holds.

    `command` is the line that asked for it, kept in the report.

    Raises `ArtefactError` where `folder` holds something else.
    """
    slices = slices_of(catalogue.titles(), plan.questions, plan.seed)
    if pairs:
        slices = {PAIRS: list(pairs), **slices}
    search = resolving(index.resolve)
    measured = {name: _asked(name, sought, search, progress) for name, sought in slices.items()}
    absence = _absence(catalogue, plan, progress)
    report = {
        **made_now(command),
        "titles": len(catalogue),
        "plan": asdict(plan),
        "versions": {"titlewise": version("titlewise"), "python": platform.python_version()},
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        "definitions": FIGURES,
        "slices": {
            name: {
                "questions": len(sought),
                "figures": {
                    figure: vars(found)
                    for figure, found in figures_of(
                        sought, measured[name], resamples=plan.resamples, seed=plan.seed
                    ).items()
                },
            }
            for name, sought in slices.items()
        },
        "absence": absence,
    }
    samples = [row for name, sought in slices.items() for row in _samples(name, sought, measured[name])]
    made_by = {key: report[key] for key in ("titles", "plan", "versions")}
    with publish(folder, kind="report", made_by=made_by, made_from=catalogue.digest) as scratch:
        write_report(scratch, report, samples, resolver_page(report, samples))
    return report


def read_pairs(path: Path, catalogue: Catalogue) -> list[Sought]:
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
        pairs.append(Sought(question, catalogue.find(uid).title))
    return pairs


def resolver_lines(report: Mapping[str, Any]) -> list[str]:
    """Give the deciding figures as a table for a terminal."""
    lines = [f"{'':28}" + "".join(f"{title:>13}" for title in SUMMARY.values())]
    for name, one in report["slices"].items():
        cells = (one["figures"].get(figure) for figure in SUMMARY)
        lines.append(f"{name:28}" + "".join(f"{_shown(cell):>13}" for cell in cells))
    absence = report["absence"]
    if absence:
        lines += [
            f"present or absent, {absence['present']:,} titles indexed of {2 * absence['present']:,}: "
            f"AUROC {absence['auroc']:.3f}; absent ones called found {absence['absent_found']:.3f}; "
            f"calibration error over both {absence['calibration']:.3f}"
        ]
    return lines


def _asked(name: str, sought: Sequence[Sought], search: Search, progress: type[Progress]) -> list[Answered]:
    answered = []
    with progress(name, len(sought), unit="questions") as bar:
        for one in sought:
            answered.append(search(one.question))
            bar.update()
    return answered


def _absence(catalogue: Catalogue, plan: ResolverPlan, progress: type[Progress]) -> dict[str, Any]:
    """Ask an index of one half of the catalogue about both halves, in noisy questions; {} where it is too small."""
    draw = random.Random(plan.seed)  # noqa: S311 - a choice, not a secret
    rows = draw.sample(range(len(catalogue)), min(plan.products, len(catalogue)))
    present, absent = halves([catalogue.product(row) for row in rows])
    if not present or not absent:
        return {}
    with tempfile.TemporaryDirectory() as home:
        source = Path(home) / "half.jsonl"
        source.write_text("".join(json.dumps(vars(product)) + "\n" for product in present), encoding="utf-8")
        prepare(source, Path(home) / "catalogue")
        shop = Catalogue.load(Path(home) / "catalogue")
        TitleIndex.build(shop, Path(home) / "index", progress=progress)
        search = resolving(TitleIndex.load(Path(home) / "index", shop).resolve)
        there, gone = (
            [Sought(noisy(product.title, draw), product.title if here else "") for product in some[: plan.questions]]
            for some, here in ((present, True), (absent, False))
        )
        answered = _asked("present or absent", [*there, *gone], search, progress)
    right = [one.place(sought.title) == 0 for sought, one in zip([*there, *gone], answered, strict=True)]
    score = [one.score for one in answered]
    count = len(there)
    return {
        "present": len(present),
        "auroc": auroc(score[:count], score[count:]),
        "absent_found": sum(one.decision == "found" for one in answered[count:]) / len(gone),
        "calibration": calibration_error(score, right),
        "reliability": reliability(score, right),
    }


def _samples(name: str, sought: Sequence[Sought], answered: Sequence[Answered]) -> list[dict[str, Any]]:
    rows = [
        {
            "slice": name,
            "question": asked.question,
            "meant": asked.title,
            "decision": one.decision,
            "probability": one.score,
            "place": one.place(asked.title),
            "titles": list(one.titles[:4]),
        }
        for asked, one in zip(sought, answered, strict=True)
    ]
    # The worst: surely wrong ones, then what was not first, then what was right though not sure.
    return sorted(
        rows, key=lambda row: (row["place"] == 0, -row["probability"] if row["place"] else row["probability"])
    )


def _shown(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return "–"
    return f"{figure['value']:.3f}" if figure["value"] < 2 else f"{figure['value']:.1f}"

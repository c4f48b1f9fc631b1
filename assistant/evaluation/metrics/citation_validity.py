"""Citation validity: every quote verbatim, every cited number one of the passages shown, and how many replies cite.

CitationValidity(keep_in_memory=True).compute(predictions=["2 kg. [1]"], shown=[3], verbatim=[[True]])
"""

from typing import Any

import datasets
import evaluate

from assistant.evaluation.normalise import cited_numbers


class CitationValidity(evaluate.Metric):  # type: ignore[misc]
    """Shares in [0, 1], higher is better, None where nothing is cited; under "rows" the counts of each row."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description="quotes that are verbatim, cited numbers that exist, replies that cite",
            citation="",
            inputs_description=(
                "predictions: texts with their citation marks; shown: how many passages the model was shown; "
                "verbatim: for each quote of the reply whether it stands at its place in the content"
            ),
            features=datasets.Features(
                {
                    "predictions": datasets.Value("string"),
                    "shown": datasets.Value("int64"),
                    "verbatim": datasets.Sequence(datasets.Value("bool")),
                }
            ),
        )

    def _compute(self, *, predictions: list[str], shown: list[int], verbatim: list[list[bool]]) -> dict[str, Any]:
        rows: dict[str, list[float]] = {"exist": [], "cited": [], "verbatim": [], "quotes": [], "cites": []}
        for text, count, quotes in zip(predictions, shown, verbatim, strict=True):
            cited = cited_numbers(text)
            rows["exist"].append(float(sum(1 <= number <= count for number in cited)))
            rows["cited"].append(float(len(cited)))
            rows["verbatim"].append(float(sum(quotes)))
            rows["quotes"].append(float(len(quotes)))
            rows["cites"].append(float(bool(cited or quotes)))
        return {
            "citations_exist": _share(rows["exist"], rows["cited"]),
            "quotes_verbatim": _share(rows["verbatim"], rows["quotes"]),
            "citing": sum(rows["cites"]) / len(rows["cites"]),
            "rows": rows,
        }


def _share(parts: list[float], wholes: list[float]) -> float | None:
    return sum(parts) / sum(wholes) if sum(wholes) else None

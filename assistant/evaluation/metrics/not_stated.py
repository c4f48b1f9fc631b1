"""Not stated: precision and recall of refusals, and the share of the answerable that is answered.

NotStated(keep_in_memory=True).compute(predictions=[True, False], references=[True, False])
"""

from typing import Any

import datasets
import evaluate


class NotStated(evaluate.Metric):  # type: ignore[misc]
    """Shares in [0, 1], higher is better; None where there is nothing to share; under "rows" the counts of each row."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description="precision and recall of refusals",
            citation="",
            inputs_description="predictions: whether the reply refuses; references: whether it should have",
            features=datasets.Features({"predictions": datasets.Value("bool"), "references": datasets.Value("bool")}),
        )

    def _compute(self, *, predictions: list[bool], references: list[bool]) -> dict[str, Any]:
        pairs = list(zip(predictions, references, strict=True))
        rows = {
            "right": [float(refused and should) for refused, should in pairs],
            "refused": [float(refused) for refused, _ in pairs],
            "absent": [float(should) for _, should in pairs],
            "answered": [float(not refused and not should) for refused, should in pairs],
            "answerable": [float(not should) for _, should in pairs],
        }
        return {
            "precision": _share(rows["right"], rows["refused"]),
            "recall": _share(rows["right"], rows["absent"]),
            "answered": _share(rows["answered"], rows["answerable"]),
            "rows": rows,
        }


def _share(parts: list[float], wholes: list[float]) -> float | None:
    return sum(parts) / sum(wholes) if sum(wholes) else None

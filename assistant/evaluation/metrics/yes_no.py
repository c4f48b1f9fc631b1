"""Yes/no agreement: whether a reply begins with the yes or the no of the reference.

A reply that says neither, or refuses, disagrees.

    YesNo(keep_in_memory=True).compute(predictions=["No, it is not."], references=["no"], refused=[False])
"""

from typing import Any

import datasets
import evaluate

from assistant.evaluation.normalise import polarity


class YesNo(evaluate.Metric):  # type: ignore[misc]
    """Shares in [0, 1], None where there is nothing to share; under "rows" 1.0 where a row agrees, and what it said."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description="agreement with the yes or no of the reference",
            citation="",
            inputs_description='predictions: texts; references: "yes" or "no"; refused: whether the reply refuses',
            features=datasets.Features(
                {
                    "predictions": datasets.Value("string"),
                    "references": datasets.Value("string"),
                    "refused": datasets.Value("bool"),
                }
            ),
        )

    def _compute(self, *, predictions: list[str], references: list[str], refused: list[bool]) -> dict[str, Any]:
        said = ["" if no else polarity(text) for text, no in zip(predictions, refused, strict=True)]
        agree = [float(ours == theirs) for ours, theirs in zip(said, references, strict=True)]
        return {
            "agreement": _mean(agree),
            "yes_recalled": _mean([row for row, theirs in zip(agree, references, strict=True) if theirs == "yes"]),
            "no_recalled": _mean([row for row, theirs in zip(agree, references, strict=True) if theirs == "no"]),
            "neither": _mean([float(not ours) for ours in said]),
            "rows": {"agree": agree, "said": said},
        }


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None

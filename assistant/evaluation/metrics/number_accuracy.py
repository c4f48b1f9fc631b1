"""Number accuracy: the numbers of the reference that a reply has, and those that it made up.

NumberAccuracy(keep_in_memory=True).compute(
    predictions=["It weighs 2 kg."], references=[["It weighs 2 kg."]], sources=["Weighs 2 kg. Height 30 cm."]
)
"""

from typing import Any

import datasets
import evaluate

from assistant.evaluation.normalise import numbers_in


class NumberAccuracy(evaluate.Metric):  # type: ignore[misc]
    """Shares in [0, 1], None where no row has numbers; under "rows" the counts of each row."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description="numbers of the reference that are in the reply; numbers of the reply that are nowhere else",
            citation="",
            inputs_description=(
                "predictions: texts without citation marks; references: for each, texts or none; "
                "sources: what the reply may take numbers from (title, question, passages)"
            ),
            features=datasets.Features(
                {
                    "predictions": datasets.Value("string"),
                    "references": datasets.Sequence(datasets.Value("string")),
                    "sources": datasets.Value("string"),
                }
            ),
        )

    def _compute(self, *, predictions: list[str], references: list[list[str]], sources: list[str]) -> dict[str, Any]:
        rows: dict[str, list[float]] = {"right": [], "wanted": [], "invented": [], "said": []}
        for text, known, source in zip(predictions, references, sources, strict=True):
            said = set(numbers_in(text))
            wanted = [set(numbers) for numbers in map(numbers_in, known) if numbers]
            there = set(numbers_in(source)).union(*wanted)
            # One for a row that has numbers to give: a table of sizes must not outweigh the other rows.
            rows["right"].append(max((len(said & numbers) / len(numbers) for numbers in wanted), default=0.0))
            rows["wanted"].append(float(bool(wanted)))
            rows["invented"].append(float(len(said - there)))
            rows["said"].append(float(len(said)))
        return {
            "right": _share(rows["right"], rows["wanted"]),
            "invented": _share(rows["invented"], rows["said"]),
            "rows": rows,
        }


def _share(parts: list[float], wholes: list[float]) -> float | None:
    return sum(parts) / sum(wholes) if sum(wholes) else None

"""Ending: the share of texts that the model ended by itself, and how long they are.

Ending(keep_in_memory=True).compute(predictions=["It weighs 2 kg."], ended=[True])
"""

from typing import Any

import datasets
import evaluate


class Ending(evaluate.Metric):  # type: ignore[misc]
    """The share in [0, 1], higher is better, and the mean length in words; under "rows" each row's own."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description="texts that end before the token limit; length in words",
            citation="",
            inputs_description="predictions: texts; ended: whether the model ended before its limit of tokens",
            features=datasets.Features({"predictions": datasets.Value("string"), "ended": datasets.Value("bool")}),
        )

    def _compute(self, *, predictions: list[str], ended: list[bool]) -> dict[str, Any]:
        words = [float(len(text.split())) for text in predictions]
        rows = {"ended": [float(one) for one in ended], "words": words}
        return {"ended": sum(ended) / len(ended), "words": sum(words) / len(words), "rows": rows}

"""Latency: the median and the 95th percentile of the time that a whole reply took.

Latency(keep_in_memory=True).compute(predictions=[310.0, 290.0, 800.0])
"""

from typing import Any

import datasets
import evaluate


class Latency(evaluate.Metric):  # type: ignore[misc]
    """Milliseconds, lower is better; under "rows" as they came."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description="percentiles of latency",
            citation="",
            inputs_description="predictions: milliseconds",
            features=datasets.Features({"predictions": datasets.Value("float64")}),
        )

    def _compute(self, *, predictions: list[float]) -> dict[str, Any]:
        import numpy as np

        p50_ms, p95_ms = (float(np.quantile(predictions, share)) for share in (0.5, 0.95))
        return {"p50_ms": p50_ms, "p95_ms": p95_ms, "rows": predictions}

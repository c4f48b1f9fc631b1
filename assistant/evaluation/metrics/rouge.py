"""ROUGE-1, ROUGE-2 and ROUGE-L: F-measures by rouge-score, each against the best of several references.

The reference tokenizer: lower case, a-z and 0-9 only, no stemming.

    Rouge(keep_in_memory=True).compute(predictions=["Weighs 2 kg."], references=[["It weighs 2 kg."]])
"""

from typing import Any

import datasets
import evaluate

KINDS = ("rouge1", "rouge2", "rougeL")


class Rouge(evaluate.Metric):  # type: ignore[misc]
    """Means over the rows in [0, 1], higher is better, and under "rows" each row's own."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description="ROUGE against the best of several references",
            citation="Lin 2004, ROUGE: a package for automatic evaluation of summaries",
            inputs_description="predictions: texts; references: for each, one text or more",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Sequence(datasets.Value("string"))}
            ),
        )

    def _compute(self, *, predictions: list[str], references: list[list[str]]) -> dict[str, Any]:
        from rouge_score.rouge_scorer import RougeScorer

        scorer = RougeScorer(list(KINDS), use_stemmer=False)
        scores = [scorer.score_multi(known, said) for said, known in zip(predictions, references, strict=True)]
        rows = {kind: [float(score[kind].fmeasure) for score in scores] for kind in KINDS}
        return {kind: sum(values) / len(values) for kind, values in rows.items()} | {"rows": rows}

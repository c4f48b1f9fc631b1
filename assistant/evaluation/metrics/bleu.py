"""BLEU over all rows together, by sacreBLEU, with the signature that says how it was computed.

Bleu(keep_in_memory=True).compute(predictions=["It weighs 2 kg."], references=[["It weighs 2 kg."]])
"""

from collections.abc import Sequence
from typing import Any

import datasets
import evaluate


class Bleu(evaluate.Metric):  # type: ignore[misc]
    """The score in [0, 100], higher is better, its signature, and under "rows" each row's counts."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description="sacreBLEU of the corpus, against all references",
            citation="Post 2018, A call for clarity in reporting BLEU scores",
            inputs_description="predictions: texts; references: for each, one text or more",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Sequence(datasets.Value("string"))}
            ),
        )

    def _compute(self, *, predictions: list[str], references: list[list[str]]) -> dict[str, Any]:
        from sacrebleu.metrics.bleu import BLEU

        bleu = BLEU()
        rows = []
        for said, known in zip(predictions, references, strict=True):
            score = bleu.corpus_score([said], [[text] for text in known])
            rows.append([score.sys_len, score.ref_len, *score.counts, *score.totals])
        most = max(len(known) for known in references)
        # For the signature. What is missing is None, which sacreBLEU passes over, though its types do not say so.
        streams: Any = [[_at(known, place) for known in references] for place in range(most)]
        bleu.corpus_score(predictions, streams)
        summed = [sum(column) for column in zip(*rows, strict=True)]
        return {"bleu": bleu_of(summed), "signature": str(bleu.get_signature()), "rows": rows}


def bleu_of(counts: Sequence[int]) -> float:
    """Give the score of summed counts: lengths of texts and of references, four of matches, four of n-grams."""
    from sacrebleu.metrics.bleu import BLEU

    lengths, matches, ngrams = counts[:2], list(counts[2:6]), list(counts[6:])
    return float(BLEU.compute_bleu(matches, ngrams, int(lengths[0]), int(lengths[1]), smooth_method="exp").score)


def _at(known: list[str], place: int) -> str | None:
    return known[place] if place < len(known) else None

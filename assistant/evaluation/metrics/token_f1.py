"""Token F1 as SQuAD has it: words in common, without case, punctuation and articles.

TokenF1(keep_in_memory=True).compute(predictions=["Weighs 2 kg."], references=[["It weighs 2 kg."]])
"""

import re
import string
from collections import Counter
from typing import Any

import datasets
import evaluate

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


class TokenF1(evaluate.Metric):  # type: ignore[misc]
    """The mean over the rows in [0, 1], higher is better, and under "rows" each row's own."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description="token F1 against the best of several references",
            citation="Rajpurkar et al. 2016, SQuAD",
            inputs_description="predictions: texts; references: for each, one text or more",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Sequence(datasets.Value("string"))}
            ),
        )

    def _compute(self, *, predictions: list[str], references: list[list[str]]) -> dict[str, Any]:
        rows = [
            max(token_f1(said, text) for text in known) for said, known in zip(predictions, references, strict=True)
        ]
        return {"token_f1": sum(rows) / len(rows), "rows": rows}


def token_f1(said: str, reference: str) -> float:
    """Give the harmonic mean of precision and recall of one text's words; 1 where both have none."""
    ours, theirs = _words(said), _words(reference)
    if not ours or not theirs:
        return float(ours == theirs)
    common = (Counter(ours) & Counter(theirs)).total()
    return 2 * common / (len(ours) + len(theirs))


def _words(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()

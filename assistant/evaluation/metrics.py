"""The metrics: plain functions of columns, and the one `evaluate.Metric` that computes each of them by its name.

Each returns its value over all rows, and under "rows" what each row adds to it. `evaluate.load` takes the path of
this file and a metric's name; nothing is fetched.

    Metric("token_f1", keep_in_memory=True).compute(predictions=["Weighs 2 kg."], references=[["It weighs 2 kg."]])
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import datasets
import evaluate

from assistant.evaluation.normalise import numbers_in, polarity
from assistant.grounding.citations import cited_numbers

ROUGE_KINDS = ("rouge1", "rouge2", "rougeL")

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)

Scores = dict[str, Any]


def rouge(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:
    """Return the mean F-measures in [0, 1] by rouge-score, each against the best of a row's references (Lin 2004).

    The reference tokenizer: lower case, a-z and 0-9 only, no stemming.
    """
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(ROUGE_KINDS), use_stemmer=False)
    scores = [scorer.score_multi(known, text) for text, known in zip(predictions, references, strict=True)]
    rows = {kind: [float(score[kind].fmeasure) for score in scores] for kind in ROUGE_KINDS}
    return {kind: _mean(values) for kind, values in rows.items()} | {"rows": rows}


def bleu(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:
    """Return sacreBLEU of all rows as one corpus in [0, 100], with the signature that says how (Post 2018).

    A row is ten counts: lengths of text and reference, four of matches, four of n-grams.
    """
    from sacrebleu.metrics.bleu import BLEU

    scorer = BLEU()
    rows = []
    for text, known in zip(predictions, references, strict=True):
        score = scorer.corpus_score([text], [[reference] for reference in known])
        rows.append([score.sys_len, score.ref_len, *score.counts, *score.totals])
    most = max(len(known) for known in references)
    # For the signature. What is missing is None, which sacreBLEU passes over, though its types do not say so.
    padded: Any = zip(*([*known, *[None] * (most - len(known))] for known in references), strict=True)
    scorer.corpus_score(list(predictions), list(padded))
    total = [sum(column) for column in zip(*rows, strict=True)]
    return {"bleu": bleu_of(total), "signature": str(scorer.get_signature()), "rows": rows}


def bleu_of(counts: Sequence[int]) -> float:
    """Return the score of the summed counts of rows."""
    from sacrebleu.metrics.bleu import BLEU

    lengths, matches, ngrams = counts[:2], list(counts[2:6]), list(counts[6:])
    return float(BLEU.compute_bleu(matches, ngrams, int(lengths[0]), int(lengths[1]), smooth_method="exp").score)


def token_f1(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:
    """Return the mean F1 of words in [0, 1], against the best of a row's references (SQuAD, Rajpurkar et al. 2016).

    Case, punctuation and articles do not count.
    """
    rows = [max(_f1(text, one) for one in known) for text, known in zip(predictions, references, strict=True)]
    return {"token_f1": _mean(rows), "rows": rows}


def yes_no(predictions: Sequence[str], references: Sequence[str], refused: Sequence[bool]) -> Scores:
    """Return the share of replies that begin with the "yes" or "no" of the reference.

    A reply that begins with neither, or refuses, disagrees.
    """
    verdicts = ["" if no else polarity(text) for text, no in zip(predictions, refused, strict=True)]
    pairs = list(zip(verdicts, references, strict=True))
    agree = [float(verdict == reference) for verdict, reference in pairs]
    return {
        "agreement": _mean(agree),
        **{
            f"{name}_recalled": _mean([float(verdict == name) for verdict, reference in pairs if reference == name])
            for name in ("yes", "no")
        },
        "neither": _mean([float(not verdict) for verdict in verdicts]),
        "rows": {"agree": agree, "verdict": verdicts},
    }


def numbers(predictions: Sequence[str], references: Sequence[Sequence[str]], sources: Sequence[str]) -> Scores:
    """Return the share of one reference's numbers that a reply has, and of a reply's numbers that are nowhere else.

    `predictions` are without citation marks; `sources` are what a reply may take numbers from: title, question,
    passages.
    """
    rows: dict[str, list[float]] = {"right": [], "wanted": [], "invented": [], "given": []}
    for text, known, source in zip(predictions, references, sources, strict=True):
        given = set(numbers_in(text))
        wanted = [set(found) for found in map(numbers_in, known) if found]
        there = set(numbers_in(source)).union(*wanted)
        # One for a row that has numbers to give: a table of sizes must not outweigh the other rows.
        rows["right"].append(max((len(given & one) / len(one) for one in wanted), default=0.0))
        rows["wanted"].append(float(bool(wanted)))
        rows["invented"].append(float(len(given - there)))
        rows["given"].append(float(len(given)))
    return {
        "right": _share(rows["right"], rows["wanted"]),
        "invented": _share(rows["invented"], rows["given"]),
        "rows": rows,
    }


def citations(predictions: Sequence[str], shown: Sequence[int], verbatim: Sequence[Sequence[bool]]) -> Scores:
    """Return the shares of cited numbers that exist, of quotes that are verbatim, and of replies that cite.

    `shown` counts the passages before the model; `verbatim` says of each quote whether it stands at its place.
    """
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
        "citing": _mean(rows["cites"]),
        "rows": rows,
    }


def not_stated(predictions: Sequence[bool], references: Sequence[bool]) -> Scores:
    """Return precision and recall of refusals, and the share of the answerable that is answered.

    `predictions` are whether a reply refuses, `references` whether it should have.
    """
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


def ending(predictions: Sequence[str], ended: Sequence[bool]) -> Scores:
    """Return the share of texts that the model ended before its limit of tokens, and their mean length in words."""
    rows = {"ended": [float(one) for one in ended], "words": [float(len(text.split())) for text in predictions]}
    return {"ended": _mean(rows["ended"]), "words": _mean(rows["words"]), "rows": rows}


def latency(predictions: Sequence[float]) -> Scores:
    """Return the median and the 95th percentile of milliseconds."""
    import numpy as np

    p50_ms, p95_ms = (float(np.quantile(predictions, share)) for share in (0.5, 0.95))
    return {"p50_ms": p50_ms, "p95_ms": p95_ms, "rows": predictions}


_TEXT, _FLAG = datasets.Value("string"), datasets.Value("bool")
_PAIRS = {"predictions": _TEXT, "references": datasets.Sequence(_TEXT)}
METRICS: dict[str, tuple[Callable[..., Scores], dict[str, Any]]] = {  # each with its columns
    "rouge": (rouge, _PAIRS),
    "bleu": (bleu, _PAIRS),
    "token_f1": (token_f1, _PAIRS),
    "yes_no": (yes_no, {"predictions": _TEXT, "references": _TEXT, "refused": _FLAG}),
    "numbers": (numbers, {**_PAIRS, "sources": _TEXT}),
    "citations": (
        citations,
        {"predictions": _TEXT, "shown": datasets.Value("int64"), "verbatim": datasets.Sequence(_FLAG)},
    ),
    "not_stated": (not_stated, {"predictions": _FLAG, "references": _FLAG}),
    "ending": (ending, {"predictions": _TEXT, "ended": _FLAG}),
    "latency": (latency, {"predictions": datasets.Value("float64")}),
}


class Metric(evaluate.Metric):  # type: ignore[misc]
    """One of `METRICS`, by its name; shares are None where there is nothing to share."""

    def _info(self) -> Any:
        compute, columns = METRICS[self.config_name]
        return evaluate.MetricInfo(
            description=compute.__doc__ or "",
            citation="",
            inputs_description=f"columns: {', '.join(columns)}",
            features=datasets.Features(columns),
        )

    def _compute(self, **columns: Any) -> Scores:
        return METRICS[self.config_name][0](**columns)


def _f1(text: str, reference: str) -> float:
    """Return the harmonic mean of precision and recall of one text's words; 1 where both have none."""
    ours, theirs = _words(text), _words(reference)
    if not ours or not theirs:
        return float(ours == theirs)
    common = (Counter(ours) & Counter(theirs)).total()
    return 2 * common / (len(ours) + len(theirs))


def _words(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _mean(values: Sequence[float]) -> float | None:
    return _share(values, [1.0] * len(values))


def _share(parts: Sequence[float], wholes: Sequence[float]) -> float | None:
    return sum(parts) / sum(wholes) if sum(wholes) else None

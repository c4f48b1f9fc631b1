"""What is measured, defined in one place, and the measures of one system's predictions.

`DEFINITIONS` says what each figure is; reports print it. The metrics themselves are the
functions in `metrics`; here they meet the rows that they apply to.

    Scorer().of_answers(examples, predictions)["rouge_l"]       # by row, ready for intervals
"""

import itertools
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from assistant.evaluation.bootstrap import BLEU_COUNTS, Corpus, Floats, Measure, Quantile, Ratio, RiskCoverage
from assistant.evaluation.kinds import KINDS, kinds_of
from assistant.evaluation.predict import Prediction
from assistant.evaluation.questions import DescriptionExample, QAExample
from assistant.grounding.citations import leading_verdict, without_marks

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True)
class Definition:
    """What a figure is, and which direction is better."""

    title: str
    better: Better
    says: str


DEFINITIONS = {
    "right": Definition(
        "right",
        "higher",
        "share of all questions: an unanswerable one is refused; one that is answered yes or no is answered so; "
        "an open one is answered with a quote that meets a passage that answers it",
    ),
    "misled": Definition(
        "misled",
        "lower",
        "share of all questions about which something is claimed that is not right, as defined above; a passage that "
        "answers, quoted without the yes or no that was asked for, misleads nobody",
    ),
    "quote_meets": Definition(
        "quote meets the gold passage",
        "higher",
        "share of the right claims with a quote that meets a passage that answers",
    ),
    "contrast": Definition(
        "contrast groups right",
        "higher",
        "share of the groups of questions on one passage that differ in their right reply, all of them right",
    ),
    "aurc": Definition(
        "area under risk–coverage",
        "lower",
        "mean share of wrong claims over all coverages, the surest claim first, whether it is made or refused",
    ),
    **{
        f"right_{kind}": Definition(f"right: {kind.replace('_', ' ')}", "higher", f"right, as above, {says}")
        for kind, says in KINDS.items()
    },
    "rouge_l": Definition(
        "ROUGE-L",
        "higher",
        "F-measure against the best of a question's references (rouge-score, no stemming), citation marks taken off; "
        "mean over all answerable questions, the refused ones included: a refusal's sentence scores what it scores",
    ),
    "rouge_l_marked": Definition("ROUGE-L, marks left in", "higher", "the same on the text as it is shown"),
    "rouge_l_answered": Definition("ROUGE-L, answered", "higher", "the same over the answerable that were answered"),
    "rouge_1": Definition("ROUGE-1", "higher", "as ROUGE-L, over all answerable questions"),
    "rouge_2": Definition("ROUGE-2", "higher", "as ROUGE-L, over all answerable questions"),
    "bleu": Definition("BLEU", "higher", "sacreBLEU of all answerable questions as one corpus, marks taken off"),
    "token_f1": Definition("token F1", "higher", "as SQuAD has it, over all answerable questions, marks taken off"),
    "yes_no": Definition(
        "yes/no agreement",
        "higher",
        "over answerable questions whose references all begin with yes, or all with no: the reply begins with the same "
        "word; one that says neither, or refuses, disagrees",
    ),
    "yes_recalled": Definition("yes recalled", "higher", "the same where the references say yes"),
    "no_recalled": Definition("no recalled", "higher", "the same where the references say no"),
    "neither": Definition("neither yes nor no", "lower", "share of those replies that say neither, or refuse"),
    "numbers_right": Definition(
        "numbers right",
        "higher",
        "over answerable questions with a number in a reference: share of one reference's numbers that the reply has",
    ),
    "numbers_invented": Definition(
        "numbers invented",
        "lower",
        "share of the numbers in replies that are in no reference, passage, title or question",
    ),
    "not_stated_recall": Definition(
        "not stated recalled", "higher", "share of the unanswerable questions that are refused"
    ),
    "not_stated_precision": Definition(
        "not stated, precision", "higher", "share of the refused questions that are unanswerable"
    ),
    "answered": Definition("answerable answered", "higher", "share of the answerable questions that are not refused"),
    "quotes_verbatim": Definition(
        "quotes verbatim",
        "higher",
        "share of the quotes that stand in the content, character for character, at their place",
    ),
    "citations_exist": Definition(
        "citations exist", "higher", "share of the cited numbers that are those of passages that the model was shown"
    ),
    "citing": Definition("answers that cite", "higher", "share of the answers with a citation or a quote"),
    "ended": Definition(
        "ended by itself", "higher", "share of the model's texts that are shorter than their limit of tokens"
    ),
    "worded": Definition("model was asked", "neither", "share of the replies for which the model was asked at all"),
    "words": Definition("words", "neither", "mean length of what is not a refusal, citation marks taken off"),
    "latency_p50": Definition("latency p50, ms", "lower", "median time of a whole reply, one question at a time"),
    "latency_p95": Definition("latency p95, ms", "lower", "95th percentile of the same"),
}
OF_DESCRIPTIONS = ("rouge_l", "rouge_1", "rouge_2", "bleu", "token_f1", "ended", "words", "latency_p50", "latency_p95")


@dataclass(frozen=True)
class _Row:
    place: int
    example: QAExample
    prediction: Prediction
    answerable: bool

    @property
    def plain(self) -> str:
        return without_marks(self.prediction.text)


@dataclass(frozen=True)
class _Spread:
    """Puts figures of some rows at their places among all `rows`, zeros between."""

    rows: int

    def __call__(self, some: Sequence[_Row], figures: Sequence[float]) -> Floats:
        spread = np.zeros(self.rows)
        spread[[row.place for row in some]] = figures
        return spread


class Scorer:
    """The metrics, loaded once; they keep their rows in memory."""

    def __init__(self) -> None:
        """Load the metrics; takes a second or two."""
        from assistant.evaluation.metrics import METRICS, Metric

        with tempfile.TemporaryDirectory() as cache:  # evaluate makes a folder for it, and leaves it empty
            self._metrics = {name: Metric(name, keep_in_memory=True, cache_dir=cache, seed=0) for name in METRICS}

    def of_answers(
        self, examples: Sequence[QAExample], predictions: Sequence[Prediction | None], *, distractors: bool = False
    ) -> dict[str, Measure]:
        """Return the measures by name, n rows each; `distractors` as context make every question unanswerable."""
        found: dict[str, Measure] = {}
        rows = [
            _Row(place, example, prediction, example.label == "answerable" and not distractors)
            for place, (example, prediction) in enumerate(zip(examples, predictions, strict=True))
            if prediction is not None
        ]
        spread = _Spread(len(examples))
        answerable = [row for row in rows if row.answerable]
        if answerable:
            found |= self._likeness(answerable, spread)
        found |= self._polarity([row for row in answerable if row.example.polarity], spread)
        if rows:
            found |= self._numbers(rows, spread) | self._citations(rows, spread)
            found |= self._refusals(rows, spread) | self._manner(rows, spread) | _rightness(rows, spread)
        return {name: found[name] for name in DEFINITIONS if name in found}

    def of_descriptions(
        self, examples: Sequence[DescriptionExample], predictions: Sequence[Prediction | None]
    ) -> dict[str, Measure]:
        """Return the measures of written descriptions against the catalogue's own."""
        answers = [
            QAExample(one.uid, one.title, "", one.content, (), (one.content,), "answerable", "") for one in examples
        ]
        found = self.of_answers(answers, predictions)
        return {name: found[name] for name in OF_DESCRIPTIONS if name in found}

    def signature(self) -> str:
        """Return sacreBLEU's own words for how BLEU is computed."""
        return str(
            self._metrics["bleu"].compute(predictions=["a b", "a"], references=[["a b", "a c"], ["a"]])["signature"]
        )

    def _likeness(self, rows: Sequence[_Row], spread: _Spread) -> dict[str, Measure]:
        texts = [row.plain for row in rows]
        known = [list(row.example.references) for row in rows]
        rouge = self._rows("rouge", predictions=texts, references=known)
        marked = self._rows("rouge", predictions=[row.prediction.text for row in rows], references=known)
        counts = np.zeros((spread.rows, len(BLEU_COUNTS)))
        counts[[row.place for row in rows]] = self._rows("bleu", predictions=texts, references=known)
        answered = spread(rows, [float(not row.prediction.refused) for row in rows])
        return {
            "rouge_l": _mean(spread, rows, rouge["rougeL"]),
            "rouge_l_marked": _mean(spread, rows, marked["rougeL"]),
            "rouge_l_answered": Ratio(spread(rows, rouge["rougeL"]) * answered, answered),
            "rouge_1": _mean(spread, rows, rouge["rouge1"]),
            "rouge_2": _mean(spread, rows, rouge["rouge2"]),
            "bleu": Corpus(counts),
            "token_f1": _mean(spread, rows, self._rows("token_f1", predictions=texts, references=known)),
        }

    def _polarity(self, rows: Sequence[_Row], spread: _Spread) -> dict[str, Measure]:
        if not rows:
            return {}
        scores = self._rows(
            "yes_no",
            predictions=[row.plain for row in rows],
            references=[row.example.polarity for row in rows],
            refused=[row.prediction.refused for row in rows],
        )
        agree = list(zip(rows, scores["agree"], strict=True))
        found: dict[str, Measure] = {
            "yes_no": _mean(spread, rows, scores["agree"]),
            "neither": _mean(spread, rows, [float(not one) for one in scores["verdict"]]),
        }
        for name in ("yes", "no"):
            of_it = [(row, score) for row, score in agree if row.example.polarity == name]
            found[f"{name}_recalled"] = _mean(spread, [row for row, _ in of_it], [score for _, score in of_it])
        return found

    def _numbers(self, rows: Sequence[_Row], spread: _Spread) -> dict[str, Measure]:
        scores = self._rows(
            "numbers",
            predictions=[row.plain for row in rows],
            references=[list(row.example.references) if row.answerable else [] for row in rows],
            sources=["\n".join([row.example.title, row.example.question, *row.prediction.shown]) for row in rows],
        )
        return {
            "numbers_right": Ratio(spread(rows, scores["right"]), spread(rows, scores["wanted"])),
            "numbers_invented": Ratio(spread(rows, scores["invented"]), spread(rows, scores["given"])),
        }

    def _citations(self, rows: Sequence[_Row], spread: _Spread) -> dict[str, Measure]:
        scores = self._rows(
            "citations",
            predictions=[row.prediction.text for row in rows],
            shown=[len(row.prediction.shown) for row in rows],
            verbatim=[list(row.prediction.verbatim) for row in rows],
        )
        answers = [float(not row.prediction.refused) for row in rows]
        cites = [one * answer for one, answer in zip(scores["cites"], answers, strict=True)]
        return {
            "quotes_verbatim": Ratio(spread(rows, scores["verbatim"]), spread(rows, scores["quotes"])),
            "citations_exist": Ratio(spread(rows, scores["exist"]), spread(rows, scores["cited"])),
            "citing": Ratio(spread(rows, cites), spread(rows, answers)),
        }

    def _refusals(self, rows: Sequence[_Row], spread: _Spread) -> dict[str, Measure]:
        scores = self._rows(
            "not_stated",
            predictions=[row.prediction.refused for row in rows],
            references=[not row.answerable for row in rows],
        )
        return {
            "not_stated_recall": Ratio(spread(rows, scores["right"]), spread(rows, scores["absent"])),
            "not_stated_precision": Ratio(spread(rows, scores["right"]), spread(rows, scores["refused"])),
            "answered": Ratio(spread(rows, scores["answered"]), spread(rows, scores["answerable"])),
        }

    def _manner(self, rows: Sequence[_Row], spread: _Spread) -> dict[str, Measure]:
        worded = [row for row in rows if row.prediction.raw is not None]
        answers = [row for row in rows if not row.prediction.refused]
        latency = np.full(spread.rows, np.nan)
        latency[[row.place for row in rows]] = self._rows(
            "latency", predictions=[row.prediction.latency_ms for row in rows]
        )
        return {
            "worded": _mean(spread, rows, [float(row.prediction.raw is not None) for row in rows]),
            "ended": _mean(spread, worded, self._endings(worded)["ended"]),
            "words": _mean(spread, answers, self._endings(answers)["words"]),
            "latency_p50": Quantile(latency, 0.5),
            "latency_p95": Quantile(latency, 0.95),
        }

    def _endings(self, rows: Sequence[_Row]) -> dict[str, list[float]]:
        if not rows:
            return {"ended": [], "words": []}
        scores: dict[str, list[float]] = self._rows(
            "ending", predictions=[row.plain for row in rows], ended=[bool(row.prediction.ended) for row in rows]
        )
        return scores

    def _rows(self, metric: str, **columns: Sequence[Any]) -> Any:
        """Return what each row adds to a metric."""
        return self._metrics[metric].compute(**columns)["rows"]


def _rightness(rows: Sequence[_Row], spread: _Spread) -> dict[str, Measure]:
    claimed = [float(not row.prediction.refused) for row in rows]
    right = [float(_is_right(row)) for row in rows]
    found: dict[str, Measure] = {}
    for kind in KINDS:
        of_it = [(row, one) for row, one in zip(rows, right, strict=True) if kind in kinds_of(row.example)]
        if of_it:
            found[f"right_{kind}"] = _mean(spread, [row for row, _ in of_it], [one for _, one in of_it])
    judged = [row for row in rows if row.prediction.confidence is not None]
    if judged:
        confidence, wrong = np.full(spread.rows, np.nan), np.zeros(spread.rows)
        confidence[[row.place for row in judged]] = [row.prediction.confidence for row in judged]
        wrong[[row.place for row in judged]] = [_would_mislead(row) for row in judged]
        found["aurc"] = RiskCoverage(confidence, wrong)
    found |= _contrast(rows, right, spread)
    right_claims = [one * claim for one, claim in zip(right, claimed, strict=True)]
    meets = [one * float(_quote_meets(row)) for row, one in zip(rows, right_claims, strict=True)]
    return {
        "right": _mean(spread, rows, right),
        "misled": _mean(spread, rows, [float(_misleads(row)) for row in rows]),
        "quote_meets": Ratio(spread(rows, meets), spread(rows, right_claims)),
        **found,
    }


def _contrast(rows: Sequence[_Row], right: Sequence[float], spread: _Spread) -> dict[str, Measure]:
    """Return how many contrast groups are right as a whole; a group counts where its first question stands."""
    groups: dict[tuple[str, ...], list[tuple[_Row, float]]] = defaultdict(list)
    for row, one in zip(rows, right, strict=True):
        if row.example.gold:
            groups[row.example.title, *row.example.gold].append((row, one))
    whole = [
        (members[0][0], float(all(one for _, one in members)))
        for members in groups.values()
        if len({row.example.polarity for row, _ in members}) > 1
    ]
    return {"contrast": _mean(spread, [row for row, _ in whole], [one for _, one in whole])} if whole else {}


def claim_is_right(label: str | None, polarity: str | None, gold: Sequence[str], prediction: Prediction) -> bool:
    """Return whether what a prediction claims, or would claim below the limit, is right for a question."""
    if label != "answerable" or not prediction.claim:
        return False
    if polarity:
        return prediction.claim == polarity
    return _meets((prediction.claimed_by,), gold)


def _is_right(row: _Row) -> bool:
    if not row.answerable or row.prediction.refused:
        return row.answerable != row.prediction.refused
    if row.example.polarity:
        return leading_verdict(row.plain)[0] == row.example.polarity
    return _quote_meets(row)


def _misleads(row: _Row) -> bool:
    if row.prediction.refused or _is_right(row):
        return False
    return not (row.answerable and not leading_verdict(row.plain)[0] and _quote_meets(row))


def _quote_meets(row: _Row) -> bool:
    """Return whether a quote is a gold passage or a part of one, or the other way round."""
    return _meets(row.prediction.quotes, row.example.gold)


def _meets(quotes: Sequence[str], gold: Sequence[str]) -> bool:
    pairs = itertools.product(*([" ".join(text.split()) for text in texts] for texts in (quotes, gold)))
    return any(quote in text or text in quote for quote, text in pairs)


def _would_mislead(row: _Row) -> float:
    label = "answerable" if row.answerable else "not_stated"
    return float(not claim_is_right(label, row.example.polarity, row.example.gold, row.prediction))


def _mean(spread: _Spread, rows: Sequence[_Row], figures: Sequence[float]) -> Ratio:
    return Ratio(spread(rows, figures), spread(rows, [1.0] * len(rows)))

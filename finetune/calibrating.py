"""Learning a calibration: how far judge and model are trusted, from validation questions whose answers are known.

calibration = fit(observations, judge=judge.digest)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.grounding.answerability import (
    Assessment,
    answerable_features,
    closed_features,
    yes_features,
)
from assistant.grounding.calibration import CALIBRATION, Calibration, write_calibration
from assistant.grounding.evidence import Budget, Evidence, choose
from assistant.grounding.judge import Read
from assistant.models.adapters import GGUF, read_adapter
from assistant.open import Engine, judge_of, open_backend
from assistant.prompt import answer_prompt
from assistant.question import ReadQuestion, read_question
from finetune.data.example import Kind
from finetune.data.question_files import Row, laid_out
from index.artefacts import MANIFEST, link, publish
from index.errors import UserError
from index.linear_model import LinearModel
from index.progress import Progress

FEWEST = 100  # observations, of which each kind a tenth; fewer would fit noise
COST_OF_MISLEADING = 1.0  # in right replies: what the limit weighs


Hear = Callable[[ReadQuestion, Evidence], Mapping[str, float]]


def hear_nothing(_: ReadQuestion, __: Evidence) -> Mapping[str, float]:
    """Return what no model says."""
    return {}


@dataclass(frozen=True)
class Observation:
    """What the readers say of one question, by the features of `assistant.grounding.answerability`; and the truth.

    `settled` says that the question is answerable and that a passage that settles it is shown.
    """

    answerable: dict[str, float]
    yes: dict[str, float]
    closed: dict[str, float]
    label: Kind
    settled: bool


def observe(row: Row, read: Read, budget: Budget, hear: Hear = hear_nothing) -> Observation:
    """Return what the readers say of a question row; `hear` gives a model's first-token log-probabilities."""
    question = read_question(row.question, row.title)
    evidence = choose(question, laid_out(row.passages), read, budget)
    first_tokens = hear(question, evidence) if evidence.passages else {}
    settling = {row.passages[number - 1] for number in row.cited}
    shown = evidence.passages if first_tokens else evidence.passages[evidence.best - 1 : evidence.best]
    return Observation(
        answerable_features(evidence, first_tokens),
        yes_features(question, evidence, first_tokens),
        closed_features(question, evidence, first_tokens),
        row.label,
        any(passage.text in settling for passage in shown),
    )


def fit(observations: Sequence[Observation], judge: str) -> Calibration:
    """Learn the three logistic models, then the limit from which on a claim is worth its risk.

    Raises `UserError` where there are too few observations of some kind.
    """
    kinds = [one.label for one in observations]
    scarce = [kind for kind in ("yes", "no", "answer", "not_stated") if 10 * kinds.count(kind) < FEWEST]
    if len(observations) < FEWEST or scarce:
        raise UserError(
            f"{len(observations)} validation questions are too few to calibrate by (scarce: {', '.join(scarce)})",
            f"{FEWEST} or more, and {FEWEST // 10} of each kind",
            "docs/fine-tuning.md (question files)",
        )
    settled = [one for one in observations if one.settled]
    closed = [one for one in settled if one.label in ("yes", "no")]
    answerable = _logistic([one.answerable for one in observations], [one.settled for one in observations])
    yes = _logistic([one.yes for one in closed], [one.label == "yes" for one in closed])
    verdict = _logistic([one.closed for one in settled], [one.label in ("yes", "no") for one in settled])
    limitless = Calibration(answerable, yes, verdict, 0.0, judge)
    confidence, right = zip(*(_outcome(one, limitless) for one in observations), strict=True)
    absent = [not one.settled and one.label == "not_stated" for one in observations]
    return Calibration(answerable, yes, verdict, best_limit(confidence, right, absent), judge)


def calibrate(folder: Path, rows: Sequence[Row], home: Path, progress: type[Progress] = Progress) -> Calibration:
    """Learn how far the adapter in `folder` is trusted beside the judge, and publish it anew with what was learnt.

    It is asked by llama.cpp where it has a GGUF form, else by transformers.

    Raises `UserError` where the rows are too few.
    """
    judge = judge_of(home)
    made_by = read_adapter(folder, folder.name).made_by
    runs_as_gguf = (folder / GGUF).is_file()
    engine = Engine(made_by["base"], "auto" if runs_as_gguf else "transformers", adapters=(str(folder),))
    backend = open_backend(home, engine)
    try:
        adapter = backend.adapters[0]
        budget = Budget(backend.count_tokens).showing(adapter.prompt_format.shows)

        def hear(question: ReadQuestion, evidence: Evidence) -> Mapping[str, float]:
            prompt = answer_prompt(question.title, evidence.passages, question.heard, adapter.prompt_format)
            return backend.first_token_logprobs(prompt, adapter=adapter.name)

        observations = []
        with progress("calibrating", len(rows), unit="questions") as bar:
            for row in rows:
                observations.append(observe(row, judge.read, budget, hear))
                bar.update()
    finally:
        backend.close()
    calibration = fit(observations, judge.digest)
    with publish(folder, kind="adapter", made_by=made_by) as scratch:
        for path in folder.iterdir():
            if path.name not in (MANIFEST, CALIBRATION):
                link(path, scratch / path.name)
        write_calibration(calibration, scratch)
    return calibration


def best_limit(confidence: Sequence[float], right: Sequence[bool], absent: Sequence[bool]) -> float:
    """Return the limit at which a claim, made with just that confidence, gains what a refusal does.

    A claim that is not `right` misleads; a refusal is right where the answer is `absent`, as some wrong claims' are.
    It follows from the calibrated confidence: the best of all limits on some hundred questions is mostly chance.
    """
    wrong = [
        gone for sure, is_right, gone in zip(confidence, right, absent, strict=True) if sure >= 0.5 and not is_right
    ]
    share = sum(wrong) / len(wrong) if wrong else 0.0
    return (COST_OF_MISLEADING + share) / (1 + COST_OF_MISLEADING + share)


def assessment_of(one: Observation, calibration: Calibration) -> Assessment:
    """Return what the assistant would make of an observation."""
    return Assessment(
        calibration.answerable.probability(one.answerable),
        calibration.yes.probability(one.yes),
        calibration.closed.logit(one.closed) > 0,
    )


def _outcome(one: Observation, calibration: Calibration) -> tuple[float, bool]:
    """Return with which confidence something would be claimed, and whether it would be right."""
    assessment = assessment_of(one, calibration)
    return assessment.confidence, one.settled and assessment.claim == one.label


def _logistic(rows: Sequence[dict[str, float]], truth: Sequence[bool]) -> LinearModel:
    from sklearn.linear_model import LogisticRegression

    names = list(rows[0])
    features: NDArray[np.float64] = np.array([[row[name] for name in names] for row in rows])
    fitted = LogisticRegression().fit(features, truth)
    weights = (round(float(weight), 4) for weight in fitted.coef_[0])
    return LinearModel(dict(zip(names, weights, strict=True)), round(float(fitted.intercept_[0]), 4))

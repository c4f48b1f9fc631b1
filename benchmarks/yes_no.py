"""Measure, and with --fit learn, how well yes is told from no where the gold passage is known.

    python benchmarks/yes_no.py [--fit] [--questions artifacts/questions]

Reads what `benchmarks/public_questions.py` wrote. The weights are fitted on `train.jsonl` alone;
the figures are those of `heldout.jsonl`, whose questions are kept from training, and with
--fit also those of ten folds of the training questions, each by the weights of the other nine.
"""

import argparse
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from assistant.grounding.yes_no import YES_NO, yes_no_features
from assistant.passages import Passage
from assistant.question import read_question

GENERATED = "semipqa"  # its yes/no questions were made by rule
MOST_GENERATED = 1200
GENERATED_WEIGHT = 0.5


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="learn the weights anew, cross-validated")
    parser.add_argument("--questions", type=Path, default=Path("artifacts") / "questions")
    arguments = parser.parse_args()
    train, held_out = (closed(arguments.questions / f"{name}.jsonl") for name in ("train", "heldout"))
    weights, bias = np.array(list(YES_NO.weights.values())), YES_NO.bias
    if arguments.fit:
        model, folds = fit(train)
        weights, bias = model.coef_[0], float(model.intercept_[0])
        print("ten folds of train.jsonl")
        report(train, folds)
        print("WEIGHTS =", tuple(round(float(weight), 2) for weight in weights), "BIAS =", round(bias, 2))
        for name, weight in zip(YES_NO.weights, weights, strict=True):
            print(f"  {weight:+.2f}  {name}")
    print("heldout.jsonl")
    report(held_out, features_of(held_out) @ weights + bias)


def closed(path: Path) -> list[dict[str, Any]]:
    """Return the rows whose answer is yes or no; of the generated ones a part."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["label"] in ("yes", "no") and row["cited"]]
    generated = [row for row in rows if row["source"] == GENERATED]
    drawn = random.Random(0).sample(generated, min(MOST_GENERATED, len(generated)))
    return [row for row in rows if row["source"] != GENERATED] + drawn


def features_of(rows: list[dict[str, Any]]) -> np.ndarray:
    gold = [row["passages"][row["cited"][0] - 1] for row in rows]
    features = [
        yes_no_features(read_question(row["question"], row["title"]), Passage(1, text, 0, len(text)))
        for row, text in zip(rows, gold, strict=True)
    ]
    return np.array([[own[name] for name in YES_NO.weights] for own in features])


def fit(rows: list[dict[str, Any]]) -> tuple[LogisticRegression, np.ndarray]:
    """Return the model of all rows, and each row's logit by the model of the nine folds without it."""
    features, says_yes = features_of(rows), np.array([row["label"] == "yes" for row in rows])
    weight = np.array([GENERATED_WEIGHT if row["source"] == GENERATED else 1.0 for row in rows])
    logits = np.zeros(len(rows))
    for train, test in GroupKFold(10).split(features, says_yes, [row["group"] for row in rows]):
        model = LogisticRegression(max_iter=3000).fit(features[train], says_yes[train], sample_weight=weight[train])
        logits[test] = model.decision_function(features[test])
    return LogisticRegression(max_iter=3000).fit(features, says_yes, sample_weight=weight), logits


def report(rows: list[dict[str, Any]], logits: np.ndarray) -> None:
    says_yes = np.array([row["label"] == "yes" for row in rows])
    for source in sorted({row["source"] for row in rows}):
        own = np.array([row["source"] == source for row in rows])
        yes, predicted = says_yes[own], logits[own] > 0
        print(
            f"  {source:8} {own.sum():5} questions, {yes.mean():.2f} yes: right {(predicted == yes).mean():.3f}, "
            f"no recalled {(~predicted & ~yes).sum() / (~yes).sum():.2f}, "
            f"yes {(predicted & yes).sum() / yes.sum():.2f}, "
            f"AUROC {roc_auc_score(yes, logits[own]):.3f}"
        )


if __name__ == "__main__":
    main()

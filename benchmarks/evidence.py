"""Measure, and with --fit learn, how well evidence is chosen on the labelled candidates of public question sets.

    python benchmarks/evidence.py [--fit] [--data ../shared/data]

The weights are fitted without what `benchmarks/public_questions.py` keeps for the last measurement.

Prints the share of answerable questions whose gold passage is among the first one, two and
three chosen, and how well the strength tells answerable from unanswerable questions (AUROC).
With --fit the figures are cross-validated over five folds of questions, and the weights printed.
"""

import argparse
import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from public_questions import hetpqa_questions, is_held_out
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from assistant.grounding.evidence import ANSWERABILITY, Encode, passage_features
from assistant.passages import Passage
from assistant.question import read_question
from index.text import fold
from index.titles.encoder import HashedTfidfEncoder, hashed_idf

HELD_OUT = " held out"
DESCRIPTION_SOURCES = {"attribute", "bullet", "description"}


@dataclass(frozen=True)
class Candidates:
    """One question: features of its candidates (n, f), which of them answer it (n,), and the set it is from."""

    features: np.ndarray
    answers: np.ndarray
    origin: str


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="learn the weights anew, cross-validated")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    arguments = parser.parse_args()
    questions = load(arguments.data)
    if arguments.fit:
        learnt = [question for question in questions if not question.origin.endswith(HELD_OUT)]
        folds, weights, bias = fit(learnt)
        held_out = [question for question in questions if question.origin.endswith(HELD_OUT)]
        questions = learnt + held_out
        strengths = folds + [question.features @ weights + bias for question in held_out]
        print("weights", [round(float(weight), 3) for weight in weights], "bias", round(bias, 3))
        for name, weight in zip(ANSWERABILITY.weights, weights, strict=True):
            print(f"  {weight:+.3f}  {name}")
    else:
        weights = np.array(list(ANSWERABILITY.weights.values()))
        strengths = [question.features @ weights + ANSWERABILITY.bias for question in questions]
    for origin in sorted({question.origin for question in questions}):
        report(
            origin,
            [(question, row) for question, row in zip(questions, strengths, strict=True) if question.origin == origin],
        )


def load(folder: Path) -> list[Candidates]:
    """Read the three sets; ePQA is taken with the sources that a description stands for."""
    kept = {row["question"] for row in hetpqa_questions(folder)}
    rows = [
        *(
            (f"ePQA{HELD_OUT if is_held_out(row['ASIN']) else ''}", row, row["label"] == "2")
            for row in read(folder / "epqa_half.jsonl.gz")
            if row["source"] in DESCRIPTION_SOURCES
        ),
        *(
            (f"hetPQA{HELD_OUT if row['question'] in kept else ''}", row, row["label"] == "1")
            for row in read(folder / "hetpqa_ranking_dev.jsonl.gz")
            if row["source"] != "cqa"
        ),
        *(("semiPQA", row, row["label"] == "1") for row in read(folder / "semipqa_attribute_ranking_dev.jsonl.gz")),
    ]
    encoder = HashedTfidfEncoder.of(hashed_idf([fold(row["candidate"]) for _, row, _ in rows]))
    groups = defaultdict(list)
    for origin, row, answers in rows:
        groups[origin, row["qid"]].append((row, answers))
    return [candidates_of(origin, group, encoder.encode) for (origin, _), group in groups.items()]


def candidates_of(origin: str, group: list[tuple[dict[str, str], bool]], encode: Encode) -> Candidates:
    first = group[0][0]
    texts = [row["candidate"] for row, _ in group]
    passages = [Passage(number, text, 0, len(text)) for number, text in enumerate(texts, 1)]
    rows = passage_features(read_question(first["question"], first.get("title", "")), passages, encode)
    features = np.array([[row[name] for name in ANSWERABILITY.weights] for row in rows])
    return Candidates(features, np.array([answers for _, answers in group]), origin)


def read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def fit(questions: list[Candidates]) -> tuple[list[np.ndarray], np.ndarray, float]:
    """Return out-of-fold logits for each question's candidates, then the weights fitted on all of them."""
    features = np.concatenate([question.features for question in questions])
    answers = np.concatenate([question.answers for question in questions])
    groups = np.concatenate([np.full(len(question.answers), number) for number, question in enumerate(questions)])
    # Each set counts alike: semiPQA has ten times the rows of ePQA, and attributes only.
    size = {
        origin: sum(len(question.answers) for question in questions if question.origin == origin)
        for origin in {question.origin for question in questions}
    }
    weight = np.concatenate([np.full(len(question.answers), 1000 / size[question.origin]) for question in questions])
    logits = np.zeros(len(answers))
    for train, test in GroupKFold(5).split(features, answers, groups):
        model = LogisticRegression(max_iter=2000).fit(features[train], answers[train], sample_weight=weight[train])
        logits[test] = model.decision_function(features[test])
    model = LogisticRegression(max_iter=2000).fit(features, answers, sample_weight=weight)
    parts = np.split(logits, np.cumsum([len(question.answers) for question in questions])[:-1])
    return parts, model.coef_[0], float(model.intercept_[0])


def report(origin: str, pairs: list[tuple[Candidates, np.ndarray]]) -> None:
    answerable = [(question, row) for question, row in pairs if question.answers.any()]
    among = [
        np.mean([question.answers[np.argsort(-row, kind="stable")[:k]].any() for question, row in answerable])
        for k in (1, 2, 3)
    ]
    best = [row.max() for _, row in pairs]
    truth = [bool(question.answers.any()) for question, _ in pairs]
    auroc = roc_auc_score(truth, best) if len(set(truth)) == 2 else float("nan")
    print(
        f"{origin:13} questions {len(pairs):4}  answerable {len(answerable):4}  gold among 1/2/3: "
        + " / ".join(f"{share:.3f}" for share in among)
        + f"  AUROC {auroc:.3f}"
    )
    for threshold in (0.2, 0.3, 0.4, 0.5):
        says = np.array(best) > np.log(threshold / (1 - threshold))
        kept = np.mean(says[np.array(truth)]) if any(truth) else float("nan")
        refused = np.mean(~says[~np.array(truth)]) if not all(truth) else float("nan")
        print(f"         strength > {threshold}: answerable kept {kept:.2f}, unanswerable refused {refused:.2f}")


if __name__ == "__main__":
    main()

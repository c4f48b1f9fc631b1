"""Measure, and with --fit learn, how scorers and taught model together judge whether and how a description answers.

    python benchmarks/answerability.py [--fit] [--home artifacts] [--adapter NAME_OR_PATH]

Asks the embedded model, with an adapter, how it would begin its reply to the held-out questions that
`benchmarks/public_questions.py` wrote to HOME/questions. Prints how well answerable is told from
unanswerable and yes from no by each part alone and by both; with --fit by weights learnt on four fifths
of the questions and measured on the fifth. Whether a question is answered is learnt from the first set
alone: the others' questions were gathered because they have answers.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold

from assistant.assistant import assistant_of
from assistant.backends.base import Backend
from assistant.evaluation.predict import IndexedProducts, evidence_for, open_index
from assistant.evaluation.questions import QAExample, read_questions
from assistant.grounding.answerability import ANSWERABLE, YES, answerable_features, yes_features
from assistant.grounding.yes_no import yes_logit
from assistant.open import Engine, open_backend
from assistant.prompt import answer_prompt
from assistant.question import read_question
from index.linear_model import LinearModel, logit_of
from index.progress import Progress

SETS = ("epqa_heldout", "hetpqa_dev")


@dataclass(frozen=True)
class Observation:
    """One question: the logits of scorer and model that it is answered, and that it is affirmed; and the truth."""

    name: str
    answered: tuple[float, ...]
    affirmed: tuple[float, ...]
    answerable: bool
    polarity: str


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="learn the weights anew, cross-validated")
    parser.add_argument("--home", type=Path, default=Path("artifacts"))
    parser.add_argument("--adapter", default=None, help="the shipped one unless told")
    arguments = parser.parse_args()
    observations: list[Observation] = []
    backend = open_backend(arguments.home, Engine(adapters=(arguments.adapter,)))
    try:
        for name in SETS:
            questions, _ = read_questions(arguments.home / "questions" / f"{name}.jsonl", name)
            with open_index(questions) as products, Progress(name, len(questions), unit="questions") as bar:
                for one in questions:
                    observations += observe(name, one, products, backend)
                    bar.update()
    finally:
        backend.close()
    closed = [row for row in observations if row.polarity]
    answered, affirmed = [row.answered for row in observations], [row.affirmed for row in closed]
    answerable, yes = [row.answerable for row in observations], [row.polarity == "yes" for row in closed]
    for what, sets, rows, pairs, truth, model in (
        ("answered", SETS[:1], observations, answered, answerable, ANSWERABLE),
        ("affirmed", SETS, closed, affirmed, yes, YES),
    ):
        judge_all(what, rows, np.array(pairs), np.array(truth), model, sets if arguments.fit else ())


def observe(name: str, one: QAExample, products: IndexedProducts, backend: Backend) -> list[Observation]:
    product = products.catalogue.find(one.uid)
    question = read_question(one.question, product.title)
    evidence = evidence_for(question, product.content, assistant_of(products.catalogue, products.index, backend))
    if not evidence.passages:
        return []
    adapter = backend.adapters[0]
    prompt = answer_prompt(product.title, evidence.passages, one.question, adapter.prompt_format)
    first_tokens = backend.first_token_logprobs(prompt, adapter=adapter.name)
    passage_yes = yes_logit(question, evidence.best_passage)
    return [
        Observation(
            name,
            tuple(answerable_features(evidence, first_tokens).values()),
            tuple(yes_features(passage_yes, first_tokens).values()),
            one.label == "answerable",
            one.polarity,
        )
    ]


def judge_all(
    what: str,
    rows: list[Observation],
    pairs: np.ndarray,
    truth: np.ndarray,
    model: LinearModel,
    learn: Sequence[str],
) -> None:
    """Print how well each logit, and both together, tell the true from the false; by weights learnt on sets, if any."""
    together = pairs @ np.array(list(model.weights.values())) + model.bias
    names = np.array([row.name for row in rows])
    if learn:
        share = np.array([name in learn for name in names]) / np.array([(names == name).sum() for name in names])
        # Each set counts alike, and in each true ones are as rare as in the first.
        first = truth[names == SETS[0]].mean()
        for name in learn:
            own = names == name
            share[own] *= np.where(truth[own], first / truth[own].mean(), (1 - first) / (~truth[own]).mean())
        share *= len(names) / share.sum()
        for train, test in KFold(5, shuffle=True, random_state=0).split(pairs):
            fold = LogisticRegression().fit(pairs[train], truth[train], sample_weight=share[train])
            together[test] = fold.decision_function(pairs[test])
        fitted = LogisticRegression().fit(pairs, truth, sample_weight=share)
        print(f"{what}: weights {np.round(fitted.coef_[0], 2)}, bias {fitted.intercept_[0]:.2f}")
    for name in SETS:
        own = names == name
        areas = [roc_auc_score(truth[own], logits[own]) for logits in (pairs[:, 0], pairs[:, 1], together)]
        print(
            f"{what}, {name}: {own.sum()} questions, {truth[own].mean():.2f} true; AUROC of the scorer {areas[0]:.3f}, "
            f"of the model {areas[1]:.3f}, of both {areas[2]:.3f}"
        )
        for probability in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5):
            says = together[own] >= logit_of(probability)
            right, wrong = says[truth[own]].mean(), (~says[~truth[own]]).mean()
            print(f"    from {probability:.2f}: true ones kept {right:.2f}, false ones refused {wrong:.2f}, "
                  f"right {(says == truth[own]).mean():.2f}")  # fmt: skip


if __name__ == "__main__":
    main()

"""Measure, and with --fit learn, how scorers and taught model together judge whether and how a description answers.

    python benchmarks/judgement.py [--fit] [--home artifacts] [--adapter NAME_OR_PATH]

Asks the embedded model, with an adapter, how it would begin its reply to the questions that
`benchmarks/public_questions.py` wrote to HOME/questions. Prints, on held-out questions, how well
answerable is told from unanswerable and yes from no by each part alone and by both; with --fit by weights
learnt on questions about validation products.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from assistant.backends.base import Backend, Generation
from assistant.chat import Assistant
from assistant.evaluation.grid import Shop, chosen, open_shop
from assistant.evaluation.questions import Asked, asked_from_passages, read_questions, some
from assistant.judgement import (
    AFFIRMED_BIAS,
    AFFIRMED_WEIGHTS,
    ANSWERED_BIAS,
    ANSWERED_WEIGHTS,
    says_something_of,
    says_yes,
)
from assistant.logistic import logit
from assistant.opening import Engine, open_backend
from assistant.polarity import affirms
from assistant.prompt import answer_prompt
from finetune.real import read_rows
from index.errors import UnknownProductError
from index.progress import Progress

MEASURED = ("epqa_heldout", "hetpqa_dev")
# Sources of the validation questions; how rare answers are is told by the first, not gathered for having them.
LEARNT = ("epqa", "hetpqa", "semipqa")
MOST_LEARNT = 300  # questions of one source


@dataclass(frozen=True)
class Heard:
    """One question: the logits of scorer and model that it is answered, and that it is affirmed; and the truth."""

    answered: tuple[float, float]
    affirmed: tuple[float, float]
    answerable: bool
    polarity: str


@dataclass(frozen=True)
class Kind:
    """One thing to judge: the two logits, for which questions, what is true, and the weights in use."""

    name: str
    logits: Callable[[Heard], tuple[float, float]]
    fits: Callable[[Heard], bool]
    truth: Callable[[Heard], bool]
    weights: tuple[float, float]
    bias: float


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="learn the weights anew")
    parser.add_argument("--home", type=Path, default=Path("artifacts"))
    parser.add_argument("--adapter", default=None, help="the shipped one unless told")
    arguments = parser.parse_args()
    heard: dict[str, list[Heard]] = {}
    backend = open_backend(arguments.home, Engine(adapter=arguments.adapter))
    try:
        for name, questions in question_sets(arguments.home / "questions", learn=arguments.fit):
            with open_shop(questions) as shop, Progress(name, len(questions), unit="questions") as bar:
                heard[name] = []
                for one in questions:
                    heard[name] += hear(one, shop, backend)
                    bar.update()
    finally:
        backend.close()
    for kind in (
        Kind("answered", lambda row: row.answered, lambda row: True, lambda row: row.answerable,
             ANSWERED_WEIGHTS, ANSWERED_BIAS),
        Kind("affirmed", lambda row: row.affirmed, lambda row: bool(row.polarity), lambda row: row.polarity == "yes",
             AFFIRMED_WEIGHTS, AFFIRMED_BIAS),
    ):  # fmt: skip
        weights, bias = fit(kind, heard) if arguments.fit else (np.array(kind.weights), kind.bias)
        for name in MEASURED:
            measure(kind, name, heard[name], weights, bias)


def question_sets(folder: Path, *, learn: bool) -> Iterator[tuple[str, list[Asked]]]:
    if learn:
        rows = read_rows(folder / "validation.jsonl")
        for source in LEARNT:
            asked = [
                asked_from_passages(
                    f"{source}-{place}", row.title, row.question, row.passages,
                    row.answer + "".join(f" [{number}]" for number in row.cited), stated=row.label != "not_stated",
                )
                for place, row in enumerate(rows)
                if row.source == source
            ]  # fmt: skip
            yield source, some(asked, MOST_LEARNT, seed=0)
    for name in MEASURED:
        yield name, read_questions(folder / f"{name}.jsonl", name)[0]


def hear(one: Asked, shop: Shop, backend: Backend) -> list[Heard]:
    try:
        product = shop.catalogue.product(shop.catalogue.row_of(one.uid))
    except UnknownProductError:  # preparing left it out
        return []
    evidence = chosen(one, product.content, Assistant(shop.catalogue, shop.index, backend))
    if not evidence.passages:
        return []
    adapter = backend.adapters[0]
    prompt = answer_prompt(product.title, evidence.passages, one.question, adapter.prompt_format)
    openings = backend.openings(prompt, Generation(adapter=adapter.name))
    return [
        Heard(
            (logit(evidence.strength), says_something_of(openings)),
            (affirms(one.question, product.title, evidence.best_passage.text), says_yes(openings)),
            one.label == "answerable",
            one.polarity,
        )
    ]


def fit(kind: Kind, heard: Mapping[str, list[Heard]]) -> tuple[np.ndarray, float]:
    """Fit a logistic regression; each source counts alike, and in each the true are as rare as in the first."""
    pairs, truths, shares = [], [], []
    rare = 0.0
    for source in LEARNT:
        rows = [row for row in heard[source] if kind.fits(row)]
        truth = np.array([kind.truth(row) for row in rows])
        rare = rare or truth.mean()
        pairs += [kind.logits(row) for row in rows]
        truths.append(truth)
        shares.append(
            np.where(truth, rare / max(1, truth.sum()), (1 - rare) / max(1, (~truth).sum())) * len(heard[LEARNT[0]])
        )
    model = LogisticRegression().fit(np.array(pairs), np.concatenate(truths), sample_weight=np.concatenate(shares))
    print(f"{kind.name}: {len(pairs)} learnt; weights {np.round(model.coef_[0], 2)}, bias {model.intercept_[0]:.2f}")
    return model.coef_[0], float(model.intercept_[0])


def measure(kind: Kind, name: str, heard: list[Heard], weights: np.ndarray, bias: float) -> None:
    """Print how well each logit, and both together, tell the true from the false."""
    rows = [row for row in heard if kind.fits(row)]
    pairs, truth = np.array([kind.logits(row) for row in rows]), np.array([kind.truth(row) for row in rows])
    together = pairs @ weights + bias
    told = [roc_auc_score(truth, logits) for logits in (pairs[:, 0], pairs[:, 1], together)]
    print(
        f"{kind.name}, {name}: {len(rows)} questions, {truth.mean():.2f} true; AUROC of the scorer {told[0]:.3f}, "
        f"of the model {told[1]:.3f}, of both {told[2]:.3f}"
    )
    for share in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5):
        says = together >= logit(share)
        right, wrong = says[truth].mean(), (~says[~truth]).mean()
        print(f"    from {share:.2f}: true ones kept {right:.2f}, false ones refused {wrong:.2f}, "
              f"right {(says == truth).mean():.2f}")  # fmt: skip


if __name__ == "__main__":
    main()

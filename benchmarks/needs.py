"""Train and measure what tells whether a product fits a need; writes assistant/shopping/fit.json.

    python benchmarks/needs.py [--data ../shared/data]

The needs and what was judged of them are those of `written/needs`, about the 9,576 products; three products a need that
the index finds and nobody judged stand for those that do not fit. Prints five-fold figures, folds by need, then trains
on all. A quarter of an hour on two cores: the judge reads some 30,000 passages.
"""

import argparse
import gzip
import json
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from title_shops import DEFAULT_DATA, indexed

from assistant.grounding.judge import open_judge
from assistant.shopping.fit import WEIGHTS, Fitter
from assistant.shopping.needs import read_need
from index.catalogue.store import Catalogue
from index.linear_model import LinearModel
from index.resolver import TitleIndex

FOUND, UNJUDGED = 24, 3  # products that the index finds, and those of them that stand for what does not fit
FOLDS = 5


@dataclass(frozen=True)
class Judged:
    """What was measured of one product for one need, and whether it fits."""

    need: int
    features: dict[str, float]
    fits: bool


def main() -> None:
    """Measure, train, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as scratch:
        catalogue, _ = indexed(data / "amazon_mixed_9k.trn.json.gz", Path(scratch))
        index = TitleIndex.load(Path(scratch) / "index", catalogue)
        with gzip.open(data / "written" / "needs.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        judged = [each for number, row in enumerate(rows) for each in judge(number, row, catalogue, index)]
    truth = np.array([each.fits for each in judged])
    fold = np.array([each.need % FOLDS for each in judged])
    guessed = np.zeros(len(judged))
    for held in range(FOLDS):
        model = fit([each for each in judged if each.need % FOLDS != held])
        for place in np.flatnonzero(fold == held):
            guessed[place] = model.probability(judged[place].features)
    report(truth, guessed)
    model = fit(judged)
    WEIGHTS.write_text(json.dumps({"weights": model.weights, "bias": model.bias}, indent=1) + "\n", encoding="utf-8")


def judge(number: int, row: dict[str, Any], catalogue: Catalogue, index: TitleIndex) -> list[Judged]:
    """Measure the judged products of a need, and some that nobody judged."""
    need = read_need(row["need"])
    fitter = Fitter(open_judge().read, index.descriptions.rarity)
    fits = {each["uid"]: each["fits"] == "yes" for each in row["judged"]}
    rows, _ = index.descriptions.search(need.stems, FOUND)
    found = [catalogue.product(int(place)).uid for place in rows]
    others = [uid for uid in found if uid not in fits]
    for uid in random.Random(number).sample(others, min(UNJUDGED, len(others))):
        fits[uid] = False
    judged = []
    for uid, is_fit in fits.items() if need.parts else ():
        product = catalogue.find(uid)
        judged.append(Judged(number, fitter.features(need, product, fitter.parts(need, product)), is_fit))
    return judged


def fit(judged: list[Judged]) -> LinearModel:
    """Fit the weights."""
    from sklearn.linear_model import LogisticRegression

    names = list(judged[0].features)
    matrix = np.array([[each.features[name] for name in names] for each in judged])
    model = LogisticRegression(max_iter=2000).fit(matrix, [each.fits for each in judged])
    weights = {name: round(float(weight), 3) for name, weight in zip(names, model.coef_[0], strict=True)}
    return LinearModel(weights, round(float(model.intercept_[0]), 3))


def report(truth: NDArray[np.bool_], guessed: NDArray[np.float64]) -> None:
    """Print how well fits are told from what does not fit."""
    from sklearn.metrics import roc_auc_score

    print(f"{len(truth):,} products, {truth.mean():.3f} fit; AUROC {roc_auc_score(truth, guessed):.3f}\n")
    print("| probability from | precision | recall |\n|---:|---:|---:|")
    for least in (0.2, 0.3, 0.4, 0.5):
        taken = guessed >= least
        print(f"| {least} | {truth[taken].mean():.3f} | {taken[truth].mean():.3f} |")


if __name__ == "__main__":
    main()

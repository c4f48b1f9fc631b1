"""Train and measure what tells a shopper's intents apart; writes assistant/shopping/intents.json.

    python benchmarks/intents.py [--data ../shared/data]

Turns are those of `questions/intents.jsonl`, the needs of `questions/needs.jsonl` and `written/needs`, what
`written/titles` asks, and the comparisons and needs that the shopping talk is tuned on; what the title index makes of
each is taken of the 9,576 products.
Prints the confusions of five-fold cross-validation, then trains on all. Two minutes.
"""

import argparse
import itertools
import json
import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from title_shops import DEFAULT_DATA, indexed, read

from assistant.shopping.intents import INTENTS, WEIGHTS, Intent, Intents, features_of
from index.resolver import TitleIndex

QUESTIONS = Path(__file__).with_name("questions") / "intents.jsonl"
OWN_FORMS: Mapping[str, Intent] = {
    "needs.jsonl": "need",
    "shopping/tuning.jsonl": "compare",
    "shopping/single.jsonl": "product",
}
FRAMES = (  # around a bare thing
    "{}", "a {}", "some {}", "any {}?", "i need a {}", "i need {}", "i want a {}",
    "do you have {}", "do you have any {}?", "got any {}", "looking for {}", "show me {}", "i'd like a {}",
    "{} please", "do you sell {}?", "i am looking for a {}",
    "preciso de {}", "quero {}", "vocês têm {}?", "tem {}?", "procuro {}",
)  # fmt: skip
FRAMES_OF_A_THING = 3
SEED = 5
FEWEST = 3  # questions that hold a term
STRENGTH = 20.0  # of the fit: the inverse of the penalty
LEAST_WEIGHT = 0.2  # of a term, that is kept


def main() -> None:
    """Measure, train, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    data = parser.parse_args().data
    asked = turns(data)
    truth = np.array([INTENTS.index(each["intent"]) for each in asked])
    with tempfile.TemporaryDirectory() as scratch:
        catalogue, _ = indexed(data / "amazon_mixed_9k.trn.json.gz", Path(scratch))
        index = TitleIndex.load(Path(scratch) / "index", catalogue)
        resolutions = [index.resolve(each["text"]) for each in asked]
    rows = [features_of(each["text"], one) for each, one in zip(asked, resolutions, strict=True)]
    guessed = np.zeros_like(truth)
    for fold in range(5):
        held = np.arange(len(rows)) % 5 == fold
        intents = fit([row for row, out in zip(rows, held, strict=True) if not out], truth[~held])
        for place in np.flatnonzero(held):
            probabilities = intents.probabilities(asked[place]["text"], resolutions[place])
            guessed[place] = INTENTS.index(max(probabilities, key=lambda intent: probabilities[intent]))
    print(f"{len(rows):,} turns, right {np.mean(guessed == truth):.3f}\n\n| is | " + " | ".join(INTENTS) + " |")
    print("|---|" + "---:|" * len(INTENTS))
    for number, intent in enumerate(INTENTS):
        counts = np.bincount(guessed[truth == number], minlength=len(INTENTS))
        print(f"| {intent} | " + " | ".join(map(str, counts)) + " |")
    intents = fit(rows, truth)
    WEIGHTS.write_text(
        json.dumps({"weights": intents.weights, "biases": intents.biases}, indent=0, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )


def turns(data: Path, forms: Mapping[str, Intent] = OWN_FORMS) -> list[dict[str, str]]:
    """Return turns with their intents, shuffled; `forms` are files of other rows, and what those intend."""
    asked = lines(QUESTIONS)
    asked += [{"text": row["need"], "intent": "need"} for row in read(data / "written" / "needs.jsonl.gz")]
    asked += [turn for name in forms for row in lines(QUESTIONS.parent / name) if (turn := turn_of(row, forms[name]))]
    asked += [{"text": row["question"], "intent": "product"} for row in read(data / "written" / "titles.jsonl.gz")]
    asked += things(data)
    random.Random(SEED).shuffle(asked)
    return asked


def lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def things(data: Path) -> list[dict[str, str]]:
    """Return the things of all needs by themselves, as shoppers name them who look around: "i need a puzzle"."""
    needs = [*lines(QUESTIONS.parent / "needs.jsonl"), *read(data / "written" / "needs.jsonl.gz")]
    bare = sorted({row["thing"].lower() for row in needs if "/" not in row["thing"]})
    frames = itertools.cycle(FRAMES)
    framed = [next(frames).format(thing) for thing in bare for _ in range(FRAMES_OF_A_THING)]
    return [{"text": text, "intent": "need"} for text in framed]


def turn_of(row: dict[str, Any], intent: Intent) -> dict[str, str] | None:
    """Return a row of another form as a turn, None for what has no intent of its own."""
    if "need" in row:
        return {"text": row["need"], "intent": "need"}
    return {"text": row["question"], "intent": intent} if "uids" in row else None


def fit(rows: Sequence[dict[str, float]], truth: "np.typing.NDArray[np.int64]") -> Intents:
    """Fit the weights; terms of a few questions, and small weights, are left out."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    held_by = Counter(name for row in rows for name in row)
    vectors = DictVectorizer()
    kept = [{name: value for name, value in row.items() if held_by[name] >= FEWEST} for row in rows]
    matrix = vectors.fit_transform(kept)
    model = LogisticRegression(C=STRENGTH, max_iter=3000).fit(matrix, truth)
    weights = {
        name: [round(float(weight), 2) for weight in model.coef_[:, column]]
        for column, name in enumerate(vectors.feature_names_)
        if np.abs(model.coef_[:, column]).max() >= LEAST_WEIGHT
    }
    return Intents(weights, [round(float(bias), 3) for bias in model.intercept_])


if __name__ == "__main__":
    main()

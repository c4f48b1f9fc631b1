"""Train and measure what tells which products a question names together; writes assistant/shopping/mentions.json.

    python benchmarks/mentions.py [--data ../shared/data]

Comparisons of `questions/shopping/tuning.jsonl`, and questions about one product that hold a second name
(`single.jsonl`), stand beside half-remembered titles, needs, follow-ups and choices, none of which names two. Prints
five-fold figures, then trains on all. Two minutes on two cores.
"""

import argparse
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from conditional_logit import Choice, Floats, as_matrices, as_weights, fit, softmax
from intents import fit as fit_intents
from intents import lines, turns
from public_reading import read
from shopping import QUESTIONS, products_of
from title_shops import DEFAULT_DATA, indexed, written

from assistant.shopping.intents import INTENTS, Intents, features_of
from assistant.shopping.mentions import LEAST_TOGETHER, WEIGHTS, Mentions, mentions_of
from index.resolver import TitleIndex

OTHERS = {"product": 400, "need": 150, "follow": 300, "choose": 40}  # turns of each intent that name one at most
TITLES = 250  # half-remembered titles
COMPARISONS_WEIGH = 2.0
SHRINKAGE = 1e-3
FOLDS, SEED = 5, 5


@dataclass(frozen=True)
class Question:
    """A question of some kind, all ways to read it, and which one is right; None where none is."""

    kind: str
    options: list[Mentions]
    right: int | None


def main() -> None:
    """Measure, train, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        catalogue, _ = indexed(written(products_of(data), home / "trn.json"), home)
        index = TitleIndex.load(home / "index", catalogue)
        intents = intents_without_these(data, index)
        questions = [asked(kind, text, uids, index, intents) for kind, text, uids in texts(data)]
    names, matrices = as_matrices([[option.features for option in one.options] for one in questions])
    choices = {
        place: Choice(matrices[place], one.right, COMPARISONS_WEIGH if one.right else 1.0)
        for place, one in enumerate(questions)
        if one.right is not None
    }
    fold = np.random.default_rng(SEED).permutation(len(questions)) % FOLDS
    right = defaultdict(list)
    for held in range(FOLDS):
        weights = fit([choice for place, choice in choices.items() if fold[place] != held], SHRINKAGE)
        for place in np.flatnonzero(fold == held):
            right[questions[place].kind].append(chosen(matrices[place] @ weights) == questions[place].right)
    print("| questions | of | read rightly |\n|---|---:|---:|")
    for kind, each in right.items():
        print(f"| {kind} | {len(each)} | {np.mean(each):.3f} |")
    found = as_weights(names, fit([*choices.values()], SHRINKAGE))
    WEIGHTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def texts(data: Path) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield each question's kind and text, and the products that it names together."""
    draw = random.Random(SEED)
    for name, kind in (("tuning", "comparison"), ("single", "one product, and a second name")):
        for row in lines(QUESTIONS / f"{name}.jsonl"):
            if "uids" in row:
                yield kind, row["question"], frozenset(row["uids"] if name == "tuning" else ())
    titles = [row["question"] for row in read(data / "written" / "titles.jsonl.gz") if row["kind"] == "present"]
    yield from (("half-remembered title", text, frozenset[str]()) for text in draw.sample(titles, TITLES))
    own_turns = lines(QUESTIONS.parent / "intents.jsonl")
    for intent, count in OTHERS.items():
        own = [turn["text"] for turn in own_turns if turn["intent"] == intent]
        yield from ((intent, text, frozenset[str]()) for text in draw.sample(own, count))


def intents_without_these(data: Path, index: TitleIndex) -> Intents:
    """Return intents that have not learnt from the comparisons and the questions with a second name."""
    known = turns(data, {"needs.jsonl": "need"})
    rows = [features_of(turn["text"], index.resolve(turn["text"])) for turn in known]
    return fit_intents(rows, np.array([INTENTS.index(turn["intent"]) for turn in known]))


def asked(kind: str, text: str, uids: frozenset[str], index: TitleIndex, intents: Intents) -> Question:
    """Return a question with all ways to read it."""
    resolution = index.resolve(text)
    compares = intents.probabilities(text, resolution)["compare"]
    options = mentions_of(text, resolution, index.descriptions.rarity, compares=compares)
    right = next((place for place, each in enumerate(options) if frozenset(each.uids) == uids), None)
    return Question(kind, options, right)


def chosen(logits: Floats) -> int:
    """Return which option is taken, as the assistant takes it."""
    return 0 if 1 - softmax(logits)[0] < LEAST_TOGETHER else int(np.argmax(logits[1:])) + 1


if __name__ == "__main__":
    main()

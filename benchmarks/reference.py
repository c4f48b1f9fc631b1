"""Train and measure what tells which product a turn of a talk means; writes assistant/shopping/reference.json.

    python benchmarks/reference.py [--data ../shared/data]

Talks of `questions/shopping/tuning.jsonl` and `references.jsonl`, each turn in the state that the right products of the
turns before give. Beside them talks made of two rows: a question that people wrote about a product, and one about
another, a half-remembered title, a title of another shop, or a need. Prints five-fold figures by talk, then trains on
all. Two minutes on two cores.
"""

import argparse
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from conditional_logit import Choice, as_matrices, as_weights, fit
from intents import lines
from public_reading import is_for_judgement, read
from shopping import QUESTIONS, products_of
from title_shops import DEFAULT_DATA, indexed, written

from assistant.conversation import State, asked_in
from assistant.evaluation.resolver.queries import FRAMES
from assistant.shopping.reference import WEIGHTS, Referent, likeliest, referents
from index.catalogue.store import Catalogue
from index.descriptions import stems_of
from index.resolver import Hit, TitleIndex

MADE = 600  # talks of two rows
MADE_WEIGH = 0.25  # beside turns of talks that people wrote
OFFERED = 5  # products offered to a need
BESIDE = {"help", "comparison"}  # kinds of reply to what means no single product, told before
SHRINKAGE = 2e-4
FOLDS, SEED = 5, 5


@dataclass(frozen=True)
class Row:
    """A turn: of which talk, of which kind, all ways to read it, and which one is right."""

    talk: int
    kind: str
    text: str
    options: list[Referent]
    right: int


def main() -> None:
    """Measure, train, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        catalogue, _ = indexed(written(products_of(data), home / "trn.json"), home)
        index = TitleIndex.load(home / "index", catalogue)
        talks = [*written_talks(), *made_talks(data, catalogue)]
        rows = [row for place, talk in enumerate(talks) for row in turns_of(place, talk, index, catalogue)]
    names, matrices = as_matrices([[option.features for option in row.options] for row in rows])
    choices = [
        Choice(matrix, row.right, MADE_WEIGH if row.kind.startswith("made") else 1.0)
        for row, matrix in zip(rows, matrices, strict=True)
    ]
    folds = np.random.default_rng(SEED).permutation(len(talks)) % FOLDS
    fold = np.array([folds[row.talk] for row in rows])
    right = defaultdict(list)
    for held in range(FOLDS):
        weights = fit([choices[at] for at in np.flatnonzero(fold != held)], SHRINKAGE)
        for at in np.flatnonzero(fold == held):
            taken = likeliest(rows[at].options, list(matrices[at] @ weights))
            right[rows[at].kind].append(taken == rows[at].right)
    print("| turns | of | read rightly |\n|---|---:|---:|")
    for kind, each in sorted(right.items()):
        print(f"| {kind} | {len(each)} | {np.mean(each):.3f} |")
    found = as_weights(names, fit(choices, SHRINKAGE))
    WEIGHTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def written_talks() -> list[list[dict[str, Any]]]:
    """Return the turns of the talks that were written by hand."""
    rows = [row for name in ("tuning", "references") for row in lines(QUESTIONS / f"{name}.jsonl")]
    return [row["turns"] for row in rows if "turns" in row]


def made_talks(data: Path, catalogue: Catalogue) -> Iterator[list[dict[str, Any]]]:
    """Yield talks of two turns: a product is asked about, and then it again, another one, or a need."""
    draw = random.Random(SEED)
    folder = data / "written"
    known = {row["uid"] for row in read(data / "amazon_mixed_9k.trn.json.gz") if not is_for_judgement(row["uid"])}
    questions: dict[str, list[str]] = defaultdict(list)
    for row in read(folder / "questions.jsonl.gz"):
        if row["uid"] in known:
            questions[row["uid"]].append(row["question"])
    titles = [row for row in read(folder / "titles.jsonl.gz") if set(row["uids"]) <= known]
    strangers = [row["question"] for row in read(data / "abt_buy.queries.jsonl.gz")]
    needs = [row["need"] for row in lines(QUESTIONS.parent / "needs.jsonl")]
    several = [uid for uid, own in questions.items() if len(own) > 1]
    for _ in range(MADE):
        uid = draw.choice(several)
        first, again = draw.sample(questions[uid], 2)
        yield [made("first", first, uid), made("made: again", again, uid)]
        title = draw.choice(titles)
        named = title["uids"][0] if title["kind"] == "present" else ""
        yield [made("first", first, uid), made(f"made: title {title['kind']}", title["question"], named)]
        stranger = draw.choice(FRAMES).format(draw.choice(strangers).split(" - ")[0])
        yield [made("first", first, uid), made("made: another shop's", stranger, "")]
        yield [made("first", first, uid), made("made: need", draw.choice(needs), "")]


def made(kind: str, text: str, uid: str) -> dict[str, Any]:
    """Return a turn of a talk that was put together."""
    return {"user": text, "uid": uid, "kinds": ["answer"] if uid else ["suggestions"], "kind": kind}


def turns_of(place: int, talk: list[dict[str, Any]], index: TitleIndex, catalogue: Catalogue) -> Iterator[Row]:
    """Yield the turns of a talk that mean a product, or none of those known, each with all ways to read it."""
    state = State()
    for turn in talk:
        text, uid, kinds = turn["user"], turn["uid"], turn["kinds"]
        if not uid and set(kinds) & BESIDE:
            uids = turn.get("uids", ())
            state = state.comparing(tuple(hit_of(each, catalogue) for each in uids)) if uids else state
            continue
        asked = asked_in(text, index)
        if state != State():
            options = referents(asked, state.antecedents, catalogue.find, index.descriptions.rarity)
            right = next((at for at, option in enumerate(options) if option.uid == uid), None)
            if right is not None:
                yield Row(place, turn.get("kind", kind_of(state, uid)), text, options, right)
        if uid:
            state = state.about(uid, text)
        elif "suggestions" in kinds:
            rows, _ = index.descriptions.search(stems_of(text), OFFERED)
            found = tuple(hit_of(catalogue.product(int(row)).uid, catalogue) for row in rows)
            state = state.offering(found, "")
        elif "clarify" in kinds:
            state = state.offering(asked.resolution.candidates or asked.resolution.hits[:3], text)
        else:
            state = state.without_product(text)


def kind_of(state: State, uid: str) -> str:
    """Name the kind of a turn by where its product stands in the talk."""
    if not uid:
        return "none of them"
    places = {"the same": uid == state.uid, "an earlier one": uid in state.earlier}
    places["one offered"] = uid in {hit.uid for hit in state.candidates}
    return next((name for name, there in places.items() if there), "another one")


def hit_of(uid: str, catalogue: Catalogue) -> Hit:
    """Return a product as it is offered."""
    return Hit(uid, catalogue.find(uid).title, 1.0)


if __name__ == "__main__":
    main()

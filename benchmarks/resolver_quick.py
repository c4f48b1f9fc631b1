"""Measure the title index on real shops: accuracy, decisions, latency.

    python benchmarks/resolver_quick.py ../shared/data

A first look; equal titles count as equal. The noise is drawn here, not by `index.views`.
"""

import gzip
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from assistant.evaluation.resolving import auroc, calibration_error
from assistant.evaluation.title_questions import few_words, misspelt
from index.prepare import prepare
from index.products import Catalogue
from index.progress import Progress
from index.resolver import Resolution, TitleIndex
from index.words import fold

FRAMES = (
    "does the {} come with a charger?",
    "hi, what is the weight of {}?",
    "qual é o tamanho do {}?",
    "is {} any good for kids",
    "do you have the {} in stock?",
    "{} - is it dishwasher safe?",
    "I want to know if the {} works with a mac",
    "how much does {} weigh",
    "o {} vem com bateria?",
    "what colour is the {}",
)


def main() -> None:
    """Print one line for each slice."""
    data = Path(sys.argv[1])
    draw = random.Random(5)
    with tempfile.TemporaryDirectory() as home:
        abt, products = index_of(data / "abt_buy.catalog.trn.json.gz", Path(home) / "abt")
        title_of = {product["uid"]: product["title"] for product in products}
        rows = read(data / "abt_buy.queries.jsonl.gz")
        wanted = [title_of[row["gold"][0]] for row in rows]
        show("abt-buy title", abt, [row["question"] for row in rows], wanted)
        show("abt-buy noisy", abt, [noisy(row["question"], draw) for row in rows], wanted)

        mixed, products = index_of(data / "amazon_mixed_9k.trn.json.gz", Path(home) / "mixed")
        titles = [product["title"] for product in draw.sample(products, 800)]
        show("9k full title", mixed, [draw.choice(FRAMES).format(title) for title in titles], titles)
        show("9k few words", mixed, [few_words(title, draw) for title in titles], titles)
        show("9k noisy", mixed, [noisy(title, draw) for title in titles], titles)

        half, absent = draw.sample(products, len(products)), []
        absent, present = half[::2], half[1::2]
        source = Path(home) / "half.jsonl"
        source.write_text("\n".join(json.dumps(product) for product in present), encoding="utf-8")
        index, _ = index_of(source, Path(home) / "half")
        for name, change in (("title", lambda title: title), ("noisy", lambda title: noisy(title, draw))):
            there = [index.resolve(change(product["title"])) for product in present[:500]]
            gone = [index.resolve(change(product["title"])) for product in absent[:500]]
            score = auroc([x.probability for x in there], [x.probability for x in gone])
            print(f"9k half, {name:6} auroc {score:.3f}  absent: {shares(gone)}  present: {shares(there)}")


def show(name: str, index: TitleIndex, questions: list[str], wanted: list[str]) -> None:
    """Ask every question and print how it went."""
    times_ms, first, four, wrong, probabilities = [], [], [], [], []
    decided: list[Resolution] = []
    for question, title in zip(questions, wanted, strict=True):
        start = time.perf_counter()
        resolution = index.resolve(question)
        times_ms.append(1000 * (time.perf_counter() - start))
        hits = [fold(hit.title) == fold(title) for hit in resolution.hits]
        first.append(hits[0])
        four.append(any(hits[:4]))
        probabilities.append(resolution.probability)
        decided.append(resolution)
        if resolution.decision == "found":
            wrong.append(not hits[0])
    offered = [
        any(fold(hit.title) == fold(title) for hit in resolution.candidates)
        for resolution, title in zip(decided, wanted, strict=True)
        if resolution.decision == "ambiguous"
    ]
    print(
        f"{name:14} acc@1 {mean(first):.3f} @4 {mean(four):.3f}  {shares(decided)}  "
        f"wrong when found {mean(wrong):.3f}  right offered {mean(offered):.3f}  "
        f"ece {calibration_error(probabilities, first):.3f}  "
        f"p50 {np.percentile(times_ms, 50):.1f} ms p99 {np.percentile(times_ms, 99):.1f} ms"
    )


def mean(values: list[bool]) -> float:
    """Give the share that is true; of nothing, 0."""
    return sum(values) / max(1, len(values))


def shares(resolutions: list[Resolution]) -> str:
    """Say how often each decision came."""
    counts = [mean([x.decision == name for x in resolutions]) for name in ("found", "ambiguous", "unknown")]
    return "found {:.2f} ambiguous {:.2f} unknown {:.2f}".format(*counts)


def index_of(source: Path, home: Path) -> tuple[TitleIndex, list[dict[str, Any]]]:
    """Prepare and index a file of products."""
    prepare(source, home / "catalogue", progress=Progress)
    catalogue = Catalogue.load(home / "catalogue")
    start = time.perf_counter()
    TitleIndex.build(catalogue, home / "index", progress=Progress)
    built = time.perf_counter()
    index = TitleIndex.load(home / "index", catalogue)
    size = sum(path.stat().st_size for path in (home / "index").iterdir())
    print(
        f"-- {source.name}: {len(catalogue)} titles, built in {built - start:.1f} s, "
        f"loaded in {time.perf_counter() - built:.2f} s, {size / 1e6:.1f} MB"
    )
    products = [catalogue.product(row) for row in range(len(catalogue))]
    return index, [{"uid": x.uid, "title": x.title, "content": x.content} for x in products]


def read(path: Path) -> list[dict[str, Any]]:
    """Read gzipped JSON Lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def noisy(title: str, draw: random.Random) -> str:
    """Drop a quarter of the words, misspell some of the rest, put a question around them."""
    kept = [word for word in title.split() if draw.random() > 0.25] or title.split()[:1]
    return draw.choice(FRAMES).format(" ".join(misspelt(x, draw) if draw.random() < 0.15 else x for x in kept))


if __name__ == "__main__":
    main()

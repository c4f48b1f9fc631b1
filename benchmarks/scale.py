"""Measure the title index as the catalogue grows: build, size, loading, time to resolve, update.

    python benchmarks/scale.py [--rows 10000,100000,1300000] [--questions 1000]

Titles are those of `many_titles`, all of them distinct. Each step has a process of its own, and so a peak memory of
its own. Half of the questions are full titles inside a frame, half are noisy; the first 50 only warm up. Then one
product in a thousand gets another title, as many go and as many come, and the index is updated. Prints a table.
"""

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from many_titles import DEFAULT_SOURCE, write

from assistant.evaluation.resolver.queries import FRAMES, noisy
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.progress import Progress
from index.resolver import TitleIndex

T = TypeVar("T")
WARMING = 50
CHANGED = 0.001  # of the products get another title, as many go, as many come


def main() -> None:
    """Print one line a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=DEFAULT_SOURCE, help="real rows, trn.json.gz")
    parser.add_argument("--rows", default="10000,100000,1300000")
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| titles | build s | GiB | bytes a title | load s | right first | ms p50 | p99 | update s |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as scratch:
        for rows in map(int, arguments.rows.split(",")):
            home = Path(scratch) / str(rows)
            source = home / "titles.json"
            home.mkdir()
            write(arguments.source, source, rows, arguments.seed)
            prepare(source, home / "catalogue", progress=Progress)
            built = alone(build, home)
            asked = alone(ask, home, arguments.questions, arguments.seed)
            prepare(edited(source, arguments.seed), home / "catalogue", progress=Progress)
            updated = alone(update, home)
            cells = (
                f"{rows:,}",
                f"{built['seconds']:.1f}",
                f"{built['peak_gib']:.2f}",
                f"{built['bytes'] / rows:,.0f}",
                f"{asked['load_s']:.2f}",
                f"{asked['first']:.3f}",
                f"{asked['ms_p50']:.1f}",
                f"{asked['ms_p99']:.1f}",
                f"{updated['seconds']:.1f}",
            )
            print(f"| {' | '.join(cells)} |", flush=True)


def alone(step: Callable[..., T], *arguments: Any) -> T:
    """Run a step in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(step, *arguments).result()


def build(home: Path) -> dict[str, float]:
    """Index the catalogue."""
    catalogue = Catalogue.load(home / "catalogue")
    start = time.perf_counter()
    TitleIndex.build(catalogue, home / "index", progress=Progress)
    seconds = time.perf_counter() - start
    size = sum(path.stat().st_size for path in (home / "index").rglob("*") if path.is_file())
    return {"seconds": seconds, "peak_gib": _peak_gib(), "bytes": size}


def ask(home: Path, questions: int, seed: int) -> dict[str, float]:
    """Load the index and ask it one question after the other."""
    catalogue = Catalogue.load(home / "catalogue")
    start = time.perf_counter()
    index = TitleIndex.load(home / "index", catalogue)
    load_s = time.perf_counter() - start
    draw = random.Random(seed)
    first, ms = [], []
    for number in range(questions + WARMING):
        title = catalogue.product(draw.randrange(len(catalogue))).title
        question = noisy(title, draw) if number % 2 else draw.choice(FRAMES).format(title)
        start = time.perf_counter()
        found = index.resolve(question)
        ms.append(1000 * (time.perf_counter() - start))
        first.append(found.hits[0].title == title)
    p50, p99 = np.percentile(ms[WARMING:], (50, 99))
    return {"load_s": load_s, "first": float(np.mean(first[WARMING:])), "ms_p50": p50, "ms_p99": p99}


def update(home: Path) -> dict[str, float]:
    """Bring the index to the edited catalogue."""
    catalogue = Catalogue.load(home / "catalogue")
    start = time.perf_counter()
    TitleIndex.update(catalogue, home / "index", progress=Progress)
    return {"seconds": time.perf_counter() - start, "peak_gib": _peak_gib()}


def edited(source: Path, seed: int) -> Path:
    """Write the source again with some products renamed, gone and new."""
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    draw = random.Random(seed)
    count = round(CHANGED * len(rows))
    touched = draw.sample(range(len(rows)), 2 * count)
    gone = set(touched[count:])
    for place in touched[:count]:
        rows[place]["title"] += ", Renewed"
    kept = [row for place, row in enumerate(rows) if place not in gone]
    new = [{**row, "uid": f"N{row['uid']}", "title": f"New {row['title']}"} for row in draw.sample(kept, count)]
    path = source.with_name("edited.json")
    path.write_text("".join(json.dumps(row) + "\n" for row in [*kept, *new]), encoding="utf-8")
    return path


def _peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()

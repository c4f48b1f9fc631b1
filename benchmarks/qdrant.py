"""Measure the titles of an index on Qdrant beside the same in files: build, size, memory, time to resolve, update.

    pip install '.[qdrant]'
    python benchmarks/qdrant.py [--rows 20000,1300000] [--questions 1000] [--qdrant URL]

Titles and questions are those of `scale`: half are full titles in a frame, half are noisy, the first 50 only warm up.
Without `--qdrant` its engine runs in the process that asks; with it, how large a collection is is the server's to tell.
Bytes are those of the titles alone, without descriptions and identifiers. Each step has a process of its own, and so a
peak memory of its own. The update changes one title in a thousand, removes as many and adds as many. Prints a table.
"""

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from many_titles import DEFAULT_SOURCE, write
from scale import WARMING, alone, edited

from assistant.evaluation.resolver.queries import FRAMES, noisy
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.progress import Progress
from index.resolver import TitleIndex
from index.settings import IndexSettings

COLUMNS = (
    ("titles", ","),
    ("build_s", ".1f"),
    ("build_gib", ".2f"),
    ("bytes_here", ",.0f"),
    ("bytes_in_collection", ",.0f"),
    ("load_s", ".2f"),
    ("asked_gib", ".2f"),
    ("right_first", ".3f"),
    ("same_as_files", ".3f"),
    ("ms_p50", ".1f"),
    ("ms_p99", ".1f"),
    ("update_s", ".1f"),
)


def main() -> None:
    """Print two lines a size: files, and Qdrant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=DEFAULT_SOURCE, help="real rows, trn.json.gz")
    parser.add_argument("--rows", default="20000")
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--qdrant", default="", metavar="URL", help="a server, in place of the engine in the process")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"| | {' | '.join(name.replace('_', ' ') for name, _ in COLUMNS)} |")
    print(f"|---|{'---:|' * len(COLUMNS)}")
    with tempfile.TemporaryDirectory() as place:
        for rows in map(int, arguments.rows.split(",")):
            scratch = Path(place) / str(rows)
            scratch.mkdir()
            source = scratch / "titles.json"
            write(arguments.source, source, rows, arguments.seed)
            prepare(source, scratch / "before", progress=Progress)
            prepare(edited(source, arguments.seed), scratch / "after", progress=Progress)
            first: list[str] = []
            for name, where in (("files", ""), ("qdrant", arguments.qdrant or str(scratch / "collections"))):
                figures, best = measured(scratch, name, where, arguments.questions, arguments.seed)
                first = first or best
                figures["same_as_files"] = float(
                    np.mean([one == other for one, other in zip(first, best, strict=True)])
                )
                print(f"| {name} | {' | '.join(format(figures[key], form) for key, form in COLUMNS)} |", flush=True)


def measured(scratch: Path, name: str, place: str, questions: int, seed: int) -> tuple[dict[str, float], list[str]]:
    """Build, ask and update an index; return its figures, and the uids of the best hits."""
    folder = scratch / f"index-{name}"
    built = alone(build, scratch / "before", folder, place)
    figures, best = alone(ask, scratch / "before", folder, questions, seed)
    updated = alone(update, scratch / "after", folder)
    return {**built, **figures, **updated}, best


def build(catalogue: Path, folder: Path, place: str) -> dict[str, float]:
    """Index a catalogue, and weigh what holds its titles."""
    opened = Catalogue.load(catalogue)
    start = time.perf_counter()
    TitleIndex.build(opened, folder, settings=IndexSettings().at(place), progress=Progress)
    seconds, count = time.perf_counter() - start, len(opened)
    here = _bytes(folder / "base")
    elsewhere = _bytes(Path(place)) if place and "://" not in place else 0
    return {
        "titles": count,
        "build_s": seconds,
        "build_gib": _peak_gib(),
        "bytes_here": here / count,
        "bytes_in_collection": elsewhere / count,
    }


def ask(catalogue: Path, folder: Path, questions: int, seed: int) -> tuple[dict[str, float], list[str]]:
    """Load the index and ask it one question after the other."""
    opened = Catalogue.load(catalogue)
    start = time.perf_counter()
    index = TitleIndex.load(folder, opened)
    load_s = time.perf_counter() - start
    draw = random.Random(seed)
    right, best, ms = [], [], []
    for number in range(questions + WARMING):
        title = opened.product(draw.randrange(len(opened))).title
        question = noisy(title, draw) if number % 2 else draw.choice(FRAMES).format(title)
        start = time.perf_counter()
        found = index.resolve(question)
        ms.append(1000 * (time.perf_counter() - start))
        right.append(found.hits[0].title == title)
        best.append(found.hits[0].uid)
    p50, p99 = np.percentile(ms[WARMING:], (50, 99))
    figures = {"load_s": load_s, "asked_gib": _peak_gib(), "ms_p50": p50, "ms_p99": p99}
    return {**figures, "right_first": float(np.mean(right[WARMING:]))}, best[WARMING:]


def update(catalogue: Path, folder: Path) -> dict[str, float]:
    """Bring the index to the edited catalogue."""
    opened = Catalogue.load(catalogue)
    start = time.perf_counter()
    TitleIndex.update(opened, folder, progress=Progress)
    return {"update_s": time.perf_counter() - start}


def _bytes(folder: Path) -> int:
    """Return what files take on the disk: an engine's have holes."""
    return sum(512 * path.stat().st_blocks for path in folder.rglob("*") if path.is_file())


def _peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()

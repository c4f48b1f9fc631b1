"""Measure `prepare --ray` and `index --ray` beside our own processes: time, peak memory of all processes, sameness.

    pip install '.[cluster]'
    python benchmarks/ray_data.py [--rows 200000] [--questions 1000] [--ray local|ADDRESS]

Rows are those of `prepare`. Each command has a process of its own; with `--ray local` its time has the start of the
cluster in it, and the memory is that of the whole tree of processes, in which what they share counts for each of them.
On a cluster the memory is that of the command alone. The catalogues must be the same to the byte, and the indexes
resolve questions, half full titles and half noisy, to the same. Prints a table; says where they differ.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from prepare import DEFAULT_SOURCE, watched, write_rows

from assistant.evaluation.resolver.queries import FRAMES, noisy
from index.catalogue.store import Catalogue
from index.resolver import Resolution, TitleIndex

TITLEWISE = Path(sys.executable).with_name("titlewise")


def main() -> None:
    """Print a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=DEFAULT_SOURCE, help="real rows, trn.json.gz")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--ray", default="local", metavar="local|ADDRESS")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"| {arguments.rows:,} rows | s, own processes | s, Ray | ratio | peak MB, own | peak MB, Ray | the same |")
    print(f"|---|{'---:|' * 5}---|")
    with tempfile.TemporaryDirectory(prefix="ray-") as place:
        source, own, ray = (Path(place) / name for name in ("trn.jsonl", "own", "ray"))
        write_rows(arguments.source, source, arguments.rows, arguments.seed)
        for command in (["prepare", str(source)], ["index"]):
            one = watched([TITLEWISE, "--home", own, *command])
            other = watched([TITLEWISE, "--home", ray, *command, "--ray", arguments.ray])
            if command[0] == "prepare":
                same = _files(own / "catalogue") == _files(ray / "catalogue")
            else:
                asked = (arguments.questions, arguments.seed)
                same = answers(own, *asked) == answers(ray, *asked)
            print(
                f"| {command[0]} | {one.seconds:.1f} | {other.seconds:.1f} | {other.seconds / one.seconds:.2f} "
                f"| {one.peak_mb:,} | {other.peak_mb:,} | {'yes' if same else 'NO'} |",
                flush=True,
            )


def answers(home: Path, count: int, seed: int) -> list[Resolution]:
    """Resolve questions by the index in a home: full titles in a frame, and noisy ones."""
    catalogue = Catalogue.load(home / "catalogue")
    index = TitleIndex.load(home / "index", catalogue)
    draw = random.Random(seed)
    resolutions = []
    for number in range(count):
        title = catalogue.product(draw.randrange(len(catalogue))).title
        resolutions.append(index.resolve(noisy(title, draw) if number % 2 else draw.choice(FRAMES).format(title)))
    return resolutions


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


if __name__ == "__main__":
    main()

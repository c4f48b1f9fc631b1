"""Measure how long it takes until a product that is upserted, changed or removed is answered about.

    python benchmarks/upsert.py [--rows 1300000] [--home /tmp/many-home]

The catalogue is of titles as `many_titles` makes them; a home that is there already is used as it is. Beside it a
process asks about a product over and over, as a server does, while `titlewise upsert` and `titlewise remove` run as
commands of their own: the clock runs from the start of the command to the first right answer. Then products are
upserted within one process, as the server does, until as many have changed as may. Prints a table; the processor's
seconds are those of the command, or of the process, and tell how much of the time was waiting for others.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from many_titles import DEFAULT_SOURCE, write
from scale import _peak_gib

from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue, Product
from index.live import LiveIndex
from index.progress import Progress, Silent
from index.resolver import TitleIndex
from index.settings import IndexSettings
from index.upsert import remove, row_of, upsert

UID = "ZEPHYR-X9"
QUESTION = "how heavy is the Zephyrine Quadrocopter X9?"
TITLES = ("Zephyrine Quadrocopter X9, 4K Camera", "Zephyrine Quadrocopter X9, Renewed")
REPEATS = 5
PATIENCE_S = 120.0
ASK_EVERY_S = 0.05

Taken = dict[str, list[tuple[float, float]]]  # by what was done: seconds, and those of the processor


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=DEFAULT_SOURCE, help="real rows, trn.json.gz")
    parser.add_argument("--rows", type=int, default=1_300_000)
    parser.add_argument("--home", type=Path, help="where catalogue and index are kept, or made")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = arguments.home or Path(scratch)
        if not (home / "index").is_dir():
            make(arguments.source, home, arguments.rows)
        print("| what | s, median | worst | processor s |\n|---|---:|---:|---:|")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            for what, taken in [*commands(home).items(), *pool.submit(within, home).result().items()]:
                wall, processor = zip(*taken, strict=True)
                cells = (what, f"{np.median(wall):.2f}", f"{max(wall):.2f}", f"{np.median(processor):.2f}")
                print(f"| {' | '.join(cells)} |", flush=True)


def make(source: Path, home: Path, rows: int) -> None:
    """Prepare and index a catalogue of so many titles."""
    home.mkdir(exist_ok=True)
    write(source, home / "titles.json", rows, seed=0)
    prepare(home / "titles.json", home / "catalogue", progress=Progress)
    TitleIndex.build(Catalogue.load(home / "catalogue"), home / "index", progress=Progress)


def commands(home: Path) -> Taken:
    """Return the seconds from the start of a command to the first right answer of a process that was there before."""
    seconds: Taken = {}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(_open, home).result()
        for _ in range(REPEATS):
            for what, title, words in (
                ("`titlewise upsert`, a new product", TITLES[0], ("upsert", "-")),
                ("`titlewise upsert`, another title", TITLES[1], ("upsert", "-")),
                ("`titlewise remove`", "", ("remove", UID)),
            ):
                answered = pool.submit(_until, title, time.time())
                processor_s = _run(home, *words, rows=row(UID, title))
                seconds.setdefault(what, []).append((answered.result(), processor_s))
        peak = pool.submit(_peak_gib).result()
    print(f"(the process that answers: {peak:.2f} GiB at its peak)", file=sys.stderr)
    return seconds


def within(home: Path) -> Taken:
    """Return the seconds of upserts within a process that has the catalogue open, with few and with many changes."""
    live, most = LiveIndex(home), IndexSettings().max_upserted
    seconds: Taken = {}

    def timed(what: str, work: Callable[[], object]) -> None:
        start_s, start_processor_s = time.perf_counter(), time.process_time()
        work()
        live.now()[1].resolve(QUESTION)
        wall_s, processor_s = time.perf_counter() - start_s, time.process_time() - start_processor_s
        seconds.setdefault(what, []).append((wall_s, processor_s))

    for _ in range(REPEATS):
        timed("PUT, and an answer", lambda: upsert(live, _rows(row(UID, TITLES[0])), progress=Silent))
        timed("DELETE, and an answer", lambda: remove(live, [UID], progress=Silent))
    catalogue = live.now()[0]
    many = "".join(row(f"NEW{number}", f"{catalogue.product(number).title}, Renewed") for number in range(most - 1))
    timed(f"{most - 1:,} products at once", lambda: upsert(live, _rows(many), progress=Silent))
    for _ in range(REPEATS):
        timed(f"PUT after {most - 1:,} changes", lambda: upsert(live, _rows(row(UID, TITLES[0])), progress=Silent))
        timed(f"DELETE after {most:,} changes", lambda: remove(live, [UID], progress=Silent))
    remove(live, [f"NEW{number}" for number in range(most - 1)], progress=Silent)
    print(f"(the process that changes: {_peak_gib():.2f} GiB at its peak)", file=sys.stderr)
    return seconds


def row(uid: str, title: str) -> str:
    """Return a line of JSON."""
    content = "A quadrocopter with four rotors and a camera. It weighs 249 g and flies for 31 minutes."
    return json.dumps({"uid": uid, "title": title, "content": content}) + "\n"


_live: LiveIndex | None = None  # of the process that asks


def _open(home: Path) -> None:
    global _live
    _live = LiveIndex(home)


def _until(title: str, start: float) -> float:
    """Ask until the best hit has this title, or none has the product's where it is ""; return the seconds since."""
    assert _live is not None
    while time.time() - start < PATIENCE_S:
        best = _live.now()[1].resolve(QUESTION).hits[0]
        if best.title == title or (not title and best.uid != UID):
            return time.time() - start
        time.sleep(ASK_EVERY_S)
    raise AssertionError(f"no right answer in {PATIENCE_S} s")


def _run(home: Path, *words: str, rows: str) -> float:
    """Run a command, and return the seconds of the processor that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "ui.cli", "--home", str(home), *words]
    subprocess.run(command, input=rows, text=True, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _rows(lines: str) -> list[dict[str, object]]:
    return [row_of(Product(**json.loads(line))) for line in lines.splitlines()]


if __name__ == "__main__":
    main()

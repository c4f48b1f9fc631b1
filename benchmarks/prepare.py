"""Measure `prepare` on millions of rows of real shape: time, and peak memory of the whole process tree.

    python benchmarks/prepare.py --rows 2250000 [SOURCE]
    python benchmarks/prepare.py --rows 2250000 --formats jsonl csv parquet     # the same rows in several forms

Rows are made by resampling those of SOURCE: each keeps the length and most of the words
of a real row, in sentences drawn from other rows too, so that most are distinct, some
near-duplicates and a few exact ones. Prints one line of JSON a format.
"""

import argparse
import gzip
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyarrow.json
import pyarrow.parquet as pq
from pyarrow import csv

DEFAULT_SOURCE = Path(__file__).parents[2] / "shared" / "data" / "amazon_mixed_9k.trn.json.gz"
FORMATS = ("jsonl", "json", "csv", "parquet")
WATCH_EVERY_S = 0.1
EXACT_DUPLICATES = 0.01
NEAR_DUPLICATES = 0.15
COLOURS = ["Red", "Blue", "Black", "White", "Green", "12-Pack", "5-Pack", "2 inch", "3 inch", "Large", "Small"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, nargs="?", default=DEFAULT_SOURCE, help="real rows, trn.json.gz")
    parser.add_argument("--rows", type=int, default=2_250_000)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=["jsonl"])
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="prepare-") as folder:
        lines = Path(folder) / "trn.jsonl"
        write_rows(arguments.source, lines, arguments.rows, arguments.seed)
        for name in arguments.formats:
            made = convert(lines, name)
            figures = {"format": name, **measure(made, Path(folder) / "catalogue", arguments.workers)}
            figures |= look_up(Path(folder) / "catalogue")
            figures |= {"source_mb": made.stat().st_size >> 20, "cores": os.cpu_count() or 0}
            print(json.dumps(figures), flush=True)
            if made != lines:
                made.unlink()


def convert(lines: Path, name: str) -> Path:
    """Write rows of JSON Lines in another format, beside them."""
    made = lines.with_suffix(f".{name}")
    if made == lines:
        return made
    opened = pyarrow.json.open_json(lines)
    if name == "json":
        with lines.open("rb") as source, made.open("wb") as sink:
            sink.write(b"[" + next(source).rstrip(b"\n"))
            sink.writelines(b",\n" + line.rstrip(b"\n") for line in source)
            sink.write(b"]")
        return made
    with (csv.CSVWriter if name == "csv" else pq.ParquetWriter)(made, opened.schema) as writer:
        for batch in opened:
            writer.write_batch(batch)
    return made


def write_rows(source: Path, path: Path, rows: int, seed: int) -> None:
    """Write `rows` resampled rows as JSON Lines."""
    chance = random.Random(seed)
    with gzip.open(source, "rt", encoding="utf-8") as file:
        real = [json.loads(line) for line in file]
    sentences = [re.split(r"(?<=[.|!])\s", row["content"]) for row in real]
    pool = [sentence for found in sentences for sentence in found]
    words = [word for row in real for word in row["title"].split()]
    recent: list[tuple[str, str]] = []
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            draw = chance.random()
            if recent and draw < EXACT_DUPLICATES:
                title, content = chance.choice(recent)
            elif recent and draw < EXACT_DUPLICATES + NEAR_DUPLICATES:
                title, content = chance.choice(recent)
                title = f"{title}, {chance.choice(COLOURS)}"
                content = f"{content} {chance.choice(COLOURS)}."
            else:
                place = chance.randrange(len(real))
                title = " ".join(
                    word if chance.random() < 0.6 else chance.choice(words) for word in real[place]["title"].split()
                )
                content = " ".join(
                    sentence if chance.random() < 0.3 else vary(chance.choice(pool), words, chance)
                    for sentence in sentences[place]
                )
                if len(recent) < 50_000:
                    recent.append((title, content))
                else:
                    recent[chance.randrange(len(recent))] = (title, content)
            file.write(json.dumps({"uid": f"R{number:08d}", "title": title, "content": content}) + "\n")


def vary(sentence: str, words: list[str], chance: random.Random) -> str:
    """Change every sixth word or so, that one sentence does not bind all the rows it is in."""
    varied = sentence.split()
    for place in range(chance.randrange(6), len(varied), 6):
        varied[place] = chance.choice(words)
    return " ".join(varied)


def measure(source: Path, folder: Path, workers: int | None) -> dict[str, float | int]:
    """Run `prepare` in a process of its own and watch the memory of its tree."""
    code = (
        "import sys; from pathlib import Path; from index.catalogue.prepare import CatalogueSettings, prepare\n"
        "if __name__ == '__main__':\n"
        "    source, folder, workers = sys.argv[1:]\n"
        "    prepare(Path(source), Path(folder), CatalogueSettings(workers=int(workers) or None))\n"
    )
    used = watched([sys.executable, "-c", code, source, folder, str(workers or 0)])
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return {
        "rows": report["rows_in"],
        "seconds": round(used.seconds, 1),
        "rows_per_s": round(report["rows_in"] / used.seconds),
        "cpu_seconds": round(used.cpu_seconds, 1),
        "peak_rss_mb": used.peak_mb,
        "kept": report["kept"],
        "merged": report["merged"],
        "clusters": report["clusters"],
        "largest_cluster": report["largest_cluster"],
    }


@dataclass(frozen=True)
class Used:
    """What a command took, with all processes below it."""

    seconds: float
    cpu_seconds: float
    peak_mb: int  # resident at once


def watched(command: Sequence[str | Path]) -> Used:
    """Run a command and watch its tree of processes. Raises `SystemExit` where it fails."""
    before, start_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peaks = {"rss": 0}
    watcher = threading.Thread(target=_watch, args=(process, peaks))
    watcher.start()
    status = process.wait()
    seconds = time.monotonic() - start_s
    watcher.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status:
        raise SystemExit(status)
    cpu_seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return Used(seconds, cpu_seconds, peaks["rss"] >> 20)


def look_up(folder: Path) -> dict[str, float | int]:
    """Time the opening of the catalogue, its SHA-256 included, and one product by uid."""
    from index.catalogue.store import Catalogue

    start_s = time.perf_counter()
    catalogue = Catalogue.load(folder)
    loaded_s = time.perf_counter()
    uids = [catalogue.product(row).uid for row in random.Random(0).choices(range(len(catalogue)), k=2000)]
    product_s = time.perf_counter()
    for uid in uids:
        catalogue.row_of(uid)
    ended_s = time.perf_counter()
    return {
        "load_s": round(loaded_s - start_s, 2),
        "product_us": round((product_s - loaded_s) / len(uids) * 1e6, 1),
        "row_of_us": round((ended_s - product_s) / len(uids) * 1e6, 1),
    }


def _watch(process: "subprocess.Popen[bytes]", peaks: dict[str, int]) -> None:
    while process.poll() is None:
        resident = 0
        try:
            tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            resident = sum(member.memory_info().rss for member in tree)
        except psutil.NoSuchProcess:
            continue  # one ended between the listing and the reading
        peaks["rss"] = max(peaks["rss"], resident)
        time.sleep(WATCH_EVERY_S)


if __name__ == "__main__":
    main()

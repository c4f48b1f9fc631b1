"""Compute how many machines questions and titles take, from what one of each was measured to cost.

    python benchmarks/machines.py [--question-ms 39] [--python-ms 10] [--cores 16] [--memory-gb 128]

What it computes with is measured, and docs/scale.md says by what; the machines are yours. Prints two tables.
"""

import argparse
import math
from dataclasses import dataclass

QUESTIONS_A_MINUTE = (1_000, 10_000, 100_000)
TITLES = (1_300_000, 100_000_000, 1_000_000_000)
BUSY = 0.6  # of a machine's cores at most: above it, whoever comes waits
FILLED = 0.75  # of its memory at most
FEWEST_COPIES = 2  # one may be lost


@dataclass(frozen=True)
class Costs:
    """What one question and one title cost, and what a machine has.

    `python_ms` is the part of `question_ms` that one process does for one question at a time; `engine_ms` what
    llama.cpp takes of a core for one question; tokens are the engine's, of an average question.
    """

    question_ms: float
    python_ms: float
    engine_ms: float
    prompt_tokens: float
    new_tokens: float
    files_bytes: float
    collection_bytes: float
    beside_bytes: float
    cores: int
    memory_gb: float
    replicas: int


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--question-ms", type=float, default=39.0, help="CPU-ms of the server (39)")
    parser.add_argument("--python-ms", type=float, default=10.0, help="of these, in Python, one thread at a time (10)")
    parser.add_argument("--engine-ms", type=float, default=530.0, help="CPU-ms of the embedded model (530)")
    parser.add_argument("--prompt-tokens", type=float, default=80.0, help="that an engine reads (80)")
    parser.add_argument("--new-tokens", type=float, default=4.0, help="that it writes (4)")
    parser.add_argument("--files-bytes", type=float, default=504.0, help="of a title in files (504)")
    parser.add_argument("--collection-bytes", type=float, default=820.0, help="of a title in a collection (820)")
    parser.add_argument("--beside-bytes", type=float, default=119.0, help="of such a title at each copy (119)")
    parser.add_argument("--cores", type=int, default=16, help="of one machine (16)")
    parser.add_argument("--memory-gb", type=float, default=128.0, help="of one machine (128)")
    parser.add_argument("--replicas", type=int, default=2, help="of each shard of a collection (2)")
    costs = Costs(**vars(parser.parse_args()))
    print(questions_table(costs), titles_table(costs), sep="\n\n")


def questions_table(costs: Costs) -> str:
    """Return what questions take: processes, cores, and what the engine has to bear."""
    rows = [
        "| questions a minute | cores | processes | machines | cores of llama.cpp | or tokens/s read | written |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for a_minute in QUESTIONS_A_MINUTE:
        a_second = a_minute / 60
        cores = a_second * costs.question_ms / 1000 / BUSY
        cells = (
            a_minute,
            math.ceil(cores),
            processes(costs, a_second),
            machines(costs, a_second),
            math.ceil(a_second * costs.engine_ms / 1000 / BUSY),
            round(a_second * costs.prompt_tokens),
            round(a_second * costs.new_tokens),
        )
        rows.append(f"| {' | '.join(f'{cell:,}' for cell in cells)} |")
    return "\n".join(rows)


def processes(costs: Costs, a_second: float) -> int:
    """Return how many copies of the server so many questions a second take: Python runs on one core of each."""
    return max(FEWEST_COPIES, math.ceil(a_second * costs.python_ms / 1000 / BUSY))


def machines(costs: Costs, a_second: float) -> int:
    """Return how many machines these copies take."""
    return max(FEWEST_COPIES, math.ceil(a_second * costs.question_ms / 1000 / BUSY / costs.cores))


def titles_table(costs: Costs) -> str:
    """Return what titles take: in files at every machine of servers, or in a collection of Qdrant's."""
    rows = [
        "| titles | in files, GB a machine | fits | in a collection, GB | nodes of Qdrant | GB beside it a machine |",
        "|---:|---:|---|---:|---:|---:|",
    ]
    room = FILLED * costs.memory_gb
    for titles in TITLES:
        files, collection, beside = (
            titles * each / 1e9 for each in (costs.files_bytes, costs.collection_bytes, costs.beside_bytes)
        )
        nodes = max(costs.replicas, math.ceil(collection * costs.replicas / room))
        fits = "yes" if files <= room else "no"
        cells = (f"{titles:,}", f"{files:.1f}", fits, f"{collection:.1f}", f"{nodes:,}", f"{beside:.1f}")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()

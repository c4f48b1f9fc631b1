"""Measure how long a reply takes: the first word and the whole, one question at a time, warm.

    python benchmarks/answers.py [--source ../shared/data/amazon_mixed_9k.trn.json.gz] [--questions 60]

Prepares and indexes the source in a scratch home, asks short questions about random products by
title, and prints medians over the replies that the model worded. The model has to be fetched.
"""

import argparse
import json
import random
import statistics
import tempfile
from pathlib import Path

from assistant.open import Engine, open_assistant, open_catalogue
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue
from index.progress import Progress
from index.resolver import TitleIndex

FRAMES = ("what size is the {}?", "what is the {} made of?", "does the {} come with a battery?", "who is the {} for?")


def main() -> None:
    """Run the measurement and print one JSON line."""
    default = Path(__file__).parents[2] / "shared" / "data" / "amazon_mixed_9k.trn.json.gz"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=default)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        prepare(arguments.source, home / "catalogue", progress=Progress)
        TitleIndex.build(Catalogue.load(home / "catalogue"), home / "index", progress=Progress)
        print(json.dumps(measure(home, arguments.questions, arguments.seed)))


def measure(home: Path, count: int, seed: int) -> dict[str, float | int | str]:
    """Ask, and give medians and 95th percentiles in milliseconds."""
    catalogue, _ = open_catalogue(home)
    draw = random.Random(seed)
    rows = draw.sample(range(len(catalogue)), min(count, len(catalogue)))
    questions = [draw.choice(FRAMES).replace("{}", catalogue.product(row).title) for row in rows]
    with open_assistant(home, Engine()) as assistant:
        assistant.warm_up()
        replies = [assistant.ask(question).reply for question in questions]
        worded = [reply.timings for reply in replies if reply.kind == "answer"]
        first = [sum(timings.values()) - timings["total_ms"] for timings in worded]
        total = [timings["total_ms"] for timings in worded]
        return {
            "backend": assistant.backend.name,
            "questions": len(questions),
            "worded": len(worded),
            "first_word_ms_median": round(statistics.median(first)),
            "first_word_ms_p95": round(statistics.quantiles(first, n=20)[-1]),
            "reply_ms_median": round(statistics.median(total)),
            "reply_ms_p95": round(statistics.quantiles(total, n=20)[-1]),
            "resolve_ms_median": round(statistics.median(reply.timings["resolve_ms"] for reply in replies), 1),
        }


if __name__ == "__main__":
    main()

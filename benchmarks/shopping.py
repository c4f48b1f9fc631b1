"""Measure the shopping talk on our own exam, whose products nothing was tuned on, or on the rows that it was tuned on.

    python benchmarks/shopping.py [--rows exam|tuning] [--data ../shared/data]

The catalogue is amazon_mixed_9k without the products that are kept for judgement. Needs list all products of it that
fit; comparisons, turns about no product and talks were written by hand. Five minutes on two cores.
"""

import argparse
import tempfile
from pathlib import Path

from public_reading import is_for_judgement
from title_shops import DEFAULT_DATA, indexed, read, written

from assistant.evaluation.shopping import evaluate_shopping, read_rows, shopping_lines
from assistant.open import Engine, open_assistant
from index.catalogue.store import Product
from index.progress import Progress

QUESTIONS = Path(__file__).with_name("questions") / "shopping"


def main() -> None:
    """Print the figures of one file of rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--rows", choices=("exam", "tuning"), default="exam")
    options = parser.parse_args()
    rows = read_rows([QUESTIONS / f"{options.rows}.jsonl"])
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        indexed(written(products_of(options.data), home / "trn.json"), home)
        with open_assistant(home, Engine()) as assistant:
            report = evaluate_shopping(rows, assistant, home / "reports" / "shopping", progress=Progress)
    print("\n".join(shopping_lines(report)))


def products_of(data: Path) -> list[Product]:
    """Return the products of the mixed catalogue but those that are kept for judgement."""
    rows = read(data / "amazon_mixed_9k.trn.json.gz")
    return [Product(row["uid"], row["title"], row["content"]) for row in rows if not is_for_judgement(row["uid"])]


if __name__ == "__main__":
    main()

"""Make a large catalogue of distinct titles from real ones, by recombination.

    python benchmarks/many_titles.py --rows 1300000 --out /tmp/many.trn.json [SOURCE]

Each title takes the brand of one real title, the words of another and some of a third; part numbers and sizes are
drawn anew in the shape of the old. One in five is a near-twin of a title made before: another colour, size, count,
edition or part number, all else equal. No title comes twice, however it is folded.
"""

import argparse
import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from index.progress import Progress
from index.text import fold

DEFAULT_SOURCE = Path(__file__).parents[2] / "shared" / "data" / "amazon_mixed_9k.trn.json.gz"
TWINS = 0.2
REMEMBERED = 50_000  # titles that may get a twin
VARIANTS = (
    ("Black", "White", "Red", "Blue", "Green", "Yellow", "Grey", "Brown", "Pink", "Purple", "Silver", "Gold"),
    ("Small", "Medium", "Large", "X-Large", "Mini", "Jumbo"),
    ("Pack of 2", "Pack of 3", "Pack of 4", "Pack of 6", "Pack of 10", "Pack of 12", "Pack of 24"),
    ("1st Edition", "2nd Edition", "3rd Edition", "4th Edition", "Deluxe Edition"),
    ("Paperback", "Hardcover", "Kindle Edition", "Audiobook"),
    ("6 Inch", "8 Inch", "10 Inch", "12 Inch", "18 Inch", "24 Inch"),
    ("16GB", "32GB", "64GB", "128GB", "256GB"),
)
_NUMBER = re.compile(r"\d")
_LETTER = re.compile(r"[A-Z]")


def main() -> None:
    """Write the rows as JSON Lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, nargs="?", default=DEFAULT_SOURCE, help="real rows, trn.json.gz")
    parser.add_argument("--rows", type=int, default=1_300_000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write(arguments.source, arguments.out, arguments.rows, arguments.seed)


def write(source: Path, path: Path, rows: int, seed: int) -> None:
    """Write so many products with distinct titles, and two sentences of a real description each."""
    with gzip.open(source, "rt", encoding="utf-8") as file:
        real = [json.loads(line) for line in file]
    sentences = [
        sentence for row in real for sentence in re.split(r"(?<=[.!?])\s", row["content"]) if 20 < len(sentence) < 200
    ]
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8") as file, Progress("making titles", rows, unit="titles") as bar:
        for number, title in enumerate(distinct_titles([row["title"] for row in real], rows, chance)):
            content = " ".join(chance.choices(sentences, k=2))
            file.write(json.dumps({"uid": f"M{number:08d}", "title": title, "content": content}) + "\n")
            bar.update()


def distinct_titles(real: Sequence[str], count: int, chance: random.Random) -> Iterator[str]:
    """Yield so many titles that differ when folded."""
    cut = [title.split() for title in real if len(title.split()) > 2]
    made: list[str] = []
    seen: set[int] = set()
    while len(seen) < count:
        title = _twin(chance.choice(made), chance) if made and chance.random() < TWINS else _recombined(cut, chance)
        key = hash(fold(title))
        if key not in seen:
            seen.add(key)
            if len(made) < REMEMBERED:
                made.append(title)
            else:
                made[chance.randrange(REMEMBERED)] = title
            yield title


def _recombined(cut: Sequence[Sequence[str]], chance: random.Random) -> str:
    """Return a title of the brand of one, the words of another, some of a third, and numbers of its own."""
    brand, body, lender = chance.choice(cut), chance.choice(cut), chance.choice(cut)
    words = [*brand[: chance.randint(1, 2)], *body[chance.randint(1, 2) :]]
    for _ in range(chance.randint(0, 3)):
        words[chance.randrange(len(words))] = chance.choice(lender)
    words = [_renumbered(word, chance) if _NUMBER.search(word) else word for word in words]
    if chance.random() < 0.3:
        words.append(chance.choice(chance.choice(VARIANTS)))
    return " ".join(words)


def _twin(title: str, chance: random.Random) -> str:
    """Change one thing by which twins differ; add it where the title has none."""
    for values in chance.sample(VARIANTS, len(VARIANTS)):
        for value in values:
            if value in title:
                return title.replace(value, chance.choice(values), 1)
    words = title.split()
    numbered = [place for place, word in enumerate(words) if _NUMBER.search(word)]
    if numbered and chance.random() < 0.5:
        place = chance.choice(numbered)
        words[place] = _renumbered(words[place], chance)
        return " ".join(words)
    return f"{title}, {chance.choice(chance.choice(VARIANTS))}"


def _renumbered(word: str, chance: random.Random) -> str:
    """Draw the digits of a word anew, and the capitals beside them where it is a part number."""
    digits = _NUMBER.sub(lambda _: str(chance.randint(1, 9)), word)
    if len(word) < 5:
        return digits
    return _LETTER.sub(lambda _: chance.choice("ABCDEFGHJKLMNPRSTUVWXYZ"), digits)


if __name__ == "__main__":
    main()

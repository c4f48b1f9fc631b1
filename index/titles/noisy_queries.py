"""Noisy queries about catalogue titles: what a shopper, or another shop, might write for them.

The ranker is trained on these. Every draw comes from the seed.

    query = NoisyQueries(titles, contents, seed=0).about("Sony WH-1000XM4 Wireless Headphones, Black")
    # e.g. "does the sony wh1000xm4 headpones come with a case?"
"""

import random
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

TEMPLATES = Path(__file__).with_name("query_templates.toml")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
FRAMED_SHARE = 0.6
TAIL_SHARE = 0.5
PLAIN_SHARE = 0.2
OTHER_SHOP_SHARE = 0.5
SEPARATORS = re.compile(r"[-/]")


class NoisyQueries:
    """Draws queries; other titles and descriptions lend words that do not belong."""

    def __init__(self, titles: Sequence[str], contents: Sequence[str], seed: int) -> None:
        self._titles = titles
        self._contents = [content for content in contents if content.strip()] or titles
        self._random = random.Random(seed)  # noqa: S311 - noise, not a secret
        self._templates: dict[str, list[str]] = tomllib.loads(TEMPLATES.read_text(encoding="utf-8"))
        self._holders: dict[str, list[int]] = {}
        for row, title in enumerate(titles):
            for word in title.split():
                self._holders.setdefault(word, []).append(row)

    def about(self, title: str) -> str:
        """Return the title as someone might write it; never empty where the title is not."""
        draw = self._random
        words = title.split()
        if draw.random() < PLAIN_SHARE:
            return self._framed(title)
        if draw.random() < OTHER_SHOP_SHARE:
            words = self._rewritten(words)
        elif draw.random() < 0.75:
            words = self._dropped(words)
        if draw.random() < 0.35:
            words = [self._part_number(word) for word in words]
        if draw.random() < 0.4:
            words = [self._misspelt(word) if draw.random() < 0.25 else word for word in words]
        if draw.random() < 0.3:
            words = self._with_strange_words(words)
        if draw.random() < 0.3:
            draw.shuffle(words)
        text = " ".join(words) or title
        if draw.random() < 0.5:
            text = text.lower()
        return self._framed(text)

    def without_title(self) -> str:
        """Return a question that names no product."""
        question = self._random.choice(self._templates["without_title"])
        return question.replace("[]", self._tail()).replace("{}", self._strange_word())

    def _framed(self, text: str) -> str:
        if self._random.random() >= FRAMED_SHARE:
            return text
        if self._random.random() >= TAIL_SHARE:
            return self._random.choice(self._templates["framed"]).replace("{}", text)
        template = self._random.choice(self._templates["framed_with_tail"])
        return template.replace("[]", self._tail()).replace("{}", text)

    def _tail(self) -> str:
        """Return one to four words that follow each other in some description."""
        words = self._random.choice(self._contents).split()
        start = self._random.randrange(len(words))
        return " ".join(words[start : start + self._random.randint(1, 4)])

    def _dropped(self, words: list[str]) -> list[str]:
        share = self._random.uniform(0.1, 0.5)
        kept = [word for word in words if self._random.random() > share]
        return kept if len(kept) > 1 else words[:2]

    def _rewritten(self, words: list[str]) -> list[str]:
        """Write a title as another shop might: brand and part number stay, much else is put in other words.

        Those come from a title that shares a word with this one, so that they suit it.
        """
        kept = [word for place, word in enumerate(words) if self._stays(place, word)] or words[:2]
        shared = [word for word in words if word in self._holders]
        near = self._words_beside(self._random.choice(shared)) if shared else []
        wanted = self._random.randint(0, max(1, len(words) // 3))
        for word in self._random.sample(near, min(wanted, len(near))):
            kept.insert(self._random.randint(min(1, len(kept)), len(kept)), word)
        return kept

    def _stays(self, place: int, word: str) -> bool:
        if len(word) >= 4 and any(sign.isdigit() for sign in word):
            return self._random.random() < 0.8
        return self._random.random() < (0.9 if place == 0 else 0.5)

    def _words_beside(self, word: str) -> list[str]:
        """Return the words of a random title that holds the word."""
        return self._titles[self._random.choice(self._holders[word])].split()

    def _misspelt(self, word: str) -> str:
        if len(word) < 4:
            return word
        place = self._random.randrange(1, len(word) - 1)
        kind = self._random.randrange(4)
        letter = self._random.choice(LETTERS)
        if kind == 0:
            return word[:place] + word[place + 1 :]
        if kind == 1:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        return word[:place] + letter + word[place + (kind == 2) :]

    def _part_number(self, word: str) -> str:
        """Write a part number another way, or leave it out."""
        if len(word) < 4 or not any(sign.isdigit() for sign in word):
            return word
        kind = self._random.randrange(5)
        if kind == 0:
            return ""
        if kind == 1:
            return SEPARATORS.sub("", word)
        if kind == 2:
            return SEPARATORS.sub(" ", word)
        if kind == 3:
            place = self._random.randrange(2, len(word) - 1)
            return word[:place] + "-" + word[place:]
        return word[:-1] + self._random.choice(("", "B", "-BK", "/A", "W"))

    def _with_strange_words(self, words: list[str]) -> list[str]:
        mixed = list(words)
        for _ in range(self._random.randint(1, 3)):
            mixed.insert(self._random.randint(0, len(mixed)), self._strange_word())
        return mixed

    def _strange_word(self) -> str:
        title = self._random.choice(self._titles).split()
        return self._random.choice(title) if title else ""

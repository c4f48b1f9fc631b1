"""Lessons for the ranker: noisy views of a catalogue's titles, each with its candidates.

ranker = learn(arms, titles, some_contents(catalogue, seed), "", seed, Progress)
"""

import contextlib
import json
import random
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

import numpy as np

from index.catalogue.store import Catalogue
from index.text import fold
from index.titles.noisy_queries import Noise
from index.titles.ranker import Ranker, Sample
from index.titles.retriever import Arms

VIEWS = 1_200
ENOUGH_TO_LEARN_FROM = 200  # titles; a smaller catalogue learns with the sample catalogue beside it
WITHOUT_TITLE_EVERY = 9  # every ninth view names no product at all
NOISE_TITLES = 20_000  # titles that lend words to views
CONTENTS = 4_000  # descriptions that do, and that tell which words are asked with


def some_contents(catalogue: Catalogue, seed: int) -> list[str]:
    """Draw descriptions; those of the sample catalogue are added to a small catalogue's."""
    draw = random.Random(seed)  # noqa: S311 - noise, not a secret
    rows = draw.sample(range(len(catalogue)), min(CONTENTS, len(catalogue)))
    contents = [catalogue.product(row).content for row in rows]
    small = len(catalogue) < ENOUGH_TO_LEARN_FROM
    return contents + ([content for _, content in _sample_products()] if small else [])


def learn(arms: Arms, titles: Sequence[str], contents: Sequence[str], encoder: str, seed: int, progress: Any) -> Ranker:
    """Fit the ranker on views of the titles; a small catalogue is taught with the sample catalogue's beside its own."""
    if len(set(map(fold, titles))) < ENOUGH_TO_LEARN_FROM:  # one title a thousand times teaches nothing
        titles = [*titles, *(title for title, _ in _sample_products())]
        arms = Arms.build(titles, contents, encoder, progress)
    return Ranker.fit(list(_samples(arms, titles, contents, seed, progress)))


def _sample_products() -> list[tuple[str, str]]:
    """Give title and content of the shipped sample catalogue's whole rows."""
    rows = []
    for line in resources.files("index.sample").joinpath("trn.json").read_bytes().splitlines():
        # The sample holds broken rows on purpose, to show how `prepare` counts them.
        with contextlib.suppress(ValueError):
            rows.append(json.loads(line))
    pairs = [(row.get("title"), row.get("content")) for row in rows]
    return [
        (title, content)
        for title, content in pairs
        if isinstance(title, str) and isinstance(content, str) and title.strip()
    ]


def _samples(arms: Arms, titles: Sequence[str], contents: Sequence[str], seed: int, progress: Any) -> Iterator[Sample]:
    """Give noisy views of the titles with their candidates, and questions that name no product."""
    draw = random.Random(seed)  # noqa: S311 - noise, not a secret
    noise = Noise(draw.sample(titles, min(NOISE_TITLES, len(titles))), contents, seed)
    meant = draw.sample(titles, min(VIEWS, len(titles)))
    with progress("learning to rank", VIEWS, unit="views") as bar:
        for number in range(VIEWS):
            title = meant[number % len(meant)]
            absent = number % WITHOUT_TITLE_EVERY == 0
            view = noise.without_title() if absent else noise.view(title)
            question, _, comparison = arms.candidates(view)
            folded = fold(title)
            right = np.array([not absent and other == folded for other in comparison.titles], dtype=bool)
            yield Sample(question, comparison, right)
            bar.update()

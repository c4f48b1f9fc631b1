"""Near-duplicates fall together, others do not, and the split follows from content."""

import hashlib
import itertools
import random
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from index.catalogue import near_duplicates
from index.catalogue.near_duplicates import cluster_keys, in_training, sign, title_key, united
from index.hashing import splitmix64

KETTLE = (
    "A sturdy kettle of brushed steel for gas and induction hobs, with a wide base that heats fast, a handle that "
    "stays cool and a whistle that three rooms can hear. Holds two litres; not for the dishwasher."
)
TENT = (
    "This light tent sleeps three people and their packs. The outer sheet sheds rain for days, the poles are of "
    "aluminium, and one person can put it up in ten minutes without reading anything."
)


def _clusters(titles: list[str], contents: list[str]) -> list[int]:
    signatures, signed = sign(contents)
    keys = cluster_keys(np.array([title_key(title) for title in titles], np.uint64), signatures, signed)
    return [int(key) for key in keys]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HATCHBOX PLA Filament, 1 kg Spool, 1.75 mm, Blue", "Hatchbox PLA filament 1kg spool - 3.00 mm (White)"),
        ("Harrow Kettle, 2 L", "harrow kettle 1.5 litre"),
        ("Deep Waters (Paperback)", "Deep Waters: Kindle Edition"),
        ("Deep Waters, 2nd Edition", "Deep Waters"),
        ("Caneta Esferográfica Azul, pacote com 12", "caneta esferografica VERMELHA"),
        ('Samsung 40" LCD TV', "Samsung 46-Inch LCD TV"),
        ("Latex Gloves Large, 100 Count", "Latex Gloves, Small, Pack of 50"),
        ("Men’s Running Shoe", "Men's Running Shoe"),
    ],
)
def test_titles_that_differ_by_size_colour_or_edition_fall_together(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Times Su Doku Book 3", "The Times Su Doku Book 4"),
        ("Sony WH-1000XM4", "Sony WH-1000XM5"),
        ("Red", "Blue"),
        ("The Red 10-Pack", "The Blue 10-Pack"),
        ("★", "☆"),
        ("Steel Kettle", "Steel Pan"),
    ],
)
def test_titles_of_different_products_stay_apart(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


def test_nearly_the_same_text_falls_together_under_any_title() -> None:
    near = KETTLE.replace("two litres", "3 litres").replace("brushed", "polished").upper()
    one, other, third = _clusters(["Harrow K1", "Boiler Deluxe X", "Something else"], [KETTLE, near, TENT])
    assert one == other != third


def test_short_texts_and_half_alike_texts_do_not_bind() -> None:
    half = KETTLE[: len(KETTLE) // 2] + TENT[len(TENT) // 2 :]
    titles = ["Alpha One", "Beta Two", "Gamma Three", "Delta Four"]
    assert len(set(_clusters(titles, ["Brand new in box.", "Brand new in box.", KETTLE, half]))) == 4


def test_chains_of_near_duplicates_form_one_cluster() -> None:
    keys = _clusters(["Alpha Kettle", "Beta Pan", "Beta Pan, Red", "Gamma Pot"], [KETTLE, KETTLE, TENT, TENT])
    assert len(set(keys)) == 1


def test_a_near_duplicate_is_found_behind_another_in_every_band() -> None:
    first = np.random.default_rng(0).integers(0, 2**16, 64, dtype=np.uint16)
    second, third = first.copy(), first.copy()
    second[[0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14]] += 1  # 52 of 64 places like the first
    third[:16] += 1  # 48 like the first, 60 like the second, yet no whole band like the second alone
    keys = cluster_keys(np.array([7, 8, 9], np.uint64), np.stack([first, second, third]), np.arange(3))
    assert keys.tolist() == [7, 7, 7]
    keys = cluster_keys(np.array([7, 9], np.uint64), np.stack([first, third]), np.arange(2))
    assert keys.tolist() == [7, 9]


def test_the_signature_estimates_the_jaccard_similarity() -> None:
    chance = random.Random(1)
    vocabulary = [f"word{number}" for number in range(2000)]
    for changed in (5, 20, 60):
        words = chance.sample(vocabulary, 200)
        other = [word if chance.random() > changed / 200 else chance.choice(vocabulary) for word in words]
        sets = [set(text) | set(itertools.pairwise(text)) for text in (words, other)]
        true = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
        signatures, _ = sign([" ".join(words), " ".join(other)])
        assert (signatures[0] == signatures[1]).mean() == pytest.approx(true, abs=0.2)


def test_hashes_are_those_by_which_catalogues_on_disk_were_split() -> None:
    table = near_duplicates._FACTORS.tobytes() + near_duplicates._OFFSETS.tobytes()
    assert hashlib.sha256(table).hexdigest().startswith("e63f89e3213a8058")
    assert (near_duplicates._FACTORS % 2 == 1).all()
    assert sign([KETTLE])[0][0, :4].tolist() == [18834, 9276, 34804, 1101]


def test_signatures_are_the_same_whatever_stands_around_the_text() -> None:
    texts = ["too short", *(f"{KETTLE[number:]} {TENT[number:]} {KETTLE[-number:]}" for number in range(1, 300))]
    among, places = sign(texts)
    assert places.tolist() == list(range(1, 300))
    for place, signature in zip(places, among, strict=True):
        assert (sign([texts[place]])[0] == signature).all()


def test_no_products_and_no_signatures_are_no_trouble() -> None:
    signatures, signed = sign(["short"])
    assert signatures.shape == (0, 64)
    assert cluster_keys(np.array([3, 3, 5], np.uint64), signatures, signed).tolist() == [3, 3, 5]


def test_four_in_five_clusters_are_for_training() -> None:
    assert in_training(splitmix64(np.arange(100_000, dtype=np.uint64))).mean() == pytest.approx(0.8, abs=0.01)


def test_a_hundred_thousand_equal_and_chained_products_take_linear_time() -> None:
    count = 100_000
    keys = np.repeat(splitmix64(np.arange(count // 2, dtype=np.uint64)), 2)  # pairs by title …
    signatures, _ = sign([f"{TENT} {KETTLE}"])
    start_s = time.process_time()
    found = cluster_keys(keys, np.repeat(signatures, count, axis=0), np.arange(count))  # … and all by text
    assert time.process_time() - start_s < 20
    assert len(np.unique(found)) == 1
    assert found[0] == keys.min()


@given(
    arrays(np.int64, 20, elements=st.integers(0, 19)),
    arrays(np.int64, (2, 12), elements=st.integers(0, 19)),
    st.integers(0, 12),
)
def test_pairs_unite_what_a_graph_connects(labels: NDArray[np.int64], pairs: NDArray[np.int64], count: int) -> None:
    pairs = pairs[:, :count]
    ends = labels[pairs]
    graph = coo_array((np.ones(count), (ends[0], ends[1])), shape=(20, 20))
    expected = connected_components(graph, directed=False)[1][labels]
    found = united(labels, pairs)
    assert np.array_equal(np.equal.outer(found, found), np.equal.outer(expected, expected))

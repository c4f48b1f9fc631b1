"""Measuring the resolver: figures against cases worked by hand, questions whose title is known, the report."""

import json
import random
from pathlib import Path

import pytest

from assistant.evaluation.html import templates
from assistant.evaluation.resolver.metrics import Bin, SearchResult, auroc, calibration_error, figures_of, reliability
from assistant.evaluation.resolver.queries import (
    TitleQuery,
    few_words,
    halves,
    misspelt,
    noisy,
    slices_of,
    translated,
    twins,
    with_typos,
)
from index.catalogue.store import Product
from index.text import fold
from ui.cli import main

KETTLES = [f"Harrow Electric Kettle {size}, {colour}" for size in ("1.7 L", "0.9 L") for colour in ("Red", "Black")]


def answered(titles: list[str], score: float, decision: str = "found", offered: tuple[str, ...] = ()) -> SearchResult:
    return SearchResult(tuple(map(fold, titles)), score, 5.0, decision, tuple(map(fold, offered)))


def test_figures_equal_those_worked_by_hand() -> None:
    sought = [TitleQuery("a?", "A, one"), TitleQuery("b?", "B"), TitleQuery("c?", "C"), TitleQuery("d?", "D")]
    said = [
        answered(["a ONE", "x"], 0.9),  # right; equal when folded
        answered(["x", "B"], 0.8),  # second, and wrong when found
        answered(["x", "y"], 0.4, "ambiguous", ("x", "C")),  # not first, but offered
        answered(["x", "y"], 0.1, "unknown"),
    ]
    figures = {name: found.value for name, found in figures_of(sought, said, resamples=10, seed=0).items()}
    assert figures["accuracy_1"] == 0.25
    assert figures["accuracy_4"] == figures["accuracy_10"] == 0.5
    assert figures["mrr"] == (1 + 1 / 2) / 4
    assert (figures["found"], figures["ambiguous"], figures["unknown"]) == (0.5, 0.25, 0.25)
    assert figures["wrong_when_found"] == 0.5
    assert figures["shown"] == 0.5  # the one found and right, the one offered
    assert figures["ms_p50"] == 5.0
    # Bins of .9, .8, .4 and .1 with one each: (.1 + .8 + .4 + .1) / 4.
    assert figures["calibration"] == pytest.approx(0.35)


def test_a_search_that_decides_nothing_has_no_figures_of_decisions() -> None:
    figures = figures_of([TitleQuery("a", "A")], [SearchResult(("a",), 3.2, 1.0)], resamples=10, seed=0)
    assert set(figures) == {"accuracy_1", "accuracy_4", "accuracy_10", "mrr", "ms_p50", "ms_p99"}


def test_a_probability_that_is_right_as_often_as_it_says_has_no_error() -> None:
    said = [0.25] * 4 + [0.75] * 4
    happened = [True, False, False, False, True, True, True, False]
    assert calibration_error(said, happened) == 0
    assert reliability(said, happened) == [
        Bin(0.25, 0.25, 4),
        Bin(0.75, 0.75, 4),
    ]
    assert calibration_error([1.0, 1.0], [True, False]) == 0.5


def test_auroc_counts_pairs_and_halves_ties() -> None:
    assert auroc([0.9, 0.5], [0.1, 0.5]) == (1 + 1 + 1 + 0.5) / 4


def test_noise_keeps_to_its_title() -> None:
    draw = random.Random(1)
    assert {with_typos("Harrow Kettle", draw) for _ in range(50)} - {"Harrow Kettle"}
    assert few_words("Sony WH-1000XM4 Wireless Headphones with Case", draw).split()[0] in ("Sony", "WH-1000XM4")
    for _ in range(50):
        assert misspelt("kettle", draw) != "" and abs(len(misspelt("kettle", draw)) - 6) <= 1
        assert misspelt("the", draw) == "the"
        assert noisy("Harrow", draw)


def test_a_title_is_translated_where_two_words_have_a_name() -> None:
    assert translated("Black Leather Case for Phone") == "preto couro capa para telefone"
    assert translated("Zephyr X9") == ""


def test_twins_are_asked_without_what_tells_them_apart() -> None:
    asked = twins([*KETTLES, "Desk Lamp with Clamp and Switch"], 10, random.Random(0))
    assert [one.question for one in asked] == ["harrow electric kettle l"]
    assert asked[0].title in KETTLES


def test_no_title_is_on_both_sides_of_a_halved_catalogue() -> None:
    products = [
        Product(str(number), title, "")
        for number, title in enumerate([*KETTLES, "harrow electric KETTLE 1.7 L, Red", "Lamp"])
    ]
    present, absent = halves(products)
    assert [product.uid for product in present] == ["0", "1", "2"]
    assert [product.uid for product in absent] == ["3", "5"]


def test_slices_are_the_same_for_the_same_seed() -> None:
    titles = [*KETTLES, "Black Leather Case for Phone"]
    assert slices_of(titles, 3, seed=5) == slices_of(titles, 3, seed=5)
    assert {name: len(sought) for name, sought in slices_of(titles, 3, seed=5).items()} == {
        "full title in a question": 3,
        "Portuguese frame": 3,
        "noisy question": 3,
        "few distinctive words": 3,
        "typos": 3,
        "translated name": 3,
        "twins": 1,
    }


def test_a_reliability_plot_has_a_dot_for_each_bin() -> None:
    bins = [Bin(0.1, 0.0, 3), Bin(0.9, 1.0, 30)]
    drawn = templates().get_template("pieces.html").module.reliability("True & said", bins)
    assert drawn.count("<circle") == 2
    assert "True &amp; said" in drawn


@pytest.mark.slow
def test_the_command_measures_and_publishes(
    sample_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    home = shutil.copytree(sample_home, tmp_path / "home")
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text('{"question": "red harrow kettle <b>", "uid": "TWK0000101"}\n', encoding="utf-8")
    command = ["--home", str(home), "evaluate", "resolver", "--limit", "8", "--pairs", str(pairs)]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "full title in a question" in told
    assert "AUROC" in told
    report = json.loads((home / "reports" / "resolver" / "report.json").read_text(encoding="utf-8"))
    assert report["slices"]["pairs"]["questions"] == 1
    assert report["slices"]["full title in a question"]["figures"]["accuracy_1"]["value"] == 1.0
    assert 0.5 < report["absence"]["auroc"] <= 1
    page = (home / "reports" / "resolver" / "report.html").read_text(encoding="utf-8")
    assert "red harrow kettle &lt;b&gt;" in page
    pairs.write_text('{"question": "red harrow kettle"}\n', encoding="utf-8")
    assert main(command) == 1
    assert "line 1 of" in capsys.readouterr().err

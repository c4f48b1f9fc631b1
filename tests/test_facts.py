"""Facts found in descriptions, with their places."""

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from finetune.data.facts import Fact, facts_in, number_of
from index.catalogue.store import Catalogue

INFINITE = float("inf")


@pytest.fixture(scope="module")
def sample(sample_home: Path) -> Catalogue:
    return Catalogue.load(sample_home / "catalogue")


def the_fact(attribute: str, content: str) -> Fact:
    found = [fact for fact in facts_in(content) if fact.attribute == attribute]
    assert len(found) == 1, f"{attribute} in {content!r}: {[fact.text for fact in found]}"
    return found[0]


@pytest.mark.parametrize(
    ("attribute", "content", "text", "numbers"),
    [
        ("age", "For ages 3-8. Made of wood.", "ages 3-8", (36, 96)),
        ("age", "A first toy, 6 months - 2 years old.", "6 months - 2 years old", (6, 24)),
        ("age", "Suitable for children ages 5 and above.", "ages 5 and above", (60, INFINITE)),
        ("players", "A game for 2 to 4 players.", "2 to 4 players", (2, 4)),
        ("weight", "It weighs just 1.3 kg empty.", "just 1.3 kg", (1.3,)),
        ("weight", "Peso: 900 g.", "900 g", (900,)),
        ("size", "It measures 13-3/8 x 11-7/8 inches (H x Dia).", "13-3/8 x 11-7/8 inches", (13.375,)),
        ("size", "The shelf is 30 inches tall.", "30 inches tall", (30,)),
        ("capacity", "The stapler holds up to 210 staples.", "up to 210 staples", (210,)),
        ("count", "Sold as a pack of 12.", "pack of 12", (12,)),
        ("pages", "A notebook of 192 pages.", "192 pages", (192,)),
        ("warranty", "Comes with a 2-year warranty.", "2-year warranty", (2,)),
        ("batteries", "Requires 3 x AA batteries (not included).", "3 x AA batteries", (3,)),
        ("duration", "Gives 10 hours of playback.", "10 hours of playback", (10,)),
    ],
)
def test_a_number_is_found_with_its_words_and_its_amount(
    attribute: str, content: str, text: str, numbers: tuple[float, ...]
) -> None:
    fact = the_fact(attribute, content)
    assert (fact.text, fact.numbers) == (text, numbers)


@pytest.mark.parametrize(
    ("attribute", "content", "value"),
    [
        ("material", "The body is made of durable stainless steel.", "stainless steel"),
        ("material", "Feito de algodão macio.", "algodão"),
        ("colour", "Color: Black and Green", "black and green"),
        ("author", "A picture book written by Judith Kerr.", "judith kerr"),
        ("origin", "Proudly made in the USA.", "the usa"),
        ("language", "Language: English, Spanish and French.", "english, spanish and french"),
        ("washing", "Hand wash only.", "hand wash only"),
        ("free", "All parts are BPA-free.", "bpa-free"),
        ("power", "A battery operated lamp.", "battery operated"),
        ("certified", "UL listed for damp places.", "ul listed"),
    ],
)
def test_a_word_is_found_as_it_stands(attribute: str, content: str, value: str) -> None:
    assert the_fact(attribute, content).value == value


@pytest.mark.parametrize(
    ("attribute", "content"),
    [
        ("batteries included", "Requires 2 AAA batteries, not included."),
        ("assembly", "No assembly required."),
        ("property", "The clothing is not removable."),
        ("property", "The mug is not dishwasher safe."),
        ("age", "Not suitable for children under 3 years."),
        ("compatibility", "Not for use on wool carpeting."),
        ("not included", "The ink cartridge is sold separately."),
        ("requirement", "It does not require a heated bed."),
        ("water", "This watch is not waterproof."),
    ],
)
def test_what_a_text_denies_is_a_fact_of_negative_polarity(attribute: str, content: str) -> None:
    assert not the_fact(attribute, content).polarity


def test_a_list_is_cut_into_its_items_and_closed_only_where_it_claims_to_be_whole() -> None:
    whole = the_fact("included", "Box Contains 2 x Roller skates, 1 x Brush and a helmet")
    assert whole.items == ("Roller skates", "Brush", "helmet")
    assert whole.closed
    assert not the_fact("included", "It includes a brush and a helmet.").closed
    assert not the_fact("compatibility", "Compatible with Canon and other printers.").closed


@pytest.mark.parametrize(
    ("attribute", "content"),
    [
        ("weight", "Supports weights up to 200 lbs."),
        ("weight", "20 lb. paper, 500 sheets."),
        ("pages", "Cartridge yield: 200 pages."),
        ("duration", "The battery lasts 12-14 minutes of flight."),
        ("voltage", "Rated 12V/24V."),
        ("age", "A 2 - 3 year warranty."),
        ("wattage", "Resistors of 1/4 watt."),
        ("material", "Not made of wood."),
        ("property", "It is not waterproof."),
        ("language", "Original language: Russian."),
        ("assembly", "Tools for assembly are not needed."),
    ],
)
def test_a_number_or_word_that_is_about_something_else_is_no_fact(attribute: str, content: str) -> None:
    assert not [fact for fact in facts_in(content) if fact.attribute == attribute and fact.polarity]


@given(st.text(alphabet='ages 3-8x12inmade of wodl.,;:()½"', max_size=200))
def test_whatever_the_text_a_fact_is_a_slice_of_it(content: str) -> None:
    assert all(content[fact.start : fact.end] == fact.text for fact in facts_in(content))


def test_in_a_real_catalogue_each_fact_is_a_slice_within_its_passage(sample: Catalogue) -> None:
    contents = [sample.product(row).content for row in range(len(sample))]
    facts = [(content, fact) for content in contents for fact in facts_in(content)]
    assert len(facts) > len(contents)
    for content, fact in facts:
        assert content[fact.start : fact.end] == fact.text
        assert fact.passage.start <= fact.start < fact.end <= fact.passage.end
        assert content[fact.passage.start : fact.passage.end] == fact.passage.text


@pytest.mark.parametrize(
    ("text", "number"), [("7 1/2", 7.5), ("3-1/4", 3.25), ("¾", 0.75), ("1,200", 1200), ("two", 2), ("0.5", 0.5)]
)
def test_numbers_are_read_as_shops_write_them(text: str, number: float) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["1/0", "", "some"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        number_of(text)

"""Quantities: read in any usual form, converted, and compared."""

import math

import pytest

from index.quantities import Quantity, compare, only_limits, quantities_in

POUND, INCH, FOOT = 453.59237, 0.0254, 0.3048


@pytest.mark.parametrize(
    ("text", "low", "high", "dimension"),
    [
        ("frying pan 28cm", 0.28, 0.28, "length"),
        ("a 15-inch screen", 15 * INCH, 15 * INCH, "length"),
        ("1/2 inch", INCH / 2, INCH / 2, "length"),
        ('½" pipe', INCH / 2, INCH / 2, "length"),
        ('2 1/4" wide', 2.25 * INCH, 2.25 * INCH, "length"),
        ("4,7 L", 4.7, 4.7, "volume"),
        ("1,200 W", 1200, 1200, "power"),
        ("16.9 fl oz", 0.4998, 0.4998, "volume"),
        ("holds up to 50 lbs", -math.inf, 50 * POUND, "mass"),
        ("at least 3 kg", 3000, math.inf, "mass"),
        ("ages 2-8", 2, 8, "time"),
        ("Age 3+ years", 3, math.inf, "time"),
        ("18 months and up", 1.5, math.inf, "time"),
        ("children 8 years of age and older", 8, math.inf, "time"),
        ("not suitable for children under 3 years", 3, math.inf, "time"),
        ("4 to 10 players", 4, 10, "people"),
        ("-30 ~ +70 C", -30, 70, "temperature"),
        ("32 F", 0, 0, "temperature"),
        ("para crianças a partir de 4 anos", 4, math.inf, "time"),
        ("até 25 folhas", -math.inf, 25, "sheets"),
        ("12 mph", 5.364, 5.364, "speed"),
        ("25 km/h", 6.944, 6.944, "speed"),
        ("prints up to 32 ppm", -math.inf, 32, "rate"),
        ("a 2.5x power lens", 2.5, 2.5, "magnification"),
        ("10x zoom", 10, 10, "magnification"),
    ],
)
def test_amounts_are_read_with_their_units_and_limits(text: str, low: float, high: float, dimension: str) -> None:
    (quantity,) = quantities_in(text)
    assert (quantity.low, quantity.high) == (
        pytest.approx(low, rel=1e-3, abs=1e-3),
        pytest.approx(high, rel=1e-3, abs=1e-3),
    )
    assert quantity.dimension == dimension


@pytest.mark.parametrize(
    ("text", "lows", "dimension"),
    [
        ("49.3 x 36.2cm", [0.493, 0.362], "length"),
        ("4 x 2 x 0.5 inches", [0.1016, 0.0508, 0.0127], "length"),
        ("20 × 30 mm", [0.02, 0.03], "length"),
    ],
)
def test_a_row_of_lengths_has_the_unit_at_its_end(text: str, lows: list[float], dimension: str) -> None:
    found = quantities_in(text)
    assert [each.low for each in found] == pytest.approx(lows)
    assert {each.dimension for each in found} == {dimension}


@pytest.mark.parametrize("text", ["2 x 4 oz", "12 x 500 ml", "2 x AAA", "8.5 x 11", "2x AAA batteries"])
def test_the_first_number_of_a_pack_is_no_amount(text: str) -> None:
    assert quantities_in(text)[0].dimension == ""


def test_what_is_counted_is_known_by_its_stem() -> None:
    assert quantities_in("24 pencils") == [Quantity(24, 24, "", "pencil")]


@pytest.mark.parametrize("text", ["model WH1000XM4", "no number at all", "", "a.5b", "1/0 of it"])
def test_part_numbers_and_nonsense_make_no_unit(text: str) -> None:
    assert all(not quantity.dimension for quantity in quantities_in(text))


@pytest.mark.parametrize(
    ("asked", "stated"),
    [
        ("ok for my 2 year old?", "ages 3 and up"),
        ("ok for my 2 year old?", "Not suitable for children under 3 years"),
        ("she is 5, right age?", "for children ages 8-12"),
        ("im 340 lbs, can it take me", "holds up to 300 lbs"),
        ("can i feed a sheet 18 inches wide", 'laminates items up to 17.5" wide'),
        ("ok at 300f?", "Measure range: -4 ~ 220F"),
        ("8 of us on game night, works?", "for 2 to 4 players"),
        ("dá pra criança de 2 anos?", "Age 3+ years"),
        ("is it under 200 pages?", "a book of 350 pages"),
        ("runs more than 8 hours?", "runs 4 hours"),
    ],
)
def test_an_amount_out_of_range_is_outside(asked: str, stated: str) -> None:
    assert compare(asked, stated) == "outside"


@pytest.mark.parametrize(
    ("asked", "stated"),
    [
        ("grandson is 9, suits him?", "Recommended for children 8 years of age and older"),
        ("my kid just turned 2. old enough?", "Friendly for ages 18 months and up"),
        ("8 of us on game night, works?", "instant fun for 4 to 10 players"),
        ("will it carry 20 kg?", "holds up to 50 lbs"),
        ("is it under 200 pages?", "its 175 pages"),
        ("my nozzle runs at 240c", "Melting Temperature: 220~260 C"),
        ("aguenta 20 folhas?", "staples up to 25 sheets"),
        ("does it go up to 20 inches", 'lifts from 9" to 24"'),
    ],
)
def test_an_amount_in_range_is_within(asked: str, stated: str) -> None:
    assert compare(asked, stated) == "within"


@pytest.mark.parametrize(
    ("asked", "stated", "relation"),
    [
        ("is it 12 amps?", "The motor draws 7.9 amp", "above"),
        ("is this the 48 color one", "24 color pencils", "above"),
        ("is it 1 inch?", "Thickness: 25.4 mm", "equal"),
        ("a 100 feet roll?", "50' thermal paper", "above"),
        ("is it just an 8 digit one", "12-digit display", "below"),
        ("how heavy is it?", "It weighs 2 kg", None),
        ("is it 12 volts?", "It weighs 2 kg", None),
        ("does it have 3 shelves?", "Made in 1999 by 4 craftsmen and 2 dogs", None),
    ],
)
def test_exact_amounts_are_told_apart_and_unlike_ones_are_not_compared(
    asked: str, stated: str, relation: str | None
) -> None:
    assert compare(asked, stated) == relation


def test_hostile_numbers_take_no_time_that_grows_with_their_square() -> None:
    import time

    def seconds(text: str) -> float:
        start_s = time.perf_counter()
        quantities_in(text)
        return time.perf_counter() - start_s

    for unit in ("1", "1 ", "1-", "1/2 ", "up to 1", "9" * 10 + "a", '1"'):
        small, large = (min(seconds(unit * count) for _ in range(3)) for count in (2_000, 8_000))
        assert large < 12 * small + 0.05, unit


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("It can easily hold up to 30 pounds", True),
        ("handles 120 lb of cargo", True),
        ("a capacity of 275 lbs", True),
        ("supports riders up to 48 pounds", True),
        ("Lightweight at only 9 lbs, it handles 120 lb", False),
        ("Item weight: 9 lbs", False),
        ("no amount at all", False),
        ("up to 3 metres", False),
    ],
)
def test_a_text_may_state_no_weight_but_limits(text: str, only: bool) -> None:
    assert only_limits(text, "mass") is only

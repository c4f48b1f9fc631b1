"""A comparison as a question about each of its products: what is compared is asked for."""

import pytest

from assistant.shopping.comparison import read_comparison
from assistant.shopping.of_each import asked_of_each


@pytest.mark.parametrize(
    ("piece", "asked"),
    [
        # more of something
        ("which shreds more paper at once", "How much paper does it shred at once?"),
        ("who holds more staples", "How many staples does it hold?"),
        ("which one has the most recipes", "How many recipes does it have?"),
        ("does • have more pockets than •", "How many pockets does it have?"),
        ("which of the two makes fewer cups", "How many cups does it make?"),
        ("who gives me more ink", "How much ink does it give?"),
        ("does • get through more sheets than •", "How many sheets does it get through?"),
        ("which goes through less water", "How much water does it go through?"),
        ("which carries more bottles on a trip", "How many bottles does it carry on a trip?"),
        ("how many more pockets does • have than •", "How many pockets does it have?"),
        ("which tube has the most glue", "How much glue does it have?"),
        ("which kettle of these holds fewer cups", "How many cups does it hold?"),
        ("who carries the most", "How much does it carry?"),
        ("which one pulls less", "How much does it pull?"),
        ("yo wich holds more pens", "How many pens does it hold?"),
        ("which cuts bigger holes", "How big holes does it cut?"),
        ("is the handle of • longer than of •", "How long is its handle?"),
        ("my girl is almost 4", "Is it for a 4 year old?"),
        ("for my nephew who's 18 months", "Is it for a 18 month old?"),
        # a comparative alone
        ("which flies further from the remote", "How far does it fly from the remote?"),
        ("which one goes up higher", "How high does it go up?"),
        ("who is deeper front to back", "How deep is it front to back?"),
        ("will • go farther than • before i lose signal", "How far does it go before i lose signal?"),
        ("is • harder than •", "How hard is it?"),
        ("which dries faster on wood", "How fast does it dry on wood?"),
        ("which boils water faster", "How fast does it boil water?"),
        ("which of • uses less power", "How much power does it use?"),
        ("which actually holds more people", "How many people does it hold?"),
        ("which lies flatter", "How flat does it lie?"),
        ("which one is brighter at night", "How bright is it at night?"),
        ("is • any faster at printing than •", "How fast is it at printing?"),
        ("is • taller than • once built", "How tall is it once built?"),
        ("whats wider", "How wide is it?"),
        ("is one longer", "How long is it?"),
        ("is • one quieter than • ones", "How quiet is it?"),
        ("whos flatter •", "How flat is it?"),
        # a comparative of a part
        ("which has the longer power cord", "How long is its power cord?"),
        ("does • have a longer cord than •", "How long is its cord?"),
        ("does • vac have a longer cord than •", "How long is its cord?"),
        ("deeper throat", "How deep is its throat?"),
        ("longest cable", "How long is its cable?"),
        ("harder wheels on • or on •", "How hard are its wheels?"),
        ("• which has the wider seat", "How wide is its seat?"),
        ("which comes with the larger basket", "How large is its basket?"),
        ("which has wider straps", "How wide are its straps?"),
        ("whats the weight difference between • and •", "What is its weight?"),
        ("any height difference •", "What is its height?"),
        ("what is the difference in blade length between • and •", "What is its blade length?"),
        ("whose chuck is bigger", "How big is its chuck?"),
        ("is • base heavier than • base", "How heavy is its base?"),
        ("which needs a smaller hole", "How small a hole does it need?"),
        ("whats the noise level of • vs •", "What is its noise level?"),
        # the comparative is all there is
        ("which is the shorter one", "How short is it?"),
        ("thinner", "How thin is it?"),
        ("the steeper", "How steep is it?"),
        ("colder one wins", "How cold is it?"),
        ("smallest of these", "How small is it?"),
        # yes or no
        ("which survives a fire", "Does it survive a fire?"),
        ("which one has a timer and a filter", "Does it have a timer and a filter?"),
        ("which is waterproof", "Is it waterproof?"),
        ("which one can print on both sides", "Can it print on both sides?"),
        ("do both • and • eat credit cards", "Does it eat credit cards?"),
        ("are both • in a wood box", "Is it in a wood box?"),
        ("do they both come with batteries", "Does it come with batteries?"),
        ("does either recharge", "Does it recharge?"),
        ("does each one stop when the tray is out", "Does it stop when the tray is out?"),
        ("do these two lock", "Does it lock?"),
        ("do all three have a timer", "Does it have a timer?"),
        ("are all of them dimmable", "Is it dimmable?"),
        ("which can i use on metal", "Can i use it on metal?"),
        ("what material is • made of", "What material is it made of?"),
        ("can • laminate cards", "Can it laminate cards?"),
        ("is • recyclable", "Is it recyclable?"),
        # what is asked of one as it is
        ("how deep does • go", "How deep does it go?"),
        ("how wide is • versus •", "How wide is it?"),
        (
            "how long can • run before it needs to cool down compared to •",
            "How long can it run before it needs to cool down?",
        ),
        ("how many sheets can each one hold", "How many sheets can it hold?"),
        ("• prints how fast next to •", "How fast does it print?"),
        ("• holds how many staples", "How many staples does it hold?"),
        ("• flies how many minutes", "How many minutes does it fly?"),
    ],
)
def test_what_is_compared_is_asked_of_each(piece: str, asked: str) -> None:
    assert asked_of_each(piece) == asked


@pytest.mark.parametrize(
    "piece", ["for a tiger of six", "water resistant under pressure", "never", "", "• vs •", "and •"]
)
def test_what_asks_nothing_by_itself_is_left(piece: str) -> None:
    assert asked_of_each(piece) == ""


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("lumo 14 vs gust 8, who sucks up more litres at once?", "How many litres does it suck up at once?"),
        ("which reaches further from the socket, the lumo 14 or the gust 8?", "How far does it reach from the socket?"),
        ("does the lumo 14 have a longer hose than the gust 8?", "How long is its hose?"),
        ("longest hose: lumo 14, gust 8", "How long is its hose?"),
        ("which has more vac bags, lumo 14 or gust 8?", "How many vac bags does it have?"),
        ("the lumo shop vac 14 and the gust 8 in black, which of the two climbs stairs?", "Does it climb stairs?"),
        ("do both the lumo 14 and the gust 8 blow as well", "Does it blow as well?"),
        ("which vac stays quiet longer, lumo 14 or gust 8?", "How long does it stay quiet?"),
        ("which vac's hose is longer, lumo 14 or gust 8?", "How long is its hose?"),
        ("does lumo's 14 gal vac eat vac bags like gust's 8 gal one", "Does it eat vac bags?"),
        ("is the lumo 14 gal vac quieter than the little gust?", "How quiet is it?"),
    ],
)
def test_a_comparison_puts_it_so_to_each(text: str, question: str) -> None:
    assert question in read_comparison(text, ["Lumo Vac 14", "Gust Vac 8"]).questions


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("which charges faster, lumo 14 or gust 8?", "How fast does it charge?"),
        ("lumo 14 or gust 8, which warms up faster?", "How fast does it warm up?"),
        ("qual tem maior potência, lumo 14 ou gust 8?", "Qual a potência?"),
        ("qual carrega mais rápido, lumo 14 ou gust 8?", "Carrega mais rápido?"),
        ("qual tem o cabo mais comprido, lumo 14 ou gust 8?", "Tem cabo mais comprido?"),
        ("qual é mais comprido, lumo 14 ou gust 8?", "Qual o comprimento?"),
        ("qual é mais rápido, lumo 14 ou gust 8?", "Qual a velocidade máxima?"),
        ("lumo 14 ou gust 8, qual pesa menos?", "Quanto pesa?"),
    ],
)
def test_what_is_compared_comes_before_what_is_like_it(text: str, first: str) -> None:
    assert read_comparison(text, ["Lumo Vac 14", "Gust Vac 8"]).questions[0] == first


@pytest.mark.parametrize("text", ["does the lumo or the gust have a dimmer?", "lumo or gust, any cooler in the box?"])
def test_a_thing_is_no_comparative(text: str) -> None:
    assert read_comparison(text, ["Lumo Lamp", "Gust Lamp"]).wins == ""


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("more mhz where, lumo or gust?", "mhz"),
        ("lumo or gust: who has more db", "db"),
        ("less kg, lumo or gust", "kg"),
    ],
)
def test_a_unit_that_one_has_more_of_is_counted(text: str, counted: str) -> None:
    comparison = read_comparison(text, ["Lumo", "Gust"])
    assert comparison.measures
    assert comparison.states(f"It has 12 {counted}.")

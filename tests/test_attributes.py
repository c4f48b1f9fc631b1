"""Attributes in questions and in descriptions."""

import pytest

from assistant.attributes import asked_about, asks_own_weight, carries

PAIRS = [
    ("weight", "how heavy is it?", "Weighs 1.3 kg empty.", "Boils in five minutes."),
    ("weight", "quanto pesa?", "Peso: 254 g", "Garantia de um ano"),
    ("size", "what are the dimensions", "31 x 29 x 20 cm", "Made in Portugal"),
    ("capacity", "how many litres does it hold", "holds 1.7 l", "weighs 2 kg"),
    ("age", "what age is it for?", "for children from 4 to 12 years", "a red lamp"),
    ("players", "how many players?", "For 2 to 4 players", "60 cards"),
    ("colour", "what colour is it", "finished in matt black", "weighs 2 kg"),
    ("material", "is it made of wood?", "solid oak", "weighs 2 kg"),
    ("author", "who wrote it", "written by A. Wray", "336 pages"),
    ("pages", "how many pages", "336 pages", "Two-year warranty"),
    ("language", "is it in portuguese?", "English edition", "336 pages"),
    ("power", "does it need batteries?", "two AAA cells", "solid oak"),
    ("duration", "how long does the battery last", "38 hours", "solid oak"),
    ("included", "what's in the box", "supplied with a case", "solid oak"),
    ("count", "how many are in a pack", "pack of 12", "solid oak"),
    ("compatibility", "will it work with android", "compatible with Android", "solid oak"),
    ("dishwasher", "can I put it in the dishwasher", "Not dishwasher safe", "Wash by hand"),
    ("dishwasher", "vai a lava-loucas?", "Pode ir à lava-louças", "Não vai ao forno"),
    ("washing", "how do I wash it", "Wash at 60 degrees", "solid oak"),
    ("heat", "pode ir ao forno?", "Não vai ao forno", "Pode ir à lava-louças"),
    ("warranty", "qual é a garantia", "Two-year warranty", "solid oak"),
    ("water", "is it waterproof", "IPX4", "solid oak"),
    ("origin", "where is it made", "Made in Portugal", "solid oak"),
    ("wireless", "is it wireless", "Bluetooth 5.3", "solid oak"),
]


@pytest.mark.parametrize(("name", "question", "stated", "silent"), PAIRS)
def test_an_attribute_is_recognised_in_questions_and_in_texts(
    name: str, question: str, stated: str, silent: str
) -> None:
    assert name in asked_about(question)
    assert carries(stated, name)
    assert not carries(silent, name)


def test_a_question_without_a_known_attribute_names_none() -> None:
    assert asked_about("does it whistle?") == {}


@pytest.mark.parametrize(
    ("question", "own"),
    [
        ("how heavy is the Versacart?", True),
        ("weight of the fluke 62 max", True),
        ("quanto pesa a chaleira?", True),
        ("is it lightweight", True),
        ("what's the weight capacity?", False),
        ("how much weight does the jack take", False),
        ("i weigh 300 lbs, is it ok", False),
        ("qual peso ela aguenta?", False),
        ("is it loud?", False),
    ],
)
def test_a_weight_that_is_asked_is_the_product_s_own_or_what_it_bears(question: str, own: bool) -> None:
    assert asks_own_weight(question) is own

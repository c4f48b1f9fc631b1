"""Citations checked against the passages."""

import pytest

from assistant.grounding.citations import Checked, check, quotes_of
from assistant.passages import Passage
from assistant.question import read_question

PASSAGES = [
    Passage(1, "Weighs 1.3 kg empty.", 10, 30),
    Passage(2, "The kettle must never go into the dishwasher.", 40, 85),
    Passage(3, "Two-year warranty.", 90, 108),
]


def checked(text: str, question: str = "how heavy is it?") -> Checked:
    return check(text, PASSAGES, read_question(question, "Harrow KX-220 Kettle, Red"))


def test_a_cited_and_supported_text_stays_as_it_is() -> None:
    assert checked("It weighs 1.3 kg. [1]") == Checked("It weighs 1.3 kg. [1]", (1,), supported=True, refuses=False)


def test_a_text_without_a_citation_gets_the_passage_that_it_rests_on() -> None:
    assert checked("It weighs 1.3 kg.").text == "It weighs 1.3 kg. [1]"


@pytest.mark.parametrize("text", ["It weighs 1.3 kg. [9]", "It weighs 1.3 kg. [2]", "It weighs 1.3 kg. [123456789]"])
def test_a_citation_that_is_not_there_or_does_not_fit_is_replaced(text: str) -> None:
    assert checked(text).cited == (1,)


@pytest.mark.parametrize(
    "text", ["It weighs 2.5 kg. [1]", "It weighs 1.3 kg and has 4 feet.", "It takes three hours to boil. [1]"]
)
def test_a_number_that_no_cited_passage_has_is_an_invention(text: str) -> None:
    assert not checked(text).supported


def test_a_choice_is_answered_by_its_own_word_and_nothing_else_is_by_an_echo() -> None:
    passages = [Passage(1, "Material: plastic.", 0, 18)]

    def stands(text: str, question: str) -> bool:
        return check(text, passages, read_question(question, "Harrow Kettle")).supported

    assert stands("This is made of plastic. [1]", "is this porcelain or plastic?")
    assert not stands("This is made of porcelain. [1]", "is this porcelain or plastic?")
    assert not stands("The plastic is safe. [1]", "how safe is the plastic?")


def test_a_number_may_be_spelled_or_written() -> None:
    assert checked("The warranty is 2 years. [3]", "how long is the warranty?").supported


def test_a_number_of_the_title_may_be_repeated() -> None:
    assert checked("The KX-220 weighs 1.3 kg. [1]").supported


@pytest.mark.parametrize(
    ("text", "supported"),
    [
        ("No, the kettle must not go into the dishwasher. [2]", True),
        ("Yes, the kettle can go into the dishwasher. [2]", False),
        ("The kettle goes into the dishwasher. [2]", False),
        ("No, it does not weigh anything. [1]", False),
    ],
)
def test_yes_and_no_must_agree_with_the_passage(text: str, supported: bool) -> None:
    assert checked(text, "does the kettle go in the dishwasher?").supported is supported


@pytest.mark.parametrize(
    ("text", "question", "supported"),
    [
        ("No, it is not vegan. [1]", "is it vegan?", False),
        ("Yes, it is vegan. [1]", "is it vegan?", True),
        ("Yes, it does weigh 2 kg. [1]", "does it weigh 2 kg?", False),
        ("Yes, it is. [1]", "how heavy is it?", False),
        ("Yes, it comes with a lid. [1]", "does it come with a glass lid and a timer?", False),
    ],
)
def test_yes_and_no_answer_what_the_bearing_clause_says(text: str, question: str, supported: bool) -> None:
    passages = [Passage(1, "No added salt, sugar or palm oil. Vegan. Weighs 340 g.", 0, 54)]
    assert check(text, passages, read_question(question, "Peanut Butter")).supported is supported


def test_a_number_must_stand_by_the_word_that_it_counts() -> None:
    passages = [Passage(1, "Paperback, 336 pages, with 96 colour photographs.", 0, 49)]
    for text, supported in (("It has 336 pages. [1]", True), ("It has 96 pages. [1]", False)):
        assert check(text, passages, read_question("how many pages?", "Bread")).supported is supported


def test_the_beginning_that_stands_is_kept_and_the_invention_after_it_dropped() -> None:
    assert checked("No, it is not. [2]", "does it go in the dishwasher?").supported
    text = "No, it must not. It is a luxurious high-end studio design. [2]"
    assert checked(text, "does it go in the dishwasher?").text == "No, it must not. [2]"


def test_a_text_that_goes_round_is_no_answer() -> None:
    assert not checked("It is 1.3 kg, 1.3 kg empty, 1.3 kg empty, 1.3 kg empty, 1.3 kg empty. [1]").supported


def test_words_that_no_passage_has_are_an_invention() -> None:
    assert not checked("It is a premium luxury appliance by a famous studio. [1]").supported


def test_the_question_said_again_is_no_answer() -> None:
    assert not checked("How heavy is it?").supported


@pytest.mark.parametrize(
    "text", ["Not stated.", "The passages do not tell.", "It is not specified. [1]", "A descrição não diz."]
)
def test_a_refusal_is_recognised(text: str) -> None:
    assert checked(text).refuses


def test_silence_is_neither_support_nor_refusal() -> None:
    assert checked("  ") == Checked("", (), supported=False, refuses=False)


def test_quotes_are_the_cited_passages_with_their_places() -> None:
    quotes = quotes_of((1, 3), PASSAGES)
    assert [(quote.text, quote.start, quote.end) for quote in quotes] == [
        ("Weighs 1.3 kg empty.", 10, 30),
        ("Two-year warranty.", 90, 108),
    ]

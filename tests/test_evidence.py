"""Passages and the choice among them."""

import math
import operator
from collections.abc import Sequence
from dataclasses import astuple
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from assistant.grounding.evidence import MOST_READ, READ_AGAIN, Budget, Evidence, choose, overview
from assistant.grounding.judge import Entailment, open_judge
from assistant.passages import LONGEST_PASSAGE, split
from assistant.question import read_question
from index.text import content_words

KETTLE = (
    "Boils a full 1.7 litres in about five minutes. The body is stainless steel, red outside. "
    "The base stores 70 cm of cord. It weighs 1.3 kg empty. Not for the dishwasher! Two-year warranty."
)
BUDGET = Budget(lambda text: len(text.split()))


def chosen(question: str, content: str = KETTLE, budget: Budget = BUDGET) -> Evidence:
    return choose(read_question(question, "Harrow Kettle, Red"), split(content), open_judge().read, budget)


@given(st.text(alphabet="ab .!?•;,\"'()0A\n", max_size=700))
def test_passages_are_slices_of_the_content_in_order_and_lose_no_word(content: str) -> None:
    passages = split(content)
    assert all(content[passage.start : passage.end] == passage.text for passage in passages)
    assert all(one.end <= other.start for one, other in pairwise(passages))
    kept = "".join("".join(passage.text.split()) for passage in passages)
    assert kept.replace("•", "") == "".join(content.split()).replace("•", "")


def test_abbreviations_decimals_and_initials_do_not_end_a_passage() -> None:
    texts = [
        passage.text for passage in split("Written by J. K. Rowe and Dr. Smith. It is approx. 5.5 in. Wide and flat.")
    ]
    assert texts == ["Written by J. K. Rowe and Dr. Smith.", "It is approx. 5.5 in. Wide and flat."]


def test_list_items_are_passages_of_their_own() -> None:
    texts = [passage.text for passage in split("Colour: deep red • Size: 5 in. • Made of solid oak")]
    assert texts == ["Colour: deep red", "Size: 5 in.", "Made of solid oak"] or texts == [
        "Colour: deep red • Size: 5 in.",
        "Made of solid oak",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Q: Can it be washed at 40 degrees? A: No, by hand only.",
        "Question 2: Does it fold flat? Answer 2: Only without the shelf.",
        "Pergunta: Serve para bebês? Resposta: Não, só acima de 3 anos.",
        "Material of the body:\nStainless steel throughout.",
    ],
)
def test_a_question_stays_with_its_answer_and_a_label_with_its_value(text: str) -> None:
    others = "It has two shelves.", "Made in Portugal."
    assert [passage.text for passage in split(" ".join([others[0], text, others[1]]))] == [others[0], text, others[1]]


@pytest.mark.parametrize("content", ["word " * 400, "x" * 5000, "spec 1/ spec 2/ " * 100])
def test_a_text_without_sentences_is_cut_to_readable_pieces(content: str) -> None:
    assert max(len(passage.text) for passage in split(content)) <= LONGEST_PASSAGE


@pytest.mark.parametrize(
    ("question", "gold"),
    [
        ("how heavy is it?", "It weighs 1.3 kg empty."),
        ("qual é o peso?", "It weighs 1.3 kg empty."),
        ("is it dishwasher safe", "Not for the dishwasher!"),
        ("how long is the waranty, is there a warranty?", "Two-year warranty."),
        ("what is it made of?", "The body is stainless steel, red outside."),
    ],
)
def test_the_best_passage_bears_on_the_question(question: str, gold: str) -> None:
    evidence = chosen(question)
    assert evidence.passages[evidence.best - 1].text == gold


def test_an_absent_fact_has_weak_evidence_and_a_stated_one_strong() -> None:
    absent, stated = (chosen(question).entailment for question in ("does it have bluetooth?", "how heavy is it?"))
    assert absent.answers_logit < 0 < stated.answers_logit


def test_a_title_in_the_question_is_no_evidence() -> None:
    with_title = chosen("does the Harrow Kettle, Red have bluetooth?")
    assert with_title.entailment.answers_logit < 0


def test_chosen_passages_are_numbered_from_one_in_the_order_of_the_text() -> None:
    evidence = chosen("is the steel body red, how heavy is it and does it boil 1.7 litres?")
    assert [passage.number for passage in evidence.passages] == list(range(1, len(evidence.passages) + 1))
    assert [passage.start for passage in evidence.passages] == sorted(passage.start for passage in evidence.passages)


def test_the_budget_limits_passages_and_tokens_but_leaves_the_best() -> None:
    assert len(chosen("how heavy is it?", budget=Budget(len, max_passages=1)).passages) == 1
    assert len(chosen("how heavy is it?", budget=Budget(len, max_tokens=1)).passages) == 1
    both = overview(split(KETTLE), Budget(lambda text: 10, max_passages=5, max_tokens=20))
    assert [passage.text for passage in both.passages] == [passage.text for passage in split(KETTLE)[:2]]


@pytest.mark.parametrize(
    ("text", "title", "pointing"),
    [
        (
            "how many sheets can the fellowes 79ci do",
            "Fellowes Powershred 79Ci, Cross-Cut",
            "how many sheets can it do",
        ),
        ("Is the Harrow Kettle, Red, heavy?", "Harrow Kettle, Red", "Is it, heavy?"),
        ("who wrote Asterix and the Goths", "Asterix and the Goths", "who wrote it"),
        ("a cola Dap 00272 original seca rápido?", "Dap 00272 Original Contact Cement", "a cola ele seca rápido?"),
        (
            "my lumeo drift 40 fell into water, is that ok",
            "Lumeo Drift 40 Headphones",
            "it fell into water, is that ok",
        ),
        (
            "how long is the battery life of the Lumeo Drift 40?",
            "Lumeo Drift 40 Headphones",
            "how long is its battery life?",
        ),
        ("how heavy is the neato", "Neato XV-21 Pet Automatic Vacuum Cleaner", "how heavy is it"),
        ("does the olympia have an anvil", "Olympia Tools 38-604 Bench Vise, 4 Inches", "does it have an anvil"),
        (
            "can i wash my wildkin in the machine",
            "Wildkin Kids 17 Inch Backpack for School",
            "can i wash it in the machine",
        ),
        ("qto pesa o vergo?", "Vergo Industrial Folding Hand Truck, 275 lbs", "qto pesa ele?"),
        ("will it fit my hp deskjet", "HP 61 Black Ink Cartridge for Printers", ""),
        ("serve na hp p1102?", "HP 61 Black Ink Cartridge for Printers", ""),
        ("do they only work with the scotch laminator", "Scotch Thermal Pouches, Pack of 50 Sheets", ""),
        ("is the leather real?", "Leather Wallet for Men with a Zip", ""),
        ("safe for my baby", "Baby Monitor with Camera and Sound", ""),
        ("is it a neato or a clone", "Neato XV-21 Pet Automatic Vacuum Cleaner", ""),
        ("does it have wheels for the cleaner", "Neato XV-21 Pet Automatic Vacuum Cleaner", ""),
        ("is it loud?", "Harrow Kettle, Red", ""),
        ("does the kettle whistle", "Harrow Kettle with a Whistle, Red, 1.7 Litres", ""),
    ],
)
def test_it_stands_for_the_title_that_a_question_mentions(text: str, title: str, pointing: str) -> None:
    assert read_question(text, title).pointing == pointing


def test_a_question_that_names_its_product_is_read_with_it_in_place_of_the_name_too() -> None:
    asked: dict[str, int] = {}

    def read(question: str, texts: Sequence[str]) -> list[Entailment]:
        asked[question] = asked.get(question, 0) + len(texts)
        settles = 0.9 if question == "how heavy is it?" else 0.5
        return [
            Entailment(1 - settles, 0, 0, settles) if "kg" in text else Entailment(0.9, 0, 0, 0.1) for text in texts
        ]

    question = read_question("how heavy is the red Harrow kettle?", "Harrow Kettle, Red")
    evidence = choose(question, split(KETTLE), read, BUDGET)
    assert asked == {"how heavy is the red Harrow kettle?": len(split(KETTLE)), "how heavy is it?": READ_AGAIN}
    assert "1.3 kg" in evidence.best_passage.text
    assert evidence.entailment.answer == pytest.approx(0.9)
    choose(read_question("how heavy is it?", "Harrow Kettle, Red"), split(KETTLE), read, BUDGET)
    assert asked["how heavy is it?"] == READ_AGAIN + len(split(KETTLE))


@given(*[st.tuples(*[st.floats(0, 1)] * 4).filter(sum)] * 2)
def test_two_readings_together_are_a_distribution_whichever_comes_first(
    one: tuple[float, ...], two: tuple[float, ...]
) -> None:
    first, second = (Entailment(*(share / sum(each) for share in each)) for each in (one, two))
    together = first.together(second)
    assert sum(astuple(together)) == pytest.approx(1)
    assert together.none in (first.none, second.none)
    assert all(map(math.isfinite, astuple(together)))
    if any(map(operator.mul, astuple(first), astuple(second))):
        assert astuple(together) == pytest.approx(astuple(second.together(first)))
    assert astuple(first.together(first)) == pytest.approx(astuple(first))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("how heavy is the Polder cart?", "It folds flat."),
        ("how much weight does the Polder cart take?", "It can easily hold up to 30 pounds."),
    ],
)
def test_what_a_product_bears_is_no_evidence_of_its_own_weight(question: str, expected: str) -> None:
    def read(_: str, texts: Sequence[str]) -> list[Entailment]:
        return [Entailment(0.2, 0, 0, 0.8) if "pounds" in text else Entailment(0.9, 0, 0, 0.1) for text in texts]

    passages = split("It can easily hold up to 30 pounds. It folds flat.")
    assert choose(read_question(question, "Polder Cart"), passages, read, BUDGET).best_passage.text == expected


def test_no_passages_give_no_evidence() -> None:
    assert chosen("how heavy?", content="") == Evidence() == overview([], BUDGET)


def test_of_a_long_description_only_what_shares_words_is_read() -> None:
    seen: list[str] = []

    def read(_: str, texts: Sequence[str]) -> list[Entailment]:
        seen.extend(texts)
        return [Entailment(0.9, 0.0, 0.0, 0.1)] * len(texts)

    content = " ".join(f"Here is sentence number {number} of this story." for number in range(90))
    passages = split(f"{content} The kettle weighs 1.3 kg. {content}")
    choose(read_question("how much does the kettle weigh?"), passages, read, BUDGET)
    assert len(seen) == MOST_READ
    assert "The kettle weighs 1.3 kg." in seen
    assert seen == [passage.text for passage in passages if passage.text in seen][: len(seen)]


@pytest.mark.parametrize(
    ("text", "plainly"),
    [
        ("and how heavy is it?", "how heavy is it?"),
        ("Ok, so does it fold?", "does it fold?"),
        ("hi! is it loud", "is it loud"),
        ("e a cor?", "a cor?"),
        ("e-ink or lcd?", "e-ink or lcd?"),
        ("android version?", "android version?"),
        ("and", "and"),
    ],
)
def test_what_only_leads_up_to_a_question_is_not_read(text: str, plainly: str) -> None:
    assert read_question(text).plainly == plainly


@pytest.mark.parametrize(
    ("question", "passage", "verdict"),
    [
        (
            "is it dishwasher safe?",
            "The filter can be rinsed under the tap; the jug must never go into the dishwasher.",
            "no",
        ),
        (
            "can the filter be rinsed?",
            "The filter can be rinsed under the tap; the jug must never go into the dishwasher.",
            "yes",
        ),
        ("does it need batteries?", "It has a screen of 3 inches, but no batteries are needed.", "no"),
        ("is the blade steel?", "The handle is solid oak; the blade is forged from steel.", "yes"),
    ],
)
def test_a_verdict_is_read_in_the_clause_that_settles_it(question: str, passage: str, verdict: str) -> None:
    entailment = choose(read_question(question), split(passage), open_judge().read, BUDGET).entailment
    assert (entailment.yes > entailment.no) == (verdict == "yes")
    assert sum((entailment.none, entailment.yes, entailment.no, entailment.answer)) == pytest.approx(1)


@pytest.mark.parametrize(
    "question",
    [
        "What is it?",
        "what's this",
        "what is the Harrow Kettle?",
        "tell me more about this",
        "K1",
        "O que é este produto?",
        "fale mais sobre ele",
    ],
)
def test_a_question_at_large_asks_what_a_product_is(question: str) -> None:
    assert read_question(question, "Harrow Kettle").asks_what_it_is("K1")


@pytest.mark.parametrize(
    "question",
    [
        "what is it for?",
        "who is it by?",
        "what does it do?",
        "what colour is it?",
        "is it?",
        "how heavy is the Harrow Kettle?",
        "what is the lid of the Harrow Kettle?",
        "para que serve?",
        "quanto pesa?",
    ],
)
def test_a_question_for_something_asks_more_than_what_it_is(question: str) -> None:
    assert not read_question(question, "Harrow Kettle").asks_what_it_is("K1")


@pytest.mark.parametrize(
    ("question", "title", "asks_more"),
    [
        ("channels on the rigol ds1054z", "Rigol DS1054Z Oscilloscope - Channels: 4", True),
        ("whats the capacity of the fellowes 79ci", "Fellowes Powershred 79Ci, 16 Sheet Capacity", True),
        ("pieces in the harrow puzzle", "Harrow Puzzle, 500 Pieces", True),
        ("the art of war", "The Art of War", False),
        ("lord of the rings", "The Lord of the Rings", False),
        ("rigol ds1054z", "Rigol DS1054Z Oscilloscope - Channels: 4", False),
    ],
)
def test_a_part_that_a_title_names_is_asked_for(question: str, title: str, *, asks_more: bool) -> None:
    assert read_question(question, title).asks_what_it_is("K1") != asks_more


def test_content_words_fold_endings_and_leave_grammar_out() -> None:
    assert content_words("Does it come with batteries for charging?") == content_words("battery charge")

"""Shopping: needs and what fits them, comparisons, and turns about no product."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_shop import build

from assistant.assistant import Assistant, assistant_of
from assistant.backends.scripted import Scripted
from assistant.conversation import State, Turn
from assistant.evaluation.shopping import evaluate_shopping, read_rows
from assistant.grounding.judge import Entailment
from assistant.messages import Message
from assistant.passages import title_passage
from assistant.reply import Reply
from assistant.shopping.comparison import Outcome, Stated, points_at_both, read_comparison
from assistant.shopping.discovery import Found
from assistant.shopping.facets import facets_of
from assistant.shopping.fit import Fit, Fitter, Part
from assistant.shopping.help import help_text, is_courtesy
from assistant.shopping.needs import read_need
from assistant.shopping.reference import Referent, likeliest
from assistant.shopping.shop import ShopSettings, read_shop
from assistant.shopping.wording import suggestions
from index.catalogue.store import Catalogue, Product
from index.descriptions import DescriptionIndex, stems_of_need
from index.errors import SourceError, UserError
from index.progress import Progress
from index.resolver import TitleIndex
from index.settings import IndexSettings
from ui.cli import main

SmallShop = tuple[Catalogue, TitleIndex]


@pytest.mark.parametrize(
    ("need", "thing", "conditions"),
    [
        ("looking for a stapler that does 100 sheets", "stapler", ("that does 100 sheets",)),
        ("do you have a kite w/o sticks, for a 4 year old", "kite", ("w/o sticks", "for a 4 year old")),
        (
            "need glue that dries clear and survives the dishwasher",
            "glue",
            ("that dries clear", "survives the dishwasher"),
        ),
        ("kettle", "kettle", ()),
        ("drone with a camera for an adult, i am a beginner", "drone", ("with a camera", "for an adult")),
        ("procuro uma caneta tinteiro com pena flexível", "caneta tinteiro", ("com pena flexível",)),
        ("vocês têm kit de lego sem pilhas?", "kit de lego", ("sem pilhas",)),
        ("Hi, please recommend me a lamp under 2 kg, not plastic", "lamp", ("under 2 kg", "not plastic")),
    ],
)
def test_a_need_is_cut_into_the_thing_and_its_conditions(need: str, thing: str, conditions: tuple[str, ...]) -> None:
    read = read_need(need)
    assert (read.thing, read.conditions, read.unknowable) == (thing, conditions, ())


@pytest.mark.parametrize("need", ["a puzzle, free shipping", "do you have a kettle, is it in stock"])
def test_what_no_description_knows_is_no_condition(need: str) -> None:
    read = read_need(need)
    assert len(read.unknowable) == 1
    assert len(read.parts) == 1


def test_a_need_of_nothing_has_no_part() -> None:
    assert read_need("do you have something?").parts == ()


def test_descriptions_are_found_by_their_words_and_those_of_the_title(shop: SmallShop) -> None:
    catalogue, _ = shop
    index = DescriptionIndex.build(catalogue, IndexSettings(), Progress)
    for need, uid in (("a game for players", "G1"), ("desk lamp for readers", "L1")):
        rows, scores = index.search(stems_of_need(need), 5)
        assert catalogue.product(int(rows[0])).uid == uid
        assert list(scores) == sorted(scores, reverse=True)
    assert len(index.search(stems_of_need("xylophone"), 5)[0]) == 0


@pytest.fixture(scope="module")
def assistant(shop: SmallShop) -> Assistant:
    return assistant_of(*shop, Scripted(lambda _: "It is as it is. [1]"))


@pytest.mark.parametrize("need", ["I am looking for a board game for 3 players", "a desk lamp that runs on USB"])
def test_products_that_fit_are_offered_with_quotes_that_stand_in_them(assistant: Assistant, need: str) -> None:
    reply = assistant.retriever.suggested(need)
    assert reply.kind == "suggestions"
    for product in reply.products:
        stored = assistant.retriever.catalogue.find(product.uid)
        assert product.title == stored.title
        assert product.quotes
        assert all(quote.stands_in(stored) for quote in product.quotes)


@pytest.mark.parametrize("need", ["do you sell lawn mowers with a petrol engine?", "any trumpets for beginners"])
def test_where_nothing_fits_it_says_so(assistant: Assistant, need: str) -> None:
    reply = assistant.retriever.suggested(need)
    assert (reply.kind, reply.products) == ("not_found", ())


def test_where_nothing_fits_the_near_ones_come_with_what_is_not_said_of_them(shop: SmallShop) -> None:
    need = read_need("a kettle that whistles")
    kettle = shop[0].find("K1")
    title = title_passage(kettle.title)
    fit = Fit(kettle, 0.1, (Part("kettle", title, 1.0, 0.0), Part("that whistles", title, 0.0, 0.0)))
    reply = suggestions(need, Found((), (fit,)))
    assert (reply.kind, reply.products) == ("not_found", ())
    assert [(one.uid, one.untold) for one in reply.near] == [("K1", ("that whistles",))]
    assert "near" not in reply.to_row(), "the text names them"


def test_of_what_was_offered_one_can_be_chosen_and_asked_about_in_one_breath(assistant: Assistant) -> None:
    first = assistant.ask("I am looking for a board game for 3 players")
    assert first.reply.kind == "suggestions"
    offered = [product.uid for product in first.reply.products]
    second = assistant.ask("the first one, how heavy is it?", state=first.state)
    assert (second.reply.uid, second.question) == (offered[0], "how heavy is it?")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("which is lighter, A or B?", "How much does it weigh?"),
        ("A vs B, which one is heavier", "How much does it weigh?"),
        ("is A taller than B", "How tall is it?"),
        ("which has more pieces, A or B?", "How many pieces does it have?"),
        ("A ou B, qual é mais leve?", "Quanto pesa?"),
        ("qual tem mais peças, A ou B?", "Quantas pecas tem?"),
    ],
)
def test_what_is_compared_is_asked_of_each(text: str, question: str) -> None:
    assert question in read_comparison(text, ["A", "B"]).questions


@pytest.mark.parametrize(
    ("text", "stated", "winner"),
    [
        ("which is lighter, A or B?", ["Weighs 1.2 kg.", "2 lb"], 1),
        ("which is heavier, A or B?", ["Weighs 1.2 kg.", "2 lb"], 0),
        ("which is lighter, A or B?", ["Weighs 16 oz.", "1 lb"], None),
        ("which is lighter, A or B?", ["Weighs 16 oz.", ""], None),
        ("which is longer, A or B?", ["30 cm long", "11 inches long"], 0),
        ("which has more pieces, A or B?", ["a set of 24 pieces", "100 pieces"], 1),
        ("which has fewer pieces, A or B?", ["a set of 24 pieces", "100 pieces"], 0),
        ("which lasts longer, A or B?", ["up to 90 minutes", "2 hours"], 1),
        ("A vs B, fewest pieces wins", ["It has 25 pieces.", "It has 43 interlocking pieces."], 0),
        ("does A run at more watts than B", ["It has 60 watts.", "A motor of 0.1 kW."], 1),
        ("A or B, highest amps", ["It measures up to 300 amps.", "up to 3,000 amps"], 1),
        ("am i getting more yards with A or with B", ["It is 35 yd.", "It is 105 feet."], None),
        ("more yards, A or B", ["It is 35 yd.", "It is 180 feet."], 1),
        ("A or B, whichever charges quicker", ["It charges in 70 minutes.", "in 0.5 hours"], 1),
        ("bigger cartridge: A or B?", ["It holds 10 fl oz.", "It holds 9 fl oz."], 0),
        ("is A any faster at printing than B", ["speed up to 32 ppm.", "printing speed of up to 27 ppm and duplex"], 0),
        ("A or B, which is faster?", ["top speeds of 15Mph with a 200W hub motor", "up to 2 mph (3 km/h)"], 0),
        ("qual anda mais rápido, A ou B?", ["chega a 20 km/h", "top speed 15 mph"], 1),
        ("what magnifies most, A or B", ["It has a 3x power lens.", "a 2.5x power magnification"], 0),
        ("which has more zoom, A or B?", ["a 10x optical zoom", "40x zoom"], 1),
        ("which is lighter, A or B?", ["Weighs 1 kg, holds up to 120 kg", "Weighs 2 kg, holds up to 100 kg"], 0),
        ("A or B, which is heavier?", ["At 9 lbs it handles 120 lb", "7 lb, a capacity of 30 lb"], 0),
        ("A or B, which takes the most weight?", ["a capacity of 2 tons", "up to 3000 lbs"], 0),
        ("qual suporta mais peso, A ou B", ["até 90 kg", "holds 250 lbs"], 1),
        ("which one can weigh the heaviest parcel, A or B", ["75 lb capacity", "110 lbs"], 1),
        ("does A last me more pages than B", ["about 415 pages", "yields 260 pages"], 0),
        ("qual cartucho rende mais, A ou B?", ["190 páginas", "200 pages"], 1),
        ("who gives me more, A or B", ["1.75mm, a 1kg reel", "1.75 mm, 600g"], 0),
        ("which is the more generous, A or B?", ["2 m long, 300 g", "1 m long, 900 g"], None),
        ("A or B, who takes more water?", ["2L flask", "1000mL"], 0),
        ("where do i get more in total, A or B", ["5 tubes of 3 g: 15 g", "a 20 g bottle"], None),
        ("which spool has less on it, A or B?", ["1.54 lbs, 1.75 mm", "2.2 lb, 1.75 mm"], 0),
        ("A, B: highest amps", ["measures 300A", "600 A"], 1),
        ("A vs B, max sheets", ["5 sheets", "punches as many as 20 sheets"], 1),
        ("how long can A run before it rests, compared to B", ["up to 3 minutes", "20 minutes"], 1),
        ("how wide is A versus B", ["It is 62 mm wide.", "2.2 inches"], 0),
        ("A prints how fast next to B", ["2 lines per second", "4.4 lines per second"], 1),
        ("total thickness of A compared to B", ["3 mil", "4.6 mil"], 1),
        ("A and B by tank size", ["1.5 gallons", "14-gallon tank"], 1),
        ("is the guarantee on A longer or on B", ["a 15 year guarantee", "five year warranty"], 0),
        ("A or B, more bits in the box", ["43 pieces", "a set of 75 pieces"], 1),
        ("whats the difference in number of slides between A and B", ["25 slides", "100 slides"], 1),
        ("page count - A vs B", ["160 pages", "64 pages"], 0),
        ("the smaller puzzle when done, A or B", ["It measures 49 x 36 cm.", "27 x 20 inches"], 0),
        ("do A and B both fit a 12 inch shelf", ["It is 10 inches.", "It is 14 inches."], None),
    ],
)
def test_the_winner_is_computed_with_units_converted(text: str, stated: list[str], winner: int | None) -> None:
    assert read_comparison(text, ["A", "B"]).outcome([Stated(text) for text in stated]).place == winner


@pytest.mark.parametrize(
    "text",
    [
        "which vacuum has more suction, A or B",
        "does A take more effort than B?",
        "A or B, which gives more light?",
        "qual tem mais brilho, A ou B?",
        "which gets more dirty, A or B?",
    ],
)
def test_more_of_what_the_products_are_not_made_of_is_not_measured(text: str) -> None:
    stated = [Stated("It has a tank of 14 gallons."), Stated("It has a tank of 8 gallons.")]
    comparison = read_comparison(text, ["Lumo Vac 14", "Gust Vac 8"])
    assert not comparison.measures
    assert not comparison.states(stated[0].words)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("more pieces, A or B?", "Cheatwell 3D Flying Scotsman Puzzle"),
        ("which holds more staples, A or B?", "Rapid Classic K1 Plier (90119)"),
        ("qual traz mais bonecos, A ou B?", "Playmobil 3911 Porsche"),
    ],
)
def test_any_number_of_a_title_is_not_what_is_counted(text: str, title: str) -> None:
    assert not read_comparison(text, ["A", "B"]).states(title)


WORKSHOP = {
    "P1": ("Oster Hole Punch, 5 Sheet Capacity, Chrome", "It catches the paper dots."),
    "P2": ("Brink Low Force Hole Punch, Black", "It punches as many as 20 sheets of paper at once."),
    "J1": ("Torrin Bottle Jack - 12 Ton Capacity", "Made of steel, for workshops."),
    "J2": ("Hollow Bottle Jack - 4 Ton Capacity", "Item weight: 9 lbs."),
}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    shop = build(tmp_path_factory.mktemp("workshop"), WORKSHOP)
    return assistant_of(*shop, Scripted(lambda _: "It is as it is. [1]"))


@pytest.mark.parametrize(
    ("question", "uids", "winner", "quoted"),
    [
        ("oster chrome hole punch vs the brink low force one, max sheets", ["P1", "P2"], "P2", "5 Sheet Capacity"),
        ("which of the two jacks lifts more weight?", ["J1", "J2"], "J1", "4 Ton Capacity"),
        ("which jack is heavier, torrin or hollow?", ["J1", "J2"], "", "Item weight: 9 lbs"),
    ],
)
def test_a_title_tells_an_amount_where_it_is_the_one_that_is_asked_for(
    workshop: Assistant, question: str, uids: list[str], winner: str, quoted: str
) -> None:
    reply = workshop.compare(question, uids).reply
    assert (reply.winner, [product.uid for product in reply.products]) == (winner, uids)
    quotes = [quote for product in reply.products for quote in product.quotes]
    assert any(quoted in quote.text for quote in quotes)
    assert all(
        quote.stands_in(workshop.retriever.catalogue.find(each.uid)) for each in reply.products for quote in each.quotes
    )


HOLDS = (Stated("It holds 60 lbs.", verdict="yes"), Stated("It holds 30 lbs.", verdict="no"))


@pytest.mark.parametrize(
    ("text", "sides", "place"),
    [
        ("which one holds at least 50 pounds, A or B", HOLDS, 0),
        ("A or B, which holds more than 50 pounds?", HOLDS, 0),
        ("should i get A rather than B for 50 pounds", HOLDS, 0),
        ("do both A and B hold more than 20 lbs?", (HOLDS[0], Stated("It holds 100 lbs.", verdict="yes")), None),
        ("which is lighter, A or B?", (Stated("It is 12 inches."), Stated("It is 10 inches long.")), None),
        ("is A slower than B?", (Stated("It goes 30 mph."), Stated("It goes 20 mph.")), 1),
        ("which is the shallowest, A or B?", (Stated("It is 30 in deep."), Stated("It is 20 in deep.")), 1),
        ("which has the higher weight capacity, A or B?", (Stated("up to 300 lbs"), Stated("up to 250 lbs")), 0),
        ("which is for younger kids, A or B?", (Stated("For ages 3-8."), Stated("For ages 4 and up.")), 0),
        ("which takes longer to charge, A or B?", (Stated("It takes 3 hours."), Stated("It takes 2 hours.")), 0),
        (
            "which is more suitable for kids, A or B",
            (Stated("For kids.", verdict="yes"), Stated("It is not.", verdict="no")),
            0,
        ),
        ("which is more spacious, A or B", (Stated("It is roomy.", verdict="yes"), Stated()), 0),
        (
            "A and B: which stack higher?",
            (Stated("Yes. It is up to 12 high.", verdict="yes"), Stated("Yes. It is up to 15 high.", verdict="yes")),
            1,
        ),
        (
            "i weigh 300 lbs, A or B",
            (Stated("It holds 250 lbs.", verdict="no"), Stated("Tested to hold up to 500 pounds.")),
            1,
        ),
        ("which is solar, A or B", (Stated("Solar and battery."), Stated("The battery is in.", verdict="no")), 0),
        ("which doesn't need glue, A or B", (Stated("Yes.", verdict="yes"), Stated("It clips.", verdict="no")), 1),
        ("which can't get wet, A or B", (Stated("No.", verdict="no"), Stated("It floats.", verdict="yes")), 0),
        ("which has no cord, A or B", (Stated("6 ft cord.", verdict="yes"), Stated("None.", verdict="no")), 1),
        ("qual não usa pilha, A ou B", (Stated("Sim.", verdict="yes"), Stated("Não.", verdict="no")), 1),
        ("which isn't heavier, A or B", (Stated("It weighs 3 lb."), Stated("It weighs 2 lb.")), 1),
        ("which won't fade, A or B", (Stated("Yes.", verdict="yes"), Stated("Yes.", verdict="yes")), None),
        ("which is for a younger child, A or B", (Stated("18 months to 4 years"), Stated("ages 6 months to 3")), 1),
        ("which is meant for smaller kids, A or B", (Stated("ages 3 and up"), Stated("ages 5+")), 0),
        ("which is for older kids, A or B", (Stated("ages 3-8"), Stated("ages 8-12")), 1),
        ("qual é para criança mais nova, A ou B", (Stated("de 2 a 4 anos"), Stated("ages 5+")), 0),
        ("is A bigger than B", (Stated("It is 36x34 inches."), Stated('It is 27" x 20".')), 0),
        ("which carries the most, A or B", (Stated("up to 70 lbs"), Stated("150lbs capacity")), 1),
        ("which is solar, A or B", (Stated(), Stated("The battery is in.", verdict="no")), None),
        ("which is solar, A or B", (Stated("A battery.", verdict="no"), Stated("Two AA.", verdict="no")), None),
        (
            "which one lets more kids ride, A or B",
            (Stated("No. It is for 1 rider.", verdict="no"), Stated("No. It carries 2 riders.", verdict="no")),
            1,
        ),
    ],
)
def test_limits_set_phrases_and_verdicts_decide_as_they_are_meant(
    text: str, sides: tuple[Stated, Stated], place: int | None
) -> None:
    assert read_comparison(text, ["A", "B"]).outcome(sides).place == place


@pytest.mark.parametrize(
    "question",
    [
        "does the Lanternfall board game take more than 45 minutes?",
        "is the arm of the Brint desk lamp DL-40 longer than 30 cm?",
        "does it need the two batteries?",
        "are both sides of it usable?",
        "which one do i press to start it?",
        "which colors does the charger come in?",
    ],
)
def test_a_question_about_one_product_is_no_comparison_with_the_one_before(assistant: Assistant, question: str) -> None:
    state = assistant.retriever.turn_of("how heavy is the Brint desk lamp DL-40?").state
    state = assistant.retriever.turn_of("is the red Harrow electric kettle 1.7 L loud?", state=state).state
    assert state.spoken_of == ("K1", "L1")
    assert assistant.retriever.turn_of(question, state=state).wants == "product"


@pytest.mark.parametrize(
    "need",
    [
        "i want something waterproof to wear in the rain",
        "looking for a board game for 4 players",
        "procuro um presente para um leitor",
    ],
)
def test_another_need_leaves_the_product_of_the_talk(assistant: Assistant, need: str) -> None:
    state = assistant.retriever.turn_of("is the red Harrow electric kettle 1.7 L loud?").state
    assert assistant.retriever.turn_of(need, state=state).wants == "need"


@pytest.mark.parametrize(
    "thing",
    [
        "a puzzle",
        "duct tape",
        "i need headphones",
        "i want a tent",
        "show me tents",
        "got any kites",
        "preciso de uma bola",
    ],
)
def test_a_bare_thing_is_a_need(assistant: Assistant, thing: str) -> None:
    assert assistant.retriever.turn_of(thing).wants == "need"


@pytest.mark.parametrize("turn", ["can you write me a poem about glue", "who won the elections"])
def test_another_topic_while_products_are_offered_gets_help(assistant: Assistant, turn: str) -> None:
    offered = assistant.retriever.turn_of("is the Harrow electric kettle dishwasher safe?").state
    assert offered.candidates
    assert assistant.retriever.turn_of(turn, state=offered).wants in ("help", "other", "order")


def test_what_is_measured_against_another_is_compared_with_it(assistant: Assistant) -> None:
    state = assistant.retriever.turn_of("is the red Harrow electric kettle 1.7 L loud?").state
    assert assistant.retriever.turn_of("is it lighter than the Brint desk lamp?", state=state).compared == ("K1", "L1")


def test_a_sign_that_folds_to_nothing_is_no_fault(assistant: Assistant) -> None:
    assert assistant.retriever.turn_of("which is bigger, the harrow kettle 1.7 or the brint lamp \uff9e ?")


def test_equal_amounts_are_a_tie_and_unclear_ones_are_none() -> None:
    comparison = read_comparison("which is lighter, A or B?", ["A", "B"])
    assert comparison.outcome([Stated("It weighs 1 lb."), Stated("It weighs 16 oz.")]) == Outcome(measured=True)
    assert comparison.outcome([Stated("It weighs 1 lb or 2 lb."), Stated("It weighs 16 oz.")]) == Outcome()


def test_a_property_is_won_by_the_only_one_that_has_it() -> None:
    comparison = read_comparison("which has wheels, A or B?", ["A", "B"])
    wheels, none = Stated("It is on wheels.", verdict="yes"), Stated("It has no wheels.", verdict="no")
    assert comparison.outcome([wheels, none]).place == 0
    assert comparison.outcome([none, wheels]).place == 1
    assert comparison.outcome([wheels, wheels]).place is None
    assert comparison.outcome([Stated(), Stated()]).place is None


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Oak stool A1 vs pine stool B2", ()),
        ("is the oak stool bigger than the pine stool", ("How big is it?",)),
        ("oak stool, pine stool: can i hang both of em on the wall", ("can i hang em on wall?",)),
        ("which of the two holds water - pine stool or oak stool", ("Does it hold water?",)),
        ("max load, oak stool a1 against the pine stool", ("Is it max load?", "What is its max load?")),
        ("how many legs has the oak stool, and the pine stool?", ("How many legs does it have?",)),
        ("o pine stool tem mais pernas que o oak stool?", ("Quantas pernas tem?",)),
    ],
)
def test_each_product_is_asked_what_is_compared(text: str, asked: tuple[str, ...]) -> None:
    questions = read_comparison(text, ["Oak stool A1", "Pine stool B2"]).questions
    assert set(asked) <= set(questions)
    assert asked or not questions
    assert not any(word in question.lower() for question in questions for word in ("oak", "pine"))


@pytest.mark.parametrize(
    ("text", "uids"),
    [
        ("Brint desk lamp DL-40 vs Harrow electric kettle 1.7 L red", ("L1", "K1")),
        ("which is lighter, the red harrow kettle or the brint dl-40", ("K1", "L1")),
        ("i like the dl-40 lamp. is the red harrow electric kettle heavier though?", ("L1", "K1")),
        ("lamp dl-40 / red harrow kettle 1.7 - which has the longer cord", ("L1", "K1")),
        ("a luminária brint dl-40 é mais leve que a chaleira harrow vermelha?", ("L1", "K1")),
        ("is the red harrow kettle 1.7 L quiet or loud", ()),
        ("how heavy is the brint desk lamp dl-40", ()),
        ("a kettle or something for tea", ()),
    ],
)
def test_what_is_named_together_is_compared(assistant: Assistant, text: str, uids: tuple[str, ...]) -> None:
    turn = assistant.retriever.turn_of(text)
    assert turn.compared == uids


def test_two_products_are_set_side_by_side(assistant: Assistant) -> None:
    answer = assistant.ask("Brint desk lamp DL-40 vs Harrow electric kettle 1.7 L red, which is lighter?")
    assert answer.reply.kind == "comparison"
    assert [side.uid for side in answer.reply.products] == ["L1", "K1"]
    row = answer.reply.to_row()
    assert list(row["products"][0]) == ["uid", "title", "kind", "text", "quotes"]
    again = assistant.ask("which of the two is bigger?", state=answer.state)
    assert [side.uid for side in again.reply.products] == ["L1", "K1"]


def test_products_chosen_by_uid_are_compared_whatever_their_titles_are(assistant: Assistant) -> None:
    answer = assistant.compare("for children?", ["J1", "J2"])
    assert answer.reply.kind == "comparison"
    assert [(side.uid, side.title) for side in answer.reply.products] == [
        ("J1", "Waxwing Rain Jacket"),
        ("J2", "Waxwing Rain Jacket"),
    ]


@pytest.mark.parametrize("question", ["which of the two is for men?", "do both come in sizes?"])
def test_what_was_compared_is_compared_again_and_not_chosen_from(assistant: Assistant, question: str) -> None:
    answer = assistant.compare("for children?", ["J1", "J2"])
    again = assistant.ask(question, state=answer.state)
    assert [side.uid for side in again.reply.products] == ["J1", "J2"]
    chosen = assistant.ask("the second one, is it for men?", state=answer.state)
    assert chosen.reply.uid == "J2"


@pytest.mark.parametrize(
    ("question", "asked"), [("What is the difference?", "What is it?"), ("Qual é a diferença?", "O que é?")]
)
def test_where_nothing_is_asked_each_product_says_what_it_is(assistant: Assistant, question: str, asked: str) -> None:
    turn = assistant.retriever.turn_comparing(question, ["L1", "K1"])
    put = []

    def answered(one: Turn) -> Reply:
        put.append(one.question)
        return Reply("answer", "A thing.", one.uid)

    assistant.retriever.compared(turn, answered)
    assert put == [asked, asked]


@pytest.mark.parametrize(
    ("need", "conditions"),
    [
        ("pool float that holds over 250 lb", ("that holds over 250 lb",)),
        ("markers with a brush in the set", ("with a brush in the set",)),
        ("train set, everything in the box", ("everything in the box",)),
        ("drill, must come with a case", ("must come", "with a case")),
        ("chairs, set of 4, padded", ("set of 4", "padded")),
        ("lamp, batteries in the box", ("batteries in the box",)),
        ("boia que aguenta mais de 100 kg", ("que aguenta mais de 100 kg",)),
    ],
)
def test_what_says_too_little_alone_stays_with_the_next(need: str, conditions: tuple[str, ...]) -> None:
    assert read_need(need).conditions == conditions


@pytest.mark.parametrize(
    ("need", "content", "fits"),
    [
        ("camera, cable 10 meters or longer", "Comes with a 12 m cable.", True),
        ("camera, cable 10 meters or longer", "Comes with a 5 m cable.", False),
        ("chair that holds 400 pounds", "It holds up to 500 lbs.", True),
        ("chair that holds 400 pounds", "It holds up to 250 lbs.", False),
        ("easel for a 4 year old", "For ages 3 and up.", True),
        ("easel for a 4 year old", "For ages 8 and up.", False),
        ("cadeira para 120 kg", "Aguenta até 150 kg.", True),
        ("pens, at least 48 pens", "A set of 60 pens.", True),
    ],
)
def test_amounts_of_a_condition_are_compared_by_code(need: str, content: str, *, fits: bool) -> None:
    unsure = Entailment(none=0.7, yes=0.1, no=0.2, answer=0.0)
    fitter = Fitter(lambda _, texts: [unsure] * len(texts), lambda words: np.ones(len(words)))
    part = fitter.parts(read_need(need), Product("P1", "A thing", content))[1]
    assert (part.meets > part.denies) == fits
    assert part.amount is not None
    assert not fits or part.passage.text == content


PUZZLES = [
    "Tarn 500 Piece Puzzle, Red Barn",
    "Tarn 1000 Pieces Puzzle - Blue Lake",
    "Tarn 500-Piece Puzzle, Harbour",
    "Pellow Puzzle, 1000 pieces, Red Kites",
    "Pellow Puzzle, 1,000 pieces, Cats",
    "Pellow Puzzle 24 pieces, Blue Whale",
]


def test_many_products_differ_in_amounts_brands_and_colours() -> None:
    facets = {facet.name: set(facet.values) for facet in facets_of(PUZZLES)}
    assert facets == {"amount": {"500 piece", "1000 pieces"}, "brand": {"Tarn", "Pellow"}, "colour": {"red", "blue"}}


def test_what_is_named_in_the_title_comes_before_what_only_speaks_of_it(tmp_path: Path) -> None:
    spoken_of = {
        "M1": ("Oak Stand", "A stand for a puzzle, of which the puzzle is not included."),
        "P1": (PUZZLES[0], ""),
    }
    reply = assistant_of(*build(tmp_path, spoken_of), Scripted(lambda _: "")).retriever.suggested("i need a puzzle")
    assert reply.products[0].uid == "P1"


def test_few_products_or_such_as_do_not_differ_have_no_facets() -> None:
    assert facets_of(PUZZLES[:3]) == ()
    assert facets_of(["Oak stool"] * 12) == ()


@pytest.mark.parametrize(
    ("need", "facets"),
    [
        ("a puzzle", {"Tarn", "Pellow", "red"}),
        ("a puzzle for a child of 3", set()),
        ("um quebra-cabeça", {"500 piece"}),
    ],
)
def test_a_bare_need_can_be_narrowed_down(tmp_path: Path, need: str, facets: set[str]) -> None:
    puzzles = {f"P{place}": (title, f"A jigsaw, the {place}.") for place, title in enumerate(PUZZLES)}
    reply = assistant_of(*build(tmp_path, puzzles), Scripted(lambda _: "")).retriever.suggested(need)
    assert facets <= set(reply.facets)
    assert bool(reply.facets) == bool(facets)
    assert all(value in reply.text for value in reply.facets)
    assert "facets" not in reply.to_row()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "hi",
            "hello there",
            "thanks a lot!",
            "ok bye",
            "obrigada!",
            "bom dia",
            "ta",
            "ok cheers mate",
            "haha brilliant ty",
        ),
        *(
            "you're useless lol",
            "stupid bot",
            "what a waste of time",
            "u suck",
            "você é muito burro",
            "ok you are a joke",
        ),
        *(
            "thank you, really useful",
            "cheers, super helpful",
            "that's great, thanks a lot",
            "obrigada, ajudou muito",
            "thanks exactly what i needed",
            "cool",
            "oh how cute!",
            "que legal",
            "adorei!!",
            "ok nice",
        ),
    ],
)
def test_courtesies_are_known(text: str) -> None:
    assert is_courtesy(text)


@pytest.mark.parametrize(
    "text",
    [
        "is it a good hiking boot",
        "is it cool",
        "sweet potato",
        "nice knife",
        "top loading washer",
        "é legal?",
        "what is in the thank-you card set, and how many are there?",
        "so it sucks up pet hair",
        "do you have a trash can",
        "the joke book for kids",
        "got any garbage bags",
        "useless box kit",
        "dumb bells 5kg",
        "dumb phone for my grandma",
        "stupid deaths board game",
        "idiot's guide to chess",
        "you suck at cooking book",
    ],
)
def test_other_turns_are_none(text: str) -> None:
    assert not is_courtesy(text)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("hello", "Hello!"),
        ("thank you", "You are welcome"),
        ("oi, tudo bem?", "Olá!"),
        ("obrigado", "De nada"),
        ("bonjour, vous avez quelle livraison", "I understand product questions in English"),
    ],
)
def test_help_is_in_the_words_of_the_turn(text: str, begins: str) -> None:
    assert help_text(text, "help").startswith(begins)


def test_another_language_is_told_which_are_understood() -> None:
    for text in ("wie viel kostet das", "guten Tag, haben sie das auch?", "bonjour, je cherche une lampe pour enfants"):
        assert "English and in Portuguese" in help_text(text, "other")
    assert "English and in Portuguese" not in help_text("qual a previsão do tempo para amanhã", "other")


@pytest.mark.parametrize("turn", ["do both fold flat", "are both dishwasher safe?", "can they both float", "do both?"])
def test_both_are_those_spoken_of(turn: str) -> None:
    assert points_at_both(turn)


@pytest.mark.parametrize("turn", ["do both lids come off", "are both sides lined", "it folds flat"])
def test_both_of_a_part_are_not(turn: str) -> None:
    assert not points_at_both(turn)


@pytest.mark.parametrize(
    "text", ["hi there", "where is my order?", "what's the weather like", "vocês entregam em Manaus?", "tell me a joke"]
)
def test_a_turn_about_no_product_gets_help_and_no_fact(assistant: Assistant, text: str) -> None:
    reply = assistant.ask(text).reply
    assert (reply.kind, reply.uid, reply.quotes, reply.products) == ("help", "", (), ())


def test_thanks_in_between_keep_the_product(assistant: Assistant) -> None:
    first = assistant.ask("how heavy is the red Harrow electric kettle 1.7 L?")
    thanks = assistant.ask("thanks!", state=first.state)
    assert (thanks.reply.kind, thanks.state) == ("help", first.state)
    assert assistant.ask("and is it loud?", state=thanks.state).reply.uid == "K1"


def test_a_correction_carries_the_question_over(assistant: Assistant) -> None:
    first = assistant.ask("is the Harrow electric kettle dishwasher safe?")
    red = assistant.ask("the red one", state=first.state)
    black = assistant.ask("no, the black one", state=red.state)
    assert (red.reply.uid, black.reply.uid) == ("K1", "K2")
    assert black.question == "is the Harrow electric kettle dishwasher safe?"
    back = assistant.ask("and the first one, how heavy is it?", state=black.state)
    assert (back.reply.uid, back.question) == ("K1", "how heavy is it?")


def test_an_elliptical_turn_asks_the_last_question_of_another_product(assistant: Assistant) -> None:
    first = assistant.ask("how heavy is the red Harrow electric kettle 1.7 L?")
    second = assistant.ask("and the Brint desk lamp DL-40?", state=first.state)
    assert (second.reply.uid, second.question) == ("L1", "how heavy is it?")


@pytest.mark.parametrize(
    ("turn", "question"),
    [
        ("and the brint desk lamp, how heavy?", "and the brint desk lamp, how heavy?"),
        (
            "what about the brint desk lamp dl-40, top brightness?",
            "what about the brint desk lamp dl-40, top brightness?",
        ),
        ("back to the brint lamp, what colour", "back to the brint lamp, what colour"),
        ("and the brint desk lamp dl-40", "is it loud?"),
        ("e a luminária brint dl-40?", "is it loud?"),
    ],
)
def test_a_turn_that_names_another_product_and_asks_asks_that(assistant: Assistant, turn: str, question: str) -> None:
    lamp = assistant.ask("how bright is the Brint desk lamp DL-40?")
    kettle = assistant.ask("is the red Harrow electric kettle 1.7 L loud?", state=lamp.state)
    again = assistant.ask(turn, state=kettle.state)
    assert (again.reply.uid, again.question) == ("L1", question)


ROWS: tuple[dict[str, Any], ...] = (
    {"need": "I am looking for a board game for 3 players", "fitting": ["G1"]},
    {"need": "a petrol lawn mower", "fitting": []},
    {
        "question": "which is lighter, the Brint desk lamp DL-40 or the Lanternfall board game?",
        "uids": ["L1", "G1"],
        "stated": [True, True],
        "winner": "L1",
    },
    {"question": "hi", "kinds": ["help"], "forbidden": ["kettle"]},
    {
        "turns": [
            {"user": "is the Harrow electric kettle dishwasher safe?", "kinds": ["clarify"]},
            {"user": "the black one", "kinds": ["answer", "not_stated"], "uid": "K2", "has": []},
        ]
    },
)


def test_shopping_is_measured(assistant: Assistant, tmp_path: Path) -> None:
    exam = tmp_path / "exam.jsonl"
    exam.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    report = evaluate_shopping(read_rows([exam]), assistant, tmp_path / "report")
    figures = {name: figure.value for name, figure in report.figures.items()}
    assert figures["needs: offered"] == figures["needs: honest"] == 1
    assert figures["comparisons: found"] == figures["others: right"] == figures["talks: whole"] == 1
    assert {path.name for path in (tmp_path / "report").iterdir()} >= {"report.json", "samples.jsonl", "report.html"}
    exam.write_text('{"question": 3}\n', encoding="utf-8")
    with pytest.raises(SourceError, match="line 1 of"):
        read_rows([exam])


def test_find_prints_what_fits(sample_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(sample_home), "find", "wireless headphones with a long battery life", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["kind"] == "suggestions"
    assert row["products"]
    assert main(["--home", str(sample_home), "find", ""]) == 1
    assert "the question is empty" in capsys.readouterr().err


def test_a_state_that_is_new_is_about_nothing() -> None:
    assert State().about("a", "q").about("b", "r").earlier == ("a",)


def test_a_shop_has_its_own_lines_and_costs(tmp_path: Path) -> None:
    assert read_shop(tmp_path) == ShopSettings()
    own = '[help]\norder = "Write to orders@tarn.example."\n[decision]\nwrong_cost = 12\n'
    (tmp_path / "shop.toml").write_text(own, encoding="utf-8")
    shop = read_shop(tmp_path)
    assert help_text("where is my order?", "order", shop.help) == "Write to orders@tarn.example."
    assert help_text("hello", "help", shop.help).startswith("Hello!")
    assert (shop.index.wrong_cost, shop.index.missed_cost) == (12.0, IndexSettings().missed_cost)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[help", "is no TOML"),
        ("[helps]\n", "unknown section helps"),
        ("[help]\nbanner = 'x'\n", "help.banner"),
        ("[help]\norder = 3\n", "help.order"),
        ("[help]\norder = ' '\n", "help.order"),
        ("help = 'x'\n", "help is no section"),
        ("[[decision]]\n", "decision is no section"),
        ("[decision]\nwrong_cost = inf\n", "decision.wrong_cost"),
        ("[decision]\nwrong_cost = -1\n", "decision.wrong_cost"),
        ("[decision]\nwrong_cost = true\n", "decision.wrong_cost"),
    ],
)
def test_faults_in_a_shops_settings_are_named(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=fault):
        read_shop(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "is it great for kids?",
        "hi, is it loud?",
        "thanks, and is it loud?",
        "hello, how heavy is it?",
        "oi, ele é pesado?",
    ],
)
def test_a_courtesy_before_a_question_is_none(text: str) -> None:
    assert not is_courtesy(text)


@pytest.mark.parametrize(
    "follow_up", ["which colors does it come in?", "can I use it with both hands?", "is the other side painted?"]
)
def test_a_follow_up_about_one_product_compares_nothing(assistant: Assistant, follow_up: str) -> None:
    first = assistant.ask("how heavy is the red Harrow electric kettle 1.7 L?")
    second = assistant.ask("how long is the arm of the Brint desk lamp DL-40?", state=first.state)
    assert assistant.ask(follow_up, state=second.state).reply.uid == "L1"


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("which is wider, A or B?", ["10 cm wide, 50 cm long", "20 cm wide, 30 cm long"]),
        ("which is lighter, A or B?", ["Weighs 1 kg, 3 kg with its base", "Weighs 2 kg, 4 kg with its base"]),
        ("which lasts longer, A or B?", ["Charges in 5 hours, runs 2 hours", "Charges in 1 hour, runs 4 hours"]),
    ],
)
def test_where_several_amounts_are_stated_no_winner_is_guessed(text: str, stated: list[str]) -> None:
    assert read_comparison(text, ["A", "B"]).outcome([Stated(text) for text in stated]) == Outcome()


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Lumo or Gust, which is more robust?", "Is it more robust?"),
        ("qual é mais alta, Lumo ou Gust?", "Qual a altura?"),
        ("do both Lumo and Gust have wheels?", "Does it have wheels?"),
        ("what material are Lumo and Gust made of", "What material is it made of?"),
    ],
)
def test_the_wording_that_is_left_is_no_count(text: str, question: str) -> None:
    query = read_comparison(text, ["Lumo", "Gust"])
    assert question in query.questions
    assert query.counted == ""


def test_a_choice_with_more_names_still_answers_what_waits(assistant: Assistant) -> None:
    first = assistant.ask("is the Harrow electric kettle dishwasher safe?")
    for choice in ("the red one, thank you very much", "the red one, the 1.7 litre"):
        answer = assistant.ask(choice, state=first.state)
        assert (answer.reply.uid, answer.question) == ("K1", "is the Harrow electric kettle dishwasher safe?")


def test_a_question_about_a_product_by_uid_goes_on_with_the_talk(assistant: Assistant) -> None:
    first = assistant.ask("how heavy is it?", uid="K1")
    second = assistant.ask("and the Brint desk lamp DL-40?", state=first.state)
    assert (second.reply.uid, second.question) == ("L1", "how heavy is it?")


@pytest.mark.parametrize(
    "hostile",
    [
        "no" + " " * 2_000 + "a" * 1_900 + "!",
        "lamp" + " " * 3_900 + "x",
        "and " * 900,
        "a lamp, " * 480,
        "no the " * 550,
    ],
)
def test_hostile_turns_take_no_long_time(assistant: Assistant, hostile: str) -> None:
    state = assistant.ask("is the Harrow electric kettle dishwasher safe?").state
    begin_s = time.perf_counter()
    assistant.ask(hostile, state=state)
    read_need(hostile)
    read_comparison(hostile, ["lamp", "and a"])
    assert time.perf_counter() - begin_s < 5


def test_a_long_turn_after_a_product_is_no_fault_and_spoils_no_history(assistant: Assistant) -> None:
    kettle, long = "how heavy is the red Harrow electric kettle 1.7 L?", "and " + "zorblax quux " * 306
    answer = assistant.ask(long, state=assistant.ask(kettle).state)
    assert assistant.retriever.recall([Message("user", kettle), Message("user", long)]) == answer.state
    assert "K1" in answer.state.spoken_of


@pytest.mark.parametrize(
    ("need", "thing"),
    [("a 1:24 scale model car", "1:24 scale model car"), ("one-piece swimsuit", "one-piece swimsuit")],
)
def test_signs_inside_a_word_cut_nothing(need: str, thing: str) -> None:
    assert read_need(need).thing == thing


@pytest.mark.parametrize(
    "row", ['{"turns": []}', '{"question": "A or B?", "uids": ["A", "B"], "stated": [true], "winner": ""}']
)
def test_senseless_rows_are_refused_before_anything_is_asked(tmp_path: Path, row: str) -> None:
    exam = tmp_path / "exam.jsonl"
    exam.write_text(f"\n{row}\n", encoding="utf-8")
    with pytest.raises(SourceError, match="line 2 of"):
        read_rows([exam])


@pytest.mark.parametrize(
    "text",
    ["am i talking to a real person or a machine", "are you a bot?", "bonjour, vous vendez", "você é um robô?"],
)
def test_who_asks_what_answers_or_speaks_otherwise_is_told(assistant: Assistant, text: str) -> None:
    assert assistant.ask(text).reply.kind == "help"


def test_an_order_in_a_talk_is_no_question_about_its_product(assistant: Assistant) -> None:
    first = assistant.ask("how heavy is the red Harrow electric kettle 1.7 L?")
    order = assistant.ask("where is my order?", state=first.state)
    assert (order.reply.kind, order.state) == ("help", first.state)
    price = assistant.ask("how much does it cost?", state=first.state)
    assert (price.reply.kind, price.reply.uid) == ("not_stated", "K1")
    assert "prices" in price.reply.text


def test_what_only_mentions_the_thing_is_not_offered(assistant: Assistant) -> None:
    reply = assistant.retriever.suggested("I need a dishwasher for a small kitchen")
    assert (reply.kind, reply.products) == ("not_found", ())


def test_what_a_title_says_in_as_many_words_is_not_called_unsaid() -> None:
    product = Product("G", "Gooseneck Pour-Over Kettle", "Made for slow coffee.")
    unclear = Part("for pour-over coffee", title_passage(product.title), 0.2, 0.1)
    silent = Part("for tea", title_passage(product.title), 0.2, 0.1)
    assert Fit(product, 0.5, (unclear, unclear, silent)).untold == ("for tea",)


def referent(uid: str, **features: float) -> Referent:
    known = {"numbers met": 0.0} | {name.replace("_", " "): value for name, value in features.items()}
    return Referent(uid, known if uid else {})


@pytest.mark.parametrize(
    ("of_the_talk", "new", "place"),
    [
        ({"current: points": 0.0}, {"score": 0.46, "numbers_met": 0.5}, 2),  # "how many pages does the hp 901 print"
        ({}, {"score": 0.46, "numbers_met": 0.5}, 2),  # the same, of one that was spoken of before
        ({"current: points": 1.0}, {"score": 0.46, "numbers_met": 0.5}, 1),  # "is it better than the 901?"
        ({"numbers_met": 0.5}, {"score": 0.46, "numbers_met": 0.5}, 1),  # "the 62xl"
        ({}, {"score": 0.1, "numbers_met": 0.5}, 1),  # "does it run 30 minutes", which some title holds
        ({}, {"score": 0.46, "numbers_met": 0.0}, 1),  # no number at all
    ],
)
def test_a_number_that_another_title_brings_is_not_the_product_of_the_talk(
    of_the_talk: dict[str, float], new: dict[str, float], place: int
) -> None:
    options = [referent(""), referent("62XL", **of_the_talk), referent("901", new=1.0, **new)]
    assert likeliest(options, [0.0, 3.0, 1.5]) == place

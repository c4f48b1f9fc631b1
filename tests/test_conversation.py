"""Which product a talk is about, turn by turn."""

import pytest

from assistant.conversation import State, Turn, asked_in, replay, understand
from assistant.messages import Message
from index.catalogue.store import Catalogue
from index.errors import QuestionError
from index.resolver import TitleIndex

Shop = tuple[Catalogue, TitleIndex]


def talk(shop: Shop, *questions: str) -> Turn:
    catalogue, index = shop
    state = State()
    for question in questions:
        turn = understand(state, question, index, catalogue)
        state = turn.state
    return turn


def test_a_named_product_is_found(shop: Shop) -> None:
    assert talk(shop, "is the Brint desk lamp DL-40 white?").uid == "L1"


@pytest.mark.parametrize(
    "follow_up", ["and how heavy is it?", "how many litres?", "is the warranty long?", "e o peso?"]
)
def test_a_follow_up_keeps_the_product(shop: Shop, follow_up: str) -> None:
    assert talk(shop, "what colour is the red Harrow electric kettle 1.7 L?", follow_up).uid == "K1"


def test_naming_another_product_changes_it(shop: Shop) -> None:
    assert (
        talk(shop, "how heavy is the red Harrow electric kettle?", "is the Brint desk lamp DL-40 for readers?").uid
        == "L1"
    )


def test_pointing_at_the_product_before_another_name_keeps_it(shop: Shop) -> None:
    assert (
        talk(shop, "how heavy is the red Harrow electric kettle?", "does it match the Brint desk lamp DL-40?").uid
        == "K1"
    )


def test_a_product_that_is_not_there_is_not_answered_from_the_one_before(shop: Shop) -> None:
    assert talk(shop, "how heavy is the red Harrow electric kettle?", "how loud is the Zyxomat Turbo 9000?").uid == ""


def test_it_after_a_product_that_is_not_there_is_not_the_one_before(shop: Shop) -> None:
    red, stranger = "how heavy is the red Harrow electric kettle?", "how loud is the Zyxomat Turbo 9000?"
    assert talk(shop, red, stranger, "and how heavy is it?").uid == ""


def test_two_that_fit_are_offered(shop: Shop) -> None:
    turn = talk(shop, "is the Harrow electric kettle dishwasher safe?")
    assert turn.uid == ""
    assert {hit.uid for hit in turn.candidates} == {"K1", "K2"}


@pytest.mark.parametrize(
    "answer", ["the red one", "1.7 L", "the 1.7 litre red kettle please", "Harrow Electric Kettle 1.7 L, Red"]
)
def test_distinguishing_words_choose(shop: Shop, answer: str) -> None:
    turn = talk(shop, "is the Harrow electric kettle dishwasher safe?", answer)
    assert (turn.uid, turn.question) == ("K1", "is the Harrow electric kettle dishwasher safe?")


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("1", 0),
        ("2", 1),
        ("number 2", 1),
        ("the first", 0),
        ("the second one", 1),
        ("o segundo", 1),
        ("the last one", -1),
        ("#1", 0),
    ],
)
def test_a_number_or_an_ordinal_chooses(shop: Shop, answer: str, place: int) -> None:
    offered = talk(shop, "is the Harrow electric kettle dishwasher safe?").candidates
    assert talk(shop, "is the Harrow electric kettle dishwasher safe?", answer).uid == offered[place].uid


@pytest.mark.parametrize("answer", ["3", "the fifth", "hmm", "the green one"])
def test_an_answer_that_chooses_nothing_is_asked_again(shop: Shop, answer: str) -> None:
    turn = talk(shop, "is the Harrow electric kettle dishwasher safe?", answer)
    assert turn.uid == ""
    assert {hit.uid for hit in turn.candidates} == {"K1", "K2"}
    assert turn.state.waiting == "is the Harrow electric kettle dishwasher safe?"


def test_a_new_question_instead_of_a_choice_is_answered(shop: Shop) -> None:
    assert talk(shop, "is the Harrow kettle safe?", "how many players can play the Lanternfall board game?").uid == "G1"


def test_equal_titles_are_told_apart_by_what_their_descriptions_say(shop: Shop) -> None:
    assert talk(shop, "is the Waxwing rain jacket waterproof?", "the one for children").uid == "J2"


def test_a_history_in_plain_text_gives_the_state_of_the_talk(shop: Shop) -> None:
    catalogue, index = shop
    questions = ["is the Harrow electric kettle dishwasher safe?", "the black one", "and how heavy is it?"]
    history = [message for question in questions for message in (Message("user", question), Message("assistant", "…"))]
    assert replay(history, index, catalogue) == talk(shop, *questions).state
    assert talk(shop, *questions).state.uid == "K2"


def test_a_history_that_only_the_assistant_named_the_product_in_is_understood(shop: Shop) -> None:
    catalogue, index = shop
    history = [Message("user", "any ideas for reading at night?"), Message("assistant", "Brint Desk Lamp DL-40, White")]
    assert replay(history, index, catalogue).uid == "L1"


def test_blank_and_overlong_turns_of_a_history_change_nothing(shop: Shop) -> None:
    catalogue, index = shop
    history = [Message("user", "the Brint desk lamp DL-40"), Message("user", " "), Message("user", "x" * 5000)]
    assert replay(history, index, catalogue).uid == "L1"


def test_a_blank_question_is_refused(shop: Shop) -> None:
    with pytest.raises(QuestionError):
        talk(shop, "  ")


RED, LAMP, GAME = (
    "how heavy is the red Harrow electric kettle?",
    "is the Brint desk lamp DL-40 for readers?",
    "how many cards has the Lanternfall board game?",
)


@pytest.mark.parametrize(
    ("turns", "uid"),
    [
        # A word of another product's title, or of none, does not lead away.
        ((RED, "is it ok in the rain?"), "K1"),
        ((RED, "good for total beginners?"), "K1"),
        ((LAMP, "and medium"), "L1"),
        ((LAMP, "would it go with a black desk"), "L1"),
        ((GAME, "how long does one game take"), "G1"),
        # Another one is named, with or without a lead.
        ((RED, "how long is the arm on the brint lamp"), "L1"),
        ((LAMP, "and the lanternfall, how many can play"), "G1"),
        ((GAME, "what about the apron, does that have pockets"), "X1"),
        # Back to one spoken of before, by one of its words.
        ((RED, LAMP, GAME, "what battery does the brint take"), "L1"),
        ((RED, LAMP, GAME, "how many litres does the kettle hold, the red one"), "K1"),
        ((LAMP, RED, "back to the lamp, is there a battery?"), "L1"),
        ((RED, LAMP, "and the first one?"), "K1"),
        # The other one of two that were offered.
        (("is the Harrow electric kettle dishwasher safe?", "the red one", "and the other one?"), "K2"),
        (("is the Harrow electric kettle dishwasher safe?", "the black one", "and the other one?"), "K1"),
    ],
)
def test_a_turn_means_the_product_that_a_person_would_take_it_for(shop: Shop, turns: tuple[str, ...], uid: str) -> None:
    assert talk(shop, *turns).uid == uid


@pytest.mark.parametrize(
    "turn",
    [
        "is the red kettle heavier than that?",
        "heavier than the kettle, the red one?",
        "which is heavier, that or the red Harrow kettle?",
        "the red Harrow kettle or this one, which is heavier?",
    ],
)
def test_another_product_is_set_beside_that_of_the_talk(shop: Shop, turn: str) -> None:
    assert set(talk(shop, RED, LAMP, turn).compared) == {"K1", "L1"}


@pytest.mark.parametrize(
    ("question", "uid"),
    [
        ("is the Orbel garden hose longer than 35 metres", "E1"),
        ("is the Orbel hose longer than 35 metres", "E1"),
        ("is the orbel hose under 15 m", "E1"),
        ("is the garden hose heavier than 12 kg", "E1"),
        ("does the brint lamp stand 60 cm tall", "L1"),
        ("does the brint weigh more than 5 pounds", "L1"),
        ("does the brint need more than 12 volts", "L1"),
        ("does the Tarn bicycle bell weigh more than 250 grams?", "E2"),
    ],
)
def test_an_amount_that_is_asked_about_is_none_of_the_name(shop: Shop, question: str, uid: str) -> None:
    catalogue, index = shop
    assert understand(State(), question, index, catalogue).uid == uid


@pytest.mark.parametrize(
    "question",
    [
        "is the Harrow electric kettle 2.5 litres?",
        "the Orbel garden hose 35 m",
        "is the Zyxomat desk robot 9000 waterproof?",
        "does the Veltor garden drone 450 fold flat",
        "is the Quonset electric toaster 77 dishwasher safe",
    ],
)
def test_an_amount_beside_the_name_is_part_of_it(shop: Shop, question: str) -> None:
    index = shop[1]
    resolution = asked_in(question, index).resolution
    assert resolution == index.resolve(question)


@pytest.mark.parametrize(
    "question",
    [
        "how heavy is the Wexcombe wool scarf?",
        "can the Zephyr X9 go in the dishwasher",
        "how many pages has the Pellow atlas",
        "what is the Wexcombe scarf made of",
    ],
)
def test_a_fact_of_what_is_not_there_is_no_other_topic(shop: Shop, question: str) -> None:
    catalogue, index = shop
    assert understand(State(), question, index, catalogue).wants not in ("help", "order", "other")


@pytest.mark.parametrize(
    "turn",
    [
        "aw thats so cute",
        "lovely, thank you dear",
        "que bom, obrigada viu",
        "ok thanks bud",
        "fab",
        "cool cool thank u",
        "nossa, muito obrigado mesmo",
        "bless you, thanks",
    ],
)
def test_a_turn_that_only_thanks_or_praises_leaves_the_talk_where_it_is(shop: Shop, turn: str) -> None:
    after = talk(shop, RED, turn)
    assert (after.wants, after.state.uid) == ("help", "K1")


@pytest.mark.parametrize("turn", ["warranty", "max load", "colour", "is it a good gift", "thanks, and how loud is it?"])
def test_a_short_turn_about_the_product_is_no_thanks(shop: Shop, turn: str) -> None:
    assert talk(shop, RED, turn).uid == "K1"

"""Texts without an end or a sense: read in a moment, as words of a bounded length, and quoted as they stand."""

import threading
import time
import unicodedata
from pathlib import Path

import pytest
import small_shop
from hypothesis import given
from hypothesis import strategies as st

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from assistant.conversation import MAX_CHARACTERS_REPLAYED, State, replay
from assistant.messages import Message
from assistant.passages import split
from index.catalogue.store import READ_CHARACTERS, Catalogue
from index.descriptions import MOST_MEANINGS, meanings_of
from index.errors import QuestionError
from index.measures import measures_of
from index.normal_form import MOST_MARKS, normal_form
from index.quantities import compare, quantities_in
from index.resolver import MAX_QUESTION_CHARACTERS, TitleIndex, check_question
from index.text import LONGEST_WORD, content_words, fold, tokens
from index.titles.identifiers import identifiers_in

PICTURE = "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAA" * 2_000
MOMENT_S = 1.0  # of this thread's time; where each grows with the square of the text it is ten and more
UNBROKEN = {
    "letters": "a",
    "digits": "7",
    "hyphens": "a-",
    "points": "1.",
    "commas": "1,",
    "thai": "กา",
    "picture": PICTURE,
}

Shop = tuple[Catalogue, TitleIndex]


@pytest.mark.parametrize("unit", UNBROKEN.values(), ids=UNBROKEN)
def test_an_unbroken_word_is_read_in_a_moment_as_words_of_a_bounded_length(unit: str) -> None:
    text = (unit * (40_000 // len(unit) + 1))[:40_000]
    start_s = time.thread_time()
    words = [*fold(text).split(), *tokens(text), *content_words(text)]
    assert time.thread_time() - start_s < MOMENT_S
    assert max(map(len, fold(text).split())) <= LONGEST_WORD
    assert max(map(len, words)) <= 10 * (LONGEST_WORD + 1)


def test_words_up_to_the_bound_are_whole() -> None:
    word = "a" * LONGEST_WORD
    assert fold(f"{word} {word}b") == f"{word} {word} b"
    assert content_words(f"the {word}") == {word}


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_a_normal_form_is_unicodes_own_where_no_letter_bears_more_marks_than_any_language_writes(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        marks = sum(unicodedata.combining(sign) > 0 for sign in unicodedata.normalize("NFKD", text))
        if marks <= MOST_MARKS:
            assert normal_form(text, form) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("unit", ["\u0323\u0301", "\uff9e\u0323", "\u0f73\u0301", "\u0344\u0323"])
def test_marks_upon_marks_are_thinned(unit: str) -> None:
    start_s = time.thread_time()
    assert len(normal_form("e" + unit * 100_000, "NFKD")) <= 1 + 3 * MOST_MARKS
    assert time.thread_time() - start_s < MOMENT_S


@pytest.mark.parametrize(
    "number", ["9" * 4_000, "9" * 400 + "/" + "9" * 400, "1/0", "²³¹", "٣" * 400, "㉈" * 1_900, "1." * 900]
)
def test_no_number_is_too_large_or_too_strange(number: str) -> None:
    text = f"holds {number} kg, up to {number} inches or {number}"
    assert all(quantity.low <= quantity.high for quantity in quantities_in(text))
    assert isinstance(measures_of(fold(text).split()), list)
    assert compare(text, text) is None or compare(text, text)
    assert list(identifiers_in(text)) is not None


def test_of_many_amounts_in_a_question_the_first_are_read() -> None:
    many = " ".join(f"{number} kg," for number in range(1, 3_000))
    start_s = time.thread_time()
    assert compare(f"is it {many}", f"It weighs 2 kg. {many}") == "equal"
    assert time.thread_time() - start_s < MOMENT_S


def test_of_a_need_without_an_end_the_first_words_are_sought() -> None:
    assert len(meanings_of("½ " * 2_000)) == len(meanings_of("kettle " * 2_000)) == MOST_MEANINGS


@pytest.mark.parametrize(
    ("question", "refused"),
    [
        ("🙂" * 4_000, False),
        ("é" * 4_000, False),
        ("½" * 2_600, False),
        ("กาต้มน้ำ" * 500, False),
        ("½" * 2_700, True),
        ("ﷺ" * 450, True),
    ],
)
def test_a_question_is_as_long_as_its_ligatures_written_out(question: str, refused: bool) -> None:
    assert len(question) <= MAX_QUESTION_CHARACTERS
    if refused:
        with pytest.raises(QuestionError, match="characters; expected 4,000 at most"):
            check_question(question)
    else:
        check_question(question)


def test_five_turns_of_a_word_without_an_end_are_replayed_in_a_moment(shop: Shop) -> None:
    history = [Message("user", "a" * 4_000)] * 5
    replay(history[:1], *reversed(shop))  # what is read once, is
    start_s = time.thread_time()
    replay(history, *reversed(shop))
    assert time.thread_time() - start_s < 2 * MOMENT_S


def test_a_replay_stops_where_nobody_waits_for_it(shop: Shop) -> None:
    catalogue, index = shop
    cancel = threading.Event()
    history = [Message("user", "is the Harrow Electric Kettle 1.7 L, Red loud?"), Message("assistant", "No.")]
    assert replay(history, index, catalogue, cancel=cancel).uid == "K1"
    cancel.set()
    assert replay(history, index, catalogue, cancel=cancel) == State()


def test_of_a_talk_without_an_end_the_newest_turns_are_replayed(shop: Shop) -> None:
    catalogue, index = shop
    lamp = [Message("user", "how long is the arm of the Brint Desk Lamp DL-40, White?")]
    kettle = [Message("user", "is the Harrow Electric Kettle 1.7 L, Red loud?")]
    long = [Message("user", "x " * 1_990)] * (MAX_CHARACTERS_REPLAYED // 3_980)
    assert replay([*lamp, *kettle], index, catalogue).earlier == ("L1",)
    assert replay([*lamp, *long, *kettle], index, catalogue).earlier == ()


def test_a_picture_in_a_description_stops_nothing_and_quotes_stay_verbatim(tmp_path: Path) -> None:
    before, behind = "The clock is made of oak. ", " The case weighs 4.5 kg. "
    products = {
        **small_shop.PRODUCTS,
        "P1": ("Lorne Mantel Clock, Oak", before + PICTURE[:9_000] + behind + "Wind it on Sundays."),
        "P2": ("Lorne Wall Clock, Ash", before + PICTURE + behind),
        "P3": (PICTURE[:3_900], "A clock of pine."),
    }
    start_s = time.process_time()
    catalogue, index = small_shop.build(tmp_path, products)
    assistant = assistant_of(catalogue, index, Scripted(lambda messages: "It weighs 4.5 kg. [1]"))
    answer = assistant.ask("how heavy is the Lorne Mantel Clock, Oak?").reply
    assert time.process_time() - start_s < 20 * MOMENT_S
    assert (answer.kind, answer.uid) == ("answer", "P1")
    assert [quote.text.endswith(behind.strip()) for quote in answer.quotes] == [True]
    assert all(quote.stands_in(catalogue.find("P1")) for quote in answer.quotes)
    content = catalogue.find("P2").content
    assert len(content) > READ_CHARACTERS > len(catalogue.find("P2").beginning) - 1
    assert all(content[passage.start : passage.end] == passage.text for passage in split(content))
    assert assistant.ask("how heavy is it?", uid="P2").reply.kind == "not_stated"  # it stands beyond what is read


@pytest.mark.parametrize("question", ["is it \ud83d red?", "\udce9 how heavy is it?", "\udc00"])
def test_half_characters_are_read_as_such_by_every_reader(shop: Shop, question: str) -> None:
    assistant = assistant_of(*shop, Scripted(lambda messages: "It weighs 1.3 kg. [1]"))
    history = [Message("user", f"i need a kettle {question}"), Message("assistant", question)]
    state = assistant.retriever.recall(history)
    for about in (assistant.ask(question, state=state), assistant.ask(question, uid="K1")):
        assert about.reply.text.encode()
    assert assistant.compare(question, ["K1", "K2"]).reply.text.encode()
    assert assistant.describe(question).reply.title.encode()

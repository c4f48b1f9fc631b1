"""Tasks of chat clients: known by their shape in any wording, never in a shopper's question, answered by a name."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from assistant.messages import Message, Role
from assistant.retriever import Retriever
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex
from ui.api.clients.answers import answer_task, short_title
from ui.api.clients.talk import talk_in
from ui.api.clients.tasks import ClientTask, Kind, read_task

Shop = tuple[Catalogue, TitleIndex]

ASKED = "how heavy is the red Harrow electric kettle 1.7 L?"
SAID = "It weighs 1.3 kg. [1]"
NAME = "Harrow Electric Kettle 1.7 L"
TRANSCRIPTS = {
    "labelled": f"user: {ASKED}\nassistant: {SAID}",
    "capitals": f"<chat_history>\nUSER: {ASKED}\nASSISTANT: {SAID}\n</chat_history>",
    "arrows": f'||>User:\n"{ASKED}"\n||>Response:\n"{SAID}"',
    "list": f"```\n- You: {ASKED}\n- Assistant: {SAID}\n```",
    "bold": f"**Human**: {ASKED}\n\n**AI**: {SAID}",
    "json": json.dumps([{"role": "user", "mainText": ASKED}, {"role": "assistant", "mainText": SAID}]),
    "object": json.dumps({"id": "1", "role": "user", "parts": [{"type": "text", "text": ASKED}]}),
    "quoted": f'"{ASKED}"',
    "ruled": f"------\n{ASKED}\n------",
    "tagged": f"<message>{ASKED}</message>",
    "bare": ASKED,
}
# Wordings of no client, of the shape that all have.
WORDINGS = {
    "title": "Write a concise title, 6 words at most, for the conversation below. Reply with nothing else.",
    "name": "Read the chat history and give this conversation a name. No quotes, 12 characters or fewer.",
    "summary": "Summarise the user's conversation into a heading of three to five words, without punctuation.",
    "first message": "Produce a brief headline for a thread that starts with the following message. Only the headline.",
    "portuguese": "Gere um título curto para a conversa, com no máximo 5 palavras. Responda apenas o título.",
    "chinese": "请为下面的对话生成一个标题，十个字以内，不要标点。",
}


@pytest.fixture
def retriever(shop: Shop) -> Retriever:
    return assistant_of(*shop, Scripted([])).retriever


def user(text: str) -> Message:
    return Message("user", text)


PLACES = [
    (transcript, place)
    for transcript in TRANSCRIPTS
    for place in ("before", "behind", "instruction")
    if transcript not in ("json", "object") or place == "instruction"  # clients that send JSON send nothing beside it
]


@pytest.mark.parametrize(("transcript", "place"), PLACES)
@pytest.mark.parametrize("wording", WORDINGS.values(), ids=WORDINGS)
def test_a_talk_is_named_after_its_product(retriever: Retriever, wording: str, transcript: str, place: str) -> None:
    instructions = [wording] if place == "instruction" else []
    talk = TRANSCRIPTS[transcript]
    messages = {"before": f"{wording}\n\n{talk}", "behind": f"{talk}\n\n{wording}"}
    task = read_task(instructions, [user(messages.get(place, talk))])
    assert task is not None and task.kind == "title"
    reply = answer_task(task, retriever)
    assert (reply.kind, reply.text, reply.uid) == ("help", NAME, "K1")


@pytest.mark.parametrize("wording", WORDINGS.values(), ids=WORDINGS)
def test_a_talk_that_stands_before_the_task_is_named(retriever: Retriever, wording: str) -> None:
    talk = [user("tell me of the Brint desk lamp DL-40"), Message("assistant", "White steel."), user(wording)]
    task = read_task([], talk)
    assert task is not None
    assert answer_task(task, retriever).text == "Brint Desk Lamp DL-40"


# The first follow the shapes that were seen at AnythingLLM, big-AGI, Chatbox, Cherry Studio, Jan, LibreChat, LobeChat
# and smaller clients, in other words: 18 of 37 were known by the patterns of the time. The others were made up: 2 of 27
# were, and of 22 that came after the next patterns 12.
GIVEN = json.loads((Path(__file__).parent / "data" / "client_wordings.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("given", [*GIVEN["as_clients_do"], *GIVEN["of_no_client"]], ids=str)
def test_what_clients_ask_for_themselves_is_known_in_any_wording(retriever: Retriever, given: dict[str, Any]) -> None:
    roles: list[Role] = ["user", "assistant"]
    before = [Message(role, text) for role, text in zip(roles, given.get("before", ()), strict=False)]
    instructions = [given["instruction"]] if "instruction" in given else []
    task = read_task(instructions, [*before, user(given["message"])])
    assert task is not None and task.kind == given["kind"]
    if task.kind == "title":
        title = answer_task(task, retriever).text
        assert NAME in (title, *(json.loads(title).values() if task.key else ()))


@pytest.mark.parametrize(
    ("wording", "answer"),
    [
        ("List the facts about the user worth remembering from this chat, one a line.", "[]"),
        ("Suggest 3 follow-up questions. Only a JSON array.", '["What is it made of?", "Is there a warranty?"]'),
        ("Suggest 3 follow-up questions, one a line.", "What is it made of?\nIs there a warranty?"),
    ],
)
def test_lists_are_given_in_the_form_that_is_asked(retriever: Retriever, wording: str, answer: str) -> None:
    task = read_task([], [user(f"{wording}\n{TRANSCRIPTS['labelled']}")])
    assert task is not None
    assert answer_task(task, retriever).text == answer


@pytest.mark.parametrize(
    ("kind", "wording", "answer"),
    [
        ("title", 'Generate a short title of the chat history, in JSON: { "title": "here" }', {"title": NAME}),
        (
            "tags",
            'Create 1-3 broad tags for the main themes of the chat. JSON: {"tags": ["a"]}',
            {"tags": ["harrow", "electric", "kettle"]},
        ),
        (
            "follow_ups",
            'Suggest follow-up questions that the user may ask in this conversation. JSON only: {"follow_ups": []}',
            {"follow_ups": ["What is it made of?", "Is there a warranty?"]},
        ),
        (
            "follow_ups",
            'Predict what the user sends next, to reach their goal. The answer has the form {"follow_ups": ["a"]}',
            {"follow_ups": ["What is it made of?", "Is there a warranty?"]},
        ),
        ("queries", 'Generate 1-3 search queries from the conversation, JSON: { "queries": [] }', {"queries": []}),
        ("picture", 'Create a detailed prompt for an image of this chat, in JSON: {"prompt": "…"}', {"prompt": ""}),
        ("completion", '### Task:\nYou are an autocompletion system. Continue <text>. {"text": "…"}', {"text": ""}),
    ],
)
def test_other_tasks_are_answered_as_they_ask(
    retriever: Retriever, kind: Kind, wording: str, answer: dict[str, object]
) -> None:
    task = read_task([], [user(f"{wording}\n{TRANSCRIPTS['capitals']}")])
    assert task is not None and task.kind == kind
    assert json.loads(answer_task(task, retriever).text) == answer


def test_tags_and_questions_are_lines_where_no_json_is_asked(retriever: Retriever) -> None:
    task = ClientTask("follow_ups", "", (user(TRANSCRIPTS["labelled"]),))
    assert answer_task(task, retriever).text.splitlines() == ["What is it made of?", "Is there a warranty?"]


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("Which of your kettles boils fastest, and may I return it?", "Which of your kettles boils fastest"),
        ("hello", "hello"),
        ("", "…"),
    ],
)
def test_a_talk_without_a_product_is_named_by_its_first_words(retriever: Retriever, asked: str, title: str) -> None:
    task = ClientTask("title", "", (user(asked), Message("assistant", "Hm."), user("Name this chat.")))
    assert answer_task(task, retriever).text == title


SHOPPERS = [
    "What is the title of the board game for four players?",
    "Give me the title of the shortest book you have, only the title please",
    "Suggest a short board game for 2 to 4 players, nothing else",
    "Can you write me a short summary of the kettle's description?",
    "What is the name of the red one?",
    "Is the chat light on the headset only blue?",
    "Which greeting cards have a message of few words?",
    "qual é o título do jogo de tabuleiro?",
    'give me only the title of the book "The Long Road Home"',
]


@pytest.mark.parametrize("asked", [*SHOPPERS, *GIVEN["shoppers"]])
def test_a_shoppers_question_is_no_task(asked: str) -> None:
    assert read_task([], [user(asked)]) is None


@pytest.mark.parametrize(
    "instruction",
    [
        "You are a shop assistant. Provide short answers. Always give the title of the product in the conversation.",
        "Answer briefly. Write titles in bold. Never name other shops. Keep the conversation polite.",
        "Give answers without headings in this chat. Be concise.",
        "Write without emojis in this chat. Only plain text.",
        "Respond in short messages, without HTML tags, whatever the conversation.",
        "Summarise the customer's request briefly, then answer it. Only what the description says.",
        "Write chat messages in title case only.",
        "Suggest follow-up questions at the end of each conversation, three at most, short ones.",
        "You help shoppers. Keep it short.\n" + "Be kind. " * 100 + "Generate a title for the conversation if asked.",
        *GIVEN["instructions"],
    ],
)
def test_a_shops_own_instruction_is_no_task(instruction: str) -> None:
    assert read_task([instruction], [user(ASKED)]) is None


@given(st.text(max_size=300), st.sampled_from(sorted(TRANSCRIPTS)))
def test_any_text_around_a_talk_is_read(text: str, transcript: str) -> None:
    turns = talk_in([user(f"{text}\n{TRANSCRIPTS[transcript]}\n{text}")])
    assert all(turn.content.strip() for turn in turns)


@given(st.text(max_size=400))
def test_a_title_is_short_and_of_one_line(text: str) -> None:
    title = short_title(text)
    assert len(title) <= 50
    assert len(title.splitlines()) <= 1


@pytest.mark.parametrize(
    "text", ["-" * 100_000, "\n" * 100_000, '"' * 100_000, "user:" * 20_000, "<text>" * 20_000, "[" * 100_000]
)
def test_a_task_that_is_made_to_be_slow_is_read_at_once(text: str) -> None:
    start_s = time.perf_counter()
    talk_in([user(f"Write a short title for this chat.\n{text}")])
    read_task([text] * 1000, [user(text)])
    assert time.perf_counter() - start_s < 1

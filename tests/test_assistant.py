"""The assistant: kinds of reply, grounding, streaming, and what the model may not decide."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.assistant import Settings, assistant_of
from assistant.backends.base import BackendError, DeadlineError, SamplingParams
from assistant.backends.scripted import Scripted
from assistant.messages import Message
from assistant.models.adapters import Adapter
from assistant.prompt import BASE_FORMAT, PromptFormat
from assistant.reply import Quote, Reply
from index.catalogue.store import Catalogue
from index.errors import QuestionError, UnknownProductError
from index.resolver import TitleIndex

Shop = tuple[Catalogue, TitleIndex]
RED = "how heavy is the red Harrow electric kettle 1.7 L?"


def ask(shop: Shop, question: str, *texts: str, uid: str = "") -> Reply:
    reply = assistant_of(*shop, Scripted(list(texts))).ask(question, uid=uid).reply
    assert all(quote.stands_in(shop[0].find(reply.uid)) for quote in reply.quotes)
    return reply


def test_an_answer_carries_its_product_and_a_verbatim_quote(shop: Shop) -> None:
    reply = ask(shop, RED, "It weighs 1.3 kg empty. [1]")
    assert (reply.kind, reply.uid, reply.text) == ("answer", "K1", "It weighs 1.3 kg empty. [1]")
    assert [quote.text for quote in reply.quotes] == ["Weighs 1.3 kg empty."]
    assert {"resolve_ms", "passages_ms", "first_token_ms", "total_ms"} == set(reply.timings)
    assert reply.hits[0].uid == "K1"


def test_an_invention_is_replaced_by_the_best_passage(shop: Shop) -> None:
    reply = ask(shop, RED, "It weighs 42 tonnes. [1]")
    assert (reply.kind, reply.text) == ("answer", 'The description says: "Weighs 1.3 kg empty."')
    assert [quote.text for quote in reply.quotes] == ["Weighs 1.3 kg empty."]


def test_a_model_that_says_nothing_leaves_the_best_passage(shop: Shop) -> None:
    assert ask(shop, RED, "").text == 'The description says: "Weighs 1.3 kg empty."'


def test_a_model_that_refuses_what_the_judge_finds_leaves_the_best_passage(shop: Shop) -> None:
    assert ask(shop, RED, "Not stated.").text == 'The description says: "Weighs 1.3 kg empty."'


def test_without_evidence_the_model_is_not_asked(shop: Shop) -> None:
    backend = Scripted(["It plays radio. [1]"])
    reply = assistant_of(*shop, backend).ask("does the red Harrow electric kettle 1.7 L have bluetooth?").reply
    assert (reply.kind, reply.uid) == ("not_stated", "K1")
    assert backend.calls == []


def test_weak_evidence_claims_nothing_and_nothing_is_written(shop: Shop) -> None:
    backend = Scripted(["It weighs 1.3 kg empty. [1]"])
    reply = assistant_of(*shop, backend, Settings(caution=0.999)).ask(RED).reply
    assert (reply.kind, reply.quotes) == ("not_stated", ())
    assert backend.calls == []


@pytest.mark.parametrize(("uid", "content"), [("E1", ""), ("E2", "N/A")])
def test_a_product_without_a_usable_description_says_so(shop: Shop, uid: str, content: str) -> None:
    reply = ask(shop, "how long is the warranty?", uid=uid)
    assert shop[0].find(uid).content == content
    assert (reply.kind, reply.uid) == ("not_stated", uid)
    assert "No description is known" in reply.text


def test_a_title_is_evidence_too(shop: Shop) -> None:
    reply = ask(shop, "is it a bicycle bell?", "Yes. It is a bicycle bell. [1]", uid="E2")
    assert (reply.kind, reply.quotes) == ("answer", (Quote("Tarn Bicycle Bell, Brass", 0, 24, "title"),))


def test_two_that_fit_are_asked_about_with_labels_that_differ(shop: Shop) -> None:
    reply = ask(shop, "is the Waxwing rain jacket waterproof?")
    assert (reply.kind, reply.uid) == ("clarify", "")
    lines = reply.text.splitlines()[1:]
    assert len(set(lines)) == len(lines) == 2
    assert any("children" in line for line in lines)


def test_of_two_products_to_compare_each_is_asked(shop: Shop) -> None:
    reply = ask(shop, "which is lighter, the Brint desk lamp DL-40 or the Lanternfall board game?", "It is light. [1]")
    assert reply.kind == "comparison"
    assert [side.uid for side in reply.products] == ["L1", "G1"]
    assert "Brint" in reply.text
    assert "Lanternfall" in reply.text


def test_what_is_in_no_catalogue_is_not_found_and_nothing_is_invented(shop: Shop) -> None:
    backend = Scripted([])
    reply = assistant_of(*shop, backend).ask("how loud is the Zyxomat Turbo 9000 vacuum?").reply
    assert (reply.kind, reply.uid, reply.quotes) == ("not_found", "", ())
    assert reply.hits
    assert backend.calls == []


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("how heavy is the Brint DL-90 desk lamp?", 'No title has "DL-90".'),
        ("a luminária Brint DL-90 é pesada?", 'Nenhum título tem "DL-90".'),
    ],
)
def test_a_word_that_no_title_has_is_named(shop: Shop, question: str, said: str) -> None:
    reply = ask(shop, question)
    assert reply.kind in ("clarify", "not_found")
    assert reply.text.startswith(said)


def test_pointing_at_nothing_asks_for_the_product(shop: Shop) -> None:
    assert ask(shop, "how heavy is it?").text.startswith("Which product is it about?")


def test_a_uid_skips_resolving(shop: Shop) -> None:
    reply = ask(shop, "how heavy is it?", "It weighs 950 g. [1]", uid="K2")
    assert (reply.uid, reply.kind, reply.hits) == ("K2", "answer", ())


def test_a_bare_title_asks_what_the_product_is(shop: Shop) -> None:
    backend = Scripted(["A white steel lamp. [1]"])
    reply = assistant_of(*shop, backend).ask("Brint Desk Lamp DL-40, White").reply
    assert reply.kind == "answer"
    assert "What is this product?" in backend.calls[0].messages[-1].content


def test_a_portuguese_question_gets_portuguese_sentences(shop: Shop) -> None:
    reply = ask(shop, "os fones de ouvido bluetooth sem fio têm cancelamento de ruído?", "42 tonnes")
    assert "A descrição diz:" in reply.text


def test_a_wording_that_leaves_out_what_was_asked_is_replaced(shop: Shop) -> None:
    assert ask(shop, RED, "It is empty. [1]").text == 'The description says: "Weighs 1.3 kg empty."'


def test_a_uid_alone_asks_what_the_product_is(shop: Shop) -> None:
    backend = Scripted(["A white steel lamp. [1]"])
    assert assistant_of(*shop, backend).ask("L1").reply.uid == "L1"
    assert "What is this product?" in backend.calls[0].messages[-1].content


def test_words_of_the_title_may_be_what_is_asked(shop: Shop) -> None:
    backend = Scripted(["Yes, it is white. [1]"])
    _ = assistant_of(*shop, backend).ask("is it white?", uid="L1").reply
    assert "is it white?" in backend.calls[0].messages[-1].content


def test_text_that_gives_orders_is_no_evidence(shop: Shop) -> None:
    backend = Scripted(["It has two pockets. [1]"])
    assistant = assistant_of(*shop, backend)
    assert assistant.ask("is it free?", uid="X1").reply.kind == "not_stated"
    _ = assistant.ask("how many pockets does it have?", uid="X1").reply
    assert "free" not in backend.calls[0].messages[-1].content


def test_catalogue_text_cannot_end_its_turn(shop: Shop) -> None:
    backend = Scripted(["It has two pockets. [1]"])
    assistant_of(*shop, backend).ask("how many pockets has the plain cotton apron?").reply  # noqa: B018
    prompt = backend.calls[0].messages[-1].content
    assert "two pockets" in prompt
    assert "<|" not in prompt


def test_the_text_streams_before_the_reply_stands(shop: Shop) -> None:
    answer = assistant_of(*shop, Scripted(["It weighs 1.3 kg empty. [1]"])).ask(RED)
    pieces = list(answer)
    assert len(pieces) > 1
    assert "".join(pieces) == "It weighs 1.3 kg empty. [1]"
    assert answer.reply is answer.reply


@pytest.mark.parametrize(("limit", "cut"), [(3, True), (64, False)])
def test_a_reply_knows_whether_the_model_had_more_to_say(shop: Shop, limit: int, cut: bool) -> None:
    assistant = assistant_of(*shop, Scripted(["It weighs 1.3 kg empty. [1]"]))
    reply = assistant.ask(RED, params=SamplingParams(max_new_tokens=limit)).reply
    assert reply.cut is cut
    assert "cut" not in reply.to_row()


def test_a_cancelled_answer_keeps_what_came(shop: Shop) -> None:
    cancel = threading.Event()
    answer = assistant_of(
        *shop, Scripted(["It weighs 1.3 kg and then some more words that never come"], delay_s=0.02)
    ).ask(RED, cancel=cancel)
    first = next(answer)
    cancel.set()
    assert answer.reply.text.startswith(first.strip())
    assert "never come" not in answer.reply.text


def test_an_answer_cancelled_before_its_first_word_says_nothing(shop: Shop) -> None:
    cancel = threading.Event()
    cancel.set()
    reply = assistant_of(*shop, Scripted(["It weighs 1.3 kg. [1]"])).ask(RED, cancel=cancel).reply
    assert (reply.text, reply.quotes, reply.uid) == ("", (), "K1")


def test_a_deadline_is_an_error_of_the_answer(shop: Shop) -> None:
    assistant = assistant_of(*shop, Scripted(["one two three four five"], delay_s=0.2), Settings(deadline_s=0.1))
    with pytest.raises(DeadlineError):
        _ = assistant.ask(RED).reply


def adapter(name: str, prompt_format: PromptFormat) -> Adapter:
    return Adapter(name, Path(name), None, "", prompt_format, {})


def test_each_adapter_is_asked_in_the_words_that_it_was_taught_with(shop: Shop) -> None:
    backend = Scripted(
        lambda messages: "It weighs 1.3 kg. [1]",
        [adapter("plain", PromptFormat("plain")), adapter("shown", PromptFormat("examples"))],
    )
    for wanted in (None, "shown", "", "plain"):
        _ = assistant_of(*shop, backend).ask(RED, adapter=wanted).reply
    assert [(call.adapter, len(call.messages)) for call in backend.calls] == [
        ("plain", 2),
        ("shown", 8),
        ("", 8),
        ("plain", 2),
    ]
    assert len({call.messages[-1] for call in backend.calls}) == 1
    with pytest.raises(BackendError, match="no adapter third is loaded"):
        _ = assistant_of(*shop, backend).ask(RED, adapter="third").reply


def test_the_assistant_names_the_adapter_that_answers(shop: Shop) -> None:
    assert assistant_of(*shop, Scripted([])).name == "scripted"
    assert assistant_of(*shop, Scripted([], [adapter("mine", BASE_FORMAT)])).name == "scripted with the mine adapter"


@pytest.mark.parametrize("adapters", [[], [adapter("mine", PromptFormat("plain"))]])
def test_warming_up_reads_what_every_prompt_begins_with(shop: Shop, adapters: list[Adapter]) -> None:
    backend = Scripted(["x", "It weighs 1.3 kg. [1]"], adapters)
    assistant = assistant_of(*shop, backend)
    assistant.warm_up()
    _ = assistant.ask(RED).reply
    warm, asked = backend.calls
    assert warm.messages[:-1] == asked.messages[:-1]
    assert warm.adapter == asked.adapter
    assert warm.params.max_new_tokens == 1


def test_an_answer_to_which_one_answers_the_waiting_question(shop: Shop) -> None:
    def script(messages: Sequence[Message]) -> str:
        return "Not dishwasher safe. [1]" if "dishwasher" in messages[-1].content else "?"

    assistant = assistant_of(*shop, Scripted(script))
    first = assistant.ask("is the Harrow electric kettle dishwasher safe?")
    assert first.reply.kind == "clarify"
    second = assistant.ask("the black one", state=first.state)
    assert (second.reply.kind, second.reply.uid, second.state.uid) == ("answer", "K2", "K2")


def test_a_history_leads_to_its_product(shop: Shop) -> None:
    assistant = assistant_of(*shop, Scripted(["It weighs 1.3 kg. [1]"]))
    state = assistant.retriever.recall([Message("user", RED), Message("assistant", "It weighs 1.3 kg.")])
    assert assistant.ask("and how heavy is it?", state=state).reply.uid == "K1"


@pytest.mark.parametrize(
    ("question", "error"), [("", QuestionError), (" \n", QuestionError), ("x" * 4001, QuestionError)]
)
def test_unfit_questions_are_refused(shop: Shop, question: str, error: type[Exception]) -> None:
    assistant = assistant_of(*shop, Scripted([]))
    for uid in ("", "K1"):
        with pytest.raises(error):
            assistant.ask(question, uid=uid)


def test_an_unknown_uid_is_refused(shop: Shop) -> None:
    with pytest.raises(UnknownProductError):
        assistant_of(*shop, Scripted([])).ask("how heavy?", uid="nope")


def test_a_reply_is_a_row_of_the_contract(shop: Shop) -> None:
    row = ask(shop, RED, "It weighs 1.3 kg. [1]").to_row()
    assert list(row) == ["kind", "text", "uid", "title", "quotes", "products", "winner", "hits", "timings"]
    assert list(row["quotes"][0]) == ["text", "start", "end", "field"]
    assert list(row["hits"][0]) == ["uid", "title", "score"]

"""Opinions of replies: kept by many at once, and the liked ones read again by training and evaluation."""

import json
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import small_shop

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from finetune.data.question_files import read_rows
from index.catalogue.store import Catalogue
from index.errors import UserError
from index.resolver import TitleIndex
from ui.cli import main
from ui.commands.training.question_sets import own_questions
from ui.feedback import FILE, Feedback, Opinion, question_rows

Shop = tuple[Catalogue, TitleIndex]
RED = "Harrow Electric Kettle 1.7 L, Red"


def opinion(shop: Shop, number: int, question: str, said: str, vote: int = 1) -> Opinion:
    reply = assistant_of(*shop, Scripted([said])).ask(question).reply.to_row()
    return Opinion(
        id=f"r{number}",
        at=f"2026-01-0{number + 1}T00:00:00+00:00",
        vote=vote,
        reason="",
        comment="naïve “quotes” 👍",
        question=question,
        uid="",
        history=[{"role": "user", "content": "hi"}],
        reply=reply,
        model="scripted",
        adapter=None,
        settings={"seed": 0},
        catalogue=shop[0].digest,
        version="0",
    )


def test_what_was_kept_comes_back_and_a_second_opinion_replaces_the_first(shop: Shop, tmp_path: Path) -> None:
    feedback = Feedback(tmp_path / "home" / FILE)
    first = opinion(shop, 0, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]")
    feedback.keep(first)
    feedback.keep(replace(first, vote=-1, reason="wrong"))
    assert [asdict(one) for one in Feedback(tmp_path / "home" / FILE).opinions()] == [
        asdict(replace(first, vote=-1, reason="wrong"))
    ]


def test_many_threads_keep_their_opinions_at_once(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / FILE
    one = opinion(shop, 0, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]")

    def keep(number: int) -> None:
        feedback = Feedback(path)
        for place in range(10):
            feedback.keep(replace(one, id=f"{number}-{place}"))

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(Feedback(path).opinions())) == 80


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no database " * 100, encoding="utf-8")
    with pytest.raises(UserError, match="is damaged"):
        Feedback(tmp_path / FILE)


def test_liked_answers_become_question_rows_that_training_and_evaluation_read(shop: Shop, tmp_path: Path) -> None:
    given = [
        opinion(shop, 0, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]"),
        opinion(shop, 1, f"is the {RED} dishwasher safe?", "No, it must never go into the dishwasher. [1]"),
        opinion(shop, 2, f"does the {RED} have bluetooth?", "?"),
        opinion(shop, 3, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]", vote=-1),
        opinion(shop, 4, "how heavy is the Zyxomat Turbo?", "?"),
    ]
    gone = replace(given[0], reply=given[0].reply | {"uid": "gone"})
    changed = replace(given[0], reply=given[0].reply | {"quotes": [{"text": "Weighs 9 kg.", "start": 0, "end": 12}]})
    rows = list(question_rows(iter([*given, gone, changed]), shop[0]))
    assert [(row["label"], row["group"]) for row in rows] == [("answer", "K1"), ("no", "K1"), ("not_stated", "K1")]
    assert rows[0]["answer"] == "It weighs 1.3 kg."
    assert [rows[0]["passages"][number - 1] for number in rows[0]["cited"]] == ["Weighs 1.3 kg empty."]

    path = tmp_path / "liked.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert [row.label for row in read_rows(path)] == ["answer", "no", "not_stated"]
    asked = own_questions(path).questions
    assert [(one.label, one.polarity) for one in asked] == [
        ("answerable", ""),
        ("answerable", "no"),
        ("not_stated", ""),
    ]
    assert asked[0].gold == ("Weighs 1.3 kg empty.",)


@pytest.mark.slow
def test_the_command_exports_what_was_liked(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shop = small_shop.build(home)
    feedback = Feedback(home / FILE)
    feedback.keep(opinion(shop, 0, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]"))
    feedback.keep(opinion(shop, 1, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]", vote=-1))
    assert main(["--home", str(home), "feedback", "export", "--out", str(tmp_path / "liked.jsonl")]) == 0
    assert len((tmp_path / "liked.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    assert main(["--home", str(home), "feedback", "export", "--all", "--out", str(tmp_path / "all.jsonl")]) == 0
    assert len((tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    assert main(["--home", str(tmp_path), "feedback", "export"]) == 1

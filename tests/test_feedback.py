"""Opinions of replies: kept by many at once, and the liked ones read again by training and evaluation."""

import json
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psycopg
import pytest
import small_shop
from postgresql import PASSWORD

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


Place = Path | str


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where opinions are kept: a file that is not there yet, a database without tables."""
    if request.param == "sqlite":
        yield tmp_path / "home" / FILE
        return
    url: str = request.getfixturevalue("database_url")
    yield url
    with psycopg.connect(url) as base:
        base.execute("DROP TABLE IF EXISTS opinions")


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


def test_what_was_kept_comes_back_and_a_second_opinion_replaces_the_first(shop: Shop, place: Place) -> None:
    feedback = Feedback(place)
    first = opinion(shop, 0, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]")
    second = replace(first, id="R", at=first.at.replace("T", " "), adapter="mine", comment="100 % \\ 'off'; --")
    feedback.keep(first)
    feedback.keep(replace(first, vote=-1, reason="wrong"))
    feedback.keep(second)
    changed = replace(first, vote=-1, reason="wrong")
    assert [asdict(one) for one in Feedback(place).opinions()] == [asdict(second), asdict(changed)], "oldest first"
    feedback.forget(second.id)
    feedback.forget("nobody's")
    assert [one.id for one in Feedback(place).opinions()] == [first.id]


def test_what_no_text_of_postgresql_holds_is_marked(shop: Shop, place: Place) -> None:
    one = opinion(shop, 0, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]")
    Feedback(place).keep(replace(one, comment="a\0b", history=[{"role": "user", "content": "c\0d"}]))
    (kept,) = Feedback(place).opinions()
    assert (kept.comment, kept.history[0]["content"]) == ("a\ufffdb", "c\0d")


def test_many_copies_open_at_once_and_keep_their_opinions(shop: Shop, place: Place) -> None:
    one = opinion(shop, 0, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]")

    def keep(number: int) -> None:
        feedback = Feedback(place)
        for turn in range(10):
            feedback.keep(replace(one, id=f"{number}-{turn}"))

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(Feedback(place).opinions())) == 80


def test_a_copy_needs_no_right_to_make_tables_where_one_is(shop: Shop, database_url: str) -> None:
    Feedback(database_url).keep(opinion(shop, 0, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]"))
    with psycopg.connect(database_url) as base:
        base.execute("CREATE ROLE clerk")  # gone with the server
        base.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON opinions TO clerk")
    own = f"{database_url}&options=-crole%3Dclerk"
    assert len(list(Feedback(own).opinions())) == 1
    with psycopg.connect(database_url) as base:
        base.execute("DROP TABLE opinions")
    with pytest.raises(UserError, match="permission denied"):
        Feedback(own)


def test_a_database_that_is_out_of_reach_is_one_line_without_the_password(
    shop: Shop, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = database_url.replace("shop:", "shop:not-")
    gone = database_url.replace("host=", "host=/nowhere")
    nonsense = database_url.replace("?host=", "?hosts=")
    for url, said in ((wrong, "password authentication failed"), (gone, "cannot be opened"), (nonsense, "none of")):
        assert main(["--home", str(tmp_path), "feedback", "export", "--all", "--feedback", url]) == 1
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1
        assert PASSWORD not in err
        assert "p%40ss" not in err
    with pytest.raises(UserError, match=r"mend it with: pg_isready -d '.*host=/nowhere"):
        Feedback(gone)


def test_rows_that_make_no_sense_are_one_line(database_url: str) -> None:
    feedback = Feedback(database_url)
    with psycopg.connect(database_url) as base:
        row = ["r", "", 1, "", "", "", "", "{", "{", "", "", "{}", "", ""]
        base.execute(f"INSERT INTO opinions VALUES ({', '.join(['%s'] * 14)})".encode(), row)
    with pytest.raises(UserError, match="cannot be read"):
        list(feedback.opinions())
    with psycopg.connect(database_url) as base:
        base.execute("DROP TABLE opinions")
    with pytest.raises(UserError, match="cannot be written"):
        feedback.forget("r")


@pytest.mark.parametrize("given", ["mysql://u:secret@h/d", "secret", ""])
def test_what_is_no_url_is_refused_and_not_repeated(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["feedback", "export", "--feedback", given])
    err = capsys.readouterr().err
    assert "postgresql://USER@HOST/DATABASE" in err
    assert "secret" not in err


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
def test_the_command_exports_what_was_liked(tmp_path: Path, place: Place) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shop = small_shop.build(home)
    feedback = Feedback(place)
    feedback.keep(opinion(shop, 0, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]"))
    feedback.keep(opinion(shop, 1, f"how heavy is the {RED}?", "It weighs 1.3 kg. [1]", vote=-1))
    more = ["--feedback", place] if isinstance(place, str) else []
    command = ["--home", str(home), "feedback", "export", *more, "--out"]
    assert main([*command, str(tmp_path / "liked.jsonl")]) == 0
    assert len((tmp_path / "liked.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    assert main([*command, str(tmp_path / "all.jsonl"), "--all"]) == 0
    assert len((tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_where_nothing_was_kept_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(tmp_path), "feedback", "export"]) == 1
    assert "titlewise ui" in capsys.readouterr().err

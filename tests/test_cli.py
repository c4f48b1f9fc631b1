"""The command line's contract: what each command prints and where, its exit codes, its one-line faults."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from index.artefacts import publish
from index.sample import PATH as SAMPLE
from ui.cli import build_parser, main

ROOT = Path(__file__).parents[1]
RED_KETTLE = "TWK0000101"
WEIGHT = "How heavy is the red Harrow & Finch KX-220R kettle?"
ASK_KEYS = ["kind", "text", "uid", "title", "quotes", "products", "winner", "hits", "timings"]
MAX_HELP_S = 0.3

Said = pytest.CaptureFixture[str]
Golden = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def short_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes longer than some seconds, on a slow machine, says how far it is; here nothing is long."""
    monkeypatch.setattr("index.progress.LINE_EVERY_S", 600)


def run(*arguments: str | bytes | Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a shell would, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "ui.cli", *arguments],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
        timeout=120,
        check=False,
    )


def call(said: Said, home: Path, *arguments: str | Path) -> str:
    """Run a command in this process; it must end well, and say nothing on standard error."""
    code = main(["--home", str(home), *map(str, arguments)])
    out, err = said.readouterr()
    assert (code, err) == (0, "")
    return out


def fault(said: Said, home: Path, *arguments: str | Path) -> str:
    """Give the one line of a command that a person's fault ends."""
    code = main(["--home", str(home), *map(str, arguments)])
    out, err = said.readouterr()
    assert (code, out) == (1, "")
    return one_line(err)


def one_line(err: str) -> str:
    assert err.startswith("titlewise: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    assert "; expected " in err
    assert "; mend it with: " in err
    return err


def usage(said: Said, *arguments: str) -> str:
    """Give what a wrong usage says."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = said.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert "usage: titlewise" in err
    return err


def lines(rows: Sequence[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def check_hits(hits: list[dict[str, Any]]) -> None:
    assert len(hits) <= 10
    assert all(list(hit) == ["uid", "title", "score"] for hit in hits)
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert len({hit["uid"] for hit in hits}) == len(hits)


# The command itself


def test_help_answers_within_three_tenths_of_a_second() -> None:
    took_s = []
    for _ in range(5):
        start_s = time.perf_counter()
        done = run("--help")
        took_s.append(time.perf_counter() - start_s)
        assert (done.returncode, done.stderr) == (0, "")
    assert min(took_s) <= MAX_HELP_S


def test_the_installed_command_is_this_one() -> None:
    command = Path(sys.executable).with_name("titlewise")
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout == run("--help").stdout


def test_help_is_as_the_golden_file_holds_it(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("TITLEWISE_HOME", raising=False)
    parser = build_parser()
    blocks = [parser.format_help()]
    waiting = [parser]
    while waiting:
        for action in waiting.pop(0)._actions:
            if isinstance(action.choices, dict):
                blocks += [command.format_help() for command in action.choices.values()]
                waiting += action.choices.values()
    golden("help.txt", ("\n" + "-" * 100 + "\n").join(blocks))


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("wander",),
        ("--wander",),
        ("models",),
        ("ask",),
        ("ask", "q", "--batch", "in.jsonl", "--out", "out.jsonl"),
        ("ask", "--batch", "in.jsonl"),
        ("ask", "q", "--out", "out.jsonl"),
        ("ask", "one", "two"),
        ("ask", "q", "--backend", "abacus"),
        ("resolve",),
        ("resolve", "q", "--batch", "in.jsonl", "--out", "out.jsonl"),
        ("resolve", "--batch", "in.jsonl"),
        ("show",),
        ("describe", "t", "--language", "fr"),
        ("prepare",),
        ("prepare", "trn.json", "--sample", "0"),
        ("prepare", "trn.json", "--sample", "many"),
        ("prepare", "trn.json", "--workers", "-1"),
        ("ask", "q", "--home", "elsewhere"),
        ("ui", "--port", "high"),
        ("serve", "--at-once", "0"),
        ("serve", "--waiting", "-1"),
        ("resolve", "\udcff"),
        ("describe", "\udcff"),
    ],
)
def test_wrong_usage_ends_with_2(capsys: Said, arguments: tuple[str, ...]) -> None:
    assert "error:" in usage(capsys, *arguments)


def test_usage_errors_name_no_function_of_the_program(capsys: Said) -> None:
    assert "_positive" not in usage(capsys, "prepare", "trn.json", "--sample", "many")


def test_bytes_that_are_no_utf_8_are_wrong_usage_and_no_crash() -> None:
    done = run("resolve", b"\xff kettle")
    assert (done.returncode, done.stdout) == (2, "")
    assert "not valid UTF-8" in done.stderr


def test_a_path_that_is_no_utf_8_is_told_in_one_line(tmp_path: Path) -> None:
    done = run("--home", tmp_path, "prepare", b"/nowhere/\xff.json")
    assert (done.returncode, done.stdout) == (1, "")
    one_line(done.stderr)


def test_the_home_comes_from_the_environment_unless_the_option_names_it(sample_home: Path, tmp_path: Path) -> None:
    from_environment = run("show", RED_KETTLE, "--json", TITLEWISE_HOME=str(sample_home))
    assert json.loads(from_environment.stdout)["uid"] == RED_KETTLE
    overruled = run("--home", tmp_path, "show", RED_KETTLE, TITLEWISE_HOME=str(sample_home))
    assert overruled.returncode == 1
    assert str(tmp_path / "catalogue") in one_line(overruled.stderr)


def test_without_option_and_environment_the_home_is_artifacts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TITLEWISE_HOME", raising=False)
    assert build_parser().parse_args(["doctor"]).home == Path("artifacts")
    monkeypatch.setenv("TITLEWISE_HOME", "")
    assert build_parser().parse_args(["doctor"]).home == Path("artifacts")


def test_a_reader_that_goes_away_is_no_fault(sample_home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "--home", sample_home, "show", RED_KETTLE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_in_one_line(sample_home: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ui.cli", "--home", sample_home, "show", RED_KETTLE],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left" in one_line(done.stderr)


# prepare


def test_prepare_says_what_it_kept_and_where(sample_home: Path, tmp_path: Path, capsys: Said) -> None:
    out = call(capsys, tmp_path, "prepare", str(SAMPLE))
    assert "401 products kept of 408 rows" in out
    assert str(tmp_path / "catalogue") in out
    assert (tmp_path / "catalogue" / "report.json").is_file()


def test_prepare_reads_a_gzipped_source_to_the_same_products(sample_home: Path, tmp_path: Path, capsys: Said) -> None:
    packed = tmp_path / "trn.json.gz"
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    call(capsys, tmp_path, "prepare", packed)
    made, known = (home / "catalogue" / "products.arrow" for home in (tmp_path, sample_home))
    assert made.read_bytes() == known.read_bytes()


def test_prepare_maps_other_column_names(tmp_path: Path, capsys: Said) -> None:
    source = tmp_path / "shop.jsonl"
    source.write_text(lines([{"sku": "S1", "name": "Oak Stool", "text": "Holds 120 kg. Made of oak.", "uid": "no"}]))
    call(capsys, tmp_path, "prepare", source, "--uid", "sku", "--title", "name", "--content", "text")
    assert json.loads(call(capsys, tmp_path, "show", "S1", "--json")) == {
        "uid": "S1",
        "title": "Oak Stool",
        "content": "Holds 120 kg. Made of oak.",
    }


def test_prepare_puts_the_catalogue_where_out_says(tmp_path: Path, capsys: Said) -> None:
    out = call(capsys, tmp_path / "home", "prepare", str(SAMPLE), "--out", tmp_path / "mine")
    assert str(tmp_path / "mine") in out
    assert (tmp_path / "mine" / "manifest.json").is_file()
    assert not (tmp_path / "home").exists()


def test_prepare_keeps_the_same_sample_every_time(tmp_path: Path, capsys: Said) -> None:
    for name in ("one", "two"):
        out = call(capsys, tmp_path / name, "prepare", str(SAMPLE), "--sample", "50")
        assert out.startswith("50 products kept")
    one, two = ((tmp_path / name / "catalogue" / "products.arrow").read_bytes() for name in ("one", "two"))
    assert one == two
    call(capsys, tmp_path / "other", "prepare", str(SAMPLE), "--sample", "50", "--seed", "1")
    assert (tmp_path / "other" / "catalogue" / "products.arrow").read_bytes() != one


def test_prepare_refuses_sources_that_hold_nothing(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "strange.json").write_text('{"name": "a row without uid"}\n[]\nno JSON\n')
    (tmp_path / "empty").mkdir()
    assert "there is no file" in fault(capsys, tmp_path, "prepare", tmp_path / "absent.json")
    assert "is a folder without a source" in fault(capsys, tmp_path, "prepare", tmp_path / "empty")
    assert "2 sources hold no usable row" in fault(capsys, tmp_path, "prepare", tmp_path)
    assert "empty.json holds no usable row" in fault(capsys, tmp_path, "prepare", tmp_path / "empty.json")
    assert "strange.json holds no usable row" in fault(capsys, tmp_path, "prepare", tmp_path / "strange.json")
    fault(capsys, tmp_path, "prepare", tmp_path / ("long" * 100))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "empty.json", "strange.json"]


def test_prepare_takes_no_folder_that_holds_something_else(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"a cat")
    source = str(SAMPLE)
    assert "photos" in fault(capsys, tmp_path, "prepare", source, "--out", tmp_path / "photos")
    assert "cat.jpg" in fault(capsys, tmp_path, "prepare", source, "--out", tmp_path / "photos" / "cat.jpg")
    assert "cat.jpg" in fault(capsys, tmp_path / "photos" / "cat.jpg", "prepare", source)
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"a cat"


# index, and artefacts that are missing, strange or damaged


def test_commands_in_an_empty_home_name_the_command_that_fills_it(tmp_path: Path, capsys: Said) -> None:
    for arguments in (("index",), ("resolve", "q"), ("ask", "q"), ("show", "U1"), ("chat",)):
        assert "mend it with: titlewise prepare SOURCE" in fault(capsys, tmp_path, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_what_the_page_cannot_mend_is_told_before_it_opens(sample_home: Path) -> None:
    done = run("--home", sample_home, "ui", "--port", "0", "--adapter", "nobodys")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no adapter nobodys" in one_line(done.stderr)


def test_a_catalogue_without_index_names_the_command_that_makes_it(
    sample_home: Path, tmp_path: Path, capsys: Said
) -> None:
    (tmp_path / "catalogue").symlink_to(sample_home / "catalogue")
    for arguments in (("resolve", "q"), ("ask", "q"), ("chat",)):
        line = fault(capsys, tmp_path, *arguments)
        assert str(tmp_path / "index") in line
        assert line.endswith("mend it with: titlewise index\n")


@pytest.mark.slow
def test_index_says_how_many_titles_it_holds(tmp_path: Path, capsys: Said) -> None:
    products = [{"uid": name, "title": f"{name} Stool", "content": "Holds 120 kg."} for name in ("Oak", "Pine")]
    (tmp_path / "trn.json").write_text(lines(products))
    call(capsys, tmp_path, "prepare", tmp_path / "trn.json")
    assert call(capsys, tmp_path, "index") == f"2 titles are indexed in {tmp_path / 'index'}.\n"
    assert json.loads(call(capsys, tmp_path, "resolve", "pine stool", "--json"))["hits"][0]["uid"] == "Pine"


@pytest.mark.slow
@pytest.mark.slow
def test_an_encoder_that_nobody_knows_is_told_in_one_line(sample_home: Path, tmp_path: Path) -> None:
    (tmp_path / "catalogue").symlink_to(sample_home / "catalogue")
    done = run("--home", tmp_path, "index", "--encoder", "no-such-encoder")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no-such-encoder" in one_line(done.stderr)
    assert not (tmp_path / "index").exists()


def test_an_index_of_another_catalogue_is_refused(sample_home: Path, tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "index").symlink_to(sample_home / "index")
    call(capsys, tmp_path, "prepare", str(SAMPLE), "--sample", "60")
    for arguments in (("resolve", "q"), ("ask", "q"), ("chat",)):
        line = fault(capsys, tmp_path, *arguments)
        assert "another catalogue" in line
        assert line.endswith("titlewise index\n")


def artefact_files(home: Path) -> list[Path]:
    return sorted(path for kind in ("catalogue", "index") for path in (home / kind).rglob("*") if path.is_file())


@pytest.mark.parametrize("damage", ["flipped", "cut", "removed"])
def test_every_damaged_file_is_named_with_the_command_that_mends_it(
    sample_home: Path, tmp_path: Path, capsys: Said, damage: str
) -> None:
    for kind in ("catalogue", "index"):
        shutil.copytree(sample_home / kind, tmp_path / kind)
    files = artefact_files(tmp_path)
    assert len(files) > 10
    for path in files:
        sound = path.read_bytes()
        middle = len(sound) // 2
        if damage == "removed":
            path.unlink()
        else:
            flipped = sound[:middle] + bytes([sound[middle] ^ 1]) + sound[middle + 1 :]
            path.write_bytes(flipped if damage == "flipped" else sound[:middle])
        line = fault(capsys, tmp_path, "resolve", "red kettle")
        assert str(path if damage != "removed" or path.name != "manifest.json" else path.parent) in line
        maker = {"catalogue": "titlewise prepare SOURCE", "index": "titlewise index"}[
            path.relative_to(tmp_path).parts[0]
        ]
        assert line.endswith(f"mend it with: {maker}\n")
        path.write_bytes(sound)
    assert call(capsys, tmp_path, "resolve", "red kettle")


# show


def test_show_gives_a_product_as_stored(sample_home: Path, capsys: Said) -> None:
    out = call(capsys, sample_home, "show", RED_KETTLE, "--json")
    product = json.loads(out)
    assert list(product) == ["uid", "title", "content"]
    assert product["title"] == "Harrow & Finch KX-220R Electric Kettle, Red"
    assert product["content"].endswith("Two-year warranty.")
    assert out.count("\n") == 1


def test_show_leads_from_a_merged_duplicate_to_the_product_that_was_kept(sample_home: Path, capsys: Said) -> None:
    kept = json.loads(call(capsys, sample_home, "show", "TWO0000119", "--json"))
    assert kept["uid"] != "TWO0000119"
    assert kept == json.loads(call(capsys, sample_home, "show", kept["uid"], "--json"))


def test_show_says_where_no_description_is_known(sample_home: Path, capsys: Said) -> None:
    assert "No description is known." in call(capsys, sample_home, "show", "TWG0000122")
    assert json.loads(call(capsys, sample_home, "show", "TWG0000122", "--json"))["content"] == ""


@pytest.mark.parametrize("uid", ["NOPE", "", " ", "twk0000101", "'; --"])
def test_a_uid_that_nobody_has_is_told_in_one_line(sample_home: Path, capsys: Said, uid: str) -> None:
    assert repr(uid) in fault(capsys, sample_home, "show", uid)


# resolve


def test_resolve_shows_decision_probability_and_hits(sample_home: Path, capsys: Said) -> None:
    out = call(capsys, sample_home, "resolve", WEIGHT).splitlines()
    assert out[0].startswith("found (probability 0.")
    assert RED_KETTLE in out[1]
    assert 2 <= len(out) <= 11


@pytest.mark.parametrize(
    ("question", "decision"),
    [(WEIGHT, "found"), ("Harrow & Finch electric kettle", "ambiguous"), ("Zephyr X9 drone", "unknown")],
)
def test_resolve_fills_the_hits_whatever_the_decision(
    sample_home: Path, capsys: Said, question: str, decision: str
) -> None:
    row = json.loads(call(capsys, sample_home, "resolve", question, "--json"))
    assert list(row) == ["decision", "probability", "hits"]
    assert row["decision"] == decision
    assert 0 <= row["probability"] <= 1
    assert row["hits"]
    check_hits(row["hits"])


@pytest.mark.parametrize("command", ["resolve", "ask", "describe"])
@pytest.mark.parametrize("question", ["", " \n\t", "x" * 4001])
def test_empty_and_endless_questions_are_told_in_one_line(
    sample_home: Path, embedded_model: Path, capsys: Said, command: str, question: str
) -> None:
    assert "question" in fault(capsys, sample_home, command, question)


def test_json_goes_to_standard_output_alone_and_is_one_document(sample_home: Path, embedded_model: Path) -> None:
    for arguments in (("resolve", WEIGHT), ("ask", WEIGHT), ("doctor",)):
        done = run("--home", sample_home, *arguments, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert isinstance(json.loads(done.stdout), dict | list)
        assert done.stdout.count("\n") == 1


# ask


def test_ask_answers_with_a_verbatim_quote(sample_home: Path, embedded_model: Path, capsys: Said) -> None:
    reply = json.loads(call(capsys, sample_home, "ask", WEIGHT, "--json"))
    assert list(reply) == ASK_KEYS
    assert (reply["kind"], reply["uid"]) == ("answer", RED_KETTLE)
    assert "1.3 kg" in reply["text"]
    product = json.loads(call(capsys, sample_home, "show", reply["uid"], "--json"))
    assert reply["title"] == product["title"]
    assert reply["quotes"]
    for quote in reply["quotes"]:
        assert list(quote) == ["text", "start", "end", "field"]
        assert product[quote["field"]][quote["start"] : quote["end"]] == quote["text"]
    check_hits(reply["hits"])
    assert all(isinstance(time_ms, float) for time_ms in reply["timings"].values())


def test_ask_shows_kind_product_text_and_quotes(sample_home: Path, embedded_model: Path, capsys: Said) -> None:
    out = call(capsys, sample_home, "ask", WEIGHT)
    assert out.startswith(f"[answer] Harrow & Finch KX-220R Electric Kettle, Red ({RED_KETTLE})\n")
    assert '  > "Weighs 1.3 kg empty." (characters 495–515)' in out


def test_ask_about_a_product_needs_no_name_in_the_question(
    sample_home: Path, embedded_model: Path, capsys: Said
) -> None:
    question = "How heavy is it?"
    reply = json.loads(call(capsys, sample_home, "ask", question, "--product", RED_KETTLE, "--base", "--json"))
    assert (reply["kind"], reply["uid"]) == ("answer", RED_KETTLE)
    assert "'NOPE'" in fault(capsys, sample_home, "ask", question, "--product", "NOPE")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Is the Harrow & Finch electric kettle dishwasher safe?", "clarify"),
        ("Do you have the Zephyr X9 drone with a 4K camera?", "not_found"),
        ("Hanging Bird Feeder for Peanuts: how many seeds fit?", "not_stated"),
    ],
)
def test_ask_without_an_answer_says_which_kind_of_reply_it_is(
    sample_home: Path, embedded_model: Path, capsys: Said, question: str, kind: str
) -> None:
    reply = json.loads(call(capsys, sample_home, "ask", question, "--json"))
    assert list(reply) == ASK_KEYS
    assert (reply["kind"], reply["quotes"]) == (kind, [])
    assert bool(reply["uid"]) == bool(reply["title"]) == (kind == "not_stated")
    assert reply["hits"]


@pytest.mark.parametrize("attempt", range(4))
def test_a_fault_right_after_loading_the_model_ends_the_command_at_once(
    sample_home: Path, embedded_model: Path, attempt: int
) -> None:
    # Closing a llama.cpp that has not begun to wait for work used to hang, about every third time.
    done = run("--home", sample_home, "ask", "")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the question is empty" in one_line(done.stderr)


@pytest.mark.slow
@pytest.mark.parametrize(
    "engine",
    [
        ("--model", "no-such-model"),
        ("--model", "/no/such/model.gguf"),
        ("--model", str(SAMPLE)),
        ("--model", str(SAMPLE.parent)),
        ("--model", "nobody/nothing"),
        ("--model", "tinyllama-1.1b"),
        ("--server", "http://127.0.0.1:9/v1", "--product", RED_KETTLE),
    ],
)
def test_an_engine_that_cannot_answer_is_told_in_one_line(
    sample_home: Path, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch, engine: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TITLEWISE_MODELS", str(tmp_path))
    fault(capsys, sample_home, "ask", "How heavy is it?", *engine)


# describe, models, doctor


def test_describe_needs_no_catalogue_and_says_that_it_invents(tmp_path: Path, embedded_model: Path) -> None:
    title = "Wooden Toy Boat"
    done = run("--home", tmp_path, "describe", title, "--json")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    reply = json.loads(done.stdout)
    assert list(reply) == ASK_KEYS
    assert (reply["kind"], reply["uid"], reply["title"]) == ("generated", "", title)
    assert (reply["quotes"], reply["hits"]) == ([], [])
    assert len(reply["text"].split()) > 10
    assert list(tmp_path.iterdir()) == []


def test_describe_for_people_marks_its_text_as_generated(tmp_path: Path, embedded_model: Path, capsys: Said) -> None:
    out = call(capsys, tmp_path, "describe", "Wooden Toy Boat", "--language", "pt", "--seed", "1")
    assert out.startswith("[generated: this title is in no catalogue")


def test_models_list_names_licence_and_place(
    embedded_model: Path, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {row["name"]: row for row in json.loads(call(capsys, tmp_path, "models", "list", "--json"))}
    assert rows["smollm2-135m"]["place"] == str(embedded_model)
    assert rows["llama-3.1-8b"]["licence"] == "Llama 3.1 Community"
    monkeypatch.setenv("TITLEWISE_MODELS", str(tmp_path))
    assert "not here: titlewise models fetch smollm2-135m" in call(capsys, tmp_path, "models", "list")


def test_models_fetch_gives_the_place_of_what_is_there(embedded_model: Path, tmp_path: Path, capsys: Said) -> None:
    assert call(capsys, tmp_path, "models", "fetch") == f"{embedded_model}\n"
    assert "nonsense" in fault(capsys, tmp_path, "models", "fetch", "nonsense")


def test_doctor_of_an_empty_home_makes_nothing_there(tmp_path: Path, capsys: Said) -> None:
    home = tmp_path / "home"
    findings = json.loads(call(capsys, home, "doctor", "--json"))
    assert all(list(finding) == ["name", "state", "detail", "mend"] for finding in findings)
    mends = {finding["name"]: finding["mend"] for finding in findings if finding["state"] == "missing"}
    assert mends["catalogue"] == "titlewise prepare SOURCE"
    assert mends["index"] == "titlewise index"
    shown = call(capsys, home, "doctor")
    assert all(finding["name"] in shown for finding in findings)
    assert not home.exists()


def test_doctor_finds_a_sample_home_sound(sample_home: Path, capsys: Said) -> None:
    states = {
        finding["name"]: finding["state"] for finding in json.loads(call(capsys, sample_home, "doctor", "--json"))
    }
    assert (states["catalogue"], states["index"]) == ("ok", "ok")


# What faults say, word for word


def test_faults_are_as_the_golden_file_holds_them(
    sample_home: Path, tmp_path: Path, capsys: Said, golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, bare, mixed = (tmp_path / name for name in ("empty", "bare", "mixed"))
    bare.mkdir()
    (bare / "catalogue").symlink_to(sample_home / "catalogue")
    mixed.mkdir()
    with publish(mixed / "catalogue", kind="index", made_by={}):
        pass
    (tmp_path / "blank.json").write_text("\n\n")
    told = [
        (empty, "index"),
        (empty, "show", RED_KETTLE),
        (bare, "resolve", "red kettle"),
        (mixed, "show", RED_KETTLE),
        (sample_home, "show", "NOPE"),
        (sample_home, "resolve", ""),
        (sample_home, "resolve", "x" * 4001),
        (empty, "prepare", "absent.json"),
        (empty, "prepare", str(tmp_path)),
        (empty, "prepare", str(tmp_path / "blank.json")),
        (empty, "models", "fetch", "nonsense"),
        (sample_home, "resolve", "--batch", "absent.jsonl", "--out", "out.jsonl"),
        (sample_home, "resolve", "--batch", "blank.json", "--out", "absent/out.jsonl"),
    ]
    text = ""
    monkeypatch.chdir(tmp_path)
    for home, *arguments in told:
        shown = " ".join(argument if len(argument) < 200 else "xxx…" for argument in arguments)
        text += f"$ titlewise --home {home} {shown}\n{fault(capsys, home, *arguments)}\n"
    golden("faults.txt", text.replace(str(sample_home), "SAMPLE").replace(str(tmp_path), "TMP"))

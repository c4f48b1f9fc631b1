"""The report on answers: its figures, its samples, its page, and that it says where the tuned model loses."""

import argparse
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from known_questions import KETTLE, QUESTIONS, TAUGHT, answering
from pydantic import TypeAdapter

from assistant.backends.scripted import Scripted
from assistant.evaluation.bootstrap import Ratio, draws
from assistant.evaluation.comparison import COMPARED, Column, losses, table_of
from assistant.evaluation.html import answers_page, templates
from assistant.evaluation.questions import (
    DescriptionExample,
    qa_example,
    qa_example_of_reply,
    read_questions,
    some,
)
from assistant.evaluation.report import QuestionSet, evaluate_answers, summary_lines
from assistant.evaluation.run import DESCRIBED, GRID, WHOLE, Run
from assistant.evaluation.schema import PAGE, AnswersReport, Plan, Sample, as_json
from assistant.evaluation.scoring import DEFINITIONS
from index.artefacts import open_verified
from index.errors import SourceError
from ui.commands.training.evaluate import SETS, set_names

pytestmark = pytest.mark.slow

HOSTILE = '<script src="http://evil.example/x.js">alert(1)</script><img src=x onerror=alert(1)> "&amp;'
PLAN = Plan(questions=9, grid_questions=3, titles=1, resamples=50)


class Page(HTMLParser):
    """Reads a page, and keeps what could reach out of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "xlink:href", "srcset", "action")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[AnswersReport, Path]:
    folder = tmp_path_factory.mktemp("home") / "reports" / "answers"
    hostile = qa_example(
        "q5",
        f"Harrow {HOSTILE}",
        f"how heavy is the kettle? {HOSTILE} \ud800",
        KETTLE,
        KETTLE[:1],
        ["It weighs 1.3 kg empty."],
    )
    sets = [
        QuestionSet("known", "by hand", (*QUESTIONS, hostile), (("without an answer", 2),)),
        QuestionSet("absent", "nowhere", missing="not measured: there is no file"),
    ]
    titles = [DescriptionExample("t1", "Wooden Train", "A fine train of oak.")]
    report = evaluate_answers(sets, titles, Run(Scripted(answering, [TAUGHT]), PLAN), folder)
    return report, folder


def test_the_report_is_published_whole(made: tuple[AnswersReport, Path]) -> None:
    report, folder = made
    files = open_verified(folder, "report", lambda place, manifest: sorted(manifest.files))
    assert files == ["report.html", "report.json", "samples.jsonl"]
    assert json.loads((folder / "report.json").read_bytes()) == json.loads(json.dumps(as_json(report)))


def test_every_figure_is_defined_and_has_its_interval(made: tuple[AnswersReport, Path]) -> None:
    report, _ = made
    for table in report.tables:
        for system in table.systems.values():
            assert system.figures.keys() <= DEFINITIONS.keys() == report.definitions.keys()
            for figure in system.figures.values():
                if figure.value is not None:
                    assert figure.low <= figure.value + 1e-9
                    assert figure.value <= figure.high + 1e-9
                    assert figure.rows > 0


def test_the_figures_are_those_of_the_replies(made: tuple[AnswersReport, Path]) -> None:
    report, _ = made
    whole = next(table for table in as_json(report)["tables"] if table["table"] == WHOLE)
    base, taught = (whole["ways"][name]["figures"] for name in ("base", "taught"))
    assert (base["ended"]["value"], taught["ended"]["value"]) == (0.0, 1.0)
    assert taught["quotes_verbatim"]["value"] == 1.0
    # One question is answered nowhere, and refused; that which is mostly markup may be answered too.
    assert taught["not_stated_recall"] == {"value": 1.0, "low": 1.0, "high": 1.0, "rows": 1}
    assert (taught["answered"]["value"], taught["answered"]["rows"]) == (1.0, 4)
    # The copied sentence denies, and the assistant says so; printed as it stands, it says neither.
    assert (taught["no_recalled"]["value"], taught["neither"]["value"]) == (1.0, 0.0)
    assert whole["ways"]["judge alone, quoting"]["figures"]["no_recalled"]["value"] == 1.0
    copied = whole["ways"]["print the best sentence"]["figures"]
    assert copied["neither"]["value"] == 1.0
    assert copied["rouge_l"]["value"] < taught["rouge_l"]["value"]


def test_the_grid_has_every_passage_for_base_and_tuned(made: tuple[AnswersReport, Path]) -> None:
    report, _ = made
    grid = next(table for table in as_json(report)["tables"] if table["table"] == GRID)
    models = {(way["role"], way["group"]) for way in grid["ways"].values() if way["role"] != "baseline"}
    assert models == {(role, shown) for role in ("base", "tuned") for shown in ("no", "gold", "retrieved", "wrong")}
    assert grid["questions"] == 3


def test_what_is_missing_is_said_and_the_rest_goes_on(made: tuple[AnswersReport, Path]) -> None:
    report, folder = made
    assert "absent: not measured: there is no file" in summary_lines(report)
    assert "not measured: there is no file" in (folder / PAGE).read_text(encoding="utf-8")
    assert {table.set for table in report.tables} == {"known", "titles"}


def test_the_terminal_compares_descriptions_by_bleu_and_rouge(made: tuple[AnswersReport, Path]) -> None:
    report, _ = made
    lines = summary_lines(report)
    begins = lines.index("titles: 1 questions, title to description")
    assert lines[begins + 1].split() == ["BLEU", "ROUGE-1", "ROUGE-2", "ROUGE-L"]
    described = next(table for table in report.tables if table.table == DESCRIBED)
    for line, (name, system) in zip(lines[begins + 2 :], described.systems.items(), strict=False):
        assert line.startswith(f"  {name} ")
        assert line.endswith(f"{system.figures['rouge_l'].value:.3f}")


def test_samples_hold_all_replies_to_a_question_side_by_side(made: tuple[AnswersReport, Path]) -> None:
    _, folder = made
    rows = [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    first = next(row for row in rows if (row["table"], row["uid"]) == (WHOLE, "q1"))
    assert first["replies"]["taught"]["text"] == "Weighs 1.3 kg empty. [1]"
    assert first["replies"]["taught"]["score"] == pytest.approx(10 / 11, abs=1e-3)  # 5 words of 5, of 6
    assert list(first["replies"]) == [
        "base", "taught", "judge alone, quoting", "taught, quoting", "base, no judge", "base, no judge, quoting",
        "taught, no judge", "taught, no judge, quoting", "print the best sentence", "print the description",
    ]  # fmt: skip
    refused = next(row for row in rows if (row["table"], row["uid"]) == (WHOLE, "q4"))
    assert (refused["replies"]["taught"]["score"], refused["replies"]["print the best sentence"]["score"]) == (1.0, 0.0)


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(made: tuple[AnswersReport, Path]) -> None:
    text = (made[1] / PAGE).read_text(encoding="utf-8")
    page = Page(text)
    assert "&lt;script src=" in text  # the hostile title is there, as text
    assert not page.tags & {"script", "img", "iframe", "link", "object", "embed", "form", "base", "a"}
    assert not [name for name in page.names if name.startswith("on")]
    assert page.links == []
    assert "default-src 'none'" in text
    assert {"svg", "table", "details"} <= page.tags


def test_a_page_is_escaped_wherever_a_text_goes() -> None:
    way = {
        "role": "tuned",
        "group": HOSTILE,
        "figures": {"rouge_l": {"value": 1.0, "low": 0.0, "high": 1.0, "rows": 1}},
    }
    gain = {"metric": "rouge_l", "group": HOSTILE, "of": HOSTILE, "minus": HOSTILE, "value": -1, "low": -1, "high": -1}
    gain |= {"certain": True, "rows": 1}
    table = {"table": HOSTILE, "set": HOSTILE, "questions": 1, "ways": {HOSTILE: way}}
    table |= {"tuned_minus_base": [gain], "tuned_minus_best_baseline": [gain]}
    one = {"name": HOSTILE, "source": HOSTILE, "questions": 1, "answerable": 1, "yes": 0, "no": 0}
    reply = {"text": HOSTILE, "raw": HOSTILE + "x", "shown": [HOSTILE], "score": 1.0}
    reply |= {"refused": False, "latency_ms": 1.0}
    report = {
        "backend": HOSTILE,
        "adapters": [{"name": HOSTILE, "prompt_format": {}, "made_by": {}}],
        "plan": {"seed": 0},
        "versions": {HOSTILE: HOSTILE},
        "machine": {"system": HOSTILE},
        "bleu_signature": HOSTILE,
        "ways": {HOSTILE: HOSTILE},
        "definitions": {"rouge_l": {"title": HOSTILE, "better": "higher", "says": HOSTILE}},
        "sets": [one | {"left_out": {HOSTILE: 1}, "missing": HOSTILE}],
        "tables": [table],
        "losses": [gain | {"set": HOSTILE, "table": HOSTILE}],
    }
    sample = {"table": HOSTILE, "set": HOSTILE, "title": HOSTILE, "question": HOSTILE, "references": [HOSTILE]}
    sample |= {"uid": HOSTILE, "replies": {HOSTILE: reply}}
    samples = [TypeAdapter(Sample).validate_python(sample)]
    page = Page(answers_page(TypeAdapter(AnswersReport).validate_python(report), samples))
    assert not page.tags & {"script", "img"}
    assert page.links == []


def test_a_loss_to_the_best_baseline_is_told_the_certain_ones_first() -> None:
    rows, ones = np.array([0.0, 1.0] * 20), np.ones(40)
    columns = [
        Column("tuned", "tuned", "g", {"rouge_l": Ratio(rows * 0.2, ones), "token_f1": Ratio(1 - rows, ones)}),
        Column("base", "base", "g", {"rouge_l": Ratio(rows * 0.1, ones), "token_f1": Ratio(rows, ones)}),
        Column("copy", "baseline", "g", {"rouge_l": Ratio(rows * 0.5, ones), "token_f1": Ratio(rows * 1.01, ones)}),
        Column("other", "baseline", "elsewhere", {"rouge_l": Ratio(ones, ones)}),
    ]
    table = table_of("t", "s", columns, draws(40, 200, 0))
    found = [(one.metric, one.minus, one.certain) for one in losses([table])]
    assert found == [("rouge_l", "copy", True), ("token_f1", "copy", False)]
    gains = {one.metric: one.value for one in table.tuned_minus_base}
    assert gains["rouge_l"] == pytest.approx(0.05)


def test_a_handful_of_rows_makes_nothing_certain() -> None:
    ones = np.ones(4)
    columns = [Column("tuned", "tuned", "g", {"rouge_l": Ratio(ones * 0.1, ones)})]
    columns.append(Column("base", "base", "g", {"rouge_l": Ratio(ones * 0.4, ones)}))
    (loss,) = losses([table_of("t", "s", columns, draws(4, 20, 0))])
    assert loss.high == pytest.approx(-0.3)
    assert not loss.certain


def test_fewer_inventions_are_a_gain() -> None:
    ones = np.ones(10)
    columns = [
        Column("tuned", "tuned", "g", {"numbers_invented": Ratio(ones * 0.1, ones)}),
        Column("base", "base", "g", {"numbers_invented": Ratio(ones * 0.4, ones)}),
    ]
    table = table_of("t", "s", columns, draws(10, 20, 0))
    assert table.tuned_minus_base[0].value == pytest.approx(0.3)
    assert losses([table]) == []
    assert "numbers_invented" in COMPARED


def test_held_out_questions_are_read_with_what_a_catalogue_would_say(tmp_path: Path) -> None:
    def candidate(text: str, source: str, label: str, answer: str = "") -> dict[str, str]:
        return {"text": text, "source": source, "label": label, "answer": answer}

    def row(qid: str, *candidates: dict[str, str]) -> str:
        fields = {"qid": qid, "asin": "B0", "title": "Lamp", "question": "is it blue?", "candidates": candidates}
        return json.dumps(fields) + "\n"

    blue, bullet = candidate("Color: blue.", "attribute", "2", "Yes. It is blue."), candidate("Lamp.", "bullet", "0")
    review = candidate("So blue!", "review", "2", "Yes. A reviewer says so.")
    path = tmp_path / "held_out.jsonl"
    lines = [
        row("1", review, bullet, blue),
        row("2", review, bullet),
        row("3", review),
        row("4", blue, candidate("Not blue.", "description", "2", "No. It is not.")),
        row("5", blue | {"answer": ""}),
    ]
    path.write_text("".join(lines), encoding="utf-8")
    kept, left_out = read_questions(path, "epqa")
    assert [one.label for one in kept] == ["answerable", "not_stated", "answerable"]
    assert (kept[0].content, kept[0].gold, kept[0].references, kept[0].polarity) == (
        "Lamp.\n\nColor: blue.",
        ("Color: blue.",),
        ("Yes. It is blue.",),
        "yes",
    )
    assert (kept[1].gold, kept[1].references, kept[1].polarity) == ((), (), "")
    assert kept[2].polarity == ""  # people disagree
    assert left_out == {"without description": 1, "without an answer of a person": 1}


def test_a_line_that_is_no_question_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"qid": "1"}\n', encoding="utf-8")
    with pytest.raises(SourceError, match="line 1 of"):
        read_questions(path, "epqa")


def test_generated_questions_take_their_gold_from_the_reply() -> None:
    made = qa_example_of_reply("u", "T", "q", ["Red.", "Weighs 2 kg."], "No. It weighs 2 kg. [2]")
    assert (made.gold, made.references, made.polarity, made.label) == (
        ("Weighs 2 kg.",),
        ("No. It weighs 2 kg.",),
        "no",
        "answerable",
    )
    absent = qa_example_of_reply("u", "T", "q", ["Red."], None)
    assert (absent.gold, absent.references, absent.label) == ((), (), "not_stated")


def test_a_draw_keeps_the_order_and_is_the_same_for_the_same_seed() -> None:
    drawn = some(range(100), 10, 4)
    assert drawn == sorted(drawn) == some(range(100), 10, 4)
    assert len(drawn) == 10
    assert drawn != some(range(100), 10, 5)
    assert some([1, 2], 5, 0) == [1, 2]


def test_bars_lie_on_one_scale_and_their_labels_are_escaped() -> None:
    half, whole = {"value": 0.5, "low": 0.4, "high": 0.6}, {"value": 1.0, "low": 1.0, "high": 1.0}
    columns = {"a<b": {"role": "base", "figures": {"m": half}}, "b": {"role": "tuned", "figures": {"m": whole}}}
    drawn = templates().get_template("pieces.html").module.bars("<b>", "m", columns)
    widths = [float(part.split('"')[0]) for part in drawn.split(' width="')[2:]]
    assert widths[0] == pytest.approx(widths[1] / 2)
    assert "<b>" not in drawn
    assert "a&lt;b" in drawn


def test_a_set_that_is_none_is_refused() -> None:
    assert set_names("epqa,titles") == ("epqa", "titles")
    assert set_names(",".join(SETS)) == SETS
    with pytest.raises(argparse.ArgumentTypeError, match="nope is none of"):
        set_names("epqa,nope")


def test_without_an_adapter_the_base_is_measured_alone_and_nothing_compared(tmp_path: Path) -> None:
    backend = Scripted(lambda _: "A fine train of beech.")
    titles = [DescriptionExample("t1", "Wooden Train", "A fine train of oak.")]
    report = evaluate_answers([], titles, Run(backend, PLAN), tmp_path / "answers")
    assert (report.adapters, report.losses) == ((), ())
    (table,) = report.tables
    assert list(table.systems) == ["base, chat", "base, alpaca-pt", "base, inst"]
    assert table.tuned_minus_base == ()
    assert "nothing is compared" in (tmp_path / "answers" / PAGE).read_text(encoding="utf-8")

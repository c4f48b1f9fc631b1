"""The views of reports and of training runs: what they draw of reports and runs as the commands leave them."""

import json
import re
import shutil
import string
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, fields
from pathlib import Path

import pytest
from browsing import free_port, served, visitor
from known_questions import KETTLE, QUESTIONS, TAUGHT, answering
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from assistant.evaluation.predict import IndexedProducts
from assistant.evaluation.questions import DescriptionExample, qa_example
from assistant.evaluation.report import QuestionSet, evaluate_answers
from assistant.evaluation.resolver.metrics import FIGURES
from assistant.evaluation.resolver.report import evaluate_resolver
from assistant.evaluation.run import Run
from assistant.evaluation.schema import REPORT, SAMPLES, Plan, ResolverPlan, judged_systems, worst_first
from assistant.evaluation.scoring import DEFINITIONS
from assistant.evaluation.shopping import FIGURES as SHOPPING_FIGURES
from assistant.evaluation.shopping import ComparisonRow, NeedRow, OtherRow, evaluate_shopping
from assistant.phrases import Language
from finetune.training.checkpoints import RECORD, write_record
from finetune.training.status import TrainingStatus, held, write_status
from index.artefacts import MANIFEST, publish
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex
from ui.web.reports import read_saved, report_folders
from ui.web.serve import options_for
from ui.web.strings import REPORT_STRINGS, ReportStrings
from ui.web.views.samples import SAMPLES_A_PAGE

pytestmark = pytest.mark.slow

SCRIPT = """
import test_views_reports
from ui.web.strings import REPORT_STRINGS
from ui.web.views.evaluation import show_evaluation
from ui.web.views.training import show_training
view, home, language = test_views_reports.SHOWN[0]
{"evaluation": show_evaluation, "training": show_training}[view](home, REPORT_STRINGS[language])
"""
SHOWN: list[tuple[str, Path, Language]] = []  # which view of which home is under test
HOSTILE = "![x](http://evil.invalid/x.png) <script>alert(1)</script> $a$ :smile: www.evil.invalid"
COMMAND = "titlewise evaluate answers --limit 9"
LOG = [
    {"step": 1, "loss": 2.5, "learning_rate": 1e-4},
    {"step": 2, "loss": 1.75, "learning_rate": 2e-4},
    {"step": 2, "eval_loss": 1.625},
]

Draw = Callable[..., AppTest]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, shop: tuple[Catalogue, TitleIndex]) -> Path:
    """A home with a report of each kind."""
    home = tmp_path_factory.mktemp("measured")
    hostile = qa_example("q5", f"Harrow {HOSTILE}", f"how heavy? {HOSTILE}", KETTLE, KETTLE[:1], [f"{HOSTILE} 1.3 kg."])
    more = [
        qa_example(f"q{number}", "Harrow Kettle", f"is it made of steel, {number}?", KETTLE, KETTLE[1:2], [answer])
        for number, answer in enumerate(("Yes. The body is stainless steel.", "Yes, it is."), 6)
    ]
    sets = [QuestionSet("known", "by hand", (*QUESTIONS, hostile, *more)), QuestionSet("absent", "", missing="no file")]
    plan = Plan(questions=9, grid_questions=3, titles=1, resamples=20)
    titles = [DescriptionExample("t1", "Wooden Train", "A fine train of oak.")]
    evaluate_answers(
        sets, titles, Run(Scripted(answering, [TAUGHT]), plan), home / "reports" / "answers", command=COMMAND
    )
    evaluate_resolver(IndexedProducts(*shop), [], home / "reports" / "resolver", ResolverPlan(6, 40, 20))
    rows = [
        NeedRow("I am looking for a board game for 3 players", ("G1",)),
        ComparisonRow(
            "Brint desk lamp DL-40 vs Harrow electric kettle 1.7 L red, heavier?", ("L1", "K1"), (True, True), "L1"
        ),
        OtherRow(f"where is my order? {HOSTILE}", ("answer",)),
    ]
    evaluate_shopping(rows, assistant_of(*shop, Scripted(answering)), home / "reports" / "shopping")
    return home


@pytest.fixture
def draw() -> Iterator[Draw]:
    # Streamlit leaves its script behind as the main module, which spawned processes of later tests would run.
    main = sys.modules["__main__"]

    def drawn(view: str, home: Path, language: Language = "en") -> AppTest:
        SHOWN[:] = [(view, home, language)]
        page = AppTest.from_string(SCRIPT, default_timeout=20).run()
        assert not page.exception
        return page

    yield drawn
    sys.modules["__main__"] = main
    SHOWN.clear()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run that was begun."""
    folder = tmp_path / "runs" / "embedded"
    write_record(folder, {"recipe": "[training]\nepochs = 1.0", "examples": 40, "finished": False})
    return folder


def _captions(page: AppTest) -> str:
    return "\n".join(caption.value for caption in page.caption).replace("\\", "").replace("\u2060", "")


def _questions(page: AppTest) -> list[str]:
    return [element.value for element in page.markdown if element.value.startswith("**")]


def test_a_report_is_shown_with_how_it_was_made_and_all_its_figures(measured: Path, draw: Draw) -> None:
    page = draw("evaluation", measured)
    page.selectbox(key="evaluation-report").select_index(_place(measured, "answers")).run()
    made_at = json.loads((measured / "reports" / "answers" / REPORT).read_text("utf-8"))["made_at"]
    assert made_at[:10] in _captions(page)
    assert "adapter: taught" in _captions(page)
    assert page.code[0].value == COMMAND
    assert "absent: no file" in [text.value for text in page.text]
    table = page.dataframe[0].value
    assert list(table.columns)[:3] == ["Figure", "base model", "taught (fine-tuned)"]
    rouge = table.set_index("Figure").loc["ROUGE-L", "taught (fine-tuned)"]
    figure = read_saved(measured / "reports" / "answers").report.tables[0].systems["taught"].figures["rouge_l"]
    assert rouge == f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})"
    chart = json.loads(page.get("vega_lite_chart")[0].proto.spec)
    assert [layer["mark"]["type"] for layer in chart["layer"]] == ["rule", "point"]


def test_samples_come_worst_first_with_all_that_was_said(measured: Path, draw: Draw) -> None:
    page = draw("evaluation", measured)
    page.selectbox(key="evaluation-report").select_index(_place(measured, "answers")).run()
    assert len(_questions(page)) == SAMPLES_A_PAGE
    scores = _scores(page)
    page.pagination[0].select(2).run()
    scores += _scores(page)
    assert len(scores) == 7
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]
    saved = read_saved(measured / "reports" / "answers")
    best = worst_first(saved.samples, saved.report.tables[0], "taught")[-1]
    texts = [text.value for text in page.text]
    expected = "; ".join(best.references) or "That the description does not tell."
    assert {expected, best.replies["base"].text, best.replies["taught"].text} <= set(texts)
    assert best.title in _captions(page)


def test_another_way_can_be_put_beside_the_base_with_the_same_passages(measured: Path, draw: Draw) -> None:
    page = draw("evaluation", measured)
    page.selectbox(key="evaluation-report").select_index(_place(measured, "answers")).run()
    page.selectbox(key="evaluation-table").select_index(1).run()
    grid = read_saved(measured / "reports" / "answers").report.tables[1]
    assert judged_systems(grid) == ["taught · no", "taught · gold", "taught · retrieved", "taught · wrong"]
    page.selectbox(key="evaluation-judged-1").select("taught · wrong").run()
    assert "base, few-shot · wrong: score" in _captions(page)
    assert "taught · wrong (fine-tuned): score" in _captions(page)
    assert "· gold: score" not in _captions(page)


def test_the_report_on_titles_is_shown_with_its_samples(measured: Path, draw: Draw) -> None:
    page = draw("evaluation", measured, "pt")
    page.selectbox(key="evaluation-report").select_index(_place(measured, "resolver")).run()
    assert page.header[0].value == "Avaliação"
    assert "primeiro certo" in set(page.dataframe[0].value["Medida"])
    assert page.metric[0].label == "AUROC"
    page.selectbox(key="evaluation-slice").select("typos").run()
    first = next(one for one in read_saved(measured / "reports" / "resolver").samples if one.slice == "typos")
    assert first.question in _questions(page)[0].replace("\\", "")
    assert first.meant in [text.value for text in page.text]


def test_the_report_on_the_shopping_talk_is_shown_with_the_replies_that_failed(measured: Path, draw: Draw) -> None:
    page = draw("evaluation", measured)
    page.selectbox(key="evaluation-report").select_index(_place(measured, "shopping")).run()
    totals = page.dataframe[0].value
    assert list(totals["Figure"])[:2] == ["needs: offered", "needs: precision"]
    assert totals["Share"].iloc[0].startswith("1.000")
    assert list(totals["Of how many"]) == [1] * len(totals)
    assert "scripted · 10 products" in _captions(page)
    shown = "\n".join(_questions(page)).replace("\\", "").replace("\u2060", "")
    assert "heavier?" in shown
    assert "where is my order?" in shown
    assert "board game" not in shown, "what is right is not among those that failed"
    assert "Not right by: others: right (0.00)" in _captions(page)
    for text in (element.value for element in (*page.markdown, *page.caption)):
        assert not re.search(r"(?<!\\)[\[\]<$!]|www|https?://", text), text


def test_a_report_of_talks_that_are_all_right_says_so(
    tmp_path: Path, draw: Draw, shop: tuple[Catalogue, TitleIndex]
) -> None:
    rows = [OtherRow("where is my order?", ("help",))]
    evaluate_shopping(rows, assistant_of(*shop, Scripted(answering)), tmp_path / "reports" / "shopping")
    page = draw("evaluation", tmp_path, "pt")
    assert "Todas as respostas estão certas." in _captions(page)
    assert list(page.dataframe[0].value["Medida"]) == ["outras: certas"]


def test_questions_titles_and_replies_never_become_markup(measured: Path, draw: Draw) -> None:
    page = draw("evaluation", measured)
    page.selectbox(key="evaluation-report").select_index(_place(measured, "answers")).run()
    shown = []
    for number in (1, 2):
        page.pagination[0].select(number).run()
        shown += [element.value for element in (*page.markdown, *page.caption)]
    assert any("evil" in text for text in shown)
    for text in shown:
        assert not re.search(r"(?<!\\)[\[\](<>$#!]|www|https?://", re.sub(r" \(ROUGE-L\)", "", text)), text
    assert not page.get("html")


@pytest.mark.parametrize(("view", "command"), [("evaluation", "evaluate answers"), ("training", "finetune embedded")])
def test_where_nothing_is_the_one_command_is_told(tmp_path: Path, draw: Draw, view: str, command: str) -> None:
    home = tmp_path / "my home"
    page = draw(view, home)
    assert [code.value for code in page.code] == [f"titlewise --home '{home}' {command}"]
    assert not page.subheader


@pytest.mark.parametrize(
    ("folder", "name", "cure"),
    [*(("resolver", name, "resolver") for name in (MANIFEST, REPORT, SAMPLES)), ("shopping", REPORT, "shopping FILE")],
)
def test_a_damaged_report_is_one_line_with_its_cure(
    measured: Path, tmp_path: Path, draw: Draw, folder: str, name: str, cure: str
) -> None:
    shutil.copytree(measured / "reports" / folder, tmp_path / "reports" / folder)
    damaged = tmp_path / "reports" / folder / name
    damaged.write_bytes(damaged.read_bytes()[:-3] + b"###")
    page = draw("evaluation", tmp_path)
    assert name.replace(".", "\\.") in page.error[0].value
    assert "\n" not in page.error[0].value
    assert page.code[0].value == f"titlewise --home {tmp_path} evaluate {cure}"


def test_a_whole_report_of_another_shape_is_one_line_too(tmp_path: Path, draw: Draw) -> None:
    with publish(tmp_path / "reports" / "answers", kind="report", made_by={}) as scratch:
        (scratch / REPORT).write_text('{"tables": []}', encoding="utf-8")
        (scratch / SAMPLES).write_text("", encoding="utf-8")
    page = draw("evaluation", tmp_path)
    assert "none that this version reads" in page.error[0].value


def test_a_report_without_a_question_says_so_and_why(tmp_path: Path, draw: Draw) -> None:
    sets = [QuestionSet("absent", "", missing="no file")]
    evaluate_answers(sets, [], Run(Scripted(answering, [TAUGHT]), Plan()), tmp_path / "reports" / "answers")
    page = draw("evaluation", tmp_path)
    assert page.markdown[-1].value == "There was no question to measure with."
    assert [text.value for text in page.text] == ["absent: no file"]


def test_a_report_that_does_not_know_its_command_is_shown_without(measured: Path, tmp_path: Path, draw: Draw) -> None:
    old = measured / "reports" / "answers"
    report = json.loads((old / REPORT).read_text("utf-8"))
    del report["made_at"], report["command"]
    with publish(tmp_path / "reports" / "answers", kind="report", made_by={}) as scratch:
        (scratch / REPORT).write_text(json.dumps(report), encoding="utf-8")
        shutil.copy(old / SAMPLES, scratch)
    page = draw("evaluation", tmp_path)
    assert not page.code
    assert time.strftime("Made on %Y-") in _captions(page)


def test_a_run_that_goes_on_shows_the_newest_of_its_log(run: Path, draw: Draw) -> None:
    with held(run):
        page = draw("training", run.parents[1])
        assert "is being loaded" in _captions(page)
        write_status(run, TrainingStatus(2, 20, LOG, 331.4, 3725.0))
        page.run()
        assert "running" in _badges(page)
        assert page.get("progress")[0].proto.text == "Step 2 of 20"
        assert _metrics(page) == {
            "Time left": "1 h 02 min",
            "Tokens a second": "331",
            "Training loss": "1.750",
            "Validation loss": "1.625",
            "Learning rate": "0.0002",
        }
        assert list(page.dataframe[0].value["Training loss"]) == ["2.5000", "1.7500"]
        write_status(run, TrainingStatus(3, 20, [*LOG, {"step": 3, "loss": 0.5}], 331.4, 59.0))
        page.run()
        assert page.get("progress")[0].proto.text == "Step 3 of 20"
        assert _metrics(page)["Time left"] == "59 s"
        assert list(page.dataframe[0].value["Training loss"])[-1] == "0.5000"


def test_a_run_that_was_stopped_says_how_it_goes_on(run: Path, draw: Draw) -> None:
    write_status(run, TrainingStatus(2, 20, LOG, 331.4, 59.0))
    page = draw("training", run.parents[1])
    assert "stopped" in _badges(page)
    assert page.code[0].value == f"titlewise --home {run.parents[1]} finetune embedded --resume"
    run.rename(run.with_name("mine"))
    assert draw("training", run.parents[1]).code[0].value.endswith(" finetune RECIPE --name mine --resume")
    assert "Time left" not in _metrics(page)
    assert "None has been saved yet." in _captions(page)


def test_the_trials_of_a_sweep_are_shown_and_lead_to_their_sweep(run: Path, draw: Draw) -> None:
    home = run.parents[1]
    trial = home / "sweeps" / "embedded-rank" / "runs" / "rank-8"
    trial.parent.mkdir(parents=True)
    run.rename(trial)
    write_status(trial, TrainingStatus(2, 20, LOG))
    page = draw("training", home)
    assert page.code[0].value == f"titlewise --home {home} finetune RECIPE --sweep FILE"
    write_record(home / "runs" / "own", {"recipe": "", "examples": 1, "finished": True})
    assert set(draw("training", home).selectbox(key="training-run").options) == {"own", "embedded-rank / rank-8"}


def test_a_finished_run_shows_its_checkpoints_and_its_recipe(run: Path, draw: Draw) -> None:
    write_status(run, TrainingStatus(2, 2, LOG, 331.4, 0.0))
    write_record(run, {"recipe": "[training]\nepochs = 1.0", "examples": 40, "finished": True})
    for step in (1, 2):
        (run / f"checkpoint-{step}").mkdir()
    (run / "checkpoint-1" / "complete.json").write_text("{}", encoding="utf-8")
    page = draw("training", run.parents[1])
    assert "done" in _badges(page)
    kept = page.dataframe[1].value
    assert list(kept["step"]) == [2, 1]
    assert kept["Validation loss"].iloc[0] == "1.625"
    assert list(kept["Whole"]) == ["no, or being written", "yes"]
    assert [code.value for code in page.code] == ["[training]\nepochs = 1.0"]


def test_the_run_that_was_last_written_to_comes_first(run: Path, draw: Draw) -> None:
    other = run.with_name("other")
    write_record(other, asdict(TrainingStatus(0, 0, [])) | {"recipe": "", "examples": 1, "finished": True})
    assert draw("training", run.parents[1]).selectbox(key="training-run").value == other
    time.sleep(0.02)
    write_status(run, TrainingStatus(2, 20, LOG))
    assert draw("training", run.parents[1]).selectbox(key="training-run").value == run


@pytest.mark.parametrize("name", [RECORD, "journal.json"])
def test_a_damaged_run_is_one_line_with_its_cure(run: Path, draw: Draw, name: str) -> None:
    (run / name).write_text('{"step": 1', encoding="utf-8")
    page = draw("training", run.parents[1])
    assert "is damaged" in page.error[0].value
    assert page.code[0].value.endswith("finetune embedded --restart")


def test_both_languages_say_the_same_with_the_same_places() -> None:
    english, portuguese = REPORT_STRINGS["en"], REPORT_STRINGS["pt"]
    for field in fields(ReportStrings):
        ours, theirs = getattr(english, field.name), getattr(portuguese, field.name)
        if isinstance(ours, str):
            assert _places(ours) == _places(theirs), field.name
        elif field.name == "evaluation_words":
            assert ours.keys() <= theirs.keys()
        elif field.name == "evaluation_meanings":  # English stands in the reports
            assert set(theirs) == {*DEFINITIONS, *FIGURES, *SHOPPING_FIGURES}
        else:
            assert len(ours) == len(theirs), field.name


@pytest.mark.browser
def test_a_run_is_drawn_anew_while_nobody_touches_the_page(browser: Browser, run: Path, tmp_path: Path) -> None:
    entry, port = tmp_path / "entry.py", free_port()
    called = f"show_training(Path({str(run.parents[1])!r}), REPORT_STRINGS['en'])"
    imports = "from pathlib import Path\nfrom ui.web.strings import REPORT_STRINGS\n"
    entry.write_text(f"{imports}from ui.web.views.training import show_training\n{called}\n", encoding="utf-8")
    with served(["-m", "streamlit", "run", str(entry), *options_for(port)], port) as address, ExitStack() as lock:
        lock.enter_context(held(run))
        write_status(run, TrainingStatus(2, 20, LOG, 331.4, 59.0))
        with visitor(browser, address) as page:
            expect(page.get_by_text("Step 2 of 20")).to_be_visible()
            write_status(run, TrainingStatus(7, 20, LOG, 331.4, 40.0))
            expect(page.get_by_text("Step 7 of 20")).to_be_visible()
            write_record(run, {"recipe": "", "examples": 40, "finished": True})
            lock.close()
            expect(page.get_by_text(re.compile("done$"))).to_be_visible()


def _place(home: Path, name: str) -> int:
    return [folder.name for folder in report_folders(home)].index(name)


def _scores(page: AppTest) -> list[float]:
    return [float(score) for score in re.findall(r"taught \(fine-tuned\): score ([\d.]+)", _captions(page))]


def _metrics(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def _badges(page: AppTest) -> str:
    return "\n".join(element.value for element in page.markdown if "badge" in element.value)


def _places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}

"""A plain installation: what it does without the extras, and what it says of those that a command needs."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from index.errors import UserError
from index.extras import EXTRAS, Extra, missing, module_of, require
from index.sample import PATH as SAMPLE
from ui.cli import main

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ABSENT = sorted({module_of(package) for packages in EXTRAS.values() for package in packages})
PLAIN = (
    f"import sys; sys.modules.update(dict.fromkeys({ABSENT})); from ui.cli import main; sys.exit(main(sys.argv[1:]))"
)


def plain(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command as where no extra is installed."""
    return subprocess.run(
        [sys.executable, "-c", PLAIN, "--home", home, *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )


def names_in(requirements: list[str]) -> set[str]:
    """Give the names of required packages, those of the project's own extras for the extras themselves."""
    found = set()
    for requirement in requirements:
        own = re.fullmatch(r"titlewise\[(.+)\]", requirement)
        extras = own[1].split(",") if own else []
        found |= {each for extra in extras for each in names_in(PROJECT["optional-dependencies"][extra])}
        found |= set() if own else {re.split(r"[<>=\[]", requirement)[0]}
    return found


def test_the_extras_are_those_of_the_project() -> None:
    asked = PROJECT["optional-dependencies"]
    assert {extra: set(packages) for extra, packages in EXTRAS.items()} == {
        extra: names_in(asked[extra]) for extra in EXTRAS
    }


def test_all_brings_every_extra() -> None:
    everything = {package for packages in EXTRAS.values() for package in packages}
    assert names_in(["titlewise[all]"]) == everything <= names_in(["titlewise[dev]"])


def test_a_plain_installation_is_without_the_parts_for_training() -> None:
    assert not {"torch", "transformers", "trl", "peft", "datasets"} & names_in(PROJECT["dependencies"])


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_that_is_installed_is_not_asked_for(extra: Extra) -> None:
    assert missing(extra) == []
    require(extra)


@pytest.mark.parametrize("package", ["trl", "scikit-learn", "sentence-transformers"])
def test_what_an_extra_lacks_is_named_in_one_line(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module_of(package), None)
    with pytest.raises(UserError) as raised:
        require("train")
    assert str(raised.value) == (
        f"{package} cannot be imported; expected what the extra train brings; "
        "mend it with: pip install 'titlewise[train]'"
    )


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("lengths",), "train"),
        (("finetune", "embedded"), "train"),
        (("finetune", "judge"), "train"),
        (("export", "mine"), "train"),
        (("evaluate", "resolver"), "evaluate"),
        (("evaluate", "answers"), "evaluate"),
        (("evaluate", "shopping", "talks.jsonl"), "evaluate"),
        (("ui",), "ui"),
        (("serve",), "server"),
        (("mcp",), "mcp"),
        (("index", "--encoder", "all-MiniLM-L6-v2"), "transformers"),
        (("index", "--ray", "local"), "cluster"),
        (("prepare", str(SAMPLE), "--ray", "local"), "cluster"),
    ],
)
def test_a_command_without_its_extra_says_which_in_one_line(
    arguments: tuple[str, ...],
    extra: Extra,
    sample_home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ABSENT:
        monkeypatch.setitem(sys.modules, module, None)
    assert main(["--home", str(sample_home), *arguments]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.endswith(f"mend it with: pip install 'titlewise[{extra}]'\n")


def test_a_judge_is_trained_with_an_extra_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["--home", str(tmp_path), "finetune", "judge"]) == 1
    assert capsys.readouterr().err.endswith("mend it with: pip install 'titlewise[judge]'\n")


def test_a_model_for_transformers_says_which_extra_runs_it(tiny_llama: Path, sample_home: Path) -> None:
    done = plain(sample_home, "ask", "how heavy is the red kettle?", "--model", tiny_llama)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.endswith("mend it with: pip install 'titlewise[transformers]'\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("prepare", str(SAMPLE), "--sample", "9"),
        ("resolve", "the red Harrow kettle", "--explain"),
        ("find", "a kettle under 1 litre"),
        ("show", "TWK0000101"),
        ("models", "list"),
        ("completions", "bash"),
    ],
)
def test_without_extras_products_are_found(arguments: tuple[str, ...], sample_home: Path, tmp_path: Path) -> None:
    done = plain(tmp_path if arguments[0] == "prepare" else sample_home, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_without_extras_questions_are_answered(embedded_model: Path, sample_home: Path) -> None:
    done = plain(sample_home, "ask", "How heavy is the red Harrow & Finch KX-220R kettle?")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1.3 kg" in done.stdout


def test_the_doctor_tells_what_an_extra_lacks(tmp_path: Path) -> None:
    done = plain(tmp_path, "doctor")
    assert done.returncode == 0
    lines = {line.split()[2]: line for line in done.stdout.splitlines() if line.split()[1] == "extra"}
    assert lines.keys() == EXTRAS.keys()
    assert lines["ui"].endswith("not installed: lacks jinja2, streamlit  →  pip install 'titlewise[ui]'")


def test_the_doctor_tells_the_versions_of_an_extra(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(tmp_path), "doctor"]) == 0
    assert re.search(r"^ok +extra mcp +fastapi [\d.]+, .*mcp [\d.]+$", capsys.readouterr().out, re.MULTILINE)

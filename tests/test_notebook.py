"""The notebook runs as it stands, from top to bottom, with the sample and a tiny Llama; what it calls shows errors."""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from index.artefacts import read_manifest
from index.errors import UserError
from ui.free_port import check_port
from ui.notebook import finetune_live, show_page

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_LINES = 12  # of a code cell
MOST_PICTURE_BYTES = 100_000
PNG_BASE64 = "iVBORw0KGgo"

pytestmark = pytest.mark.timeout(600)  # the first test that asks for the executed notebook waits for all of it


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def output_of(notebook: NotebookNode, words: str) -> str:
    """Return what the one cell printed that holds some words."""
    (cell,) = (cell for cell in code_cells(notebook) if words in cell.source)
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_valid_and_holds_no_outputs_but_small_pictures(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    for cell in code_cells(notebook):
        assert cell.execution_count is None
        for output in cell.outputs:
            assert set(output.get("data", {"": ""})) == {"image/png"}
            assert len(output.data["image/png"]) <= MOST_PICTURE_BYTES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_cell_of_a_notebook_is_short_and_defines_nothing_that_belongs_into_the_package(path: Path) -> None:
    for cell in code_cells(read(path)):
        assert len(cell.source.splitlines()) <= MOST_LINES
        assert not re.search(r"^\s*(def|class|for|while|try)\b", cell.source, re.MULTILINE), cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_says_everything_in_both_languages(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            english, _, portuguese = cell.source.partition("\n\n> ")
            assert english, cell.source
            assert portuguese, cell.source
            assert english.count("`") == portuguese.count("`"), cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_the_wheel_that_a_notebook_installs_is_of_this_version(path: Path) -> None:
    import tomllib

    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"/titlewise-{version}-py3-none-any.whl" in path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the notebook runs."""
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def executed(tiny_llama: Path, folder: Path, free_port: int) -> Iterator[NotebookNode]:
    """The notebook after it ran, every cell, with other values in its cell of parameters."""
    values: dict[str, Any] = {
        "INSTALL_FROM": "nothing, for it is installed",
        "SOURCE": "sample",
        "KEEP_IN": str(folder / "drive"),
        "HOME": "home",
        "RECIPE": "tech-challenge",
        "MODEL": str(tiny_llama),
        "CHANGES": {
            "data.max_length": 384,
            "data.mix.examples": 80,
            "model.precision": "fp32",
            "training.evaluate_every_steps": 3,
            "training.gradient_checkpointing": False,
            "training.learning_rate": 0.005,
            "logging.every_steps": 1,
        },
        "STEPS": 12,
        "TITLES": 2,
        "PORT": free_port,
    }
    notebook = read(ROOT / "notebooks" / "titlewise.ipynb")
    (parameters,) = (cell for cell in code_cells(notebook) if "parameters" in cell.metadata.get("tags", ()))
    assert re.findall(r"^(\w+) = ", parameters.source, re.MULTILINE) == list(values)
    parameters.source = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    beside = Path(sys.executable).parent  # where the command is, whether or not the environment is activated
    environment = {
        "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",  # the tiny Llama's products are too small to share
        "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    client = NotebookClient(notebook, timeout=200, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=os.environ | environment)
    yield notebook


@pytest.fixture(scope="module")
def free_port() -> int:
    """A port that nobody uses."""
    from browsing import free_port

    return free_port()


def test_no_cell_ends_in_an_error(executed: NotebookNode) -> None:
    for cell in code_cells(executed):
        printed = "".join(output.get("text", "") for output in cell.outputs)
        assert "titlewise: " not in printed, printed
        assert "Traceback" not in printed, printed
        assert "command not found" not in printed, printed


def test_the_losses_fall_and_are_drawn(executed: NotebookNode, folder: Path) -> None:
    adapter = folder / "home" / "adapters" / "notebook"
    curve = json.loads((adapter / "loss.json").read_text(encoding="utf-8"))
    evaluated = [row["eval_loss"] for row in curve if "eval_loss" in row]
    assert len(evaluated) == 4
    assert evaluated[-1] < evaluated[0]
    (cell,) = (cell for cell in code_cells(executed) if "finetune_live(" in cell.source)
    assert "eval_loss" in output_of(executed, "finetune_live(")
    pictures = [output.data["image/png"] for output in cell.outputs if output.output_type == "display_data"]
    assert len(pictures) == 1  # one picture, drawn anew
    assert pictures[0].startswith(PNG_BASE64)


def test_bleu_and_rouge_stand_before_and_after(executed: NotebookNode) -> None:
    printed = output_of(executed, "evaluate answers")
    head, base, tuned = re.split(r"\r?\n", printed[printed.index("questions, title to description") :])[1:4]
    assert head.split() == ["BLEU", "ROUGE-1", "ROUGE-2", "ROUGE-L"]
    for row, name in ((base, "base, alpaca-pt"), (tuned, "notebook, alpaca-pt")):
        assert row.strip().startswith(name)
        assert all(0 <= float(figure) <= 100 for figure in row.split()[-4:])


def test_the_title_of_the_demonstration_is_described_twice_and_asked_about(executed: NotebookNode) -> None:
    assert output_of(executed, "titlewise describe").count("[generated: ") == 2
    assert "Não tem cancelamento de ruído." in output_of(executed, "titlewise ask")


def test_the_kept_adapter_is_whole_and_the_one_that_was_made(executed: NotebookNode, folder: Path) -> None:
    made, kept = (read_manifest(folder / place / "notebook", "adapter").digest for place in ("home/adapters", "drive"))
    assert made == kept
    assert f"is whole: an adapter for {executed_model(executed)}, {kept}" in output_of(executed, "open_adapter(")


def executed_model(notebook: NotebookNode) -> str:
    (model,) = re.findall(r"^MODEL = '(.+)'$", "\n".join(cell.source for cell in code_cells(notebook)), re.MULTILINE)
    return str(model)


def test_the_page_is_framed_and_ends_with_the_kernel(executed: NotebookNode, free_port: int) -> None:
    (cell,) = (cell for cell in code_cells(executed) if "show_page(" in cell.source and "import" not in cell.source)
    (frame,) = (output.data["text/html"] for output in cell.outputs if output.output_type == "display_data")
    assert f'src="http://127.0.0.1:{free_port}"' in frame
    check_port("127.0.0.1", free_port, "")


@pytest.mark.slow
def test_a_run_that_fails_is_told_in_the_command_s_own_words(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no recipe nowhere\.toml") as caught:
        finetune_live(tmp_path, "nowhere.toml")
    assert caught.value.mend == "titlewise finetune -h"


@pytest.mark.slow
def test_a_page_that_does_not_start_is_told_in_the_command_s_own_words(tmp_path: Path, free_port: int) -> None:
    with pytest.raises(UserError, match="nowhere is no origin"):
        show_page(tmp_path, "--origin", "nowhere", port=free_port)


@pytest.mark.slow
def test_in_colab_the_page_is_shown_through_its_proxy(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import ModuleType

    framed: list[int] = []
    output = ModuleType("google.colab.output")
    output.eval_js = lambda _: f"https://{free_port}-x.colab.example/"  # type: ignore[attr-defined]
    output.serve_kernel_port_as_iframe = lambda port, height: framed.append(port)  # type: ignore[attr-defined]
    colab = ModuleType("google.colab")
    colab.output = output  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    page = show_page(tmp_path, port=free_port)
    try:
        assert framed == [free_port]
        assert page.args[-2:] == ["--origin", f"https://{free_port}-x.colab.example/"]  # type: ignore[index]
    finally:
        page.terminate()
        page.wait()

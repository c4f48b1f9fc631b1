"""The walk of docs/fine-tuning.md on a tiny Llama, by the commands themselves, from the lengths to an answer."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from assistant.models.adapters import read_adapter
from ui.cli import main

RECIPE = """
[model]
base = "{base}"
precision = "bf16"
[data]
max_length = 512
[data.mix]
examples = 16
real = 0.3
[prompt]
answer = "plain"
[adapter]
rank = 4
[training]
batch = 4
micro_batch = 4
learning_rate = 0.01
gradient_checkpointing = false
evaluate_every_steps = 2
save_every_steps = 1
"""
QUESTION = {"question": "is it red?", "passages": ["The lamp is red."], "answer": "Yes, it is red.", "label": "yes"}


@pytest.fixture(scope="module")
def home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home: Path = shutil.copytree(sample_home, tmp_path_factory.mktemp("walk") / "home")
    (home / "questions").mkdir()
    (home / "questions" / "train.jsonl").write_text(json.dumps(QUESTION) + "\n", encoding="utf-8")
    return home


def test_a_newcomer_s_walk_from_lengths_to_an_answer(
    home: Path, tiny_gguf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(RECIPE.format(base=tiny_gguf), encoding="utf-8")

    def output_of(*command: str) -> str:
        assert main(["--home", str(home), *command]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    assert "suggested: 99 of 100 stay whole" in output_of("lengths", str(recipe))
    assert "yes, train, , en" in output_of("finetune", str(recipe), "--show", "16")  # the question file's
    assert ": 2 steps" in output_of("finetune", str(recipe), "--steps", "2")
    assert ": 4 steps" in output_of("finetune", str(recipe), "--steps", "4", "--resume")
    card = (home / "adapters" / "mine" / "README.md").read_text(encoding="utf-8")
    assert "4 of the " in card
    assert "titlewise ask --adapter mine" in card
    assert "differ by at most" in output_of("export", "mine")
    assert read_adapter(home / "adapters" / "mine", "mine").gguf is not None
    engine = ("--model", str(tiny_gguf), "--adapter", "mine")
    sizes = ("--limit", "3", "--grid", "1", "--titles", "1")
    summary = output_of("evaluate", "answers", "--sets", "generated,titles", *sizes, *engine)
    assert "generated: 3 questions, whole assistant" in summary
    report = json.loads((home / "reports" / "answers" / "report.json").read_text(encoding="utf-8"))
    assert [table["questions"] for table in report["tables"]] == [3, 1, 1]
    assert [adapter["name"] for adapter in report["adapters"]] == ["mine"]
    reply = json.loads(output_of("ask", "how heavy is it?", "--product", "TWK0000101", "--json", *engine))
    assert reply["uid"] == "TWK0000101"


def test_a_sweep_of_another_recipe_is_another_sweep(
    home: Path, tiny_gguf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variations = tmp_path / "ranks.toml"
    variations.write_text('steps = 1\n[vary]\n"adapter.rank" = [2, 4]\n', encoding="utf-8")
    for rate in ("0.01", "0.02", "0.02"):
        recipe = tmp_path / "swept.toml"
        recipe.write_text(RECIPE.format(base=tiny_gguf).replace("0.01", rate), encoding="utf-8")
        assert main(["--home", str(home), "finetune", str(recipe), "--sweep", str(variations)]) == 0
    rates = [
        {tomllib.loads(path.read_text(encoding="utf-8"))["training"]["learning_rate"] for path in each}
        for each in (list(sweep.glob("adapters/*/recipe.toml")) for sweep in (home / "sweeps").iterdir())
    ]
    assert sorted(rates, key=min) == [{0.01}, {0.02}]
    assert "| adapter.rank | loss | eval_loss |" in capsys.readouterr().out

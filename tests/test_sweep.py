"""Sweeps: every combination once, resumable, and one table."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from finetune.data.example import Example
from finetune.recipe import Recipe, read_recipe
from finetune.training.sweep import TABLE, Trial, Variations, read_variations, sweep, table, varied
from index.errors import UserError

ROW = Example("yes", "Lamp", "is it white?", ("White steel.",), "Yes. It is white steel. [1]", "facts", "", "L1", "en")


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "rank.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_variations_are_read_from_toml(tmp_path: Path) -> None:
    path = settings_file(tmp_path, 'steps = 2\n[vary]\n"adapter.rank" = [2, 4]\n')
    assert read_variations(path) == Variations(2, {"adapter.rank": [2, 4]})


@pytest.mark.parametrize(
    "text", ["steps = 0\n[vary]\n'a' = [1]", "steps = 2", "steps = 2\n[vary]\na = 1", "steps = 2\n[vary]\na = []", "=="]
)
def test_what_is_no_list_of_variations_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match="steps = 60"):
        read_variations(settings_file(tmp_path, text))


def test_a_field_is_varied_by_its_path() -> None:
    recipe = varied(read_recipe("embedded"), {"adapter.rank": 4, "data.mix.real": 0.25})
    assert (recipe.adapter.rank, recipe.data.mix.real, recipe.name) == (4, 0.25, "rank-4_real-0.25")
    assert recipe.training == read_recipe("embedded").training


def test_a_mix_is_varied_over_what_the_recipe_says() -> None:
    shares = {"yes": 0.3, "no": 0.3, "answer": 0.3, "not_stated": 0.1, "describe": 0.0}
    mix = varied(read_recipe("embedded"), {"data.mix": shares}).data.mix
    assert (mix.yes, mix.not_stated, mix.real) == (0.3, 0.1, read_recipe("embedded").data.mix.real)


@pytest.mark.parametrize("settings", [{"adapter.size": 4}, {"adapter.rank": 0}, {"adapter.rank": "many"}])
def test_a_combination_that_is_no_recipe_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UserError, match="faults"):
        varied(read_recipe("embedded"), settings)


def test_the_table_has_the_best_first_and_what_has_no_figure_last() -> None:
    trials = [Trial({"rank": 1}, 2.0, float("nan")), Trial({"rank": 2}, 1.0, 1.5), Trial({"rank": 3}, 1.2, 1.1)]
    assert [line.split("|")[1].strip() for line in table(trials).splitlines()[2:]] == ["3", "2", "1"]


def test_every_combination_is_trained_once_and_a_second_sweep_trains_none(tmp_path: Path, tiny_llama: Path) -> None:
    text = f"""
[model]
base = "{tiny_llama}"
precision = "fp32"
[adapter]
rank = 2
[training]
batch = 2
micro_batch = 2
gradient_checkpointing = false
save_every_steps = 1
evaluate_every_steps = 1
"""
    path = tmp_path / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    asked: list[str] = []

    def examples_of(recipe: Recipe) -> tuple[Sequence[Example], Sequence[Example]]:
        asked.append(recipe.name)
        return [ROW] * 4, [ROW]

    variations = Variations(1, {"adapter.rank": [2, 4], "training.learning_rate": [0.001]})
    first = sweep(read_recipe(str(path)), variations, examples_of, tmp_path / "sweep")
    assert sorted(asked) == ["rank-2_learning_rate-0.001", "rank-4_learning_rate-0.001"]
    assert all(trial.eval_loss > 0 for trial in first)
    assert sweep(read_recipe(str(path)), variations, examples_of, tmp_path / "sweep") == first
    assert len(asked) == 2
    assert (tmp_path / "sweep" / TABLE).read_text(encoding="utf-8") == table(first)

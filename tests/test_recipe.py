"""Recipes: the shipped ones, what is refused, and that a resolved one reads back."""

import re
import tomllib
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from finetune.judging.recipe import is_judge_recipe, read_judge_recipe
from finetune.recipe import RECIPES, Lora, Recipe, parse_recipe, read_recipe, shipped, to_toml
from index.errors import UserError

ADAPTERS = [name for name in shipped() if not is_judge_recipe(name)]


def leaves(section: object, path: str = "") -> set[str]:
    names: set[str] = set()
    for each in fields(section):  # type: ignore[arg-type]
        value = getattr(section, each.name)
        name = f"{path}{each.name}"
        names |= leaves(value, f"{name}.") if is_dataclass(value) else {name}
    return names


def errors_of(text: str) -> str:
    with pytest.raises(UserError) as caught:
        parse_recipe("mine", text, "mine.toml")
    return caught.value.happened


def test_the_shipped_recipes_are_two_for_the_judge_and_six_for_adapters() -> None:
    assert [name for name in shipped() if is_judge_recipe(name)] == ["judge", "judge-further"]
    further = ["embedded-further", "llama-3.1-8b", "llama-3.2-1b", "tech-challenge", "tinyllama-1.1b"]
    assert ["embedded", *further] == ADAPTERS


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_recipe_sets_and_comments_every_field(name: str) -> None:
    text = (RECIPES / f"{name}.toml").read_text(encoding="utf-8")
    commented: set[str] = set()
    section = ""
    for line in text.splitlines():
        if header := re.fullmatch(r"\[([\w.]+)\]", line):
            section = header[1]
        elif setting := re.fullmatch(r"(\w+) = .+  # \w.+", line):
            commented.add(f"{section}.{setting[1]}")
        else:
            assert not line or line.startswith("#"), f"{line} has no comment"
    recipe = read_judge_recipe(name) if is_judge_recipe(name) else read_recipe(name)
    assert commented == leaves(recipe) - {"name"}


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_recipe_written_out_reads_back_the_same(name: str) -> None:
    recipe = read_recipe(name)
    assert parse_recipe(name, to_toml(recipe), "again") == recipe
    assert tomllib.loads(to_toml(recipe))["training"]["seed"] == recipe.training.seed


def test_any_string_survives_being_written_out() -> None:
    recipe = read_recipe("embedded")
    odd = replace(recipe, adapter=Lora(targets=('a"b\\c', "é\t\n", "\x7f\x00", "日")))
    assert parse_recipe("embedded", to_toml(odd), "again") == odd


def test_the_seeds_own_values_are_in_tech_challenge() -> None:
    recipe = read_recipe("tech-challenge")
    adapter, training = recipe.adapter, recipe.training
    assert (adapter.rank, adapter.alpha, adapter.dropout, len(adapter.targets)) == (16, 16, 0.0, 7)
    assert (training.epochs, training.micro_batch, training.batch // training.micro_batch) == (3.0, 4, 4)
    assert (training.learning_rate, training.schedule, training.warmup_share) == (2e-4, "constant", 0.03)
    assert (training.max_grad_norm, training.optimiser, training.gradient_checkpointing) == (0.3, "adamw", True)
    assert (training.seed, recipe.model.precision, recipe.data.mix.describe) == (3407, "nf4", 1.0)


def test_all_faults_are_told_at_once() -> None:
    message = errors_of(
        'name = "x"\n[model]\nbas = "x"\nprecision = "nf5"\n[training]\nepochs = "three"\nbatch = true\n'
        '[adapter]\ntargets = "q_proj"\n[data.mix]\nyes = 0.9\n[lessons]\na = 1'
    )
    for part in (
        "unknown key name",
        "unknown key model.bas",
        "model.precision is 'nf5', expected one of nf4, int8, bf16, fp32",
        "training.epochs is 'three', expected a number",
        "training.batch is True, expected a whole number",
        "adapter.targets is 'q_proj', expected a list of strings",
        "[data.mix]: the mix",
        "unknown key lessons",
    ):
        assert part in message


def test_values_that_cannot_be_together_are_told_at_once() -> None:
    message = errors_of(
        '[training]\nbatch = 6\nmicro_batch = 4\npatience = 2\n[adapter]\nrank = 0\ntargets = ["lm_head"]'
    )
    for part in ("training.batch is 6", "training.patience", "adapter.rank is 0", "adapter.targets names lm_head"):
        assert part in message


def test_a_file_that_is_no_toml_is_a_fault_of_the_users() -> None:
    assert "mine.toml is no TOML" in errors_of("[model\n")


def test_a_recipe_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tech-challenge"):
        read_recipe(str(tmp_path / "none.toml"))


def test_what_decides_the_weights_decides_the_digest() -> None:
    recipe = read_recipe("embedded")
    other = replace(recipe, training=replace(recipe.training, learning_rate=1e-5))
    assert other.digest() != recipe.digest()
    renamed = replace(recipe, name="other", logging=replace(recipe.logging, every_steps=3))
    assert renamed.digest() == recipe.digest()


def test_defaults_make_a_recipe() -> None:
    assert parse_recipe("mine", "", "mine.toml") == Recipe("mine")

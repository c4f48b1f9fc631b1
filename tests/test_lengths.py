"""Lengths in tokens, and what they cost in memory."""

from dataclasses import replace
from pathlib import Path

import pytest

from finetune.recipe import Recipe, read_recipe
from finetune.sizing.lengths import Lengths, cut_share, histogram, measure, quantile, table
from finetune.sizing.memory import USED, largest_micro_batch, memory_estimator
from finetune.training.tokenization import Row


def recipe(**settings: object) -> Recipe:
    base = read_recipe("embedded")
    return replace(base, training=replace(base.training, micro_batch=2, **settings))  # type: ignore[arg-type]


def test_prompts_and_replies_are_measured_apart_and_together() -> None:
    rows = [Row((1, 2, 3, 4, 5), 2), Row((1, 2, 3), 1)]
    assert measure(rows) == Lengths((1, 2), (2, 3), (3, 5))


def test_quantiles_and_shares_are_those_counted_by_hand() -> None:
    lengths = list(range(1, 101))
    assert [quantile(lengths, share) for share in (0.0, 0.5, 0.95, 0.99, 1.0)] == [1, 50, 95, 99, 100]
    assert cut_share(lengths, 90) == 0.1
    assert cut_share(lengths, 100) == 0


def test_the_suggested_limit_keeps_99_of_100_whole() -> None:
    lengths = Lengths((1,), (1,), (*range(1, 200), 5000))
    assert lengths.suggested == 224
    assert cut_share(lengths.total, lengths.suggested) <= 0.01


def test_the_histogram_counts_every_example_once() -> None:
    lines = histogram([*range(1, 200), 5000]).splitlines()
    assert sum(int(line.split()[-1]) for line in lines) == 200
    assert table(Lengths((7,), (8,), (15,))).splitlines()[1].split() == ["prompt", "7", "7", "7", "7", "7"]


def test_what_the_backward_pass_keeps_is_told_without_a_weight(tiny_llama: Path) -> None:
    estimate = memory_estimator(tiny_llama, recipe())
    small, large = estimate(64), estimate(128)
    assert small.weights == large.weights > 0
    # Fused attention keeps no matrix of all pairs: twice the tokens take twice the memory, but for the mask.
    assert large.activations == pytest.approx(2 * small.activations, rel=0.1)
    assert large.logits == 2 * small.logits


def test_checkpointing_keeps_less_and_the_estimate_says_so(tiny_llama: Path) -> None:
    plain = memory_estimator(tiny_llama, recipe())(128)
    checkpointed = memory_estimator(tiny_llama, recipe(gradient_checkpointing=True))(128)
    assert checkpointed.activations < plain.activations
    assert checkpointed.adapter == plain.adapter


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_the_largest_micro_batch_is_the_largest_that_the_estimate_lets_in(tiny_llama: Path, size: int) -> None:
    plan = recipe()
    plan = replace(plan, training=replace(plan.training, micro_batch=size))
    needed = memory_estimator(tiny_llama, plan)(plan.data.max_length).total
    assert largest_micro_batch(tiny_llama, plan, int(needed / USED) + 2) == size
    assert largest_micro_batch(tiny_llama, plan, int(needed / USED) - 2_000) == size - 1

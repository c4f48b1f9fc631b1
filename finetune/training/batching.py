"""The order in which a run sees its examples, laid down before it begins.

Examples of like length are read together, so that hardly any padding is computed. The
order depends on lengths and seed alone, not on the number of processes or on where a
run was interrupted. Nothing is known here of what the examples say.

    order = lay_out([len(row.ids) for row in rows], steps=600, batch=16, micro_batch=4, seed=7)
"""

import random
from collections.abc import Sequence

POOL_BATCHES = 32  # sorted by length together; more waste less padding, and mix less


def steps_of(examples: int, epochs: float, batch: int) -> int:
    """Count the optimiser steps of a run: whole batches, at least one."""
    return max(1, round(examples * epochs / batch))


def lay_out(lengths: Sequence[int], *, steps: int, batch: int, micro_batch: int, seed: int) -> list[int]:
    """Return the rows in the order of training: `steps` batches of `batch`, each in micro-batches of like length.

    Every row is seen once before any is seen twice. The batch with the longest row comes
    first, so that memory that does not suffice is found out at once.
    """
    draw = random.Random(seed)  # noqa: S311 - an order, no secret
    stream: list[int] = []
    while len(stream) < steps * batch:
        stream += draw.sample(range(len(lengths)), len(lengths))
    stream = stream[: steps * batch]
    batches: list[list[int]] = []
    for start in range(0, len(stream), POOL_BATCHES * batch):
        pool = sorted(stream[start : start + POOL_BATCHES * batch], key=lambda row: lengths[row])
        micros = [pool[at : at + micro_batch] for at in range(0, len(pool), micro_batch)]
        draw.shuffle(micros)
        share = batch // micro_batch
        for at in range(0, len(micros), share):
            # Neighbours of like length: processes side by side finish together.
            together = sorted(micros[at : at + share], key=lambda micro: lengths[micro[-1]], reverse=True)
            batches.append([row for micro in together for row in micro])
    longest = max(range(len(batches)), key=lambda number: max(lengths[row] for row in batches[number]))
    batches[0], batches[longest] = batches[longest], batches[0]
    return [row for each in batches for row in each]


def padding_share(lengths: Sequence[int], order: Sequence[int], micro_batch: int) -> float:
    """Return the share of computed tokens that is padding."""
    micros = [[lengths[row] for row in order[at : at + micro_batch]] for at in range(0, len(order), micro_batch)]
    computed = sum(max(micro) * len(micro) for micro in micros)
    return 1 - sum(map(sum, micros)) / computed

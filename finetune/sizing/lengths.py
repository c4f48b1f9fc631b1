"""Lengths: how many tokens prompts and replies have, and what a limit on them would cut.

Counts what training reads, token for token. What a length costs in memory is
`finetune.sizing.memory`'s affair.

    lengths = measure(rows)
    lengths.suggested, cut_share(lengths.total, 512)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from finetune.training.tokenization import Row

QUANTILES = {"min": 0.0, "median": 0.5, "95 %": 0.95, "99 %": 0.99, "max": 1.0}
LIMITS = (128, 192, 256, 384, 512, 768, 1024, 2048)  # tokens: the max_length whose costs are shown
SUGGESTED_STEP = 32  # tokens
LEAST_KEPT = 0.99  # of the examples, whole, by the suggested limit
BARS = 12  # of a histogram
BAR_WIDTH = 40  # characters


@dataclass(frozen=True)
class Lengths:
    """Tokens of each example's prompt, reply (its end token included) and both together, ascending."""

    prompt: tuple[int, ...]
    reply: tuple[int, ...]
    total: tuple[int, ...]

    @property
    def suggested(self) -> int:
        """Return the least multiple of 32 tokens that keeps 99 of 100 examples whole."""
        least = quantile(self.total, LEAST_KEPT)
        return -(-least // SUGGESTED_STEP) * SUGGESTED_STEP


def measure(rows: Sequence[Row]) -> Lengths:
    """Measure rows of tokens; one at least."""
    return Lengths(
        tuple(sorted(row.prompt_tokens for row in rows)),
        tuple(sorted(len(row.ids) - row.prompt_tokens for row in rows)),
        tuple(sorted(len(row.ids) for row in rows)),
    )


def quantile(ascending: Sequence[int], share: float) -> int:
    """Return the least length that `share` of them do not exceed."""
    return ascending[max(0, -(-round(share * 1000) * len(ascending) // 1000) - 1)]


def cut_share(ascending: Sequence[int], limit: int) -> float:
    """Return the share of lengths above a limit."""
    return sum(length > limit for length in ascending) / len(ascending)


def table(lengths: Lengths) -> str:
    """Write quantiles of prompts, replies and both as a table."""
    head = f"{'tokens':8}" + "".join(f"{name:>9}" for name in QUANTILES)
    lines = [head]
    for name, values in (("prompt", lengths.prompt), ("reply", lengths.reply), ("both", lengths.total)):
        lines.append(f"{name:8}" + "".join(f"{quantile(values, share):>9,}" for share in QUANTILES.values()))
    return "\n".join(lines)


def histogram(ascending: Sequence[int]) -> str:
    """Draw how many examples have which length; the last bar holds the longest hundredth."""
    top = max(BARS, quantile(ascending, LEAST_KEPT))
    width = -(-top // (BARS - 1))
    counts = [0] * BARS
    for length in ascending:
        counts[min(length // width, BARS - 1)] += 1
    lines = []
    for number, count in enumerate(counts):
        ends = (
            f"{number * width:>5,}–{(number + 1) * width - 1:<5,}"
            if number < BARS - 1
            else f"{number * width:>5,}–     "
        )
        lines.append(f"{ends} {'█' * round(BAR_WIDTH * count / max(counts)):{BAR_WIDTH}} {count:,}")
    return "\n".join(lines)

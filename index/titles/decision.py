"""What a question is decided to mean: found, ambiguous or unknown, by what each mistake costs a shopper."""

from typing import Literal

Decision = Literal["found", "ambiguous", "unknown"]
# What each outcome costs a shopper, in units of being asked "which one?" for good reason.
# They alone set the thresholds: with p that the best hit is meant and q that one of the best four is,
# and r that any candidate is, "found" costs WRONG·(1-p), "ambiguous" 1 + VAIN·(1-q), "unknown" MISSED·r; the cheapest
# is decided.
WRONG = 6.0  # an answer about another product
VAIN = 2.0  # being asked among products of which none is meant
MISSED = 6.0  # being told that nothing was found although it is there


def decide(probability: float, probability_of_four: float, probability_of_any: float) -> Decision:
    """Give the decision that costs least, by the costs above."""
    costs: dict[Decision, float] = {
        "found": WRONG * (1 - probability),
        "ambiguous": 1 + VAIN * (1 - probability_of_four),
        "unknown": MISSED * probability_of_any,
    }
    return min(costs, key=lambda decision: costs[decision])

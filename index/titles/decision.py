"""What a question is decided to mean: found, ambiguous or unknown, by what each mistake costs a shopper.

Nothing but three probabilities and the costs is known here.

    decide(0.45, 0.9, 0.9)      # "ambiguous"
"""

from typing import Literal

from index.settings import IndexSettings

Decision = Literal["found", "ambiguous", "unknown"]


def decide(
    probability: float,
    probability_of_four: float,
    probability_of_any: float,
    settings: IndexSettings = IndexSettings(),
) -> Decision:
    """Return the decision that costs least; the costs alone set the thresholds.

    The probabilities are those that the best hit is meant, that one of the best four is, and that any candidate is.
    """
    costs: dict[Decision, float] = {
        "found": settings.wrong_cost * (1 - probability),
        "ambiguous": 1 + settings.vain_cost * (1 - probability_of_four),
        "unknown": settings.missed_cost * probability_of_any,
    }
    return min(costs, key=lambda decision: costs[decision])

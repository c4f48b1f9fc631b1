"""Kinds of questions, told by their words and by what answers them: where readers err, and figures are shown apart.

kinds_of(example)               # {"denied", "amount"}
"""

import re

from assistant.attributes import matter_of
from assistant.evaluation.questions import QAExample
from assistant.grounding.citations import NEGATION, NUMBER
from assistant.phrases import language_of

KINDS = {
    "denied": "where the passage that answers denies something",
    "amount": "where a yes or a no hangs on a number in that passage",
    "list": "where that passage lists, by three commas or more",
    "matter": "where price, stock, delivery or returns are asked for",
    "title": "where the title answers",
    "portuguese": "where the question is in Portuguese",
}
_LISTED = re.compile(r"(?:^|(?<=[,;]))(?:[^,;]++[,;]){3}")


def kinds_of(example: QAExample) -> frozenset[str]:
    """Return the kinds that a question is of; many are of none."""
    gold = " ".join(example.gold)
    found = {
        "denied": NEGATION.search(gold),
        "amount": example.polarity and NUMBER.search(gold),
        "list": _LISTED.search(gold),
        "matter": matter_of(example.question),
        "title": example.title in example.gold,
        "portuguese": language_of(example.question) == "pt",
    }
    return frozenset(kind for kind, is_it in found.items() if is_it)

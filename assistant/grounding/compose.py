"""Settling: from what a model said to what the reply says.

The judgement decides whether anything is claimed and whether it is a yes or a no; the
model words it. A wording that its passages do not carry gives way to the best passage.

    opening = beginning(question, judgement, openings)
    settled = settle(text, question, title, evidence, judgement, least_answered=0.21, taught=True)
    settled.kind, settled.text, settled.cited
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.attributes import asked_about, carries
from assistant.grounding.answerability import Judgement, is_verdict
from assistant.grounding.citations import Checked, check, opened
from assistant.grounding.evidence import Evidence, is_closed
from assistant.phrases import language_of, phrase

HALF = "\ufffd"  # stands for a character of which a token holds a part


@dataclass(frozen=True)
class Settled:
    """What the reply says: an answer that rests on the passages `cited`, or that the description does not tell."""

    kind: Literal["answer", "not_stated"]
    text: str
    cited: Sequence[int]


def beginning(question: str, judgement: Judgement, openings: Iterable[str]) -> str:
    """Give what a taught model's text is to begin with, so that it words what was judged.

    `openings` are the first tokens that it holds likeliest, best first; "" where none is fit: a token that is
    half a character or the end of a turn is not.
    """
    if judgement.closed:
        return phrase(_word(judgement), language_of(question))
    fit = (token for token in openings if not is_verdict(token) and not (HALF in token or token.startswith("<|")))
    return next(fit, "")


def settle(
    text: str,
    question: str,
    title: str,
    evidence: Evidence,
    judgement: Judgement,
    *,
    least_answered: float,
    taught: bool,
) -> Settled:
    """Settle a model's text about the passages of `evidence`, one at least.

    `least_answered` is the probability that they answer below which nothing is claimed. `taught` says that
    the judgement has heard the model: that it then refuses weighs no second time.
    """
    language = language_of(question)
    checked = check(text, evidence.passages, title=title, question=question)
    best = evidence.best_passage
    opening, rest = opened(checked.text)
    says_more = any(sign.isalpha() for sign in rest)  # than "Yes. [1]"
    stands = checked.supported and says_more and not _misses(checked.text, question, best.text)
    if (checked.refuses and not taught) or judgement.answered < least_answered:
        return Settled("not_stated", phrase("not_stated", language, title=title), ())
    word = _word(judgement) if opening or judgement.closed else ""
    # "No, it is not." stands only where its passage denies what is asked: that is surer than the judgement.
    if stands and (word == opening or (opening and not _stands_alone(rest, checked, question, title, evidence))):
        return Settled("answer", checked.text, checked.cited)
    said = phrase(word, language) + " " if word else ""
    if stands:
        return Settled("answer", said + rest[:1].upper() + rest[1:], checked.cited)
    return Settled("answer", said + phrase("quoted", language, text=best.text), (best.number,))


def _word(judgement: Judgement) -> Literal["yes", "no"]:
    return "yes" if judgement.affirmed > 0.5 else "no"


def _stands_alone(rest: str, checked: Checked, question: str, title: str, evidence: Evidence) -> bool:
    """Say whether a text still stands when its yes or no is taken away: "it is not" does not."""
    cited = [passage for passage in evidence.passages if passage.number in checked.cited]
    return check(rest, cited, title=title, question=question).supported


def _misses(text: str, question: str, passage: str) -> bool:
    """Say whether an open question asks for an attribute that the passage states and the text does not."""
    stated = [name for name in asked_about(question) if carries(passage, name)]
    return not is_closed(question) and bool(stated) and not any(carries(text, name) for name in stated)

"""Composing the reply: from what a model said to what the reply says.

The assessment decides whether anything is claimed and whether it is a yes or a no; the
model words it. A wording that its passages do not carry gives way to the best passage.

    prefill = choose_prefill(question, assessment, first_token_logprobs)
    composed = compose_reply(text, question, evidence, assessment)
    composed.kind, composed.text, composed.cited
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.attributes import carries
from assistant.grounding.answerability import Assessment, is_verdict
from assistant.grounding.citations import Checked, check, leading_verdict
from assistant.grounding.evidence import Evidence
from assistant.phrases import phrase
from assistant.question import ReadQuestion

HALF = "\ufffd"  # stands for a character of which a token holds a part


@dataclass(frozen=True)
class Composed:
    """What the reply says: an answer that rests on the passages `cited`, or that the description does not tell."""

    kind: Literal["answer", "not_stated"]
    text: str
    cited: Sequence[int]


def choose_prefill(question: ReadQuestion, assessment: Assessment, first_tokens: Iterable[str]) -> str:
    """Return what a trained model's text is to begin with, so that it words what was assessed.

    `first_tokens` are those that it holds likeliest, best first; "" where none is fit: a token that is
    half a character or the end of a turn is not.
    """
    if assessment.closed:
        return phrase(_verdict(assessment), question.language)
    fit = (token for token in first_tokens if not is_verdict(token) and not (HALF in token or token.startswith("<|")))
    return next(fit, "")


def compose_reply(text: str, question: ReadQuestion, evidence: Evidence, assessment: Assessment) -> Composed:
    """Compose the reply of a model's text about the passages of `evidence`, one at least.

    A model that was asked before it wrote does not refuse a second time.
    """
    checked = check(text, evidence.passages, question)
    if checked.refuses and not assessment.model_asked:
        return not_stated(question)
    best = evidence.best_passage
    spoken, rest = leading_verdict(checked.text)
    says_more = any(sign.isalpha() for sign in rest)  # than "Yes. [1]"
    stands = checked.supported and says_more and not _misses(checked.text, question, best.text)
    verdict = _verdict(assessment) if spoken or assessment.closed else ""
    # "No, it is not." stands only where its passage denies what is asked: that is surer than the assessment.
    if stands and (verdict == spoken or (spoken and not _stands_alone(rest, checked, question, evidence))):
        return Composed("answer", checked.text, checked.cited)
    begins = phrase(verdict, question.language) + " " if verdict else ""
    if stands:
        return Composed("answer", begins + rest[:1].upper() + rest[1:], checked.cited)
    return Composed("answer", begins + phrase("quoted", question.language, text=best.text), (best.number,))


def not_stated(question: ReadQuestion) -> Composed:
    """Return the reply that the description does not tell."""
    return Composed("not_stated", phrase("not_stated", question.language, title=question.title), ())


def _verdict(assessment: Assessment) -> Literal["yes", "no"]:
    return "yes" if assessment.yes > 0.5 else "no"


def _stands_alone(rest: str, checked: Checked, question: ReadQuestion, evidence: Evidence) -> bool:
    """Return whether a text still stands when its yes or no is taken away: "it is not" does not."""
    cited = [passage for passage in evidence.passages if passage.number in checked.cited]
    return check(rest, cited, question).supported


def _misses(text: str, question: ReadQuestion, passage: str) -> bool:
    """Return whether an open question asks for an attribute that the passage states and the text does not."""
    stated = [name for name in question.attributes if carries(passage, name)]
    return not question.closed and bool(stated) and not any(carries(text, name) for name in stated)

"""Composing the reply: from what a model said to what the reply says.

The assessment decides whether anything is claimed and whether it is a yes or a no; the
model words it. A wording that its passages do not carry gives way to the best passage.

    prefill = choose_prefill(question, assessment, first_token_logprobs)
    composed = compose_reply(text, question, evidence, assessment)
    composed.kind, composed.text, composed.quotes
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from assistant.attributes import carries
from assistant.grounding.answerability import Assessment, is_verdict
from assistant.grounding.citations import Checked, check, leading_verdict, quotes_of
from assistant.grounding.evidence import Evidence
from assistant.phrases import phrase
from assistant.question import ReadQuestion
from assistant.reply import Quote

HALF = "\ufffd"  # stands for a character of which a token holds a part


@dataclass(frozen=True)
class Composed:
    """What the reply says: an answer with the passages that it rests on, or that the description does not tell."""

    kind: Literal["answer", "not_stated"]
    text: str
    quotes: tuple[Quote, ...] = ()


def choose_prefill(question: ReadQuestion, assessment: Assessment, first_tokens: Iterable[str]) -> str:
    """Return what a trained model's text is to begin with, so that it words what was assessed.

    `first_tokens` are those that it holds likeliest, best first; "" where none is fit: a token that is
    half a character or the end of a turn is not.
    """
    if assessment.closed:
        return phrase(_verdict(assessment), question.language)
    fit = (token for token in first_tokens if not is_verdict(token) and not (HALF in token or token.startswith("<|")))
    return next(fit, "")


def compose_reply(text: str, question: ReadQuestion, evidence: Evidence, assessment: Assessment | None) -> Composed:
    """Compose the reply of a model's text about the passages of `evidence`, one at least.

    A model that was asked before it wrote does not refuse a second time. What came before a stop, where `assessment`
    is None, is kept as it is.
    """
    checked = check(text, evidence.passages, question)
    as_it_is = Composed("answer", checked.text, quotes_of(checked.cited, evidence.passages))
    if assessment is None:
        return as_it_is
    if checked.refuses and not assessment.model_asked:
        return not_stated(question)
    best = evidence.best_passage
    spoken, rest = leading_verdict(checked.text)
    says_more = any(sign.isalpha() for sign in rest)  # than "Yes. [1]"
    stands = checked.supported and says_more and not _misses(checked.text, question, best.text)
    verdict = _verdict(assessment) if spoken or assessment.closed else ""
    # "No, it is not." stands only where its passage denies what is asked: that is surer than the assessment.
    if stands and (verdict == spoken or (spoken and not _stands_alone(rest, checked, question, evidence))):
        return as_it_is
    begins = phrase(verdict, question.language) + " " if verdict else ""
    if stands:
        return replace(as_it_is, text=begins + rest[:1].upper() + rest[1:])
    text = begins + phrase("quoted", question.language, text=best.text)
    return Composed("answer", text, quotes_of((best.number,), evidence.passages))


def not_stated(question: ReadQuestion, *, described: bool = True) -> Composed:
    """Return the reply that the description does not tell, or that there is none."""
    name = "not_stated" if described else "no_description"
    return Composed("not_stated", phrase(name, question.language, title=question.title))


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

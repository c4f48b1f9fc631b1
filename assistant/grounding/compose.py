"""Composing the reply: from what a model said to what the reply says.

The assessment decides whether anything is claimed and whether it is a yes or a no; the
model words it. A wording that its passages do not carry gives way to the best passage.

    prefill = choose_prefill(question, assessment, first_token_logprobs)
    composed = compose_reply(text, question, evidence, assessment, judge.read)
    composed.kind, composed.text, composed.quotes
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from assistant.attributes import carries
from assistant.grounding.answerability import Assessment, is_verdict
from assistant.grounding.citations import check, leading_verdict, quotes_of, without_marks
from assistant.grounding.evidence import Evidence
from assistant.grounding.judge import Read
from assistant.grounding.portuguese import in_english
from assistant.phrases import phrase
from assistant.question import ReadQuestion
from assistant.reply import Quote
from index.quantities import SAME, Quantity, only_limits, quantities_in
from index.text import content_words

# Logits of the judge about a wording: below the first it does not settle what is asked, above the second it says the
# opposite; then it is not taken.
LEAST_SETTLING, CONTRADICTS = -1.5, 1.0
_DENIALS = re.compile(r"\b(?:no|not|never|none|without|cannot|\w+n['’]t|não|nao|nunca|nem|sem|nenhum\w*)\b", re.I)
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
        return phrase(assessment.verdict, question.language)
    fit = (token for token in first_tokens if not is_verdict(token) and not (HALF in token or token.startswith("<|")))
    return next(fit, "")


def compose_reply(
    text: str, question: ReadQuestion, evidence: Evidence, assessment: Assessment | None, read: Read
) -> Composed:
    """Compose the reply of a model's text about the passages of `evidence`, one at least.

    The reply begins with what was assessed; the model's words follow, if its passages carry them and the judge reads no
    other verdict in them; else the best passage does. What came before a stop, where `assessment` is None, is kept.
    """
    if assessment is None:
        checked = check(text, evidence.passages, question)
        return Composed("answer", checked.text, quotes_of(checked.cited, evidence.passages))
    _, rest = leading_verdict(text.strip())
    begins = phrase(assessment.verdict, question.language) + " " if assessment.closed else ""
    checked = check(begins + rest[:1].upper() + rest[1:], evidence.passages, question)
    best = evidence.best_passage
    body = checked.text.removeprefix(begins)
    says_more = any(sign.isalpha() for sign in body)  # than "Yes. [1]"
    if (
        checked.supported
        and says_more
        and not _misses(body, question, best.text)
        and not (question.own_weight and only_limits(body, "mass"))
        and _amounts_stand(body, evidence)
        and not (assessment.closed and assessment.verdict == "no" and _only_repeats(body, question))
        and _settles_alike(body, question, assessment, read)
    ):
        return Composed("answer", checked.text, quotes_of(checked.cited, evidence.passages))
    return quoted(question, evidence, begins)


def quoted(question: ReadQuestion, evidence: Evidence, begins: str = "") -> Composed:
    """Return the reply that leaves the best passage to speak, after a verdict where there is one to begin with."""
    best = evidence.best_passage
    text = begins + phrase("quoted", question.language, text=best.text)
    return Composed("answer", text, quotes_of((best.number,), evidence.passages))


def not_stated(question: ReadQuestion, *, described: bool = True) -> Composed:
    """Return the reply that the description does not tell, or that there is none."""
    if described and question.matter:
        matter = question.matter.named[question.language]
        return Composed("not_stated", phrase("silent_of", question.language, title=question.title, matter=matter))
    name = "not_stated" if described else "no_description"
    return Composed("not_stated", phrase(name, question.language, title=question.title))


def _amounts_stand(body: str, evidence: Evidence) -> bool:
    """Return whether each amount with a unit stands in the passages: 19.25 inches make no "19.25 pounds"."""
    stated = [each for passage in evidence.passages for each in quantities_in(passage.text)]
    return all(
        any(one.dimension == other.dimension and _share_an_end(one, other) for other in stated)
        for one in quantities_in(without_marks(body))
        if one.dimension
    )


def _share_an_end(one: Quantity, other: Quantity) -> bool:
    ends = [(mine, theirs) for mine in (one.low, one.high) for theirs in (other.low, other.high)]
    return any(math.isfinite(mine) and math.isclose(mine, theirs, rel_tol=SAME) for mine, theirs in ends)


def _settles_alike(body: str, question: ReadQuestion, assessment: Assessment, read: Read) -> bool:
    """Return whether the judge reads in a reply's words that they settle the question, and no other verdict in them.

    Portuguese has to stand as it is and in English.
    """
    words = without_marks(body)
    in_another = read(question.judged, [in_english(words)]) if question.language == "pt" else []
    for entailment in [*read(question.plainly, [words]), *in_another]:
        other = entailment.yes_logit if assessment.verdict == "no" else -entailment.yes_logit
        if entailment.answers_logit < LEAST_SETTLING or (assessment.closed and other > CONTRADICTS):
            return False
    return True


def _only_repeats(body: str, question: ReadQuestion) -> bool:
    """Return whether a sentence says what was asked, word for word, and denies nothing that the question does not.

    After "No." that is the opposite: "Does it have a lid?" – "No. It has a lid."
    """
    text = without_marks(body)
    denied = len(_DENIALS.findall(text)) > len(_DENIALS.findall(question.text))
    return not denied and content_words(text) <= question.words


def _misses(text: str, question: ReadQuestion, passage: str) -> bool:
    """Return whether an open question asks for an attribute that the passage states and the text does not."""
    stated = [name for name in question.attributes if carries(passage, name)]
    return not question.closed and bool(stated) and not any(carries(text, name) for name in stated)

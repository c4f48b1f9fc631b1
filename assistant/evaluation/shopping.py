"""Measuring the shopping talk: needs, comparisons, what is about no product, and whole talks, in people's own words.

Rows of JSON, told apart by their keys (docs/shopping.md):
    {"need", "fitting": [uids]}                 which products fit, all of them; none: [] is what an honest reply offers
    {"question", "uids", "stated", "winner"}    products to compare, whose description tells, and which is favoured
    {"question", "kinds", "forbidden"}          a turn about no product: the acceptable kinds, words not to be said
    {"turns": [{"user", "kinds", "uid", "has"}]}

    report = evaluate_shopping(read_rows([path]), assistant, home / "reports" / "shopping")
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from assistant.assistant import Assistant
from assistant.conversation import State
from assistant.evaluation.bootstrap import Interval, Ratio, draws, interval
from assistant.evaluation.html import shopping_page
from assistant.evaluation.schema import (
    PAGE,
    REPORT,
    SAMPLES,
    ScoredReply,
    ShoppingReport,
    made_now,
    this_machine,
    versions_of,
)
from assistant.reply import Reply
from index.artefacts import publish
from index.errors import SourceError
from index.progress import Progress

RESAMPLES = 1000
FIGURES = {
    "needs: offered": "share of the needs that something fits, for which a fitting product is offered",
    "needs: precision": "share of the products offered for those that fit",
    "needs: honest": "share of the needs that nothing fits, for which nothing is offered",
    "comparisons: found": "share in which exactly the products that were named are compared",
    "comparisons: told": "share in which each side is answered or not as its description tells",
    "comparisons: winner": "share in which the favoured product, or none, is named rightly",
    "others: right": "share of the turns about no product whose kind is acceptable, and that say nothing forbidden",
    "talks: turns": "share of the turns of talks whose kind, product and words are right",
    "talks: products": "share of the turns about one product that are about the right one",
    "talks: whole": "share of the talks all turns of which are right",
}


@dataclass(frozen=True)
class NeedRow:
    """A need, and every product that fits it."""

    need: str
    fitting: tuple[str, ...]
    near: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparisonRow:
    """A comparison: the products named, whose description tells what is asked, and which is favoured, "" for none."""

    question: str
    uids: tuple[str, ...]
    stated: tuple[bool, ...]
    winner: str

    def __post_init__(self) -> None:
        if len(self.stated) != len(self.uids):
            raise ValueError("as many of stated as of uids")


@dataclass(frozen=True)
class OtherRow:
    """A turn that is about no product."""

    question: str
    kinds: tuple[str, ...]
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class TalkTurn:
    """One turn of a talk, and what its reply has to be."""

    user: str
    kinds: tuple[str, ...]
    uid: str = ""
    has: tuple[str, ...] = ()


@dataclass(frozen=True)
class TalkRow:
    """A talk of one shopper."""

    turns: tuple[TalkTurn, ...]

    def __post_init__(self) -> None:
        if not self.turns:
            raise ValueError("one turn or more")


Row = NeedRow | ComparisonRow | OtherRow | TalkRow


def read_rows(paths: Sequence[Path]) -> list[Row]:
    """Read the rows of some files.

    Raises `SourceError` that names the line that is none.
    """
    forms = TypeAdapter[Row](Row)
    rows = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if not line.strip():
                continue
            try:
                rows.append(forms.validate_json(line))
            except ValidationError as exc:
                raise SourceError(
                    f"line {number} of {path} is {line[:60]!r}",
                    "a need, a comparison, a question with its kinds, or a talk",
                    f"edit {path}; docs/shopping.md shows the forms",
                ) from exc
    return rows


def evaluate_shopping(
    rows: Sequence[Row], assistant: Assistant, folder: Path, *, command: str = "", progress: type[Progress] = Progress
) -> ShoppingReport:
    """Say everything to the assistant, publish the report in `folder`, and return it.

    Raises `ArtefactError` where `folder` holds something else.
    """
    replies: list[ScoredReply] = []
    with progress("talking", len(rows), unit="rows") as bar:
        for row in rows:
            replies += replied(row, assistant)
            bar.update()
    values: dict[str, list[float]] = defaultdict(list)
    for scored in replies:
        for name, score in scored.scores.items():
            values[name].append(score)
    measured = [name for name in FIGURES if values[name]]
    catalogue = assistant.retriever.catalogue
    report = ShoppingReport(
        **made_now(command),
        products=len(catalogue),
        assistant=assistant.name,
        versions=versions_of("titlewise"),
        machine=this_machine(),
        definitions=FIGURES,
        figures={name: _mean(values[name]) for name in measured},
        counts={name: len(values[name]) for name in measured},
    )
    made_by = {"products": len(catalogue), "assistant": assistant.name}
    with publish(folder, kind="report", made_by=made_by, made_from=catalogue.digest) as scratch:
        content = json.dumps(asdict(report), ensure_ascii=False, indent=1)
        (scratch / REPORT).write_text(content + "\n", encoding="utf-8")
        lines = [json.dumps(asdict(scored), ensure_ascii=False) + "\n" for scored in replies]
        (scratch / SAMPLES).write_text("".join(lines), encoding="utf-8")
        (scratch / PAGE).write_text(shopping_page(report, replies), encoding="utf-8")
    return report


def _mean(values: Sequence[float]) -> Interval:
    return interval(Ratio(np.array(values), np.ones(len(values))), draws(len(values), RESAMPLES, seed=0))


def shopping_lines(report: ShoppingReport) -> list[str]:
    """Return the figures as a table for a terminal."""
    lines = [f"{'':24}{'rate':>8}{'of':>6}   95 %"]
    for name, figure in report.figures.items():
        lines.append(f"{name:24}{figure.value:>8.3f}{report.counts[name]:>6}   {figure.low:.3f}–{figure.high:.3f}")
    return lines


def replied(row: Row, assistant: Assistant) -> list[ScoredReply]:
    """Say a row to the assistant, and score what it replies."""
    if isinstance(row, TalkRow):
        return _talked(row, assistant)
    question = row.need if isinstance(row, NeedRow) else row.question
    reply = assistant.ask(question).reply
    if isinstance(row, NeedRow):
        return [_scored(question, reply, _need_scores(row, reply))]
    if isinstance(row, ComparisonRow):
        return [_scored(question, reply, _comparison_scores(row, reply))]
    silent = not any(word.casefold() in reply.text.casefold() for word in row.forbidden)
    return [_scored(question, reply, {"others: right": float(reply.kind in row.kinds and silent)})]


def _need_scores(row: NeedRow, reply: Reply) -> dict[str, float]:
    offered = [product.uid for product in reply.products]
    if not row.fitting:
        return {"needs: honest": float(not offered)}
    fits = [float(uid in row.fitting) for uid in offered]
    precision = {"needs: precision": sum(fits) / len(fits)} if fits else {}
    return {"needs: offered": float(any(fits))} | precision


def _comparison_scores(row: ComparisonRow, reply: Reply) -> dict[str, float]:
    sides = {product.uid: getattr(product, "kind", "") == "answer" for product in reply.products}
    found = set(sides) == set(row.uids)
    as_stated = found and all(sides[uid] == stated for uid, stated in zip(row.uids, row.stated, strict=True))
    winner = found and reply.winner == row.winner
    return {
        "comparisons: found": float(found),
        "comparisons: told": float(as_stated),
        "comparisons: winner": float(winner),
    }


def _talked(row: TalkRow, assistant: Assistant) -> list[ScoredReply]:
    state, replies = State(), []
    right = []
    for turn in row.turns:
        answer = assistant.ask(turn.user, state=state)
        reply, state = answer.reply, answer.state
        spoken_of = {reply.uid, *(product.uid for product in reply.products)}
        scores = {"talks: products": float(turn.uid in spoken_of)} if turn.uid else {}
        says = not turn.has or any(word.casefold() in reply.text.casefold() for word in turn.has)
        right.append(reply.kind in turn.kinds and (not turn.uid or turn.uid in spoken_of) and says)
        scores["talks: turns"] = float(right[-1])
        replies.append(_scored(turn.user, reply, scores))
    replies[-1].scores["talks: whole"] = float(all(right))
    return replies


def _scored(question: str, reply: Reply, scores: dict[str, float]) -> ScoredReply:
    uids: Iterable[str] = (reply.uid, *(product.uid for product in reply.products))
    return ScoredReply(question, reply.kind, reply.text, tuple(filter(None, uids)), scores)

"""Training examples: what a shopper asks, the passages shown, and the reply that is right.

From any prepared catalogue, offline, the same for the same seed: generated from facts, from titles and
their descriptions, and taken from real question files where there are any. The two sides share no
product cluster and no question template. Prompts are the assistant's own; no token is made here.

    examples = build(catalogue, Mix(), seed=0, questions=Questions(), side="train")
"""

import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from assistant.passages import split
from assistant.phrases import language_of
from assistant.prompt import gives_orders
from finetune.data.example import Example, Kind, Mix, Side
from finetune.data.generated_questions import GeneratedQuestion, QuestionGenerator
from finetune.data.judgements import judged_rows, judgement_of
from finetune.data.product_pool import PassageSelector, ProductPool
from finetune.data.question_examples import example_of
from finetune.data.question_files import Row, read_rows, real_example
from finetune.data.question_forms import ValuePool
from index.catalogue.store import Catalogue, Product
from index.progress import Progress

_T = TypeVar("_T")
KINDS: tuple[Kind, ...] = ("yes", "no", "answer", "not_stated")
PRODUCTS_AN_EXAMPLE = 1.2  # read for each example to be generated: few yield more than one that is kept
FEWEST_WORDS, MOST_WORDS = 12, 110  # of a description that is learnt
MOST_OF_AN_ATTRIBUTE = 0.12  # of the generated examples of a kind, unless there are too few others


@dataclass
class Report:
    """What came of a mix: examples by kind and source, and what was left out, by reason."""

    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    attributes: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        made = ", ".join(f"{kind} from {source} {count:,}" for (kind, source), count in sorted(self.made.items()))
        dropped = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.dropped.items())) or "nothing"
        return f"{sum(self.made.values()):,} examples: {made}; left out: {dropped}"


@dataclass(frozen=True)
class Questions:
    """Question files, and how they are used.

    `files` are the side's own, `elsewhere` those of the other side: what they ask about is left out. `sources` are
    shares, in [0, 1], of a set's rows that are used; 1 unless named. `select` chooses what is shown of a product.
    """

    files: Sequence[Path] = ()
    elsewhere: Sequence[Path] = ()
    sources: Mapping[str, float] = field(default_factory=dict)
    select: PassageSelector = field(default_factory=PassageSelector)


def build(
    catalogue: Catalogue,
    mix: Mix,
    *,
    seed: int,
    questions: Questions,
    side: Side,
    progress: type[Progress] = Progress,
) -> list[Example]:
    """Build the examples of one side, in an order drawn by the seed; prints in one line what was made and left out.

    Raises `UserError` for a question file that cannot be read.
    """
    examples, report = build_counted(catalogue, mix, seed=seed, questions=questions, side=side, progress=progress)
    print(f"{side}: {report}", file=sys.stderr)
    return examples


def build_judgements(
    questions: Questions, wanted: int, *, seed: int, side: Side, progress: type[Progress] = Progress
) -> list[Example]:
    """Build the judgements that come before the examples; none where there are no question files."""
    if not wanted:
        return []
    rows = [row for path in questions.files for row in read_rows(path)]
    draw = random.Random(f"{seed} {side} judgements")  # noqa: S311 - a choice, not a secret
    taken = judged_rows(rows, wanted, questions.sources, draw)
    examples = []
    with progress("choosing passages to judge", len(taken), unit="questions") as bar:
        for row in taken:
            examples.append(judgement_of(row, questions.select, draw))
            bar.update()
    return examples


def build_counted(
    catalogue: Catalogue,
    mix: Mix,
    *,
    seed: int,
    questions: Questions,
    side: Side,
    progress: type[Progress] = Progress,
) -> tuple[list[Example], Report]:
    """Build as `build` does, and return the counts instead of printing them."""
    draw = random.Random(f"{seed} {side}")  # noqa: S311 - a choice, not a secret
    report = Report()
    most = max(200, int(mix.examples * PRODUCTS_AN_EXAMPLE))
    foreign = {name for path in questions.elsewhere for row in read_rows(path) for name in _names(row)}
    pool = ProductPool.of(catalogue, side, most=most, draw=draw, foreign=foreign, progress=progress)
    pool = replace(pool, select=questions.select)
    examples = _described(pool, mix.number_of("describe"), report)
    real = _real(questions, mix, foreign, draw, report)
    examples += real
    wanted = {kind: mix.number_of(kind) - sum(example.kind == kind for example in real) for kind in KINDS}
    values = ValuePool.of(chain.from_iterable(product.facts for product in pool.products))
    examples += _generated(QuestionGenerator(pool, values, side, draw, mix.portuguese), mix, wanted, report, progress)
    draw.shuffle(examples)
    report.made.update((example.kind, example.source) for example in examples)
    return examples, report


def describe_example(product: Product) -> Example | None:
    """Return the first whole sentences of a description as the reply to its title; None where they are too few."""
    kept: list[str] = []
    for passage in split(product.content):
        text = passage.text.strip()
        if gives_orders(text) or sum(len(each.split()) for each in kept) + len(text.split()) > MOST_WORDS:
            break
        kept.append(text)
    while kept and not kept[-1].endswith((".", "!", "?")):
        kept.pop()
    reply = " ".join(kept)
    if len(reply.split()) < FEWEST_WORDS:
        return None
    language = language_of(f"{product.title} {product.content}")
    return Example("describe", product.title, "", (), reply, "describe", "", product.uid, language)


def _described(pool: ProductPool, count: int, report: Report) -> list[Example]:
    made: list[Example] = []
    for product in pool.products:
        if len(made) == count:
            break
        example = describe_example(product.product)
        if example is None:
            report.dropped["description without a whole sentence"] += 1
        else:
            made.append(example)
    return made


def _real(questions: Questions, mix: Mix, foreign: set[str], draw: random.Random, report: Report) -> list[Example]:
    """Take real questions kind by kind, none about `foreign` products; every set gives alike as long as it lasts."""
    rows = []
    for row in (row for path in questions.files for row in read_rows(path)):
        if draw.random() >= questions.sources.get(row.source, 1.0):
            continue
        if _names(row) & foreign:
            report.dropped["real question about a product of the other side"] += 1
        else:
            rows.append(row)
    worded = {row.source for row in rows if row.answer}  # the others teach judgement alone
    rows = [row for row in rows if row.source in worded]
    beside: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.title:
            beside[row.title] += row.passages
    made = []
    for kind in KINDS:
        sets: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row.label == kind:
                sets[row.source].append(row)
        wanted = round(mix.number_of(kind) * mix.real)
        taken = 0
        for row in _in_turn({name: draw.sample(each, len(each)) for name, each in sorted(sets.items())}):
            if taken == wanted:
                break
            example = real_example(row, beside[row.title] if row.title else (), questions.select, draw)
            if example is None:
                report.dropped["real question without passages"] += 1
                continue
            made.append(example)
            taken += 1
    return made


def _names(row: Row) -> set[str]:
    """Return what tells a row's product from others: title and group, in lower case."""
    return {row.title.casefold(), row.group.casefold()} - {""}


def _generated(
    generator: QuestionGenerator, mix: Mix, wanted: dict[Kind, int], report: Report, progress: type[Progress]
) -> list[Example]:
    draw, products = generator.draw, generator.pool.products
    questions: list[GeneratedQuestion] = []
    with progress("asking", len(products), unit="products") as bar:
        for place in range(len(products)):
            questions += generator.answerable(place)
            questions += generator.unanswerable(place)
            bar.update()
    follow_ups = round(sum(wanted.values()) * mix.follow_up)
    following = [question for question in questions if question.follows is not None]
    following = draw.sample(following, len(following))
    made = [example for example, _ in _realised(following, follow_ups, generator, mix.widened, report)]
    remaining = Counter(wanted)
    remaining.subtract(example.kind for example in made)
    single = [question for question in questions if question.follows is None]
    # The rarer half of each pair first; its other half is then preferred among those of its kind.
    paired: set[int] = set()
    for kind in ("no", "yes", "answer", "not_stated"):
        own = [question for question in single if question.kind == kind]
        ordered = _balanced(own, remaining[kind], paired if kind == "yes" else frozenset(), draw)
        with progress(f"writing {kind.replace('_', ' ')}", remaining[kind], unit="examples") as bar:
            for example, question in _realised(ordered, remaining[kind], generator, mix.widened, report):
                made.append(example)
                report.attributes[question.attribute] += 1
                paired.add(question.pair)
                bar.update()
    return made


def _realised(
    questions: Iterable[GeneratedQuestion], most: int, generator: QuestionGenerator, widened: float, report: Report
) -> Iterator[tuple[Example, GeneratedQuestion]]:
    """Make questions examples until there are enough; the same question of the same product counts once."""
    seen: set[tuple[str, str, str]] = set()
    draw = generator.draw
    for question in questions:
        if len(seen) >= most:
            return
        example = example_of(question, generator.pool, draw, with_distractors=draw.random() < widened)
        if example is None:
            no_passage = question.kind == "not_stated"
            report.dropped["no passage to show" if no_passage else "fact that makes no sentence"] += 1
        elif (key := (example.uid, example.question.casefold(), example.kind)) in seen:
            report.dropped["asked twice"] += 1
        else:
            seen.add(key)
            yield example, question


def _balanced(
    questions: Sequence[GeneratedQuestion], wanted: int, preferred: Iterable[int], draw: random.Random
) -> Iterator[GeneratedQuestion]:
    """Order questions so that no attribute fills a kind: pairs first, then by turns, at last whatever is left."""
    pairs = frozenset(preferred)
    groups: dict[str, list[GeneratedQuestion]] = defaultdict(list)
    for question in sorted(draw.sample(questions, len(questions)), key=lambda question: question.pair not in pairs):
        groups[question.attribute + question.absent].append(question)
    share = max(1, int(wanted * MOST_OF_AN_ATTRIBUTE))
    yield from _in_turn({name: group[:share] for name, group in sorted(groups.items())})
    yield from _in_turn({name: group[share:] for name, group in sorted(groups.items())})


def _in_turn(groups: dict[str, list[_T]]) -> Iterator[_T]:
    """Yield one of each group after the other, until all are spent."""
    for turn in range(max((len(group) for group in groups.values()), default=0)):
        for group in groups.values():
            if turn < len(group):
                yield group[turn]

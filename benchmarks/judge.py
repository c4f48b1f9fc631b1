"""Measure the judge alone: does it find the passage that settles a question, refuse, and tell yes from no?

    python benchmarks/judge.py [--questions artifacts/questions] [--part validation|kept] [--judge FOLDER]

Reads the question files of `benchmarks/public_questions.py`: the written questions of a part, and ePQA's held-out ones.
Nothing is chosen on the kept part. Prints a table, and milliseconds a passage for descriptions of twenty.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from assistant.evaluation.questions import ANSWERS_FULLY, DESCRIBING
from assistant.grounding.evidence import Budget
from assistant.grounding.judge import SHIPPED_JUDGE, Judge, open_judge
from finetune.calibrating import assessment_of, observe
from finetune.data.question_files import Row, read_rows

PASSAGES = 20  # of the descriptions that are timed
ONE = Budget(len, max_passages=1)


@dataclass(frozen=True)
class LabelledQuestion:
    """A question with its passages; `gold` are the places of those that settle it, none where it is not stated."""

    question: str
    texts: tuple[str, ...]
    gold: frozenset[int]
    label: str


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, default=Path("artifacts") / "questions")
    parser.add_argument("--part", choices=("validation", "kept"), default="validation")
    parser.add_argument("--judge", type=Path, default=SHIPPED_JUDGE)
    arguments = parser.parse_args()
    judge = open_judge(arguments.judge)
    file = "validation" if arguments.part == "validation" else "written_kept"
    rows = [row for row in read_rows(arguments.questions / f"{file}.jsonl") if row.source in ("written", "own")]
    measure(f"written, {arguments.part}", [labelled(row) for row in rows], judge)
    decide(f"written, {arguments.part}", rows, judge)
    measure("ePQA, held out", epqa(arguments.questions / "epqa_heldout.jsonl"), judge)
    clock(rows, judge)


def labelled(row: Row) -> LabelledQuestion:
    """Return a question row as it is measured."""
    return LabelledQuestion(row.question, row.passages, frozenset(number - 1 for number in row.cited), row.label)


def epqa(path: Path) -> list[LabelledQuestion]:
    """Return ePQA's questions with what a catalogue says; those that it answers in part are left out."""
    questions = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        candidates = [one for one in row["candidates"] if one["source"].lower() in DESCRIBING]
        gold = frozenset(place for place, one in enumerate(candidates) if str(one["label"]) == ANSWERS_FULLY)
        if candidates and (gold or all(str(one["label"]) == "0" for one in candidates)):
            texts = tuple(one["text"] for one in candidates)
            questions.append(LabelledQuestion(row["question"], texts, gold, "answer" if gold else "not_stated"))
    return questions


def measure(name: str, questions: Sequence[LabelledQuestion], judge: Judge) -> None:
    """Print how well it ranks and refuses, and how well it tells yes from no where the passage is given."""
    strengths, ranks, verdicts = [], [], []
    for one in questions:
        entailments = judge.read(one.question, one.texts)
        order = sorted(range(len(entailments)), key=lambda place: -entailments[place].answers_logit)
        strengths.append(entailments[order[0]].answers_logit)
        if one.gold:
            ranks.append(min(order.index(place) for place in one.gold))
            best = max(one.gold, key=lambda place: entailments[place].answers_logit)
            if one.label in ("yes", "no"):
                verdicts.append((one.label, (entailments[best].yes_logit > 0) == (one.label == "yes")))
    area = roc_auc_score([bool(one.gold) for one in questions], strengths)
    among = " / ".join(f"{np.mean([rank < most for rank in ranks]):.3f}" for most in (1, 2, 3))
    print(f"{name}: {len(questions)} questions; AUROC answerable {area:.3f}; gold among 1 / 2 / 3 {among}")
    for label in ("yes", "no"):
        own = [right for verdict, right in verdicts if verdict == label]
        if own:
            print(f"    {label}, its passage given: {np.mean(own):.3f} of {len(own)} right")


def decide(name: str, rows: Sequence[Row], judge: Judge) -> None:
    """Print what would be replied by the judge and its calibration alone."""
    right: dict[str, list[bool]] = {}
    misled = []
    for row in rows:
        one = observe(row, judge.read, ONE)
        assessment = assessment_of(one, judge.calibration)
        claims = assessment.confidence >= judge.calibration.least_confidence
        verdict = assessment.claim if claims else "not_stated"
        is_right = verdict == row.label and (one.settled or not claims)
        right.setdefault(row.label, []).append(is_right)
        misled.append(claims and not is_right)
    every = [one for each in right.values() for one in each]
    kinds = ", ".join(f"{label} {np.mean(each):.3f}" for label, each in sorted(right.items()))
    print(f"{name}, judge alone: right {np.mean(every):.3f}, misled {np.mean(misled):.3f} ({kinds})")


def clock(rows: Sequence[Row], judge: Judge) -> None:
    """Print how long it reads descriptions of twenty passages."""
    long = [row for row in rows if len(row.passages) >= PASSAGES][:40]
    if not long:
        return
    seconds = []
    for row in long:
        start_s = time.perf_counter()
        judge.read(row.question, row.passages[:PASSAGES])
        seconds.append(time.perf_counter() - start_s)
    print(f"{PASSAGES} passages: {1000 * float(np.median(seconds)):.0f} ms at the median of {len(long)}")


if __name__ == "__main__":
    main()

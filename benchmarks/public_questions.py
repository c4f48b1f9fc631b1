"""Turn the public question sets into question files that training and evaluation read.

    python benchmarks/public_questions.py [--data ../shared/data] [--out artifacts/questions]

Writes `train.jsonl` and `validation.jsonl`, one row a question: {"question", "title", "passages",
"answer", "label": "answer"|"yes"|"no"|"not_stated", "cited", "source", "group"}, where `passages`
are all that is known of the product, in pieces as the assistant cuts them, and `cited` numbers
those that answer. `group` is the product; the two files share none. `epqa_heldout.jsonl` and
`hetpqa_dev.jsonl` are for the last measurement alone: questions with all their candidates, none of
them in the two files, those of ePQA about products that no row of these is about; `heldout.jsonl` holds
them, where a reply can be told, as rows. Answers that hedge, that say yes or no to nothing, or that their
evidence does not carry are left out and counted.
"""

import argparse
import hashlib
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from public_attributes import Pair, attribute_questions, flatten, split_attribute
from public_reading import (
    Part,
    boolq_rows,
    condaqa_rows,
    extractive_rows,
    infotabs_rows,
    invented_rows,
    need_rows,
    offer_rows,
    read,
    written_rows,
)

from assistant.passages import split
from assistant.question import is_closed
from index.text import content_words

Row = dict[str, object]
Source = dict[str, str]

DESCRIPTION_SOURCES = frozenset({"attribute", "bullet", "description", "Desc"})
HET_SOURCES = {"Desc": "description", "OSP": "description"}  # hetPQA's names for what a shop itself writes
TRAINED_PERCENT = 55  # of ePQA's products; the others are kept out of training
VALIDATED = 0.07  # of the products of training: for eval_loss, so that what is measured last chooses nothing
NOT_STATED_HELD_OUT = 0.4  # of the questions of the ranking sets
MOST_PASSAGES = 14  # of a product that are kept beside the one that answers
LEAST_OVERLAP = 0.5  # of an answer's words with its evidence; of a question's words with a closed answer

_HEDGE = re.compile(
    r"\b(?:not (?:really |quite |very |100% )?sure|i think|i believe|i guess|i(?:'m| am) (?:not|sure)|probably|perhaps"
    r"|maybe|might"
    r"|don'?t know|can'?t (?:say|tell)|no idea|i would|i'd|i have|my (?:son|daughter|kids?|husband)|in my opinion"
    r"|unclear|unsure"
    r"|should be|seems?|depends?)\b",
    re.I,
)
_SAID_BY = re.compile(
    r"\b(?:there (?:is|are) (?:a|some|another|several) (?:customers?|reviewers?|users?)(?: who)?"
    r" (?:saying|says?|said|stating|states?|mentioned)"
    r"|(?:a|some|one|another|most|many|several|the)? ?(?:customers?|reviewers?|users?)(?: have| has)?"
    r" (?:says?|said|states?|stated|mentions?|mentioned|claims?|claimed|reports?|reported|confirms?"
    r"|confirmed|notes?|noted)"
    r"|according to (?:a|some|one|the|another) (?:customers?|reviewers?|users?|reviews?)"
    r"|(?:a|the|one|some) reviews? (?:says?|states?|mentions?))\s*(?:that\b)?[,:]?\s*",
    re.I,
)
# "No problems with rust" says no such thing: a sign or a pronoun has to follow.
_YES_NO = re.compile(
    r"^\W*(yes|yep|yeah|no|nope)\b(?=\s*(?:[,;:.!-]|$)|\s+(?:it|this|these|they|the|that|there|you|i|she"
    r"|he|we)\b)[\s,;:.!-]*",
    re.I,
)
_NEGATION = re.compile(r"\b(?:not|no|none|never|nothing|cannot|without|unable|neither|unfortunately)\b|n['’]?t\b", re.I)
_OPEN_START = re.compile(r"\W*(?:what|which|where|when|who|why|how)\b", re.I)
_NEGATIVE_QUESTION = re.compile(r"\b(?:not|no|without)\b|n['’]t\b|\bor\b", re.I)
_FILLER = frozenset("item product description state state's detail say specification list it this one value".split())


def main() -> None:
    """Read the sets and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--out", type=Path, default=Path("artifacts") / "questions")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    epqa = read(arguments.data / "epqa_half.jsonl.gz")
    kept_out = {row["ASIN"] for row in epqa if is_held_out(row["ASIN"])}  # the other sets ask about some of them too
    train = [
        *epqa_rows([row for row in epqa if not is_held_out(row["ASIN"])], counts, described_only=False),
        *hetpqa_rows(arguments.data, "train", counts),
        *ranking_rows(arguments.data, "train"),
        *pair_rows(arguments.data / "semipqa_data_to_text_train.jsonl.gz", arguments.seed),
    ]
    held_out = [
        *epqa_rows([row for row in epqa if is_held_out(row["ASIN"])], counts, described_only=True),
        *hetpqa_rows(arguments.data, "dev", counts),
        *ranking_rows(arguments.data, "dev"),
    ]
    pairs_dev = list(pair_rows(arguments.data / "semipqa_data_to_text_dev.jsonl.gz", arguments.seed))
    train += [
        *boolq_rows(arguments.data),
        *condaqa_rows(arguments.data),
        *infotabs_rows(arguments.data),
        *(row for name in ("squad2", "squad2_pt", "subjqa") for row in extractive_rows(arguments.data, name)),
        *offer_rows(arguments.data, arguments.seed),
    ]
    training = [row for row in train if row["group"] not in kept_out]
    validated = {group for group in {str(row["group"]) for row in training} if _part(f"validation {group}") < VALIDATED}
    written = {part: [*written_rows(arguments.data, part), *invented_rows(part)] for part in get_args(Part)}
    for part in ("train", "validation"):
        written[part] += need_rows(arguments.data, part)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, rows in (
        ("train", [row for row in training if row["group"] not in validated] + written["train"]),
        ("validation", [row for row in training if row["group"] in validated] + pairs_dev + written["validation"]),
        ("written_kept", written["kept"]),
        ("heldout", held_out),
        ("epqa_heldout", list(held_out_questions(epqa))),
        ("hetpqa_dev", list(hetpqa_questions(arguments.data))),
    ):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (arguments.out / f"{name}.jsonl").write_text(text, encoding="utf-8")
        kinds = Counter((row.get("source", ""), row.get("label", "")) for row in rows)
        print(f"{name}: {len(rows):,} rows  " + "  ".join(f"{s} {k} {n:,}" for (s, k), n in sorted(kinds.items())))
    print("left out: " + ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items())))


def is_held_out(asin: str) -> bool:
    """Return, by a fixed hash, whether a product of ePQA is kept from training."""
    return int(hashlib.sha256(asin.encode()).hexdigest(), 16) % 100 >= TRAINED_PERCENT


def epqa_rows(rows: Iterable[Source], counts: Counter[str], *, described_only: bool) -> Iterator[Row]:
    """Return each fully answering candidate among the others of its question, and the questions that none answers."""
    for group in _by(rows, "qid").values():
        shown = [row for row in group if not described_only or row["source"] in DESCRIPTION_SOURCES]
        described = [row for row in shown if row["source"] in DESCRIPTION_SOURCES]
        unrelated = [row for row in shown if row["label"] == "0"]
        for row in shown:
            if row["label"] == "2":
                made = _answered(row, unrelated, counts)
                if made:
                    yield made
        if described and all(row["label"] == "0" for row in described):
            yield _unanswered(group[0], described, "epqa")
        # The same question without its evidence: what is read decides, not what is asked.
        if not described_only and len(unrelated) > 1 and any(row["label"] == "2" for row in shown):
            yield _unanswered(group[0], unrelated, "epqa")


def hetpqa_rows(folder: Path, side: str, counts: Counter[str]) -> Iterator[Row]:
    """Return the answered questions of hetPQA, the evidence of the product's other questions beside the gold one."""
    rows = read(folder / f"hetpqa_answers_{side}.jsonl.gz")
    kept_back = {row["question"] for row in read(folder / "hetpqa_answers_dev.jsonl.gz")} if side == "train" else set()
    for group in _by(rows, "ASIN").values():
        for row in group:
            if row["question"] in kept_back:
                counts["hetpqa: question of the other side"] += 1
                continue
            others = [other for other in group if other["question"] != row["question"]]
            made = _answered({**row, "label": "2"}, others, counts)
            if made:
                yield made


def ranking_rows(folder: Path, side: str) -> Iterator[Row]:
    """Return questions with candidates of which none, or all but those left out, is relevant: not stated."""
    answered = {
        row["question"]: own for own in ("train", "dev") for row in read(folder / f"hetpqa_answers_{own}.jsonl.gz")
    }
    for name, source in (("hetpqa_ranking_dev", "hetpqa"), ("semipqa_attribute_ranking_dev", "semipqa")):
        for group in _by(read(folder / f"{name}.jsonl.gz"), "qid").values():
            # A question that is answered on one side stays on that side.
            if answered.get(group[0]["question"], side_of(group[0]["question"])) != side:
                continue
            unrelated = [row for row in group if row["label"] == "0"]
            if len(unrelated) > 1:
                yield _unanswered(group[0], unrelated, source)


def side_of(question: str) -> str:
    """Return, by a fixed hash, whether an unanswered question of the ranking sets is for training or kept: "dev"."""
    return "dev" if _part(question) < NOT_STATED_HELD_OUT else "train"


def pair_rows(path: Path, seed: int) -> Iterator[Row]:
    """Return questions about the attributes of semiPQA, which brings sentences without questions."""
    pairs = []
    for row in read(path):
        name, value = split_attribute(row["data"])
        if name and value and len(value) < 160:
            pairs.append(Pair(name, value, _sentence(row["text"])))
    yield from attribute_questions(pairs, seed)


def held_out_questions(rows: Iterable[Source]) -> Iterator[Row]:
    """Return the questions of ePQA's held-out products with all their candidates, as evaluation reads them."""
    for qid, group in _by([row for row in rows if is_held_out(row["ASIN"])], "qid").items():
        candidates = [
            {"text": flatten(row["candidate"]), "source": row["source"], "label": row["label"], "answer": row["answer"]}
            for row in group
        ]
        first = group[0]
        yield {
            "qid": qid,
            "asin": first["ASIN"],
            "title": first["title"],
            "question": first["question"],
            "candidates": candidates,
        }


def hetpqa_questions(folder: Path) -> Iterator[Row]:
    """Return the questions of hetPQA's dev part in the same form: answered ones, and those that no candidate answers.

    The set has no titles, and the products of most dev questions are asked about in training too.
    """
    ranking = _by(read(folder / "hetpqa_ranking_dev.jsonl.gz"), "ASIN")
    answered = _by(read(folder / "hetpqa_answers_dev.jsonl.gz"), "question")
    for question, group in answered.items():
        asin = group[0]["ASIN"]
        beside = [row for row in ranking.get(asin, []) if row["question"] == question and row["label"] == "0"]
        yield _het_question(question, asin, [{**row, "label": "2"} for row in group] + beside)
    others = {row["question"] for row in read(folder / "hetpqa_answers_train.jsonl.gz")} | answered.keys()
    for group in _by([row for rows in ranking.values() for row in rows], "qid").values():
        question = group[0]["question"]
        held_out = question not in others and side_of(question) == "dev"
        if held_out and all(row["label"] == "0" for row in group if _describes(row)):
            yield _het_question(question, group[0]["ASIN"], group)


def _describes(row: Source) -> bool:
    return HET_SOURCES.get(row["source"], row["source"]) in DESCRIPTION_SOURCES


def _het_question(question: str, asin: str, group: Sequence[Source]) -> Row:
    candidates = [
        {
            "text": flatten(row["candidate"]),
            "source": HET_SOURCES.get(row["source"], row["source"]),
            "label": row["label"],
            "answer": row.get("answer", ""),
        }
        for row in group
    ]
    named = {"title": f"Product {asin}", "question": question, "candidates": candidates}
    return {"qid": hashlib.sha256(question.encode()).hexdigest()[:12], "asin": asin, **named}


def labelled(question: str, answer: str) -> tuple[str, str]:
    """Return ("yes"|"no"|"answer", reply): yes or no stand first; ("", reason) for an answer that is left out.

    A closed question that is answered without yes or no ("it has a sun canopy") gets the one that it means,
    where the answer speaks of what was asked.
    """
    text = " ".join(answer.split())
    beginning = _YES_NO.match(text)
    rest = _SAID_BY.sub("", text[beginning.end() :] if beginning else text).strip(" ,;:")
    if _HEDGE.search(rest) or not content_words(rest) - _FILLER:
        return "", "hedged or empty"
    sentence = _sentence(rest)
    if beginning:
        label = "yes" if beginning.group(1).lower().startswith("y") else "no"
        if _OPEN_START.match(question):
            return "", "yes or no to an open question"
        return label, f"{label.capitalize()}. {sentence}"
    if not is_closed(question) or re.search(r"\bor\b", question, re.I):
        return "answer", sentence
    asked = content_words(question) - _FILLER
    shared = asked & content_words(rest)
    doubtful = _NEGATIVE_QUESTION.search(question) or re.search(r"\d|\bonly\b", f"{question} {rest}")
    if doubtful or len(shared) < LEAST_OVERLAP * len(asked):
        return "", "closed question, open answer"
    label = "no" if _NEGATION.search(rest) else "yes"
    return label, f"{label.capitalize()}. {sentence}"


def _answered(row: Source, others: Sequence[Source], counts: Counter[str]) -> Row | None:
    source = "epqa" if "qid" in row else "hetpqa"
    evidence = _pieces(row["candidate"], row["source"])
    label, reply = labelled(row["question"], row["answer"])
    if not label:
        counts[f"{source}: {reply}"] += 1
        return None
    wanted = content_words(f"{reply} {row['question']}")
    gold = max(evidence, key=lambda piece: len(wanted & content_words(piece)), default="")
    plain = re.sub(r"^(?:Yes|No)\. ", "", reply)
    own = content_words(plain) - content_words(row["question"]) - _FILLER
    if len(own & content_words(gold)) < LEAST_OVERLAP * len(own) or not _numbers(plain) <= _numbers(
        gold + row["question"]
    ):
        counts[f"{source}: not carried by its evidence"] += 1
        return None
    pieces = [piece for other in others for piece in _pieces(other["candidate"], other["source"])]
    draw = random.Random(row["question"] + gold)
    beside = [piece for piece in dict.fromkeys(pieces) if piece not in evidence]
    shown = draw.sample(beside, min(MOST_PASSAGES, len(beside)))
    shown.insert(draw.randint(0, len(shown)), gold)
    return _row(row, shown, reply, label, [shown.index(gold) + 1], source)


def _unanswered(row: Source, candidates: Sequence[Source], source: str) -> Row:
    pieces = [piece for other in candidates for piece in _pieces(other["candidate"], other.get("source", "attribute"))]
    return _row(row, list(dict.fromkeys(pieces))[: MOST_PASSAGES + 1], "", "not_stated", [], source)


def _row(row: Source, shown: list[str], answer: str, label: str, cited: list[int], source: str) -> Row:
    return {
        "question": " ".join(row["question"].split()),
        "title": row.get("title", ""),
        "passages": shown,
        "answer": answer,
        "label": label,
        "cited": cited,
        "source": source,
        "group": row.get("ASIN", row.get("qid", "")),
    }


def _pieces(candidate: str, source: str) -> list[str]:
    text = candidate.split(" Question: ")[0] if source.lower() == "cqa" else candidate
    return [passage.text for passage in split(flatten(text))]


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def _part(key: str) -> float:
    """Return a number in [0, 1) for a key, the same on every machine."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64


def _by(rows: Iterable[Source], key: str) -> dict[str, list[Source]]:
    groups: dict[str, list[Source]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return dict(groups)


if __name__ == "__main__":
    main()

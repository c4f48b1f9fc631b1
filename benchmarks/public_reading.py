"""Question rows from the sets that teach to read: entailment, negation, attribute boxes, extraction, and questions
written for this job.

    rows = list(written_rows(folder, "train"))

Rows are as in `public_questions`. Texts of an encyclopedia are long: what is shown is the sentence nearest to the
question with its neighbours. Sets without a wording of the answer (BoolQ, CondaQA, InfoTabS) have "" for it: they
teach judgement alone. Products kept for judgement are in none.
"""

import gzip
import hashlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from assistant.passages import Passage, split
from assistant.shopping.fit import asked_of
from assistant.shopping.needs import read_need
from index.text import content_words

Row = dict[str, Any]
Part = Literal["train", "validation", "kept"]

OWN_QUESTIONS = Path(__file__).parent / "questions" / "written.jsonl"
INVENTED = Path(__file__).parent / "questions" / "invented.jsonl"  # products of our own, with hard clauses
OWN_NEEDS = Path(__file__).parent / "questions" / "needs.jsonl"
MOST_PASSAGES = 60  # of a description
ROWS_SHOWN = 2  # of an attribute box
LONGEST_VALUE = 40  # characters of an offer's value that a closed question names
LEAST_OF_SPAN = 0.4  # of the settling words, for a passage to be one that settles
LEAST_OF_PART = 0.6  # of the words of a need's part, for a piece that the assistant cuts to be that part

_UNTELLING = frozenset({"Manufacturer Stock Number", "Retail UPC"})  # numbers of which no shopper asks
_NAMES = _UNTELLING | {"Product Type", "Part Number", "Model Number", "Manufacturer", "Brand"}
_OPEN = ("what is the {name}?", "{name}?", "what {name} does it have?", "which {name} is it", "tell me the {name}")
_CLOSED = (
    "is the {name} {value}?",
    "{name} {value}?",
    "does it have a {name} of {value}?",
    "is it {value}?",
    "a {name} of {value}, right?",
)


def read(path: Path) -> list[Row]:
    """Read a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def is_for_judgement(uid: str) -> bool:
    """Return whether a product of the mixed catalogue is kept for the final judgement."""
    return _byte(uid, 0) % 4 == 3


def part_of(uid: str) -> Part:
    """Return, by a fixed hash, on which part of our own a product is: an eighth is kept, an eighth validates."""
    parts: dict[int, Part] = {0: "kept", 1: "validation"}
    return parts.get(_byte(uid, 1) % 8, "train")


def written_rows(folder: Path, part: Part) -> Iterator[Row]:
    """Return the questions written about the mixed catalogue's products: the given ones, and those of our own."""
    products = {row["uid"]: row for row in read(folder / "amazon_mixed_9k.trn.json.gz")}
    given = read(folder / "written" / "questions.jsonl.gz")
    own = [json.loads(line) for line in OWN_QUESTIONS.read_text(encoding="utf-8").splitlines()]
    for source, rows in (("written", given), ("own", own)):
        for row in rows:
            if part_of(row["uid"]) == part and not is_for_judgement(row["uid"]):
                made = written_row(row, products[row["uid"]], source)
                if made:
                    yield made


def invented_rows(part: Part) -> Iterator[Row]:
    """Return the questions about invented products, whose texts are ours."""
    for line in INVENTED.read_text(encoding="utf-8").splitlines():
        product = json.loads(line)
        if part_of(product["title"]) == part:
            for row in product["questions"]:
                made = written_row({**row, "uid": product["title"]}, product, "invented")
                if made:
                    yield made


def need_rows(folder: Path, part: Part) -> Iterator[Row]:
    """Return what was judged of products for the needs of our own, a row for each part of a need."""
    products = {row["uid"]: row for row in read(folder / "amazon_mixed_9k.trn.json.gz")}
    for line in OWN_NEEDS.read_text(encoding="utf-8").splitlines():
        need = json.loads(line)
        wordings = _wordings(need)
        for judged in need["judged"]:
            uid = judged["uid"]
            if part_of(uid) == part and not is_for_judgement(uid):
                for row in _need_rows(need, judged, wordings, products[uid]):
                    made = written_row({**row, "uid": uid, "reply": ""}, products[uid], "needs")
                    if made:
                        yield made


def _need_rows(need: Row, judged: Row, wordings: list[list[str]], product: Row) -> Iterator[Row]:
    """Return what was judged of one product: of the thing, which its title tells, and of each condition."""
    title = {"field": "title", "start": 0, "end": len(product["title"])}
    by_condition = judged["by_condition"]
    if judged["fits"] != "no" or "no" not in by_condition:  # else nobody said whether it is the thing
        yield {"question": asked_of(need["thing"]), "label": "no" if judged["fits"] == "no" else "yes", **title}
    for worded, label, span in zip(wordings, by_condition, judged["spans"], strict=True):
        place = dict(zip(("field", "start", "end"), span, strict=True)) if span else {}
        for wording in worded:
            yield {"question": asked_of(wording), "label": label, **place}


def _wordings(need: Row) -> list[list[str]]:
    """Return, for each condition of a need, the shopper's words, plain ones, and the piece that the assistant cuts."""
    pieces = read_need(need["need"]).conditions
    found = []
    for part, plain in zip(need["parts"], need["conditions"], strict=True):
        words = content_words(part)
        cut = [piece for piece in pieces if words and len(words & content_words(piece)) >= LEAST_OF_PART * len(words)]
        found.append(list(dict.fromkeys([part, plain, *cut[:1]])))
    return found


def written_row(row: Row, product: Row, source: str) -> Row | None:
    """Return a written question with all passages of its product, the title first; None where its span is nowhere."""
    passages = split(product["content"])[:MOST_PASSAGES]
    field, start, end = _span(row, product)
    cited = [1] if field == "title" else [place + 2 for place in _holding(passages, start, end)] if field else []
    if (row["label"] != "not_stated") != bool(cited):
        return None
    texts = [product["title"], *(passage.text for passage in passages)]
    made = _row(row["question"], product["title"], texts, row["reply"], row["label"], cited, source, row["uid"])
    return {**made, "span": product[field][start:end] if field else ""}


def _span(row: Row, product: Row) -> tuple[str, int, int]:
    """Return where the words stand that settle a question: field, start and end; "" for none."""
    if row["label"] == "not_stated":
        return "", 0, 0
    if "field" in row:  # our own questions hold no text of a product
        return row["field"], row["start"], row["end"]
    for field in ("content", "title"):
        start = product[field].find(row["span"])
        if start >= 0:
            return field, start, start + len(row["span"])
    return "", 0, 0


def boolq_rows(folder: Path) -> Iterator[Row]:
    """Return BoolQ's yes/no questions with the sentences nearest to them."""
    for row in _public(folder, "boolq"):
        text = row["passages"][0].split(" -- ", 1)[-1]
        yield _judged(row, row["question"].rstrip("?") + "?", [_near(row["question"], text)])


def condaqa_rows(folder: Path) -> Iterator[Row]:
    """Return CondaQA's questions about negations."""
    for row in _public(folder, "condaqa"):
        if row["label"] != "answer":
            yield _judged(row, row["question"], [_near(row["question"], row["passages"][0])])


def infotabs_rows(folder: Path) -> Iterator[Row]:
    """Return InfoTabS' statements, as they stand, with the rows of the box that are nearest to them."""
    for row in _public(folder, "infotabs_statements"):
        best = sorted(range(len(row["passages"])), key=lambda place: -_shared(row["question"], row["passages"][place]))
        yield _judged(row, row["question"], [". ".join(row["passages"][place] for place in sorted(best[:ROWS_SHOWN]))])


def extractive_rows(folder: Path, name: str) -> Iterator[Row]:
    """Return questions whose answer is a stretch of a paragraph (SQuAD 2, SubjQA), the paragraph cut as a content."""
    for row in _public(folder, name):
        text = row["passages"][0]
        passages = split(text)[:MOST_PASSAGES]
        cited: list[int] = []
        if row["label"] == "answer":
            start = text.find(row["answer"])
            cited = [place + 1 for place in _holding(passages, start, start + len(row["answer"]))] if start >= 0 else []
            if not cited:
                continue
        texts = [passage.text for passage in passages]
        yield _row(row["question"], "", texts, "", row["label"], cited, name, f"{name} {row['title']}")


def offer_rows(folder: Path, seed: int) -> Iterator[Row]:
    """Return questions about the attributes of real offers: open, and closed ones by its value and by another's."""
    draw = random.Random(seed)
    rows = _public(folder, "wdc_pave_attributes")
    values: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["label"] == "answer":
            values[row["question"]][str(row["answer"])] += 1
    for row in rows:
        yield from _offer_rows(row, list(values[row["question"]]), draw)


def _offer_rows(row: Row, values: Sequence[str], draw: random.Random) -> Iterator[Row]:
    attribute, value, group = str(row["question"]), str(row["answer"]), f"offer {row['id']}"
    name = attribute.replace("(s)", "").lower()
    title = str(row["title"])
    texts = [title, *(piece.text for text in row["passages"][1:] for piece in split(text))][:MOST_PASSAGES]
    opened = draw.choice(_OPEN).format(name=name)
    if row["label"] == "not_stated":
        if attribute not in _UNTELLING:
            yield _row(opened, title, texts, "", "not_stated", [], "offers", group)
        return
    cited = [place for place, text in enumerate(texts, 1) if value.casefold() in text.casefold()]
    if not cited:
        return
    yield _row(opened, title, texts, "", "answer", cited, "offers", group)
    others = [
        other
        for other in values
        if other.casefold() not in " ".join(texts).casefold() and value.casefold() not in other.casefold()
    ]
    if attribute in _NAMES or len(value) > LONGEST_VALUE or not others:
        return
    closed = draw.choice(_CLOSED)
    yield _row(closed.format(name=name, value=value), title, texts, "", "yes", cited, "offers", group)
    yield _row(closed.format(name=name, value=draw.choice(others)), title, texts, "", "no", cited, "offers", group)


def _judged(row: Row, question: str, passages: list[str]) -> Row:
    """Return a row of a closed set; its one passage settles it or does not."""
    cited = [] if row["label"] == "not_stated" else [1]
    source = str(row["set"])
    return _row(question, "", passages, "", str(row["label"]), cited, source, f"{source} {row['id']}")


def _row(
    question: str, title: str, passages: list[str], answer: str, label: str, cited: list[int], source: str, group: str
) -> Row:
    return {
        "question": " ".join(question.split()),
        "title": title,
        "passages": [" ".join(text.split()) for text in passages],
        "answer": answer,
        "label": label,
        "cited": cited,
        "source": source,
        "group": group,
    }


def _public(folder: Path, name: str) -> list[Row]:
    return read(folder / "public_qa" / f"{name}.jsonl.gz")


def _holding(passages: Sequence[Passage], start: int, end: int) -> list[int]:
    """Return the places of the passages that hold much of a stretch; of the one that holds most, if none does."""
    held = [max(0, min(end, passage.end) - max(start, passage.start)) for passage in passages]
    most = max(held, default=0)
    return [place for place, length in enumerate(held) if length and length >= min(most, LEAST_OF_SPAN * (end - start))]


def _near(question: str, text: str) -> str:
    """Return the sentence that shares most words with a question, and those beside it."""
    sentences = [passage.text for passage in split(text)]
    if not sentences:
        return text
    shared = [_shared(question, sentence) for sentence in sentences]
    best = shared.index(max(shared))
    return " ".join(sentences[max(0, best - 1) : best + 2])


def _shared(question: str, text: str) -> int:
    return len(content_words(question) & content_words(text))


def _byte(uid: str, place: int) -> int:
    return hashlib.sha256(uid.encode()).digest()[place]

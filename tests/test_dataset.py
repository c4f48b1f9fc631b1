"""Training examples: right by construction, the sides apart, the same for the same seed."""

import hashlib
import json
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.grounding.citations import check
from assistant.passages import Passage
from assistant.prompt import PromptFormat, answer_prompt, describe_prompt
from assistant.question import read_question
from finetune.data.answers import as_sentence, realise
from finetune.data.dataset import Questions, Report, build_counted
from finetune.data.example import NOT_STATED, Example, Mix, prompt_of
from finetune.data.facts import Fact, facts_in
from finetune.data.generated_questions import template_attribute
from finetune.data.phrasing import Template, is_held_out, mistyped, short_title, templates, typed, worded
from finetune.data.product_pool import PassageSelector
from finetune.data.question_files import laid_out, read_rows, shown_of
from finetune.data.question_forms import ValuePool, question_forms
from finetune.data.unanswerable import CONFUSED, NAMED, is_silent
from index.catalogue.store import Catalogue
from index.errors import UserError
from index.text import content_words

pytestmark = pytest.mark.slow

MIX = Mix(examples=200, portuguese=0.3)
FEW = Mix(examples=24, portuguese=0.3)
SHARED = Path(__file__).parents[2] / "shared" / "data"
CITED = re.compile(r" \[(\d)\]$")
QUESTIONS: list[dict[str, object]] = [
    {
        "question": "does it recline?",
        "title": "Camp Chair",
        "passages": ["6 seat heights, 5 reclining positions.", "Weighs 9 pounds.", "Color: black."],
        "answer": "Yes. The item has 5 reclining positions.",
        "label": "yes",
        "cited": [1],
    },
    {
        "question": "have in blue?",
        "title": "Camp Chair",
        "passages": ["Color: black."],
        "answer": "No. The color is black.",
        "label": "no",
        "cited": [1],
    },
    {
        "question": "is there a warranty?",
        "title": "Camp Chair",
        "passages": ["Weighs 9 pounds."],
        "answer": "",
        "label": "not_stated",
        "cited": [],
    },
]


@pytest.fixture(scope="module")
def sample(sample_home: Path) -> Catalogue:
    return Catalogue.load(sample_home / "catalogue")


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("questions") / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def built(sample: Catalogue, questions: Path) -> tuple[list[Example], Report]:
    return build_counted(sample, MIX, seed=1, questions=Questions([questions]), side="train")


@pytest.fixture(scope="module")
def train(built: tuple[list[Example], Report]) -> list[Example]:
    return built[0]


@pytest.fixture(scope="module")
def validation(sample: Catalogue) -> list[Example]:
    fewer = replace(MIX, examples=100)
    return build_counted(sample, fewer, seed=1, questions=Questions(), side="validation")[0]


def one_fact(content: str, attribute: str) -> Fact:
    return next(fact for fact in facts_in(content) if fact.attribute == attribute)


def asked(content: str, attribute: str, seed: int = 0) -> list[tuple[str, str, dict[str, str]]]:
    values = ValuePool({"included": ["garden hose"], "compatibility": ["Epson XP-300"], "author": ["Ursula Vey"]})
    fact = one_fact(content, attribute)
    return [(each.form, each.label, each.values) for each in question_forms(fact, content, values, random.Random(seed))]


def test_the_same_seed_gives_the_same_examples_and_another_seed_others(sample: Catalogue, questions: Path) -> None:
    once, again, other = (
        build_counted(sample, FEW, seed=seed, questions=Questions([questions]), side="train") for seed in (1, 1, 2)
    )
    assert once == again
    assert once[0] != other[0]


def test_no_product_of_a_validation_cluster_is_in_training_nor_the_other_way_round(
    sample: Catalogue, train: list[Example], validation: list[Example]
) -> None:
    clusters = sample.column("cluster")
    of = [
        {int(clusters[sample.row_of(each.uid)]) for each in side if each.source in ("facts", "describe")}
        for side in (train, validation)
    ]
    assert of[0]
    assert of[1]
    assert not of[0] & of[1]
    assert all(sample.column("train")[sample.row_of(each.uid)] for each in train if each.source == "facts")


def test_no_passage_of_the_other_side_is_shown(sample: Catalogue, train: list[Example]) -> None:
    own = "\n".join(
        product.content
        for row, product in enumerate(map(sample.product, range(len(sample))))
        if sample.column("train")[row]
    )
    assert all(passage in own for each in train if each.source == "facts" for passage in each.passages)


def test_held_out_templates_are_asked_in_validation_only(train: list[Example], validation: list[Example]) -> None:
    trained = {each.template for each in train if each.template}
    tested = {each.template for each in validation if each.template}
    assert len(trained) > 50
    assert len(tested) > 10
    assert not trained & tested


def test_a_seventh_of_the_templates_is_held_out_and_stays_the_same() -> None:
    every = [Template(*key, text) for key, texts in templates().items() for text in texts]
    held = [template for template in every if is_held_out(template)]
    assert 0.1 < len(held) / len(every) < 0.2
    texts = ("how old should one be?", "what is the age?", "ages?", "from which age?", "what age is it for?", "age?")
    drawn = [is_held_out(Template("age", "open", "en", text)) for text in texts]
    assert drawn == [False, False, False, False, False, False]


def test_every_template_fills_with_the_values_it_may_get() -> None:
    values = {"v": "2 pounds", "thing": "handle", "unit": "pounds"}
    for (attribute, form, language), texts in templates().items():
        for text in texts:
            made = worded(Template(attribute, form, language, text), values, "Oak Stool", random.Random(0))
            assert "{" not in made


def test_a_reply_cites_the_passage_that_its_words_stand_in(train: list[Example]) -> None:
    answered = [each for each in train if each.kind in ("answer", "yes", "no")]
    for each in answered:
        found = CITED.search(each.reply)
        assert found, each.reply
        gold = each.passages[int(found.group(1)) - 1]
        passages = [Passage(number, text, 0, len(text)) for number, text in enumerate(each.passages, 1)]
        sentence = re.sub(r"^(?:Yes|No|Sim|Não)\. ", "", each.reply)
        assert set(re.findall(r"\d+", CITED.sub("", sentence))) <= set(re.findall(r"\d+", gold)), (each.reply, gold)
        shared = content_words(sentence) & content_words(passages[int(found.group(1)) - 1].text)
        assert shared or "atter" in each.reply or "ssembl" in each.reply, (each.reply, gold)


def test_replies_begin_as_their_kind_says(train: list[Example]) -> None:
    starts = {"yes": ("Yes. ", "Sim. "), "no": ("No. ", "Não. ")}
    for each in train:
        if each.kind in starts:
            assert each.reply.startswith(starts[each.kind][each.language == "pt"]), each
        elif each.kind == "not_stated":
            assert each.reply == NOT_STATED
        elif each.kind == "answer":
            assert not each.reply.startswith(("Yes.", "No.", "Sim.", "Não."))


def test_the_assistant_takes_not_stated_for_a_refusal() -> None:
    passages = [Passage(1, "A wooden stool.", 0, 15)]
    assert check(NOT_STATED, passages, read_question("how heavy?", "Stool")).refuses


def test_half_of_the_examples_say_yes_or_no_and_as_many_the_one_as_the_other(train: list[Example]) -> None:
    kinds = Counter(each.kind for each in train)
    assert kinds["yes"] + kinds["no"] >= 0.5 * sum(kinds.values())
    assert abs(kinds["yes"] - kinds["no"]) <= 0.1 * kinds["yes"]
    assert kinds["not_stated"] >= 0.15 * sum(kinds.values())


def test_yes_and_no_come_from_the_same_template_and_passage(train: list[Example]) -> None:
    denied = {(each.uid, each.template): each for each in train if each.kind == "no" and each.template}
    pairs = [
        (each, denied[each.uid, each.template])
        for each in train
        if each.kind == "yes" and each.template and (each.uid, each.template) in denied
    ]
    assert len(pairs) > 20
    assert all(one.question.casefold() != other.question.casefold() for one, other in pairs)


def test_portuguese_questions_get_portuguese_replies(train: list[Example]) -> None:
    portuguese = [each for each in train if each.language == "pt" and each.kind in ("yes", "no")]
    assert portuguese
    assert all(each.reply.startswith(("Sim. ", "Não. ")) for each in portuguese)


def test_what_is_not_stated_stands_in_no_passage_shown(train: list[Example]) -> None:
    silent = [each for each in train if each.kind == "not_stated" and each.source == "facts"]
    assert len(silent) > 20
    for each in silent:
        attribute = each.template.split("/")[1]
        if attribute not in NAMED | {asked for asked, _ in CONFUSED.values()}:
            assert is_silent(attribute, "", " ".join(each.passages)), each


def test_a_follow_up_comes_after_a_question_and_its_reply(train: list[Example]) -> None:
    following = [each for each in train if each.earlier]
    assert following
    for each in following:
        assert [message.role for message in each.earlier] == ["user", "assistant"]
        assert each.template.split("/")[2] == "follow"


def test_prompts_are_the_assistants_own(train: list[Example]) -> None:
    plain = PromptFormat(answer="plain", describe="inst")
    each = next(each for each in train if each.kind == "yes" and len(each.passages) > 1)
    passages = [Passage(number, text, 0, len(text)) for number, text in enumerate(each.passages, 1)]
    assert prompt_of(each, plain) == answer_prompt(each.title, passages, each.question, plain, each.earlier)
    described = next(each for each in train if each.kind == "describe")
    assert prompt_of(described, plain) == describe_prompt(described.title, described.language, plain)
    assert isinstance(prompt_of(described, plain), str)


def test_descriptions_end_with_a_whole_sentence_of_the_product(sample: Catalogue, train: list[Example]) -> None:
    described = [each for each in train if each.kind == "describe"]
    assert described
    for each in described:
        content = sample.find(each.uid).content
        assert each.reply.endswith((".", "!", "?"))
        assert content.replace(" ", "").startswith(each.reply.replace(" ", "")[:40])


def test_the_report_counts_what_was_made(built: tuple[list[Example], Report]) -> None:
    examples, report = built
    assert sum(report.made.values()) == len(examples)
    assert f"{len(examples):,} examples" in str(report)


def test_an_age_is_denied_only_outside_the_range() -> None:
    for seed in range(30):
        for form, label, values in asked("For ages 3-8.", "age", seed):
            if form == "is":
                years = int(values["v"].split()[0]) / (12 if "month" in values["v"] else 1)
                assert (label == "yes") == (3 <= years <= 8.99), values
                assert not (label == "no" and 8 < years < 10), "nine is too near to eight to be denied"


def test_a_limit_is_affirmed_below_and_denied_above() -> None:
    for seed in range(20):
        for form, label, values in asked("It holds up to 40 sheets.", "capacity", seed):
            if form == "upto":
                assert (label == "yes") == (float(values["v"].split()[0]) <= 40)


def test_comparisons_are_true_of_the_number() -> None:
    for seed in range(20):
        for form, label, values in asked("It weighs 12 pounds.", "weight", seed):
            if form in ("more", "less"):
                bound = float(values["v"].split()[0])
                assert (label == "yes") == ((bound < 12) if form == "more" else (bound > 12))


@pytest.mark.parametrize("seed", range(10))
def test_a_material_is_denied_only_where_its_whole_family_is_absent(seed: int) -> None:
    content = "Made of stainless steel with a plastic lid and glass window."
    denied = [values["v"] for _, label, values in asked(content, "material", seed) if label == "no"]
    assert denied
    assert not {"metal", "steel", "plastic", "glass", "aluminum"} & set(denied)


def test_what_a_list_leaves_out_is_denied_only_if_the_list_is_whole() -> None:
    assert ("has", "no", {"thing": "garden hose"}) in asked("Box Contains: a brush, a comb and a helmet", "included")
    assert not [label for _, label, _ in asked("It includes a brush and a comb.", "included") if label == "no"]


def test_free_of_something_is_yes_and_containing_it_no() -> None:
    labels = {form: label for form, label, _ in asked("All parts are BPA-free.", "free")}
    assert labels == {"has": "yes", "contains": "no"}


@pytest.mark.parametrize(
    ("phrase", "sentence"),
    [
        ("Measures 5 x 3 inches", r"(?:It|The item|This|This product|The product) measures 5 x 3 inches\."),
        ("Made of pine.", r"(?:It|The item|This|This product|The product) is made of pine\."),
        ("Color: Black", r"The color is Black\."),
        ("Ages 3 and up", r"(?:It|The item|This|This product|The product) is for ages 3 and up\."),
        ("The lamp is white.", r"The lamp is white\."),
    ],
)
def test_catalogue_phrases_become_sentences(phrase: str, sentence: str) -> None:
    assert all(re.fullmatch(sentence, as_sentence(phrase, random.Random(seed))) for seed in range(20))


def test_a_long_passage_is_said_by_the_clause_or_plainly() -> None:
    content = "We have been making chairs by hand in a small town for longer than anybody here remembers now, " * 2
    fact = one_fact(content + "and this one weighs 9 pounds.", "weight")
    assert re.search(r"weighs 9 pounds\.$", realise(fact, random.Random(0)))
    assert len(realise(fact, random.Random(0)).split()) < 12


def test_typing_never_changes_a_number() -> None:
    for seed in range(200):
        made = typed("is it more than 1250 inches, or the XR-20 model?", "en", random.Random(seed))
        assert re.findall(r"\d+", made) == ["1250", "20"]
        assert re.findall(r"\d+", mistyped("about 336 pages exactly", random.Random(seed))) == ["336"]


def test_a_short_title_is_how_one_names_a_product() -> None:
    assert short_title("Harrow & Finch KX-220R Electric Kettle, Red") == "Harrow & Finch KX-220R"
    assert short_title("Mug") == "Mug"


def test_a_silent_text_tells_nothing_and_a_near_one_is_not_silent() -> None:
    assert is_silent("weight", "", "A wooden stool.")
    assert not is_silent("weight", "", "Lightweight wooden stool.")
    assert is_silent("feature", "carrying handle", "A wooden stool.")
    assert not is_silent("feature", "carrying handle", "A stool with a handle.")


@pytest.mark.parametrize("attribute", sorted({attribute for attribute, _, _ in templates()}))
def test_for_each_attribute_it_can_be_told_whether_a_text_is_silent(attribute: str) -> None:
    assert is_silent(attribute, "zebra", "Xyzzy.")


def test_each_fact_of_the_catalogue_has_templates(sample: Catalogue) -> None:
    known = {attribute for attribute, _, _ in templates()}
    facts = [fact for row in range(len(sample)) for fact in facts_in(sample.product(row).content)]
    assert {template_attribute(fact) for fact in facts} <= known


def test_real_questions_show_what_answers_and_cite_it(train: list[Example]) -> None:
    real = {each.kind: each for each in train if each.source == "train"}
    assert set(real) == {"yes", "no", "not_stated"}
    number = int(CITED.search(real["yes"].reply).group(1))  # type: ignore[union-attr]
    assert real["yes"].passages[number - 1] == "6 seat heights, 5 reclining positions."
    assert "Color: black." in real["no"].passages


def test_a_row_of_question_passages_answer_and_label_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    bare = {"question": "is it red?", "passages": ["Made of oak.", "The seat is red."], "label": "yes"}
    answers = ("Yes, the seat is red.", "yes - the seat is red.", "the seat is red.", "Yes. The seat is red.")
    path.write_text("".join(json.dumps({**bare, "answer": text}) + "\n" for text in answers), encoding="utf-8")
    rows = read_rows(path)
    assert {row.answer for row in rows} == {"Yes. The seat is red."}
    assert {(row.title, row.cited, row.source) for row in rows} == {("", (2,), "mine")}


def test_products_that_the_other_side_asks_about_are_left_out(sample: Catalogue, tmp_path: Path) -> None:
    rows = [
        {**QUESTIONS[0], "title": sample.product(int(row)).title, "group": ""}
        for row in np.flatnonzero(sample.column("train"))[:3]
    ]
    mine, others = tmp_path / "mine.jsonl", tmp_path / "others.jsonl"
    mine.write_text("".join(json.dumps(row) + "\n" for row in rows[:2]), encoding="utf-8")
    others.write_text("".join(json.dumps(row) + "\n" for row in rows[1:]), encoding="utf-8")
    made, report = build_counted(sample, Mix(examples=60), seed=1, questions=Questions([mine], [others]), side="train")
    assert [each.title for each in made if each.source == rows[0].get("source", "mine")] == [rows[0]["title"]]
    assert report.dropped["real question about a product of the other side"] == 1
    assert not {each.title for each in made} & {row["title"] for row in rows[1:]}


def test_what_settles_a_question_is_shown_beside_what_the_assistant_would_show() -> None:
    texts = ["Made of oak.", "It weighs 3 kg.", "The box weighs 5 kg.", "Oiled by hand."]
    draw, best, whole = random.Random(1), PassageSelector(), PassageSelector(shows="whole")

    def shown(question: str, settling: list[str], select: PassageSelector) -> list[str]:
        return shown_of(question, "Oak Stool", texts, settling, select, draw)

    chosen = best("how much does it weigh?", "Oak Stool", laid_out(texts))
    assert shown("how much does it weigh?", texts[1:2], best) == [passage.text for passage in chosen.passages]
    assert texts[1] in shown("how much does it weigh?", texts[1:2], best)
    surprising = shown("how much does it weigh?", texts[3:], best)  # what the judge would not choose, all the same
    assert texts[3] in surprising
    assert surprising == [text for text in texts if text in surprising]
    assert texts[2] in shown("what does the box weigh?", [], best)
    assert shown("how much does it weigh?", texts[1:2], whole) == texts


def test_what_no_passage_settles_is_shown_what_the_judge_takes_for_settling() -> None:
    texts = ["Sizes differ from the size of the box.", "Machine wash cold, dry at low heat.", "Sewn in Porto."]
    taken_for_settling = {"what is the size of the sleeve?": texts[0], "can it go in the dryer on high?": texts[1]}
    for question, text in taken_for_settling.items():
        assert text in shown_of(question, "Shirt", texts, [], PassageSelector(), random.Random(1))


def test_a_row_that_brings_only_what_answers_gets_passages_of_its_title_beside(questions: Path) -> None:
    assert [row.label for row in read_rows(questions)] == ["yes", "no", "not_stated"]
    assert [row.cited for row in read_rows(questions)] == [(1,), (1,), ()]


@pytest.mark.parametrize(
    "change",
    [
        {"label": "maybe"},
        {"cited": [9]},
        {"cited": []},
        {"passages": "one text"},
        {"answer": "No, it has four."},
    ],
)
def test_a_row_that_is_no_question_row_is_named_by_its_line(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(QUESTIONS[0]) + "\n" + json.dumps({**QUESTIONS[0], **change}) + "\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 2 of"):
        read_rows(path)


@pytest.mark.parametrize("shares", [{"yes": 0.9}, {"real": 1.5}, {"examples": 0}])
def test_a_mix_whose_shares_make_no_whole_is_refused(shares: dict[str, float]) -> None:
    with pytest.raises(UserError, match="is no mix"):
        Mix(**shares)  # type: ignore[arg-type]


def test_public_sets_become_question_files_whose_held_out_products_are_not_trained_on(tmp_path: Path) -> None:
    if not (SHARED / "epqa_half.jsonl.gz").exists():
        pytest.skip(f"the public question sets are not in {SHARED}")
    script = Path(__file__).parents[1] / "benchmarks" / "public_questions.py"
    subprocess.run([sys.executable, script, "--data", SHARED, "--out", tmp_path], check=True, capture_output=True)
    train, validation, held_out = (read_rows(tmp_path / f"{name}.jsonl") for name in ("train", "validation", "heldout"))
    assert validation
    assert ({row.group for row in validation} - {""}).isdisjoint(row.group for row in train)
    measured = [
        json.loads(line)
        for name in ("epqa_heldout", "hetpqa_dev")
        for line in (tmp_path / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    asked_het = {row["question"] for row in measured if row["title"].startswith("Product ")}
    assert {row.question for row in [*train, *validation] if row.source == "hetpqa"}.isdisjoint(asked_het)
    asins = [{row.group for row in rows if row.source == "epqa"} for rows in (train, held_out)]
    kept = [json.loads(line) for line in (tmp_path / "epqa_heldout.jsonl").read_text(encoding="utf-8").splitlines()]
    assert asins[0]
    assert asins[1]
    assert not asins[0] & ({row["asin"] for row in kept} | asins[1])
    assert {row.question for row in train if row.source == "hetpqa"}.isdisjoint(
        row.question for row in held_out if row.source == "hetpqa"
    )
    for row in train:
        if row.source in ("epqa", "hetpqa", "semipqa"):
            assert row.label not in ("yes", "no") or row.answer.startswith(f"{row.label.capitalize()}. ")
            assert "not sure" not in row.answer.lower()
    parts = {
        name: {row.group for row in rows if row.source in ("written", "own")}
        for name, rows in (
            ("train", train),
            ("validation", validation),
            ("kept", read_rows(tmp_path / "written_kept.jsonl")),
        )
    }
    assert all(parts.values())
    assert (
        not parts["train"] & parts["validation"] | parts["train"] & parts["kept"] | parts["validation"] & parts["kept"]
    )
    for uid in set().union(*parts.values()):  # products kept for the final judgement are in none
        assert hashlib.sha256(uid.encode()).digest()[0] % 4 != 3

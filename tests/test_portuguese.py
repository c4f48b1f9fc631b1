"""Portuguese questions: read in English as far as their words are known, and over English descriptions."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import small_shop
from known_questions import TAUGHT

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from assistant.grounding import portuguese
from assistant.grounding.answerability import Assessment
from assistant.grounding.compose import compose_reply
from assistant.grounding.evidence import Budget, Evidence, choose
from assistant.grounding.judge import Entailment, open_judge
from assistant.grounding.portuguese import in_english
from assistant.messages import Prompt
from assistant.passages import Passage
from assistant.question import is_closed, read_question
from finetune.data.question_files import laid_out


@pytest.mark.parametrize(
    ("asked", "english"),
    [
        ("dá pra lavar na máquina?", "can i wash in the washing machine?"),
        ("é fio rígido?", "is it cable rigid?"),
        ("o suporte é de madeira?", "the holder is of wood?"),
        ("Só tem preto?", "only has black?"),
        ("quantas páginas?", "how many pages?"),
        ("qual o diâmetro das rodinhas?", "what is the diameter of wheels?"),
        ("quanto pesa?", "how much does it weigh?"),
        ("vem com pilhas?", "does it come with batteries?"),
        ("funciona com o Xylo 5500?", "work with the xylo 5500?"),
        ("do que é feito?", "what is it made of?"),
        ("qual é a idade?", "what is the age?"),
        ("é à prova d’água?", "is it waterproof?"),
        ("está incluso?", "is included?"),
        ("a máquina faz café?", "the machine does coffee?"),
        ("desliga sozinho?", "turns off by itself?"),
        ("não solta tinta?", "not sheds ink?"),
        ("quanto peso aguenta?", "how much weight can it hold?"),
        ("quebra-cabeça de mil peças", "puzzle of thousand pieces"),
        ("", ""),
        ("kwikset 910", "kwikset 910"),
    ],
)
def test_a_question_is_put_in_english_word_by_word(asked: str, english: str) -> None:
    assert in_english(asked) == english


@pytest.mark.parametrize("table", ["phrases", "accented", "words"])
def test_each_portuguese_word_has_one_line(table: str) -> None:
    lines = tomllib.loads(TABLES.read_text(encoding="utf-8"))[table].strip().splitlines()
    words = [word for line in lines for word in line.partition(": ")[2].split(", " if table == "phrases" else None)]
    assert [word for word, count in Counter(words).items() if count > 1] == []


def test_a_phrase_is_known_with_its_accents_and_without() -> None:
    assert in_english("dá pra pôr na máquina de lavar") == in_english("da pra pôr na maquina de lavar")
    assert in_english("qual é o peso?") == in_english("qual e o peso?") == "how much does it weigh?"


TABLES = Path(portuguese.__file__).with_suffix(".toml")
DESCRIPTION = (
    "Wandle Cotton Cushion, Blue",
    "Machine washable at 30 degrees.",
    "The cover is 45 cm wide and has a hidden zipper.",
    "Made in Portugal of organic cotton.",
    "Filling is sold separately.",
    "Do not iron the print.",
)


@pytest.mark.parametrize(
    ("question", "settling", "verdict"),
    [
        ("posso lavar na máquina?", 1, "yes"),
        ("dá pra lavar na máquina?", 1, "yes"),
        ("qual a largura da capa?", 2, "answer"),
        ("onde é feita?", 3, "answer"),
        ("vem com enchimento?", 4, "no"),
        ("dá para passar a ferro a estampa?", 5, "no"),
        ("tem zíper?", 2, "yes"),
    ],
)
def test_a_portuguese_question_is_settled_by_an_english_text(question: str, settling: int, verdict: str) -> None:
    read = read_question(question, DESCRIPTION[0])
    evidence = choose(read, laid_out(DESCRIPTION), open_judge().read, Budget(len, max_passages=1))
    assert evidence.best_passage.text == DESCRIPTION[settling]
    if verdict != "answer":
        assert (evidence.entailment.yes_logit > 0) == (verdict == "yes")


def test_what_the_judge_reads_once_more_is_the_question_itself() -> None:
    named = read_question("a chaleira Harrow Kettle Red pesa quanto?", "Harrow Kettle, Red")
    assert "harrow" not in f"{named.judged} {named.judged_again}".casefold()
    assert read_question("quanto pesa?").judged_again == "quanto pesa?"
    assert (read_question("is it loud?").judged, read_question("is it loud?").judged_again) == ("is it loud?", "")


def test_a_portuguese_wording_has_to_stand_in_english_too() -> None:
    read_so = []

    def read(question: str, texts: Sequence[str]) -> list[Entailment]:
        read_so.append(question)
        stands = Entailment(0.0, 0.9, 0.05, 0.05) if question == "tem tampa?" else Entailment(1.0, 0.0, 0.0, 0.0)
        return [stands] * len(texts)

    evidence = Evidence((Passage(1, "It has a lid.", 0, 13),), best=1)
    reply = compose_reply(
        "Sim. Tem tampa. [1]", read_question("tem tampa?"), evidence, Assessment(0.9, 0.9, closed=True), read
    )
    assert "A descrição diz" in reply.text
    assert set(read_so) <= {"tem tampa?", "has lid?"}


def test_what_is_decided_is_heard_in_english_and_worded_in_portuguese(tmp_path: Path) -> None:
    assert read_question("tem tampa?", "Harrow Kettle").heard == "has lid?"
    asked: list[str] = []

    class Taught(Scripted):
        def first_token_logprobs(self, prompt: Prompt, **_: Any) -> dict[str, float]:
            asked.append(str(prompt))
            return {"Yes": -0.1, "No": -3.0, "Not": -4.0}

    catalogue, index = small_shop.build(tmp_path, {"K1": ("Harrow Kettle, Red", "It has a glass lid.")})
    backend = Taught(lambda _: "Sim. Tem tampa de vidro. [1]", adapters=[TAUGHT])
    assert assistant_of(catalogue, index, backend).ask("a chaleira Harrow Kettle tem tampa?").reply
    assert asked
    assert all("lid?" in each and "tampa?" not in each for each in asked)


@pytest.mark.parametrize(
    "question",
    [
        "é pra que idade?",
        "serve pra que idade?",
        "tem quantas peças?",
        "vem em que tamanho?",
        "a moldura é de quê?",
        "ele funciona com que pilha?",
        "a partir de que idade?",
        "it is made of what?",
        "is it for what age",
    ],
)
def test_a_question_that_asks_for_more_than_yes_or_no_at_its_end_is_open(question: str) -> None:
    assert not is_closed(question)


@pytest.mark.parametrize(
    "question",
    [
        "é tão grande quanto o outro?",
        "tem algo que dobra?",
        "vem com o que precisa pra montar?",
        "é bom para quem viaja?",
        "dá pra ver quanto falta?",
        "tem garantia de que não vaza?",
        "serve como presente?",
        "can you see what is inside",
    ],
)
def test_a_question_word_within_a_closed_question_leaves_it_closed(question: str) -> None:
    assert is_closed(question)

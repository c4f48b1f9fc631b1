"""Portuguese questions: read in English as far as their words are known, and over English descriptions."""

import pytest

from assistant.grounding.evidence import Budget, choose
from assistant.grounding.judge import open_judge
from assistant.grounding.portuguese import in_english
from assistant.question import read_question
from finetune.data.question_files import laid_out


@pytest.mark.parametrize(
    ("portuguese", "english"),
    [
        ("dá pra lavar na máquina?", "can i wash in the washing machine?"),
        ("é fio rígido?", "is it cable rigid?"),
        ("o suporte é de madeira?", "the holder is of wood?"),
        ("Só tem preto?", "only has black?"),
        ("quantas páginas?", "how many pages?"),
        ("qual o diâmetro das rodinhas?", "what is the diameter of wheels?"),
        ("quanto pesa?", "how much does it weigh?"),
        ("vem com pilhas?", "does it come with batteries?"),
        ("funciona com o Xylo 5500?", "work with the Xylo 5500?"),
        ("", ""),
        ("kwikset 910", "kwikset 910"),
    ],
)
def test_a_question_is_put_in_english_word_by_word(portuguese: str, english: str) -> None:
    assert in_english(portuguese).casefold() == english.casefold()


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

"""`titlewise resolve`: which product a question means."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, UsageError, switch
from ui.commands.options import Json, QuestionOptions
from ui.commands.terminal import explanation_lines, print_json, resolution_lines


@dataclass(frozen=True)
class Options:
    home: Path
    input: QuestionOptions
    json: Json
    explain: Annotated[bool, switch("say what spoke for the best hit")]

    def __post_init__(self) -> None:
        if self.explain and self.input.batch:
            raise UsageError("--explain goes with a QUESTION")


def run(options: Options) -> None:
    from assistant.open import open_catalogue
    from ui.commands.batch import Row, answer_batch, question_of

    _, index = open_catalogue(options.home)

    def row_of(question: str) -> Row:
        row = asdict(index.resolve(question))
        return {"decision": row["decision"], "probability": row["probability"], "hits": list(row["hits"])}

    if files := options.input.files:
        answer_batch(*files, lambda row: row_of(question_of(row)))
        return
    question = options.input.question or ""
    if options.json:
        explained = {"explanation": asdict(index.explain(question))} if options.explain else {}
        print_json(row_of(question) | explained)
    else:
        print(resolution_lines(index.resolve(question)))
        if options.explain:
            print(explanation_lines(index.explain(question)))


COMMAND = Command("resolve", "say which product a question means", Options, run)

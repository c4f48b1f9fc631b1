"""`titlewise ask`: a question, or a batch of them, answered from descriptions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, option
from ui.commands.options import EngineOptions, Json, QuestionOptions
from ui.commands.terminal import print_json, reply_lines


@dataclass(frozen=True)
class Options:
    home: Path
    input: QuestionOptions
    product: Annotated[str, option("ask about this product", default="", metavar="UID")]
    json: Json
    engine: EngineOptions


def run(options: Options) -> None:
    from assistant.conversation import State
    from assistant.open import open_assistant
    from ui.commands.batch import Row, answer_batch, history_of, question_of, uid_of

    with open_assistant(options.home, options.engine.engine()) as assistant:

        def row_of(row: Row) -> Row:
            uid = uid_of(row)
            history = history_of(row)
            state = State() if uid else assistant.retriever.recall(history)
            return assistant.ask(question_of(row), uid=uid, state=state).reply.to_row()

        if files := options.input.files:
            answer_batch(*files, row_of)
            return
        reply = assistant.ask(options.input.question or "", uid=options.product).reply
    if options.json:
        print_json(reply.to_row())
    else:
        print(reply_lines(reply))


COMMAND = Command("ask", "answer a question from a product's description", Options, run)

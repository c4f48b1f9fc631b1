"""Every verb of the command line, in the order in which the help shows them."""

from typing import Any

from ui.commands.answering import ask, chat, demo, describe, find, mcp, serve, ui
from ui.commands.catalogue import index, prepare, pull, push, remove, resolve, show, upsert
from ui.commands.command import Command, Group
from ui.commands.training import evaluate, export, finetune, lengths
from ui.commands.upkeep import completions, doctor, feedback, models

COMMANDS: tuple[Command[Any] | Group, ...] = (
    demo.COMMAND,
    prepare.COMMAND,
    index.COMMAND,
    upsert.COMMAND,
    remove.COMMAND,
    push.COMMAND,
    pull.COMMAND,
    resolve.COMMAND,
    find.COMMAND,
    ask.COMMAND,
    show.COMMAND,
    describe.COMMAND,
    chat.COMMAND,
    ui.COMMAND,
    serve.COMMAND,
    mcp.COMMAND,
    lengths.COMMAND,
    finetune.COMMAND,
    export.COMMAND,
    evaluate.COMMAND,
    feedback.COMMAND,
    models.COMMAND,
    doctor.COMMAND,
    completions.COMMAND,
)

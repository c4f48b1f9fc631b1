"""`titlewise chat`: questions, streamed replies and a few commands, in the terminal."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import UserError
from ui.commands.command import Command
from ui.commands.options import EngineOptions
from ui.commands.terminal import product_lines, quote_lines, visible, wrapped

if TYPE_CHECKING:
    from assistant.answer import Answer
    from assistant.assistant import Assistant
    from assistant.conversation import State
    from assistant.reply import Reply

HELP = """Ask about a product in your own words. Commands:
  /product        show the product that we talk about; /product UID turns to another
  /sources        show the quotes of the last reply
  /new            forget the product
  /quit           leave (Ctrl-D does too); Ctrl-C stops a reply"""


@dataclass(frozen=True)
class Options:
    home: Path
    engine: EngineOptions


def run(options: Options) -> None:
    from assistant.open import open_assistant

    with open_assistant(options.home, options.engine.engine()) as assistant:
        converse(assistant)


def converse(assistant: "Assistant") -> None:
    """Read questions and commands, and answer them, until the shopper leaves."""
    from assistant.conversation import State

    assistant.warm_up()
    print(visible(f"{len(assistant.retriever.catalogue):,} products, {assistant.name}. /help shows the commands."))
    state = State()
    last: Reply | None = None
    while (line := _read()) is not None:
        command, _, rest = line.partition(" ")
        if not line:
            continue
        try:
            if command == "/quit":
                return
            if command == "/help":
                print(HELP)
            elif command == "/new":
                state = State()
            elif command == "/product":
                state = _product(assistant, state, rest.strip())
            elif command == "/sources":
                print("\n".join(quote_lines(last)) if last and last.quotes else "The last reply quotes nothing.")
            elif command.startswith("/"):
                print(visible(f"There is no command {command}. /help shows the commands."))
            else:
                cancel = threading.Event()
                answer = assistant.ask(line, state=state, cancel=cancel)
                last = _print_reply(answer, cancel)
                state = answer.state
        except UserError as error:
            print(visible(str(error)), file=sys.stderr)


def _read() -> str | None:
    """Return the next line, or None at the end of the input."""
    try:
        return input("\n> ").strip()
    except EOFError:
        print()
        return None


def _product(assistant: "Assistant", state: "State", uid: str) -> "State":
    """Show the product of the conversation or another one, and return the state that is about it."""
    from assistant.conversation import State

    uid = uid or state.uid
    if not uid:
        print("We talk about no product yet.")
        return state
    product = assistant.retriever.catalogue.find(uid)
    print(product_lines(product))
    return State(product.uid)


def _print_reply(answer: "Answer", cancel: threading.Event) -> "Reply":
    """Print a reply as it comes; where checking changed it, print what stands instead."""
    streamed = []
    with _interrupt_sets(cancel):
        for piece in answer:
            streamed.append(piece)
            print(visible(piece), end="", flush=True)
    reply = answer.reply
    print()
    if "".join(streamed).strip() != reply.text:
        print(wrapped(reply.text, "= "))
    if reply.uid:
        print(visible(f"  {reply.title} ({reply.uid})"))
    for line in quote_lines(reply):
        print(line)
    return reply


@contextlib.contextmanager
def _interrupt_sets(cancel: threading.Event) -> Iterator[None]:
    """Let Ctrl-C stop the reply under way instead of the program."""
    before = signal.signal(signal.SIGINT, lambda number, frame: cancel.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


COMMAND = Command("chat", "chat in the terminal", Options, run)

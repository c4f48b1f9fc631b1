"""The command line: `titlewise COMMAND …`.

Reads the arguments; `ui.commands.catalogue_commands` does the rest. Exit codes: 0 done, 1 a fault
that a person can mend (one line on standard error), 2 wrong usage.
"""

import argparse
import io
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.artefacts import default_home
from index.errors import UserError
from ui.commands import catalogue_commands as commands
from ui.commands import evaluate as evaluating
from ui.commands import training_commands as training

INTERRUPTED = 130  # what shells give for a program stopped by Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    # What libraries log of their own accord is no part of what a command says.
    logging.getLogger().addHandler(logging.NullHandler())
    # llama.cpp's threads must sleep, not spin, between texts; whichever OpenMP loads first reads this.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    words = sys.argv[1:] if arguments is None else list(arguments)
    chosen = build_parser().parse_args(words)
    chosen.line = shlex.join(["titlewise", *words]).encode(errors="backslashreplace").decode()  # for reports
    try:
        chosen.run(chosen)
        sys.stdout.flush()
    except UserError as fault:
        print(f"titlewise: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away (as `head` does): nothing is left to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as fault:
        # A full disk, a folder of somebody else's, a name too long: wherever it strikes, a person can mend it.
        told = UserError(str(fault), "files that can be read and written", "another path, or room on the disk")
        print(f"titlewise: {told}", file=sys.stderr)
        return 1
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Give the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="titlewise", description="Answers questions about half-remembered products, from their descriptions."
    )
    parser.add_argument("--home", type=Path, default=default_home(), help="where everything made is kept (%(default)s)")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = _command(
        subparsers, "demo", commands.run_demo, "prepare and index the sample catalogue, answer a few questions"
    )
    _add_base(command)

    command = _command(
        subparsers, "prepare", commands.run_prepare, "make a catalogue from trn.json, trn.json.gz or any JSON Lines"
    )
    command.add_argument("source", type=Path, metavar="SOURCE")
    command.add_argument("--out", type=Path, metavar="DIR", help="the catalogue's folder (HOME/catalogue)")
    for field in ("uid", "title", "content"):
        command.add_argument(f"--{field}", default=field, metavar="COLUMN", help=f"the source's name for the {field}")
    command.add_argument("--sample", type=_positive, metavar="N", help="keep N products, the same ones every time")
    command.add_argument("--seed", type=int, default=0, help="of the sample (%(default)s)")
    command.add_argument("--workers", type=_positive, metavar="N", help="processes (one a core)")

    command = _command(subparsers, "index", commands.run_index, "make the title index of the catalogue")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--encoder", default="", metavar="NAME_OR_PATH", help="a sentence-transformers model (built in)")
    how.add_argument("--update", action="store_true", help="index only what came, changed or went")
    command.add_argument("--seed", type=int, default=0, help="(%(default)s)")

    command = _command(subparsers, "resolve", commands.run_resolve, "say which product a question means")
    _add_question(command)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--explain", action="store_true", help="say what spoke for the best hit")

    command = _command(subparsers, "ask", commands.run_ask, "answer a question from a product's description")
    _add_question(command)
    command.add_argument("--product", default="", metavar="UID", help="ask about this product")
    command.add_argument("--json", action="store_true", help="print JSON")
    _add_engine(command)

    command = _command(subparsers, "show", commands.run_show, "show one product as stored")
    command.add_argument("uid", metavar="UID")
    command.add_argument("--json", action="store_true", help="print JSON")

    command = _command(
        subparsers, "describe", commands.run_describe, "invent a description for a title that is in no catalogue"
    )
    command.add_argument("title", type=_text, metavar="TITLE")
    command.add_argument("--language", choices=("en", "pt"), help="of the prompt (the title's)")
    command.add_argument("--seed", type=int, default=0, help="another seed gives another description (%(default)s)")
    command.add_argument("--json", action="store_true", help="print JSON")
    _add_engine(command)

    command = _command(subparsers, "chat", commands.run_chat, "chat in the terminal")
    _add_engine(command)

    command = _command(subparsers, "ui", commands.run_ui, "chat in the browser")
    command.add_argument("--port", type=int, default=8501, help="(%(default)s)")
    _add_engine(command)

    command = _command(subparsers, "serve", commands.run_serve, "answer over HTTP, in OpenAI's protocol")
    command.add_argument("--host", default="127.0.0.1", help="(%(default)s)")
    command.add_argument("--port", type=int, default=8000, help="(%(default)s)")
    command.add_argument("--at-once", type=_positive, default=2, metavar="N", help="answers under way (%(default)s)")
    command.add_argument(
        "--waiting", type=_zero_or_more, default=32, metavar="N", help="questions in line (%(default)s)"
    )
    command.add_argument(
        "--origin",
        action="append",
        default=[],
        metavar="URL",
        help="whose pages may ask from within a browser, such as http://localhost:3000; may be repeated",
    )
    _add_engine(command)

    command = _command(
        subparsers, "lengths", training.run_lengths, "tell how long examples are in tokens, and what a limit costs"
    )
    command.add_argument(
        "recipe",
        nargs="?",
        default="embedded",
        metavar="RECIPE",
        help="one that is shipped, or a TOML file (%(default)s)",
    )

    command = _command(subparsers, "finetune", training.run_finetune, "train an adapter on the catalogue")
    command.add_argument("recipe", metavar="RECIPE", help="one that is shipped, such as embedded, or a TOML file")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--resume", action="store_true", help="go on from the newest whole checkpoint")
    how.add_argument("--restart", action="store_true", help="begin anew, and lose a run that is unfinished")
    command.add_argument("--name", default="", help="of the adapter, in HOME/adapters (the recipe's)")
    command.add_argument("--steps", type=_positive, metavar="N", help="stop after N optimiser steps in all")
    command.add_argument("--show", type=_positive, metavar="N", help="only print N examples as tokens, + with loss")
    command.add_argument(
        "--sweep", type=Path, metavar="TOML", help="train every combination of the values in TOML, and compare"
    )

    command = _command(subparsers, "export", training.run_export, "write an adapter as GGUF, for llama.cpp")
    command.add_argument("adapter", metavar="ADAPTER", help="a name in HOME/adapters, or a path")
    command.add_argument("--merged", type=Path, metavar="DIR", help="write model and adapter in one instead, for vLLM")
    command.add_argument("--slim", type=Path, metavar="DIR", help="publish it in DIR too, without PEFT's weights")
    command.add_argument("--model", default="", help="where the model lies that it was trained on (as it says itself)")

    evaluate = _command(subparsers, "evaluate", None, "measure, and report it").add_subparsers(
        metavar="WHAT", required=True
    )
    command = _command(
        evaluate, "resolver", evaluating.run_evaluate_resolver, "measure how well the title index finds what is meant"
    )
    command.add_argument("--pairs", type=Path, metavar="FILE", help='ask these too: {"question", "uid"}, one a line')
    command.add_argument("--limit", type=_positive, default=300, metavar="N", help="questions a slice (%(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of the questions (%(default)s)")

    command = _command(
        evaluate, "answers", evaluating.run_evaluate_answers, "measure how well a model answers, and with its adapter"
    )
    command.add_argument(
        "--sets",
        type=evaluating.set_names,
        default=evaluating.SETS,
        metavar="NAMES",
        help=f"which questions, of {','.join(evaluating.SETS)} (all)",
    )
    command.add_argument("--limit", type=_positive, metavar="N", help="N questions of each set at most (160)")
    command.add_argument(
        "--grid", type=_positive, metavar="N", help="N of them put to the bare model in every way (24)"
    )
    command.add_argument("--titles", type=_positive, metavar="N", help="N titles to describe (8)")
    command.add_argument("--questions", type=Path, metavar="FILE", help="ask these question rows too: docs/dataset.md")
    command.add_argument("--seed", type=int, default=0, help="of the choice and the intervals (%(default)s)")
    _add_engine(command)

    feedback = _command(subparsers, "feedback", None, "what visitors of the page thought of replies").add_subparsers(
        title="subcommands", metavar="SUBCOMMAND", required=True
    )
    command = _command(feedback, "export", commands.run_feedback_export, "write the liked answers as question rows")
    command.add_argument("--out", type=Path, metavar="FILE", help="where to (standard output)")
    command.add_argument("--all", action="store_true", help="every opinion as it was kept, disliked ones too")

    models = _command(subparsers, "models", None, "list and fetch models").add_subparsers(
        metavar="ACTION", required=True
    )
    command = _command(models, "list", commands.run_models_list, "show the named models, and which are here")
    command.add_argument("--json", action="store_true", help="print JSON")
    command = _command(models, "fetch", commands.run_models_fetch, "fetch a model, once for all homes")
    command.add_argument(
        "name", nargs="?", default="smollm2-135m", help="a named model, a hub name or a path (%(default)s)"
    )

    command = _command(subparsers, "doctor", commands.run_doctor, "say what this machine can run, and what is missing")
    command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _command(subparsers: Any, name: str, run: Any, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def _add_question(command: argparse.ArgumentParser) -> None:
    command.add_argument("question", nargs="?", type=_text, metavar="QUESTION")
    command.add_argument("--batch", type=Path, metavar="IN", help="answer the rows of a JSON Lines file instead")
    command.add_argument("--out", type=Path, metavar="OUT", help="where the rows of --batch go")


def _add_base(command: argparse._ActionsContainer) -> None:
    command.add_argument("--base", action="store_true", help="the adapter off: ask the base model")


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", default="smollm2-135m", help="a named model, a hub name or a path (%(default)s)")
    command.add_argument("--backend", choices=("auto", "llamacpp", "transformers"), default="auto", help="what runs it")
    command.add_argument(
        "--server", default="", metavar="URL", help="ask an OpenAI-compatible server, such as http://127.0.0.1:8080/v1"
    )
    either = command.add_mutually_exclusive_group()
    _add_base(either)
    either.add_argument(
        "--adapter",
        action="append",
        dest="adapters",
        metavar="NAME_OR_PATH",
        help="what answers; may be given again, to choose from (the shipped one, for the model it is for)",
    )


def _positive(text: str) -> int:
    return _at_least(1, text)


def _zero_or_more(text: str) -> int:
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text} is not a number of {least} or more")
    return int(text)


def _text(argument: str) -> str:
    try:
        argument.encode()
    except UnicodeEncodeError as exc:  # bytes that the shell handed over and that are no UTF-8
        raise argparse.ArgumentTypeError(f"{argument!r} is not valid UTF-8") from exc
    return argument


if __name__ == "__main__":
    sys.exit(main())

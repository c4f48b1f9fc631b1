"""The command line: `titlewise COMMAND …`.

Reads the arguments, calls the floors below, prints. Exit codes: 0 done, 1 a fault
that a person can mend (one line on standard error), 2 wrong usage.
"""

import argparse
import io
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.artefacts import default_home
from index.errors import UserError

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
    chosen = build_parser().parse_args(arguments)
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
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = _command(commands, "demo", _demo, "prepare and index the sample catalogue, answer a few questions")
    _add_base(command)

    command = _command(commands, "prepare", _prepare, "make a catalogue from trn.json, trn.json.gz or any JSON Lines")
    command.add_argument("source", type=Path, metavar="SOURCE")
    command.add_argument("--out", type=Path, metavar="DIR", help="the catalogue's folder (HOME/catalogue)")
    for field in ("uid", "title", "content"):
        command.add_argument(f"--{field}", default=field, metavar="COLUMN", help=f"the source's name for the {field}")
    command.add_argument("--sample", type=_positive, metavar="N", help="keep N products, the same ones every time")
    command.add_argument("--seed", type=int, default=0, help="of the sample (%(default)s)")
    command.add_argument("--workers", type=_positive, metavar="N", help="processes (one a core)")

    command = _command(commands, "index", _index, "make the title index of the catalogue")
    command.add_argument(
        "--encoder", default="", metavar="NAME_OR_PATH", help="a sentence-transformers model (built in)"
    )
    command.add_argument("--seed", type=int, default=0, help="(%(default)s)")

    command = _command(commands, "resolve", _resolve, "say which product a question means")
    _add_question(command)
    command.add_argument("--json", action="store_true", help="print JSON")

    command = _command(commands, "ask", _ask, "answer a question from a product's description")
    _add_question(command)
    command.add_argument("--product", default="", metavar="UID", help="ask about this product")
    command.add_argument("--json", action="store_true", help="print JSON")
    _add_base(command)
    _add_engine(command)

    command = _command(commands, "show", _show, "show one product as stored")
    command.add_argument("uid", metavar="UID")
    command.add_argument("--json", action="store_true", help="print JSON")

    command = _command(commands, "describe", _describe, "invent a description for a title that is in no catalogue")
    command.add_argument("title", type=_text, metavar="TITLE")
    command.add_argument("--language", choices=("en", "pt"), help="of the prompt (the title's)")
    command.add_argument("--seed", type=int, default=0, help="another seed gives another description (%(default)s)")
    command.add_argument("--json", action="store_true", help="print JSON")
    _add_base(command)
    _add_engine(command)

    command = _command(commands, "chat", _chat, "chat in the terminal")
    _add_base(command)
    _add_engine(command)

    command = _command(commands, "ui", _ui, "chat in the browser")
    command.add_argument("--port", type=int, default=8501, help="(%(default)s)")
    _add_base(command)
    _add_engine(command)

    models = _command(commands, "models", None, "list and fetch models").add_subparsers(metavar="ACTION", required=True)
    command = _command(models, "list", _models_list, "show the named models, and which are here")
    command.add_argument("--json", action="store_true", help="print JSON")
    command = _command(models, "fetch", _models_fetch, "fetch a model, once for all homes")
    command.add_argument(
        "name", nargs="?", default="smollm2-135m", help="a named model, a hub name or a path (%(default)s)"
    )

    command = _command(commands, "doctor", _doctor, "say what this machine can run, and what is missing")
    command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _command(commands: Any, name: str, run: Any, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def _add_question(command: argparse.ArgumentParser) -> None:
    command.add_argument("question", nargs="?", type=_text, metavar="QUESTION")
    command.add_argument("--batch", type=Path, metavar="IN", help="answer the rows of a JSON Lines file instead")
    command.add_argument("--out", type=Path, metavar="OUT", help="where the rows of --batch go")


def _add_base(command: argparse.ArgumentParser) -> None:
    command.add_argument("--base", action="store_true", help="the adapter off: ask the base model")


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", default="smollm2-135m", help="a named model, a hub name or a path (%(default)s)")
    command.add_argument("--backend", choices=("auto", "llamacpp", "transformers"), default="auto", help="what runs it")
    command.add_argument(
        "--server", default="", metavar="URL", help="ask an OpenAI-compatible server, such as http://127.0.0.1:8080/v1"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of 1 or more")
    return int(text)


def _text(argument: str) -> str:
    try:
        argument.encode()
    except UnicodeEncodeError as exc:  # bytes that the shell handed over and that are no UTF-8
        raise argparse.ArgumentTypeError(f"{argument!r} is not valid UTF-8") from exc
    return argument


def _demo(chosen: argparse.Namespace) -> None:
    from ui.demo import demo

    demo(chosen.home, adapter=not chosen.base)


def _prepare(chosen: argparse.Namespace) -> None:
    from index.prepare import Columns, prepare
    from index.progress import Progress
    from ui.terminal import report_line

    folder = chosen.out or chosen.home / "catalogue"
    report = prepare(
        chosen.source,
        folder,
        columns=Columns(chosen.uid, chosen.title, chosen.content),
        sample=chosen.sample,
        seed=chosen.seed,
        workers=chosen.workers,
        progress=Progress,
    )
    print(report_line(report))
    print(f"The catalogue is in {folder}; its report in {folder / 'report.md'}.")


def _index(chosen: argparse.Namespace) -> None:
    from index.products import Catalogue
    from index.progress import Progress
    from index.resolver import TitleIndex

    catalogue = Catalogue.load(chosen.home / "catalogue")
    TitleIndex.build(catalogue, chosen.home / "index", encoder=chosen.encoder, seed=chosen.seed, progress=Progress)
    print(f"{len(catalogue):,} titles are indexed in {chosen.home / 'index'}.")


def _resolve(chosen: argparse.Namespace) -> None:
    from dataclasses import asdict

    from assistant.opening import open_catalogue
    from ui.batch import Row, question_of
    from ui.terminal import resolution_lines

    _check_batch_usage(chosen)
    _, index = open_catalogue(chosen.home)

    def row_of(question: str) -> Row:
        row = asdict(index.resolve(question))
        return {"decision": row["decision"], "probability": row["probability"], "hits": list(row["hits"])}

    if chosen.batch:
        _batch(chosen, lambda row: row_of(question_of(row)))
    elif chosen.json:
        _print_json(row_of(chosen.question))
    else:
        print(resolution_lines(index.resolve(chosen.question)))


def _ask(chosen: argparse.Namespace) -> None:
    from assistant.answer import Asking
    from assistant.conversation import State
    from assistant.opening import open_assistant
    from ui.batch import Row, history_of, question_of, uid_of
    from ui.terminal import reply_lines

    _check_batch_usage(chosen)
    with open_assistant(chosen.home, _engine(chosen)) as assistant:

        def row_of(row: Row) -> Row:
            uid = uid_of(row)
            history = history_of(row)
            state = State() if uid else assistant.recall(history)
            answer = assistant.ask(question_of(row), uid=uid, state=state, asking=Asking(adapter=not chosen.base))
            return answer.reply.to_row()

        if chosen.batch:
            _batch(chosen, row_of)
            return
        answer = assistant.ask(chosen.question, uid=chosen.product, asking=Asking(adapter=not chosen.base))
        if chosen.json:
            _print_json(answer.reply.to_row())
        else:
            print(reply_lines(answer.reply))


def _show(chosen: argparse.Namespace) -> None:
    from dataclasses import asdict

    from index.products import Catalogue
    from ui.terminal import product_lines

    catalogue = Catalogue.load(chosen.home / "catalogue")
    product = catalogue.product(catalogue.row_of(chosen.uid))
    if chosen.json:
        _print_json(asdict(product))
    else:
        print(product_lines(product))


def _describe(chosen: argparse.Namespace) -> None:
    from assistant.answer import Asking
    from assistant.describe import describe
    from assistant.opening import open_backend
    from ui.terminal import reply_lines

    backend = open_backend(_engine(chosen))
    try:
        asking = Asking(adapter=not chosen.base, seed=chosen.seed)
        reply = describe(backend, chosen.title, language=chosen.language, asking=asking).reply
    finally:
        backend.close()
    if chosen.json:
        _print_json(reply.to_row())
    else:
        print(reply_lines(reply))


def _chat(chosen: argparse.Namespace) -> None:
    from assistant.opening import open_assistant
    from ui.talk import talk

    with open_assistant(chosen.home, _engine(chosen)) as assistant:
        talk(assistant, adapter=not chosen.base)


def _ui(chosen: argparse.Namespace) -> None:
    from ui.page import serve_page

    serve_page(chosen.home, _engine(chosen), adapter=not chosen.base, port=chosen.port)


def _models_list(chosen: argparse.Namespace) -> None:
    from dataclasses import asdict

    from assistant.models import entries

    if chosen.json:
        _print_json([asdict(entry.model) | {"place": str(entry.place) if entry.place else None} for entry in entries()])
        return
    for entry in entries():
        model, place = entry.model, entry.place or f"not here: titlewise models fetch {entry.model.name}"
        print(f"{model.name:16}{model.size_bytes / 1e6:>8,.0f} MB  {model.licence:20}{model.source:40}{place}")


def _models_fetch(chosen: argparse.Namespace) -> None:
    from assistant.fetching import fetch
    from index.progress import Progress

    print(fetch(chosen.name, progress=Progress))


def _doctor(chosen: argparse.Namespace) -> None:
    from dataclasses import asdict

    from assistant.doctor import examine

    findings = examine(chosen.home)
    if chosen.json:
        _print_json([asdict(finding) for finding in findings])
        return
    for finding in findings:
        print(
            f"{finding.state:8} {finding.name:14} {finding.detail}" + (f"  →  {finding.mend}" if finding.mend else "")
        )


def _engine(chosen: argparse.Namespace) -> Any:
    from assistant.opening import Engine

    return Engine(chosen.model, chosen.backend, chosen.server)


def _check_batch_usage(chosen: argparse.Namespace) -> None:
    if (chosen.question is None) == (chosen.batch is None):
        chosen.parser.error("give either a QUESTION or --batch IN --out OUT")
    if (chosen.batch is None) != (chosen.out is None):
        chosen.parser.error("--batch and --out go together")


def _batch(chosen: argparse.Namespace, answer: Any) -> None:
    from ui.batch import run_batch

    errors = run_batch(chosen.batch, chosen.out, answer, label="answering")
    if errors:
        rows = "1 row" if errors == 1 else f"{errors:,} rows"
        print(f'{rows} became errors; see "error" in {chosen.out}', file=sys.stderr)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())

"""What each command does, once its arguments are read: calls the floors below, and prints.

Libraries are imported by the command that needs them. Faults of a person's are `UserError`s;
`ui.cli` turns them into one line and an exit code.
"""

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.open import Engine


def run_demo(chosen: argparse.Namespace) -> None:
    """Show what Titlewise does, on the sample catalogue."""
    from assistant.open import Engine
    from ui.commands.demo import demo

    demo(chosen.home, Engine(adapters=() if chosen.base else None))


def run_prepare(chosen: argparse.Namespace) -> None:
    """Make a catalogue."""
    from index.catalogue.prepare import CatalogueSettings, Columns, prepare
    from index.progress import Progress
    from ui.commands.terminal import report_line

    folder = chosen.out or chosen.home / "catalogue"
    columns = Columns(chosen.uid, chosen.title, chosen.content)
    settings = CatalogueSettings(columns, chosen.sample, chosen.seed, chosen.workers)
    report = prepare(chosen.source, folder, settings, progress=Progress)
    print(report_line(report))
    print(f"The catalogue is in {folder}; its report in {folder / 'report.md'}.")


def run_index(chosen: argparse.Namespace) -> None:
    """Make the title index."""
    from index.catalogue.store import Catalogue
    from index.progress import Progress
    from index.resolver import TitleIndex

    catalogue = Catalogue.load(chosen.home / "catalogue")
    folder = chosen.home / "index"
    told = ""
    if chosen.update:
        change = TitleIndex.update(catalogue, folder, progress=Progress)
        told = f"; since the last full build {change.added:,} came or changed, {change.gone:,} went"
        told = "; built anew" if change.anew else told
    else:
        TitleIndex.build(catalogue, folder, encoder=chosen.encoder, seed=chosen.seed, progress=Progress)
    titles = "1 title is" if len(catalogue) == 1 else f"{len(catalogue):,} titles are"
    print(f"{titles} indexed in {folder}{told}.")


def run_resolve(chosen: argparse.Namespace) -> None:
    """Say which product a question means."""
    from dataclasses import asdict

    from assistant.open import open_catalogue
    from ui.commands.batch import Row, question_of
    from ui.commands.terminal import explanation_lines, resolution_lines

    _check_batch_usage(chosen)
    if chosen.explain and chosen.batch:
        chosen.parser.error("--explain goes with a QUESTION")
    _, index = open_catalogue(chosen.home)

    def row_of(question: str) -> Row:
        row = asdict(index.resolve(question))
        return {"decision": row["decision"], "probability": row["probability"], "hits": list(row["hits"])}

    if chosen.batch:
        _batch(chosen, lambda row: row_of(question_of(row)))
    elif chosen.json:
        explained = {"explanation": asdict(index.explain(chosen.question))} if chosen.explain else {}
        _print_json(row_of(chosen.question) | explained)
    else:
        print(resolution_lines(index.resolve(chosen.question)))
        if chosen.explain:
            print(explanation_lines(index.explain(chosen.question)))


def run_ask(chosen: argparse.Namespace) -> None:
    """Answer a question, or a batch of them."""
    from assistant.conversation import State
    from assistant.open import open_assistant
    from ui.commands.batch import Row, history_of, question_of, uid_of
    from ui.commands.terminal import reply_lines

    _check_batch_usage(chosen)
    with open_assistant(chosen.home, engine_of(chosen)) as assistant:

        def row_of(row: Row) -> Row:
            uid = uid_of(row)
            history = history_of(row)
            state = State() if uid else assistant.retriever.recall(history)
            return assistant.ask(question_of(row), uid=uid, state=state).reply.to_row()

        if chosen.batch:
            _batch(chosen, row_of)
            return
        answer = assistant.ask(chosen.question, uid=chosen.product)
        if chosen.json:
            _print_json(answer.reply.to_row())
        else:
            print(reply_lines(answer.reply))


def run_show(chosen: argparse.Namespace) -> None:
    """Show one product as stored."""
    from dataclasses import asdict

    from index.catalogue.store import Catalogue
    from ui.commands.terminal import product_lines

    catalogue = Catalogue.load(chosen.home / "catalogue")
    product = catalogue.find(chosen.uid)
    if chosen.json:
        _print_json(asdict(product))
    else:
        print(product_lines(product))


def run_describe(chosen: argparse.Namespace) -> None:
    """Invent a description."""
    from assistant.describe import describe
    from assistant.open import open_backend
    from ui.commands.terminal import reply_lines

    backend = open_backend(chosen.home, engine_of(chosen))
    try:
        reply = describe(backend, chosen.title, language=chosen.language, seed=chosen.seed).reply
    finally:
        backend.close()
    if chosen.json:
        _print_json(reply.to_row())
    else:
        print(reply_lines(reply))


def run_chat(chosen: argparse.Namespace) -> None:
    """Chat in the terminal."""
    from assistant.open import open_assistant
    from ui.commands.chat import talk

    with open_assistant(chosen.home, engine_of(chosen)) as assistant:
        talk(assistant)


def run_ui(chosen: argparse.Namespace) -> None:
    """Serve the page."""
    from ui.web.serve import serve_page

    serve_page(chosen.home, engine_of(chosen), port=chosen.port)


def run_serve(chosen: argparse.Namespace) -> None:
    """Answer over HTTP."""
    from ui.api.access import Access
    from ui.api.server import API_KEY_VARIABLE, serve
    from ui.api.workers import Limits

    limits = Limits(at_once=chosen.at_once, waiting=chosen.waiting)
    access = Access(os.environ.get(API_KEY_VARIABLE, ""), chosen.origin)
    serve(chosen.home, engine_of(chosen), limits, access, host=chosen.host, port=chosen.port)


def run_feedback_export(chosen: argparse.Namespace) -> None:
    """Write what visitors thought of replies as JSON Lines."""
    from dataclasses import asdict

    from index.catalogue.store import Catalogue
    from index.errors import UserError
    from ui.feedback import FILE, Feedback, question_rows

    path = chosen.home / FILE
    if not path.is_file():
        raise UserError(f"there is no {path}", "opinions that visitors of the page gave", "titlewise ui")
    opinions = Feedback(path).opinions()
    rows = map(asdict, opinions) if chosen.all else question_rows(opinions, Catalogue.load(chosen.home / "catalogue"))
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    if chosen.out:
        chosen.out.write_text("".join(lines), encoding="utf-8")
        print(f"{len(lines):,} rows are in {chosen.out}.")
    else:
        sys.stdout.writelines(lines)


def run_models_list(chosen: argparse.Namespace) -> None:
    """List the named models."""
    from dataclasses import asdict

    from assistant.models.named import entries

    if chosen.json:
        _print_json([asdict(entry.model) | {"place": str(entry.place) if entry.place else None} for entry in entries()])
        return
    for entry in entries():
        model, place = entry.model, entry.place or f"not here: titlewise models fetch {entry.model.name}"
        print(f"{model.name:16}{model.size_bytes / 1e6:>8,.0f} MB  {model.licence:20}{model.source:40}{place}")


def run_models_fetch(chosen: argparse.Namespace) -> None:
    """Fetch a model and print its place."""
    from assistant.models.download import fetch
    from index.progress import Progress

    print(fetch(chosen.name, progress=Progress))


def run_doctor(chosen: argparse.Namespace) -> None:
    """Examine the machine and the home."""
    from dataclasses import asdict

    from assistant.models.doctor import examine

    findings = examine(chosen.home)
    if chosen.json:
        _print_json([asdict(finding) for finding in findings])
        return
    for finding in findings:
        print(
            f"{finding.state:8} {finding.name:14} {finding.detail}" + (f"  →  {finding.mend}" if finding.mend else "")
        )


def engine_of(chosen: argparse.Namespace) -> "Engine":
    """Give the engine that the arguments name."""
    from assistant.open import Engine

    named = None if chosen.adapters is None else tuple(chosen.adapters)
    return Engine(chosen.model, chosen.backend, chosen.server, () if chosen.base else named)


def _check_batch_usage(chosen: argparse.Namespace) -> None:
    if (chosen.question is None) == (chosen.batch is None):
        chosen.parser.error("give either a QUESTION or --batch IN --out OUT")
    if (chosen.batch is None) != (chosen.out is None):
        chosen.parser.error("--batch and --out go together")


def _batch(chosen: argparse.Namespace, answer: Any) -> None:
    from ui.commands.batch import run_batch

    errors = run_batch(chosen.batch, chosen.out, answer, label="answering")
    if errors:
        rows = "1 row" if errors == 1 else f"{errors:,} rows"
        print(f'{rows} became errors; see "error" in {chosen.out}', file=sys.stderr)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))

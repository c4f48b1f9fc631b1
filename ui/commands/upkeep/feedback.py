"""`titlewise feedback export`: what visitors of the page thought of replies, as JSON Lines."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, Group, option, switch
from ui.commands.options import FeedbackUrl
from ui.commands.terminal import json_line


@dataclass(frozen=True)
class ExportOptions:
    home: Path
    out: Annotated[Path | None, option("where to (standard output)", type=Path, metavar="FILE")]
    feedback: FeedbackUrl
    all: Annotated[bool, switch("every opinion as it was kept, disliked ones too")]


def run_export(options: ExportOptions) -> None:
    from index.catalogue.store import Catalogue
    from index.errors import UserError
    from ui.feedback import FILE, Feedback, question_rows

    path = options.home / FILE
    if not options.feedback and not path.is_file():
        raise UserError(f"there is no {path}", "opinions that visitors of the page gave", "titlewise ui")
    opinions = Feedback(options.feedback or path).opinions()
    rows = map(asdict, opinions) if options.all else question_rows(opinions, Catalogue.load(options.home / "catalogue"))
    lines = [json_line(row) + "\n" for row in rows]
    if options.out:
        options.out.write_text("".join(lines), encoding="utf-8")
        print(f"{len(lines):,} rows are in {options.out}.")
    else:
        sys.stdout.writelines(lines)


EXPORT = Command("export", "write the liked answers as question rows", ExportOptions, run_export)
COMMAND = Group(
    "feedback", "what visitors of the page thought of replies", (EXPORT,), metavar="SUBCOMMAND", title="subcommands"
)

"""`titlewise doctor`: what this machine can run, and what is missing."""

from dataclasses import asdict, dataclass
from pathlib import Path

from ui.commands.command import Command
from ui.commands.options import Json
from ui.commands.terminal import print_json, visible


@dataclass(frozen=True)
class Options:
    home: Path
    json: Json


def run(options: Options) -> None:
    from assistant.models.doctor import examine

    findings = examine(options.home)
    if options.json:
        print_json([asdict(finding) for finding in findings])
        return
    for finding in findings:
        mend = f"  →  {finding.mend}" if finding.mend else ""
        print(visible(f"{finding.state:8} {finding.name:14} {finding.detail}{mend}"))


COMMAND = Command("doctor", "say what this machine can run, and what is missing", Options, run)

"""What shells offer to complete; each shell that is on this machine is asked itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ui.cli import main
from ui.commands.verbs import COMMANDS

ROOT = Path(__file__).parents[1]
# Bash calls the function that is registered for a command with the line in these variables.
COMPLETE = """
eval "$(titlewise completions bash)"
[[ $(complete -p titlewise) == *"-F "* ]] || exit 1
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9
_python_argcomplete titlewise
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A search path with a `titlewise` that runs this tree."""
    program = tmp_path_factory.mktemp("bin") / "titlewise"
    program.write_text(f'#!/bin/sh\nexport PYTHONPATH={ROOT}\nexec {sys.executable} -m ui.cli "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


def offered(line: str, path: str) -> set[str]:
    """Give what bash offers at the end of a line."""
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", line],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path},
    )
    assert done.stderr == ""
    return {word.strip() for word in done.stdout.splitlines()}


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("titlewise re", {"remove", "resolve"}),
        ("titlewise fi", {"find", "finetune"}),
        ("titlewise models ", {"list", "fetch", "-h", "--help"}),
        ("titlewise --home /nowhere comp", {"completions"}),
        ("titlewise ask --ba", {"--batch", "--backend", "--base"}),
        ("titlewise ask --backend ", {"auto", "llamacpp", "transformers"}),
        ("titlewise completions ", {"bash", "zsh", "fish", "-h", "--help"}),
        ("titlewise wander", {""}),
    ],
)
def test_bash_completes_commands_options_and_choices(line: str, expected: set[str], path: str) -> None:
    assert offered(line, path) == expected


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_bash_offers_every_command(path: str) -> None:
    assert {command.name for command in COMMANDS} <= offered("titlewise ", path)


@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_what_is_printed_is_sound_in_its_shell(shell: str, check: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completions", shell]) == 0
    script = capsys.readouterr().out
    assert "titlewise" in script
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} on this machine")
    subprocess.run([shell, check], input=script, text=True, check=True)


@pytest.mark.parametrize(
    ("shell", "between", "after", "asked"),
    [("zsh", ":", "\v", {}), ("fish", "\t", "\n", {"_ARGCOMPLETE_DFS": "\t", "_ARGCOMPLETE_IFS": "\n"})],
)
def test_other_shells_are_told_what_each_command_does(
    shell: str, between: str, after: str, asked: dict[str, str], path: str, tmp_path: Path
) -> None:
    # As their functions ask, but that the answer goes to a file by its name, and not by the number 8.
    answer = tmp_path / "answer"
    line = "titlewise fi"
    asked |= {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": shell, "_ARGCOMPLETE_STDOUT_FILENAME": str(answer)}
    asked |= {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    subprocess.run(["titlewise"], check=True, env={**os.environ, "PATH": path, **asked})
    assert answer.read_text().split(after) == [
        f"find{between}find products that fit a need",
        f"finetune{between}train an adapter on the catalogue",
    ]

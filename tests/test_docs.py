"""The documents say what the commands do."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ui.cli import build_parser

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "deploy").glob("*.md"))]


def commands(page: Path) -> list[str]:
    """Give the titlewise commands of a page's shell blocks, without comments."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.removeprefix("$ ").split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("titlewise ")]


def made(script: str) -> str:
    """Give the page that a script of docs/ makes."""
    done = subprocess.run(
        [sys.executable, "-c", f"import {script}; print({script}.page(), end='')"],
        cwd=ROOT / "docs",
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    return done.stdout


@pytest.mark.parametrize(
    ("script", "page"),
    [("make_commands", "commands.md"), ("make_manual", "titlewise.1"), ("make_tree", "architecture.md")],
)
def test_the_pages_that_are_made_are_as_they_would_be_made_now(script: str, page: str) -> None:
    assert made(script) == (ROOT / "docs" / page).read_text(encoding="utf-8"), "mend it with: make docs"


@pytest.mark.skipif(shutil.which("man") is None, reason="no man on this machine")
def test_the_manual_page_is_read_without_a_warning() -> None:
    command = ["man", "--warnings=w", "--local-file", "docs/titlewise.1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "titlewise models fetch [-h] [name]" in done.stdout


def test_the_readme_shows_commands() -> None:
    assert len(commands(ROOT / "README.md")) >= 5


@pytest.mark.parametrize(("page", "command"), [(page.name, line) for page in PAGES for line in commands(page)])
def test_every_command_in_the_documents_is_one(page: str, command: str) -> None:
    build_parser().parse_args(shlex.split(command)[1:])


def scripts() -> set[tuple[str, str, str]]:
    """Give page, script and options of each benchmark that the pages name."""
    named = re.compile(r"python (benchmarks/\w+\.py)((?: +(?!#)[-\w./\d]+)*)")
    return {(page.name, *found) for page in PAGES for found in named.findall(page.read_text(encoding="utf-8"))}


@pytest.mark.parametrize(("page", "script", "options"), sorted(scripts()))
def test_every_script_in_the_documents_is_there_and_knows_its_options(page: str, script: str, options: str) -> None:
    source = (ROOT / script).read_text(encoding="utf-8")
    for option in re.findall(r"--[\w-]+", options):
        assert f'"{option}"' in source, f"{page}: {script} {option}"


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(name for names in project["optional-dependencies"].values() for name in names)]
    names = {re.split(r"[<>=\[]", requirement)[0] for requirement in asked} - {project["name"]}
    explained = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert sorted(name for name in names if f"**{name}**" not in explained) == []


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

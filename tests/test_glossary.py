"""One word for each thing: the names that the glossary of docs/architecture.md replaced are in no code."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path for folder in ("index", "assistant", "finetune", "ui", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)
PAGE = ROOT / "docs" / "architecture.md"
# Words of the old names that are everyday English, or another thing's name by now, where they are no class.
MEANT_OTHERWISE = frozenset({"strength", "answered", "views", "parts", "wrong", "absence", "polarity", "beginning"})
# As names of variables and functions they said nothing of what the thing is.
NAMELESS = frozenset({"told", "said", "sought", "taught", "arms", "shelf", "lesson", "lessons", "clerk", "errand"})


def old_words() -> set[str]:
    """Return the words in the last column of the glossary."""
    table = PAGE.read_text(encoding="utf-8").split("| was |")[1].split("\n\n")[0]
    rows = [line for line in table.splitlines() if line.startswith("|") and "---" not in line]
    return {word for row in rows for word in re.findall(r"`(\w+)`", row.rstrip("| ").rpartition("|")[2])}


def names_in(source: str) -> set[str]:
    """Return every name that Python code holds, those of imported modules too."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def test_the_glossary_is_read() -> None:
    assert {"Arms", "Judgement", "settle", "Clerk", "Line", "Shelf"} <= old_words()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_old_words_are_gone(path: Path) -> None:
    assert names_in(path.read_text(encoding="utf-8")) & ((old_words() - MEANT_OTHERWISE) | NAMELESS) == set()


def test_an_old_word_would_be_seen() -> None:
    assert names_in("def f(shelf):\n    return Clerk(shelf).told") >= {"shelf", "Clerk", "told"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_docstrings_begin_with_what_a_function_does(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    begins = {function.name: ast.get_docstring(function) or "" for function in functions}
    assert [name for name, text in begins.items() if text.split(" ")[0] in ("Give", "Gives", "Returns")] == []

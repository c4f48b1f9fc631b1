"""Write the tree of modules, one line a file, into docs/architecture.md: `python docs/make_tree.py`."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).with_name("architecture.md")
FLOORS = ("index", "assistant", "finetune", "ui")
BEGINS, ENDS = "<!-- the tree, made by `make docs` -->\n", "<!-- its end -->\n"
WIDTH = 34


def tree() -> str:
    """Return the modules of all floors, each with the first line of its docstring."""
    return "```\n" + "\n".join(line for floor in FLOORS for line in _lines(ROOT / floor, 0)) + "\n```\n"


def page() -> str:
    """Return the page with the tree as it is today."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGINS)
    return before + BEGINS + tree() + ENDS + rest.split(ENDS)[1]


def _lines(folder: Path, depth: int) -> list[str]:
    """Return the lines of a package: what it is, its modules, then the packages in it."""
    lines = [_line(folder.name + "/", folder / "__init__.py", depth)]
    modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    lines += [_line(path.name, path, depth + 1) for path in modules]
    packages = sorted(path.parent for path in folder.glob("*/__init__.py"))
    return lines + [line for package in packages for line in _lines(package, depth + 1)]


def _line(name: str, path: Path, depth: int) -> str:
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]
    return f"{'  ' * depth + name:{WIDTH}}{first}".rstrip()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

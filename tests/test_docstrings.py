"""What the usage lines of module docstrings call is there and takes those arguments; nothing is imported."""

import ast
import builtins
import inspect
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from inspect import Parameter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("index", "assistant", "finetune", "ui", "benchmarks")
FILES = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
SHELL = ("python ", "pip ", "titlewise ", "accelerate ", "make ")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Signatures = dict[str, list[inspect.Signature]]


def usages(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the paragraphs of a module's docstring that are Python."""
    for paragraph in (ast.get_docstring(tree) or "").split("\n\n")[1:]:
        code = textwrap.dedent(paragraph).replace("…", "...")
        if not code.startswith(SHELL):
            try:
                yield ast.parse(code)
            except SyntaxError:
                continue  # prose


def signatures(trees: list[ast.Module]) -> Signatures:
    """Return every signature that a name of the project may have: functions, methods, what makes a class."""
    found: Signatures = defaultdict(list)
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, Function):
                found[node.name].append(signature_of(node, bound=_is_method(node)))
            elif isinstance(node, ast.ClassDef):
                found[node.name].append(_made(node))
    return found


def signature_of(function: Function, *, bound: bool) -> inspect.Signature:
    taken = function.args
    names = [*taken.posonlyargs, *taken.args]
    first_default = len(names) - len(taken.defaults)
    parameters = [_parameter(each.arg, place >= first_default) for place, each in enumerate(names)][bound:]
    parameters += [Parameter(taken.vararg.arg, Parameter.VAR_POSITIONAL)] if taken.vararg else []
    parameters += [
        Parameter(each.arg, Parameter.KEYWORD_ONLY, default=None if default else Parameter.empty)
        for each, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True)
    ]
    parameters += [Parameter(taken.kwarg.arg, Parameter.VAR_KEYWORD)] if taken.kwarg else []
    return inspect.Signature(parameters)


def _is_method(function: Function) -> bool:
    return [each.arg for each in function.args.args[:1]] in (["self"], ["cls"])


def _made(owner: ast.ClassDef) -> inspect.Signature:
    """Return what makes an instance: its `__init__`, else the fields of a dataclass, else anything, as a base may."""
    if made := [each for each in owner.body if isinstance(each, Function) and each.name == "__init__"]:
        return signature_of(made[0], bound=True)
    if not any("dataclass" in ast.unparse(each) for each in owner.decorator_list):
        return inspect.Signature([Parameter("a", Parameter.VAR_POSITIONAL), Parameter("k", Parameter.VAR_KEYWORD)])
    fields = [each for each in owner.body if isinstance(each, ast.AnnAssign) and "init=False" not in ast.unparse(each)]
    begun = [any(each.value for each in fields[: place + 1]) for place in range(len(fields))]  # a default stands before
    pairs = zip(fields, begun, strict=True)
    return inspect.Signature([_parameter(ast.unparse(each.target), optional) for each, optional in pairs])


def _parameter(name: str, optional: bool) -> Parameter:
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None if optional else Parameter.empty)


def lies(usage: ast.AST, known: Signatures, foreign: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the calls of what is gone, or takes other arguments.

    `foreign` are names from libraries; a method that the project lacks may be a library's too.
    """
    stored = {node.id for node in ast.walk(usage) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for call in ast.walk(usage):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name | ast.Attribute):
            continue
        name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr
        if name in foreign or (isinstance(call.func, ast.Attribute) and _is_library(call.func, foreign)):
            continue
        if name in known and not any(fits(signature, call) for signature in known[name]):
            yield f"{ast.unparse(call)}: takes other arguments"
        elif isinstance(call.func, ast.Name) and name not in known and name not in stored | {*dir(builtins)}:
            yield f"{ast.unparse(call)}: is gone"


def _is_library(function: ast.Attribute, foreign: frozenset[str]) -> bool:
    """Return whether a method is that of a library's module, or one that dictionaries or texts have."""
    return (
        ast.unparse(function.value).split(".")[0] in foreign or hasattr({}, function.attr) or hasattr("", function.attr)
    )


def imported(trees: list[ast.Module]) -> frozenset[str]:
    """Return the names that modules import from libraries."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    plain = {each.asname or each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
    libraries = [
        node for node in nodes if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] not in FOLDERS
    ]
    return frozenset(plain | {each.asname or each.name for node in libraries for each in node.names})


def fits(signature: inspect.Signature, call: ast.Call) -> bool:
    """Return whether a call may have these arguments; one with stars may leave some out."""
    is_open = any(isinstance(each, ast.Starred) for each in call.args) or any(not each.arg for each in call.keywords)
    try:
        bind = signature.bind_partial if is_open else signature.bind
        bind(*call.args, **{each.arg: None for each in call.keywords if each.arg})
    except TypeError:
        return False
    return True


TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
KNOWN = signatures(list(TREES.values()))
FOREIGN = imported(list(TREES.values())) - KNOWN.keys()


@pytest.mark.parametrize("name", sorted(TREES))
def test_the_usage_lines_of_a_module_are_true(name: str) -> None:
    assert [lie for usage in usages(TREES[name]) for lie in lies(usage, KNOWN, FOREIGN)] == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ('made("a", seed=1)', 0),
        ('one = Made("a")\n    one.turned(True)', 0),
        ("gone(1)", 1),
        ('made("a")', 1),
        ('made("a", sed=1)', 1),
        ('Made("a").turned(True, 1)', 1),
    ],
)
def test_a_usage_line_that_lies_would_be_seen(line: str, count: int) -> None:
    body = (
        "def made(name, *, seed): ...\nclass Made:\n    def __init__(self, name): ...\n    def turned(self, twice): ..."
    )
    tree = ast.parse(f'"""A module.\n\nOf prose too.\n\n    {line}\n"""\n{body}')
    assert len([lie for usage in usages(tree) for lie in lies(usage, signatures([tree]))]) == count

"""The walls of the house: imports run down only, nothing heavy before it is needed, no pickle."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_MODULES = 15  # side by side in a folder
FLOORS = ("index", "assistant", "finetune", "ui")  # from the ground up
FILES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
HEAVY = frozenset(
    """
    IPython accelerate bitsandbytes bm25s datasets evaluate faiss fastapi gradio gguf huggingface_hub matplotlib mcp
    openai opentelemetry pandas peft prometheus_client psycopg pyarrow qdrant_client qdrant_edge ray scipy
    sentence_transformers sklearn starlette streamlit tokenizers torch transformers trl uvicorn xllamacpp
    """.split()
)
STREAMLIT_PAGES = (  # run by Streamlit alone, or by who serves the page
    "ui/web/app.py",
    "ui/web/components/cards.py",
    "ui/web/components/command.py",
    "ui/web/components/copy_button.py",
    "ui/web/components/offers.py",
    "ui/web/serve.py",
    "ui/web/streamlit_server.py",
    "ui/web/components/replies.py",
    "ui/web/views/browse.py",
    "ui/web/views/chat.py",
    "ui/web/views/compare.py",
    "ui/web/views/describe.py",
    "ui/web/views/evaluation.py",
    "ui/web/views/figures.py",
    "ui/web/views/model.py",
    "ui/web/views/samples.py",
    "ui/web/views/settings.py",
    "ui/web/views/start.py",
    "ui/web/views/training.py",
    "ui/web/components/turns.py",
    "ui/web/components/votes.py",
)


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the full names of all imported modules, those inside functions too, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides which floor it leads to"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            assert node.args, f"line {node.lineno}: an import by a name that nobody can read"
            assert isinstance(node.args[0], ast.Constant), f"line {node.lineno}: an import by a computed name"
            yield str(node.args[0].value), node.lineno


def upward(path: Path, text: str) -> list[str]:
    """Give the imports of a file that lead to a floor above its own, or out of the house."""
    own = FLOORS.index(path.relative_to(ROOT).parts[0])
    above = {*FLOORS[own + 1 :], "tests", "benchmarks"}
    return [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for name, line in imported(ast.parse(text))
        if name.split(".")[0] in above
    ]


def at_module_level(tree: ast.Module) -> Iterator[str]:
    """Yield the top names of modules imported when the file is, so not in functions and not for type checkers."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (name.split(".")[0] for name, _ in imported(node))
        waiting += ast.iter_child_nodes(node)


def test_every_floor_is_read() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(FLOORS)
    assert len(FILES) > 40


def test_no_import_runs_up() -> None:
    assert [arrow for path in FILES for arrow in upward(path, path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "text",
    [
        "import assistant.assistant",
        "def f():\n    from ui.cli import main",
        "def f():\n    import finetune as f",
        "if True:\n    import importlib\n    importlib.import_module('assistant.assistant')",
        "import tests.small_shop",
    ],
)
def test_an_import_that_runs_up_would_be_seen(text: str) -> None:
    assert len(upward(ROOT / "index" / "products.py", text)) == 1


def test_the_floors_below_may_be_imported() -> None:
    assert (
        upward(ROOT / "ui" / "cli.py", "import index.errors, assistant.assistant\ndef f():\n    import finetune") == []
    )


def test_no_file_of_the_page_hides_a_package() -> None:
    # Streamlit puts ui/web/ first on sys.path: `ui/web/index.py` would be found as `index`.
    for name in (*FLOORS, "streamlit"):
        assert not (ROOT / "ui" / "web" / f"{name}.py").exists()
        assert not (ROOT / "ui" / "web" / name).exists()


def arrows() -> dict[str, set[str]]:
    """Give the modules of the house, each with those that it imports, for type checkers too."""
    modules = {name_of(path): path for path in FILES}
    found = {}
    for module, path in modules.items():
        names = {name for name, _ in imported(ast.parse(path.read_text(encoding="utf-8")))}
        found[module] = {other for name in names for other in (name, name.rpartition(".")[0]) if other in modules}
        found[module] -= {module}
    return found


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """Give the modules that take part in a circle, or import one that does: what is left when no more leaves fall."""
    left = dict(arrows)
    while leaves := [module for module, needs in left.items() if not needs & left.keys()]:
        for module in leaves:
            del left[module]
    return sorted(left)


def test_no_imports_go_in_a_circle() -> None:
    assert circles(arrows()) == []


def test_a_circle_would_be_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]


def test_no_folder_holds_more_modules_than_a_reader_takes_in() -> None:
    folders = Counter(path.parent for path in FILES if path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > MOST_MODULES} == {}


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def test_no_function_is_too_long_to_be_read_at_once() -> None:
    long = [name for path in FILES for name, each in functions(path) if (each.end_lineno or 0) - each.lineno >= 60]
    assert long == []


def test_no_function_takes_more_than_six_arguments() -> None:
    def count(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        names = [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
        return len([name for name in names if name not in ("self", "cls")])

    wide = [name for path in FILES for name, each in functions(path) if count(each) > 6 and each.name != "__init__"]
    assert wide == []


def test_no_module_is_a_drawer_for_everything() -> None:
    names = {"utils", "util", "common", "helpers", "misc"}
    assert [path for path in FILES if {*path.relative_to(ROOT).with_suffix("").parts} & names] == []


def test_nothing_is_pickled() -> None:
    picklers = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not {name.split(".")[0] for name, _ in imported(tree)} & picklers, path


def test_no_call_loads_pickles_or_code_of_others() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert ast.unparse(node.func) not in ("torch.load", "torch.save", "eval", "exec"), place
            for keyword in node.keywords:
                off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                assert keyword.arg not in ("trust_remote_code", "allow_pickle") or off, place


def test_libraries_that_are_slow_to_load_wait_inside_functions() -> None:
    allowed = {
        "index/catalogue/writer.py": {"pyarrow"},  # itself imported only by the function that prepares
        "index/parallel/cluster.py": {"ray"},  # itself imported only where a cluster is asked for
        "finetune/training/trainer.py": {"torch", "transformers", "trl"},  # by the function that trains
        "finetune/training/callbacks.py": {"transformers"},
        **{key: {"streamlit"} for key in STREAMLIT_PAGES},
        "ui/api/server.py": {"fastapi"},  # by the command that serves
        "ui/api/access.py": {"fastapi", "starlette"},
        "ui/api/connections.py": {"starlette", "uvicorn"},  # by the commands that serve
        "ui/api/routes.py": {"fastapi"},
        "ui/api/talk_routes.py": {"fastapi"},
        "ui/api/widget.py": {"fastapi"},
        "assistant/backends/bounded.py": {"openai"},  # by the function that opens a client
        "ui/api/errors.py": {"fastapi", "starlette"},
        "ui/api/workers.py": {"starlette"},
        "ui/api/lookups.py": {"starlette"},
        "ui/api/sse.py": {"starlette"},
        "ui/mcp/server.py": {"mcp", "starlette"},
        "ui/mcp/tools.py": {"mcp"},
        "ui/api/metrics.py": {"prometheus_client"},
        "ui/api/observed.py": {"opentelemetry", "starlette"},
        "assistant/evaluation/metrics.py": {"datasets", "evaluate"},  # by the function that measures
    }
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        loaded = set(at_module_level(ast.parse(path.read_text(encoding="utf-8"))))
        assert loaded & HEAVY <= allowed.get(name, set()), name


def test_help_loads_no_slow_library() -> None:
    program = (
        "import sys, ui.cli\n"
        "try: ui.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        f"slow = sorted({{*{sorted(HEAVY)!r}, 'numpy', 'tqdm', 'httpx2', 'psutil'}} & set(sys.modules))\n"
        "print(slow, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", [path.relative_to(ROOT).as_posix() for path in FILES])
def test_a_module_says_what_it_is(name: str) -> None:
    assert ast.get_docstring(ast.parse((ROOT / name).read_text(encoding="utf-8")))


def test_the_wheel_holds_every_file_of_the_house_and_no_other() -> None:
    from hatchling.builders.wheel import WheelBuilder

    builder = WheelBuilder(str(ROOT))
    packaged = {Path(file.distribution_path).as_posix() for file in builder.recurse_included_files()}
    kept = {
        path.relative_to(ROOT).as_posix()
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packaged == kept
    assert [Path(place).as_posix() for place in builder.config.shared_data.values()] == ["share/man/man1/titlewise.1"]

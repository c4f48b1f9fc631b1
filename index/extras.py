"""What a plain installation leaves out, and the extra that brings it: `pip install 'titlewise[train]'`.

require("train")
"""

from importlib.util import find_spec
from typing import Literal

from index.errors import UserError

Extra = Literal[
    "transformers", "evaluate", "train", "judge", "ui", "server", "mcp", "postgres", "otel", "qdrant", "cluster"
]

_TRANSFORMERS = ("accelerate", "bitsandbytes", "jinja2", "peft", "sentence-transformers", "torch", "transformers")
_TRAIN = (*_TRANSFORMERS, "datasets", "matplotlib", "scikit-learn", "scipy", "tomli-w", "trl")
_SERVER = ("fastapi", "prometheus-client", "starlette", "uvicorn")
EXTRAS: dict[Extra, tuple[str, ...]] = {  # by their names at the index; as pyproject.toml has them
    "transformers": _TRANSFORMERS,
    "evaluate": ("datasets", "evaluate", "jinja2", "rouge-score", "sacrebleu", "scikit-learn"),
    "train": _TRAIN,
    "judge": (*_TRAIN, "onnx"),
    "ui": ("jinja2", "streamlit"),
    "server": _SERVER,
    "mcp": (*_SERVER, "mcp"),
    "postgres": ("psycopg",),
    "otel": ("opentelemetry-exporter-otlp-proto-http", "opentelemetry-sdk"),
    "qdrant": ("qdrant-client", "qdrant-edge-py"),
    "cluster": ("ray",),
}
_MODULES = {  # whose names are not those of their packages
    "opentelemetry-exporter-otlp-proto-http": "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry-sdk": "opentelemetry.sdk",
    "qdrant-edge-py": "qdrant_edge",
    "scikit-learn": "sklearn",
}


def require(extra: Extra) -> None:
    """Raise `UserError` unless all packages of an extra are installed; nothing is imported."""
    if absent := missing(extra):
        raise UserError(
            f"{', '.join(absent)} cannot be imported", f"what the extra {extra} brings", install_command(extra)
        )


def missing(extra: Extra) -> list[str]:
    """Return the packages of an extra that are not installed."""
    return [name for name in EXTRAS[extra] if not _is_there(module_of(name))]


def module_of(package: str) -> str:
    """Return the name by which a package is imported."""
    return _MODULES.get(package, package.replace("-", "_"))


def _is_there(module: str) -> bool:
    """Return whether a module can be imported, and first those that it lies in, which looking for it imports."""
    above = module.rpartition(".")[0]
    return (not above or _is_there(above)) and find_spec(module) is not None


def install_command(extra: Extra) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'titlewise[{extra}]'"

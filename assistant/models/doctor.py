"""What this machine can run and what is missing, with the command that mends it.

Looks and measures only; nothing is loaded, fetched or changed.

    for finding in examine(Path("artifacts")):
        print(finding.state, finding.name, finding.detail, finding.mend)
"""

import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from assistant.backends.hf_loading import BF16_CAPABILITY
from assistant.models.adapters import SHIPPED, SHIPPED_NAME, check_base, check_prompts, read_adapter
from assistant.models.named import EMBEDDED, MODELS, Entry, entries, models_folder
from index.artefacts import MAKER, open_verified, read_manifest
from index.errors import UserError
from index.extras import EXTRAS, Extra, install_command, missing

State = Literal["ok", "warning", "missing"]

OLDEST_PYTHON = (3, 11)
PACKAGES = ("xllamacpp", "onnxruntime", "faiss-cpu", "pyarrow")  # that asking stands on
CPU_FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "neon")
ROOM_BYTES = 2_000_000_000  # free disk for a large catalogue, its index and the embedded model


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `mend` is the command that helps, or empty."""

    name: str
    state: State
    detail: str
    mend: str = ""


@dataclass(frozen=True)
class Gpu:
    """One GPU as its driver describes it."""

    name: str
    memory_bytes: int
    capability: float


def examine(home: Path) -> list[Finding]:
    """Look at the machine, the packages, the models and the artefacts in `home`."""
    gpus = _gpus()
    return [
        _python(),
        *_packages(),
        *map(_extra, EXTRAS),
        _processor(),
        _memory(),
        _disk(home),
        _graphics(gpus),
        *_models(gpus),
        *_artefacts(home),
        _shipped(),
        *_adapters(home),
    ]


def _python() -> Finding:
    found = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", "missing", f"{found} is too old", "install Python 3.11 or newer")
    return Finding("Python", "ok", f"{found} on {platform.system()} {platform.machine()}")


def _packages() -> list[Finding]:
    findings = []
    for package in PACKAGES:
        try:
            findings.append(Finding(package, "ok", version(package)))
        except PackageNotFoundError:
            findings.append(Finding(package, "missing", "not installed", f"{sys.executable} -m pip install titlewise"))
    if sys.platform == "linux" and ctypes.util.find_library("gomp") is None:
        findings.append(Finding("libgomp", "missing", "llama.cpp needs the OpenMP library", "apt-get install libgomp1"))
    return findings


def _extra(extra: Extra) -> Finding:
    name = f"extra {extra}"
    if absent := missing(extra):
        return Finding(name, "ok", f"not installed: lacks {', '.join(absent)}", install_command(extra))
    return Finding(name, "ok", ", ".join(f"{package} {version(package)}" for package in EXTRAS[extra]))


def _processor() -> Finding:
    features = [name for name in CPU_FEATURES if name in cpu_flags()]
    detail = f"{os.cpu_count()} cores; {', '.join(features) or 'no vector instructions known'}"
    if platform.machine().lower() in ("x86_64", "amd64") and "avx2" not in features:
        return Finding("processor", "warning", f"{detail}; without AVX2 replies take very long", "use a remote server")
    return Finding("processor", "ok", detail)


def cpu_flags() -> frozenset[str]:
    """Return the processor's features in the spelling of Linux; empty where they cannot be read."""
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        rows = (line.partition(":") for line in lines)
        return frozenset(
            flag for name, _, flags in rows if name.strip() in ("flags", "Features") for flag in flags.split()
        )
    if sys.platform == "darwin":
        printed = _run(["sysctl", "-a"])
        names = (
            line.partition(":")[0]
            for line in printed.splitlines()
            if line.startswith("hw.optional") and line.endswith("1")
        )
        return frozenset(name.rpartition(".")[2].lower().removesuffix("_0") for name in names)
    return frozenset()


def _memory() -> Finding:
    import psutil

    memory = psutil.virtual_memory()
    detail = f"{_size(memory.available)} free of {_size(memory.total)}"
    if memory.available < MODELS[EMBEDDED].memory_bytes:
        return Finding("memory", "warning", detail, "close other programs, or use a remote server")
    return Finding("memory", "ok", detail)


def _disk(home: Path) -> Finding:
    free_bytes = min(shutil.disk_usage(_existing(folder)).free for folder in (home, models_folder()))
    detail = f"{_size(free_bytes)} free"
    if free_bytes < ROOM_BYTES:
        return Finding(
            "disk", "warning", detail, "titlewise --home DIR on a larger disk, and export TITLEWISE_MODELS=DIR"
        )
    return Finding("disk", "ok", detail)


def _existing(folder: Path) -> Path:
    """Return the nearest folder above, or itself, that exists."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())


def _graphics(gpus: list[Gpu]) -> Finding:
    if not gpus:
        return Finding("GPU", "ok", "none; llama.cpp runs on the processor")
    detail = "; ".join(
        f"{gpu.name}, {_size(gpu.memory_bytes)}, compute {gpu.capability}, "
        f"{'bf16' if gpu.capability >= BF16_CAPABILITY else 'fp16, no bf16'}"
        for gpu in gpus
    )
    # The suffix tells a build for the processor alone without importing torch, which takes seconds.
    if _torch_build().endswith("+cpu"):
        return Finding(
            "GPU", "warning", f"{detail}; the installed torch cannot use it", "pip install --force-reinstall torch"
        )
    return Finding("GPU", "ok", detail)


def _torch_build() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""


def _gpus() -> list[Gpu]:
    printed = _run(["nvidia-smi", "--query-gpu=name,memory.total,compute_cap", "--format=csv,noheader,nounits"])
    rows = [line.rsplit(", ", 2) for line in printed.splitlines()]
    return [Gpu(row[0], int(row[1]) << 20, float(row[2])) for row in rows if len(row) == 3]


def _run(command: list[str]) -> str:
    """Return what a program prints, or nothing where it is not there or fails."""
    path = shutil.which(command[0])
    if path is None:
        return ""
    done = subprocess.run([path, *command[1:]], capture_output=True, text=True, timeout=10, check=False)
    return done.stdout if done.returncode == 0 else ""


def _models(gpus: list[Gpu]) -> list[Finding]:
    import psutil

    memory_bytes = max([psutil.virtual_memory().available, *(gpu.memory_bytes for gpu in gpus)])
    return [_model(entry, memory_bytes) for entry in entries()]


def _model(entry: Entry, memory_bytes: int) -> Finding:
    model, name = entry.model, f"model {entry.model.name}"
    about = f"{_size(model.size_bytes)}, {model.licence}"
    if memory_bytes < model.memory_bytes:
        return Finding(name, "warning", f"{about}; needs {_size(model.memory_bytes)} of memory", "use a smaller model")
    fetch = f"titlewise models fetch {model.name}"
    if entry.place is None:
        # The large ones are a choice; without the embedded one nothing answers.
        return Finding(name, "missing" if model.name == EMBEDDED else "ok", f"{about}; runs here, not fetched", fetch)
    return _verified(name, _folder_of(entry.place), "model", f"{about}; {entry.place}", fetch)


def _folder_of(place: Path) -> Path:
    """Return the artefact's folder of a model's place, which may be a file in it."""
    return place.parent if place.is_file() else place


def _artefacts(home: Path) -> list[Finding]:
    findings = [_verified(kind, home / kind, kind, str(home / kind), MAKER[kind]) for kind in ("catalogue", "index")]
    if all(finding.state == "ok" for finding in findings):
        made_from = read_manifest(home / "index", "index").made_from
        if made_from != read_manifest(home / "catalogue", "catalogue").digest:
            findings[1] = Finding("index", "warning", "was made from another catalogue", MAKER["index"])
    return findings


def _shipped() -> Finding:
    """Return who answers where no adapter is named."""
    if not SHIPPED.is_dir():
        return Finding("adapter", "ok", "none is shipped; the base model answers, unless --adapter names one")
    place = next(entry.place for entry in entries() if entry.model.name == EMBEDDED)
    try:
        adapter = read_adapter(SHIPPED, SHIPPED_NAME)
        check_prompts(adapter)
        if place is not None:
            check_base(adapter, place)
    except UserError as exc:
        return Finding("adapter", "missing", exc.happened, f"{exc.mend}; until then --base")
    return Finding("adapter", "ok", f"the shipped one answers with {EMBEDDED}; --base turns it off")


def _adapters(home: Path) -> list[Finding]:
    folders = sorted(path for path in (home / "adapters").glob("[!.]*") if path.is_dir())
    return [_adapter(folder) for folder in folders]


def _adapter(folder: Path) -> Finding:
    name = f"adapter {folder.name}"
    try:
        adapter = read_adapter(folder, folder.name)
        check_prompts(adapter)
    except UserError as exc:
        return Finding(name, "missing", exc.happened, exc.mend)
    about = f"for {adapter.made_by['base']}; {folder}"
    if adapter.gguf is None:
        return Finding(name, "ok", f"{about}; not yet for llama.cpp", f"titlewise export {folder.name}")
    return Finding(name, "ok", about)


def _verified(name: str, folder: Path, kind: str, detail: str, mend: str) -> Finding:
    if not folder.exists():
        return Finding(name, "missing", f"none in {folder}", mend)
    try:
        open_verified(folder, kind, lambda *_: None)
    except UserError as exc:
        return Finding(name, "missing", exc.happened, mend)
    return Finding(name, "ok", detail)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"

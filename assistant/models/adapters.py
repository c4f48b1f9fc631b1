"""Adapters: LoRA weights and the prompts they were trained with, opened only where they fit.

An adapter is an artefact that `finetune` makes. Its manifest says which model it was
trained on and with which prompts; one that does not fit the model or the prompts at
hand would answer badly without a word, so it is refused. Loading the weights is the
backend's part.

    adapter = open_adapter("embedded", home, find("smollm2-135m"))
    backend = LlamaCpp(find("smollm2-135m"), [adapter])
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from assistant.grounding.calibration import CALIBRATION, Calibration, read_calibration
from assistant.prompt import AnswerFormat, DescribeFormat, PromptFormat, Shows
from index.artefacts import MAKER, Manifest, open_verified, parse_json, sha256_of
from index.errors import ArtefactError, UserError

SHIPPED = Path(__file__).parents[1] / "adapter"  # for the embedded model; a source tree may be without it
SHIPPED_NAME = "shipped"
WEIGHTS = "adapter_model.safetensors"
GGUF = "adapter.gguf"
_PIECE_BYTES = 4096
_MOST_HEADER_BYTES = 100_000_000  # as the library itself has it
_SHOWN = 12  # hexadecimal digits of a digest, in faults


@dataclass(frozen=True)
class Adapter:
    """A verified adapter; `gguf` is what llama.cpp loads, None before `titlewise export`.

    `digest` identifies its exact content.
    """

    name: str
    folder: Path
    gguf: Path | None
    base_digest: str
    prompt_format: PromptFormat
    made_by: dict[str, Any]
    digest: str = ""
    calibration: Calibration | None = None  # how far its first word is trusted; an adapter may be without


def open_adapter(name_or_path: str, home: Path, model_place: Path | None) -> Adapter:
    """Verify an adapter and that it fits: the model, today's prompts, and that it changes something at all.

    A name is that of a folder in `home/adapters`, or "shipped"; everything else is a path.
    `model_place` is as `find` gives it; None where the model is a server's, out of reach.

    Raises `ArtefactError` where it is damaged or does not fit, `UserError` for no such name.
    """
    name, folder = place_of_adapter(name_or_path, home)
    adapter = read_adapter(folder, name)
    if model_place is not None:
        check_base(adapter, model_place)
    check_prompts(adapter)
    if not _changes_something(adapter):
        raise ArtefactError(
            f"the adapter {name} in {folder} changes nothing: all its lora_B are zero",
            "an adapter that was trained",
            MAKER["adapter"],
        )
    return adapter


def read_adapter(folder: Path, name: str) -> Adapter:
    """Verify the files of an adapter and read what its manifest says, whatever model it is for.

    Raises `ArtefactError` where it is missing, damaged, or says too little of itself.
    """
    try:
        return open_verified(folder, "adapter", lambda place, manifest: _read(place, manifest, name))
    except ArtefactError as exc:
        if folder != SHIPPED:
            raise
        raise ArtefactError(exc.happened, exc.expected, "pip install --force-reinstall --no-deps titlewise") from exc


def check_base(adapter: Adapter, model_place: Path) -> None:
    """Raise `ArtefactError` unless the adapter was trained on the model in this place."""
    found = digest_of_model(model_place)
    if found != adapter.base_digest:
        base = adapter.made_by["base"]
        raise ArtefactError(
            f"the adapter {adapter.name} was trained on {base} ({adapter.base_digest[:_SHOWN]}), "
            f"and this is {model_place} ({found[:_SHOWN]})",
            "the very weights that it was trained on",
            f"--model {base}, or titlewise finetune a recipe for this model",
        )


def check_prompts(adapter: Adapter) -> None:
    """Raise `ArtefactError` unless the prompts are still those that the adapter was trained with."""
    trained_with, today = adapter.made_by["prompt_digest"], adapter.prompt_format.digest()
    if trained_with != today:
        raise ArtefactError(
            f"the adapter {adapter.name} was taught with other prompts ({trained_with[:_SHOWN]}) "
            f"by titlewise {adapter.made_by.get('titlewise', 'of another version')}",
            f"those of today ({today[:_SHOWN]})",
            f"{MAKER['adapter']}, to teach it anew",
        )


def digest_of_model(place: Path) -> str:
    """Identify a model's weights, in hexadecimal.

    A `.gguf` file by its SHA-256 (0.1 s for the embedded model); a transformers folder by
    its configuration, each safetensors file's name, size and header, and some bytes out of the middle
    of every tensor, not by gigabytes.
    """
    if place.suffix == ".gguf":
        return sha256_of(place)
    digest = hashlib.sha256((place / "config.json").read_bytes())
    for path in sorted(place.glob("*.safetensors")):
        digest.update(f"\n{path.name} {path.stat().st_size}\n".encode())
        try:
            header = _header_of(path)
            digest.update(header)
            for piece in _pieces_of(path, header):
                digest.update(piece)
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ArtefactError(f"{path} is damaged", "a safetensors file", "copy the model anew") from exc
    return digest.hexdigest()


def place_of_adapter(name_or_path: str, home: Path) -> tuple[str, Path]:
    """Return an adapter's name and folder; raises `UserError` for no such name."""
    if name_or_path == SHIPPED_NAME:
        return SHIPPED_NAME, SHIPPED
    adapters = home / "adapters"
    plain = Path(name_or_path).name == name_or_path and not name_or_path.startswith(".")
    for folder in [adapters / name_or_path] * plain + [Path(name_or_path)]:
        if folder.is_dir():
            return folder.resolve().name, folder
    known = sorted(path.name for path in adapters.glob("[!.]*") if path.is_dir())
    raise UserError(
        f"there is no adapter {name_or_path} in {adapters}",
        f"one of {', '.join(known)}, or the path of an adapter" if known else "the name or the path of an adapter",
        MAKER["adapter"],
    )


def _read(folder: Path, manifest: Manifest, name: str) -> Adapter:
    made_by = manifest.made_by
    prompt_format = made_by.get("prompt_format")
    whole = (
        all(isinstance(made_by.get(key), str) for key in ("base", "base_digest", "prompt_digest"))
        and isinstance(prompt_format, dict)
        and prompt_format.get("answer") in get_args(AnswerFormat)
        and prompt_format.get("describe") in get_args(DescribeFormat)
        and prompt_format.get("shows", PromptFormat.shows) in get_args(Shows)
        and bool({WEIGHTS, GGUF} & set(manifest.files))
    )
    if not isinstance(prompt_format, dict) or not whole:
        raise ArtefactError(
            f"the adapter in {folder} does not say what it was made from, or has no weights",
            "a manifest with base, base_digest, prompt_format and prompt_digest, and the weights",
            MAKER["adapter"],
        )
    return Adapter(
        name=name,
        folder=folder,
        gguf=folder / GGUF if GGUF in manifest.files else None,
        base_digest=made_by["base_digest"],
        prompt_format=PromptFormat(
            prompt_format["answer"], prompt_format["describe"], prompt_format.get("shows", PromptFormat.shows)
        ),
        made_by=made_by,
        digest=manifest.digest,
        calibration=read_calibration(folder) if CALIBRATION in manifest.files else None,
    )


def _changes_something(adapter: Adapter) -> bool:
    """Return whether some lora_B is not all zero: they begin as zeros, and their product with lora_A is added."""
    path = adapter.folder / WEIGHTS
    if path.is_file():
        return _any_weight(path, "lora_B")
    import numpy
    from gguf import GGUFReader

    reader = GGUFReader(adapter.folder / GGUF)
    return any(numpy.any(tensor.data) for tensor in reader.tensors if tensor.name.endswith("lora_b"))


def _any_weight(path: Path, part: str) -> bool:
    """Return whether a safetensors file holds a number other than zero in the tensors named after `part`."""
    from safetensors import SafetensorError, deserialize

    try:
        tensors = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    except SafetensorError as exc:
        raise ArtefactError(f"{path} is damaged", "a safetensors file", MAKER["adapter"]) from exc
    return any(_any_nonzero(tensor["data"], math.prod(tensor["shape"])) for name, tensor in tensors if part in name)


def _any_nonzero(data: bytes, count: int) -> bool:
    """Return whether some of `count` little-endian floats is not zero; NumPy knows no bfloat16."""
    size = len(data) // max(1, count)
    # The last byte holds the sign: minus zero is zero too.
    return bool(data) and (
        bool(data[size - 1 :: size].strip(b"\x00\x80"))
        or any(data[place::size].strip(b"\x00") for place in range(size - 1))
    )


def _pieces_of(path: Path, header: bytes) -> Iterator[bytes]:
    """Yield up to `_PIECE_BYTES` out of the middle of each tensor of a safetensors file, by the tensors' names."""
    begins = 8 + len(header)
    tensors = sorted(
        (name, each["data_offsets"]) for name, each in parse_json(header).items() if name != "__metadata__"
    )
    with path.open("rb") as file:
        for _, (first, last) in tensors:
            if not 0 <= first <= last:
                raise ValueError("a tensor that ends before it begins")
            file.seek(begins + max(first, (first + last - _PIECE_BYTES) // 2))
            yield file.read(min(_PIECE_BYTES, last - first))


def _header_of(path: Path) -> bytes:
    """Return the JSON header of a safetensors file, whose length stands in its first eight bytes.

    Raises `ValueError` where the file is no such file.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length < min(path.stat().st_size, _MOST_HEADER_BYTES) else b""
    if not header.startswith(b"{"):
        raise ValueError("no header")
    return header

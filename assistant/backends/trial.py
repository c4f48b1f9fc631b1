"""Trying a model in a process of its own, before this one loads it.

A file can make llama.cpp end the process that reads it, and a chat template need not end, or may take all memory.
A model named here is known to the byte, and not tried. Nothing else about a model is judged: what the trial says of
it, loading it says again.

    try_out(place, [adapter_folder], "llamacpp")
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from assistant.backends.base import BackendError, SamplingParams
from assistant.messages import Message
from assistant.models.adapters import SHIPPED, open_adapter
from assistant.models.named import is_pinned
from index.errors import UserError

Runner = Literal["llamacpp", "transformers", "unpacked"]  # the last: transformers, the weights of a GGUF file too

LIMIT_S = 60.0
UNPACKING_LIMIT_S = 180.0  # with torch, which a busy machine is long in importing
BYTES_A_SECOND = 50_000_000  # of the model, that are given more time
MEMORY_BYTES = 4_000_000_000  # beside the model itself
UNPACKED = 8  # times as much is a GGUF file's model, and that much longer it takes
REFUSED = 3  # exit code where the model is refused in so many words
TALK = (Message("user", "Is it loud?"), Message("assistant", "No."), Message("user", "How heavy is it?"))


def try_out(place: Path, adapters: Sequence[Path], runner: Runner, *, limit_s: float = LIMIT_S) -> str:
    """Load a model with adapters in these folders in another process, and have it read a talk, unless all are known.

    Returns why it was refused in so many words, "" where it was not.
    Raises `BackendError` where that process ends in another way than by itself, or not in time.
    """
    if is_pinned(place) and all(folder == SHIPPED for folder in adapters):
        return ""
    size_bytes = place.stat().st_size if place.is_file() else 0  # of a folder only the tokenizer is loaded
    size_bytes *= UNPACKED if runner == "unpacked" else 1
    command = [sys.executable, "-m", "assistant.backends.trial", str(MEMORY_BYTES + 2 * size_bytes), runner, str(place)]
    try:
        done = subprocess.run(
            [*command, *map(str, adapters)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit_s + size_bytes / BYTES_A_SECOND,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise _failed(place, adapters, f"had not loaded and read a line after {exc.timeout:.0f} s") from exc
    if done.returncode < 0:
        raise _failed(place, adapters, f"ended the process that tried it (signal {-done.returncode})")
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    last = lines[-1][:160] if lines else str(done.returncode)
    if done.returncode not in (0, REFUSED):
        raise _failed(place, adapters, f"could not be tried ({last})")
    return last if done.returncode == REFUSED else ""


def try_weights(place: Path) -> None:
    """Try a model whose weights this process is to load with transformers, for training or exporting.

    What that makes of a senseless GGUF file need not end, or is an error that nobody foresaw: both engines try it.
    Raises `BackendError` where one does not.
    """
    if place.suffix != ".gguf":
        try_out(place, (), "transformers", limit_s=UNPACKING_LIMIT_S)
    elif refusal := try_out(place, (), "llamacpp") or try_out(place, (), "unpacked", limit_s=UNPACKING_LIMIT_S):
        raise _failed(place, (), f"is refused ({refusal})")


def main(arguments: Sequence[str]) -> int:
    """Try a model in this process, within so many bytes of memory, and return the exit code."""
    memory_bytes, runner, place, *adapters = arguments
    os.environ["GGML_NO_BACKTRACE"] = "1"  # which takes six seconds
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (int(memory_bytes), int(memory_bytes)))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        if runner == "llamacpp":
            _answer(Path(place), adapters)
        elif runner == "unpacked":
            _unpack(Path(place))
        else:
            _read(Path(place))
    except UserError as error:
        print(str(error).replace("\n", " "), file=sys.stderr)
        return REFUSED
    return 0


def _answer(place: Path, adapters: Sequence[str]) -> None:
    """Have llama.cpp write one token with each adapter."""
    from assistant.backends.llamacpp import LlamaCpp

    opened = [open_adapter(str(Path(folder).absolute()), Path(), place) for folder in adapters]
    backend = LlamaCpp(place, opened)
    for name in ("", *(adapter.name for adapter in opened)):
        for _ in backend.stream(TALK, SamplingParams(max_new_tokens=1), adapter=name):
            pass
    backend.close()


def _read(place: Path) -> None:
    """Have transformers put a talk into the model's template, without its weights."""
    from assistant.backends.hf_loading import library, loading_place, prompt_ids, quiet

    folder, local = loading_place(place)
    try:
        with quiet():
            tokenizer = library().AutoTokenizer.from_pretrained(folder, **local)
    except (OSError, ValueError, ImportError, RuntimeError, KeyError):
        return  # loading it says so
    if tokenizer.chat_template:
        prompt_ids(tokenizer, TALK)


def _unpack(place: Path) -> None:
    """Have transformers load a model, and put a talk into its template."""
    from assistant.backends.hf_loading import load_model, prompt_ids

    _, tokenizer = load_model(place, "bf16", "cpu")
    prompt_ids(tokenizer, TALK)


def _failed(place: Path, adapters: Sequence[Path], how: str) -> BackendError:
    names = " with ".join(map(str, [place, *adapters]))
    return BackendError(f"{names} {how}", "a model that loads and answers", "use another model: titlewise models list")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

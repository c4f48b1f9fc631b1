"""Artefacts: folders with a manifest, published in one step and verified on loading.

An artefact is a folder whose `manifest.json` lists every file with its size and
SHA-256, what made it and the digest of the artefact it was made from. `publish`
writes it beside its place and swaps it in; `open_verified` refuses one that is
damaged. What the files mean is not known here.

    with publish(home / "index", kind="index", made_by={"seed": 7}, made_from=digest) as folder:
        (folder / "titles.txt").write_text("…")
"""

import contextlib
import ctypes
import fcntl
import glob
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from index.errors import ArtefactError, UserError

# Raised when files change meaning.
FORMATS = {"catalogue": 1, "changes": 1, "index": 4, "model": 1, "adapter": 1, "judge": 1, "report": 1}
ABANDONED_AFTER_S = 60.0
MOST_JSON_BYTES = 1 << 24  # of a file that only describes others; ours have kilobytes
WRITER_WAIT_S = 10.0  # for another writer; one product takes a second or two, a full build minutes
WRITER_POLL_S = 0.02
MANIFEST = "manifest.json"
MAKER = {
    "catalogue": "titlewise prepare SOURCE",
    "changes": "titlewise prepare SOURCE, then titlewise index and titlewise upsert FILE",
    "index": "titlewise index",
    "model": "titlewise models fetch",
    "adapter": "titlewise finetune RECIPE",
    "judge": "titlewise finetune judge",
    "report": "titlewise evaluate answers",
}

T = TypeVar("T")


class BusyError(ArtefactError):
    """Another process is changing the same artefacts."""


@dataclass(frozen=True)
class Manifest:
    """What an artefact says of itself; `digest` identifies its exact content."""

    kind: str
    made_by: dict[str, Any]
    made_from: str
    files: dict[str, dict[str, Any]]
    digest: str


def default_home() -> Path:
    """Return `$TITLEWISE_HOME`, else `./artifacts`."""
    return Path(os.environ.get("TITLEWISE_HOME") or "artifacts")


@contextlib.contextmanager
def publish(folder: Path, *, kind: str, made_by: dict[str, Any], made_from: str = "") -> Iterator[Path]:
    """Yield a scratch folder to fill; at a clean end, swap it in as `folder`, whole.

    On an exception the scratch folder goes and `folder` stays as it was. `made_by`
    may still be added to while the folder is filled.

    Raises `ArtefactError` where `folder` holds something else, or cannot be written.
    """
    try:
        folder = folder.resolve()  # a link stays a link; what it leads to is replaced
    except RuntimeError as exc:
        raise ArtefactError(f"{folder} leads to itself", "a folder", "choose another folder") from exc
    if folder.exists() and not may_replace(folder, kind):
        raise ArtefactError(
            f"{folder} exists and is no {kind} of ours",
            f"an empty or new folder for the {kind}",
            "choose another folder",
        )
    with contextlib.ExitStack() as stack:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(scratch_beside(folder))
        except OSError as exc:
            raise ArtefactError(
                f"{folder.parent} cannot be written to ({exc.strerror})", "a folder of yours", "choose another folder"
            ) from exc
        yield scratch
        _write_manifest(scratch, kind=kind, made_by=made_by, made_from=made_from)
        scratch.chmod(0o755)
        swap_in(scratch, folder)


@contextlib.contextmanager
def scratch_beside(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside another; it goes at the end, and where the process is killed, with the next one."""
    _remove_abandoned(folder)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    lock = os.open(scratch, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # says that somebody is filling it; goes with the process
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        os.close(lock)


def open_verified(folder: Path, kind: str, load: Callable[[Path, Manifest], T]) -> T:
    """Verify every file of the artefact in `folder`, then return `load(folder, manifest)`.

    If another process publishes a new artefact meanwhile, starts over, so that what
    is loaded comes from one artefact alone.

    Whatever else than a `UserError` keeps `load` from reading verified files is in the files.

    Raises `ArtefactError` naming the file and the command that mends it.
    """
    while True:
        manifest = read_manifest(folder, kind)
        try:
            _verify(folder, manifest)
            value = load(folder, manifest)
        except Exception as exc:  # whatever half of an old and half of a new artefact makes a reader say
            if read_manifest(folder, kind).digest != manifest.digest:
                continue
            if isinstance(exc, UserError | ImportError):
                raise
            raise ArtefactError(
                f"the {kind} in {folder} is sealed but makes no sense ({_first_line(exc)})",
                "one that titlewise wrote",
                MAKER[kind],
            ) from exc
        if read_manifest(folder, kind).digest == manifest.digest:
            return value


def read_manifest(folder: Path, kind: str) -> Manifest:
    """Read a manifest without verifying the files it lists.

    Raises `ArtefactError` where it is missing, malformed, or of another kind or format.
    """
    path = folder / MANIFEST
    mend = MAKER[kind]
    if not path.is_file():
        raise ArtefactError(f"there is no {kind} in {folder}", "one with a manifest.json", mend)
    try:
        raw = _read_at_most(path, MOST_JSON_BYTES)
        data = parse_json(raw)
        body, checksum = data["artefact"], data["sha256"]
        found = (body["format"], body["kind"])
        manifest = Manifest(body["kind"], body["made_by"], body["made_from"], body["files"], checksum)
        if not _is_sound(manifest):
            raise ValueError("a manifest of another shape")
    except (ValueError, KeyError, TypeError) as exc:
        raise ArtefactError(f"{path} is damaged", "a manifest that titlewise wrote", mend) from exc
    if raw != _sealed(body):
        raise ArtefactError(f"{path} is damaged", "a manifest that matches its own SHA-256", mend)
    if found != (FORMATS[kind], kind):
        raise ArtefactError(
            f"{path} has kind {found[1]}, format {found[0]}", f"kind {kind}, format {FORMATS[kind]}", mend
        )
    return manifest


def parse_json(text: str | bytes) -> Any:
    """Return what JSON says. Raises `ValueError` where it is none, or nested more deeply than Python can read."""
    try:
        return json.loads(text)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def read_json(path: Path) -> Any:
    """Return what a JSON file that describes others says. Raises `ValueError` as `parse_json`; over 16 MiB too."""
    return parse_json(_read_at_most(path, MOST_JSON_BYTES))


def stamp_of(folder: Path) -> tuple[int, int] | None:
    """Return what changes whenever an artefact is published anew, in microseconds; None where there is none."""
    try:
        status = (folder / MANIFEST).stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


@contextlib.contextmanager
def only_writer(home: Path) -> Iterator[None]:
    """Be the only one to change the artefacts of a home; who reads them needs no leave.

    Raises `BusyError` where another writer is not done in ten seconds.
    """
    descriptor = os.open(home, os.O_RDONLY)
    try:
        until_s = time.monotonic() + WRITER_WAIT_S
        while not _locked(descriptor):
            if time.monotonic() > until_s:
                raise BusyError(
                    f"another process is changing what is in {home}", "one at a time", "the same command, later"
                )
            time.sleep(WRITER_POLL_S)
        yield
    finally:
        os.close(descriptor)  # which gives the lock back, as the end of the process does


def remove(folder: Path, kind: str) -> bool:
    """Remove an artefact of a kind in one step, and return whether there was one; anything else stays."""
    if not (folder / MANIFEST).is_file() or not may_replace(folder, kind):
        return False
    with scratch_beside(folder) as scratch:
        folder.rename(scratch / folder.name)
    return True


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_of(path: Path) -> dict[str, Any]:
    """Return the size in bytes and the SHA-256 of a file."""
    return {"size": path.stat().st_size, "sha256": sha256_of(path)}


def _sealed(body: dict[str, Any]) -> bytes:
    """Return the manifest as it is written: the body, and the SHA-256 that seals it."""
    return (json.dumps({"artefact": body, "sha256": _digest_of(body)}, indent=1, sort_keys=True) + "\n").encode()


def _digest_of(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _write_manifest(folder: Path, *, kind: str, made_by: dict[str, Any], made_from: str) -> None:
    from importlib.metadata import version  # 20 ms, which only who publishes has to wait

    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {str(path.relative_to(folder)): checksum_of(path) for path in paths}
    body = {
        "format": FORMATS[kind],
        "kind": kind,
        "made_by": {"titlewise": version("titlewise"), **made_by},
        "made_from": made_from,
        "files": files,
    }
    # The manifest seals itself too: a flipped byte in it must not pass for another recipe.
    (folder / MANIFEST).write_bytes(_sealed(body))
    for path in [*(folder / name for name in files), folder / MANIFEST, folder]:
        sync(path)


def _read_at_most(path: Path, most_bytes: int) -> bytes:
    with path.open("rb") as file:
        raw = file.read(most_bytes + 1)
    if len(raw) > most_bytes:
        raise ValueError(f"more than {most_bytes} bytes")
    return raw


def _is_sound(manifest: Manifest) -> bool:
    """Return whether a manifest has the shape of ours, and names files in its own folder alone."""
    return (
        isinstance(manifest.made_by, dict)
        and isinstance(manifest.made_from, str)
        and isinstance(manifest.files, dict)
        and bool(manifest.files)
        and all(_is_inside(name) and _is_checksum(record) for name, record in manifest.files.items())
    )


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return "\0" not in name and not path.is_absolute() and ".." not in path.parts and str(path) == name != MANIFEST


def _is_checksum(record: Any) -> bool:
    return isinstance(record, dict) and type(record.get("size")) is int and isinstance(record.get("sha256"), str)


def _first_line(exc: Exception) -> str:
    lines = str(exc).strip().splitlines()
    return f"{type(exc).__name__}: {lines[0][:160]}" if lines else type(exc).__name__


def _verify(folder: Path, manifest: Manifest) -> None:
    mend = MAKER[manifest.kind]
    if unlisted := _unlisted(folder, manifest):
        raise ArtefactError(
            f"{folder / unlisted} is not in the manifest", "the files that it lists, and no other", f"{mend}, or rm it"
        )
    for name, record in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ArtefactError(f"{path} is missing", "every file that the manifest lists", mend)
        if path.stat().st_size != record["size"]:
            raise ArtefactError(f"{path} has {path.stat().st_size} bytes", f"{record['size']} bytes", mend)
        if sha256_of(path) != record["sha256"]:
            raise ArtefactError(f"{path} is damaged", "a file that matches its SHA-256", mend)


def _unlisted(folder: Path, manifest: Manifest) -> str:
    """Return a file that lies in an artefact's folder though its manifest does not list it, "" for none.

    Hidden ones are left out: no reader opens them, and a desktop puts its own into any folder.
    """
    found = {str(path.relative_to(folder)) for path in folder.rglob("[!.]*") if not path.is_dir()}
    return min(found - manifest.files.keys() - {MANIFEST}, default="")


def may_replace(folder: Path, kind: str) -> bool:
    """Return whether nothing is lost with what is there: an empty folder, or an artefact of the same kind."""
    if not folder.is_dir():
        return False
    if not (folder / MANIFEST).is_file():
        return not any(folder.iterdir())
    raw = (folder / MANIFEST).read_bytes()
    try:
        found = parse_json(raw)["artefact"]["kind"]
    except (ValueError, KeyError, TypeError):
        # Ours, damaged? Other programs have a manifest.json too.
        return b'"artefact"' in raw[:64] or b'"titlewise"' in raw
    return bool(found == kind)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_abandoned(folder: Path) -> None:
    """Remove the scratch folders of processes that were killed: those that are old and that nobody holds."""
    for scratch in folder.parent.glob(f".{glob.escape(folder.name)}-????????"):
        with contextlib.suppress(OSError):
            descriptor = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY)
            try:
                # A clock that went wrong may have dated one in the future.
                if abs(time.time() - os.fstat(descriptor).st_mtime) > ABANDONED_AFTER_S:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(scratch, ignore_errors=True)
            finally:
                os.close(descriptor)


def swap_in(scratch: Path, folder: Path) -> None:
    """Make `scratch` appear as `folder`, in one step; what was there lands at `scratch`, to be removed."""
    if not folder.exists():
        scratch.rename(folder)
    elif not _exchange(scratch, folder):
        aside = scratch.with_name(scratch.name + "-old")
        folder.rename(aside)
        scratch.rename(folder)
        shutil.rmtree(aside)
    sync(folder.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system cannot (then two renames do)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux":
        at_cwd, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE, renameat2(2)
        return bool(libc.renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0)
    if sys.platform == "darwin":
        rename_swap = 2  # RENAME_SWAP, renamex_np(2)
        return libc.renamex_np(os.fsencode(one), os.fsencode(other), rename_swap) == 0
    return False


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def link(source: Path, place: Path) -> None:
    """Put a file in a second place without copying it, where the disk can."""
    try:
        place.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, place)

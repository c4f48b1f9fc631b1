"""A home's catalogue and index, copied to a folder elsewhere and from there into other homes, whole or not at all.

A home itself lies on a disk: its files are mapped into memory, locked, and swapped by renaming, and an object store
does none of that. Elsewhere each artefact is a folder named by its digest, which is written once and never changed, and
one small file says which of them belong together by now: who reads it gets the old ones or the new ones.

    push(home, RemotePath("s3://bucket/shop/"), progress=Progress)
    pull(home, RemotePath("s3://bucket/shop/"), progress=Progress)
"""

import json
import re
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index import artefacts
from index.artefacts import MANIFEST, Manifest, only_writer, open_verified, read_manifest, scratch_beside, swap_in, sync
from index.catalogue.changes import KIND, folder_of
from index.errors import ArtefactError, UserError
from index.live import CATALOGUE, INDEX
from index.progress import Progress
from index.remote.paths import RemotePath

POINTER = "titlewise.json"
CHANGES = folder_of(Path(CATALOGUE)).name
KINDS = {CATALOGUE: "catalogue", INDEX: "index", CHANGES: KIND}  # of artefacts, by their names in a home
_MOST_POINTER_BYTES = 1 << 12
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOLDER = re.compile(rf"({'|'.join(KINDS)})-[0-9a-f]{{64}}/?")


@dataclass(frozen=True)
class Transfer:
    """What was copied: the names of the artefacts that were not there yet, and their files' bytes together."""

    names: tuple[str, ...]
    size_bytes: int


def push(home: Path, place: RemotePath, *, progress: type[Progress]) -> Transfer:
    """Copy the catalogue of a home, its index and what was upserted and removed since to a folder elsewhere.

    What is there already is not sent again. What neither this push nor the one before it names goes.
    Raises `ArtefactError` where something is missing, damaged or does not belong together, or the titles are in a
    Qdrant of this machine's, `BusyError` as an upsert, and `UserError` where the folder cannot be written to.
    """
    read_manifest(home / CATALOGUE, "catalogue")  # or there is nothing to copy
    with ExitStack() as stack:
        scratch = stack.enter_context(scratch_beside(home / CATALOGUE))
        with only_writer(home):  # as long as it takes to link the files
            _link_all(home, scratch)
        manifests = _sealed_in(scratch)
        _check_place(scratch / INDEX, place)
        before = _pointer(place, "push") or {}
        now = {name: manifest.digest for name, manifest in manifests.items()}
        new = {name: manifest for name, manifest in manifests.items() if not _is_there(place, name, manifest.digest)}
        try:
            _send(place, scratch, new, progress)
            (place / POINTER).write_bytes(json.dumps(now, indent=1).encode())
            _remove_outdated(place, now, before)
        except OSError as exc:
            raise _not_reached(place, exc, "a folder that may be written to", "push") from exc
    return Transfer(tuple(new), sum(map(_size_of, new.values())))


def pull(home: Path, place: RemotePath, *, progress: type[Progress]) -> Transfer:
    """Make the catalogue and the index of a home those that were pushed to a folder elsewhere, changes and all.

    What the home has already is not fetched again. All is verified, then swapped in, one right after the other.
    Raises `ArtefactError` where something is missing or damaged there or the home holds something else, `BusyError` as
    an upsert, and `UserError` where the folder cannot be read.
    """
    now = _pointer(place, "pull")
    if now is None:
        happened, mend = f"{place / POINTER} is missing or damaged", f"titlewise push {place} from a whole home"
        raise ArtefactError(happened, "what titlewise push writes", mend)
    home.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        came: dict[str, Path] = {}
        size_bytes = 0
        for name, digest in now.items():
            if _digest_of(home / name, KINDS[name]) == digest:
                continue
            scratch = stack.enter_context(scratch_beside(home / name))
            size_bytes += _fetch(place, name, digest, scratch, progress)
            came[name] = scratch
        with only_writer(home):
            for name in KINDS:  # the changes last: until then they are those to another catalogue, which count no more
                if name in came:
                    came[name].chmod(0o755)
                    swap_in(came[name], home / name)
            if CHANGES not in now:
                artefacts.remove(home / CHANGES, KIND)
    return Transfer(tuple(came), size_bytes)


def _link_all(home: Path, scratch: Path) -> None:
    for name in KINDS:
        if (home / name / MANIFEST).is_file():
            hidden = shutil.ignore_patterns(".*")  # a desktop's
            shutil.copytree(home / name, scratch / name, copy_function=_link, ignore=hidden)


def _link(source: str, place: str) -> None:
    artefacts.link(Path(source), Path(place))


def _sealed_in(folder: Path) -> dict[str, Manifest]:
    """Return the verified manifests of the artefacts in a folder, those that belong together."""
    catalogue, index = (open_verified(folder / name, KINDS[name], _only_manifest) for name in (CATALOGUE, INDEX))
    if index.made_from != catalogue.digest:
        raise ArtefactError("the index was made from another catalogue", "one of this catalogue", "titlewise index")
    found = {CATALOGUE: catalogue, INDEX: index}
    if (folder / CHANGES).is_dir():
        changes = open_verified(folder / CHANGES, KIND, _only_manifest)
        if (changes.made_from, changes.made_by["index"]) == (catalogue.digest, index.digest):
            found[CHANGES] = changes
    return found


def _only_manifest(_: Path, manifest: Manifest) -> Manifest:
    return manifest


def _check_place(index: Path, place: RemotePath) -> None:
    """Raise `ArtefactError` where the titles of an index are in a folder of this machine's, which stays behind."""
    from index.titles.hybrid_retriever import BASE
    from index.titles.qdrant.segment import COLLECTION_FILE

    path = index / BASE / COLLECTION_FILE
    if path.is_file() and "://" not in (where := artefacts.read_json(path)["place"]):
        raise ArtefactError(
            f"the titles of this index are in {where}, which only this machine has",
            "an index in files, or titles on a Qdrant server",
            f"titlewise index --store local, then titlewise push {place}",
        )


def _send(place: RemotePath, folder: Path, new: Mapping[str, Manifest], progress: type[Progress]) -> None:
    """Copy artefacts elsewhere, the manifest of each last: it says that all of it is there."""
    with progress(f"sending {', '.join(new)}", sum(map(_size_of, new.values())), unit="B") as bar:
        for name, manifest in new.items():
            target = place / f"{name}-{manifest.digest}"
            for file, record in manifest.files.items():
                (target / file).send_from(folder / name / file)
                bar.update(record["size"])
            (target / MANIFEST).send_from(folder / name / MANIFEST)


def _remove_outdated(place: RemotePath, *pointers: Mapping[str, str]) -> None:
    """Remove the artefacts elsewhere that no pointer names."""
    named = {f"{name}-{digest}" for pointer in pointers for name, digest in pointer.items()}
    for folder in place.folders():
        if _FOLDER.fullmatch(folder.name) and folder.name not in named:
            folder.remove_folder()


def _pointer(place: RemotePath, verb: str) -> dict[str, str] | None:
    """Return the digests of the artefacts that belong together by now, None where nothing sound says so."""
    try:
        now = artefacts.parse_json((place / POINTER).read_bytes(_MOST_POINTER_BYTES))
    except (FileNotFoundError, ValueError):
        return None
    except OSError as exc:
        raise _not_reached(place, exc, "a folder that may be read", verb) from exc
    return dict(now) if _is_sound(now) else None


def _is_sound(now: Any) -> bool:
    return (
        isinstance(now, Mapping)
        and {CATALOGUE, INDEX} <= now.keys() <= KINDS.keys()
        and all(isinstance(digest, str) and _DIGEST.fullmatch(digest) for digest in now.values())
    )


def _is_there(place: RemotePath, name: str, digest: str) -> bool:
    try:
        return (place / f"{name}-{digest}" / MANIFEST).size_bytes() is not None
    except FileNotFoundError:
        return False
    except OSError as exc:
        raise _not_reached(place, exc, "a folder that may be written to", "push") from exc


def _fetch(place: RemotePath, name: str, digest: str, scratch: Path, progress: type[Progress]) -> int:
    """Copy an artefact into a folder, verify it, and return the bytes of its files."""
    source = place / f"{name}-{digest}"
    try:
        (source / MANIFEST).fetch_to(scratch / MANIFEST)
        manifest = read_manifest(scratch, KINDS[name])  # which names files in its own folder alone
        with progress(f"fetching {name}", _size_of(manifest), unit="B") as bar:
            for file, record in manifest.files.items():
                (scratch / file).parent.mkdir(parents=True, exist_ok=True)
                (source / file).fetch_to(scratch / file)
                bar.update(record["size"])
        found = open_verified(scratch, KINDS[name], _only_manifest).digest
    except OSError as exc:
        raise _not_reached(place, exc, "a folder that may be read", "pull") from exc
    except ArtefactError as exc:
        happened = f"what came from {source} is damaged ({exc.happened})"
        raise ArtefactError(happened, exc.expected, f"titlewise pull {place}, once more") from exc
    if found != digest:
        raise ArtefactError(f"{source} holds another {name}", "the one of its name", f"titlewise push {place} anew")
    for path in scratch.rglob("*"):
        sync(path)
    return _size_of(manifest)


def _size_of(manifest: Manifest) -> int:
    return sum(record["size"] for record in manifest.files.values())


def _digest_of(folder: Path, kind: str) -> str:
    """Return the digest of an artefact, "" where there is none; one that may not be replaced raises."""
    try:
        return read_manifest(folder, kind).digest
    except ArtefactError:
        if folder.exists() and not artefacts.may_replace(folder, kind):
            raise
        return ""


def _not_reached(place: RemotePath, exc: OSError, expected: str, verb: str) -> UserError:
    return UserError(f"{place} cannot be used ({exc.strerror})", expected, f"titlewise {verb} URL")

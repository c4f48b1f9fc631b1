"""Files and folders elsewhere, by their URLs: whatever fsspec reaches, as s3://, gs://, https:// or memory://.

A URL that ends in "/" names a folder, any other a file: a web server tells them apart in no other way, and an object
store has no folders. Whatever the libraries behind it raise is an `OSError` here.

    path = RemotePath("s3://bucket/shop.csv.gz")
    with path.open() as file:
        …
"""

import contextlib
import errno
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from index.errors import UserError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_WEB = ("http://", "https://")
_CONNECTED_S, _SENT_S = 30.0, 60.0  # a web server may be silent for so long, and take as long as it likes in all
_PASSWORD = re.compile(r"//[^/@:]*:[^/@]*@")
_BUFFER_BYTES = 1 << 20
_SHOWN_CHARACTERS = 160  # of what a library says


@dataclass(frozen=True)
class RemotePath:
    """A file or folder elsewhere; as text it is without a password and without what follows a web address's "?".

    What asks for it raises `OSError`, and `UserError` where the package that reaches it is not installed.
    """

    url: str

    def __str__(self) -> str:
        return _PASSWORD.sub("//", self._bare)

    def __truediv__(self, name: str) -> "RemotePath":
        """Return what has this name in the folder."""
        return RemotePath(f"{self.url.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        """Return the last part of the URL."""
        return self._bare.rstrip("/").rpartition("/")[2]

    @property
    def is_folder(self) -> bool:
        """Return whether the URL names a folder."""
        return self.url.endswith("/")

    @property
    def is_seekable(self) -> bool:
        """Return whether parts of a file can be asked for; many a web server sends nothing but the whole."""
        return not self.url.startswith(_WEB)

    def files(self) -> "list[RemotePath]":
        """Return the files right in a folder, by their names' order."""
        return [self / name for name in self._names(of_folders=False)]

    def folders(self) -> "list[RemotePath]":
        """Return the folders right in a folder, by their names' order."""
        return [self / f"{name}/" for name in self._names(of_folders=True)]

    def size_bytes(self) -> int | None:
        """Return the size of a file, None where it is not known before it is read."""
        with self._reached() as (system, path):
            found = system.info(path)
        if found["type"] == "directory":
            raise IsADirectoryError(errno.EISDIR, "a folder")
        size: int | None = found.get("size")
        return size

    def open(self) -> BinaryIO:
        """Open a file to be read, from its beginning on where it is not seekable."""
        with self._reached() as (system, path):
            opened = system.open(path, "rb") if self.is_seekable else system.open(path, "rb", block_size=0)
        return cast(BinaryIO, io.BufferedReader(_RemoteFile(opened, is_seekable=self.is_seekable), _BUFFER_BYTES))

    def read_bytes(self, most_bytes: int) -> bytes:
        """Return what a small file holds, or the beginning of one that is not."""
        with self.open() as file:
            return file.read(most_bytes)

    def write_bytes(self, content: bytes) -> None:
        """Write a small file, in one step where it is an object store."""
        with self._reached() as (system, path):
            system.pipe_file(path, content)

    def fetch_to(self, place: Path) -> None:
        """Copy the file to a place here."""
        with self._reached() as (system, path):
            system.get_file(path, str(place))

    def send_from(self, place: Path) -> None:
        """Make the file a copy of one here."""
        with self._reached() as (system, path):
            system.put_file(str(place), path)

    def remove_folder(self) -> None:
        """Remove a folder with all that is in it."""
        with self._reached() as (system, path):
            system.rm(path, recursive=True)

    def _names(self, *, of_folders: bool) -> list[str]:
        with self._reached() as (system, path):
            found = [each for each in system.ls(path, detail=True) if (each["type"] == "directory") == of_folders]
        return sorted(each["name"].rstrip("/").rpartition("/")[2] for each in found)

    @property
    def _bare(self) -> str:
        return self.url.partition("?")[0] if self.url.startswith(_WEB) else self.url

    @contextlib.contextmanager
    def _reached(self) -> Iterator[tuple[Any, str]]:
        """Yield the file system of fsspec's and the path in it; what that raises becomes an `OSError` with a reason."""
        from fsspec.core import url_to_fs

        try:
            yield url_to_fs(self.url, **self._options())
        except ImportError as exc:
            package = (getattr(exc.__cause__, "name", None) or exc.name or "").partition(".")[0]
            protocol = self.url.partition("://")[0]
            happened, mend = f"{protocol}:// cannot be reached ({exc})", f"pip install {package}"
            raise UserError(happened, f"the package by which fsspec reads {protocol}://", mend) from exc
        except Exception as exc:  # of a dozen libraries, each with errors of its own
            raise _os_error(exc) from exc

    def _options(self) -> dict[str, Any]:
        if not self.url.startswith(_WEB):
            return {"auto_mkdir": True} if self.url.startswith("file://") else {}
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECTED_S, sock_read=_SENT_S)
        return {"client_kwargs": {"timeout": timeout, "trust_env": True}}


AnyPath = Path | RemotePath


def path_of(given: str) -> AnyPath:
    """Return what a path or a URL names."""
    return RemotePath(given) if "://" in given else Path(given)


class _RemoteFile(io.RawIOBase):
    """A file of fsspec's, whose errors are `OSError`s."""

    def __init__(self, file: Any, *, is_seekable: bool) -> None:
        """Take a file, which is closed with this one."""
        self._file = file
        self._is_seekable = is_seekable

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return whether it can be sought in."""
        return self._is_seekable

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill as much of a buffer as comes at once; 0 is the end."""
        place = memoryview(buffer).cast("B")
        try:
            piece = self._file.read(len(place))
        except Exception as exc:
            raise _os_error(exc) from exc
        place[: len(piece)] = piece
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        if not self._is_seekable:
            raise io.UnsupportedOperation("a file that is read from its beginning on")
        place: int = self._file.seek(offset, whence)
        return place

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._file.close()
        super().close()


def _os_error(exc: Exception) -> OSError:
    """Return what a library raised as an `OSError` that has a reason."""
    if isinstance(exc, OSError) and exc.strerror:
        return exc
    # A web server's refusal comes as a file that is not there.
    shown = exc.__cause__ if isinstance(exc, FileNotFoundError) and exc.__cause__ else exc
    reason = " ".join(f"{type(shown).__name__}: {shown}".split())[:_SHOWN_CHARACTERS]
    if isinstance(exc, FileNotFoundError) and (shown is exc or "404" in reason):
        return FileNotFoundError(errno.ENOENT, "no such file")
    if isinstance(exc, PermissionError):
        return PermissionError(errno.EACCES, reason)
    return IsADirectoryError(errno.EISDIR, reason) if isinstance(exc, IsADirectoryError) else OSError(errno.EIO, reason)

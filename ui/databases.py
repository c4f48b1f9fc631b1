"""The databases that feedback is kept in: a file of SQLite's, or a PostgreSQL that many copies share.

database = database_of(home / "feedback.sqlite")        # or database_of("postgresql://shop@db.example/titlewise")
database.create("opinions", "id TEXT PRIMARY KEY, vote INTEGER NOT NULL")
database.write("DELETE FROM opinions WHERE id = ?", ["r1"])
rows = list(database.rows("SELECT id FROM opinions"))
"""

import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from index.errors import UserError
from index.extras import require

if TYPE_CHECKING:
    import psycopg

WAIT_S = 5.0  # for another writer, or for a server to take a connection


class Database(Protocol):
    """What runs statements, each in a transaction of its own; values stand at the `?` of a statement."""

    def create(self, table: str, columns: str) -> None:
        """Make a table, unless it is there. Raises `UserError` where the database cannot be opened or written."""

    def write(self, statement: str, values: Sequence[Any]) -> None:
        """Run a statement that changes rows. Raises `UserError` where they cannot be written."""

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query. Raises `UserError` where they cannot be read."""

    def damaged(self, error: Exception) -> UserError:
        """Return the error of rows that make no sense."""


def database_of(place: Path | str) -> Database:
    """Return the database at a place: SQLite in a file, PostgreSQL at a URL.

    Raises `UserError` where the extra `postgres` is missing, or the URL cannot be read.
    """
    return PostgreSQL(place) if isinstance(place, str) else SQLite(place)


class SQLite:
    """A file; many threads and processes of one machine may write at once."""

    def __init__(self, path: Path) -> None:
        """Name the file, which need not be there."""
        self._path = path

    def create(self, table: str, columns: str) -> None:
        """See `Database.create`; the file and its folder are made too."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as base, base:
                base.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}) STRICT")
        except (sqlite3.OperationalError, OSError) as exc:
            happened = f"{self._path} cannot be written ({exc})"
            raise UserError(happened, "a home of yours", "titlewise --home DIR") from exc
        except sqlite3.Error as exc:
            raise self.damaged(exc) from exc

    def write(self, statement: str, values: Sequence[Any]) -> None:
        """See `Database.write`."""
        try:
            with closing(self._open()) as base, base:
                base.execute(statement, values)
        except sqlite3.Error as exc:
            raise UserError(f"{self._path} cannot be written ({exc})", "room on the disk", "df -h") from exc

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """See `Database.rows`."""
        try:
            with closing(self._open()) as base:
                yield from base.execute(query)
        except sqlite3.Error as exc:
            raise self.damaged(exc) from exc

    def damaged(self, error: Exception) -> UserError:
        """Return the error of a file that is no database of opinions, or no more; what is left of it is kept."""
        path, aside = (shlex.quote(str(each)) for each in (self._path, f"{self._path}.damaged"))
        return UserError(f"{self._path} is damaged ({error})", "a database of opinions", f"mv {path} {aside}")

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=WAIT_S)


class PostgreSQL:
    """A server; threads, processes and machines may write at once. A password never stands in an error."""

    def __init__(self, url: str) -> None:
        """Read a URL as libpq does; what it leaves out is taken from the environment (`PGPASSWORD` and the like).

        Raises `UserError` where the extra is missing, or the URL cannot be read.
        """
        require("postgres")
        import psycopg
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        try:
            parts = conninfo_to_dict(url)
        except psycopg.Error:  # its text holds the URL, and so the password
            raise UserError(
                "the URL for feedback is none of PostgreSQL's",
                "such as postgresql://USER@HOST/DATABASE",
                "titlewise ui --feedback URL",
            ) from None
        self._url = url
        self._name = make_conninfo("", **{name: value for name, value in parts.items() if "password" not in name})

    def create(self, table: str, columns: str) -> None:
        """See `Database.create`; texts are ordered by their bytes, whatever the database's locale."""
        with self._transaction("opened") as base:
            base.execute("SELECT pg_advisory_xact_lock(hashtext('titlewise'))")  # copies may start at once
            found = base.execute("SELECT to_regclass(%s)", [table]).fetchone()
            if found == (None,):  # or the right to make tables would be asked for where one is there
                ordered = columns.replace("TEXT", 'TEXT COLLATE "C"')
                base.execute(f"CREATE TABLE {table} ({ordered})".encode())

    def write(self, statement: str, values: Sequence[Any]) -> None:
        """See `Database.write`."""
        with self._transaction("written") as base:
            base.execute(statement.replace("?", "%s").encode(), values)

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """See `Database.rows`; they come in portions, however many there are."""
        with self._transaction("read") as base, base.cursor("rows") as cursor:
            cursor.execute(query.encode())
            yield from cursor

    def damaged(self, error: Exception) -> UserError:
        """See `Database.damaged`."""
        return self._error("read", error)

    @contextmanager
    def _transaction(self, done: str) -> "Iterator[psycopg.Connection[tuple[Any, ...]]]":
        """Open a connection whose work is kept where the `with` ends well, and name what cannot be done elsewhere."""
        import psycopg

        try:
            with psycopg.connect(self._url, connect_timeout=int(WAIT_S), application_name="titlewise") as base:
                yield base
        except psycopg.Error as exc:
            raise self._error(done, exc) from exc

    def _error(self, done: str, error: Exception) -> UserError:
        happened = f"the PostgreSQL of {self._name} cannot be {done} ({error})"
        return UserError(happened, "a database that keeps opinions", f"pg_isready -d {shlex.quote(self._name)}")

"""SQLite databases that may be a stranger's: looked at as they are, never written to.

Their own tables alone are read: a view could be a program without an end, a virtual table C code.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from paribus.errors import SourceError
from paribus.io.reading import is_folder, opened, patiently

MAGIC = b"SQLite format 3\0"

#: A query ends after so many seconds, however many rows it still has.
SECONDS = 120.0

#: The longest value, in bytes, that is read.
LONGEST = 1 << 22

#: Where SQLite keeps what it hasn't written into the database itself yet.
BESIDE = ("-wal", "-journal")

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}


class Database:
    """A database's own tables; SourceError from each method where it is damaged or endless."""

    def __init__(self, path: Path, connection: sqlite3.Connection, size: int) -> None:
        self.path, self._connection, self._size = path, connection, size
        schema = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
        self.tables = {str(name) for (name,) in self._rows(schema)}

    def has(self, table: str, *columns: str) -> bool:
        """Whether there is such a table with such columns."""
        if table not in self.tables:
            return False
        try:
            cursor = self._connection.execute(f'SELECT * FROM "{table}" LIMIT 0')
        except sqlite3.Error:
            return False
        return set(columns) <= {name for name, *_ in cursor.description}

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The rows of a table in the order in which they were written."""
        names = ", ".join(f'"{table}"."{column}"' for column in columns)
        return self._rows(f'SELECT {names} FROM "{table}" NOT INDEXED')

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        end = time.monotonic() + SECONDS
        self._connection.set_progress_handler(lambda: time.monotonic() > end, 100_000)
        # No row takes less than 2 bytes; more rows than that are one page read again and again.
        left = self._size // 2
        try:
            for row in self._connection.execute(query):
                yield row
                left -= 1
                if left < 0:
                    raise SourceError(f"{self.path}: a damaged database (more rows than bytes)")
        except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError) as error:
            raise SourceError(f"{self.path}: its tables can't be read ({error})") from error


def is_database(path: Path) -> bool:
    """Whether a file begins as SQLite's do; False where it can't be read."""
    try:
        with opened(path) as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


@contextmanager
def database(path: Path) -> Iterator[Database]:
    """A database to read from.

    What was written last may stand in a log beside it, if a run was killed or is running still.
    SQLite would change the database to read that, so then a copy of both is read.

    Raises:
        SourceError: it can't be read.
        ReadError: it can't be read now.
    """
    beside = [log for log in (path.with_name(path.name + end) for end in BESIDE) if _filled(log)]
    if not beside:
        with _connected(path, path, "mode=ro&immutable=1") as found:
            yield found
        return
    with tempfile.TemporaryDirectory(prefix="paribus-") as folder:
        copy = Path(folder) / "copy.db"
        for place in (path, *beside):
            _copy(place, copy.with_name(copy.name + place.name.removeprefix(path.name)))
        with _connected(path, copy, "mode=rw") as found:
            yield found


def holds(path: Path, tables: Mapping[str, Sequence[str]]) -> bool:
    """Whether a file is a database with these tables and their columns; False if unreadable."""
    if is_folder(path) or not is_database(path):
        return False
    try:
        with database(path) as found:
            return all(found.has(table, *columns) for table, columns in tables.items())
    except (SourceError, OSError):
        return False


@contextmanager
def _connected(path: Path, place: Path, how: str) -> Iterator[Database]:
    size = patiently(path, place.stat).st_size
    try:
        connection = sqlite3.connect(f"file:{quote(str(place.absolute()))}?{how}", uri=True)
    except sqlite3.Error as error:
        raise SourceError(f"{path}: it can't be opened as a database ({error})") from error
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        _careful(connection, path)
        yield Database(path, connection, size)
    finally:
        connection.close()


def _careful(connection: sqlite3.Connection, path: Path) -> None:
    """https://www.sqlite.org/security.html: untrusted database files."""
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA mmap_size = 0")
    except sqlite3.Error as error:
        raise SourceError(f"{path}: it can't be opened as a database ({error})") from error
    connection.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
    )


def _filled(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


def _copy(source: Path, target: Path) -> None:
    def copy() -> None:
        with opened(source) as file, target.open("wb") as into:
            while piece := file.read(1 << 20):
                into.write(piece)

    patiently(source, copy)

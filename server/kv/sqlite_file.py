"""Opening the SQLite file: the lock that keeps a second process out, the pragmas, the schema."""

import fcntl
import os
from pathlib import Path
from typing import IO, Final

import apsw

from server.errors import CannotStart

APPLICATION_ID: Final = 0x48444943  # "HDIC"
SCHEMA_VERSION: Final = 1
BUSY_TIMEOUT: Final = 5000  # milliseconds

# Bytes lie apart from what lists read; AUTOINCREMENT never gives a version twice, also after a deletion.
_SCHEMA: Final = """
    CREATE TABLE contents (version INTEGER PRIMARY KEY AUTOINCREMENT, value BLOB NOT NULL);
    CREATE TABLE entries (
        namespace TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, metadata BLOB NOT NULL, expiration REAL,
        PRIMARY KEY (namespace, key)
    ) WITHOUT ROWID;
    CREATE INDEX entries_by_expiration ON entries (expiration) WHERE expiration IS NOT NULL;
    CREATE TRIGGER entries_deleted AFTER DELETE ON entries
        BEGIN DELETE FROM contents WHERE version = old.version; END;
"""


def lock(path: str) -> IO[bytes]:
    """Hold the file for this process until the answer is closed; CannotStart when another process has it."""
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = Path(f"{path}.lock").open("ab")  # noqa: SIM115 - it stays open as long as the store
    except OSError as error:
        raise _cannot_open(path, str(error), "DATA_DIR and KV_URL must name a place that can be written") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise _cannot_open(
            path, "another server is using it", "stop that one, or give this one its own DATA_DIR"
        ) from None
    return file


def open_writer(path: str) -> apsw.Connection:
    """Open the one connection that writes, and make or check the schema; CannotStart says what is wrong."""
    try:
        connection = apsw.Connection(path)
        connection.set_busy_timeout(BUSY_TIMEOUT)
        _settle(connection, path)
    except apsw.Error as error:
        raise _cannot_open(path, str(error), "check its permissions, or put a backup in its place") from None
    return connection


def open_reader(path: str) -> apsw.Connection:
    """Open a connection that cannot write."""
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(BUSY_TIMEOUT)
    connection.execute("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
    return connection


def _settle(connection: apsw.Connection, path: str) -> None:
    application, version = connection.pragma("application_id"), connection.pragma("user_version")
    empty = connection.pragma("page_count") == 0
    if not empty and application != APPLICATION_ID:
        raise _cannot_open(path, "it is not a store of HD Image Cache", "KV_URL must name another file")
    if version > SCHEMA_VERSION:
        raise _cannot_open(path, "a newer version of the server made it", "start that version")
    connection.pragma("auto_vacuum", 2)  # incremental; has to come before the first table
    connection.pragma("journal_mode", "wal")
    connection.execute(
        "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        "PRAGMA journal_size_limit = 67108864; PRAGMA mmap_size = 0"
    )
    if empty:
        with connection:
            connection.execute(_SCHEMA)
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", SCHEMA_VERSION)


def _cannot_open(path: str, reason: str, remedy: str) -> CannotStart:
    return CannotStart(f"the store {os.fspath(path)} cannot be opened: {reason}; {remedy}")

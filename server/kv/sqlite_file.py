"""Opening the SQLite file: the lock that keeps a second process out, the pragmas, the schema."""

import fcntl
import os
from pathlib import Path
from typing import Final

import apsw

from server.errors import CannotStart
from server.kv.files import Files

APPLICATION_ID: Final = 0x48444943  # "HDIC"
SCHEMA_VERSION: Final = 2
BUSY_TIMEOUT: Final = 5000  # milliseconds
PAGE_SIZE: Final = 16 * 1024  # bytes; with SQLite's own 4 KiB an image costs a half more CPU to write and to read
_RUNNING: Final = b"running\n"  # in the lock file
_STOPPED: Final = b"stopped\n"

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
FILES_SINCE: Final = 2  # of SCHEMA_VERSION
_UPGRADES: Final = {  # by the version they lead to
    FILES_SINCE: """
    ALTER TABLE entries ADD COLUMN file TEXT;  -- where the value is when it is large (files.py): its content is empty
    ALTER TABLE entries ADD COLUMN size INTEGER NOT NULL DEFAULT 0;  -- of that file, in bytes
    CREATE INDEX entries_by_file ON entries (file, size) WHERE file IS NOT NULL;
    """,
}
NAMED: Final = "SELECT file, size FROM entries WHERE file IS NOT NULL"


class Lock:
    """Keeps other processes out until it is released, and remembers whether the last one stopped cleanly."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = Path(f"{path}.lock").open("a+b")  # noqa: SIM115 - open as long as the store
        except OSError as error:
            raise cannot_open(path, str(error), "DATA_DIR and KV_URL must name a place that can be written") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise cannot_open(
                path, "another server is using it", "stop that one, or give this one its own DATA_DIR"
            ) from None
        self._file.seek(0)
        before = self._file.read()
        self.was_used = before != b""
        self.was_stopped = before == _STOPPED

    def started(self) -> None:
        """Remember that the store is in use."""
        self._write(_RUNNING)

    def release(self, *, cleanly: bool) -> None:
        """Let others in."""
        if cleanly:
            self._write(_STOPPED)
        self._file.close()

    def _write(self, state: bytes) -> None:
        try:
            self._file.truncate(0)
            self._file.write(state)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise cannot_open(self._path, str(error), "its folder must be writable, with space left") from None


def prepare(path: str, lock: Lock) -> None:
    """Make the file when this is the first start; refuse one that is gone, cut off, or damaged by an unclean stop."""
    file = Path(path)
    anew = f"put a backup in its place, or remove {path}* to begin anew"
    if not file.exists() and lock.was_used:
        raise cannot_open(path, "the file is gone", anew)
    if file.exists() and file.stat().st_size == 0:
        raise cannot_open(path, "the file is empty", anew)
    if not file.exists():
        _create(path)
    elif not lock.was_stopped:
        _verify(path, anew)
    lock.started()


def open_writer(path: str) -> apsw.Connection:
    """Open the one connection that writes, and check what it is; CannotStart says what is wrong. Empty: in memory."""
    try:
        connection = apsw.Connection(path or ":memory:")
        connection.set_busy_timeout(BUSY_TIMEOUT)
        if not path:
            _make_schema(connection)
        _settle(connection, path)
    except apsw.Error as error:
        raise cannot_open(path, str(error), "check its permissions, or put a backup in its place") from None
    return connection


def open_reader(path: str) -> apsw.Connection:
    """Open a connection that cannot write."""
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(BUSY_TIMEOUT)
    connection.execute("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
    return connection


def open_files(path: str, connection: apsw.Connection, *, tidy: bool) -> Files:
    """Open the folder of the large values, beside the file; `tidy` removes what no entry names."""
    try:
        files = Files(f"{path}.files")
        if tidy:
            files.keep({str(name): int(size) for name, size in connection.execute(NAMED)})
    except (OSError, apsw.Error) as error:
        raise cannot_open(path, str(error), "its folder must be writable, and the store whole") from None
    return files


def _create(path: str) -> None:
    """Make an empty store under another name, so that one that is there is always whole."""
    new = f"{path}.new"
    try:
        for rest in (new, f"{new}-journal"):
            Path(rest).unlink(missing_ok=True)
        connection = apsw.Connection(new)
        _make_schema(connection)
        connection.close()
        Path(new).rename(path)
        folder = os.open(Path(path).parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except (OSError, apsw.Error) as error:
        raise cannot_open(path, str(error), "DATA_DIR and KV_URL must name a place that can be written") from None


def _make_schema(connection: apsw.Connection) -> None:
    connection.pragma("page_size", PAGE_SIZE)
    connection.pragma("auto_vacuum", 2)  # incremental; both have to come before the first table
    with connection:
        connection.execute(_SCHEMA)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", 1)


def _verify(path: str, remedy: str) -> None:
    try:
        connection = apsw.Connection(path)
        told = str(connection.execute("PRAGMA quick_check(1)").get)
        connection.close()
    except apsw.Error as error:
        told = str(error)
    if told != "ok":
        raise cannot_open(path, f"it is damaged ({' '.join(told.split())})", remedy)


def _settle(connection: apsw.Connection, path: str) -> None:
    if connection.pragma("application_id") != APPLICATION_ID:
        raise cannot_open(path, "it is not a store of HD Image Cache", "KV_URL must name another file")
    if connection.pragma("user_version") > SCHEMA_VERSION:
        raise cannot_open(path, "a newer version of the server made it", "start that version")
    connection.pragma("journal_mode", "wal")
    connection.execute(
        "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        "PRAGMA journal_size_limit = 67108864; PRAGMA mmap_size = 0"
    )
    _upgrade(connection)


def _upgrade(connection: apsw.Connection) -> None:
    """Bring the schema to ours, a version at a time; what an older server stored stays where it is."""
    for version in range(connection.pragma("user_version") + 1, SCHEMA_VERSION + 1):
        with connection:
            connection.execute(_UPGRADES[version])
            connection.pragma("user_version", version)


def cannot_open(path: str, reason: str, remedy: str) -> CannotStart:
    """Return the sentence that says which store, what is wrong, and how to mend it."""
    return CannotStart(f"the store {path} cannot be opened: {reason}; {remedy}")

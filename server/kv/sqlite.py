"""The default engine: SQLite through APSW, whose wheel carries a current library.

One connection on one thread writes (WAL, synchronous=FULL, group commit); a small pool of connections reads.
In memory (`sqlite://`, for tests) the writer's connection reads too.
"""

import asyncio
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from shutil import disk_usage
from typing import Any, Final, TypeVar

import apsw
import msgspec

from server.errors import StorageFull
from server.kv import sqlite_file
from server.kv.base import Check, Delete, Engine, Entry, Key, Operation, Page, Put, Usage
from server.kv.sqlite_writer import Writer, translated
from server.limits import KIB, MIB

T = TypeVar("T")
READERS: Final = 4  # connections
SWEEP_BATCH: Final = 100  # entries per transaction, so that saves get their turn
SMALL_STEP: Final = 64 * KIB  # bytes; a sign-out must still fit into a store full of images ...
RESERVE: Final = 4 * MIB  # bytes; ... so such steps may go this much further
MIN_RESERVE: Final = 64 * MIB  # bytes left free on the disk: a twentieth of it, ...
MAX_RESERVE: Final = 1024 * MIB  # ... within these

_GET: Final = """
    SELECT key, version, metadata, expiration, value FROM entries JOIN contents USING (version)
    WHERE namespace = ? AND key = ? AND (expiration IS NULL OR expiration > ?)
"""
_METADATA: Final = """
    SELECT key, version, metadata, expiration FROM entries
    WHERE namespace = ? AND key = ? AND (expiration IS NULL OR expiration > ?)
"""
_LIST: Final = """
    SELECT key, version, metadata, expiration FROM entries
    WHERE namespace = ? AND key > ? AND key >= ? AND key < ? AND (expiration IS NULL OR expiration > ?)
    ORDER BY key LIMIT ?
"""
_DELETE: Final = "DELETE FROM entries WHERE namespace = ? AND key = ?"
_PUT_VALUE: Final = "INSERT INTO contents (value) VALUES (?)"
_PUT: Final = "INSERT INTO entries (namespace, key, version, metadata, expiration) VALUES (?, ?, ?, ?, ?)"
_SWEEP: Final = """
    DELETE FROM entries WHERE (namespace, key) IN
        (SELECT namespace, key FROM entries WHERE expiration <= ? ORDER BY expiration LIMIT ?)
"""


class SQLite(Engine):
    """A store in one file. Raises CannotStart when it cannot be opened, or another process has it."""

    def __init__(
        self, path: str, *, clock: Callable[[], float], max_bytes: int, min_free: int = 0, exclusive: bool = True
    ) -> None:
        self._path = path
        self._clock = clock
        self._max_bytes = max_bytes
        self._min_free = min_free
        self._lock = sqlite_file.Lock(path) if path and exclusive else None
        with ExitStack() as undo:
            if self._lock:
                undo.callback(self._lock.release, cleanly=False)
                sqlite_file.prepare(path, self._lock)
            connection = sqlite_file.open_writer(path)
            undo.pop_all()
        self._readers: queue.LifoQueue[apsw.Connection] = queue.LifoQueue()
        for _ in range(READERS if path else 0):
            self._readers.put(sqlite_file.open_reader(path))
        self._pool = ThreadPoolExecutor(READERS, "kv-reader") if path else None
        self._writer = Writer(connection, partial(sqlite_file.open_writer, path) if path else None)
        self._writer.start()

    async def get(self, namespace: str, key: str) -> Entry | None:
        """Return the entry, or None when it is absent or expired."""
        row = await self._read(lambda connection: connection.execute(_GET, (namespace, key, self._clock())).fetchone())
        return Entry(*_described(row), value=row[4]) if row else None

    async def metadata(self, namespace: str, key: str) -> Key | None:
        """Return the entry without its bytes, which are not read."""
        wanted = (namespace, key, self._clock())
        row = await self._read(lambda connection: connection.execute(_METADATA, wanted).fetchone())
        return Key(*_described(row)) if row else None

    async def list(self, namespace: str, prefix: str, limit: int, after: str) -> Page:
        """Return at most `limit` keys that begin with `prefix` and sort after `after`."""
        wanted = (namespace, after, prefix, f"{prefix}\x7f", self._clock(), limit + 1)
        rows = await self._read(lambda connection: connection.execute(_LIST, wanted).fetchall())
        keys = [Key(*_described(row)) for row in rows[:limit]]
        return Page(keys, keys[-1].name if len(rows) > limit else None)

    async def commit(self, namespace: str, operations: Sequence[Operation]) -> bool:
        """Do the whole step if all its checks hold; return whether they did."""
        weight = sum(len(operation.value) for operation in operations if isinstance(operation, Put))
        step = _Step(namespace, operations, self._clock(), self._room, is_small=weight < SMALL_STEP)
        return await asyncio.wrap_future(self._writer.submit(step.run, weight))

    async def usage(self) -> Usage:
        """Return how much is stored, and how much more may be."""
        used = await self._read(_used)
        return Usage(used, max(0, self._room(used, 0, is_small=False)))

    async def sweep(self) -> int:
        """Erase expired entries batch by batch, then give their room back to the disk."""
        due, erased = (self._clock(), SWEEP_BATCH), 0
        while count := await asyncio.wrap_future(self._writer.submit(lambda connection: _changed(connection, due))):
            erased += count
        if erased:
            await asyncio.wrap_future(self._writer.submit(_shrink, alone=True))
        return erased

    def close(self) -> None:
        """Finish what was handed in, move the log into the file, and unlock it."""
        if self._pool:
            self._pool.shutdown()
        while not self._readers.empty():
            self._readers.get().close()
        is_clean = self._writer.stop()
        if self._lock:
            self._lock.release(cleanly=is_clean)

    def _room(self, used: int, growth: int, *, is_small: bool) -> int:
        """Return how many bytes may be added; `growth` is not on the disk yet, small steps may go a little further."""
        room = self._max_bytes - used + (RESERVE if is_small else 0)
        if not self._path:
            return room
        disk = disk_usage(Path(self._path).parent)
        reserve = self._min_free or min(max(disk.total // 20, MIN_RESERVE), MAX_RESERVE)
        return min(room, disk.free - growth - (reserve // 2 if is_small else reserve))

    async def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        future: Future[T] = self._pool.submit(self._borrow, work) if self._pool else self._writer.submit(work)
        return await asyncio.wrap_future(future)

    def _borrow(self, work: Callable[[apsw.Connection], T]) -> T:
        connection = self._readers.get()
        try:
            return work(connection)
        except apsw.Error as error:
            raise translated(error) from error
        finally:
            self._readers.put(connection)


class _Step:
    """One atomic step, inside the writer's transaction."""

    def __init__(
        self, namespace: str, operations: Sequence[Operation], now: float, room: Callable[..., int], *, is_small: bool
    ) -> None:
        self._namespace, self._operations, self._now = namespace, operations, now
        self._room = partial(room, is_small=is_small)

    def run(self, connection: apsw.Connection) -> bool:
        checks = [operation for operation in self._operations if isinstance(operation, Check)]
        if not all(self._holds(connection, check) for check in checks):
            return False
        before = _used(connection)
        for operation in self._operations:
            self._apply(connection, operation)
        after = _used(connection)
        if after > before and self._room(after, after - before) < 0:
            raise StorageFull
        return True

    def _holds(self, connection: apsw.Connection, check: Check) -> bool:
        row = connection.execute(_METADATA, (self._namespace, check.key, self._now)).fetchone()
        return (row[1] if row else None) == check.version

    def _apply(self, connection: apsw.Connection, operation: Operation) -> None:
        if isinstance(operation, Put | Delete):
            connection.execute(_DELETE, (self._namespace, operation.key))
        if isinstance(operation, Put):
            connection.execute(_PUT_VALUE, (operation.value,))
            version, metadata = connection.last_insert_rowid(), msgspec.json.encode(operation.metadata)
            connection.execute(_PUT, (self._namespace, operation.key, version, metadata, operation.expiration))


def _described(row: tuple[Any, ...]) -> tuple[str, int, dict[str, object], float | None]:
    return row[0], row[1], msgspec.json.decode(row[2]), row[3]


def _used(connection: apsw.Connection) -> int:
    """Return the bytes of all pages in use; SQLite knows them without counting."""
    pages = connection.pragma("page_count") - connection.pragma("freelist_count")
    return int(pages * connection.pragma("page_size"))


def _changed(connection: apsw.Connection, due: tuple[float, int]) -> int:
    connection.execute(_SWEEP, due)
    return connection.changes()


def _shrink(connection: apsw.Connection) -> None:
    connection.execute("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(PASSIVE)").fetchall()

"""The default engine: SQLite through APSW, whose wheel carries a current library, and large values in files beside it.

One connection on one thread writes (WAL, synchronous=FULL, group commit); a small pool of threads reads, and writes
the files. In memory (`sqlite://`, for tests) the writer's connection reads too, and there are no files.
"""

import asyncio
import errno
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from io import BytesIO
from typing import Any, Final, TypeVar

import apsw
import msgspec

from server.errors import StorageFull, StorageUnavailable, ValueDamaged
from server.kv import sqlite_file
from server.kv.base import Engine, Entry, Key, Opened, Operation, Page, Usage
from server.kv.recent import Found, Name, Recent
from server.kv.sqlite_readers import Readers
from server.kv.sqlite_step import Room, Step, used
from server.kv.sqlite_writer import Writer
from server.limits import RETRY_SOON

T = TypeVar("T")
_Files = list[tuple[str | None, int]]  # names and sizes; no name: the value was in the store itself
SWEEP_BATCH: Final = 100  # entries per transaction, so that saves get their turn
_NONE_LEFT: Final = (errno.EMFILE, errno.ENFILE)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_GET: Final = """
    SELECT key, version, metadata, expiration, value, file, size FROM entries JOIN contents USING (version)
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
_NAMED: Final = "SELECT 1 FROM entries WHERE file = ?"
_SWEEP: Final = """
    DELETE FROM entries WHERE (namespace, key) IN
        (SELECT namespace, key FROM entries WHERE expiration <= ? ORDER BY expiration LIMIT ?)
    RETURNING file, size
"""


class SQLite(Engine):
    """A store in one file, and a folder beside it. Raises CannotStart when another process has it, or it is broken.

    Unless it is `exclusive`, as in tests, it remembers nothing, and clears nothing up when it is opened.
    """

    def __init__(
        self, path: str, *, clock: Callable[[], float], max_bytes: int, min_free: int = 0, exclusive: bool = True
    ) -> None:
        self._clock = clock
        self._room = Room(path, max_bytes, min_free)
        self._recent = Recent() if exclusive else None
        self._doubtful: dict[str, int] = {}  # files of steps of which it is open whether they were done
        self._lock = sqlite_file.Lock(path) if path and exclusive else None
        with ExitStack() as undo:
            if self._lock:
                undo.callback(self._lock.release, cleanly=False)
                sqlite_file.prepare(path, self._lock)
            connection = sqlite_file.open_writer(path)
            self._files = sqlite_file.open_files(path, connection, tidy=exclusive) if path else None
            undo.pop_all()
        self._readers = Readers(path) if path else None
        self._writer = Writer(connection, partial(sqlite_file.open_writer, path) if path else None)
        self._writer.start()

    async def get(self, namespace: str, key: str) -> Entry | None:
        """Return the entry, or None when it is absent or expired; raises ValueDamaged when its bytes are gone."""
        found = await self._find((namespace, key))
        if found is None:
            return None
        if found.file is None:
            return found.entry
        if (opened := await self.open(namespace, key)) is None:
            return None
        try:
            with opened.file as file:
                value = await asyncio.to_thread(file.read)
        except OSError as error:
            raise ValueDamaged(reason=type(error).__name__, retry_after=RETRY_SOON) from error
        return Entry(opened.name, opened.version, opened.metadata, opened.expiration, value)

    async def open(self, namespace: str, key: str) -> Opened | None:
        """Return the entry, its bytes not read yet; raises ValueDamaged when they are gone."""
        missing = None
        while found := await self._find((namespace, key)):
            entry = found.entry
            facts = (entry.name, entry.version, entry.metadata, entry.expiration)
            if self._files is None or found.file is None:
                return Opened(*facts, BytesIO(entry.value), len(entry.value))
            try:
                file = self._files.open(found.file)
            except OSError as error:
                if error.errno in _NONE_LEFT:
                    raise StorageUnavailable(reason="too many open files", retry_after=RETRY_SOON) from None
                if entry.version == missing:  # otherwise it was replaced or deleted between the two looks
                    raise ValueDamaged(reason="no file", retry_after=RETRY_SOON) from None
                missing = entry.version
                self._forget([(namespace, key)])
            else:
                return Opened(*facts, file, found.size)
        return None

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
        step = Step(namespace, operations, self._clock(), self._room, self._files)
        outcome: Future[bool] = Future()
        outcome.set_running_or_notify_cancel()  # who stops waiting for it does not stop it
        if self._files and step.is_large:
            self._files.submit(partial(self._begin, step, outcome))
        else:
            self._begin(step, outcome)
        return await asyncio.wrap_future(outcome)

    async def usage(self) -> Usage:
        """Return how much is stored, and how much more may be."""
        stored = await self._read(used) + (self._files.size if self._files else 0)
        return Usage(stored, max(0, self._room.left(stored)))

    async def sweep(self) -> int:
        """Erase expired entries batch by batch, then give their room back to the disk."""
        due, erased = (self._clock(), SWEEP_BATCH), 0
        while gone := await self._erase(lambda connection: _files(connection.execute(_SWEEP, due))):
            erased += len(gone)
        if doubtful := dict(self._doubtful):
            await self._erase(lambda connection: _unnamed(connection, doubtful))
            for name in doubtful:
                self._doubtful.pop(name, None)
        if erased:
            await asyncio.wrap_future(self._writer.submit(_shrink, alone=True))
        return erased

    def close(self) -> None:
        """Finish what was handed in, move the log into the file, and unlock it."""
        if self._readers:
            self._readers.close()
        if self._files:
            self._files.close()
        is_clean = self._writer.stop()
        if self._lock:
            self._lock.release(cleanly=is_clean)

    # Reading

    async def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        return await (self._readers.read(work) if self._readers else asyncio.wrap_future(self._writer.submit(work)))

    async def _find(self, name: Name) -> Found | None:
        """Return an entry that is in force, without the value of a large one."""
        now = self._clock()
        if self._recent and (known := self._recent.get(name)):
            return known if known.entry.expiration is None or known.entry.expiration > now else None
        changes = self._recent.changes if self._recent else 0
        row = await self._read(lambda connection: connection.execute(_GET, (*name, now)).fetchone())
        if row is None:
            return None
        found = Found(Entry(*_described(row), value=row[4]), file=row[5], size=row[6])
        if self._recent:
            self._recent.remember(name, found, changes)
        return found

    def _forget(self, names: Sequence[Name] | None = None) -> None:
        if self._recent:
            self._recent.forget(names)

    # Writing

    def _begin(self, step: Step, outcome: "Future[bool]") -> None:
        try:
            step.prepare()
            job = self._writer.submit(step.run, step.weight)
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits must hear of it
            step.settle(is_done=False)
            outcome.set_exception(_refused(error))
        else:
            job.add_done_callback(partial(self._settle, step, outcome))

    def _settle(self, step: Step, outcome: "Future[bool]", job: "Future[bool]") -> None:
        """Tidy up in the writer's thread, and only then tell the outcome."""
        error = job.exception()
        self._doubtful |= step.settle(is_done=None if error else job.result())
        self._forget(step.names)
        if error:
            outcome.set_exception(error)
        else:
            outcome.set_result(job.result())

    async def _erase(self, work: Callable[[apsw.Connection], _Files]) -> _Files:
        """Let the writer find or make files that no entry names, and remove them; others than files count only."""

        def remove(job: "Future[_Files]") -> None:
            self._forget()
            if self._files and not job.cancelled() and not job.exception():
                self._files.remove(name for name, _ in job.result() if name)

        job = self._writer.submit(work)
        job.add_done_callback(remove)  # in the writer's thread: also when nobody waits any more
        return await asyncio.wrap_future(job)


def _unnamed(connection: apsw.Connection, doubtful: dict[str, int]) -> _Files:
    """Return the files that no entry names, for good."""
    # A commit that failed may still lie in the log, whole, and come back after a kill: a page that is written now takes
    # its place there, and the files go only when that is on disk.
    connection.pragma("user_version", sqlite_file.SCHEMA_VERSION)
    return [file for file in doubtful.items() if connection.execute(_NAMED, file[:1]).get is None]


def _refused(error: Exception) -> Exception:
    """Return what a file that could not be written means."""
    if not isinstance(error, OSError):
        return error
    if error.errno in _FULL:
        return StorageFull()
    return StorageUnavailable(reason=type(error).__name__, retry_after=RETRY_SOON)


def _described(row: tuple[Any, ...]) -> tuple[str, int, dict[str, object], float | None]:
    return row[0], row[1], msgspec.json.decode(row[2]), row[3]


def _files(rows: apsw.Cursor) -> _Files:
    return [(str(name) if name else None, int(size)) for name, size in rows]


def _shrink(connection: apsw.Connection) -> None:
    connection.execute("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(PASSIVE)").fetchall()

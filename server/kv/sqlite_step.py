"""One atomic step of the SQLite engine, and how much room there is for it.

Large values become files before the transaction begins. Whatever the outcome, a file that no entry names is removed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import disk_usage
from typing import Final

import apsw
import msgspec

from server.errors import StorageFull
from server.kv.base import Check, Delete, Operation, Put
from server.kv.files import Files
from server.limits import KIB, MIB

LARGE: Final = 64 * KIB  # bytes of a value that lies in a file of its own
SMALL_STEP: Final = 64 * KIB  # bytes; a sign-out must still fit into a store full of images ...
RESERVE: Final = 4 * MIB  # bytes; ... so such steps may go this much further
MIN_RESERVE: Final = 64 * MIB  # bytes left free on the disk: a twentieth of it, ...
MAX_RESERVE: Final = 1024 * MIB  # ... within these

_VERSION: Final = """
    SELECT version FROM entries
    WHERE namespace = ? AND key = ? AND (expiration IS NULL OR expiration > ?)
"""
_DELETE: Final = "DELETE FROM entries WHERE namespace = ? AND key = ? RETURNING file, size"
_PUT_VALUE: Final = "INSERT INTO contents (value) VALUES (?)"
_PUT: Final = """
    INSERT INTO entries (namespace, key, version, metadata, expiration, file, size) VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class Room:
    """What a store may hold: `most` bytes, and no more than leaves `min_free` on its disk (0: a twentieth of it)."""

    def __init__(self, path: str, most: int, min_free: int) -> None:
        self._folder = Path(path).parent if path else None
        self._most = most
        self._min_free = min_free

    def left(self, used: int, growth: int = 0, *, is_small: bool = False) -> int:
        """Return how many bytes may be added; `growth` is not on the disk yet, small steps may go a little further."""
        room = self._most - used + (RESERVE if is_small else 0)
        return min(room, self.left_on_disk(is_small=is_small) - growth)

    def left_on_disk(self, *, is_small: bool = False) -> int:
        """Return how many bytes the disk takes before what has to stay free is touched."""
        if not self._folder:
            return sys.maxsize
        disk = disk_usage(self._folder)
        reserve = self._min_free or min(max(disk.total // 20, MIN_RESERVE), MAX_RESERVE)
        return disk.free - (reserve // 2 if is_small else reserve)


class Step:
    """A step; `now` in seconds since 1970. First `prepare`, then `run` in the writer, in the end `settle`."""

    def __init__(
        self, namespace: str, operations: Sequence[Operation], now: float, room: Room, files: Files | None
    ) -> None:
        self.names = [(namespace, operation.key) for operation in operations]
        self._namespace, self._operations, self._now = namespace, operations, now
        self._room, self._files = room, files
        values = {at: put.value for at, put in enumerate(operations) if isinstance(put, Put)}
        self._large = {at: value for at, value in values.items() if files and len(value) >= LARGE}
        size, large = (sum(map(len, some.values())) for some in (values, self._large))
        self._is_small, self._in_files = size < SMALL_STEP, large
        self.weight = size - large  # bytes that go through the transaction
        self._written: dict[int, tuple[str, int]] = {}  # name and size of the files, by the place of their operation
        self._doomed: dict[str, int] = {}  # the files of entries that it removes, and their sizes
        self._is_refused = False

    @property
    def is_large(self) -> bool:
        """Whether `prepare` has something to do, which takes time."""
        return bool(self._large)

    def prepare(self) -> None:
        """Put the large values on disk; raises OSError, and StorageFull where there is no room for them."""
        if self._in_files > self._room.left_on_disk():
            raise StorageFull
        if self._files:
            for at, value in self._large.items():
                self._written[at] = (self._files.write(value), len(value))

    def run(self, connection: apsw.Connection) -> bool:
        """Do it inside of the writer's transaction, and return whether its checks held; raises StorageFull."""
        checks = [operation for operation in self._operations if isinstance(operation, Check)]
        if not all(self._holds(connection, check) for check in checks):
            return False
        before = used(connection)
        for at, operation in enumerate(self._operations):
            self._apply(connection, operation, self._written.get(at))
        pages = used(connection)
        growth, freed = pages - before, sum(self._doomed.values())
        kept = pages + (self._files.size if self._files else 0) + self._in_files - freed
        is_more = growth + self._in_files - freed > 0
        if is_more and self._room.left(kept, growth - freed, is_small=self._is_small) < 0:
            self._is_refused = True
            raise StorageFull
        if self._files:
            self._files.count(self._written.values())
            self._files.discount(self._doomed)
        return True

    def settle(self, *, is_done: bool | None) -> dict[str, int]:
        """Remove the files that no entry names; where nobody knows whether it was done (None), return them all."""
        written = dict(self._written.values())
        if not self._files:
            return {}
        if not is_done:
            self._files.count(self._doomed.items())
        if is_done is None and not self._is_refused:
            self._files.count(written.items())
            return written | self._doomed
        self._files.remove(self._doomed if is_done else written)
        return {}

    def _holds(self, connection: apsw.Connection, check: Check) -> bool:
        return bool(connection.execute(_VERSION, (self._namespace, check.key, self._now)).get == check.version)

    def _apply(self, connection: apsw.Connection, operation: Operation, file: tuple[str, int] | None) -> None:
        if isinstance(operation, Put | Delete):
            gone = connection.execute(_DELETE, (self._namespace, operation.key))
            self._doomed |= {str(name): int(size) for name, size in gone if name}
        if isinstance(operation, Put):
            connection.execute(_PUT_VALUE, (b"" if file else operation.value,))
            version, metadata = connection.last_insert_rowid(), msgspec.json.encode(operation.metadata)
            named = (self._namespace, operation.key, version, metadata, operation.expiration)
            connection.execute(_PUT, (*named, *(file or (None, 0))))


def used(connection: apsw.Connection) -> int:
    """Return the bytes of all pages in use; SQLite knows them without counting."""
    pages = connection.pragma("page_count") - connection.pragma("freelist_count")
    return int(pages * connection.pragma("page_size"))

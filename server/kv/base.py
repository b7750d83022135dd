"""What every key-value engine promises.

A namespace maps keys to entries: bytes, a little metadata, a version, and perhaps an expiration (seconds since 1970).
An entry is gone for every reader from its expiration on, swept or not. Versions are never used twice for a key.
An atomic step happens as a whole or not at all, and is on disk when `commit` returns True; whoever reads after that
sees it. Failures are `StorageFull`, `StorageBusy` and `StorageUnavailable`; then nothing of the step has happened, or,
when the answer was lost on its way, all of it.
"""

import asyncio
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO, FileIO
from typing import Any, Final, Self

MAX_KEY: Final = 512  # bytes, as in Cloudflare KV
MAX_LIST: Final = 1000  # keys per page
_PIECE: Final = 256 * 1024  # bytes: they stay in the processor's cache between reading and using them
_NOWAIT: Final = getattr(os, "RWF_NOWAIT", -1)  # Linux has it
_KEY: Final = re.compile(rf"[!-~]{{1,{MAX_KEY}}}")

Metadata = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """An entry without its bytes."""

    name: str
    version: int
    metadata: Metadata
    expiration: float | None  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Entry(Key):
    """An entry with its bytes."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Opened(Key):
    """An entry whose bytes are read as they are needed, also after it is gone; who opened it closes the file."""

    file: FileIO | BytesIO
    size: int  # bytes

    async def scan(self, update: Callable[[memoryview], object]) -> None:
        """Hand all bytes over, in order and in pieces; in a thread from where on the disk has to be waited for."""
        if isinstance(self.file, BytesIO):
            update(self.file.getbuffer())
        elif (begun := _scan(self.file, update, 0, _NOWAIT)) < self.size:
            await asyncio.to_thread(_scan, self.file, update, begun, 0)


@dataclass(frozen=True, slots=True)
class Page:
    """Some keys in order; `cursor` continues the list, None when it is complete."""

    keys: list[Key]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """The step needs this version; None: it needs the key to be absent."""

    key: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Put:
    """The step stores an entry."""

    key: str
    value: bytes
    metadata: Metadata = field(default_factory=dict)
    expiration: float | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """The step removes an entry; one that is absent is no error."""

    key: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes."""

    used: int
    free: int  # until saves are refused


Operation = Check | Put | Delete


class Engine(ABC):
    """One opened store; called from one event loop."""

    @abstractmethod
    async def get(self, namespace: str, key: str) -> Entry | None:
        """Return the entry, or None when it is absent or expired."""

    @abstractmethod
    async def open(self, namespace: str, key: str) -> Opened | None:
        """Return the entry, its bytes not read yet, or None when it is absent or expired."""

    @abstractmethod
    async def metadata(self, namespace: str, key: str) -> Key | None:
        """Return the entry without its bytes, which are not read."""

    @abstractmethod
    async def list(self, namespace: str, prefix: str, limit: int, after: str) -> Page:
        """Return at most `limit` keys that begin with `prefix` and sort after `after`, in byte order."""

    @abstractmethod
    async def commit(self, namespace: str, operations: Sequence[Operation]) -> bool:
        """Do the whole step if all its checks hold; return whether they did."""

    @abstractmethod
    async def usage(self) -> Usage:
        """Return how much is stored, and how much more may be."""

    @abstractmethod
    async def sweep(self) -> int:
        """Erase expired entries, give their room back, and return how many there were."""

    @abstractmethod
    def close(self) -> None:
        """Finish what was handed in, then let go."""


class Step:
    """An atomic step being put together: `await namespace.atomic().check(k, v).put(k, b"…").commit()`."""

    def __init__(self, engine: Engine, namespace: str) -> None:
        self._engine = engine
        self._namespace = namespace
        self._operations: list[Operation] = []

    def check(self, key: str, version: int | None) -> Self:
        """Need the key to be at this version, or to be absent (None)."""
        return self._add(Check(key, version))

    def put(self, key: str, value: bytes, *, metadata: Metadata | None = None, expiration: float | None = None) -> Self:
        """Store an entry; `expiration` in seconds since 1970."""
        return self._add(Put(key, value, metadata or {}, expiration))

    def delete(self, key: str) -> Self:
        """Remove an entry, if it is there."""
        return self._add(Delete(key))

    async def commit(self) -> bool:
        """Do it all and return True, or nothing and return False when a check failed."""
        return await self._engine.commit(self._namespace, self._operations)

    def _add(self, operation: Operation) -> Self:
        if not _KEY.fullmatch(operation.key):
            raise ValueError(f"not a key: {operation.key[:MAX_KEY]!r}")
        self._operations.append(operation)
        return self


class Namespace:
    """A group of keys in an engine."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self.name = name

    async def get(self, key: str) -> Entry | None:
        """Return the entry, or None when it is absent or expired."""
        return await self._engine.get(self.name, key)

    async def open(self, key: str) -> Opened | None:
        """Return the entry, its bytes not read yet, or None when it is absent or expired."""
        return await self._engine.open(self.name, key)

    async def metadata(self, key: str) -> Key | None:
        """Return the entry without its bytes."""
        return await self._engine.metadata(self.name, key)

    async def list(self, prefix: str = "", limit: int = MAX_LIST, cursor: str = "") -> Page:
        """Return a page of keys that begin with `prefix`; `cursor` is the last page's."""
        return await self._engine.list(self.name, prefix, min(limit, MAX_LIST), cursor)

    def atomic(self) -> Step:
        """Begin an atomic step."""
        return Step(self._engine, self.name)


def _scan(file: FileIO, update: Callable[[memoryview], object], at: int, flags: int) -> int:
    """Hand over what comes from a position on; return where it stopped: at the end, or where it would have to wait."""
    piece = memoryview(bytearray(_PIECE))
    while True:
        try:
            count = os.preadv(file.fileno(), [piece], at, flags)
        except (OSError, NotImplementedError):
            if not flags:
                raise
            return at  # the disk would have to be asked; or this system, or file system, cannot tell
        if not count:
            return at
        update(piece[:count])
        at += count

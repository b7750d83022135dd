"""The promise of the page's own store, and the one that keeps it in memory.

`browser/database.py` keeps the same promise over IndexedDB; one contract suite runs against both. The memory store
carries the tests, and the page itself where a browser refuses IndexedDB (private mode, a full disk).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Store = Literal["images", "blobs", "outbox"]
STORES: tuple[Store, ...] = ("images", "blobs", "outbox")


@dataclass(frozen=True, slots=True)
class Put:
    """Write a record under its own `id`."""

    store: Store
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a record; a missing one is no error."""

    store: Store
    key: str


Change = Put | Delete
Snapshot = dict[Store, dict[str, dict[str, Any]]]  # what the named stores hold, by id
Decide = Callable[[Snapshot], list[Change]]


class DiskFull(Exception):  # noqa: N818 - named for what happened
    """The browser would not write: no space left, or storage refused."""


class Database(Protocol):
    """Three stores of plain records (`blobs` also hold Blobs). A write that returns is whole and durable."""

    durable: bool  # False where everything is gone with the tab

    async def get(self, store: Store, key: str) -> dict[str, Any] | None:
        """Return one record, None if there is none."""

    async def all(self, store: Store) -> list[dict[str, Any]]:
        """Return the records of a store."""

    async def write(self, *changes: Change) -> None:
        """Apply all changes or none; raises DiskFull."""

    async def update(self, stores: tuple[Store, ...], decide: Decide) -> None:
        """Read the stores, decide and write in one transaction: nobody else writes in between. Raises DiskFull."""

    def close(self) -> None:
        """Let go of the database."""


class MemoryDatabase:
    """A Database that lasts as long as the tab."""

    durable = False

    def __init__(self) -> None:
        self._stores: Snapshot = {name: {} for name in STORES}

    async def get(self, store: Store, key: str) -> dict[str, Any] | None:
        record = self._stores[store].get(key)
        return None if record is None else dict(record)

    async def all(self, store: Store) -> list[dict[str, Any]]:
        return [dict(record) for record in self._stores[store].values()]

    async def write(self, *changes: Change) -> None:
        for change in changes:
            if isinstance(change, Put):
                self._stores[change.store][change.record["id"]] = dict(change.record)
            else:
                self._stores[change.store].pop(change.key, None)

    async def update(self, stores: tuple[Store, ...], decide: Decide) -> None:
        await self.write(
            *decide({name: {key: dict(value) for key, value in self._stores[name].items()} for name in stores})
        )

    def close(self) -> None:
        pass

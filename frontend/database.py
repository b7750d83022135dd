"""The promise of the page's own store, the one that keeps it in memory, and the fall from disk to memory.

`browser/database.py` keeps the same promise over IndexedDB; one contract suite runs against each. The memory store
carries the tests, and the page itself where a browser refuses IndexedDB (private mode) or its disk is full.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal, NamedTuple, Protocol

Store = Literal["images", "blobs", "outbox"]
STORES: tuple[Store, ...] = ("images", "blobs", "outbox")


class Put(NamedTuple):
    """Write a record under its own `id`."""

    store: Store
    record: dict[str, Any]


class Delete(NamedTuple):
    """Remove a record; a missing one is no error."""

    store: Store
    key: str


Change = Put | Delete
Snapshot = dict[Store, dict[str, dict[str, Any]]]  # what the named stores hold, by id
Decide = Callable[[Snapshot], list[Change]]


class DiskFull(Exception):  # noqa: N818 - named for what happened
    """The browser would not write: no space left, or storage refused."""


class Closed(Exception):  # noqa: N818 - the same
    """The database was closed: its account signed out, here or in another tab."""


class Database(Protocol):
    """Three stores of plain records (`blobs` also hold Blobs). A write that returns is whole and durable."""

    @property
    def durable(self) -> bool:
        """Whether a write outlives the tab."""

    async def get(self, store: Store, key: str) -> dict[str, Any] | None:
        """Return one record, None if there is none."""

    async def all(self, store: Store) -> list[dict[str, Any]]:
        """Return the records of a store."""

    async def write(self, *changes: Change) -> None:
        """Apply all changes or none; raises DiskFull."""

    async def update(
        self, stores: tuple[Store, ...], decide: Decide, key: str | None = None, *, relaxed: bool = False
    ) -> None:
        """Read the stores, decide and write in one transaction: nobody else writes in between. Raises DiskFull.

        With a `key` no more than its record is read of each store. A `relaxed` one is whole, but a power cut may undo
        it: for what can be found out again.
        """

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

    async def update(
        self,
        stores: tuple[Store, ...],
        decide: Decide,
        key: str | None = None,
        *,
        relaxed: bool = False,  # noqa: ARG002 - memory knows no difference
    ) -> None:
        read = {name: {k: dict(v) for k, v in self._stores[name].items() if key in (None, k)} for name in stores}
        await self.write(*decide(read))

    def close(self) -> None:
        pass


class FallbackDatabase:
    """A Database on disk that makes room, and then goes on in memory, when the disk is full.

    First it gives up bytes that the server has too (they can be fetched again), never those of an outbox entry. If that
    is not enough, everything is carried over into memory: `on_fall` is told, and saving goes on. What the disk holds
    stays there; an entry that is sent again from it at the next start is recognised by its key.
    """

    def __init__(self, disk: Database, on_fall: Callable[[], None]) -> None:
        self._inner = disk
        self._on_fall = on_fall

    @property
    def durable(self) -> bool:
        """Whether a write outlives the tab."""
        return self._inner.durable

    async def get(self, store: Store, key: str) -> dict[str, Any] | None:
        return await self._inner.get(store, key)

    async def all(self, store: Store) -> list[dict[str, Any]]:
        return await self._inner.all(store)

    async def write(self, *changes: Change) -> None:
        await self._insist(lambda database: database.write(*changes))

    async def update(
        self, stores: tuple[Store, ...], decide: Decide, key: str | None = None, *, relaxed: bool = False
    ) -> None:
        await self._insist(lambda database: database.update(stores, decide, key, relaxed=relaxed))

    def close(self) -> None:
        self._inner.close()

    async def _insist(self, work: Callable[[Database], Awaitable[None]]) -> None:
        for help_out in (self._make_room, self._fall):
            try:
                await work(self._inner)
            except DiskFull:
                await help_out()
            else:
                return
        await work(self._inner)

    async def _make_room(self) -> None:
        waiting = {entry["image_id"] for entry in await self._inner.all("outbox")}
        saved = [image["id"] for image in await self._inner.all("images") if image["state"] == "saved"]
        with suppress(DiskFull):
            await self._inner.write(*(Delete("blobs", key) for key in saved if key not in waiting))

    async def _fall(self) -> None:
        memory = MemoryDatabase()
        for store in STORES:
            await memory.write(*(Put(store, record) for record in await self._inner.all(store)))
        self._inner = memory
        self._on_fall()

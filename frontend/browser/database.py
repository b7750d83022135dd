"""IndexedDB behind the promise of `frontend/database.py`: one database per account.

Every request of a transaction is issued without awaiting in between, because a transaction ends when control returns to
the browser; only its end is awaited. `durability: strict` makes that end mean on disk, not handed to the system.
"""

from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import JsException, create_proxy

from frontend.browser.ffi import Once, listen, obj
from frontend.database import STORES, Change, Closed, Database, Decide, DiskFull, MemoryDatabase, Put, Snapshot, Store

VERSION = 1


class IndexedDatabase:
    """A Database over one IndexedDB database."""

    durable = True

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def get(self, store: Store, key: str) -> dict[str, Any] | None:
        request = self._begin([store], "readonly").objectStore(store).get(key)
        return _record(await _result(request))

    async def all(self, store: Store) -> list[dict[str, Any]]:
        request = self._begin([store], "readonly").objectStore(store).getAll()
        return list((await _result(request)).to_py())

    async def write(self, *changes: Change) -> None:
        if not changes:
            return
        transaction = self._begin(sorted({change.store for change in changes}))
        done = _done(transaction)
        try:
            _apply(transaction, changes)
        except JsException as error:
            await _abandon(transaction, done, error)
        await done.wait()

    async def update(
        self, stores: tuple[Store, ...], decide: Decide, key: str | None = None, *, relaxed: bool = False
    ) -> None:
        # Deciding may touch a store that was not read: every store is in the transaction, only the named are read.
        transaction = self._begin(list(STORES), durability="relaxed" if relaxed else "strict")
        done = _done(transaction)
        requests = [transaction.objectStore(store).getAll(*([] if key is None else [key])) for store in stores]
        failure: list[Exception] = []

        def last_read(_event: Any) -> None:
            try:
                found = [request.result.to_py() for request in requests]
                snapshot: Snapshot = {
                    store: {record["id"]: record for record in records}
                    for store, records in zip(stores, found, strict=True)
                }
                _apply(transaction, decide(snapshot))
            except Exception as error:  # noqa: BLE001 - told to the caller below; the transaction must not commit
                failure.append(error)
                transaction.abort()

        end = listen(requests[-1], "success", last_read)
        try:
            await done.wait()
        except DiskFull:
            raise (failure or [DiskFull("the browser would not write")])[0] from None
        finally:
            end()

    def close(self) -> None:
        self._connection.close()

    def _begin(self, stores: list[Store], mode: str = "readwrite", durability: str = "strict") -> Any:
        try:
            return self._connection.transaction(js.Array.of(*stores), mode, obj({"durability": durability}))
        except JsException as error:
            raise (Closed if error.name == "InvalidStateError" else DiskFull)(str(error)) from error


async def open_database(name: str, on_superseded: Callable[[], None]) -> Database:
    """Open the database of that name, or one in memory where the browser refuses.

    `on_superseded` is called when another tab needs a newer version, or deletes it: this connection is closed then.
    """
    if getattr(js.indexedDB, "refused", False):  # see boot.js
        return MemoryDatabase()
    try:
        request = js.indexedDB.open(name, VERSION)
        end = listen(request, "upgradeneeded", lambda _event: _create(request.result))
        connection = await _result(request)
    except (JsException, DiskFull):
        return MemoryDatabase()
    end()

    def close(event: Any) -> None:
        connection.close()
        if event.newVersion:  # none: the database is being deleted, by a sign-out in another tab
            on_superseded()

    connection.onversionchange = create_proxy(close)  # lives as long as the connection
    return IndexedDatabase(connection)


async def delete_database(name: str) -> None:
    """Delete a database with everything in it; other tabs close theirs when they are told."""
    try:
        await _result(js.indexedDB.deleteDatabase(name))
    except (JsException, DiskFull, AttributeError):
        return


def _create(connection: Any) -> None:
    for store in STORES:
        connection.createObjectStore(store, obj({"keyPath": "id"}))


def _apply(transaction: Any, changes: Any) -> None:
    for change in changes:
        store = transaction.objectStore(change.store)
        if isinstance(change, Put):
            store.put(obj(change.record))
        else:
            store.delete(change.key)


def _record(value: Any) -> dict[str, Any] | None:
    return dict(value.to_py()) if value else None


def _fail(event: Any) -> None:
    raise DiskFull(str(getattr(event.target, "error", None) or "the browser would not write"))


async def _result(request: Any) -> Any:
    return await Once(request, success=lambda _event: request.result, error=_fail).wait()


def _done(transaction: Any) -> Once:
    return Once(transaction, complete=lambda _event: None, abort=_fail)


async def _abandon(transaction: Any, done: Once, error: JsException) -> None:
    transaction.abort()
    try:
        await done.wait()
    except DiskFull:
        raise DiskFull(str(error)) from error

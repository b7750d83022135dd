"""The threads that read, each with a connection of its own; and what else would keep the event loop waiting."""

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

import apsw

from server.errors import StorageUnavailable
from server.kv.sqlite_file import open_reader
from server.kv.sqlite_writer import translated
from server.limits import RETRY_SOON

T = TypeVar("T")
READERS: Final = 4  # threads, and connections


class Readers:
    """Reads the store at a path."""

    def __init__(self, path: str) -> None:
        self._connections: queue.LifoQueue[apsw.Connection] = queue.LifoQueue()
        for _ in range(READERS):
            self._connections.put(open_reader(path))
        self._pool = ThreadPoolExecutor(READERS, "kv-reader")

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Return what the work finds; raises what engines promise."""
        return await asyncio.wrap_future(self.submit(lambda: self._lend(work)))

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Let a thread do something; raises StorageUnavailable when the store is closed."""
        try:
            return self._pool.submit(work)
        except RuntimeError:  # it was shut down
            raise StorageUnavailable(reason="closed", retry_after=RETRY_SOON) from None

    def close(self) -> None:
        """Finish what was handed in."""
        self._pool.shutdown()
        while not self._connections.empty():
            self._connections.get().close()

    def _lend(self, work: Callable[[apsw.Connection], T]) -> T:
        connection = self._connections.get()
        try:
            return work(connection)
        except apsw.Error as error:
            raise translated(error) from error
        finally:
            self._connections.put(connection)

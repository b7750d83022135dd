"""The threads that read, each with a connection of its own."""

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
        try:
            found = self._pool.submit(self._lend, work)
        except RuntimeError:  # it was shut down
            raise StorageUnavailable(reason="closed", retry_after=RETRY_SOON) from None
        return await asyncio.wrap_future(found)

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
